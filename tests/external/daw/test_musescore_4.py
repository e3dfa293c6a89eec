"""What the engine of MuseScore 4.0 makes of our scores.

``npm ci`` in ``tests/support/musescore`` installs it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.meter import meter_changes
from adt_plugins.midi.reader import parse
from adt_plugins.transcription import Transcription
from tests.support.daw import BARS

ENGINE = Path(__file__).parents[2] / "support" / "musescore" / "open.mjs"


@dataclass(frozen=True)
class Opened:
    """What the engine says of a score, its MIDI, and its first page."""

    about: dict[str, Any]
    midi: bytes
    page: str

    def notes(self) -> list[tuple[float, int]]:
        """Place in quarters and MIDI note."""
        file = parse(self.midi)
        return sorted(
            (n.tick / file.division, n.note)
            for track in file.tracks
            for n in track.notes
        )

    def drawn(self) -> Counter[str]:
        """Elements of the page by kind."""
        return Counter(re.findall(r'class="(\w+)"', self.page))


def opened(song: Transcription, folder: Path) -> Opened:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    if not ENGINE.with_name("node_modules").is_dir():
        pytest.skip(f"npm ci was not run in {ENGINE.parent}")
    score = formats.write(song, folder / "song.drums.musicxml")[0]
    midi, page = folder / "back.mid", folder / "page.svg"
    run = subprocess.run(
        ["node", *map(str, (ENGINE, score, midi, page))],
        check=True,
        capture_output=True,
        timeout=300,
    )
    about = json.loads(run.stdout)
    assert about["version"] == 400
    return Opened(about, midi.read_bytes(), page.read_text(encoding="utf-8"))


def test_every_note_is_on_its_place(song: Transcription, tmp_path: Path) -> None:
    score = opened(song, tmp_path)
    want = [(float(n), 38 if n % 2 else 36) for n in range(4 * BARS)]
    want += [(n / 2, 42) for n in range(8 * BARS)]
    assert score.notes() == sorted(want)
    assert score.about["title"] == "song"
    assert score.about["measures"] == BARS + 1  # the song ends with a downbeat
    (part,) = score.about["parts"]
    assert (part["name"], part["hasDrumStaff"]) == ("Drums", "true")


def test_the_tempo_of_a_score_is_not_rounded(tmp_path: Path) -> None:
    """Unlike that of a MIDI file, see ``findings/musescore-midi-tempo.sh``."""
    times = [n * 60 / 109.4 for n in range(9)]
    onsets = tuple(Onset(time, Drum.KD, 80) for time in times)
    beats = tuple(Beat(time, n % 4 + 1) for n, time in enumerate(times))
    song = Transcription(onsets, beats, meters=meter_changes("4/4"))
    ((_, tempo), *_) = parse(opened(song, tmp_path).midi).tracks[0].tempos
    assert 60e6 / tempo == pytest.approx(109.4, abs=1e-3)


def played(steps: Sequence[tuple[float, Drum]], bars: int) -> Transcription:
    """Bars of 4/4 at 120 BPM; `steps` are in quarters."""
    onsets = [
        Onset((4 * bar + place) / 2, drum, 80)
        for bar in range(bars)
        for place, drum in steps
    ]
    beats = tuple(Beat(n / 2, n % 4 + 1) for n in range(4 * bars))
    return Transcription(tuple(sorted(onsets)), beats, meters=meter_changes("4/4"))


def test_four_bars_of_sixteenths_fit_in_a_line(tmp_path: Path) -> None:
    steps = [(n / 4, Drum.CHH) for n in range(16)]
    steps += [(n, Drum.SD if n % 2 else Drum.KD) for n in range(4)]
    drawn = opened(played(steps, 16), tmp_path).drawn()
    assert drawn["StaffLines"] == 5 * 16 / 4
    assert drawn["Note"] == 16 * len(steps)


def test_rests_of_both_voices_are_drawn_once(tmp_path: Path) -> None:
    steps = [(0, Drum.CHH), (0, Drum.KD), (1, Drum.SD)]
    drawn = opened(played(steps, 4), tmp_path).drawn()
    # A bar has half a bar of rest for both, and a quarter for the feet.
    assert drawn["Rest"] == 2 * 4
