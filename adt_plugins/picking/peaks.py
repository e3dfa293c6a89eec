"""Peaks of one drum's activation: frames, positions between them, confidence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import Picker
from adt_plugins.errors import ModelError
from adt_plugins.picking.rolls import SOFT, add_soft_strokes

REFINEMENTS = ("none", "parabola")

_PICKERS = ("madmom", "valley", "adtlib")

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
        For ``"madmom"`` and ``"valley"`` added to the moving average, for ``"adtlib"``
        absolute: see `adtlib_threshold`.
    picker
        Rule, and its windows in seconds.
    frame_rate
        Frames per second.

    Returns
    -------
    NDArray[np.int64]
        Frame indices, ascending.

    Raises
    ------
    ModelError
        If the picker is unknown.

    Notes
    -----
    ``"madmom"`` is ``OnsetPeakPickingProcessor`` of madmom 0.16.1 run offline
    (Böck, Krebs and Schedl, ISMIR 2012): a frame is picked if its activation
    reaches `threshold` above the moving average, and is the greatest of those
    within the moving maximum; picks within `combine` of an earlier one are
    dropped. Zeros are assumed beyond both ends, so the first and the last frame can be
    picked. One difference: a plateau, equal frames side by side, is picked
    once, at its first frame; madmom repeats it whenever `combine` has passed.
    ``"valley"`` differs in the average: frames before the last minimum within `pre_avg`
    count for no more than that minimum. A hit soon after another, in a roll or on a
    double kick, then need not stand above what the other one left in the average
    (experiment 31).

    ``"adtlib"`` is ``meanPPmm`` of ADTLib 2.1.2: higher than the frame before,
    at least as high as the frame after, above the threshold. Its step that
    drops the weaker of two onsets within 50 ms never took effect (the result
    of ``np.delete`` is thrown away) and is left out. ADTLib reports the frame
    after the peak (it counts from its zero padding): a card that reproduces ADTLib's
    own times has a `delay` of minus one frame.
    """
    return DrumPeaks(activation, picker, frame_rate).above(threshold)


class DrumPeaks:
    """Peaks of one drum's activation, at any threshold.

    They are picked once for each threshold: the song gate needs those at the model's
    threshold, which is mostly also the one in force.

    Parameters
    ----------
    activation, picker, frame_rate
        See `pick_peaks`.

    Raises
    ------
    ModelError
        If the picker is unknown.
    """

    def __init__(
        self, activation: NDArray[np.floating], picker: Picker, frame_rate: float
    ) -> None:
        if picker.kind not in _PICKERS:
            kinds = f"{', '.join(_PICKERS[:-1])} and {_PICKERS[-1]}"
            raise ModelError(f"unknown picker {picker.kind!r}; there are {kinds}")
        self._values = np.asarray(activation)
        if self._values.ndim != 1:
            raise ValueError(
                f"an activation has one dimension, not {self._values.ndim}"
            )
        self._picker, self._rate = picker, frame_rate
        self._above: dict[float, NDArray[np.int64]] = {}

    def above(self, threshold: float) -> NDArray[np.int64]:
        """Return the frames of the peaks, ascending; see `pick_peaks`."""
        if threshold not in self._above:
            self._above[threshold] = self._pick(threshold)
        return self._above[threshold]

    def strokes(self, threshold: float) -> NDArray[np.int64]:
        """Return these frames, and with ``"valley"`` soft strokes of rolls."""
        firm = self.above(threshold)
        if self._picker.kind != "valley":
            return firm
        soft = _local_maxima(self._values, SOFT * threshold)
        return add_soft_strokes(firm, soft, self._rate, self._picker.combine)

    def _pick(self, threshold: float) -> NDArray[np.int64]:
        # Mostly a column of a table: side by side, its values are passed over faster.
        values = np.ascontiguousarray(self._values)
        if self._picker.kind == "adtlib":
            return _adtlib_peaks(values, threshold)
        return _pick_above(values, threshold, self._picker, self._rate)


def _local_maxima(activation: NDArray[np.floating], least: float) -> NDArray[np.int64]:
    """Return the frames above both neighbours, or level with the next, from `least`."""
    inner = activation[1:-1]
    is_peak = (inner > activation[:-2]) & (inner >= activation[2:]) & (inner >= least)
    return np.flatnonzero(is_peak).astype(np.int64) + 1


def _adtlib_peaks(
    activation: NDArray[np.floating], threshold: float
) -> NDArray[np.int64]:
    values = activation.astype(np.float64)  # ADTLib compares in this precision
    before, after = np.pad(values, (1, 0))[:-1], np.pad(values, (0, 1))[1:]
    is_peak = (values > before) & (values >= after) & (values > threshold)
    return np.flatnonzero(is_peak).astype(np.int64)


def _pick_above(
    values: NDArray[np.floating], threshold: float, picker: Picker, frame_rate: float
) -> NDArray[np.int64]:
    pre_max, post_max = (
        _frames(seconds, frame_rate) for seconds in (picker.pre_max, picker.post_max)
    )
    # No average is below 0, so the few frames that reach the threshold itself suffice.
    frames = np.flatnonzero(values >= threshold)
    average = _average if picker.kind == "madmom" else _valley_average
    line = average(values, frames, picker, frame_rate) + threshold
    frames = frames[values[frames] >= line]
    reached = values[frames]
    detections = np.zeros(len(values) + pre_max + post_max, values.dtype)
    detections[frames + pre_max] = reached
    highest = np.zeros_like(reached)
    for shift in range(pre_max + post_max + 1):
        np.maximum(highest, detections[frames + shift], out=highest)
    is_peak = (reached == highest) & (reached != 0)
    peaks, reached = frames[is_peak].astype(np.int64), reached[is_peak]
    repeated = (np.diff(peaks) == 1) & (np.diff(reached) == 0)
    peaks = peaks[np.concatenate(([True], ~repeated))] if len(peaks) else peaks
    return _combine(peaks, int(picker.combine * frame_rate + _EPSILON))


def heights(
    activation: NDArray[np.floating],
    frames: NDArray[np.int64],
    picker: Picker,
    frame_rate: float,
) -> NDArray[np.float64]:
    """Return how far peaks stand above the average that a threshold is added to.

    Parameters
    ----------
    activation, picker, frame_rate
        See `pick_peaks`.
    frames
        Indices of the peaks.

    Returns
    -------
    NDArray[np.float64]
        Highest threshold that each peak reaches.
    """
    values = np.asarray(activation)
    above = values[frames].astype(np.float64)
    if picker.kind != "adtlib":
        above -= _average(values, frames, picker, frame_rate)
    return above


def _frames(seconds: float, frame_rate: float) -> int:
    # Rounded as in madmom: half to even.
    return round(seconds * frame_rate)


def _average(
    values: NDArray[np.floating],
    frames: NDArray[np.int64],
    picker: Picker,
    frame_rate: float,
) -> NDArray[np.floating]:
    """Return madmom's average around some frames; zeros lie beyond both ends."""
    before, after = _around(picker, frame_rate)
    if before + after == 0:
        return np.zeros(len(frames), dtype=values.dtype)
    length = before + after + 1
    # NumPy alone: importing scipy.ndimage takes 0.3 s. One more zero in front, since
    # means are differences of a running sum.
    total = np.cumsum(np.pad(values, (before + 1, after)), dtype=np.float64)
    mean = (total[frames + length] - total[frames]) / length
    # Like scipy's filters, round to the activation's precision.
    average: NDArray[np.floating] = mean.astype(values.dtype)
    return average


def _valley_average(
    values: NDArray[np.floating],
    frames: NDArray[np.int64],
    picker: Picker,
    frame_rate: float,
) -> NDArray[np.floating]:
    """Return the average around some frames, in which no earlier peak counts."""
    before, after = _around(picker, frame_rate)
    if before == 0:
        return _average(values, frames, picker, frame_rate)
    padded = np.pad(values, (before, after))

    def columns(shifts: range) -> Iterator[NDArray[np.floating]]:
        return (padded[frames + before + shift] for shift in shifts)

    lowest = padded[frames]
    for column in columns(range(1 - before, 0)):
        np.minimum(lowest, column, out=lowest)
    total = np.zeros(len(frames))
    for column in columns(range(after + 1)):
        total += column
    passed = np.zeros(len(frames), dtype=bool)
    for column in columns(range(-1, -before - 1, -1)):  # from the peak back in time
        passed |= column == lowest
        total += np.where(passed, lowest, column)
    mean = total / (before + 1 + after)
    average: NDArray[np.floating] = mean.astype(values.dtype)
    return average


def _around(picker: Picker, frame_rate: float) -> tuple[int, int]:
    """Return the frames before and after a frame that belong to its average."""
    return _frames(picker.pre_avg, frame_rate), _frames(picker.post_avg, frame_rate)


def _combine(frames: NDArray[np.int64], distance: int) -> NDArray[np.int64]:
    """Drop every frame within `distance` of the last one that is kept."""
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
    """Return ADTLib's threshold: the activation's mean times lambda, within bounds.

    Parameters
    ----------
    activation
        Activation of the whole recording, shape (frames,).
    row
        Lambda, minimum and maximum; 0 means no bound.
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
    """Return where each peak lies between the frames.

    Parameters
    ----------
    activation
        Shape (n,).
    frames
        Indices of the peaks.
    method
        ``"parabola"``: vertex of the parabola through the peak and its two
        neighbours (experiment 32); ``"none"``: 0.

    Returns
    -------
    NDArray[np.float64]
        Offset of each peak in frames, -0.5 to 0.5; 0 at the first and last frame,
        which lack a neighbour.
    """
    if method not in REFINEMENTS:
        raise ValueError(f"no refinement {method!r}; there are {REFINEMENTS}")
    offsets = np.zeros(len(frames))
    if method == "none" or len(activation) < 3:
        return offsets
    inner = (frames > 0) & (frames < len(activation) - 1)
    at = frames[inner]
    left, centre, right = (
        activation[at + shift].astype(np.float64) for shift in (-1, 0, 1)
    )
    numerator, denominator = 0.5 * (left - right), left - 2 * centre + right
    usable = denominator != 0
    moved = np.divide(numerator, denominator, out=np.zeros(len(at)), where=usable)
    offsets[inner] = np.clip(moved, -0.5, 0.5)
    return offsets


def confidence(values: NDArray[np.floating], threshold: float) -> NDArray[np.float64]:
    """Return confidences: 0 for an activation of 0, 0.5 at the threshold, 1 at 1.

    It is linear in both parts. It rises with the activation, and 0.5 means "as likely
    reported as not" for every drum, whatever its threshold.
    """
    knots = np.clip([0.0, threshold, 1.0], 0.0, 1.0)
    knots[1] = min(max(knots[1], 1e-6), 1 - 1e-6)
    confidences: NDArray[np.float64] = np.interp(values, knots, [0.0, 0.5, 1.0])
    return confidences
