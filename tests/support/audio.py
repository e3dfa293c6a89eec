"""Audio for tests, made on the spot: nothing recorded, nothing random twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 44100

Floats = NDArray[np.float32]


def noise(samples: int, *, seed: int = 0, level: float = 0.3) -> Floats:
    """White noise, shape (samples,)."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(samples)).astype(np.float32)


def impulses(samples: int, *, every: int = 5000, level: float = 1.0) -> Floats:
    """Single samples of full scale, shape (samples,), the first at sample 100."""
    out = np.zeros(samples, np.float32)
    out[100::every] = level
    return out


def music(seconds: float, *, rate: int = RATE, seed: int = 1) -> Floats:
    """Something like music: a falling kick, a noisy snare, hats and a chord."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * rate)
    time = np.arange(samples) / rate
    out = np.zeros(samples)
    for pitch in (220.0, 277.2, 329.6, 440.0):
        out += 0.03 * np.sin(2 * np.pi * pitch * time)
    for beat in range(int(seconds * 4)):
        age = time - beat / 4
        on = age >= 0
        if beat % 4 == 0:
            phase = 2 * np.pi * (50 * age - 4 * np.exp(-30 * age * on))
            out += on * 0.6 * np.sin(phase) * np.exp(-12 * age * on)
        if beat % 4 == 2:
            out += on * 0.2 * rng.standard_normal(samples) * np.exp(-25 * age * on)
        hat = np.diff(rng.standard_normal(samples + 1))
        out += on * 0.06 * hat * np.exp(-70 * age * on)
    return np.clip(out, -0.99, 0.99).astype(np.float32)


def sweep(seconds: float, *, rate: int = RATE) -> Floats:
    """A tone that rises from 100 to 3000 Hz: only one shift fits it."""
    time = np.arange(round(seconds * rate)) / rate
    phase = 100.0 * time + 0.5 * 2900.0 / seconds * time**2
    return (0.5 * np.sin(2 * np.pi * phase)).astype(np.float32)


def lag(samples: Floats, reference: Floats) -> int:
    """By how many samples `samples` comes later than `reference`."""
    size = 1 << (len(samples) + len(reference)).bit_length()
    spectrum = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(reference, size))
    best = int(np.argmax(np.fft.irfft(spectrum, size)))
    return best - size if best > size // 2 else best


def encode(
    path: Path,
    samples: Floats,
    codec: str,
    *,
    rate: int = RATE,
    delay: float = 0.0,
    video: bool = False,
    options: dict[str, str] | None = None,
    quality: int | None = None,
    layout: str = "stereo",
) -> None:
    """Write samples of shape (n,) by PyAV, perhaps beside a video.

    `delay` in seconds is when the sound starts; `quality`, 0-9 for MP3, asks for
    a variable bit rate.
    """
    import av

    with av.open(str(path), "w", options=options or {}) as container:
        pictures = container.add_stream("mpeg4", rate=5) if video else None
        stream = container.add_stream(codec, rate=rate, layout=layout)
        if codec == "wmav2":
            stream.bit_rate = 128_000  # it has no default
        if quality is not None:
            scale = 118  # FFmpeg's FF_QP2LAMBDA
            stream.options = {
                "flags": "+qscale",
                "global_quality": f"{scale * quality}",
            }
        if pictures is not None:
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            picture = av.VideoFrame.from_ndarray(
                np.zeros((64, 64, 3), np.uint8), format="rgb24"
            )
            for index in range(round(5 * len(samples) / rate) + 1):
                picture.pts = index
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        stereo = np.stack((samples, samples))
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, rate, frame_size=size
        )
        frame = av.AudioFrame.from_ndarray(stereo, format="fltp", layout="stereo")
        frame.sample_rate = rate
        frame.pts = round(delay * rate)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def damage(path: Path, original: Path, share: float = 0.5, length: int = 3000) -> None:
    """Copy a file with random bytes in the place of some of its own."""
    content = bytearray(original.read_bytes())
    at = round(len(content) * share)
    rubbish = np.random.default_rng(0).integers(0, 256, length, dtype=np.uint8)
    content[at : at + length] = rubbish.tobytes()
    path.write_bytes(content)


MUSIC = music(10.0)
STEREO = np.stack((MUSIC, 0.5 * MUSIC), axis=1)
MONO = 0.75 * MUSIC


def write_files(folder: Path) -> None:
    """Write `STEREO` in the formats that libsndfile reads."""
    import soundfile

    for name in ("wav", "flac", "ogg", "mp3", "aiff", "w64", "caf", "au"):
        soundfile.write(folder / f"a.{name}", STEREO, RATE)
    for subtype in ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"):
        soundfile.write(folder / f"{subtype}.wav", STEREO, RATE, subtype=subtype)


def write_av_files(folder: Path) -> None:
    """Write a `sweep` of ten seconds in the formats that PyAV reads."""
    at_44, at_48 = sweep(10.0), sweep(10.0, rate=48000)
    encode(folder / "a.m4a", at_44, "aac")
    encode(folder / "alac.m4a", at_44, "alac")
    encode(folder / "a.aac", at_44, "aac")
    encode(folder / "48000.m4a", at_48, "aac", rate=48000)
    encode(folder / "a.mp4", at_44, "aac", video=True)
    encode(folder / "a.mkv", at_48, "libopus", rate=48000, video=True)
    encode(folder / "a.webm", at_48, "libopus", rate=48000)
    encode(folder / "late.mp4", at_44, "aac", video=True, delay=0.5)
    encode(folder / "late.mkv", at_48, "flac", rate=48000, video=True, delay=0.5)
    encode(folder / "a.mp3", at_44, "libmp3lame")
    bare = {"write_xing": "0", "id3v2_version": "0"}
    encode(folder / "bare.mp3", at_44, "libmp3lame", options=bare)
