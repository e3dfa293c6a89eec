"""The tab as pages to print (PDF)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from adt_plugins.base.files import write_files
from adt_plugins.base.reporting import Warn, name_some
from adt_plugins.errors import MissingDependencyError
from adt_plugins.formats.format import Format
from adt_plugins.formats.notation.part import make_part
from adt_plugins.formats.song_names import song_names
from adt_plugins.formats.tab import tab_lines
from adt_plugins.transcription import Transcription

PAGE_MM = (210.0, 297.0)  # A4
MARGIN_MM = 15.0
LARGEST_POINTS = 10.0
_LETTER_EM = 0.6  # width of every letter of Courier
_MM_A_POINT = 25.4 / 72
_LINE_EM = 1.2


def write(
    transcription: Transcription, path: Path, *, overwrite: bool, warn: Warn
) -> list[Path]:
    """Write the tab of `adt_plugins.formats.tab`; a block of bars is never cut.

    Letters are as large as the widest line allows, at most 10 points.

    Raises
    ------
    MissingDependencyError
        If fpdf2 is not installed.
    """
    names = song_names(transcription, path)
    part = make_part(transcription)
    data = _pages(names.title, tab_lines(part, names))
    return write_files({path: data}, overwrite=overwrite)


def _pages(title: str, lines: Sequence[str]) -> bytes:
    try:
        from fpdf import FPDF
    except ImportError as error:
        raise MissingDependencyError.of("PDF", "fpdf2") from error

    width = PAGE_MM[0] - 2 * MARGIN_MM
    letters = max(len(line) for line in lines)
    points = min(LARGEST_POINTS, width / _MM_A_POINT / (_LETTER_EM * letters))
    height = points * _LINE_EM * _MM_A_POINT
    bottom = PAGE_MM[1] - MARGIN_MM
    pdf = FPDF(format="A4")
    pdf.set_title(title)
    pdf.set_creator("adt-plugins")
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(False)
    pdf.add_page()
    for number, block in enumerate(_blocks(lines)):
        gap = height if number else 0.0
        if pdf.get_y() + gap + len(block) * height > bottom:
            pdf.add_page()
        else:
            pdf.set_y(pdf.get_y() + gap)
        for at, line in enumerate(block):
            pdf.set_font("Courier", "B" if number == at == 0 else "", points)
            text = line.encode("latin-1", "replace").decode("latin-1")
            pdf.cell(width, height, text, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    for is_text, block in groupby(lines, key=bool):
        if is_text:
            yield list(block)


PDF = Format(
    id="pdf",
    description="drum tablature to print (PDF)",
    suffix=".tab.pdf",
    write=write,
    needs=("beats",),
)
