"""A picture of a transcription: the waveform, a lane for each drum, the beats."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio import SAMPLE_RATE, open_audio
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, MissingDependencyError
from adt_plugins.recording import as_recorded, source_audio
from adt_plugins.transcription import Transcription, check_transcription

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 800  # of the waveform: more than pixels make stripes of a low tone
_LEAST_COLUMN = SAMPLE_RATE // 100  # samples; shorter ones show single waves
_WAVE_HEIGHT = 1.6  # in lanes
_REACH = 0.42  # of the loudest hit, up and down from the middle of its lane
# Feet below, hands above them, cymbals on top, as on a staff.
_LANES = (
    *(Drum.KD, Drum.PHH, Drum.LFT, Drum.HFT, Drum.TT, Drum.MHT, Drum.HIT),
    *(Drum.SD, Drum.SST, Drum.OT, Drum.HH, Drum.CHH, Drum.OHH),
    *(Drum.RDC, Drum.RDB, Drum.CY, Drum.CRC, Drum.SPC, Drum.CHC),
)


def plot(
    transcription: Transcription,
    ax: Axes | None = None,
    *,
    start: float = 0.0,
    end: float | None = None,
    audio: Any = None,
) -> Axes:
    """Draw a transcription with matplotlib.

    Each drum has a lane, in which the length of a line shows the velocity of a hit.
    Beats are thin lines across all lanes, downbeats thick ones with the number of the
    bar. The waveform is above, if the recording is there and has not changed.

    Parameters
    ----------
    transcription
        The transcription to draw.
    ax
        Axes to draw on; None: new ones.
    start, end
        Part to draw, in seconds; None: to the end.
    audio
        The recording, a path or samples and their rate; None: the transcription's
        source.

    Returns
    -------
    matplotlib.axes.Axes
        Its x axis is time in seconds.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    AdtError
        If `audio` is given and cannot be read.
    TypeError
        If `transcription` is not a `Transcription`.
    """
    check_transcription(transcription)
    transcription = as_recorded(transcription)
    if ax is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise MissingDependencyError.of("plot()", "matplotlib", "plot") from error
        ax = pyplot.subplots(figsize=(12, 4))[1]
    end = _end(transcription) if end is None else end
    shown = transcription.between(start, end)
    counts = shown.counts()
    lanes = [drum for drum in _LANES if drum in counts] or [Drum.KD]
    top = len(lanes) - 0.5
    wave = _waveform(transcription, start, end, audio)
    if wave is not None:
        times, low, high = wave
        middle = top + _WAVE_HEIGHT / 2
        scale = 0.5 * _WAVE_HEIGHT / max(float(np.abs([low, high]).max()), 1e-9)
        ax.fill_between(
            times, middle + scale * low, middle + scale * high, color="0.6", lw=0
        )
        top += _WAVE_HEIGHT
    for number, (time, is_downbeat) in _numbered(transcription):
        if start <= time <= end:
            width, colour = (1.2, "0.3") if is_downbeat else (0.5, "0.75")
            ax.axvline(time, color=colour, lw=width, zorder=0)
            if is_downbeat:
                ax.text(time, top, f" {number}", va="bottom", fontsize="small")
    for lane, drum in enumerate(lanes):
        hits = [onset for onset in shown.onsets if onset.drum is drum]
        reach = np.array([_REACH * onset.velocity / 127 for onset in hits])
        at = [onset.time for onset in hits]
        ax.vlines(at, lane - reach, lane + reach, color=f"C{lane}", lw=2)
    ax.set_yticks(range(len(lanes)), [drum.full_name for drum in lanes])
    ax.set_ylim(-0.6, top)
    ax.set_xlim(start, end)
    ax.set_xlabel("seconds")
    if tempo := transcription.tempo_text():
        ax.set_title(tempo, loc="right", fontsize="small")
    return ax


def _end(transcription: Transcription) -> float:
    source = transcription.source
    ends = [
        source.offset + (source.duration or 0.0),
        *(onset.time + 0.1 for onset in transcription.onsets[-1:]),
        *(beat.time + 0.1 for beat in transcription.beats[-1:]),
    ]
    return max(ends) or 1.0


def _numbered(transcription: Transcription) -> list[tuple[int, tuple[float, bool]]]:
    """Return beats with the number of their bar, and whether they begin it."""
    number, numbered = 0, []
    for beat in transcription.beats:
        number += beat.position == 1
        numbered.append((number, (beat.time, beat.position == 1)))
    return numbered


def _waveform(
    transcription: Transcription, start: float, end: float, audio: Any
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]] | None:
    """Return times, lowest and highest sample of columns; None without a recording."""
    try:
        source = source_audio(transcription) if audio is None else audio
        with open_audio(source, start=start, end=end) as reader:
            samples = np.concatenate([np.zeros(0, np.float32), *reader])
    except AdtError:
        if audio is not None:
            raise
        return None
    if not len(samples):
        return None
    size = max(math.ceil(len(samples) / _COLUMNS), _LEAST_COLUMN)
    firsts = np.arange(0, len(samples), size)
    low = np.minimum.reduceat(samples, firsts)
    high = np.maximum.reduceat(samples, firsts)
    return start + firsts / SAMPLE_RATE, low, high
