"""Ghost notes and accents on paper."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.formats.dynamics import Dynamics
from adt_plugins.transcription import Transcription

# A bar of 4/4 at 120 BPM, played twice: snare on 2 and 4 with ghost notes between,
# eighths of the hi-hat with an accent on the first.
BAR = 2.0
SNARES = [(0.5, 100), (0.875, 30), (1.125, 30), (1.5, 104)]
HATS = [(n * 0.25, 110 if n == 0 else 70) for n in range(8)]


def beat() -> Transcription:
    onsets = [
        Onset(bar * BAR + at, drum, velocity)
        for bar in range(2)
        for drum, hits in ((Drum.SD, SNARES), (Drum.CHH, HATS))
        for at, velocity in hits
    ]
    onsets += [Onset(bar * BAR, Drum.KD, 127 if bar else 60) for bar in range(2)]
    return Transcription(
        tuple(onsets), tuple(Beat(n * 0.5, n % 4 + 1) for n in range(8))
    )


def test_the_tab_has_signs_for_both(tmp_path: Path) -> None:
    text = formats.write(beat(), tmp_path / "a.tab.txt")[0].read_text("utf-8")
    rows = {line[:2]: line for line in text.splitlines() if "|" in line}
    assert rows["HH"] == "HH |X-x-x-x-x-x-x-x-|X-x-x-x-x-x-x-x-|"
    assert rows["SD"] == "SD |----o--g-g--o---|----o--g-g--o---|"
    assert rows["KD"] == "KD |o---------------|o---------------|"
    assert text.endswith("KD kick, g ghost note, X, O accents\n")


def test_the_score_has_signs_for_both(tmp_path: Path) -> None:
    root = ET.parse(formats.write(beat(), tmp_path / "a.musicxml")[0]).getroot()
    found: dict[str, list[tuple[bool, bool]]] = {}
    for note in root.iter("note"):
        instrument, head = note.find("instrument"), note.find("notehead")
        if instrument is not None and head is not None:
            is_accent = note.find("notations/articulations/accent") is not None
            signs = (head.get("parentheses") == "yes", is_accent)
            found.setdefault(instrument.get("id", ""), []).append(signs)
    plain, ghost, accent = (False, False), (True, False), (False, True)
    assert found["P1-SD"] == [plain, ghost, ghost, plain] * 2
    assert found["P1-CHH"] == [accent, *[plain] * 7] * 2
    assert found["P1-KD"] == [plain] * 2


@pytest.mark.parametrize(
    ("velocities", "ghosts", "accents"),
    [
        ([100] * 8 + [40, 49, 51], 2, 0),
        ([100] * 3 + [40] * 3, 0, 0),  # too few to know what is usual
        ([70] * 12 + [95, 90], 0, 1),
        ([60, 100] * 8, 0, 0),  # half of them are no accents
        ([], 0, 0),
    ],
)
def test_what_is_soft_and_what_is_hard(
    velocities: list[int], ghosts: int, accents: int
) -> None:
    onsets = [Onset(n * 0.5, Drum.SD, v) for n, v in enumerate(velocities)]
    dynamics = Dynamics(onsets)
    assert sum(map(dynamics.is_ghost, onsets)) == ghosts
    assert sum(map(dynamics.is_accent, onsets)) == accents
    kicks = Dynamics(Onset(o.time, Drum.KD, o.velocity) for o in onsets)
    assert not any(map(kicks.is_ghost, onsets))
