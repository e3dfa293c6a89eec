"""Decoding by PyAV: AAC, and the sound of videos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.decoder import BLOCK, Mixer
from adt_plugins.audio.sniff import Kind
from adt_plugins.errors import AudioError, MissingDependencyError

if TYPE_CHECKING:
    import av

_MICROSECONDS = 1_000_000  # a container counts in them

# Containers round times to milliseconds and more; no video is cut that exactly.
_LATE_SECONDS = 0.02

# Sound decoded before a seek's target and dropped.
_PREROLL_SECONDS = 1.0


class PyAvDecoder:
    """A file that PyAV reads.

    If the sound of a video starts after its pictures, silence is put before it:
    times count from the beginning of the video.

    Parameters
    ----------
    file
        Open at any position; it stays open.
    kind
        Of this file, as `sniff` told it.

    Raises
    ------
    AudioError
        If PyAV cannot read it, or there is no sound in it.
    MissingDependencyError
        If PyAV is not installed.
    """

    def __init__(self, file: BinaryIO, kind: Kind) -> None:
        try:
            import av
        except ImportError as error:
            raise MissingDependencyError.of(
                f"reading {kind.name}", "PyAV", "av"
            ) from error
        self._kind = kind
        self._error = av.FFmpegError
        file.seek(0)
        try:
            self._container = av.open(file, mode="r", metadata_errors="replace")
        except self._error as error:
            raise AudioError(f"not {kind.name} that can be read") from error
        if not self._container.streams.audio:
            self.close()
            raise AudioError("no audio stream")
        self._stream = stream = self._container.streams.audio[0]
        # A stream of a codec that FFmpeg does not know has neither.
        self.sample_rate = int(getattr(stream, "rate", None) or 0)
        self.channels = int(getattr(stream, "channels", None) or 0)
        if not self.sample_rate or not self.channels:
            self.close()
            raise AudioError("its audio stream cannot be decoded")
        self.frames = self.expected = self._count_frames()
        self.warnings: list[str] = []
        self.mixing = Mixer
        self.bits: int | None = None
        self._failures = 0

    def _count_frames(self) -> int | None:
        stream = self._stream
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        elif self._container.duration is not None:
            seconds = self._container.duration / _MICROSECONDS
        else:
            return None
        return round(seconds * self.sample_rate)

    def blocks(self, first: int) -> Iterator[NDArray[np.float32]]:
        """See `Decoder`."""
        parts: list[NDArray[np.float32]] = []
        gathered = 0
        for part in self._parts(first):
            parts.append(part)
            gathered += len(part)
            # A frame has some thousand samples: too few to be worth passing on.
            if gathered * 44100 >= BLOCK * self.sample_rate:
                yield np.concatenate(parts)
                parts, gathered = [], 0
        if parts:
            yield np.concatenate(parts)
        if self._failures:
            self.warnings.append(f"damaged: {self._failures} packets were left out")

    def _parts(self, first: int) -> Iterator[NDArray[np.float32]]:
        """Decode frame by frame, from sample `first` on."""
        frames = self._decode()
        try:
            frame = next(frames)
        except StopIteration:
            return
        mixer = self.mixing(_samples(frame).dtype)
        origin = frame.pts or 0
        position = 0
        silence = self._silence_before(origin)
        if silence:
            position = silence
            if first < silence:
                nothing = np.zeros((silence - first, self.channels), np.float32)
                yield self.mixing(nothing.dtype)(nothing)
        target = first - silence - round(_PREROLL_SECONDS * self.sample_rate)
        if target > 0 and self._can_seek():
            frames = self._seek(origin + target)
            frame = next(frames)
            position = silence + (frame.pts or 0) - origin
        while True:
            if frame.sample_rate != self.sample_rate:
                raise AudioError("its sample rate changes")
            samples = mixer(_samples(frame))
            skip = max(0, first - position)
            position += len(samples)
            if skip < len(samples):
                yield samples[skip:]
            try:
                frame = next(frames)
            except StopIteration:
                return

    def _decode(self) -> Iterator[av.AudioFrame]:
        """Decode packet by packet, and leave out those that fail."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except self._error:
                self._failures += 1
                return
            try:
                yield from packet.decode()
            except self._error:
                self._failures += 1

    def _silence_before(self, origin: int) -> int:
        """Return by how many samples the sound starts after the pictures."""
        start = self._container.start_time
        if start is None or self._stream.time_base is None:
            return 0
        if not self._container.streams.video:
            return 0  # as WMA's first time, which is not when its sound starts
        late = float(origin * self._stream.time_base) - start / _MICROSECONDS
        return round(late * self.sample_rate) if late > _LATE_SECONDS else 0

    def _can_seek(self) -> bool:
        """Whether the stream's times are samples, so that a seek is exact."""
        base = self._stream.time_base
        return base is not None and base * self.sample_rate == 1

    def _seek(self, timestamp: int) -> Iterator[av.AudioFrame]:
        self._container.seek(timestamp, stream=self._stream)
        return self._decode()

    def close(self) -> None:
        """See `Decoder`."""
        self._container.close()


def _samples(frame: av.AudioFrame) -> NDArray[Any]:
    """Return a frame's samples, shape (n, channels)."""
    try:
        array = np.asarray(frame.to_ndarray())
    except ValueError as error:  # PyAV knows no integers of 64 bits
        raise AudioError(f"samples of type {frame.format.name}") from error
    if not frame.format.is_planar:
        array = np.reshape(array, (-1, len(frame.layout.channels))).T
    return np.transpose(array)
