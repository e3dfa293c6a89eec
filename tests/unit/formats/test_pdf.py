"""The tab as pages: what stands on them is what the text file says."""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError, MissingDependencyError
from adt_plugins.formats.pdf import LARGEST_POINTS
from adt_plugins.formats.tab import tab_lines
from adt_plugins.transcription import Transcription


def song(seconds: int, drums: tuple[Drum, ...] = (Drum.KD, Drum.SD)) -> Transcription:
    onsets = tuple(
        Onset(n / 2, drums[n % len(drums)], 1 + n % 127) for n in range(2 * seconds)
    )
    beats = tuple(Beat(n / 2, n % 4 + 1) for n in range(2 * seconds))
    return Transcription(onsets, beats, Source("Süß (live) \\ 東京.flac"))


def pages_of(path: Path) -> list[str]:
    """Content of each page, as the file's own drawing commands."""
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    pages = [zlib.decompress(stream).decode("latin-1") for stream in streams]
    return [page for page in pages if " Tf" in page]


def lines_of(page: str) -> list[str]:
    shown = re.findall(r"\(((?:\\.|[^\\)])*)\) Tj", page)
    return [re.sub(r"\\(.)", r"\1", text) for text in shown]


def write(transcription: Transcription, folder: Path) -> Path:
    path = formats.output_path("song", folder, "pdf")
    assert path.name == "song.tab.pdf"
    assert formats.write(transcription, path) == [path]
    return path


def test_the_page_says_what_the_text_says(tmp_path: Path) -> None:
    whole = song(20)
    (page,) = pages_of(write(whole, tmp_path))
    lines, _ = tab_lines(whole, "Süß (live) \\ ??")
    assert lines_of(page) == [line for line in lines if line]


def test_a_long_song_has_pages_and_whole_blocks(tmp_path: Path) -> None:
    whole = song(600, tuple(Drum))
    pages = pages_of(write(whole, tmp_path))
    assert len(pages) > 3
    lines, _ = tab_lines(whole, "Süß (live) \\ ??")
    shown = [line for page in pages for line in lines_of(page)]
    assert shown == [line for line in lines if line]
    for page in pages[:-1]:
        assert lines_of(page)[-1].startswith("HF ")  # the last row of a block


def test_letters_fit_the_widest_line(tmp_path: Path) -> None:
    for length, meter in ((8, 4), (64, 16)):
        whole = Transcription(
            (Onset(0.0, Drum.KD),),
            tuple(Beat(n / 2, n % meter + 1) for n in range(length)),
        )
        folder = tmp_path / str(meter)
        folder.mkdir()
        (page,) = pages_of(write(whole, folder))
        (points,) = {float(size) for size in re.findall(r" ([0-9.]+) Tf", page)}
        widest = max(map(len, lines_of(page)))
        assert points <= LARGEST_POINTS
        assert points * 0.6 * widest * 25.4 / 72 < 180.1


def test_without_fpdf2_the_cure_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(
        MissingDependencyError, match="PDF needs fpdf2: pip install fpdf2"
    ):
        formats.write(song(4), tmp_path / "song.tab.pdf")
    assert list(tmp_path.iterdir()) == []


def test_without_beats(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="pdf needs beats"):
        formats.write(Transcription(), tmp_path / "song.tab.pdf")
