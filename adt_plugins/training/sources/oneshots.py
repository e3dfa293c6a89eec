"""Single drum hits: reading, trimming to the attack, tails and loudness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 44100
ATTACK_LEAD_S = 0.0005
LONGEST_S = {"CRC": 6.0, "SPC": 4.0, "CHC": 6.0, "RDC": 5.0, "RDB": 5.0, "OHH": 3.0}
LONGEST_OTHER_S = 2.0
RINGING = ("CRC", "CHC", "RDC", "RDB")

Samples = npt.NDArray[np.float32]


def read_mono(path: Path) -> Samples:
    """Read a file as mono at 44.1 kHz, shape (samples,), within ±1.

    The sides are averaged unless they cancel; then the louder side is taken.
    """
    import soundfile
    import soxr

    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = to_mono(audio)
    if rate != SAMPLE_RATE_HZ and mono.size:
        mono = soxr.resample(mono, rate, SAMPLE_RATE_HZ)
    return np.asarray(mono, dtype=np.float32)


def to_mono(audio: npt.NDArray[Any]) -> Samples:
    """Mix shape (samples, channels) down to (samples,)."""
    mean = audio.mean(axis=1)
    power = np.square(audio, dtype=np.float64).mean(axis=0)
    if np.square(mean, dtype=np.float64).mean() < 0.3 * power.max(initial=0.0):
        mean = audio[:, int(power.argmax())]
    return np.asarray(mean, dtype=np.float32)


def smooth_envelope(audio: Samples, window_s: float) -> Samples:
    """Return the mean magnitude in a centred window, shape (samples,)."""
    from scipy.ndimage import uniform_filter1d

    size = max(1, round(window_s * SAMPLE_RATE_HZ))
    return np.asarray(
        uniform_filter1d(np.abs(audio), size, mode="constant"), dtype=np.float32
    )


def attack_sample(audio: Samples) -> int:
    """Return the index at which a hit begins.

    It is the first point above a tenth of the peak that follows within 30 ms, minus
    half a millisecond, so that the rise of the attack is kept. If that is a noise
    before the hit (a pedal's movement, a hiss), it is the point that reaches a third of
    the peak instead.
    """
    envelope = smooth_envelope(audio, 0.0005)
    head = envelope[: SAMPLE_RATE_HZ // 2]
    rough = int(np.argmax(head > 0.1 * head.max(initial=0.0)))
    near = envelope[rough : rough + round(0.06 * SAMPLE_RATE_HZ)]
    peak = near[: round(0.03 * SAMPLE_RATE_HZ)].max(initial=0.0)
    first = int(np.argmax(near > 0.1 * peak))
    strong = int(np.argmax(near > 0.33 * near.max(initial=0.0)))
    if strong - first > round(0.01 * SAMPLE_RATE_HZ):
        # Go back to where the rise began.
        before = near[:strong][::-1] < 0.15 * near.max(initial=0.0)
        first = strong - int(np.argmax(before)) if before.any() else strong
    return max(0, rough + first - round(ATTACK_LEAD_S * SAMPLE_RATE_HZ))


def loudness(audio: Samples) -> float:
    """Return the RMS of the loudest 20 ms within the first 200 ms."""
    from scipy.ndimage import uniform_filter1d

    head = np.square(audio[: SAMPLE_RATE_HZ // 5], dtype=np.float64)
    if not head.size:
        return 0.0
    size = min(head.size, SAMPLE_RATE_HZ // 50)
    return float(np.sqrt(uniform_filter1d(head, size, mode="constant").max()))


def extend_tail(audio: Samples, length: int, rng: np.random.Generator) -> Samples:
    """Let a cymbal that was cut short ring on.

    Overlapping grains of its last part go on, at the decay measured there.
    """
    envelope = smooth_envelope(audio, 0.1)
    rate = SAMPLE_RATE_HZ
    end = audio.size - round(0.15 * rate)
    start = end - round(0.5 * rate)
    if start < round(0.2 * rate) or audio.size >= length:
        return audio
    level_start, level_end = float(envelope[start]), float(envelope[end])
    if level_end < 0.003 * float(envelope.max()) or level_start <= 0:
        return audio
    decay = min(-1.0, np.log(max(level_end, 1e-9) / level_start) / 0.5)
    grain = round(0.2 * rate)
    window = np.sin(np.pi * (np.arange(grain) + 0.5) / grain).astype(np.float32)
    tail = np.zeros(length + grain, dtype=np.float32)
    tail[:end] = audio[:end]
    hop = grain // 2
    seam = end - hop
    tail[seam:end] *= np.cos(np.linspace(0, np.pi / 2, hop)).astype(np.float32)
    for at in range(seam, length, hop):
        source = int(rng.integers(start - hop, end - grain))
        gain = np.exp(decay * (at - source) / rate)
        tail[at : at + grain] += (
            window * audio[source : source + grain] * np.float32(gain)
        )
    return tail[:length]


def prepare(audio: Samples, code: str, rng: np.random.Generator) -> Samples | None:
    """Trim a hit to its attack and its audible tail.

    Returns
    -------
    Samples or None
        Peak 0.95; None if the sample is silent, broken or too short.
    """
    if not audio.size or not np.isfinite(audio).all():
        return None
    audio = (
        audio - np.float32(audio.mean()) if abs(float(audio.mean())) > 1e-3 else audio
    )
    audio = audio[attack_sample(audio) :].copy()
    peak = float(np.abs(audio).max(initial=0.0))
    if peak < 2e-4 or audio.size < SAMPLE_RATE_HZ // 100:
        return None
    audio /= np.float32(peak / 0.95)
    longest = round(LONGEST_S.get(code, LONGEST_OTHER_S) * SAMPLE_RATE_HZ)
    if code in RINGING:
        audio = extend_tail(audio, longest, rng)
    audio = audio[:longest]
    envelope = smooth_envelope(audio, 0.02)
    audible = np.flatnonzero(envelope > 0.0006 * envelope.max())
    audio = audio[: int(audible[-1]) + 1 if audible.size else 0]
    if audio.size < SAMPLE_RATE_HZ // 100:
        return None
    lead, fade = (
        round(0.0003 * SAMPLE_RATE_HZ),
        min(audio.size // 3, SAMPLE_RATE_HZ // 20),
    )
    audio[:lead] *= np.linspace(0, 1, lead, dtype=np.float32)
    audio[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.asarray(audio, dtype=np.float32)
