"""Counts hits that come fast: double kicks, rolls, blast beats, flams.

FluidSynth plays them with a General MIDI font, 10 to 16 a second, and they are picked
with both pickers, the model's own and madmom's::

    python benchmarks/repeats.py FONT.sf2

The song gate is off: it decides about drums, not about hits.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mido

from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.pipeline import transcribe

TICKS_A_SECOND = 960  # at 120 BPM
HITS = 64
START_S = 1.0
TOMS = (48, 47, 45, 43)

Note = tuple[float, int, int]
"""Seconds, MIDI note, velocity."""


def patterns(step: float) -> Iterator[tuple[str, list[Note], dict[str, int]]]:
    """Yield name, notes and number of hits of each drum; `step` in seconds."""
    times = [START_S + k * step for k in range(HITS)]
    half = HITS // 2
    yield (
        "double kick",
        [(t, 36, 100 + k % 2 * 10) for k, t in enumerate(times)],
        {"KD": HITS},
    )
    roll = [(t, 38, 110 if k % 4 == 0 else 70) for k, t in enumerate(times)]
    yield "snare roll", roll, {"SD": HITS}
    yield "toms", [(t, TOMS[k // 16], 100) for k, t in enumerate(times)], {"TT": HITS}
    blast = [(t, 38 if k % 2 else 36, 110) for k, t in enumerate(times)]
    blast += [(t, 42, 90) for t in times[::2]]
    yield "blast beat", blast, {"KD": half, "SD": half, "HH": half}


def flams(apart: float) -> list[Note]:
    """Return snares twice a second, each after a grace note."""
    main = [START_S + 0.5 * k for k in range(HITS // 4)]
    return [(t - apart, 38, 60) for t in main] + [(t, 38, 110) for t in main]


def play(notes: list[Note], font: Path, folder: Path) -> Path:
    """Render notes on channel 10."""
    track = mido.MidiTrack()
    now = 0
    for time, note, velocity in sorted(notes):
        tick = round(time * TICKS_A_SECOND)
        track.append(
            mido.Message(
                "note_on", channel=9, note=note, velocity=velocity, time=tick - now
            )
        )
        now = tick
    song = mido.MidiFile(tracks=[track], ticks_per_beat=480)
    song.save(folder / "song.mid")
    sound = folder / "song.wav"
    command = ["fluidsynth", "-n", "-i", "-q", "-F", str(sound), "-r", "44100"]
    subprocess.run(
        [*command, str(font), str(folder / "song.mid")],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return sound


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Find fast hits.")
    parser.add_argument("font", type=Path)
    parser.add_argument("--model")
    args = parser.parse_args()
    card = find_model(args.model)
    madmom = replace(card, picker=replace(card.picker, kind="madmom"))
    networks = {"own": Network(card), "madmom": Network(madmom)}
    cases = [
        (f"{name}, {1 / step:.1f} a second", notes, wanted)
        for step in (0.0625, 0.068, 0.075, 0.083, 0.1)
        for name, notes, wanted in patterns(step)
    ]
    cases += [
        (f"flams, {round(apart * 1000)} ms", flams(apart), {"SD": HITS // 2})
        for apart in (0.02, 0.03, 0.04)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, notes, wanted in cases:
            sound = play(notes, args.font, Path(folder))
            counts_by_picker = []
            for picker, network in networks.items():
                song = transcribe(sound, model=network, song_gate=False)
                counts = [f"{drum} {len(song[drum])}" for drum in wanted]
                counts_by_picker.append(f"{picker}: {', '.join(counts)}")
            played = ", ".join(f"{drum} {count}" for drum, count in wanted.items())
            print(f"{name:28} {played:18} {'   '.join(counts_by_picker)}", flush=True)


if __name__ == "__main__":
    main()
