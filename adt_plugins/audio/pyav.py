"""Decodes with PyAV: AAC, the sound of videos, and more that libsndfile cannot read."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.av_container import (
    NO_AUDIO,
    import_av,
    list_tracks,
    open_container,
)
from adt_plugins.audio.decoder import BLOCK, Damage, Mixer
from adt_plugins.audio.endings import NO_END, lacks_end
from adt_plugins.audio.sniff import Kind
from adt_plugins.audio.unfinished import missing_share
from adt_plugins.base.held_signals import HeldSignals
from adt_plugins.errors import AudioError

if TYPE_CHECKING:
    import av

_MICROSECONDS = 1_000_000  # unit of times in a container

# Containers round times to a millisecond or more; no video is cut more exactly.
_LATE_SECONDS = 0.02

# No film has its sound an hour late: such a header is damaged.
_MOST_LATE_SECONDS = 3600

# Sound decoded before the target of a seek, and dropped.
_PREROLL_SECONDS = 1.0

# Shorter losses are not reported, if the size of the file shows them.
_LOST_SECONDS = 0.1

# Length that the sound may lack of what the container states.
_SHORT_SECONDS = 1.0

# Containers that state a length. For others FFmpeg estimates it from the size.
_TELL_LENGTH = {"aiff", "ape", "caf", "flac", "flv", "matroska", "mov"}
_TELL_LENGTH |= {"tak", "tta", "w64", "wav", "wv"}

# Containers in which FFmpeg finds a time exactly. In W64, WAV, CAF and Ogg it computes
# the time from the place in the file, which is wrong in ADPCM, G.722 and FLAC.
_SEEK_EXACTLY = {"mov", "nut", "tta", "wv", "ape", "flac"}

# Codecs whose frames have the same size, except for some bytes: a shorter last frame
# was cut.
_EQUAL_FRAMES, _PADDING = {"ac3", "eac3", "dca", "mp2", "mp2float"}, 4

# Shorter frames are mixed together: those of MLP have 40 samples.
_FEWEST_SAMPLES = 512

# An FFmpeg frame has room for 8 planes. PyAV counts up to an empty one without a check,
# and so reads behind the eighth.
_MOST_PLANES = 7

# Frames of AMR from this kind on are pauses, which FFmpeg does not decode: where
# nobody speaks, a telephone sends none or what noise to play.
_WITH_PAUSES, _AMR_PAUSE = {"amrnb", "amrwb"}, 8

# Frames of Opus are multiples of 2.5 ms.
_OPUS, _OPUS_RATE, _OPUS_UNIT = {"opus", "libopus"}, 48_000, 120


class PyAvDecoder:
    """Decodes a file with PyAV; see `Decoder`.

    If the sound of a video starts after its pictures, silence precedes it: times count
    from the beginning of the video.

    Parameters
    ----------
    file
        Binary file at any position; stays open.
    kind
        Kind of this file, from `sniff`.
    track
        Number of the audio track, from 1; None: the one that players choose.

    Raises
    ------
    AudioError
        If PyAV cannot read it, or it has no such sound.
    MissingDependencyError
        If PyAV is not installed.
    """

    def __init__(
        self,
        file: BinaryIO,
        kind: Kind,
        track: int | None = None,
    ) -> None:
        library = import_av(kind)
        self._kind = kind
        self._error = library.FFmpegError
        self._missing = missing_share(file)
        self._lacks_end = lacks_end(file)
        self._packets = [0, 0]  # sizes of the largest and of the last
        self._container, self._low = open_container(library, file, kind)
        self.warnings: list[str] = []
        self.mixing = Mixer
        self.bits: int | None = None
        self._failures = 0
        self._lost = 0  # samples of packets that could not be decoded
        self._is_whole = False  # so that what follows is a tag
        self._resamplers: dict[tuple[str, str], av.AudioResampler] = {}
        try:
            self._stream = stream = self._choose(track)
            # A stream whose codec FFmpeg does not support has neither.
            self.sample_rate = int(getattr(stream, "rate", None) or 0)
            self.channels = int(getattr(stream, "channels", None) or 0)
            if not self.sample_rate or not self.channels:
                raise AudioError("its audio stream cannot be decoded")
        except AudioError:
            self.close()
            raise
        self.expected = self._count_frames()
        self.frames = self.expected

    def _choose(self, track: int | None) -> av.AudioStream:
        """Return the track that was asked for, or that players choose."""
        streams = self._container.streams.audio
        if not streams:
            raise AudioError("no audio stream" if self._kind.name else NO_AUDIO)
        if track is not None:
            if track > len(streams):
                raise AudioError(
                    f"has no audio track {track}: {list_tracks(streams)}"
                    if len(streams) > 1
                    else f"has no audio track {track}: it has one"
                )
            asked: av.AudioStream = streams[track - 1]
            return asked
        from av.stream import Disposition

        default = [s for s in streams if s.disposition & Disposition.default]
        chosen: av.AudioStream = (default or streams)[0]
        if len(streams) > 1:
            number = streams.index(chosen) + 1
            self.warnings.append(
                f"audio track {number} of {len(streams)} is read"
                f" ({list_tracks(streams)}); --audio-track chooses another"
            )
        return chosen

    def _count_frames(self) -> int | None:
        stream = self._stream
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        elif self._container.duration is not None:
            seconds = self._container.duration / _MICROSECONDS
        else:
            return None
        # A header that was written into a pipe may state 0.
        return round(seconds * self.sample_rate) or None

    def blocks(self, first: int) -> Iterator[NDArray[np.float32]]:
        """See `Decoder`."""
        parts = self._parts(first)
        while True:
            gathered: list[NDArray[np.float32]] = []
            count = 0
            with HeldSignals():
                # Gather frames: one has only about a thousand samples.
                while count * 44100 < BLOCK * self.sample_rate:
                    part = next(parts, None)
                    if part is None:
                        break
                    gathered.append(part)
                    count += len(part)
            if not gathered:
                break
            yield np.concatenate(gathered)
        if self._failures > self._is_whole:
            packets = (
                "1 packet was"
                if self._failures == 1
                else f"{self._failures} packets were"
            )
            self.warnings.append(Damage(f"damaged: {packets} left out"))

    def _parts(self, first: int) -> Iterator[NDArray[np.float32]]:
        """Decode frame by frame, from sample `first` on."""
        frames = self._decode()
        try:
            frame = next(frames)
        except StopIteration:
            return
        origin = frame.pts or 0
        position = silence = self._silence_before(origin) - self._kept_delay(frame)
        if first < silence:
            yield self._silence(silence - first)
        self._forget_lost()
        target = first - silence - round(_PREROLL_SECONDS * self.sample_rate)
        if target > 0 and self._can_seek():
            frames = self._seek(origin + target)
            found = next(frames, None)
            if found is None:  # all packets from there on are damaged
                return
            frame, self._lost = found, 0
            position = silence + (frame.pts or 0) - origin
        for block in self._mixed(frame, frames):
            skip = max(0, first - position)
            position += len(block)
            if skip < len(block):
                yield block[skip:]
        self._judge(position)

    def _silence(self, count: int) -> NDArray[np.float32]:
        nothing = np.zeros((count, self.channels), np.float32)
        return self.mixing(nothing.dtype)(nothing)

    def _forget_lost(self) -> None:
        """Let the sound begin with the first frame that could be decoded.

        But for pauses of AMR, before which there is nothing that could be missing.
        """
        if self._stream.codec_context.name not in _WITH_PAUSES:
            self._lost = 0

    def _mixed(
        self, frame: av.AudioFrame, frames: Iterator[av.AudioFrame]
    ) -> Iterator[NDArray[np.float32]]:
        """Mix frames; the first one has been decoded already."""
        mixers: dict[tuple[str, str], Mixer] = {}
        gathered: list[NDArray[Any]] = []
        last, count = ("", ""), 0
        fitting = (
            x for whole in chain([frame], frames) for x in self._in_few_planes(whole)
        )
        for part in fitting:
            key = part.format.name, part.layout.name
            enough = count >= _FEWEST_SAMPLES or self._lost
            if gathered and (key != last or enough):
                yield mixers[last](_joined(gathered))
                gathered, count = [], 0
            if self._lost:
                yield self._silence(self._lost)
                self._lost = 0
            samples = _samples(part)
            if key not in mixers:
                low = [
                    number
                    for number, channel in enumerate(part.layout.channels)
                    if channel.name.startswith("LFE")
                ]
                low = low or self._low[self._stream.index]
                mixers[key] = self.mixing(samples.dtype, self.warnings, low)
            gathered.append(samples)
            last, count = key, count + len(samples)
        if gathered:
            yield mixers[last](_joined(gathered))

    def _in_few_planes(self, frame: av.AudioFrame) -> Iterable[av.AudioFrame]:
        """Put many planes into one."""
        if frame.sample_rate != self.sample_rate:
            raise AudioError("its sample rate changes")
        if not frame.format.is_planar or len(frame.layout.channels) <= _MOST_PLANES:
            return [frame]
        import av

        key = frame.format.name, frame.layout.name
        if key not in self._resamplers:
            self._resamplers[key] = av.AudioResampler(
                format="flt", layout=frame.layout, rate=self.sample_rate
            )
        frame.pts = None
        return self._resamplers[key].resample(frame)

    def _judge(self, position: int) -> None:
        """Warn if less was decoded than the container promised."""
        if self._missing:
            is_told = self._warn_of_loss(
                position, round(position / (1 - self._missing))
            )
            if is_told or not self._lacks_end:
                return
        names = set(self._container.format.name.split(","))
        self._is_whole = names <= _TELL_LENGTH and position == self.frames
        largest, last = self._packets
        is_equal = self._stream.codec_context.name in _EQUAL_FRAMES
        if self._lacks_end or (is_equal and last < largest - _PADDING):
            seconds = position / self.sample_rate
            self.warnings.append(Damage(f"{NO_END}; {seconds:.1f} s could be read"))
            return
        if self.frames is None or not names & _TELL_LENGTH:
            return
        # Matroska states the length of the whole, and pictures may last longer.
        if self._stream.duration is None and self._container.streams.video:
            return
        if (self.frames - position) / self.sample_rate > _SHORT_SECONDS:
            self._warn_of_loss(position, self.frames)

    def _warn_of_loss(self, position: int, promised: int) -> bool:
        """Warn with the length that the header states, or the size implies.

        Returns whether so much is missing that it is worth a warning.
        """
        promised = max(promised, self.frames or 0)
        if (promised - position) / self.sample_rate < _LOST_SECONDS:
            return False
        read = f"only {position / self.sample_rate:.1f} s"
        read += f" of {promised / self.sample_rate:.1f} s"
        self.warnings.append(Damage(f"cut short or damaged: {read} could be read"))
        return True

    def _decode(self) -> Iterator[av.AudioFrame]:
        """Decode packet by packet, skipping those that fail."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except self._error:
                self._failures += 1
                return
            if packet.size:
                self._packets = [max(self._packets[0], packet.size), packet.size]
            try:
                yield from packet.decode()
            except self._error:
                self._lose(packet)

    def _lose(self, packet: av.Packet[av.AudioStream]) -> None:
        """Note a packet that cannot be decoded: silence of its length follows."""
        if packet.duration and packet.time_base:
            seconds = float(packet.duration * packet.time_base)
            self._lost += round(seconds * self.sample_rate)
        is_pause = self._stream.codec_context.name in _WITH_PAUSES and (
            packet.size and bytes(packet)[0] >> 3 & 15 >= _AMR_PAUSE
        )
        # NUT ends a stream with an empty packet.
        self._failures += packet.size > 0 and not is_pause

    def _silence_before(self, origin: int) -> int:
        """Return the number of samples by which the sound starts after the pictures."""
        start = self._container.start_time
        if start is None or self._stream.time_base is None:
            return 0
        if not self._container.streams.video:
            return 0  # the first time in WMA is not that of its sound
        late = float(origin * self._stream.time_base) - start / _MICROSECONDS
        is_late = _LATE_SECONDS < late < _MOST_LATE_SECONDS
        return round(late * self.sample_rate) if is_late else 0

    def _kept_delay(self, frame: av.AudioFrame) -> int:
        """Return how much is left of the silence that Opus puts before the sound.

        In WebM and MP4 FFmpeg counts that delay at the rate of what was encoded, and
        not at the 48 kHz of RFC 7845: of speech at 24 kHz half is left.
        """
        context = self._stream.codec_context
        header = context.extradata or b""
        if context.name not in _OPUS or header[:8] != b"OpusHead":
            return 0
        delay, rate = struct.unpack_from("<HI", header, 10)
        dropped = delay * rate // _OPUS_RATE
        if rate >= _OPUS_RATE or not dropped:
            return 0
        is_short = (frame.samples + dropped) % _OPUS_UNIT == 0
        is_right = (frame.samples + delay) % _OPUS_UNIT == 0
        return delay - dropped if is_short and not is_right else 0

    def _can_seek(self) -> bool:
        """Return whether a seek is exact: times are in samples, and those of frames."""
        base = self._stream.time_base
        names = set(self._container.format.name.split(","))
        is_exact = base is not None and base * self.sample_rate == 1
        return is_exact and bool(names & _SEEK_EXACTLY)

    def _seek(self, timestamp: int) -> Iterator[av.AudioFrame]:
        self._container.seek(timestamp, stream=self._stream)
        return self._decode()

    def close(self) -> None:
        """See `Decoder`."""
        self._container.close()


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Return arrays of samples as one, without a copy if there is only one."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _samples(frame: av.AudioFrame) -> NDArray[Any]:
    """Return a frame's samples, shape (n, channels)."""
    channels = len(frame.layout.channels)
    if frame.format.is_planar and channels > _MOST_PLANES:
        raise AudioError(
            f"{channels} channels in planes; {_MOST_PLANES} of them can be read"
        )
    try:
        array = np.asarray(frame.to_ndarray())
    except ValueError as error:  # PyAV does not support 64-bit integers
        raise AudioError(f"samples of type {frame.format.name}") from error
    if not frame.format.is_planar:
        array = np.reshape(array, (-1, channels)).T
    return np.transpose(array)
