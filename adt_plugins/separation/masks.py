"""The share of drums in each time-frequency bin: a learnt Wiener-like mask.

A Wiener mask follows from the estimated levels of drums and background. Here small
networks of two hidden layers estimate it for every bin separately, from these levels,
the level of each coarse drum, and the magnitudes nearby in time and frequency. They
know where hits are, but nothing of the instruments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from adt_plugins.drums import Drum
from adt_plugins.separation.frames import Floats, Grid
from adt_plugins.separation.learnt import LAYERS, Learnt
from adt_plugins.separation.templates import EPSILON, Hits, Mixture, lasting

NEIGHBOURS = (-8, -4, -2, -1, 1, 2, 4, 8, 16)
"""Offsets in frames of the magnitudes that are also features."""
BACKGROUND_AROUND = (-8, 8)
DRUMS_AROUND = (-4, 4)
BINS_AROUND = (-4, -2, -1, 1, 2, 4)
COARSE = (Drum.KD, Drum.SD, Drum.HH, Drum.TT, Drum.CY)
SMOOTHED = ((1, 5), (3, 13), (9, 49), (21, 129))
"""Frames and bins over which a plain Wiener mask is averaged."""
TEXTURES = ((17, 2), (65, 8))
"""Widths in bins of medians over frequency, and the steps between them."""
FEATURES = (
    14
    + len(NEIGHBOURS)
    + len(BACKGROUND_AROUND)
    + len(DRUMS_AROUND)
    + len(BINS_AROUND)
    + len(COARSE)
    + len(SMOOTHED)
    + len(TEXTURES)
)

DRUMS_BESIDE = 1
"""Index of the feature that compares the drums with the sound, a logarithm."""

MOST_LOUDER = np.float32(32.0)
"""Ratio by which drums may exceed their templates; the rest is something else."""

_MOST = 5.0
_FRAMES_AT_ONCE = 32
_SHORT_S, _LONG_S = 0.05, 0.3
_MISFIT = (9, 49)
_STEADY, _STEADY_STEP = 9, 2
_TOP_HZ = 22050.0


class Features:
    """Features of a stretch of sound, as the networks read them.

    Parameters
    ----------
    mixture
        The stretch; it contains drums.
    grid
        Grid of its frames.
    level
        Logarithm of the root mean square of the recording's magnitudes.
    """

    def __init__(self, mixture: Mixture, grid: Grid, level: float) -> None:
        magnitudes, background = mixture.magnitudes, mixture.background
        by_coarse = _by_coarse(mixture.drums)
        drums: Floats = np.sum(list(by_coarse.values()), axis=0)
        self._level = np.float32(level)
        self._sound, self._all = _log(magnitudes), _log(drums)
        self._background = _log(background)
        self._beside = [
            *(_log(_texture(magnitudes, *size)) for size in TEXTURES),
            _log(lasting(magnitudes, _STEADY, _STEADY_STEP)),
            _log(_texture(background, *TEXTURES[0])),
        ]
        self._drums = {drum: _log(values) for drum, values in by_coarse.items()}
        self._smoothed = _smoothed(drums, background)
        self._smoothed.append(_misfit(magnitudes, drums + background))
        self._columns = [
            *_shares_of_frames(magnitudes, drums, background).T,
            *_times(mixture.hits, len(magnitudes), grid).T,
        ]
        scale = np.log1p(grid.frequencies / _TOP_HZ * 1024) / np.log(1025)
        self._places = (scale, scale**2, np.cos(3 * np.pi * scale))

    def __len__(self) -> int:
        return len(self._sound)

    def of(self, begin: int, end: int) -> Floats:
        """Return the features of frames, shape (`FEATURES`, end - begin, bins)."""
        here = self._sound[begin:end]
        out = np.empty((FEATURES, *here.shape), np.float32)
        rows = iter(out)
        next(rows)[:] = here - self._level

        def beside(values: Floats | None) -> None:
            row = next(rows)
            if values is None:
                row[:] = -_MOST
            else:
                np.subtract(values, here, out=row)
                np.clip(row, -_MOST, _MOST, out=row)

        beside(self._all[begin:end])
        beside(self._background[begin:end])
        for values in self._beside:
            beside(values[begin:end])
        for values, shifts in (
            (self._background, BACKGROUND_AROUND),
            (self._all, DRUMS_AROUND),
            (self._sound, NEIGHBOURS),
        ):
            for shift in shifts:
                beside(_shifted(values, begin, end, shift))
        for shift in BINS_AROUND:
            beside(np.roll(here, shift, axis=1))
        for drum in COARSE:
            own = self._drums.get(drum)
            beside(None if own is None else own[begin:end])
        for values in self._smoothed:
            next(rows)[:] = values[begin:end]
        for column in self._columns:
            next(rows)[:] = column[begin:end, None]
        for place in self._places:
            next(rows)[:] = place
        return out


def drum_mask(mixture: Mixture, grid: Grid, level: float, learnt: Learnt) -> Floats:
    """Return the share of drums in each time-frequency bin.

    Parameters
    ----------
    mixture, grid, level
        See `Features`.
    learnt
        Weights of the networks.

    Returns
    -------
    NDArray[np.float32]
        Shape (frames, bins), 0-1; 0 if there are no hits.
    """
    mask = np.zeros_like(mixture.magnitudes)
    if not mixture.drums:
        return mask
    features = Features(mixture, grid, level)
    for begin in range(0, len(features), _FRAMES_AT_ONCE):
        end = min(begin + _FRAMES_AT_ONCE, len(features))
        rows = features.of(begin, end).reshape(FEATURES, -1)
        mask[begin:end] = bare_mask(rows, learnt).reshape(end - begin, -1)
    # Without a hit nothing is taken out, however much it sounds like one.
    drums = np.sum(list(mixture.drums.values()), axis=0)
    mask *= np.minimum(MOST_LOUDER * drums / (mixture.magnitudes + EPSILON), 1)
    return mask


def bare_mask(rows: Floats, learnt: Learnt) -> Floats:
    """Return the networks' mask, 0-1, for features of shape (`FEATURES`, places).

    It is the sigmoid of the mean of what they put out before it.
    """
    values = rows
    for layer in LAYERS:
        values = learnt[f"weights.{layer}"].swapaxes(-1, -2) @ values
        values += learnt[f"bias.{layer}"][..., None]
        if layer != LAYERS[-1]:
            np.maximum(values, 0, out=values)
    logits = values.reshape(-1, rows.shape[1]).mean(axis=0)
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def shares(drums: Mapping[Drum, Floats]) -> dict[Drum, Floats]:
    """Return each drum's share of all drums' power; they sum to 1, or to 0."""
    powers = {drum: np.square(values) for drum, values in drums.items()}
    total = np.sum(list(powers.values()), axis=0) + EPSILON**2
    return {drum: power / total for drum, power in powers.items()}


def _log(values: Floats) -> Floats:
    return np.asarray(np.log(values + EPSILON), np.float32)


def _shifted(values: Floats, begin: int, end: int, shift: int) -> Floats:
    rows = np.clip(np.arange(begin + shift, end + shift), 0, len(values) - 1)
    return values[rows]


def _texture(magnitudes: Floats, width: int, step: int) -> Floats:
    """Return medians over neighbouring bins: sound without a pitch."""
    half = width // 2
    padded = np.pad(magnitudes, ((0, 0), (half, half + step)), mode="edge")
    windows = sliding_window_view(padded, width, axis=1)[:, ::step]
    medians = np.partition(windows, half, axis=2)[..., half]
    repeated = np.repeat(medians, step, axis=1)
    return np.asarray(repeated[:, : magnitudes.shape[1]], np.float32)


def _smoothed(drums: Floats, background: Floats) -> list[Floats]:
    from scipy.ndimage import uniform_filter

    wanted = np.square(drums) + EPSILON**2
    mask = wanted / (wanted + np.square(background))
    return [uniform_filter(mask, size, mode="nearest") for size in SMOOTHED]


def _misfit(magnitudes: Floats, thought: Floats) -> Floats:
    """Return how much louder a region is than hits and background, a logarithm."""
    from scipy.ndimage import uniform_filter

    loud, explained = (
        _log(uniform_filter(values, _MISFIT, mode="nearest"))
        for values in (magnitudes, thought)
    )
    return np.asarray(np.clip(loud - explained, -_MOST, _MOST), np.float32)


def _shares_of_frames(
    magnitudes: Floats, drums: Floats, background: Floats
) -> NDArray[np.float32]:
    """Return the share of drums and background in each frame, shape (frames, 2)."""
    total = _log(magnitudes.sum(axis=1))
    both = [_log(part.sum(axis=1)) - total for part in (drums, background)]
    return np.clip(np.stack(both, axis=1), -_MOST, _MOST)


def _by_coarse(drums: Mapping[Drum, Floats]) -> dict[Drum, Floats]:
    sums: dict[Drum, Floats] = {}
    for drum, values in drums.items():
        # A side stick is on the snare's place, and other percussion is nowhere else.
        coarse = Drum.SD if drum.coarse is Drum.OT else drum.coarse
        sums[coarse] = sums[coarse] + values if coarse in sums else values
    return sums


def _times(hits: Hits, count: int, grid: Grid) -> NDArray[np.float32]:
    """Return how near the last and the next hit are, shape (frames, 3), 0-1."""
    frames: Sequence[int] = sorted(f for some in hits.values() for f in some)
    far = 10 * grid.sample_rate
    frames_around = np.array([-far, *frames, count + far])
    here = np.arange(count)
    following = np.searchsorted(frames_around, here, "right")
    unit = grid.hop / grid.sample_rate
    since = (here - frames_around[following - 1]) * unit
    next_frames = frames_around[np.minimum(following, len(frames_around) - 1)]
    until = (next_frames - here) * unit
    near = (since / _SHORT_S, since / _LONG_S, until / _SHORT_S)
    return np.asarray(np.exp(-np.stack(near, axis=1)), np.float32)
