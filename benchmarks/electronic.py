"""Accuracy on electronic music: a test set of drum machines and synthesisers.

Renders eight programmed pieces of 16 bars, each in another style, and measures the
shipped model on the drums alone and in the mix. The parts are in
`electronic_pieces.py`, the synthesisers are computed, the hits are those of sampled
drum machines (public domain), ``MACHINES`` being a folder with
``drum_machine_NAME/INSTRUMENT_01.flac``, and of two kits that are computed as well.
Everything depends on the seed alone. A clap counts as a snare: in these styles it has
the snare's place.

Usage: ``python benchmarks/electronic.py MACHINES [--keep FOLDER] [--json]``
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from electronic_pieces import CRASH_EVERY, PIECES, SAMPLED, Piece
from numpy.typing import NDArray

from adt_plugins import transcribe
from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.evaluation import evaluate
from adt_plugins.transcription import Transcription

Signal = NDArray[np.float64]

RATE = 44100
SEED = 11
BARS = 16
TAIL_S = 1.0
DRUMS = ("KD", "SD", "HH", "TT", "CY")


def _t(seconds: float) -> Signal:
    return np.arange(round(seconds * RATE)) / RATE


def _band(signal: Signal, low: float, high: float) -> Signal:
    """Keep `low` to `high` Hz, with slopes of 12 dB an octave."""
    frequency = np.fft.rfftfreq(len(signal), 1 / RATE)
    gain = 1 / (1 + (low / np.maximum(frequency, 1.0)) ** 2)
    gain /= 1 + (frequency / high) ** 2
    return np.asarray(np.fft.irfft(np.fft.rfft(signal) * gain, len(signal)))


def _kick(end: float, sweep: float, decay: float) -> Signal:
    t = _t(5 * decay)
    phase = end * t + sweep * 0.03 * (1 - np.exp(-t / 0.03))
    return np.asarray(np.tanh(2 * np.sin(2 * np.pi * phase) * np.exp(-t / decay)))


def _clap(rng: np.random.Generator) -> Signal:
    t = _t(0.3)
    bursts = sum(np.exp(-np.abs(t - at) / 0.003) for at in (0.003, 0.013, 0.023))
    noise = rng.standard_normal(len(t)) * (bursts + 0.6 * np.exp(-t / 0.07))
    return 2 * _band(noise, 700, 3500)


def _snare(rng: np.random.Generator) -> Signal:
    t = _t(0.3)
    head = np.sin(2 * np.pi * 185 * t) + 0.6 * np.sin(2 * np.pi * 330 * t)
    wires = _band(rng.standard_normal(len(t)), 1500, 9000)
    return np.tanh(head * np.exp(-t / 0.06) + wires * np.exp(-t / 0.09))


def _metal(seconds: float, low: float, rng: np.random.Generator) -> Signal:
    """Return six square waves and noise, as in the machines of the eighties."""
    t = _t(5 * seconds)
    tones = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)
    metal = sum(np.sign(np.sin(2 * np.pi * 2.1 * f * t)) for f in tones)
    sound = _band(metal + 2 * rng.standard_normal(len(t)), low, 14000)
    return 0.3 * sound * np.exp(-t / seconds)


def _tom(pitch: float) -> Signal:
    t = _t(0.5)
    phase = pitch * t + 0.4 * pitch * 0.05 * (1 - np.exp(-t / 0.05))
    return np.sin(2 * np.pi * phase) * np.exp(-t / 0.14)


def computed_kit(machine: str) -> dict[str, Signal]:
    """Return the hits of a machine whose circuits are imitated."""
    rng = np.random.default_rng(SEED)
    toms = {"HIT": _tom(165), "MHT": _tom(120), "LFT": _tom(85)}
    metal = {
        "CHH": _metal(0.03, 7000, rng),
        "OHH": _metal(0.2, 7000, rng),
        "CRC": _metal(0.7, 3500, rng),
    }
    if machine == "808":
        return {"KD": _kick(48, 60, 0.35), "SD": _clap(rng), **metal, **toms}
    return {
        "KD": _kick(52, 180, 0.12),
        "SD": 0.7 * _snare(rng) + _clap(rng),
        **metal,
        **toms,
    }


def sampled_kit(machine: str, folder: Path) -> dict[str, Signal]:
    """Return the hits of a sampled machine."""
    place = folder / f"drum_machine_{machine}"
    return {
        drum: soundfile.read(place / f"{name}_01.flac", dtype="float64")[0]
        for drum, name in SAMPLED[machine].items()
    }


def hits_of(piece: Piece) -> list[tuple[float, str, float]]:
    """Return time in seconds, drum and force (0-1) of every hit."""
    step = 60 / piece.bpm / 4
    sounds = []
    for bar in range(BARS):
        rows = piece.bars[bar % 4 == 3]  # the second kind ends each four
        if bar % CRASH_EVERY == 0:
            sounds.append((0.1 + 16 * bar * step, "CRC", 0.8))
        for drum, row in rows.items():
            for column, sign in enumerate(row):
                late = piece.swing * step * (column % 2)
                time = 0.1 + (16 * bar + column) * step + late
                if sign == "r":
                    sounds += [(time + k * step / 2, drum, 0.6) for k in range(2)]
                elif sign != ".":
                    sounds.append((time, drum, int(sign) / 9))
    return sorted(sounds)


def drums_of(
    piece: Piece, kit: dict[str, Signal], length: int
) -> tuple[Signal, list[tuple[float, str, float]]]:
    """Return the drums, and the hits that the machine has."""
    mix = np.zeros(length)
    played = [hit for hit in hits_of(piece) if hit[1] in kit]
    hats = [time for time, drum, _ in played if drum in ("CHH", "OHH")]
    for time, drum, force in played:
        sound = kit[drum] / np.max(np.abs(kit[drum]))
        level = {"KD": 1.0, "SD": 0.8, "CHH": 0.35, "OHH": 0.35, "CRC": 0.4}
        sound = level.get(drum, 0.7) * force * sound
        if drum == "OHH":
            held = min((h - time for h in hats if h > time + 0.01), default=9.0)
            t = np.arange(len(sound)) / RATE
            sound = sound * np.clip(1 - (t - held) / 0.01, 0, 1)
        start = round(time * RATE)
        mix[start : start + len(sound)] += sound[: length - start]
    return np.tanh(1.3 * mix / np.max(np.abs(mix))), played


def _saw(pitch: float, t: Signal) -> Signal:
    return 2 * ((pitch * t) % 1.0) - 1


def _hz(note: float) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def _acid(bar: int, step: float, rng: np.random.Generator) -> Signal:
    out = np.zeros(round(16 * step * RATE) + 1)
    for column in range(16):
        if rng.random() < 0.75:
            t = _t(step)
            tone = _saw(_hz(33 + int(rng.choice([0, 0, 3, 7, 12]))), t)
            tone = _band(tone, 30, float(rng.uniform(400, 3000))) * np.exp(-t / 0.12)
            at = round(column * step * RATE)
            out[at : at + len(tone)] += tone[: len(out) - at]
    return out


def _chords(bar: int, step: float, columns: tuple[int, ...], decay: float) -> Signal:
    out = np.zeros(round(16 * step * RATE) + 1)
    root = (57, 53, 60, 55)[bar % 4]
    for column in columns:
        t = _t(min(4 * decay, 16 * step))
        pitches = [_hz(root + k) * d for k in (0, 4, 7) for d in (1.0, 1.006)]
        tone = np.sum([_saw(pitch, t) for pitch in pitches], axis=0)
        tone = _band(tone, 150, 3000) * np.exp(-t / decay)
        at = round(column * step * RATE)
        out[at : at + len(tone)] += tone[: len(out) - at]
    t = np.arange(len(out)) / RATE
    return 0.2 * out + 0.5 * _band(_saw(_hz(root - 24), t), 30, 400)


def _reese(bar: int, step: float) -> Signal:
    t = np.arange(round(16 * step * RATE) + 1) / RATE
    root = _hz((33, 33, 36, 31)[bar % 4])
    tone = np.sum([_saw(root * d, t) for d in (0.993, 1.0, 1.008)], axis=0)
    return _band(tone, 30, 900)


def synths_of(piece: Piece, length: int, kicks: list[float]) -> Signal:
    """Return the synthesisers, ducked by the kick as usual."""
    rng = np.random.default_rng([SEED, len(piece.synth)])
    step = 60 / piece.bpm / 4
    players: dict[str, Callable[[int], Signal]] = {
        "acid": lambda bar: _acid(bar, step, rng),
        "stabs": lambda bar: _chords(bar, step, (2, 6, 10, 13), 0.12),
        "keys": lambda bar: _chords(bar, step, (0, 7, 10), 0.4),
        "pad": lambda bar: _chords(bar, step, (0,), 2.0),
        "reese": lambda bar: _reese(bar, step),
    }
    out = np.zeros(length)
    for bar in range(BARS):
        sound = players[piece.synth](bar)
        at = round((0.1 + 16 * bar * step) * RATE)
        out[at : at + len(sound)] += sound[: length - at]
    t = np.arange(length) / RATE
    duck = np.ones(length)
    for time in kicks:
        at = round(time * RATE)
        part = t[at : at + RATE // 4] - time
        duck[at : at + RATE // 4] = np.minimum(duck[at : at + RATE // 4], part / 0.2)
    return out * np.clip(0.25 + 0.75 * duck, 0, 1)


def render(machines: Path) -> dict[str, tuple[Signal, Signal, Transcription]]:
    """Return drums, mix and reference of every piece."""
    made = {}
    for name, piece in PIECES.items():
        length = round((0.1 + BARS * 240 / piece.bpm + TAIL_S) * RATE)
        sampled = piece.machine in SAMPLED
        kit = (
            sampled_kit(piece.machine, machines)
            if sampled
            else computed_kit(piece.machine)
        )
        drums, played = drums_of(piece, kit, length)
        synths = synths_of(piece, length, [t for t, d, _ in played if d == "KD"])
        loudness = np.sqrt(np.mean(drums**2) / np.mean(synths**2))
        mix = drums + 0.7 * loudness * synths
        onsets = tuple(
            Onset(t, Drum(d), max(1, round(127 * f)), 1.0) for t, d, f in played
        )
        top = np.max(np.abs(mix))
        made[name] = (0.8 * drums / top, 0.8 * mix / top, Transcription(onsets))
    return made


def measure(made: dict[str, tuple[Signal, Signal, Transcription]]) -> dict[str, Any]:
    """Return F of every piece and of all together, at 50 ms."""
    report: dict[str, Any] = {}
    counts: dict[tuple[str, str], NDArray[np.int_]] = {}
    for name, (drums, mix, reference) in made.items():
        row: dict[str, float] = {}
        for kind, sound in (("drums", drums), ("mix", mix)):
            song = transcribe((sound.astype(np.float32), RATE))
            for drum in DRUMS:
                score = evaluate(reference, song, [drum], [0.05]).score()
                pools = [drum, "five drums"] + ["three drums"] * (drum in DRUMS[:3])
                for pool in pools:
                    sums = counts.setdefault((kind, pool), np.zeros(3, int))
                    sums += (score.matched, score.false, score.missed)
            whole = evaluate(reference, song, list(DRUMS), [0.05]).score()
            row[kind] = whole.f or 0.0
        report[name] = row
    for (kind, what), (matched, false, missed) in counts.items():
        f = 2 * matched / max(1, 2 * matched + false + missed)
        report.setdefault(f"all: {what}", {})[kind] = float(f)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("machines", type=Path)
    parser.add_argument("--keep", type=Path, help="write the recordings there, too")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    made = render(args.machines)
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
        for name, (drums, mix, reference) in made.items():
            for kind, sound in (("drums", drums), ("mix", mix)):
                soundfile.write(args.keep / f"{name}.{kind}.flac", sound, RATE)
            lines = (f"{hit.time:.4f}\t{hit.drum}\n" for hit in reference)
            (args.keep / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
    report = measure(made)
    if args.json:
        print(json.dumps(report, indent=1))
        return
    print(f"{'':18} drums    mix")
    for name, row in report.items():
        print(f"{name:18} {row['drums']:.3f}  {row['mix']:.3f}")


if __name__ == "__main__":
    main()
