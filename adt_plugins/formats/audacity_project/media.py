"""Puts the recording into a project, in a form that Audacity reads in place.

Audacity reads a project's files with libsndfile, which on some systems supports
uncompressed audio only. WAV and AIFF files are linked (or copied if the file system has
no links); everything else is decoded to WAV, with its rate and channels.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.base.reporting import Warn

if TYPE_CHECKING:
    from adt_plugins.audio.opening import AudioSource

# libsndfile's name of a format, and the suffix of the file in the project.
_IN_PLACE = {
    "WAV": ".wav",
    "WAVEX": ".wav",
    "RF64": ".wav",
    "W64": ".w64",
    "AIFF": ".aiff",
    "AU": ".au",
}
_16_BIT = ("PCM_S8", "PCM_U8", "PCM_16")
_UNCOMPRESSED = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")

# Lossless types for decoded samples, by their bits.
_SUBTYPES = {8: "PCM_16", 16: "PCM_16", 24: "PCM_24", None: "FLOAT"}
_WIDTHS = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}
# libsndfile takes 24-bit samples in the upper bits of 32.
_WHOLE = {"PCM_16": (np.int16, 2.0**15), "PCM_24": (np.int32, 2.0**31)}
_LARGEST_WAV = (1 << 32) - (1 << 16)


class Media(NamedTuple):
    """A recording in a project's folder.

    Parameters
    ----------
    name
        Name of its file.
    sample_rate
        In Hz.
    channels, frames
        How many, and samples of each.
    is_16_bit
        Whether 16 bits hold its samples.
    """

    name: str
    sample_rate: int
    channels: int
    frames: int
    is_16_bit: bool = False


def place_recording(source: AudioSource, target: Path, *, warn: Warn) -> Media:
    """Put a recording into a project.

    Parameters
    ----------
    source
        A path, a binary file object, or samples and their rate.
    target
        Path without suffix; no file of that name exists.
    warn
        Called with a line if the recording is damaged.

    Returns
    -------
    Media
        The file that was written.

    Raises
    ------
    AudioError, MissingDependencyError
        If the recording cannot be read.
    OSError
        If the file cannot be written.
    """
    if isinstance(source, (str, bytes, os.PathLike)):
        path = Path(os.fsdecode(source))
        in_place = _linked(path, target)
        if in_place is not None:
            return in_place
    return _decoded(source, target, warn)


def _linked(path: Path, target: Path) -> Media | None:
    """Link or copy a file that Audacity can read as it is."""
    import soundfile

    from adt_plugins.audio.containers import starts_of
    from adt_plugins.audio.sniff import UNKNOWN, sniff

    try:
        with path.open("rb") as file:
            kind, _, _ = sniff(file)
            if kind.name not in ("WAV", "AIFF", UNKNOWN.name):
                return None
            if len(starts_of(file)) > 1:
                return None  # Audacity would show the first alone
        about = soundfile.info(str(path))
    except (OSError, soundfile.SoundFileError, TypeError):
        return None  # the decoder will explain what is wrong
    suffix = _IN_PLACE.get(about.format)
    if suffix is None or about.subtype not in _UNCOMPRESSED or not about.frames:
        return None
    placed = target.with_name(target.name + suffix)
    real = path.resolve()
    try:
        placed.hardlink_to(real)
    except (OSError, NotImplementedError):
        shutil.copyfile(real, placed)
    return Media(
        placed.name,
        about.samplerate,
        about.channels,
        about.frames,
        is_16_bit=about.subtype in _16_BIT,
    )


def _decoded(source: AudioSource, target: Path, warn: Warn) -> Media:
    """Write a recording as WAV, block by block."""
    from adt_plugins.audio.channels import ChannelReader
    from adt_plugins.audio.sound_file import write_sound

    placed = target.with_name(target.name + ".wav")
    with ChannelReader(source) as reader:
        subtype = _SUBTYPES[reader.bits]
        rate, frames = reader.info.sample_rate, reader.info.frames
        width = reader.channels * _WIDTHS[subtype]
        # Sizes in the header of a WAV file have 32 bits.
        fits = frames is not None and frames * width < _LARGEST_WAV
        frames = write_sound(
            placed,
            (_as_stored(block, subtype) for block in reader),
            sample_rate=rate,
            channels=reader.channels,
            form="WAV" if fits else "RF64",
            subtype=subtype,
        )
        for message in reader.warnings:
            warn(f"{reader.label}: {message}")
        is_16_bit = subtype in _16_BIT
        return Media(placed.name, rate, reader.channels, frames, is_16_bit)


def _as_stored(block: NDArray[np.float32], subtype: str) -> NDArray[Any]:
    """Return samples as integers, if they were integers.

    libsndfile itself would round floats down, in WAV.
    """
    if subtype == "FLOAT":
        return block
    dtype, full_scale = _WHOLE[subtype]
    limits = np.iinfo(dtype)
    whole = np.rint(block.astype(np.float64) * full_scale)
    return np.clip(whole, limits.min, limits.max).astype(dtype)
