"""Measures false hits where there are no drums, and lost hits of quiet drums.

Speech, solo guitar, music without its drums and noise are transcribed with and
without the gate for whole songs (`adt_plugins.picking.song_gate`); and songs whose
drums are 12 dB below the rest::

    python benchmarks/drumless.py RENDERS --minutes 30

No network was trained on any of it: eSpeak NG speaks with other voices, in other
languages and other words; TiMidity++ plays the guitars of FreePats (Debian: ``espeak-ng
timidity freepats``); the music is that of the validation split of ``adt train render``,
with other songs and kits, on which thresholds and the gate are chosen. What is missing
is skipped.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio import SAMPLE_RATE, load_audio
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtWarning
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.pipeline import transcribe
from adt_plugins.training.learn.clips import Clip, cut, find_clips, load_clip
from adt_plugins.training.render.voices import LANGUAGES, VARIANTS
from adt_plugins.training.sources.fluid import Control, Note, write_midi
from adt_plugins.transcription import Transcription

Samples = NDArray[np.float32]

PIECE_S = 60.0
SPEAKERS = (
    *("en-us-nyc+Annie", "is+steph", "hr+Alex", "en-029+michael", "bg+grandpa"),
    *("lt+Denis", "ca+Gene", "cy+Andrea", "sk+robosoft", "et+Mario"),
)
SENTENCES = (
    "The harbour was quiet when the first boat came back before dawn.",
    "Please keep your ticket until you have left the station.",
    "In the next chapter we look at how glaciers shape a valley.",
    "Boil the potatoes for twenty minutes, then drain and mash them.",
    "Several committees discussed the proposal, but none agreed.",
    "He opened the box, took out a photograph, and said nothing.",
    "Tomorrow will be cloudy, with showers spreading from the west.",
    "Which of these six switches controls the lights upstairs?",
)
FREEPATS = Path("/etc/timidity/freepats.cfg")
"""Not the default, which may be a font of the training material."""
GUITARS = range(24, 31)
# Open chords, from the lowest string up.
CHORDS = (
    (40, 47, 52, 56, 59, 64),
    (45, 52, 57, 61, 64),
    (50, 57, 62, 66),
    (43, 47, 50, 55, 59, 67),
    (48, 52, 55, 60, 64),
    (45, 52, 57, 60, 64),
    (40, 47, 52, 55, 59, 64),
)
WINDOW_S = 0.05
QUIET = 30
"""Softer hits are not expected to be audible 12 dB below everything else."""
DRUMS = tuple(Drum(name) for name in ("KD", "SD", "HH", "TT", "CY"))


@dataclass
class Count:
    """Amount (minutes, or true hits), and the hits without the gate and with it."""

    amount: float = 0.0
    open: int = 0
    gated: int = 0


def speech(count: int) -> Iterator[Samples]:
    """Yield recordings of a minute, each with another voice."""
    assert not {s.split("+")[0] for s in SPEAKERS} & set(LANGUAGES)
    assert not {s.split("+")[1] for s in SPEAKERS} & set(VARIANTS)
    for number in range(count):
        rng = np.random.default_rng([1, number])
        voice = SPEAKERS[number % len(SPEAKERS)]
        pace, pitch = int(rng.integers(120, 200)), int(rng.integers(20, 80))
        text = " ".join(SENTENCES[i] for i in rng.integers(0, len(SENTENCES), 24))
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "speech.wav"
            options = ["-v", voice, "-s", str(pace), "-p", str(pitch), "-w", str(path)]
            subprocess.run(["espeak-ng", *options, text], check=True)
            yield load_audio(path)[: round(PIECE_S * SAMPLE_RATE)]


def guitar(count: int) -> Iterator[Samples]:
    """Yield recordings of a minute: strummed, picked, and riffs."""
    for number in range(count):
        rng = np.random.default_rng([2, number])
        program = GUITARS[number % len(GUITARS)]
        with tempfile.TemporaryDirectory() as name:
            midi, audio = Path(name) / "guitar.mid", Path(name) / "guitar.wav"
            change = Control(0.0, _program(program))
            write_midi(midi, played(number, rng), [change], PIECE_S)
            command = ["timidity", "-c", str(FREEPATS), "-Ow", "-o", str(audio)]
            subprocess.run([*command, str(midi)], check=True, capture_output=True)
            yield load_audio(audio)[: round(PIECE_S * SAMPLE_RATE)]


def _program(number: int) -> object:
    import mido

    return mido.Message("program_change", channel=0, program=number)


def played(style: int, rng: np.random.Generator) -> list[Note]:
    """Return the notes of a minute of guitar."""
    step = float(rng.uniform(0.14, 0.3))  # an eighth
    notes = []
    for beat in range(int(PIECE_S / step)):
        chord = CHORDS[int(np.random.default_rng([style, beat // 16]).integers(7))]
        strings: Sequence[int]
        time, loud = beat * step + float(rng.normal(0, 0.006)), rng.integers(60, 115)
        if style % 3 == 0:  # strummed, down and up
            if beat % 8 and rng.random() < 0.35:
                continue
            strings = chord if beat % 2 == 0 else chord[:1:-1]
            times = [time + 0.012 * i for i in range(len(strings))]
            length = step * 1.6
        elif style % 3 == 1:  # picked
            strings, times = (chord[beat % len(chord)],), [time]
            length = step * 4
        else:  # a riff of muted and open notes
            if rng.random() < 0.25:
                continue
            strings, times = chord[: 2 if rng.random() < 0.5 else 1], [time] * 2
            length = step * float(rng.choice([0.4, 0.9]))
        for pitch, at in zip(strings, times, strict=False):
            start = max(0.0, at)
            notes.append(Note(start, start + length, 0, int(pitch), int(loud)))
    return notes


def noise(count: int) -> Iterator[Samples]:
    """Yield recordings of a minute: white, pink and brown, quiet and loud."""
    size = round(PIECE_S * SAMPLE_RATE)
    for number in range(count):
        rng = np.random.default_rng([3, number])
        spectrum = np.fft.rfft(rng.normal(size=size))
        hz = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 20.0)
        shaped = np.fft.irfft(spectrum / hz ** (0.5 * (number % 3)), size)
        level = 10 ** (float(rng.uniform(-40, -3)) / 20)
        yield (level * shaped / np.abs(shaped).max()).astype(np.float32)


def held_out(folder: Path) -> list[Clip]:
    """Return clips of the validation split that have an accompaniment."""
    clips = (load_clip(path) for path in find_clips(folder))
    return [c for c in clips if c.split == "validation" and c.accompaniment is not None]


def together(clips: list[Clip]) -> Iterator[list[Clip]]:
    """Yield groups of three clips: a minute each."""
    for first, last in pairwise(range(0, len(clips) + 1, 3)):
        yield clips[first:last]


def mixed(clips: list[Clip], drums_db: float) -> Samples:
    """Mix clips one after the other, with this level of the drums above the rest."""
    parts = []
    for clip in clips:
        assert clip.accompaniment is not None
        drums, others = (
            cut(stem, 0, len(clip.drums)) for stem in (clip.drums, clip.accompaniment)
        )
        loud = [float(np.sqrt(np.mean(stem**2))) or 1.0 for stem in (drums, others)]
        gain = np.float32(10 ** (drums_db / 20) * loud[1] / loud[0])
        parts.append(others + gain * drums)
    joined = np.concatenate(parts)
    # As loud as a finished mix, so that the clips' own level does not matter.
    return np.asarray(0.8 * joined / np.abs(joined).max(), np.float32)


def hear(samples: Samples, network: Network) -> tuple[Transcription, Transcription]:
    """Transcribe without the gate and with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdtWarning)  # of hits in doubt, and full scale
        without, gated = (
            transcribe((samples, SAMPLE_RATE), model=network, song_gate=mode, threads=1)
            for mode in ("off", "normal")
        )
    return without, gated


def count(pieces: Iterator[Samples], network: Network) -> Count:
    """Count the hits in recordings that have none."""
    result = Count()
    for samples in pieces:
        without, gated = hear(samples, network)
        result.amount += len(samples) / SAMPLE_RATE / 60
        result.open += len(without)
        result.gated += len(gated)
    return result


def recall(
    pieces: Iterator[list[Clip]], drums_db: float, network: Network
) -> dict[str, Count]:
    """Count the true hits that are found."""
    from mir_eval.util import match_events

    result = {str(drum): Count() for drum in DRUMS}
    for clips in pieces:
        transcriptions = hear(mixed(clips, drums_db), network)
        starts = np.cumsum([0.0, *(clip.duration for clip in clips)])
        for drum in DRUMS:
            true = [
                start + time
                for start, clip in zip(starts, clips, strict=False)
                for time, code, velocity in clip.onsets
                if Drum(code).coarse is drum and velocity >= QUIET
            ]
            hits = [
                len(match_events(np.sort(true), some.times(drum), WINDOW_S))
                for some in transcriptions
            ]
            row = result[str(drum)]
            row.amount += len(true)
            row.open, row.gated = row.open + hits[0], row.gated + hits[1]
    return result


def sources(
    folder: Path | None, count: int
) -> dict[str, tuple[str | None, Callable[[], Iterator[Samples]]]]:
    """Return kinds of recordings: the program that each needs, and a generator."""
    clips = [] if folder is None else held_out(folder)
    return {
        "speech": ("espeak-ng", lambda: speech(count)),
        "solo guitar": ("timidity", lambda: guitar(count)),
        "music without drums": (
            None,
            lambda: (mixed(some, -200.0) for some in list(together(clips))[:count]),
        ),
        "noise": (None, lambda: noise(count)),
    }


def main() -> None:
    """Print the tables, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("renders", type=Path, nargs="?")
    parser.add_argument("--model")
    parser.add_argument("--minutes", type=int, default=30, help="of each kind")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    network = Network(find_model(args.model))
    report: dict[str, dict[str, float]] = {}
    for kind, (program, make) in sources(args.renders, args.minutes).items():
        if program is not None and shutil.which(program) is None:
            print(f"{kind}: left out, needs {program}", file=sys.stderr)
            continue
        counted = count(make(), network)
        if counted.amount:
            report[f"{kind}, onsets a minute"] = {
                "minutes": round(counted.amount, 1),
                "without the gate": counted.open / counted.amount,
                "with it": counted.gated / counted.amount,
            }
    if args.renders is not None:
        clips = held_out(args.renders)
        for db in (-12.0, 0.0):
            for drum, true in recall(together(clips), db, network).items():
                report[f"recall at {db:g} dB, {drum}"] = {
                    "hits": true.amount,
                    "without the gate": true.open / max(true.amount, 1),
                    "with it": true.gated / max(true.amount, 1),
                }
    if args.json:
        print(json.dumps(report, indent=1))
        return
    for title, row in report.items():
        print(f"{title:36}", "  ".join(f"{k} {v:.3f}" for k, v in row.items()))


if __name__ == "__main__":
    main()
