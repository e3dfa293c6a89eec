"""A recording in chunks for a browser: the samples of the network, in stereo."""

from __future__ import annotations

import io
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio import SAMPLE_RATE
from adt_plugins.audio.channels import ChannelReader
from adt_plugins.audio.opening import AudioSource
from adt_plugins.audio.resample import open_resampler
from adt_plugins.base.forking import in_child
from adt_plugins.errors import AdtError
from adt_plugins.transcription import Transcription

CHUNK = 5 * SAMPLE_RATE
"""Samples of a chunk; short, since playback waits for the first one."""

QUALITIES = ("lossless", "small")

# Lossy codecs distort both ends of a chunk, so it is sent with this many extra samples
# at each end, which the browser discards.
_MARGIN = 2205

# The longest duration to trust a transcription's word for.
_BELIEVED_S = 12 * 3600.0

_16 = 1 << 15
_24 = 1 << 23


class Sound:
    """A recording as FLAC or Vorbis, encoded in chunks as they are requested.

    The samples are those of the network before its channels are averaged: same
    decoder, same resampler, same first sample.

    Parameters
    ----------
    source
        See `adt_plugins.audio.open_audio`.
    quality
        ``"lossless"`` or ``"small"``.
    duration
        Seconds to offer; None: all, which has to be decoded to be counted if the file
        does not state its length.
    """

    def __init__(
        self,
        source: AudioSource,
        quality: str = "lossless",
        duration: float | None = None,
    ) -> None:
        if quality not in QUALITIES:
            raise ValueError(f"no quality {quality!r}; there are {QUALITIES}")
        self.quality = quality
        self._source = source
        self._lock = threading.Lock()
        # An hour of FLAC may be 400 MB: on disk, not in memory.
        self._store = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this
        self._index: list[tuple[int, int]] = []
        _sounds.add(self)
        self._blocks: Iterator[NDArray[np.float32]]
        self._begin()
        frames = self._reader.info.frames
        if frames is not None:
            length = frames / self._reader.info.sample_rate
            # A transcription may claim to be longer than the recording.
            duration = length if duration is None else min(duration, length)
        if duration is None or duration > _BELIEVED_S:
            everything = list(self._blocks)
            duration = sum(map(len, everything)) / SAMPLE_RATE
            self._blocks = iter(everything)
        self.samples = round(duration * SAMPLE_RATE)

    def _begin(self) -> None:
        """Open the recording at its first chunk."""
        self._reader = ChannelReader(self._source)
        self.channels = min(self._reader.channels, 2)
        if self._reader.channels > 2:
            self.channels = 1  # their mean, which is what the network read
        self._blocks = _stereo(self._reader, self.channels)
        self._waiting = np.zeros((0, self.channels), np.float32)
        self._tail = np.zeros((0, self.channels), np.float32)
        self._following: int | None = 0  # next chunk; None: after an interruption

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.samples / SAMPLE_RATE

    @property
    def margin(self) -> int:
        """Extra samples at each end of a chunk."""
        return _MARGIN if self.quality == "small" else 0

    def __len__(self) -> int:
        return (self.samples + CHUNK - 1) // CHUNK

    def describe(self) -> dict[str, int]:
        """Return the description of the chunks that a browser needs."""
        return {
            "chunk": CHUNK,
            "samples": self.samples,
            "margin": self.margin,
            "channels": self.channels,
        }

    def chunk(self, number: int) -> bytes:
        """Return a chunk as the content of a FLAC or Ogg file.

        Earlier chunks are encoded first and kept, since only reading from the beginning
        gives the samples that the network got.
        """
        if not 0 <= number < len(self):
            raise AdtError(f"chunk {number} of a recording with {len(self)}")
        with self._lock:
            while len(self._index) <= number:
                data = _encode(self._piece(len(self._index)), self.quality)
                end = self._store.seek(0, io.SEEK_END)
                self._store.write(data)
                self._index.append((end, len(data)))
            start, length = self._index[number]
            self._store.seek(start)
            return self._store.read(length)

    def close(self) -> None:
        """Close the recording, and discard its chunks."""
        self._reader.close()
        self._store.close()

    def _piece(self, number: int) -> NDArray[np.float32]:
        """Return the samples of a chunk; start over after an interruption.

        A reader that was interrupted would return silence.
        """
        if self._following is None or self._following > number:
            self._reader.close()
            self._begin()
        following, self._following = self._following or 0, None
        for passed in range(following, number):
            self._samples(passed)
        samples = self._samples(number)
        self._following = number + 1
        return samples

    def _samples(self, number: int) -> NDArray[np.float32]:
        """Return the next chunk with its margins, padded with zeros."""
        length = min(CHUNK, self.samples - number * CHUNK)
        need = length + self.margin
        while len(self._waiting) < need:
            block = next(self._blocks, None)
            if block is None:
                missing = need - len(self._waiting)
                block = np.zeros((missing, self.channels), np.float32)
            self._waiting = np.concatenate((self._waiting, block))
        if not number:
            self._tail = np.zeros((self.margin, self.channels), np.float32)
        result = np.concatenate((self._tail, self._waiting[:need]))
        self._tail = result[length : length + self.margin]
        self._waiting = self._waiting[length:]
        return result


_sounds: weakref.WeakSet[Sound] = weakref.WeakSet()


def _renew() -> None:
    """Begin all sounds again: what the parent did is unfinished, its file shared."""
    for sound in list(_sounds):
        sound._lock, sound._following = threading.Lock(), None
        sound._store, sound._index = tempfile.TemporaryFile(), []  # noqa: SIM115


in_child(_renew)


def duration_of(transcription: Transcription) -> float | None:
    """Return the seconds from the recording's start to the transcription's end."""
    source = transcription.source
    return None if source.duration is None else source.offset + source.duration


def _stereo(reader: ChannelReader, channels: int) -> Iterator[NDArray[np.float32]]:
    """Yield blocks of shape (n, channels) at 44.1 kHz."""
    rate = reader.info.sample_rate

    def mixed() -> Iterator[NDArray[np.float32]]:
        for block in reader:
            if block.shape[1] == channels:
                yield block
            else:
                yield block.mean(axis=1, keepdims=True)

    if rate == SAMPLE_RATE:
        yield from mixed()
        return
    resampler = open_resampler(rate, SAMPLE_RATE, channels)
    for block in mixed():
        yield resampler.resample_chunk(np.ascontiguousarray(block))
    nothing = np.zeros((0, channels), np.float32)
    yield resampler.resample_chunk(nothing, last=True)


def _encode(samples: NDArray[np.float32], quality: str) -> bytes:
    from adt_plugins.audio.sound_file import write_sound

    if quality == "small":
        form, subtype = "OGG", "VORBIS"
        data: NDArray[Any] = np.clip(samples, -1, 1)
    else:
        form, subtype = "FLAC", "PCM_16"
        scaled = samples.astype(np.float64) * _16
        if np.all(scaled == np.rint(scaled)):
            data = np.clip(scaled, -_16, _16 - 1).astype(np.int16)
        else:
            subtype = "PCM_24"
            whole = np.rint(samples.astype(np.float64) * _24)
            data = np.clip(whole, -_24, _24 - 1).astype(np.int32) << 8
    with tempfile.TemporaryDirectory(prefix="adt-sound-") as folder:
        path = Path(folder, "piece")
        write_sound(
            path,
            [data],
            sample_rate=SAMPLE_RATE,
            channels=data.shape[1],
            form=form,
            subtype=subtype,
        )
        return path.read_bytes()
