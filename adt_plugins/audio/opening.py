"""Opens recordings, however they are given: as a path, file object, pipe or array."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from numbers import Real
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from adt_plugins.audio.decoder import ArrayDecoder, BlockDecoder, Decoder
from adt_plugins.audio.sniff import (
    MP3,
    Kind,
    end_without_tags,
    is_bitstream,
    ogg_sounds,
    sniff,
    sound_start,
    vbri_bytes,
)
from adt_plugins.audio.wave_stream import NeedsFileError, WavePipe, is_wave
from adt_plugins.errors import AudioError, MissingDependencyError

AudioSource = (
    str | bytes | os.PathLike[Any] | BinaryIO | tuple[NDArray[Any], int] | BlockDecoder
)

_WAVE_HEAD = 12
_MOST_NESTED = 20  # files of different kinds joined end to end


def open_decoder(source: AudioSource, track: int | None, files: ExitStack) -> Decoder:
    """Open the decoder that fits a recording.

    Parameters
    ----------
    source, track
        As for `adt_plugins.audio.open_audio`.
    files
        Files that are opened here are added; the caller closes them after the decoder,
        also if opening fails.

    Raises
    ------
    AudioError, MissingDependencyError, OSError
        If it cannot be opened.
    TypeError
        If `source` cannot be a recording.
    """
    if isinstance(source, BlockDecoder):
        return source
    if isinstance(source, tuple):
        samples, rate = source
        if not isinstance(rate, Real):
            kind = type(rate).__name__
            raise TypeError(
                f"a recording in memory is (samples, sample rate): {kind} is no sample"
                " rate"
            )
        if int(rate) != rate:
            raise AudioError(f"{rate} samples a second is not a whole number")
        return ArrayDecoder(samples, int(rate))
    if isinstance(source, (str, bytes, os.PathLike)):
        path = Path(os.fsdecode(source))
        if path.is_dir():  # Windows says permission denied
            raise AudioError("is a folder")
        file = files.enter_context(path.open("rb"))
        if not file.seekable():
            return _open_pipe(file, track, files)
        return _open_file(file, str(path), track)
    if not (hasattr(source, "read") and hasattr(source, "seekable")):
        raise TypeError(
            "a recording is a path, a binary file or (samples, sample rate),"
            f" not {type(source).__name__}"
        )
    if isinstance(source, io.TextIOBase):
        raise AudioError("is open as text, not as binary")
    if source.seekable():
        return _open_file(source, None, track)
    return _open_pipe(source, track, files)


def name_of(source: AudioSource) -> tuple[str, str | None]:
    """Return the name of a source in messages, and its path if it has one."""
    if isinstance(source, tuple | BlockDecoder):
        return "samples", None
    name: Any = source
    if not isinstance(source, (str, bytes, os.PathLike)):
        name = getattr(source, "name", None)  # an int for an open descriptor
    if name == "<stdin>":
        return "standard input", None
    if not isinstance(name, (str, bytes, os.PathLike)):
        return "audio", None
    path = os.fsdecode(name)
    return " ".join(path.splitlines()), path


def _open_pipe(source: BinaryIO, track: int | None, files: ExitStack) -> Decoder:
    """Open WAV as it arrives; decoders of other formats and codecs need all of it."""
    head = b""
    while len(head) < _WAVE_HEAD and (more := source.read(_WAVE_HEAD - len(head))):
        head += more
    if is_wave(head):
        _check_single(track)
        try:
            return WavePipe(source)
        except NeedsFileError as error:
            head += error.content
    whole = tempfile.TemporaryFile()  # noqa: SIM115 - `files` closes it
    try:
        whole.write(head)
        shutil.copyfileobj(source, whole)
    finally:
        files.close()  # the pipe, if it was opened here, has been read
        files.enter_context(whole)
    return _open_file(whole, None, track)


def _open_file(
    file: BinaryIO, path: str | None, track: int | None, *, nested: int = 0
) -> Decoder:
    """Open a file, or a part of one that is `nested` times in others."""
    size = file.seek(0, os.SEEK_END)
    if not size:
        raise AudioError("is empty")
    kind, head, start = sniff(file)
    if nested < _MOST_NESTED:
        bounds = _bounds_of_sound(file, kind, head, start, size)
        if bounds != (0, size):
            from adt_plugins.audio.part import part_of

            part = part_of(file, *bounds)
            return _open_file(part, None, track, nested=nested + 1)
    from adt_plugins.audio.containers import starts_of

    starts = starts_of(file) if nested < _MOST_NESTED else []
    if len(starts) > 1:
        from adt_plugins.audio.chain import ChainDecoder

        return ChainDecoder(
            file,
            starts,
            lambda part: _open_file(part, None, track, nested=nested + 1),
        )
    from adt_plugins.audio.cut_vorbis import begins_before_zero
    from adt_plugins.audio.old_formats import has_sides_in_turn, is_in_blocks

    if not kind.libsndfile or is_bitstream(head) or has_sides_in_turn(file, head):
        return _open_with_pyav(file, kind, track)
    # What libsndfile does not do well, but can do without PyAV.
    hard = ogg_sounds(head) > 1 or begins_before_zero(file, head)
    hard = hard or is_in_blocks(file, head)
    with suppress(*([MissingDependencyError] if hard and (track or 1) == 1 else [])):
        if hard:
            return _open_with_pyav(file, kind, track)
    from adt_plugins.audio import sndfile

    with suppress(sndfile.NotRecognised):
        decoder = sndfile.SndFileDecoder(file, path, kind, head)
        if (track or 1) == 1:
            return decoder
        decoder.close()
        _check_single(track)
    try:
        return _open_with_pyav(file, kind, track)
    except MissingDependencyError as error:  # the file may just as well be damaged
        raise AudioError(str(error)) from error


def _check_single(track: int | None) -> None:
    """Raise `AudioError` for another track of a file that has one."""
    if (track or 1) > 1:
        raise AudioError(f"has no audio track {track}: it has one")


def _bounds_of_sound(
    file: BinaryIO, kind: Kind, head: bytes, start: int, size: int
) -> tuple[int, int]:
    """Return the part of a file without what decoders would take for damage.

    Few skip zeros, an ID3 tag or a VBRI tag; tags behind frames without a container
    are one more.
    """
    start = start if start < size else 0
    if kind is MP3 and (tag := vbri_bytes(head)):
        return start + tag, size
    if kind.name:
        return (0 if kind.libsndfile else start), size
    return start or sound_start(file), end_without_tags(file)


def _open_with_pyav(file: BinaryIO, kind: Kind, track: int | None) -> Decoder:
    from adt_plugins.audio.pyav import PyAvDecoder

    return PyAvDecoder(file, kind, track)
