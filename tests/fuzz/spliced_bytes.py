"""Splices of binary files: chunks, pages and frames of sound, and graphs."""

from __future__ import annotations

import io
import random
import struct

import numpy as np
import soundfile

from tests.fuzz.spliced import SIZES, Make

Parts = list[bytes]


def _wave_parts(form: str, subtype: str, channels: int, rate: int) -> Parts:
    """Return the chunks of a small file, its head first."""
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (300, channels))
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    data, parts = file.getvalue(), [file.getvalue()[:12]]
    at = 12
    while at + 8 <= len(data):
        order = ">I" if form == "AIFF" else "<I"
        size = struct.unpack_from(order, data, at + 4)[0]
        end = min(len(data), at + 8 + size + size % 2)
        parts.append(data[at:end])
        at = end
    return parts


def sounds() -> Make:
    """Return a maker of WAV, RF64 and AIFF of mixed chunks and odd sizes."""
    seeds = [
        _wave_parts(*about)
        for about in (
            ("WAV", "PCM_16", 2, 44100), ("WAVEX", "FLOAT", 6, 48000),
            ("RF64", "PCM_24", 1, 8000), ("WAV", "PCM_U8", 1, 22050),
            ("AIFF", "PCM_16", 2, 44100),
        )
    ]  # fmt: skip
    bext = struct.pack("<4sI", b"bext", 602) + bytes(602)
    pool = [part for seed in seeds for part in seed[1:]] + [bext, b"LIST\4\0\0\0INFO"]

    def make(rng: random.Random) -> bytes:
        parts = list(rng.choice(seeds))
        for _ in range(rng.randrange(3)):
            at = rng.randrange(1, len(parts) + 1)
            parts[at : at + rng.randrange(2)] = [rng.choice(pool)]
        if rng.random() < 0.6:
            at = rng.randrange(len(parts))
            part = bytearray(parts[at])
            part[4:8] = struct.pack(rng.choice("<>") + "I", rng.choice(SIZES))
            parts[at] = bytes(part)
        data = b"".join(parts)
        return data[: rng.randrange(len(data))] if rng.random() < 0.2 else data

    return make


def streams() -> Make:
    """Return a maker of Ogg, MP3, FLAC, CAF and AU whose pages and frames move."""
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (4000, 2))
    pieces: list[Parts] = []
    for form, subtype, mark in (
        ("OGG", "VORBIS", b"OggS"), ("OGG", "OPUS", b"OggS"),
        ("MP3", "MPEG_LAYER_III", b"\xff\xfb"), ("FLAC", "PCM_16", b"\xff\xf8"),
        ("CAF", "PCM_16", b"data"), ("AU", "PCM_16", b"\0\0"),
    ):  # fmt: skip
        file = io.BytesIO()
        rate = 48000 if subtype == "OPUS" else 44100
        soundfile.write(file, samples, rate, format=form, subtype=subtype)
        first, *more = file.getvalue().split(mark)
        pieces.append([first, *(mark + part for part in more)])

    def make(rng: random.Random) -> bytes:
        parts = list(rng.choice(pieces))
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(parts))
            other = parts if rng.random() < 0.7 else rng.choice(pieces)
            parts[at : at + rng.randrange(2)] = [rng.choice(other)]
        data = bytearray(b"".join(parts))
        if rng.random() < 0.3 and data:
            at = rng.randrange(len(data))
            data[at : at + 4] = struct.pack(">I", rng.choice(SIZES))
        return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.2 else data)

    return make


def graphs(seed: bytes) -> Make:
    """Return a maker of TensorFlow Lite graphs with odd offsets, counts and shapes."""

    def make(rng: random.Random) -> bytes:
        data = bytearray(seed)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(data) // 4) * 4
            other = rng.randrange(len(data) // 4) * 4
            value = rng.choice([data[other : other + 4], rng.choice(SIZES)])
            data[at : at + 4] = (
                value if isinstance(value, bytearray) else struct.pack("<I", value)
            )
        return bytes(data)

    return make
