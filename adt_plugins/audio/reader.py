"""Reads any recording as mono float32 at 44.1 kHz, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio.decoder import BlockDecoder, Damage, Decoder
from adt_plugins.audio.level import LevelMeter, peak_of
from adt_plugins.audio.opening import AudioSource, name_of, open_decoder
from adt_plugins.audio.resample import open_resampler
from adt_plugins.audio.wave_stream import WavePipe
from adt_plugins.base.checks import number
from adt_plugins.base.pipes import is_named_pipe
from adt_plugins.errors import AdtError, AudioError, reason_of

SAMPLE_RATE = 44100
LATEST_S = 1e12
"""No recording is longer: samples up to there can be counted."""

_RATES = range(1000, 1_000_001)

# The resampler's filter is 20 ms long. Reading starts this much before a part of a
# file, so that the part equals that of the whole.
_PREROLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A recording as it is stored.

    Parameters
    ----------
    path
        Path as given; None for arrays, and for file objects without a name.
    sample_rate
        In Hz.
    channels
        Number of channels, at least 1.
    frames
        Samples of each channel; None if unknown.
    """

    path: str | None
    sample_rate: int
    channels: int
    frames: int | None


def open_audio(
    source: AudioSource,
    *,
    start: float = 0.0,
    end: float | None = None,
    track: int | None = None,
    around: tuple[int, int] = (0, 0),
) -> AudioReader:
    """Open a recording.

    Parameters
    ----------
    source
        Path of a file, a binary file object (read from its beginning, and left open;
        a pipe may carry WAV of unknown length), or samples of shape (n,) or
        (n, channels) and their sample rate in Hz. Integer samples are scaled by their
        type: int16, int32, uint8.
    start, end
        Part to read, in seconds; it begins with sample `round(start * 44100)` of the
        whole.
    track
        Number of the audio track of a film, from 1; None: the one that players choose.
    around
        Number of samples at 44.1 kHz to read before and after the part as well, as far
        as there are that many. Damage there is not an error.

    Returns
    -------
    AudioReader
        The reader; only the header has been read.

    Raises
    ------
    AudioError
        If it cannot be read; the message is one line with file and reason. Damage in
        the middle is detected while reading.
    MissingDependencyError
        If PyAV is needed for this kind of file and is not installed.
    """
    return AudioReader(source, start=start, end=end, track=track, around=around)


def load_audio(
    source: AudioSource, *, start: float = 0.0, end: float | None = None
) -> NDArray[np.float32]:
    """Read a whole recording.

    Parameters
    ----------
    source, start, end
        As for `open_audio`.

    Returns
    -------
    NDArray[np.float32]
        Mean of the channels at 44.1 kHz, shape (n,), full scale at 1.

    Raises
    ------
    AudioError, MissingDependencyError
        As for `open_audio`.
    """
    with open_audio(source, start=start, end=end) as reader:
        reader.wait_for_blocks()
        return np.concatenate(list(reader))


class AudioReader:
    """Reads a recording; iterate over it once, in a ``with`` block.

    Yields arrays of shape (n,), n > 0 and about 131072, float32 at 44.1 kHz.

    Parameters
    ----------
    source, start, end, track, around
        As for `open_audio`.

    Attributes
    ----------
    info : AudioInfo
        The recording as it is stored.
    lead : int
        Number of samples before the part.
    trail : int
        Number of samples behind the part, at most; may be changed before it is read.
    label : str
        Name in messages: the path, ``standard input`` or ``samples``.
    warnings : list of str
        Problems that did not stop the work, one line each without the file's
        name; complete after the last block.
    level : LevelMeter
        Level of the recording; complete after the last block.
    """

    info: AudioInfo

    def __init__(
        self,
        source: AudioSource,
        *,
        start: float = 0.0,
        end: float | None = None,
        track: int | None = None,
        around: tuple[int, int] = (0, 0),
    ) -> None:
        self._files = ExitStack()
        self.label, path = name_of(source)
        self._decoder: Decoder | None = None
        with self._named_errors(), _closing_on_error(self):
            first, self._count = _part(start, end)
            self._start = start
            self.lead = min(first, around[0])
            self._first = first - self.lead
            self.trail = around[1]
            self._decoder = decoder = open_decoder(source, track, self._files)
            if decoder.frames == 0:
                raise AudioError("holds no samples")
            if decoder.sample_rate not in _RATES:
                raise AudioError(
                    f"has {decoder.sample_rate} samples a second;"
                    f" {_RATES.start} to {_RATES.stop - 1} can be read"
                )
            # The content of a named pipe is gone once it has been read.
            piped = path is not None and is_named_pipe(path)
            self.info = AudioInfo(
                None if piped else path,
                decoder.sample_rate,
                decoder.channels,
                decoder.frames,
            )
        self._returned = 0
        self._done = False
        self.level = LevelMeter()
        self._blocks = self._read()

    @property
    def warnings(self) -> list[str]:
        """Problems that did not stop the work, one line each."""
        return [] if self._decoder is None else self._decoder.warnings

    @property
    def damage(self) -> list[str]:
        """Those of `warnings` that tell what could not be read."""
        return [text for text in self.warnings if isinstance(text, Damage)]

    @property
    def is_live(self) -> bool:
        """Whether it arrives while it is read, from a pipe or an iterator."""
        return isinstance(self._decoder, WavePipe | BlockDecoder)

    def wait_for_blocks(self) -> None:
        """Read whole blocks from a pipe, whenever their parts arrive.

        What is heard of channels that cancel each other out depends on the blocks, so
        this makes it that of a file.
        """
        if isinstance(self._decoder, WavePipe):
            self._decoder.waits = True

    @property
    def duration(self) -> float:
        """Seconds of the part that have been read so far."""
        read = max(0, self._returned - self.lead)
        return (read if self._count is None else min(read, self._count)) / SAMPLE_RATE

    @property
    def position(self) -> float | None:
        """Fraction of the part that has been read, 0-1; None if unknown."""
        if self._done:
            return 1.0
        total = self.expected
        return None if total is None else min(1.0, self._returned / total)

    @property
    def expected(self) -> int | None:
        """Samples to come in all, at 44.1 kHz, as far as the file tells; at least 1."""
        total = self._most
        expected = None if self._decoder is None else self._decoder.expected
        if expected is not None:
            whole = round(expected * SAMPLE_RATE / self.info.sample_rate)
            rest = max(1, whole - self._first)
            total = rest if total is None else min(total, rest)
        return total

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return self._blocks

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what this reader opened."""
        self._blocks = iter(())
        if self._decoder is not None:
            self._decoder.close()
        self._files.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Put the name of the recording before the message of an error."""
        try:
            yield
        except AdtError as error:
            raise type(error)(f"{self.label}: {error}") from error.__cause__
        except OSError as error:
            raise AudioError(f"{self.label}: {_reason(error)}") from error

    @property
    def _most(self) -> int | None:
        """Number of samples to return; None: all."""
        return None if self._count is None else self.lead + self._count + self.trail

    def _read(self) -> Iterator[NDArray[np.float32]]:
        with self._named_errors():
            for block in self._until_trailing_damage():
                if self._most is not None:
                    block = block[: self._most - self._returned]  # noqa: PLW2901
                self._returned += len(block)
                self._done = self._returned == self._most
                if len(block):
                    yield block
                if self._done:
                    return
            self._done = True
            if self._returned <= self.lead:
                if self._start:
                    raise AudioError(f"has nothing from {self._start:g} s on")
                raise AudioError("nothing in it could be decoded")

    def _until_trailing_damage(self) -> Iterator[NDArray[np.float32]]:
        """Stop silently at an error after the part."""
        try:
            yield from self._resampled()
        except AudioError:
            if self._count is None or self._returned < self.lead + self._count:
                raise

    def _resampled(self) -> Iterator[NDArray[np.float32]]:
        """Convert the decoder's blocks to 44.1 kHz, from sample `_first` on."""
        assert self._decoder is not None
        rate = self.info.sample_rate
        if rate == SAMPLE_RATE:
            yield from self._checked(self._first)
            return
        # Both sample grids meet every `step` samples of the file.
        step = rate // math.gcd(rate, SAMPLE_RATE)
        wanted = self._first * rate / SAMPLE_RATE - _PREROLL_SECONDS * rate
        begin = max(0, math.floor(wanted / step) * step)
        skip = self._first - begin * SAMPLE_RATE // rate
        resampler = open_resampler(rate, SAMPLE_RATE)
        last = np.zeros(0, np.float32)
        for block in self._checked(begin):
            out = resampler.resample_chunk(block)
            yield out[skip:]
            skip = max(0, skip - len(out))
            last = block[-1:]
        out = resampler.resample_chunk(last[:0], last=True)
        # One sample at 96 kHz is less than half a sample here, which rounds to none.
        yield out[skip:] if self._returned or self._first or len(out) else last

    def _checked(self, first: int) -> Iterator[NDArray[np.float32]]:
        """Pass on the decoder's blocks, and refuse samples that are not numbers.

        Outside the part, such samples are silenced.
        """
        assert self._decoder is not None
        position = first
        start, end = self._part_in_file()
        for block in self._decoder.blocks(first):
            peak = peak_of(block)
            if not math.isfinite(peak):
                bad = np.argwhere(~np.isfinite(block))[:, 0] + position
                inside = bad[(bad >= start) & (bad < end)]
                if len(inside):
                    seconds = int(inside[0]) / self.info.sample_rate
                    raise AudioError(f"has a NaN or infinite sample at {seconds:.3f} s")
                block = np.nan_to_num(block, posinf=0.0, neginf=0.0)  # noqa: PLW2901
                peak = peak_of(block)
            position += len(block)
            self.level.add(block, peak)
            yield block

    def _part_in_file(self) -> tuple[float, float]:
        """Return where the part begins and ends, in samples of the file."""
        factor = self.info.sample_rate / SAMPLE_RATE
        start = self._first + self.lead
        end = math.inf if self._count is None else start + self._count
        return start * factor, end * factor


def _part(start: float, end: float | None) -> tuple[int, int | None]:
    """Return the first sample of a part and its number of samples (None: all)."""
    start = number("start", start)
    if not 0 <= start <= LATEST_S:
        raise AudioError(f"cannot be read from {start:g} s on")
    first = round(start * SAMPLE_RATE)
    if end is None or number("end", end) > LATEST_S:
        return first, None
    count = round(end * SAMPLE_RATE) - first if math.isfinite(end) else 0
    if count <= 0:
        raise AudioError(f"has nothing between {start:g} s and {end:g} s")
    return first, count


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "permission denied"
    return reason_of(error)


@contextmanager
def _closing_on_error(reader: AudioReader) -> Iterator[None]:
    try:
        yield
    except BaseException:
        reader.close()
        raise
