"""A song as JSON has it, and edits of its labels at random."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from adt_plugins.annotations import Beat, Label, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.labels.tracks import LabelTrack
from adt_plugins.meter import Meter, meter_changes
from adt_plugins.model_info import ModelInfo
from adt_plugins.transcription import Transcription

NAMES = {drum.full_name: drum for drum in Drum}
KINDS = ("rename", "move", "delete", "add", "louder")
_RENAMED = ("Kick", "Tom", "Snare", "Ride")
_STEP_S = 0.125


def make_song(
    seconds: float = 180.0, seed: int = 0, *, fine: bool = False
) -> Transcription:
    """Hits as the network reports them: on no grid, with velocities of all kinds."""
    rng = random.Random(seed)
    hats = [Drum.CHH, Drum.OHH, Drum.HH] if fine else [Drum.HH]
    onsets = []
    for step in range(int(seconds / _STEP_S)):
        time = round(0.3 + step * _STEP_S + rng.uniform(-0.012, 0.012), 6)
        drums = [rng.choice(hats)]
        drums += [Drum.KD] if step % 8 in (0, 3) else []
        drums += [Drum.SD] if step % 8 == 4 else []
        drums += [Drum.CRC if fine else Drum.CY] if step % 64 == 0 else []
        onsets += [
            Onset(time, drum, rng.randint(13, 118), round(rng.random(), 6))
            for drum in drums
        ]
    beats = [Beat(round(0.3 + k / 2, 6), k % 4 + 1) for k in range(int(seconds * 2))]
    return Transcription(
        onsets=tuple(onsets),
        beats=tuple(beats),
        meters=meter_changes(Meter(4)),
        source=Source("song.wav", "ab" * 32, 44100, 2, seconds),
        model=ModelInfo(name="tiny", thresholds={"KD": 0.3}),
        labels=(Label(1.0, 8.0, "verse", "Form"),),
    )


@dataclass
class Row:
    """A label as it is now, and the hit that is expected of it."""

    home: str
    time: float
    text: str
    wanted: Onset
    free: bool = True


@dataclass
class Edit:
    """One edit of a label for a program to carry out: before and after."""

    kind: str
    before: Row
    after: Row


@dataclass
class Edits:
    """Labels that are edited at random, and the expected hits."""

    song: Transcription
    seed: int = 0
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self.rows = [Row(o.drum.full_name, o.time, "", o) for o in self.song]

    def make(self, count: int, kinds: tuple[str, ...] = KINDS) -> Iterator[Edit]:
        """Edit a number of labels."""
        for _ in range(count):
            row = self._rng.choice([row for row in self.rows if row.free])
            # A hit that was deleted, and beside it a new one, is a hit that was
            # moved: nobody can tell. So neighbours of an edit stay as they are.
            for other in self.rows:
                if other.home == row.home and abs(other.time - row.time) < 0.2:
                    other.free = False
            yield self._edit(row, self._rng.choice(kinds))

    def _edit(self, row: Row, kind: str) -> Edit:
        before = replace(row)
        if kind == "rename":
            others = [n for n in _RENAMED if NAMES[n] is not row.wanted.drum]
            row.text = self._rng.choice(others)
            row.wanted = replace(row.wanted, drum=NAMES[row.text])
        elif kind == "move":
            row.time = round(row.time + self._rng.uniform(-0.03, 0.03), 5)
            row.wanted = replace(row.wanted, time=row.time)
        elif kind == "louder":
            velocity = self._rng.randint(1, 126)
            velocity += velocity >= row.wanted.velocity
            row.text = f"{row.home} v{velocity}"
            row.wanted = replace(row.wanted, velocity=velocity)
        elif kind == "delete":
            self.rows.remove(row)
        else:
            time = round(row.time + _STEP_S / 2, 5)
            row = Row(row.home, time, "", Onset(time, row.wanted.drum), free=False)
            self.rows.append(row)
        return Edit(kind, before, row)

    def tracks(self) -> list[LabelTrack]:
        """Return the labels as they are now."""
        tracks: dict[str, list[Label]] = {}
        for row in self.rows:
            label = Label(row.time, row.time, row.text)
            tracks.setdefault(row.home, []).append(label)
        return [LabelTrack(name, tuple(own)) for name, own in tracks.items()]

    def wanted(self) -> set[Onset]:
        """Return the hits that are expected."""
        return {row.wanted for row in self.rows}
