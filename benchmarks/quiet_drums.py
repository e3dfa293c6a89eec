"""Measures what the song gate costs quiet drums, and what it keeps out.

Recorded drum tracks are mixed into real music without drums, 0 to 18 dB below it, and
transcribed without the gate (`adt_plugins.picking.song_gate`) and with it; so is the
music alone, and voices and guitars::

    python benchmarks/quiet_drums.py DATA SOUNDS DRUMS --pieces 4

DATA and SOUNDS are the folders of `adt train render`, with the files in the table
`adt_plugins/training/sources/real_sounds.csv`; only its split "test" is used, on which
nothing was trained or chosen. DRUMS holds ``NAME.drums.flac`` (or ``.wav``) and
``NAME.txt`` (``seconds<TAB>code``). A song counts as silenced if the gate leaves less
than a tenth of its hits.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from drumless import DRUMS, WINDOW_S, Count, Samples, count, hear
from folder import find_recordings

from adt_plugins import formats
from adt_plugins.audio import load_audio
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.training.sources.real_sounds import KINDS, decode, read_table
from adt_plugins.transcription import Transcription

LEVELS_DB = (0, -3, -6, -9, -12, -15, -18)
SILENCED = 0.1


@dataclass
class Level:
    """Songs of one level: their number, silenced ones, and hits of each drum."""

    songs: int = 0
    silenced: int = 0
    drums: dict[str, Count] = field(
        default_factory=lambda: {str(drum): Count() for drum in DRUMS}
    )

    def add(self, reference: Transcription, heard: tuple[Transcription, ...]) -> None:
        """Count the hits that are found without the gate and with it."""
        from mir_eval.util import match_events

        without, gated = heard
        self.songs += 1
        self.silenced += len(gated) < SILENCED * len(without)
        for drum in DRUMS:
            row, true = self.drums[str(drum)], reference.times(drum)
            row.amount += len(true)
            row.open += len(match_events(true, without.times(drum), WINDOW_S))
            row.gated += len(match_events(true, gated.times(drum), WINDOW_S))

    def recall(self) -> tuple[float, float]:
        """Return the recall of all drums, without the gate and with it."""
        rows = self.drums.values()
        true = max(1.0, sum(row.amount for row in rows))
        return sum(r.open for r in rows) / true, sum(r.gated for r in rows) / true


def held_out(folders: tuple[Path, Path], kind: str) -> list[Path]:
    """Return files of the table's test split, as far as they are there."""
    rows = [row for row in read_table() if row.split == "test" and row.kind == kind]
    paths = (row.find(*folders) for row in rows)
    return [path for path in paths if path is not None]


def alone(folders: tuple[Path, Path], kind: str) -> Iterator[Samples]:
    """Yield recordings of voices, guitars or music."""
    for path in held_out(folders, kind):
        yield decode(path) / np.float32(32768)


def mixes(
    folders: tuple[Path, Path], drums: Path, pieces: int
) -> Iterator[tuple[int, Transcription, Samples]]:
    """Yield level, reference and samples of each drum track in pieces of music."""
    rng = np.random.default_rng(0)
    music = held_out(folders, "music")
    for path, name, kind in find_recordings(drums):
        if kind != "drums":
            continue
        reference, track = formats.read(drums / f"{name}.txt"), load_audio(path)
        for number in rng.choice(len(music), min(pieces, len(music)), replace=False):
            whole = decode(music[number]) / np.float32(32768)
            first = int(rng.integers(max(1, len(whole) - len(track) + 1)))
            others = np.resize(whole[first:], len(track))
            loud = [float(np.sqrt(np.mean(some**2))) for some in (track, others)]
            for level in LEVELS_DB:
                gain = 10 ** (level / 20) * loud[1] / max(loud[0], 1e-9)
                mix = others + np.float32(gain) * track
                yield level, reference, (0.8 * mix / np.abs(mix).max())


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("drums", type=Path)
    parser.add_argument("--pieces", type=int, default=4, help="for each drum track")
    parser.add_argument("--model")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    folders = (args.data, args.sounds)
    network = Network(find_model(args.model))
    report: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        counted = count(alone(folders, kind), network)
        report[f"{kind} alone, onsets a minute"] = {
            "minutes": counted.amount,
            "without the gate": counted.open / max(counted.amount, 1e-9),
            "with it": counted.gated / max(counted.amount, 1e-9),
        }
    levels = {level: Level() for level in LEVELS_DB}
    for db, reference, samples in mixes(folders, args.drums, args.pieces):
        levels[db].add(reference, hear(samples, network))
    for db, level in levels.items():
        without, gated = level.recall()
        report[f"drums at {db} dB, recall"] = {
            "songs": level.songs,
            "silenced": level.silenced,
            "without the gate": without,
            "with it": gated,
        }
    if args.json:
        print(json.dumps(report, indent=1))
        return
    for title, row in report.items():
        print(f"{title:32}", "  ".join(f"{k} {v:.3f}" for k, v in row.items()))


if __name__ == "__main__":
    main()
