"""Beats and downbeats: decodes the network's activations into bars.

The likeliest sequence of beats of the likeliest meter is decoded, as madmom does
(Böck, Krebs and Widmer, ISMIR 2016), with the same model and defaults; what the drums
play where in a bar, and where the harmony changes, count as well. madmom itself is an
optional second backend.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.errors import ModelError
from adt_plugins.meter import Meter, check_bpm
from adt_plugins.rhythm.bar_pointer import (
    OBSERVATION_LAMBDA,
    BeatPath,
    Ints,
    beat_lengths,
    decode,
)
from adt_plugins.rhythm.chord_changes import WEIGHT
from adt_plugins.rhythm.drum_patterns import BarEvidence
from adt_plugins.rhythm.tempo_search import likely_lengths

MIN_BPM, MAX_BPM = 55.0, 215.0
BPM_TOLERANCE = 1.1
"""How far, as a ratio, the music may stray from a tempo that the user gives."""

METERS = ("3/4", "4/4")
"""Meters in question when the user gives none. Bars of two beats are not among
them: half of a bar of 4/4 looks much like a bar of 6/8, and with 6/8 in question
8 of 10 recordings of five songs in 4/4 were taken for it."""

THRESHOLD = 0.05
"""Before the first and after the last activation as high as this is silence."""

CLEAR = 0.1
"""Mean probability of the beats, under which there is none that one could tap to.

It is 0.03 to 0.09 of voices alone and of speech, 0.33 of the example."""

_AROUND = 2  # frames
_LEAST = 1e-6  # probabilities stay this far from 0 and 1
_PIN = -1e4  # log density of what the user has ruled out


@dataclass(frozen=True)
class KnownBeats:
    """What is known of the beats beforehand; true if anything is.

    Parameters
    ----------
    bpm, meter, first_downbeat
        See `find_beats`; None: not known.
    """

    bpm: float | None = None
    meter: str | None = None
    first_downbeat: float | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in vars(self).values())


def has_beats(outputs: Iterable[str]) -> bool:
    """Whether a network with these outputs detects beats."""
    return {"beat", "downbeat"} <= set(outputs)


def are_clear(activations: Activations, beats: Sequence[Beat]) -> bool:
    """Whether there are beats, and not just the best that could be found."""
    either = observations(activations).sum(axis=1)
    frames = [
        round((beat.time - activations.offset) * activations.frame_rate)
        for beat in beats
    ]
    parts = [either[max(n - _AROUND, 0) : n + _AROUND + 1] for n in frames]
    heights = [part.max() for part in parts if len(part)]
    return bool(heights) and float(np.mean(heights)) >= CLEAR


def find_beats(
    activations: Activations,
    *,
    bpm: float | None = None,
    meter: str | None = None,
    first_downbeat: float | None = None,
    backend: str = "adt",
    patterns: bool = True,
    changes: NDArray[np.float32] | None = None,
) -> tuple[Beat, ...]:
    """Find the beats of a recording.

    Parameters
    ----------
    activations
        With the outputs ``beat`` (which includes downbeats) and ``downbeat``.
    bpm
        About the tempo, in counted beats a minute (dotted quarters in 6/8);
        None: anything from 55 to 215.
    meter
        Such as ``"3/4"`` or ``"6/8"``; None: the likeliest of `METERS`.
    first_downbeat
        Time in seconds at which a bar begins; what lies before it is counted back
        from there. Of madmom's beats it is the nearest.
    backend
        ``"adt"``, or ``"madmom"`` (extra `madmom`).
    patterns
        Whether it counts what the drums play, see `adt_plugins.rhythm.drum_patterns`.
        Without and without `changes`, ours finds the same beats as madmom.
    changes
        How much the harmony changes at each frame, see
        `adt_plugins.rhythm.chord_changes.Harmony.changes`.

    Returns
    -------
    tuple of Beat
        Empty if there are none.

    Raises
    ------
    ModelError
        If there are no such outputs.
    MissingDependencyError
        If madmom is asked for and missing.
    ValueError
        If an option is out of its range.
    """
    if not has_beats(activations.outputs):
        raise ModelError("the model does not hear beats")
    if backend not in ("adt", "madmom"):
        raise ValueError(f"no backend {backend!r}; there are adt and madmom")
    tempi = _tempi(bpm)
    bars = [Meter.parse(name).counted for name in ([meter] if meter else METERS)]
    observed = observations(activations)
    rate = activations.frame_rate
    loud = np.nonzero((observed >= THRESHOLD).any(axis=1))[0]
    if not len(loud):
        return ()
    first = int(loud[0])
    part = slice(first, int(loud[-1]) + 1)
    observed = observed[part]
    heard = None
    if patterns or changes is not None:
        heard = BarEvidence(
            replace(activations, values=activations.values[part]),
            bars,
            patterns=patterns,
            changes=None if changes is None else WEIGHT * changes[part],
        )
    pin = None
    if first_downbeat is not None:
        pin = round((first_downbeat - activations.offset) * rate) - first
    if backend == "madmom":
        found = _madmom(observed, bars, tempi, rate)
    else:
        found = _decode(
            observed, bars, beat_lengths(rate, *tempi), pin=pin, heard=heard, rate=rate
        )
    if pin is not None and found:
        found = _from_downbeat(found, pin)
    return tuple(
        Beat(max((frame + first) / rate + activations.offset, 0.0), position)
        for frame, position in found
    )


def _tempi(bpm: float | None) -> tuple[float, float]:
    if bpm is None:
        return MIN_BPM, MAX_BPM
    return check_bpm(bpm) / BPM_TOLERANCE, bpm * BPM_TOLERANCE


def observations(activations: Activations) -> NDArray[np.float64]:
    """Probability of a beat that is no downbeat, and of a downbeat.

    The network's ``beat`` is on at downbeats too, and its two outputs do not
    know of each other: the share of a beat that is a downbeat is `downbeat`, but
    never more than the beat itself.

    Returns
    -------
    NDArray
        Shape (frames, 2); the sum of a row is less than 1.
    """
    names = activations.outputs
    beat = activations.values[:, names.index("beat")].astype(np.float64)
    downbeat = activations.values[:, names.index("downbeat")].astype(np.float64)
    either = np.clip(np.maximum(beat, downbeat), 2 * _LEAST, 1 - _LEAST)
    downbeat = np.clip(downbeat, _LEAST, either - _LEAST)
    return np.stack([either - downbeat, downbeat], axis=1)


def _decode(
    observed: NDArray[np.float64],
    bars: list[int],
    lengths: Ints,
    *,
    pin: int | None,
    heard: BarEvidence | None,
    rate: float,
) -> list[tuple[int, int]]:
    """Frames and positions of beats."""
    densities = np.empty((len(observed), 3))
    densities[:, 0] = (1 - observed.sum(axis=1)) / (OBSERVATION_LAMBDA - 1)
    densities[:, 1:] = observed
    np.log(densities, out=densities)
    if pin is not None and 0 <= pin < len(observed):
        densities[pin, 0] = _PIN
        observed = observed.copy()
        observed[pin] = 1.0  # the beat stays at this frame
    meters = [(2, *[1] * (bar - 1)) for bar in bars]
    searched = likely_lengths(densities, lengths, rate, heard)
    path = decode(densities, meters, lengths, evidence=heard, searched=searched)
    return _peaks(observed, path)


def _from_downbeat(found: list[tuple[int, int]], pin: int) -> list[tuple[int, int]]:
    """Count so that the beat nearest to a frame is a downbeat."""
    bar = max(position for _, position in found)
    now = min(found, key=lambda beat: abs(beat[0] - pin))[1]
    return [(frame, (position - now) % bar + 1) for frame, position in found]


def _peaks(observed: NDArray[np.float64], path: BeatPath) -> list[tuple[int, int]]:
    """Move each beat to the peak within its beginning."""
    heads = -(-path.lengths // OBSERVATION_LAMBDA)
    highest = observed.max(axis=1)
    found = []
    for start, head, position in zip(path.starts, heads, path.positions, strict=True):
        region = highest[max(start, 0) : max(start + head, 0)]
        if len(region):
            found.append((int(max(start, 0) + region.argmax()), int(position) + 1))
    return found


def _madmom(
    observed: NDArray[np.float64],
    bars: list[int],
    tempi: tuple[float, float],
    rate: float,
) -> list[tuple[int, int]]:
    from adt_plugins.rhythm.madmom_backend import import_madmom

    madmom: Any = import_madmom()
    tracker = madmom.features.downbeats.DBNDownBeatTrackingProcessor(
        bars, min_bpm=tempi[0], max_bpm=tempi[1], fps=rate, threshold=None
    )
    return [(round(time * rate), int(n)) for time, n in tracker(observed)]
