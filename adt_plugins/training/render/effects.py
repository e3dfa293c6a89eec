"""Effects for buses; every one leaves the direct sound at its time.

All take and return mono samples at 44.1 kHz, shape (samples,).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from adt_plugins.training.sources.oneshots import (
    SAMPLE_RATE_HZ,
    Samples,
    smooth_envelope,
)

BLOCK = 64


def _sos(audio: Samples, sections: npt.NDArray[np.float64]) -> Samples:
    from scipy.signal import sosfilt

    return np.asarray(sosfilt(sections, audio), dtype=np.float32)


def low_pass(audio: Samples, cutoff_hz: float, order: int = 2) -> Samples:
    """Apply a Butterworth low-pass."""
    from scipy.signal import butter

    cutoff = min(cutoff_hz, 0.45 * SAMPLE_RATE_HZ)
    return _sos(audio, butter(order, cutoff, "low", fs=SAMPLE_RATE_HZ, output="sos"))


def high_pass(audio: Samples, cutoff_hz: float, order: int = 2) -> Samples:
    """Apply a Butterworth high-pass."""
    from scipy.signal import butter

    return _sos(
        audio, butter(order, cutoff_hz, "high", fs=SAMPLE_RATE_HZ, output="sos")
    )


def bell_section(
    centre_hz: float, gain_db: float, quality: float
) -> npt.NDArray[np.float64]:
    """Return one bell of a parametric equaliser as a second-order section."""
    amplitude = 10 ** (gain_db / 40)
    omega = 2 * np.pi * centre_hz / SAMPLE_RATE_HZ
    alpha = np.sin(omega) / (2 * quality)
    cosine = -2 * np.cos(omega)
    b = np.array([1 + alpha * amplitude, cosine, 1 - alpha * amplitude])
    a = np.array([1 + alpha / amplitude, cosine, 1 - alpha / amplitude])
    section: npt.NDArray[np.float64] = np.concatenate([b, a])[None, :] / a[0]
    return section


def equalise(audio: Samples, bells: list[tuple[float, float, float]]) -> Samples:
    """Apply bells, each (centre in Hz, gain in dB, quality)."""
    if not bells:
        return audio
    return _sos(audio, np.concatenate([bell_section(*bell) for bell in bells]))


def random_equalise(
    audio: Samples, rng: np.random.Generator, depth_db: float
) -> Samples:
    """Apply two to four wide bells at random places."""
    bells = [
        (
            float(np.exp(rng.uniform(np.log(60), np.log(14000)))),
            float(rng.normal(0, depth_db)),
            float(rng.uniform(0.3, 1.5)),
        )
        for _ in range(int(rng.integers(2, 5)))
    ]
    return equalise(audio, bells)


def compress(
    audio: Samples, threshold_db: float, ratio: float, attack_s: float, release_s: float
) -> Samples:
    """Apply a feed-forward compressor; the threshold is relative to the peak."""
    count = -(-audio.size // BLOCK)
    padded = np.pad(np.abs(audio), (0, count * BLOCK - audio.size)).reshape(
        count, BLOCK
    )
    peaks = padded.max(axis=1)
    level_db = 20 * np.log10(np.maximum(peaks / max(1e-9, float(peaks.max())), 1e-5))
    wanted = np.maximum(0.0, level_db - threshold_db) * (1 - 1 / ratio)
    attack = float(np.exp(-BLOCK / (attack_s * SAMPLE_RATE_HZ)))
    release = float(np.exp(-BLOCK / (release_s * SAMPLE_RATE_HZ)))
    reduction = np.empty(count)
    state = 0.0
    for index, target in enumerate(wanted.tolist()):
        keep = attack if target > state else release
        state = keep * state + (1 - keep) * target
        reduction[index] = state
    centres = (np.arange(count) + 0.5) * BLOCK
    gain = np.interp(np.arange(audio.size), centres, 10 ** (-reduction / 20))
    return np.asarray(audio * gain, dtype=np.float32)


def saturate(audio: Samples, drive: float, *, asymmetry: float = 0.0) -> Samples:
    """Clip softly after scaling the peak to ``drive``, and restore the peak."""
    peak = float(np.abs(audio).max(initial=0.0))
    if peak <= 0:
        return audio
    shaped = np.tanh(audio * np.float32(drive / peak) + np.float32(asymmetry))
    shaped -= np.float32(np.tanh(asymmetry))
    return np.asarray(
        shaped * np.float32(peak / max(1e-6, np.abs(shaped).max())), np.float32
    )


def synthetic_room(rng: np.random.Generator) -> Samples:
    """Return the impulse response of a small room, without direct sound, energy 1."""
    decay_s = float(np.exp(rng.uniform(np.log(0.08), np.log(0.9))))
    length = round(1.3 * decay_s * SAMPLE_RATE_HZ)
    times = np.arange(length) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(length) * 10 ** (-3 * times / decay_s)
    gap = round(rng.uniform(0.002, 0.015) * SAMPLE_RATE_HZ)
    tail[:gap] = 0
    for _ in range(int(rng.integers(3, 9))):
        tail[int(rng.integers(gap, max(gap + 1, length // 3)))] += rng.normal(0, 6)
    dark = low_pass(tail.astype(np.float32), float(np.exp(rng.uniform(7.3, 9.3))), 1)
    energy = np.float32(np.sqrt(np.square(dark).sum()) + 1e-9)
    return np.asarray(dark / energy, dtype=np.float32)


def read_rooms(folder: Path) -> list[Samples]:
    """Read measured rooms: the tails after the direct sound, energy 1, up to 2.5 s."""
    import soundfile
    import soxr

    rooms = []
    for path in sorted(folder.glob("*.wav")):
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        first = np.asarray(soxr.resample(audio[:, 0], rate, SAMPLE_RATE_HZ), np.float32)
        direct = int(np.abs(first).argmax())
        tail = first[direct : direct + round(2.5 * SAMPLE_RATE_HZ)].copy()
        # The direct sound is added dry, so that it keeps its time.
        tail[: round(0.0025 * SAMPLE_RATE_HZ)] = 0
        rooms.append(tail / np.float32(np.sqrt(np.square(tail).sum()) + 1e-9))
    return rooms


def add_room(audio: Samples, room: Samples, level_db: float) -> Samples:
    """Add a room at a level relative to the direct sound."""
    from scipy.signal import oaconvolve

    wet = oaconvolve(audio, room)[: audio.size]
    scale = np.sqrt(np.square(audio).mean() / max(1e-20, np.square(wet).mean()))
    return np.asarray(
        audio + wet * np.float32(scale * 10 ** (level_db / 20)), np.float32
    )


def choose_room(rooms: list[Samples], rng: np.random.Generator) -> Samples:
    """Return a measured or synthetic room, often shortened and darkened."""
    if rooms and rng.random() < 0.4:
        room = rooms[int(rng.integers(len(rooms)))]
        decay = float(rng.uniform(0, 12))
        room = room * np.exp(-decay * np.arange(room.size) / SAMPLE_RATE_HZ).astype(
            np.float32
        )
        audible = np.flatnonzero(smooth_envelope(room, 0.01) > 1e-5)
        room = room[: int(audible[-1]) + 1 if audible.size else room.size]
        return low_pass(room, float(np.exp(rng.uniform(7.6, 9.7))), 1)
    return synthetic_room(rng)


def drum_bus(audio: Samples, rooms: list[Samples], rng: np.random.Generator) -> Samples:
    """Apply the effects between a drum kit and a record."""
    if rng.random() < 0.35:  # a second, later microphone
        delay = round(rng.uniform(0.0003, 0.003) * SAMPLE_RATE_HZ)
        later = np.pad(audio, (delay, 0))[: audio.size]
        filtered = (high_pass if rng.random() < 0.7 else low_pass)(
            later, float(np.exp(rng.uniform(5.5, 7.5))), 1
        )
        audio = audio + filtered * np.float32(rng.uniform(0.1, 0.5))
    if rng.random() < 0.6:
        level_db = float(np.clip(rng.normal(-15, 6), -30, -2))
        audio = add_room(audio, choose_room(rooms, rng), level_db)
    if rng.random() < 0.6:
        audio = random_equalise(audio, rng, 3.5)
    if rng.random() < 0.5:
        heavy = rng.random() < 0.3
        audio = compress(
            audio,
            float(rng.uniform(-35, -20) if heavy else rng.uniform(-22, -8)),
            float(rng.uniform(5, 20) if heavy else rng.uniform(1.5, 5)),
            float(rng.uniform(0.0005, 0.03)),
            float(rng.uniform(0.03, 0.35)),
        )
    if rng.random() < 0.4:
        drive = float(
            np.exp(rng.uniform(np.log(0.7), np.log(8 if rng.random() < 0.25 else 3)))
        )
        audio = saturate(audio, drive, asymmetry=float(rng.uniform(0, 0.2)))
    return medium(audio, rng)


def medium(audio: Samples, rng: np.random.Generator) -> Samples:
    """Apply band limits and noise of the medium that a recording went through."""
    choice = rng.random()
    if choice < 0.2:
        audio = low_pass(audio, float(rng.uniform(11000, 16500)), 8)
    elif choice < 0.26:
        audio = low_pass(audio, float(rng.uniform(4500, 9000)), 4)
    if rng.random() < 0.15:
        audio = high_pass(audio, float(rng.uniform(40, 180)))
    if rng.random() < 0.3:
        peak = float(np.abs(audio).max(initial=0.0))
        noise = rng.standard_normal(audio.size, dtype=np.float32)
        if rng.random() < 0.5:
            noise = low_pass(noise, 2000.0, 1)
        audio = audio + noise * np.float32(peak * 10 ** (rng.uniform(-85, -55) / 20))
    return audio


def to_int16(audio: Samples, peak: float = 0.9) -> npt.NDArray[np.int16]:
    """Scale the peak and round; silence stays silence."""
    loudest = float(np.abs(audio).max(initial=0.0))
    scale = 32767 * peak / loudest if loudest > 1e-7 else 0.0
    return np.round(audio * scale).astype(np.int16)
