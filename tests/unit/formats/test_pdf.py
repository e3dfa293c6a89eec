"""The engraved part: pages whose notes, words and numbers can be read back."""

from __future__ import annotations

import re
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from fpdf import FPDF

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError, MissingDependencyError, install_command
from adt_plugins.formats import page_fonts
from adt_plugins.formats.engraving import engrave
from adt_plugins.formats.musicxml import score_text
from adt_plugins.formats.notation.part import make_part
from adt_plugins.formats.notation.staff import PLACES
from adt_plugins.formats.song_names import SongNames
from adt_plugins.transcription import Transcription


def song(bars: int, name: str = "Süß (live) \\ 1.flac") -> Transcription:
    """A rock beat at 120 BPM; every fourth bar ends with two snares."""
    onsets = []
    for bar in range(bars):
        start = 2.0 * bar
        onsets += [Onset(start + n / 4, Drum.CHH) for n in range(8)]
        onsets += [Onset(start + n, Drum.KD) for n in (0.0, 1.0)]
        onsets += [Onset(start + n, Drum.SD) for n in (0.5, 1.5)]
        onsets += [Onset(start + 1.75, Drum.SD)] * (bar % 4 == 3)
    beats = tuple(Beat(n / 2, n % 4 + 1) for n in range(4 * bars))
    return Transcription(tuple(onsets), beats, Source(name))


def pages_of(path: Path) -> list[str]:
    """Return the drawing commands of each page."""
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    pages = [zlib.decompress(stream).decode("latin-1") for stream in streams]
    return [page for page in pages if " Tf" in page]


def words_of(page: str) -> list[str]:
    shown = re.findall(r"\(((?:\\.|[^\\)])*)\) Tj", page)
    return [re.sub(r"\\(.)", r"\1", text).replace("\xa0", " ") for text in shown]


def write(transcription: Transcription, folder: Path) -> Path:
    path = formats.output_path("song", folder, "pdf")
    assert path.name == "song.drums.pdf"
    assert formats.write(transcription, path) == [path]
    return path


def test_what_stands_on_a_page(tmp_path: Path) -> None:
    (page,) = pages_of(write(song(8), tmp_path))
    words = words_of(page)
    assert words[0] == "Süß (live) \\ 1"
    assert {"Drums", "Kick", "Snare", "Closed hi-hat", "120", "1 / 1"} <= set(words)
    assert "5" in words  # the number of the second line's first bar


def test_equal_bars_are_simile_marks() -> None:
    part = make_part(song(8))
    text = score_text(part, SongNames("song"), on_page=True)
    assert text.count('<measure-repeat type="start">1</measure-repeat>') == 2
    # Bars 1, 4, 5 and 8 have notes: their bar is another one, or begins a line.
    with_notes = [
        number
        for number, measure in re.findall(
            r'<measure number="(\d+)".*?>(.*?)</measure>', text, re.DOTALL
        )
        if "<unpitched>" in measure
    ]
    assert with_notes == ["1", "4", "5", "8"]
    whole = score_text(part, SongNames("song"))
    assert whole.count("measure-repeat") == 0


def test_a_long_song_fills_pages_with_whole_lines(tmp_path: Path) -> None:
    whole = song(200)
    pages = pages_of(write(whole, tmp_path))
    assert len(pages) > 2
    assert [words_of(page)[-1] for page in pages][:2] == [
        f"1 / {len(pages)}",
        f"Süß (live) \\ 1   2 / {len(pages)}",
    ]
    shown = {word for page in pages for word in words_of(page)}
    assert {str(n) for n in range(5, 200, 4)} <= shown
    lines = engrave(score_text(make_part(whole), SongNames("song")), 180.0)
    assert len(lines) == 50
    assert all(6 < line.height < 40 for line in lines)


def test_a_word_within_the_part_begins_above_its_note() -> None:
    """Verovio would end it there: over the bar's number, left of the staff."""
    straight = song(8)
    swung = [
        replace(onset, time=onset.time + (onset.time % 0.5 == 0.25) / 12)
        for onset in song(8).onsets
        if onset.time % 2 != 1.75 or onset.drum is Drum.CHH
    ]
    later = [replace(onset, time=onset.time + 16.0) for onset in swung]
    beats = tuple(Beat(n / 2, n % 4 + 1) for n in range(64))
    whole = Transcription((*straight.onsets, *later), beats, straight.source)
    lines = engrave(score_text(make_part(whole), SongNames("song")), 180.0)
    (word,) = (
        text
        for line in lines
        for text in line.element.iter("{http://www.w3.org/2000/svg}text")
        if "".join(text.itertext()).strip() == "Swing"
    )
    assert word.get("text-anchor") != "end"


def test_the_same_song_makes_the_same_page(tmp_path: Path) -> None:
    first = pages_of(write(song(4), tmp_path))
    (tmp_path / "song.drums.pdf").unlink()
    assert pages_of(write(song(4), tmp_path)) == first


def test_a_title_in_another_script_is_set_in_a_font_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    monkeypatch.setattr(page_fonts, "_system_fonts", lambda: iter([font]))
    pdf = FPDF()
    assert page_fonts.add_font(pdf, "Süß – live") == page_fonts.Font()
    added = page_fonts.add_font(pdf, "Группа крови")
    assert (added.family, added.is_unicode) == ("dejavusans", True)
    assert added.shown("Группа крови") == "Группа крови"
    # Characters that no font has are written as question marks.
    assert page_fonts.add_font(pdf, "東京").shown("東京 1") == "?? 1"


@pytest.mark.parametrize("missing", ["verovio", "fpdf"])
def test_without_its_packages_the_cure_is_named(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    cure = rf"engraved PDF needs \w+: {re.escape(install_command('', 'pdf'))}"
    with pytest.raises(MissingDependencyError, match=cure):
        formats.write(song(4), tmp_path / "song.drums.pdf")
    assert list(tmp_path.iterdir()) == []


def test_without_beats(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="pdf needs beats"):
        formats.write(Transcription(), tmp_path / "song.drums.pdf")


def test_no_two_drums_look_alike() -> None:
    """Verovio draws some heads as plain ones: ``findings/verovio-noteheads.sh``."""
    verovio = pytest.importorskip("verovio")
    fine = {drum: place for drum, place in PLACES.items() if drum.coarse is not drum}
    fine |= {drum: PLACES[drum] for drum in (Drum.KD, Drum.SD, Drum.OT)}
    looks = set()
    for drum, place in fine.items():
        onsets = tuple(Onset(n / 2, drum) for n in range(4))
        beats = tuple(Beat(n / 2, n + 1) for n in range(4))
        part = make_part(Transcription(onsets, beats))
        toolkit = verovio.toolkit()
        assert toolkit.loadData(score_text(part, SongNames("a")))
        svg = toolkit.renderToSVG(1)
        heads = set(re.findall(r'class="notehead".*?#(E\w{3})-', svg, re.DOTALL))
        assert len(heads) == 1
        looks.add((place.height, *heads))
    assert len(looks) == len(fine)
