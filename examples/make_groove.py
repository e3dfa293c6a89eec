"""Render `groove.flac`, a band playing for 20 seconds, and its labels.

The part is written below and played from a fixed seed; `groove.txt` holds the true
time of each hit, one ``seconds<TAB>code`` a line. The sounds are real ones:

- drums: the MuldjordKit of Lars Muldjord and the DrumGizmo team, as single hits of the
  FreePats project (CC BY 4.0), a folder of ``flac`` files, one for each loudness
- bass, electric guitar and electric piano: MuseScore_General_Full.sf3 (MIT), which the
  Debian package ``musescore-general-soundfont`` has, played by FluidSynth

Usage: ``python examples/make_groove.py HITS SOUNDFONT [FOLDER]``
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import mido
import numpy as np
import soundfile
from numpy.typing import NDArray

Signal = NDArray[np.float64]

RATE = 44100
TEMPO_BPM = 104
BARS = 8
SEED = 7
PEAK = 0.7
TIMING_SPREAD_S = 0.004  # a steady human drummer
ROOM_SECONDS = 0.5
TAIL_SECONDS = 1.5
FIRST_BEAT_S = 0.1
STEP_S = 60 / TEMPO_BPM / 4

# One bar in sixteenths, one character each: velocity from 1 (ghost) to 9.
VERSE = {
    "KD": "9.....7.8.3.....",
    "SD": "....9..2.2..9..2",
    "CHH": "8.5.8.5.8.5.8.5.",
}
VERSE_OPEN = {
    "KD": "9.....7.8.3..5..",
    "SD": "....9..2.2..9...",
    "CHH": "8.5.8.5.8.5.8...",
    "OHH": "..............8.",
}
VERSE_FILL = {
    "KD": "9.....7.8...7...",
    "SD": "....9..2.2.57.8.",
    "CHH": "8.5.8.5.8.......",
    "HIT": "............7...",
    "MHT": ".............78.",
    "LFT": "...............9",
}
CHORUS = {
    "KD": "9..6..7.8.6...5.",
    "SD": "....9..2.2..9..3",
    "RDC": "8.6.8.6.8.6.8.6.",
}
CHORUS_CRASH = {**CHORUS, "CRC": "9...............", "RDC": "....8.6.8.6.8.6."}
LAST_FILL = {
    "KD": "9.....7.8...8...",
    "SD": "....9..2579.....",
    "RDC": "8.6.8.6.........",
    "HIT": "...........98...",
    "MHT": ".............98.",
    "LFT": "..............89",
}
SONG: tuple[dict[str, str], ...] = (VERSE, VERSE_OPEN, VERSE, VERSE_FILL)
SONG += (CHORUS_CRASH, CHORUS, CHORUS_CRASH, LAST_FILL)
ENDING = {"KD": "9", "CRC": "9"}

# Bass note and chord of each bar, as MIDI notes: Am F C G.
CHORDS = (
    (45, (57, 60, 64)),
    (41, (57, 60, 65)),
    (48, (55, 60, 64)),
    (43, (55, 59, 62)),
)
BASS_RHYTHM = "9.....7.8.6...5."


def _fast_size(size: int) -> int:
    return 1 << (size - 1).bit_length()


def _filter(signal: Signal, low: float, high: float) -> Signal:
    """Keep `low` to `high` Hz, with slopes of 12 dB an octave."""
    size = _fast_size(2 * len(signal))
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    with np.errstate(divide="ignore"):
        gain = 1 / (1 + (low / np.maximum(frequency, 1e-9)) ** 2)
    gain /= 1 + (frequency / high) ** 2
    filtered = np.fft.irfft(np.fft.rfft(signal, size) * gain, size)
    return np.asarray(filtered[: len(signal)])


# Drum: its files, level in dB, place in the stereo field (-1 left, 1 right).
KIT: dict[str, tuple[str, float, float]] = {
    "KD": ("kick_r", 1.0, 0.0),
    "SD": ("snare", 0.0, 0.05),
    "CHH": ("hat_closed", 3.0, 0.35),
    "OHH": ("hat_open", 0.0, 0.35),
    "RDC": ("ride_r", 2.0, -0.35),
    "CRC": ("crash_l", -1.0, -0.25),
    "HIT": ("tom1", 0.0, 0.2),
    "MHT": ("tom2", 0.0, 0.0),
    "LFT": ("tom4", 0.0, -0.3),
}
QUIETEST = 0.15
"""Share of the layers, from the softest, that are too soft for any hit here."""
CHOKE_S = 0.02


@cache
def layers(folder: Path, instrument: str) -> tuple[Signal, ...]:
    """All recordings of a drum, the softest first."""
    files = sorted(folder.glob(f"{instrument}_[0-9][0-9].flac"))
    if not files:
        raise SystemExit(f"{folder}: no {instrument}_01.flac")
    return tuple(soundfile.read(file, dtype="float64")[0] for file in files)


def strike(folder: Path, drum: str, force: float) -> Signal:
    """The recording of a drum that was struck with a force of 0 to 1."""
    instrument, level_db, _ = KIT[drum]
    sounds = layers(folder, instrument)
    share = QUIETEST + (1 - QUIETEST) * force
    chosen = sounds[min(len(sounds) - 1, int(share * len(sounds)))]
    return chosen * 10 ** (level_db / 20)


def hits(rng: np.random.Generator) -> list[tuple[float, str, float]]:
    """Time in seconds, drum and force 0-1 of every hit of the song."""
    found = []
    for bar, pattern in enumerate((*SONG, ENDING)):
        for drum, row in pattern.items():
            for column, sign in enumerate(row):
                if sign != ".":
                    time = FIRST_BEAT_S + (16 * bar + column) * STEP_S
                    time += rng.normal(0, TIMING_SPREAD_S)
                    force = (int(sign) + rng.uniform(-0.4, 0.4)) / 9
                    found.append((time, drum, float(np.clip(force, 0.1, 1))))
    return sorted(found)


def _add(mix: Signal, sound: Signal, time: float, pan: float) -> None:
    start = round(time * RATE)
    sound = sound[: len(mix) - start]
    mix[start : start + len(sound), 0] += sound * np.sqrt((1 - pan) / 2)
    mix[start : start + len(sound), 1] += sound * np.sqrt((1 + pan) / 2)


def _add(mix: Signal, sound: Signal, time: float, pan: float) -> None:
    start = round(time * RATE)
    sound = sound[: len(mix) - start]
    mix[start : start + len(sound), 0] += sound * np.sqrt((1 - pan) / 2)
    mix[start : start + len(sound), 1] += sound * np.sqrt((1 + pan) / 2)


def drums(folder: Path, played: list[tuple[float, str, float]], length: int) -> Signal:
    """All hits as (samples, 2); an open hi-hat is choked by the next hit of it."""
    mix = np.zeros((length, 2))
    for index, (time, drum, force) in enumerate(played):
        sound = strike(folder, drum, force)
        if drum == "OHH":
            closing = (t for t, d, _ in played[index + 1 :] if d in ("CHH", "OHH"))
            held = next(closing, np.inf) - time
            t = np.arange(len(sound)) / RATE
            sound = sound * np.clip(1 - (t - held) / CHOKE_S, 0, 1)
        _add(mix, sound, time, KIT[drum][2])
    return mix


# General MIDI programs, counted from 0, and the places of their channels.
BASS, GUITAR, PIANO = (0, 33, 64), (1, 27, 30), (2, 4, 98)
TICKS = 480
GUITAR_RHYTHM = "....7.......8..."
PIANO_RHYTHM = "9.....6...6....."


def _notes() -> list[tuple[float, float, int, int, int]]:
    """Channel, note and velocity of the band, with start and length in sixteenths."""
    found = []
    for bar in range(BARS + 1):
        low, chord = CHORDS[0 if bar == BARS else bar % len(CHORDS)]
        parts = (
            (BASS_RHYTHM, BASS[0], (low - 12,), 2.2, 100),
            (GUITAR_RHYTHM, GUITAR[0], tuple(note + 12 for note in chord), 0.8, 84),
            (PIANO_RHYTHM, PIANO[0], chord, 3.5, 76),
        )
        for rhythm, channel, notes, length, loudest in parts:
            for column, sign in enumerate(rhythm[:1] if bar == BARS else rhythm):
                if sign != ".":
                    velocity = round(loudest * int(sign) / 9)
                    start = 16.0 * bar + column
                    found += [(start, length, channel, n, velocity) for n in notes]
    return found


def band(soundfont: Path, length: int) -> Signal:
    """Bass, guitar and electric piano as (samples, 2)."""
    events = []
    for start, held, channel, note, velocity in _notes():
        options = {"channel": channel, "note": note}
        on = mido.Message("note_on", velocity=velocity, **options)
        events += [
            (start, 1, on),
            (start + held, 0, mido.Message("note_off", **options)),
        ]
    track = mido.MidiTrack(
        [mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(TEMPO_BPM))]
    )
    for channel, program, pan in (BASS, GUITAR, PIANO):
        track.append(mido.Message("program_change", channel=channel, program=program))
        track.append(
            mido.Message("control_change", channel=channel, control=10, value=pan)
        )
    now = 0
    for place, _, message in sorted(events, key=lambda event: event[:2]):
        tick = round(place * TICKS / 4)
        track.append(message.copy(time=tick - now))
        now = tick
    with tempfile.TemporaryDirectory() as name:
        midi, wave = Path(name) / "band.mid", Path(name) / "band.wav"
        mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(midi)
        command = [
            "fluidsynth",
            "-niq",
            "-R",
            "0",
            "-C",
            "0",
            "-g",
            "0.6",
            "-r",
            str(RATE),
        ]
        subprocess.run(
            [*command, "-F", str(wave), str(soundfont), str(midi)], check=True
        )
        sound, _ = soundfile.read(wave, dtype="float64")
    mix = np.zeros((length, 2))
    start = round(FIRST_BEAT_S * RATE)
    sound = sound[: length - start]
    mix[start : start + len(sound)] = sound
    return mix


def room(dry: Signal) -> Signal:
    """Reverberation of a small room: noise that dies away, one per side."""
    rng = np.random.default_rng(SEED + 2)
    t = np.arange(round(ROOM_SECONDS * RATE)) / RATE
    size = _fast_size(len(dry) + len(t))
    wet = np.empty_like(dry)
    for side in (0, 1):
        answer = rng.standard_normal(len(t)) * np.exp(-t / 0.09)
        answer[: round(0.006 * RATE)] = 0
        answer = _filter(answer, 150, 4000)
        answer /= np.sqrt(np.sum(answer**2))
        spectrum = np.fft.rfft(dry[:, side], size) * np.fft.rfft(answer, size)
        wet[:, side] = np.fft.irfft(spectrum, size)[: len(dry)]
    return wet


BAND_DB = -6.0
"""Level of the band against the drums."""


def _rms(signal: Signal) -> float:
    return float(np.sqrt(np.mean(signal**2)))


def groove(
    folder: Path, soundfont: Path
) -> tuple[Signal, list[tuple[float, str, float]]]:
    """Return the song, (samples, 2) within -1 and 1, and its hits."""
    played = hits(np.random.default_rng(SEED))
    length = round((FIRST_BEAT_S + BARS * 240 / TEMPO_BPM + TAIL_SECONDS) * RATE)
    kit = drums(folder, played, length)
    kit /= np.max(np.abs(kit))
    kit = np.tanh(1.5 * (kit + 0.15 * room(kit)))
    others = band(soundfont, length)
    mix = kit + 10 ** (BAND_DB / 20) * _rms(kit) / _rms(others) * others
    mix *= np.clip((length - np.arange(length)) / (0.5 * RATE), 0, 1)[:, np.newaxis]
    return PEAK * mix / np.max(np.abs(mix)), played


def main(hits_folder: Path, soundfont: Path, folder: Path) -> None:
    """Write `groove.flac` and `groove.txt` into a folder."""
    mix, played = groove(hits_folder, soundfont)
    path = folder / "groove.flac"
    soundfile.write(path, mix, RATE, subtype="PCM_16", compression_level=1.0)
    lines = (f"{time:.4f}\t{drum}\n" for time, drum, _ in played)
    (folder / "groove.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    paths = [Path(text) for text in sys.argv[1:]]
    main(paths[0], paths[1], paths[2] if len(paths) > 2 else Path(__file__).parent)
