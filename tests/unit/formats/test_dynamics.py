"""Ghost notes and accents on paper."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.formats.notation.part import make_part
from adt_plugins.transcription import Transcription

# A bar of 4/4 at 120 BPM, played three times: snare on 2 and 4 with ghost notes
# between, eighths of the hi-hat with an accent on the first.
BAR = 2.0
SNARES = [(0.5, 100), (0.875, 30), (1.125, 30), (1.5, 104)]
HATS = [(n * 0.25, 110 if n == 0 else 70) for n in range(8)]


def beat() -> Transcription:
    onsets = [
        Onset(bar * BAR + at, drum, velocity)
        for bar in range(3)
        for drum, hits in ((Drum.SD, SNARES), (Drum.CHH, HATS))
        for at, velocity in hits
    ]
    onsets += [Onset(bar * BAR, Drum.KD, 127 if bar else 60) for bar in range(3)]
    return Transcription(
        tuple(onsets), tuple(Beat(n * 0.5, n % 4 + 1) for n in range(12))
    )


def test_the_tab_has_signs_for_both(tmp_path: Path) -> None:
    text = formats.write(beat(), tmp_path / "a.tab.txt")[0].read_text("utf-8")
    rows = {line[:2]: line for line in text.splitlines() if "|" in line}
    assert rows["HH"] == "HH " + "|X-x-x-x-x-x-x-x-" * 3 + "|"
    assert rows["SD"] == "SD " + "|----o--g-g--o---" * 3 + "|"
    assert rows["KD"] == "KD " + "|o---------------" * 3 + "|"
    assert "KD kick, g ghost note, X, O accents\n" in text


def test_the_score_has_signs_for_both(tmp_path: Path) -> None:
    root = ET.parse(formats.write(beat(), tmp_path / "a.musicxml")[0]).getroot()
    signs_by_drum: dict[str, list[tuple[bool, bool]]] = {}
    for note in root.iter("note"):
        instrument, head = note.find("instrument"), note.find("notehead")
        if instrument is not None and head is not None:
            is_accent = note.find("notations/articulations/accent") is not None
            signs = (head.get("parentheses") == "yes", is_accent)
            signs_by_drum.setdefault(instrument.get("id", ""), []).append(signs)
    plain, ghost, accent = (False, False), (True, False), (False, True)
    assert signs_by_drum["P1-SD"] == [plain, ghost, ghost, plain] * 3
    assert signs_by_drum["P1-CHH"] == [accent, *[plain] * 7] * 3
    assert signs_by_drum["P1-KD"] == [plain] * 3


@pytest.mark.parametrize(
    ("velocities", "ghosts", "accents"),
    [
        ([100, 40, 100, 49, 100, 45, 100, 51] * 2, 6, 0),
        ([100] * 13 + [40], 0, 0),  # one soft snare is no ghost note
        ([100] * 3 + [40] * 3, 0, 0),  # too few to know what is usual
        ([95, *[70] * 7] * 3, 0, 3),
        ([70] * 9 + [95] + [70] * 14, 0, 0),  # a loud hit that does not come again
        ([60, 100] * 8, 0, 0),  # half of them are no accents
        (
            [100] * 16 + [80] * 16 + [64] * 16 + [51] * 16,
            0,
            0,
        ),  # the whole drum gets softer
        ([], 0, 0),
    ],
)
def test_what_is_soft_and_what_is_hard(
    velocities: list[int], ghosts: int, accents: int
) -> None:
    for drum, marked in ((Drum.SD, True), (Drum.KD, False)):
        onsets = [Onset(n * 0.25, drum, v) for n, v in enumerate(velocities)]
        beats = tuple(Beat(n * 0.5, n % 4 + 1) for n in range(40))
        part = make_part(Transcription(tuple(onsets), beats))
        strokes = [stroke for _, stroke in part.strokes()]
        assert len(strokes) == len(onsets)
        assert sum(stroke.is_ghost for stroke in strokes) == ghosts * marked
        assert sum(stroke.is_accent for stroke in strokes) == accents * marked
