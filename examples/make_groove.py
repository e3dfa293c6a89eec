"""Synthesise `groove.flac`, a band playing for 20 seconds, and its labels.

Everything in it is computed here with NumPy from a fixed seed: drums, bass,
electric piano and the room. `groove.txt` holds the true time of each hit, one
``seconds<TAB>code`` a line.

Usage: ``python examples/make_groove.py [FOLDER]``
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

RATE = 44100
TEMPO_BPM = 104
BARS = 8
SEED = 7
PEAK = 0.5
TIMING_SPREAD_S = 0.004  # a steady human drummer
ROOM_SECONDS = 0.5
TAIL_SECONDS = 1.5

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


def _seconds(length: float) -> Signal:
    return np.arange(round(length * RATE)) / RATE


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


def _pitch(note: int) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def _glide(t: Signal, start: float, end: float, fall: float) -> Signal:
    """Sine that falls from `start` to `end` Hz with time constant `fall`."""
    phase = end * t + (start - end) * fall * (1 - np.exp(-t / fall))
    return np.sin(2 * np.pi * phase)


def kick(force: float, rng: np.random.Generator) -> Signal:
    """Bass drum: a falling sine and the click of the beater."""
    t = _seconds(0.45)
    body = _glide(t, 170, 52, 0.028) * np.exp(-t / 0.13)
    click = _filter(rng.standard_normal(len(t)), 1500, 5000) * np.exp(-t / 0.004)
    return np.tanh(1.6 * body + 1.2 * force * click)


def snare(force: float, rng: np.random.Generator) -> Signal:
    """Two modes of the head and the rattle of the wires."""
    t = _seconds(0.35)
    head = _glide(t, 230, 188, 0.01) * np.exp(-t / 0.07)
    head += 0.6 * _glide(t, 380, 331, 0.01) * np.exp(-t / 0.045)
    wires = _filter(rng.standard_normal(len(t)), 1400, 3000 + 5000 * force)
    return np.tanh(0.9 * head + 0.5 * wires * np.exp(-t / (0.05 + 0.06 * force)))


def tom(frequency: float) -> Callable[[float, np.random.Generator], Signal]:
    """Tom of a pitch in Hz."""

    def hit(force: float, rng: np.random.Generator) -> Signal:
        t = _seconds(0.6)
        body = _glide(t, 1.45 * frequency, frequency, 0.04) * np.exp(-t / 0.17)
        body += (
            0.3 * _glide(t, 2.4 * frequency, 1.6 * frequency, 0.03) * np.exp(-t / 0.06)
        )
        stick = _filter(rng.standard_normal(len(t)), 800, 4000) * np.exp(-t / 0.012)
        return np.tanh(1.3 * body + 0.5 * force * stick)

    return hit


def cymbal(
    seconds: float, low: float, partials: int, ring: float
) -> Callable[[float, np.random.Generator], Signal]:
    """Metal: a crowd of partials above `low` Hz, and noise that dies sooner."""

    def hit(force: float, rng: np.random.Generator) -> Signal:
        t = _seconds(4.5 * seconds)
        # The partials belong to the instrument, not to the hit.
        own = np.random.default_rng(partials)
        frequencies = low * 2 ** own.uniform(0, 4.6 - np.log2(low / 700), partials)
        decays = seconds * own.uniform(0.5, 1.2, partials) * (low / frequencies) ** 0.25
        sound = np.zeros(len(t))
        for frequency, decay in zip(frequencies, decays, strict=True):
            phase = rng.uniform(0, 2 * np.pi)
            sound += np.sin(2 * np.pi * frequency * t + phase) * np.exp(-t / decay)
        sound *= ring / np.sqrt(partials)
        noise = _filter(rng.standard_normal(len(t)), low, 6000 + 8000 * force)
        return _filter(sound + noise * np.exp(-t / (0.5 * seconds)), low, 15000)

    return hit


# Drum: sound, level in the mix, place in the stereo field (-1 left, 1 right).
KIT: dict[str, tuple[Callable[[float, np.random.Generator], Signal], float, float]] = {
    "KD": (kick, 0.85, 0.0),
    "SD": (snare, 0.85, 0.05),
    "CHH": (cymbal(0.045, 6000, 60, 0.7), 0.55, 0.35),
    "OHH": (cymbal(0.32, 5500, 60, 0.8), 0.42, 0.35),
    "RDC": (cymbal(0.55, 3500, 40, 1.1), 0.17, -0.35),
    "CRC": (cymbal(1.1, 1400, 90, 0.7), 0.36, -0.25),
    "HIT": (tom(150), 0.6, 0.2),
    "MHT": (tom(118), 0.6, 0.0),
    "LFT": (tom(82), 0.65, -0.3),
}


def hits(rng: np.random.Generator) -> list[tuple[float, str, float]]:
    """Time in seconds, drum and force 0-1 of every hit of the song."""
    step = 60 / TEMPO_BPM / 4
    found = []
    for bar, pattern in enumerate((*SONG, ENDING)):
        for drum, row in pattern.items():
            for column, sign in enumerate(row):
                if sign != ".":
                    time = 0.1 + (16 * bar + column) * step
                    time += rng.normal(0, TIMING_SPREAD_S)
                    force = (int(sign) + rng.uniform(-0.4, 0.4)) / 9
                    found.append((time, drum, float(np.clip(force, 0.1, 1))))
    return sorted(found)


def _add(mix: Signal, sound: Signal, time: float, pan: float) -> None:
    start = round(time * RATE)
    sound = sound[: len(mix) - start]
    mix[start : start + len(sound), 0] += sound * np.sqrt((1 - pan) / 2)
    mix[start : start + len(sound), 1] += sound * np.sqrt((1 + pan) / 2)


def drums(played: list[tuple[float, str, float]], length: int) -> Signal:
    """All hits as (samples, 2); a hi-hat is choked by the next one."""
    rng = np.random.default_rng(SEED + 1)
    mix = np.zeros((length, 2))
    for index, (time, drum, force) in enumerate(played):
        make, level, pan = KIT[drum]
        sound = level * force**1.3 * make(force, rng)
        if drum == "OHH":
            closing = (t for t, d, _ in played[index + 1 :] if d in ("CHH", "OHH"))
            held = next(closing, np.inf) - time
            t = np.arange(len(sound)) / RATE
            sound = sound * np.clip(1 - (t - held) / 0.015, 0, 1)
        _add(mix, sound, time, pan)
    return mix


def _fade(t: Signal, rise: float, fall: float) -> Signal:
    return np.asarray(np.clip(t / rise, 0, 1) * np.clip((t[-1] - t) / fall, 0, 1))


def bass(pitch: float, seconds: float) -> Signal:
    """A plucked string of a pitch in Hz."""
    t = _seconds(seconds)
    tone = np.zeros(len(t))
    for n in range(1, 9):
        tone += np.sin(2 * np.pi * n * pitch * t) * np.exp(-t * (2 + 2 * n)) / n
    return tone * _fade(t, 0.004, 0.03)


def piano(pitch: float) -> Signal:
    """An electric piano by frequency modulation, of a pitch in Hz."""
    t = _seconds(1.2)
    bell = 1.5 * np.exp(-t / 0.15) * np.sin(2 * np.pi * pitch * t)
    tone = np.sin(2 * np.pi * pitch * t + bell) * np.exp(-t / 0.45)
    return tone * _fade(t, 0.003, 0.05)


def band(length: int) -> Signal:
    """Bass and electric piano as (samples, 2)."""
    mix = np.zeros((length, 2))
    step = 60 / TEMPO_BPM / 4
    for bar in range(BARS + 1):
        last = bar == BARS
        low, chord = CHORDS[0 if last else bar % len(CHORDS)]
        start = 0.1 + 16 * bar * step
        for column, sign in enumerate(BASS_RHYTHM[:1] if last else BASS_RHYTHM):
            if sign != ".":
                tone = bass(_pitch(low - 12), 0.9 if last else 2.2 * step)
                _add(mix, 0.30 * int(sign) / 9 * tone, start + column * step, 0.0)
        for column in (0,) if last else (0, 6, 10):
            level = 0.085 if column == 0 else 0.055
            for place, note in enumerate(chord):
                pan = 0.6 * (place - 1)
                _add(mix, level * piano(_pitch(note)), start + column * step, pan)
    return mix


def room(dry: Signal) -> Signal:
    """Reverberation of a small room: noise that dies away, one per side."""
    rng = np.random.default_rng(SEED + 2)
    t = _seconds(ROOM_SECONDS)
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


def groove() -> tuple[Signal, list[tuple[float, str, float]]]:
    """Return the song, (samples, 2) within -1 and 1, and its hits."""
    played = hits(np.random.default_rng(SEED))
    length = round((0.1 + BARS * 240 / TEMPO_BPM + TAIL_SECONDS) * RATE)
    kit = drums(played, length)
    mix = np.tanh(1.2 * (kit + 0.18 * room(kit))) / 1.2 + band(length)
    mix *= np.clip((length - np.arange(length)) / (0.5 * RATE), 0, 1)[:, np.newaxis]
    return PEAK * mix / np.max(np.abs(mix)), played


def main(folder: Path) -> None:
    """Write `groove.flac` and `groove.txt` into a folder."""
    import soundfile

    mix, played = groove()
    path = folder / "groove.flac"
    soundfile.write(path, mix, RATE, subtype="PCM_16", compression_level=1.0)
    lines = (f"{time:.4f}\t{drum}\n" for time, drum, _ in played)
    (folder / "groove.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
