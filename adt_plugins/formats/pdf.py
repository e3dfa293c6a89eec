"""The drum part as pages to print (PDF): engraved notation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adt_plugins.errors import MissingDependencyError
from adt_plugins.formats.drum_key import key_text
from adt_plugins.formats.engraving import System, draw, engrave
from adt_plugins.formats.format import Write
from adt_plugins.formats.musicxml import score_text
from adt_plugins.formats.notation.lines import bars_before_lines
from adt_plugins.formats.notation.part import Part
from adt_plugins.formats.page_fonts import add_font
from adt_plugins.formats.part_files import part_writer
from adt_plugins.formats.song_names import SongNames

if TYPE_CHECKING:
    from fpdf import FPDF

PAGE_MM = (210.0, 297.0)  # A4
MARGIN_MM = 15.0
_GAP_MM = 4.5  # between lines of music, at least ...
_MOST_GAP_MM = 9.0  # ... and at most
_BESIDE_MM = 1.0  # from the staff to a bar's number
_TITLE_POINTS, _ARTIST_POINTS, _NUMBER_POINTS = 20.0, 11.0, 9.0


def pages(part: Part, names: SongNames) -> bytes:
    """Return the pages of a part.

    Lines have four bars, and bars that repeat the one before are simile marks.

    Raises
    ------
    MissingDependencyError
        If Verovio or fpdf2 is not installed.
    """
    try:
        from fpdf import FPDF
    except ImportError as error:
        raise MissingDependencyError.of("engraved PDF", "fpdf2", "pdf") from error

    width = PAGE_MM[0] - 2 * MARGIN_MM
    key = engrave(key_text(part), width)
    lines = engrave(score_text(part, names, on_page=True), width)
    pdf = FPDF(format="A4")
    pdf.set_title(names.title)
    if names.artist:
        pdf.set_author(names.artist)
    pdf.set_creator("adt-plugins")
    pdf.core_fonts_encoding = "windows-1252"
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(False)
    pdf.add_page()
    top = _heading(pdf, names)
    for system in key:
        draw(pdf, system, MARGIN_MM, top)
        top += system.height + _GAP_MM
    firsts = sorted({0, *bars_before_lines(part)})
    numbers = [part.bars[n].number for n in firsts]
    _fill(pdf, list(zip(lines, numbers, strict=True)), top + _GAP_MM)
    _number(pdf, names.title)
    return bytes(pdf.output())


def _heading(pdf: FPDF, names: SongNames) -> float:
    """Write title and artist; return where the music begins, in mm."""
    width = PAGE_MM[0] - 2 * MARGIN_MM
    font = add_font(pdf, names.title)
    points = _TITLE_POINTS
    pdf.set_font(font.family, font.bold, points)
    if (wide := pdf.get_string_width(font.shown(names.title))) > width:
        points *= width / wide
        pdf.set_font(font.family, font.bold, points)
    pdf.set_y(MARGIN_MM - 3)
    pdf.cell(
        width, 10, font.shown(names.title), align="C", new_x="LMARGIN", new_y="NEXT"
    )
    font = add_font(pdf, names.artist)
    pdf.set_font(font.family, "", _ARTIST_POINTS)
    artist = font.shown(names.artist)
    pdf.cell(width, 6, artist, align="R")
    pdf.set_x(MARGIN_MM)
    pdf.set_font("Times", "", _ARTIST_POINTS)
    pdf.cell(width, 6, "Drums", new_x="LMARGIN", new_y="NEXT")
    return float(pdf.get_y()) + 2


def _fill(pdf: FPDF, lines: Sequence[tuple[System, int]], top: float) -> None:
    """Put lines of music, with the number of their first bar, on pages.

    No line is cut, and full pages are filled.
    """
    bottom = PAGE_MM[1] - MARGIN_MM - 4
    left = list(lines)
    while left:
        count, height = 0, 0.0
        while count < len(left) and top + height + left[count][0].height <= bottom:
            height += left[count][0].height + _GAP_MM
            count += 1
        count = max(count, 1)  # a line taller than a page is cut after all
        gap = _GAP_MM
        if count > 1:
            spare = bottom - top - (height - _GAP_MM)
            gap = min(gap + max(spare, 0.0) / (count - 1), _MOST_GAP_MM)
        for system, number in left[:count]:
            draw(pdf, system, MARGIN_MM, top)
            if number > 1:
                pdf.set_font("Times", "I", _NUMBER_POINTS)
                x = MARGIN_MM - _BESIDE_MM - pdf.get_string_width(str(number))
                pdf.text(x, top + system.staff - system.top, str(number))
            top += system.height + gap
        left = left[count:]
        if left:
            pdf.add_page()
            top = MARGIN_MM


def _number(pdf: FPDF, title: str) -> None:
    """Number the pages; from the second one on, with the title."""
    count = pdf.pages_count
    font = add_font(pdf, title)
    for page in range(1, count + 1):
        pdf.page = page
        pdf.set_font(font.family, "", _NUMBER_POINTS)
        text = f"{page} / {count}"
        if page > 1:
            text = f"{font.shown(title)}   {text}"
        pdf.set_y(PAGE_MM[1] - MARGIN_MM)
        pdf.cell(PAGE_MM[0] - 2 * MARGIN_MM, 5, text, align="C")


write: Write = part_writer(pages)
