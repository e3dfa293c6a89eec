"""Renders notes with the program FluidSynth."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

from adt_plugins.training.sources.oneshots import SAMPLE_RATE_HZ, Samples, to_mono

DRUM_CHANNEL = 9
TICKS_PER_BEAT = 500
# 500 ticks in 500 ms: one tick is one millisecond.
TEMPO_US = 500_000


@dataclass(frozen=True)
class Note:
    """One note; times in seconds, channel 0–15, pitch and velocity 0–127."""

    start: float
    end: float
    channel: int
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Control:
    """Any other channel message (program, controller, bend); time in seconds."""

    time: float
    message: mido.Message


def available() -> bool:
    """Return whether the program is installed."""
    return shutil.which("fluidsynth") is not None


def write_midi(
    path: Path, notes: list[Note], controls: list[Control], end: float
) -> None:
    """Write notes to a file of one track in which a tick is a millisecond."""
    events: list[tuple[int, int, mido.Message]] = [
        (round(1000 * max(0.0, control.time)), 0, control.message)
        for control in controls
    ]
    for note in notes:
        start = round(1000 * max(0.0, note.start))
        stop = max(start + 1, round(1000 * min(note.end, end)))
        on = mido.Message(
            "note_on", channel=note.channel, note=note.pitch, velocity=note.velocity
        )
        off = mido.Message(
            "note_off", channel=note.channel, note=note.pitch, velocity=0
        )
        events += [(start, 2, on), (stop, 1, off)]
    events.sort(key=lambda event: event[:2])
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=TEMPO_US, time=0)])
    now = 0
    for tick, _, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    last = max(0, round(1000 * end) - now)
    track.append(mido.MetaMessage("end_of_track", time=last))
    mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track]).save(path)


def render_notes(
    font: Path,
    notes: list[Note],
    controls: list[Control],
    duration_s: float,
    *,
    reverb: bool = False,
) -> Samples:
    """Render notes through a soundfont.

    Returns
    -------
    Samples
        Mono, 44.1 kHz, exactly ``duration_s`` long.

    Raises
    ------
    RuntimeError
        If FluidSynth is missing or fails.
    """
    if not available():
        raise RuntimeError("FluidSynth is needed: apt install fluidsynth")
    switch = "1" if reverb else "0"
    with tempfile.TemporaryDirectory() as name:
        midi, raw = Path(name) / "notes.mid", Path(name) / "audio.raw"
        write_midi(midi, notes, controls, duration_s)
        command = ["fluidsynth", "-ni", "-q", "-R", switch, "-C", switch, "-g", "0.3"]
        command += ["-r", str(SAMPLE_RATE_HZ), "-T", "raw", "-O", "float"]
        # Otherwise a compressed soundfont is decoded as a whole before the first note.
        command += ["-o", "synth.dynamic-sample-loading=1", "-o", "synth.polyphony=128"]
        command += ["-F", str(raw), str(font), str(midi)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not raw.is_file():
            raise RuntimeError(f"fluidsynth failed: {done.stderr.strip()[-300:]}")
        audio = np.fromfile(raw, dtype=np.float32)
    mono = to_mono(audio[: audio.size // 2 * 2].reshape(-1, 2))
    length = round(duration_s * SAMPLE_RATE_HZ)
    return np.pad(mono[:length], (0, max(0, length - mono.size)))
