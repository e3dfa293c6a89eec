"""The share of drums in each time-frequency bin: a learnt Wiener-like mask.

A Wiener mask follows from the estimated levels of drums and background. Here a small
network of two hidden layers estimates it for every bin separately, from these levels,
the level of each coarse drum, and the magnitudes nearby in time and frequency. It knows
where hits are, but nothing of the instruments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from adt_plugins.drums import Drum
from adt_plugins.separation.frames import Floats, Grid
from adt_plugins.separation.learnt import LAYERS, Learnt
from adt_plugins.separation.templates import EPSILON, Hits, Mixture

NEIGHBOURS = (-8, -4, -2, -1, 1, 2, 4, 8, 16)
"""Offsets in frames of the magnitudes that are also features."""
BACKGROUND_AROUND = (-8, 8)
BINS_AROUND = (-2, 2)
COARSE = (Drum.KD, Drum.SD, Drum.HH, Drum.TT, Drum.CY)
SMOOTHED = ((3, 13), (9, 49))
"""Frames and bins over which a plain Wiener mask is averaged."""
FEATURES = 12 + len(SMOOTHED) + len(NEIGHBOURS) + len(BINS_AROUND) + len(COARSE)

DRUMS_BESIDE = 1
"""Index of the feature that compares the drums with the sound, a logarithm."""

MOST_LOUDER = np.float32(4.0)
"""Ratio by which drums may exceed their templates; the rest is something else."""

_MOST = 5.0
_FRAMES_AT_ONCE = 32
_SHORT_S, _LONG_S = 0.05, 0.3
_TEXTURE_BINS, _TEXTURE_STEP = 17, 2
_TOP_HZ = 22050.0


class Features:
    """Features of a stretch of sound, as the network reads them.

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
        self._grid, self._level = grid, np.float32(level)
        magnitudes = mixture.magnitudes
        self._sound = _log(magnitudes)
        self._background = _log(mixture.background)
        self._texture = _log(_texture(magnitudes))
        by_coarse = _by_coarse(mixture.drums)
        self._drums = {drum: _log(values) for drum, values in by_coarse.items()}
        self._all = _log(np.sum(list(by_coarse.values()), axis=0))
        self._smoothed = _smoothed(by_coarse, mixture.background)
        self._times = _times(mixture.hits, len(magnitudes), grid)
        scale = np.log1p(grid.frequencies / _TOP_HZ * 1024) / np.log(1025)
        self._places = np.stack([scale, scale**2, np.cos(3 * np.pi * scale)], axis=1)

    def __len__(self) -> int:
        return len(self._sound)

    def of(self, begin: int, end: int) -> Floats:
        """Return the features of frames, shape (end - begin, bins, `FEATURES`)."""
        here = self._sound[begin:end]
        out = np.empty((*here.shape, FEATURES), np.float32)
        rows = iter(np.moveaxis(out, 2, 0))
        next(rows)[:] = here - self._level

        def beside(values: Floats | None) -> None:
            row = next(rows)
            if values is None:
                row[:] = -_MOST
            else:
                np.clip(values - here, -_MOST, _MOST, out=row)

        beside(self._all[begin:end])
        beside(self._background[begin:end])
        for shift in BACKGROUND_AROUND:
            beside(_shifted(self._background, begin, end, shift))
        beside(self._texture[begin:end])
        for shift in NEIGHBOURS:
            beside(_shifted(self._sound, begin, end, shift))
        for shift in BINS_AROUND:
            beside(np.roll(here, shift, axis=1))
        for drum in COARSE:
            values = self._drums.get(drum)
            beside(None if values is None else values[begin:end])
        for values in self._smoothed:
            next(rows)[:] = values[begin:end]
        for column in self._times.T:
            next(rows)[:] = column[begin:end, None]
        for place in self._places.T:
            next(rows)[:] = place
        return out


def drum_mask(mixture: Mixture, grid: Grid, level: float, learnt: Learnt) -> Floats:
    """Return the share of drums in each time-frequency bin.

    Parameters
    ----------
    mixture, grid, level
        See `Features`.
    learnt
        Weights of the network.

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
        rows = features.of(begin, end).reshape(-1, FEATURES)
        mask[begin:end] = bare_mask(rows, learnt).reshape(end - begin, -1)
    # Without a hit nothing is taken out, however much it sounds like one.
    drums = np.sum(list(mixture.drums.values()), axis=0)
    mask *= np.minimum(MOST_LOUDER * drums / (mixture.magnitudes + EPSILON), 1)
    return mask


def bare_mask(rows: Floats, learnt: Learnt) -> Floats:
    """Return the network's mask, 0-1, for features of shape (places, `FEATURES`)."""
    values = rows
    for layer in LAYERS[:-1]:
        values = values @ learnt[f"weights.{layer}"]
        values += learnt[f"bias.{layer}"]
        np.maximum(values, 0, out=values)
    values = values @ learnt[f"weights.{LAYERS[-1]}"] + learnt[f"bias.{LAYERS[-1]}"]
    return np.asarray(1 / (1 + np.exp(-values[:, 0])), np.float32)


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


def _texture(magnitudes: Floats) -> Floats:
    """Return medians over neighbouring bins: sound without a pitch."""
    half = _TEXTURE_BINS // 2
    padded = np.pad(magnitudes, ((0, 0), (half, half + _TEXTURE_STEP)), mode="edge")
    windows = sliding_window_view(padded, _TEXTURE_BINS, axis=1)[:, ::_TEXTURE_STEP]
    medians = np.partition(windows, half, axis=2)[..., half]
    repeated = np.repeat(medians, _TEXTURE_STEP, axis=1)
    return np.asarray(repeated[:, : magnitudes.shape[1]], np.float32)


def _smoothed(drums: Mapping[Drum, Floats], background: Floats) -> list[Floats]:
    from scipy.ndimage import uniform_filter

    wanted = np.square(np.sum(list(drums.values()), axis=0)) + EPSILON**2
    mask = wanted / (wanted + np.square(background))
    return [uniform_filter(mask, size, mode="nearest") for size in SMOOTHED]


def _by_coarse(drums: Mapping[Drum, Floats]) -> dict[Drum, Floats]:
    found: dict[Drum, Floats] = {}
    for drum, values in drums.items():
        # A side stick is on the snare's place, and other percussion is nowhere else.
        coarse = Drum.SD if drum.coarse is Drum.OT else drum.coarse
        found[coarse] = found[coarse] + values if coarse in found else values
    return found


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
