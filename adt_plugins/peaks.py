"""Activations to onsets: peak picking, times between frames, confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from adt_plugins import velocity
from adt_plugins.card import ModelCard, Picker
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, ModelError
from adt_plugins.rivals import RIVAL_WINDOW_S, Hits, drop_rivals
from adt_plugins.transcription import Activations, Onset

REFINEMENTS = ("none", "parabola")

# Rounding of times that are sums of frame periods.
_EPSILON = 1e-9


def pick_peaks(
    activation: NDArray[np.floating],
    threshold: float,
    picker: Picker,
    frame_rate: float,
) -> NDArray[np.int64]:
    """Find the frames at which an activation has a peak.

    Parameters
    ----------
    activation
        Shape (frames,), 0-1.
    threshold
        For ``"madmom"`` added to the moving average, for ``"adtlib"``
        absolute: see `adtlib_threshold`.
    picker
        Which rule, and its windows in seconds.
    frame_rate
        Frames per second.

    Returns
    -------
    NDArray[np.int64]
        Frame indices, rising.

    Raises
    ------
    ModelError
        If the card names a picker that is not known.

    Notes
    -----
    ``"madmom"`` is ``OnsetPeakPickingProcessor`` of madmom 0.16.1 run offline
    (Böck, Krebs and Schedl, ISMIR 2012): a frame is picked if its activation
    reaches `threshold` above the moving average, and is the greatest of those
    within the moving maximum; picks within `combine` of an earlier one are
    dropped. Beyond both ends lie zeros, so the first and the last frame can be
    picked. One difference: a plateau, equal frames side by side, gives one
    pick, its first frame; madmom repeats it whenever `combine` has passed.

    ``"adtlib"`` is ``meanPPmm`` of ADTLib 2.1.2: higher than the frame before,
    at least as high as the frame after, above the threshold. Its step that
    drops the weaker of two onsets within 50 ms never took effect (the result
    of ``np.delete`` is thrown away) and is left out. ADTLib reports the frame
    after the peak (it counts from its zero padding): a card that wants
    ADTLib's own times says so with a `delay` of minus one frame.
    """
    values = np.asarray(activation)
    if values.ndim != 1:
        raise ValueError(f"an activation has one dimension, not {values.ndim}")
    if picker.kind == "adtlib":
        values = values.astype(np.float64)  # ADTLib compares in this precision
        before, after = np.pad(values, (1, 0))[:-1], np.pad(values, (0, 1))[1:]
        found = (values > before) & (values >= after) & (values > threshold)
        return np.flatnonzero(found).astype(np.int64)
    if picker.kind == "madmom":
        return _pick_madmom(values, threshold, picker, frame_rate)
    raise ModelError(f"unknown picker {picker.kind!r}; there are madmom and adtlib")


def _pick_madmom(
    values: NDArray[np.floating], threshold: float, picker: Picker, frame_rate: float
) -> NDArray[np.int64]:
    # Rounded as madmom rounds them: half to even.
    pre_avg, post_avg, pre_max, post_max = (
        round(seconds * frame_rate)
        for seconds in (
            picker.pre_avg,
            picker.post_avg,
            picker.pre_max,
            picker.post_max,
        )
    )
    # NumPy alone: importing scipy.ndimage costs 0.3 s. The average is rounded
    # to the activation's precision, as scipy's filters do.
    average = np.zeros(1, dtype=values.dtype)
    if pre_avg + post_avg > 0:
        average = _moving_average(values, pre_avg, post_avg).astype(values.dtype)
    detections = values * (values >= average + threshold)
    padded = np.pad(detections, (pre_max, post_max))
    highest = detections
    for shift in range(pre_max + post_max + 1):
        highest = np.maximum(highest, padded[shift : shift + len(values)])
    found = np.flatnonzero(detections * (detections == highest)).astype(np.int64)
    repeated = (np.diff(found) == 1) & (np.diff(detections[found]) == 0)
    found = found[np.concatenate(([True], ~repeated))] if len(found) else found
    return _combine(found, int(picker.combine * frame_rate + _EPSILON))


def _moving_average(
    values: NDArray[np.floating], before: int, after: int
) -> NDArray[np.float64]:
    """Mean of the frames ``t - before`` to ``t + after``, zeros beyond the ends."""
    length = before + after + 1
    # One more zero in front: sums are differences of the running sum.
    total = np.cumsum(np.pad(values, (before + 1, after)), dtype=np.float64)
    mean: NDArray[np.float64] = (total[length:] - total[:-length]) / length
    return mean


def _combine(frames: NDArray[np.int64], distance: int) -> NDArray[np.int64]:
    """Drop every frame within `distance` of the last one that was kept."""
    if np.all(np.diff(frames) > distance):
        return frames
    kept: list[int] = []
    for frame in frames.tolist():
        if not kept or frame - kept[-1] > distance:
            kept.append(frame)
    return np.array(kept, dtype=np.int64)


def adtlib_threshold(
    activation: NDArray[np.floating], row: tuple[float, float, float]
) -> float:
    """ADTLib's threshold: the activation's mean times lambda, within bounds.

    Parameters
    ----------
    activation
        Shape (frames,), the whole recording.
    row
        Lambda, minimum, maximum; a bound of 0 is none.
    """
    factor, lowest, highest = row
    threshold = float(np.mean(activation)) * factor if len(activation) else 0.0
    if highest != 0:
        threshold = min(threshold, highest)
    if lowest != 0:
        threshold = max(threshold, lowest)
    return threshold


def refine(
    activation: NDArray[np.floating],
    frames: NDArray[np.int64],
    method: str = "parabola",
) -> NDArray[np.float64]:
    """Where between the frames each peak lies.

    Parameters
    ----------
    activation
        Shape (n,).
    frames
        Indices of the peaks.
    method
        ``"parabola"``: vertex of the parabola through the peak and its two
        neighbours; ``"none"``: 0. On rendered clips with known times the
        parabola brings the median error from 2.9 to 1.9 ms (with accompaniment
        3.1 to 2.1), a triangle of the targets' width does no better.

    Returns
    -------
    NDArray[np.float64]
        Offset of each peak in frames, -0.5 to 0.5; 0 on the first and the
        last frame, which lack a neighbour.
    """
    if method not in REFINEMENTS:
        raise ValueError(f"no refinement {method!r}; there are {REFINEMENTS}")
    offsets = np.zeros(len(frames))
    if method == "none" or len(activation) < 3:
        return offsets
    values = np.asarray(activation, dtype=np.float64)
    inner = (frames > 0) & (frames < len(values) - 1)
    at = frames[inner]
    left, centre, right = values[at - 1], values[at], values[at + 1]
    numerator, denominator = 0.5 * (left - right), left - 2 * centre + right
    usable = denominator != 0
    moved = np.divide(numerator, denominator, out=np.zeros(len(at)), where=usable)
    offsets[inner] = np.clip(moved, -0.5, 0.5)
    return offsets


def confidence(values: NDArray[np.floating], threshold: float) -> NDArray[np.float64]:
    """How sure: 0 for an activation of 0, 0.5 at the threshold, 1 at 1.

    Linear in both parts, so it rises with the activation and a half means
    "as likely reported as not" for every drum, whatever its threshold.
    """
    knots = np.clip([0.0, threshold, 1.0], 0.0, 1.0)
    knots[1] = min(max(knots[1], 1e-6), 1 - 1e-6)
    sure: NDArray[np.float64] = np.interp(values, knots, [0.0, 0.5, 1.0])
    return sure


def thresholds_in_force(
    activations: Activations,
    card: ModelCard,
    thresholds: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Threshold of each drum of the card.

    Parameters
    ----------
    activations
        Read only by ADTLib's picker, whose thresholds follow their mean.
    card
        The model card.
    thresholds
        Drum to threshold, instead of the card's; a coarse drum means all of
        its finer kinds that are not named themselves.

    Raises
    ------
    ModelError
        If the model has no such drum, or the activations lack one.
    AdtError
        If a threshold is not 0-1.
    """
    wanted = {str(drum): float(value) for drum, value in (thresholds or {}).items()}
    for drum, value in wanted.items():
        if not 0 <= value <= 1:
            raise AdtError(f"threshold {drum}={value:g}: a threshold is 0 to 1")
        if not any(drum in (name, Drum(name).coarse) for name in card.drums):
            raise ModelError(
                f"model {card.name!r} has no drum {drum}; "
                f"it has {', '.join(card.drums)}"
            )
    result = {}
    for drum in card.drums:
        own = wanted.get(drum, wanted.get(str(Drum(drum).coarse)))
        row = card.picker.rows.get(drum) if card.picker.kind == "adtlib" else None
        if own is not None:
            result[drum] = own
        elif row is not None:
            result[drum] = adtlib_threshold(_column(activations, drum), row)
        else:
            result[drum] = float(card.thresholds[drum])
    return result


def pick_onsets(
    activations: Activations,
    card: ModelCard,
    *,
    thresholds: Mapping[str, float] | None = None,
    levels: NDArray[np.float32] | None = None,
    drums: Iterable[Drum | str] | None = None,
    refinement: str | None = None,
) -> tuple[Onset, ...]:
    """Turn activations into onsets.

    Parameters
    ----------
    activations
        What the network said.
    card
        The model card: picker, thresholds, delay.
    thresholds
        See `thresholds_in_force`.
    levels
        Shape (frames, number of ``card.drums``), dB, from
        `velocity.BandLevels`. None: velocities follow the confidence.
    drums
        Only these; a coarse drum includes its finer kinds. What is left out
        still counts as a rival: the result is that of all drums, filtered.
    refinement
        See `refine`. None: ``"parabola"``, but ``"none"`` for ADTLib's picker,
        which reports whole frames.

    Returns
    -------
    tuple of Onset
        Sorted by time. Two outputs of one coarse drum within 20 ms are one
        hit: a finer drum wins over the coarse one, then the higher confidence.

    Raises
    ------
    ModelError, AdtError
        See `thresholds_in_force`.
    """
    if levels is not None and levels.shape != (
        len(activations.values),
        len(card.drums),
    ):
        raise ValueError(
            f"levels have shape {levels.shape}, not "
            f"{(len(activations.values), len(card.drums))}"
        )
    picked = pick_hits(activations, card, thresholds=thresholds, refinement=refinement)
    wanted = None if drums is None else {Drum(drum) for drum in drums}
    onsets: list[Onset] = []
    for column, hits in enumerate(picked):
        if wanted is None or wanted & {hits.drum, hits.drum.coarse}:
            level = None if levels is None else levels[:, column]
            onsets += _onsets(hits, activations, card.delay, level)
    return tuple(sorted(onsets))


def pick_hits(
    activations: Activations,
    card: ModelCard,
    *,
    thresholds: Mapping[str, float] | None = None,
    refinement: str | None = None,
) -> list[Hits]:
    """Pick the frames of each drum of the card, as `pick_onsets` does.

    Parameters
    ----------
    activations, card, thresholds, refinement
        See `pick_onsets`.

    Returns
    -------
    list of Hits
        One a drum, in the order of ``card.drums``.
    """
    if refinement is None:
        refinement = "none" if card.picker.kind == "adtlib" else "parabola"
    in_force = thresholds_in_force(activations, card, thresholds)
    picked = [
        _pick_drum(activations, card, drum, threshold, refinement)
        for drum, threshold in in_force.items()
    ]
    return drop_rivals(picked, RIVAL_WINDOW_S * activations.frame_rate)


def onset_times(
    positions: NDArray[np.float64], activations: Activations, delay: float
) -> NDArray[np.float64]:
    """Seconds from the file's first sample of refined frames, >= 0."""
    times = positions / activations.frame_rate + activations.offset - delay
    # Beyond the start there is nothing: an attack at time 0 has no earlier name.
    return np.maximum(times, 0.0)


def _column(activations: Activations, drum: str) -> NDArray[np.float32]:
    try:
        return activations.values[:, activations.outputs.index(drum)]
    except ValueError:
        raise ModelError(f"the activations have no output {drum}") from None


def _pick_drum(
    activations: Activations,
    card: ModelCard,
    drum: str,
    threshold: float,
    refinement: str,
) -> Hits:
    values = _column(activations, drum)
    frames = pick_peaks(values, threshold, card.picker, activations.frame_rate)
    return Hits(
        Drum(drum),
        frames,
        frames + refine(values, frames, refinement),
        confidence(values[frames], threshold),
    )


def _onsets(
    hits: Hits,
    activations: Activations,
    delay: float,
    level: NDArray[np.float32] | None,
) -> list[Onset]:
    rate = activations.frame_rate
    times = onset_times(hits.positions, activations, delay)
    if level is None:
        loud = np.rint(1 + 126 * hits.confidence).astype(np.int64)
    else:
        attacks = np.rint(hits.positions - delay * rate).astype(np.int64)
        loud = velocity.velocities(level, attacks, rate)
    return [
        Onset(time, hits.drum, speed, sure)
        for time, speed, sure in zip(
            times.tolist(), loud.tolist(), hits.confidence.tolist(), strict=True
        )
    ]
