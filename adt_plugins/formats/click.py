"""The song with a sound on every hit, for checking hits by ear."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.annotations import Onset
from adt_plugins.audio import LATEST_S, SAMPLE_RATE, AudioReader, open_audio
from adt_plugins.audio.channels import ChannelReader
from adt_plugins.audio.opening import AudioSource
from adt_plugins.base.files import replacing
from adt_plugins.base.reporting import Warn, name_some
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.recording import source_audio
from adt_plugins.transcription import Transcription

SONG_GAIN = 0.5
CLICK_GAIN = 0.5  # at velocity 127

# Centre frequency of each sound in Hz, and its length in seconds. Neighbours are at
# least a factor of 1.5 apart, so that any two can be distinguished; an open hi-hat is
# long. Nothing is above 8 kHz, where ears and small loudspeakers fail. Twelve such
# steps fill the range below, so rare kinds share a sound with the nearest one.
_SOUNDS = {
    Drum.KD: (57.0, 0.16),
    Drum.LFT: (98.0, 0.16),
    Drum.HFT: (155.0, 0.14),
    Drum.MHT: (237.0, 0.12),
    Drum.HIT: (362.0, 0.10),
    Drum.OT: (553.0, 0.08),
    Drum.SD: (885.0, 0.10),
    Drum.SST: (1345.0, 0.04),
    Drum.RDB: (2040.0, 0.15),
    Drum.RDC: (3100.0, 0.12),
    Drum.CRC: (4710.0, 0.25),
    Drum.OHH: (7150.0, 0.30),
    Drum.CHH: (7150.0, 0.05),
}
_SHARED = {
    Drum.HH: Drum.CHH,
    Drum.PHH: Drum.CHH,
    Drum.TT: Drum.MHT,
    Drum.CY: Drum.CRC,
    Drum.SPC: Drum.CRC,
    Drum.CHC: Drum.CRC,
}
_LOWEST_RATE = 16000  # enough for 8 kHz
_NARROW_HZ = 600.0  # below this, a sound is a single tone: a drum, not a cymbal


def sound_of(drum: Drum, rate: int = SAMPLE_RATE) -> NDArray[np.float32]:
    """Return the sound of a drum.

    Parameters
    ----------
    drum
        The drum.
    rate
        Sample rate in Hz, at least 16000.

    Returns
    -------
    NDArray[np.float32]
        Shape (n,), peak 1, without silence at the start.
    """
    return _sound(_SHARED.get(drum, drum), rate)


@cache
def _sound(drum: Drum, rate: int) -> NDArray[np.float32]:
    middle, length = _SOUNDS[drum]
    times = np.arange(round(length * rate)) / rate
    # Rise and fall are halves of a Hann window, whose spectrum decays fast. A step or
    # an exponential would spread a low sound over the whole range.
    rise = min(0.5 / middle, 0.004)
    envelope = np.where(
        times < rise,
        0.5 - 0.5 * np.cos(np.pi * times / rise),
        0.5 + 0.5 * np.cos(np.pi * (times - rise) / (length - rise)),
    )
    # Partials without a common fundamental sound like a cymbal.
    ratios = np.array([1.0]) if middle < _NARROW_HZ else np.linspace(0.9, 1.1, 9) ** 1.1
    phases = np.arange(len(ratios)) ** 2  # spread, so that peaks do not coincide
    turns = 2 * np.pi * middle * np.outer(ratios, times + 1 / rate)
    tone = np.sin(turns + phases[:, None]).sum(axis=0) * envelope
    return np.asarray(tone / np.abs(tone).max(), dtype=np.float32)


def _sample(time: float, rate: int) -> int:
    return round(min(time, LATEST_S) * rate)


def mix(
    blocks: Iterable[NDArray[np.float32]],
    onsets: Iterable[Onset],
    rate: int = SAMPLE_RATE,
) -> Iterator[NDArray[np.float32]]:
    """Add a sound at every hit, block by block.

    Parameters
    ----------
    blocks
        The song in blocks of any size: shape (n,) or (n, channels).
    onsets
        Hits sorted by time. A sound starts at sample ``round(time * rate)`` in the
        first two channels, with a level proportional to its velocity.
    rate
        Sample rate in Hz, at least 16000.

    Yields
    ------
    NDArray[np.float32]
        Blocks of the same shapes, clipped to -1 … 1.
    """
    waiting = deque(onsets)
    sounding: list[tuple[int, NDArray[np.float32]]] = []
    position = 0
    for block in blocks:
        mixed = SONG_GAIN * block
        end = position + len(block)
        while waiting and (start := _sample(waiting[0].time, rate)) < end:
            onset = waiting.popleft()
            gain = CLICK_GAIN * onset.velocity / 127
            sounding.append((start, np.float32(gain) * sound_of(onset.drum, rate)))
        for start, sound in sounding:
            part = slice(max(start, position), min(start + len(sound), end))
            audible = sound[part.start - start : part.stop - start]
            place = mixed[part.start - position : part.stop - position]
            if place.ndim == 1:
                place += audible
            else:
                place[:, :2] += audible[:, None]
        sounding = [(at, sound) for at, sound in sounding if at + len(sound) > end]
        position = end
        yield np.clip(mixed, -1.0, 1.0)


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    audio: Any = None,
) -> list[Path]:
    """Write a 16-bit WAV file with the length, channels and rate of the song.

    Rates below 16 kHz are too low for the sounds: the file is then mono at 44.1 kHz.

    Parameters
    ----------
    transcription, path, overwrite, warn
        See `adt_plugins.formats.write`.
    audio
        The recording: a path, a binary file object, or samples and their rate;
        None: that of the transcription's source, if it has not changed.
    """
    # Not libsndfile, which only prints a message if the disk is full.
    import wave

    source = source_audio(transcription) if audio is None else audio
    with (
        replacing(path, overwrite=overwrite) as [draft],
        _opened(source) as reader,
        draft.open("wb") as raw,
    ):
        channels, rate = 1, SAMPLE_RATE
        if isinstance(reader, ChannelReader):
            channels, rate = max(reader.channels, 1), reader.info.sample_rate
        try:
            with wave.open(raw, "wb") as out:
                out.setparams((channels, 2, rate, 0, "NONE", ""))
                for block in mix(reader, transcription.onsets, rate):
                    out.writeframesraw(np.rint(block * 32767).astype("<i2").tobytes())
        except struct.error as error:  # sizes in the header have 32 bits
            raise AdtError(f"{path}: longer than a WAV file can be") from error
        late = [
            str(onset.drum)
            for onset in transcription.onsets
            if onset.time >= reader.duration
        ]
        if late:
            warn(f"{path}: hits after the end of the recording: {name_some(late)}")
        for message in reader.warnings:
            warn(f"{reader.label}: {message}")
    return [path]


def _opened(source: AudioSource) -> AudioReader:
    reader = ChannelReader(source)
    if reader.info.sample_rate >= _LOWEST_RATE:
        return reader
    reader.close()
    return open_audio(source)
