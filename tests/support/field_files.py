"""A sound of four seconds, and reading it together with its warnings."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from adt_plugins.audio import open_audio
from tests.support.audio import Floats, encode, music

SOUND = music(4.0)


PAIR = np.stack((SOUND, 0.5 * SOUND), axis=1)


class Pipe(io.BytesIO):
    """Content that can only be read from its beginning."""

    def seekable(self) -> bool:
        return False


def encoded(path: Path, codec: str) -> Floats:
    """Write `SOUND` by PyAV, and return the samples that are read back."""
    encode(path, SOUND, codec)
    return read(path)[0]


def read(path: Path | Pipe, **options: float) -> tuple[Floats, list[str]]:
    with open_audio(path, **options) as reader:  # type: ignore[arg-type]
        samples = np.concatenate(list(reader))
    return samples, reader.warnings


def patched(path: Path, changes: dict[int, bytes]) -> None:
    content = bytearray(path.read_bytes())
    for at, new in changes.items():
        content[at : at + len(new)] = new
    path.write_bytes(content)
