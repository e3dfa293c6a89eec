"""Separates a recording into its drums and the rest, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adt_plugins.audio.opening import AudioSource
from adt_plugins.base.progress import Cancel, Progress, progress_bar
from adt_plugins.drums import Drum
from adt_plugins.separation.frames import Floats
from adt_plugins.separation.separator import Separator, Whole
from adt_plugins.transcription import Transcription


@dataclass(frozen=True)
class Stems:
    """The result of `separate`; all arrays have the shape (n, channels), float32.

    Parameters
    ----------
    sample_rate
        Sample rate of the recording, in Hz.
    drums
        The drums.
    drumless
        The rest; the sum of both is the recording, sample for sample.
    by_drum
        Each drum, if asked for; their sum is `drums`.
    """

    sample_rate: int
    drums: Floats
    drumless: Floats
    by_drum: Mapping[Drum, Floats]


def separate(
    transcription: Transcription,
    audio: AudioSource,
    *,
    drums: Iterable[Drum | str] | None = None,
    by_drum: bool = False,
    learnt: Path | str | None = None,
    progress: bool | Progress = False,
    cancel: Cancel | None = None,
) -> Stems:
    """Separate a recording into drums and the rest, guided by the hits.

    The sound of each drum is learnt from its own hits in this recording. Hits that a
    user has added are taken out as well, and deleted ones stay.

    Parameters
    ----------
    transcription
        Transcription of the recording.
    audio
        The recording: a path, a seekable file object, or samples and their rate.
    drums
        Take out only these; a coarse drum includes its finer kinds.
    by_drum
        Whether to return each drum separately as well.
    learnt
        A file of ``adt train split`` to use instead of the one in the package.
    progress, cancel
        See `adt_plugins.transcribe`.

    Returns
    -------
    Stems
        Stems with the sample rate and the channels of the recording. Those of a 16-bit
        recording have 16 bits, all others 24, to which compressed ones are rounded.

    Raises
    ------
    AudioError, MissingDependencyError
        If the recording cannot be read.
    FormatError, OSError
        If `learnt` cannot be read.
    TypeError
        If `transcription` is not a `Transcription`.
    ValueError
        If one of `drums` is unknown.
    CancelledError
        If `cancel` asked for it.

    Warns
    -----
    AdtWarning
        If the recording is damaged but most of it could be read, its floats are too
        loud for the stems, or there are hits past its end.

    Notes
    -----
    Score-informed separation with Wiener-like masks, and below 500 Hz with waveforms;
    see `adt_plugins.separation.templates`, `adt_plugins.separation.masks` and
    `adt_plugins.separation.waveforms`.
    """
    separator = Separator(
        transcription, audio, drums=drums, by_drum=by_drum, learnt=learnt
    )
    with progress_bar("drums") if progress is True else _given(progress) as report:
        blocks = list(separator.blocks(report, cancel))
    scale = np.float32(1 / separator.full_scale)

    def joined(pieces: list[Whole]) -> Floats:
        return np.asarray(np.concatenate(pieces) * scale, np.float32)

    parts = separator.parts if by_drum else ()
    return Stems(
        separator.sample_rate,
        joined([block.drums for block in blocks]),
        joined([block.drumless for block in blocks]),
        {
            drum: joined([block.parts[index] for block in blocks])
            for index, drum in enumerate(parts)
        },
    )


def _given(progress: bool | Progress) -> Any:
    return nullcontext(progress if callable(progress) else lambda _: None)
