"""What Python says, for the tests of the front end: picks, edits, files.

``python -m tests.support.notebook.make_fixtures FILE`` writes it; the front end's tests
read it and must come to the same.
"""

from __future__ import annotations

import base64
import json
import random
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat, Label, Onset, Source
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.drums import Drum
from adt_plugins.editor.edits import EditError, Layer, Log, checked_ops, fold
from adt_plugins.editor.payload import midi_head, payload
from adt_plugins.editor.picks import PickedSong
from adt_plugins.formats.song_names import song_names
from adt_plugins.meter import meter_changes
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.model_info import ModelInfo
from adt_plugins.picking.onsets import onset_times, pick_hits, pick_onsets
from adt_plugins.transcription import Transcription
from tests.support.web import engine_fixtures, notation_fixtures, rhythm_fixtures

MATRICES = 1000
STEPS = 500
DRUM_SETS = (
    ["KD", "SD", "HH"],
    ["KD", "CHH", "OHH", "HH"],
    ["RDC", "CRC", "CY", "SST", "OT"],
)
PICKERS = (
    Picker(),
    Picker("adtlib"),
    Picker("valley"),
    Picker("valley", pre_avg=0.05, pre_max=0.01, combine=0.01),
    Picker(pre_avg=0.0, post_avg=0.0, pre_max=0.03, post_max=0.03, combine=0.03),
    Picker(pre_avg=0.125, post_avg=0.045, pre_max=0.005, post_max=0.0, combine=0.0),
)


def matrix(seed: int, frames: int, lanes: int) -> NDArray[np.float32]:
    """Activations that TypeScript makes alike: noise, plateaus, zeros and ones."""
    state = seed * 2654435761 % 2**32 or 1
    values = np.zeros((lanes, frames), np.float32)
    for lane in range(lanes):
        for frame in range(frames):
            state ^= state << 13 & 0xFFFFFFFF
            state ^= state >> 17
            state ^= state << 5 & 0xFFFFFFFF
            small = np.float32((state >> 8) / 2**24)
            if state % 11 == 0:
                values[lane, frame] = values[lane, frame - 1] if frame else 0
            elif state % 13 == 0:
                values[lane, frame] = np.float32(state % 2)
            elif state % 3:
                values[lane, frame] = small * small * small
            else:
                values[lane, frame] = small
    return np.ascontiguousarray(values.T)


def bits(values: list[float]) -> str:
    """The exact doubles, as hexadecimal digits."""
    return struct.pack(f">{len(values)}d", *values).hex()


def pick_cases() -> Iterator[dict[str, Any]]:
    chance = random.Random(5)
    for seed in range(1, MATRICES + 1):
        drums = chance.choice(DRUM_SETS)
        frames = chance.choice((0, 1, 2, 3, 17, 40, 90, 400))
        rate, offset = chance.choice((100.0, 86.1328125)), chance.choice((0.0, 12.34))
        delay = chance.choice((0.0, -0.01, 0.0125))
        picker = chance.choice(PICKERS)
        thresholds = {d: chance.choice((0.0, 0.05, 0.3, 0.425, 0.7)) for d in drums}
        values = matrix(seed, frames, len(drums))
        activations = Activations(values, tuple(drums), rate, offset)
        card = ModelCard(
            "", "", "", tuple(drums), FrontEnd(), Geometry(1, 0, 1), picker, thresholds,
            delay=delay,
        )  # fmt: skip
        picked = pick_hits(activations, card, thresholds=thresholds)
        yield {
            "seed": seed,
            "drums": drums,
            "frames": frames,
            "grid": {"rate": rate, "offset": offset, "delay": delay},
            "picker": as_dict(picker),
            "thresholds": thresholds,
            "expected": [
                {
                    "frames": hits.frames.tolist(),
                    "times": bits(
                        onset_times(hits.positions, activations, delay).tolist()
                    ),
                    "confidence": bits(hits.confidence.tolist()),
                }
                for hits in picked
            ],
        }


def as_dict(picker: Picker) -> dict[str, Any]:
    names = ("kind", "pre_avg", "post_avg", "pre_max", "post_max", "combine")
    return {name: getattr(picker, name) for name in names}


def example(seed: int = 77, frames: int = 3000) -> Transcription:
    """A transcription with all that there can be: beats, labels, foreign onsets."""
    outputs = ("KD", "SD", "CHH", "OHH", "CRC", "beat")
    values = matrix(seed, frames, len(outputs))
    values *= np.float32(0.98)
    activations = Activations(values, outputs, 100.0)
    thresholds = dict.fromkeys(outputs[:-1], 0.6)
    picker = Picker(pre_max=0.1, post_max=0.1, combine=0.05)
    card = ModelCard(
        "m", "", "", outputs, FrontEnd(), Geometry(1, 0, 1), picker, thresholds
    )
    onsets = list(pick_onsets(activations, card))
    del onsets[::17]
    onsets += [Onset(1 / 1024, Drum.LFT, 3, 0.25), Onset(7.123456789012345, Drum.KD)]
    return Transcription(
        onsets=tuple(onsets),
        beats=tuple(Beat(0.31 + 0.47 * n, n % 3 + 1) for n in range(60)),
        source=Source("söng <b>\u2028.wav", "ab" * 32, 48000, 2, frames / 100),
        model=ModelInfo.from_dict(
            {
                "name": "m",
                "sha256": "",
                "thresholds": thresholds,
                "picker": as_dict(picker),
                "meter": "3/4",
            }
        ),
        labels=(Label(0.0, 3.5, "Verse\t1 😀", "Parts"), Label(3.5, 3.5, "x\u2028y")),
        activations=activations,
    )


def actions(
    score: PickedSong, steps: int = STEPS, seed: int = 3
) -> list[dict[str, Any]]:
    """A random session: every kind of edit, with re-picks, undo and redo between."""
    chance, log = random.Random(seed), Log()
    done: list[dict[str, Any]] = []
    drums = score.lanes
    while len(done) < steps:
        kind = chance.choice(
            ("add", "add", "move", "loud", "drum", "delete", "threshold", "undo",
             "redo", "many", "timing")
        )  # fmt: skip
        hits = score.hits(fold(log))
        at = log.cursor - (kind == "undo")
        name = log.names[at] if 0 <= at < len(log.names) else ""
        action: dict[str, Any] = {"kind": kind, "name": name}
        if kind not in ("undo", "redo"):
            chosen = chance.sample(hits, min(len(hits), 5 if kind == "many" else 1))
            ops = [op(chance, kind, hit, drums) for hit in chosen]
            if kind == "add":
                ops = [
                    {
                        "op": "add",
                        "id": f"u-{len(done)}",
                        "time": chance.random() * 30,
                        "drum": chance.choice(drums),
                        "velocity": chance.randint(1, 127),
                    }
                ]
            if kind == "threshold":
                drum = chance.choice(list(score.thresholds))
                value = round(chance.random(), 3)
                ops = [{"op": kind, "drum": drum, "value": value}]
            if kind == "timing":
                ops = [timing_op(chance, 30.0)]
            action = {"kind": "do", "name": f"s-{len(done)}", "ops": ops}
        try:
            log = log.act(action)
        except EditError:
            continue
        done.append(action)
    return done


def op(chance: random.Random, kind: str, hit: Any, drums: list[str]) -> dict[str, Any]:
    if kind == "delete":
        return {"op": "delete", "id": hit.id}
    time, drum, velocity = hit.onset.time, hit.onset.drum.value, hit.onset.velocity
    if kind in ("move", "many"):
        time = max(0.0, time + chance.uniform(-0.1, 0.1))
    if kind in ("drum", "many"):
        drum = chance.choice(drums)
    if kind in ("loud", "many"):
        velocity = chance.randint(1, 127)
    return {
        "op": "change",
        "id": hit.id,
        "time": time,
        "drum": drum,
        "velocity": velocity,
    }


def timing_op(chance: random.Random, duration: float) -> dict[str, Any]:
    """A correction of bars and beats."""
    kind = chance.choice(("bar", "bar", "tempo", "meter", "meter", "beats"))
    times = sorted(round(chance.uniform(0, duration), 3) for _ in range(2))
    if kind == "bar":
        return {"op": kind, "time": times[0]}
    if kind == "tempo":
        return {"op": kind, "factor": chance.choice((2, 0.5))}
    if kind == "meter":
        meter = {
            "op": kind,
            "meter": chance.choice(("2/4", "3/4", "4/4", "6/8", "7/8")),
        }
        part = dict(zip(("start", "end"), times, strict=True))
        return meter if chance.random() < 0.5 else {**meter, **part}
    beats: list[list[float]] = []
    time = chance.uniform(0, 1)
    beat, per_bar = chance.uniform(0.3, 0.9), chance.randint(2, 5)
    while time < duration:
        beats.append([time, len(beats) % per_bar + 1])
        time += beat + chance.choice((0.0, 0.0, chance.uniform(-0.02, 0.02)))
    changes = [{"bar": 1, "meter": "4/4"}, {"bar": 3, "meter": "3/4"}]
    meters = chance.choice((None, None, [], changes[:1], changes))
    op = {"op": kind, "beats": beats}
    return op if meters is None else {**op, "meters": meters}


TIMINGS = 300


def timings() -> Iterator[dict[str, Any]]:
    """Beats of all kinds, corrected, and the tempo maps that are laid through them."""
    chance = random.Random(11)
    for _ in range(TIMINGS):
        beat, time = 60 / chance.choice((104, 149.95, chance.uniform(50, 220))), 0.0
        time += chance.choice((0.0, 0.012, 0.09, chance.uniform(0, 4)))
        jitter, bend = chance.choice((0.0, 0.004, 0.02, 0.06)), chance.choice((0, 1e-3))
        per_bar = position = chance.randint(2, 6)
        beats = []
        for n in range(chance.choice((0, 1, 2, 5, 40, 200))):
            is_bar = position >= per_bar or chance.random() < 0.02
            position = 1 if is_bar and n != 1 else position + 1
            beats.append(Beat(max(time + chance.gauss(0, jitter), 0.0), position))
            time += beat * (1 + bend * n) + (chance.random() < 0.01) * 3
        beats = sorted(set(beats))
        meters = chance.choice(
            (None, f"{per_bar}/4", "6/8", "7/8", [(1, "4/4"), (3, "3/4"), (9, "6/8")])
        )
        song = Transcription(
            beats=tuple(beats),
            meters=meter_changes(meters),
            onsets=tuple(
                Onset(max(b.time + chance.gauss(0.006, 0.006), 0.0), Drum.KD)
                for b in beats
                if chance.random() < 0.7
            ),
        )
        ops = [timing_op(chance, time + 1) for _ in range(chance.randint(0, 4))]
        after = PickedSong(song).corrected(
            Layer(timing=checked_ops(ops) if ops else ())
        )
        yield {
            "beats": [[beat.time, beat.position] for beat in song.beats],
            "meters": meters_to_list(song),
            "hits": [onset.time for onset in song.onsets],
            "ops": ops,
            "times": bits([beat.time for beat in after.beats]),
            "positions": [beat.position for beat in after.beats],
            "meters_after": meters_to_list(after),
            "heads": [midi_head(timing) for timing in tempo_maps(after)],
        }


def meters_to_list(song: Transcription) -> list[dict[str, Any]]:
    return [{"bar": change.bar, "meter": str(change.meter)} for change in song.meters]


def session() -> dict[str, Any]:
    """The example, edited; hits and files at some points of the session."""
    score = PickedSong(example())
    names = song_names(score.transcription, Path("example.drums.html"))
    content = payload(score, None, "example", "example", names[:2])
    log, points = Log(), {}
    everything = actions(score)
    for number, action in enumerate(everything, 1):
        log = log.act(action)
        if number % 50 == 0:
            corrected = score.corrected(fold(log))
            points[number] = {
                "hits": [
                    [hit.id, hit.onset.drum, hit.onset.velocity, hit.by_hand]
                    for hit in score.hits(fold(log))
                ],
                "times": bits([hit.onset.time for hit in score.hits(fold(log))]),
                "files": files(corrected),
            }
    return {
        "header": content.header,
        "data": base64.b64encode(content.data).decode(),
        "actions": everything,
        "points": points,
    }


def files(transcription: Transcription) -> dict[str, str]:
    """Base64 of what Python writes, by suffix."""
    with tempfile.TemporaryDirectory() as folder:
        for name, suffix in (
            ("labels", ".labels.txt"),
            ("midi", ".drums.mid"),
            ("json", ".drums.json"),
            ("tab", ".tab.txt"),
        ):
            transcription.save(Path(folder) / f"example{suffix}", name)
        return {
            path.name: base64.b64encode(path.read_bytes()).decode()
            for path in sorted(Path(folder).iterdir())
        }


def numbers() -> list[list[Any]]:
    chance = random.Random(9)
    values = [0.0, 1.0, 1 / 1024, 3 / 1024, 0.1, 1e-5, 1.5e-7, 1e16, 123456789.125, 2.5]
    values += [chance.random() * 10 ** chance.randint(-8, 5) for _ in range(300)]
    values += [n / 2**20 for n in (1, 3, 2**19 + 1, 10**6 + 1)]
    return [[bits([value]), f"{value:.9f}", repr(value)] for value in values]


def fixtures() -> dict[str, Any]:
    return {
        "picks": list(pick_cases()),
        "session": session(),
        "timings": list(timings()),
        "numbers": numbers(),
        "drums": {
            drum.value: [drum.full_name, drum.coarse.value, drum.note] for drum in Drum
        },
        "engine": engine_fixtures.fixtures(matrix, bits),
        "rhythm": rhythm_fixtures.fixtures(matrix, bits),
        "notation": notation_fixtures.fixtures(),
        "tags": list(notation_fixtures.tagged_files()),
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(fixtures()), encoding="utf-8")
