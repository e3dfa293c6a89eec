"""Features of each time-frequency bin, from which the networks estimate its mask.

They are the estimated levels of drums and background, the level of each coarse drum,
the magnitudes nearby in time and frequency, and where hits are; nothing of instruments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from adt_plugins.drums import Drum
from adt_plugins.separation.frames import Floats, Grid
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

MOST = 5.0
"""Largest logarithm of a ratio."""

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
        self._sound, self._all = logarithm(magnitudes), logarithm(drums)
        self._background = logarithm(background)
        self._beside = [
            *(logarithm(_texture(magnitudes, *size)) for size in TEXTURES),
            logarithm(lasting(magnitudes, _STEADY, _STEADY_STEP)),
            logarithm(_texture(background, *TEXTURES[0])),
        ]
        self._drums = {drum: logarithm(values) for drum, values in by_coarse.items()}
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
                row[:] = -MOST
            else:
                np.subtract(values, here, out=row)
                np.clip(row, -MOST, MOST, out=row)

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
                beside(shifted(values, begin, end, shift))
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


def logarithm(values: Floats) -> Floats:
    """Return logarithms; those of silence are finite."""
    return np.asarray(np.log(values + EPSILON), np.float32)


def shifted(values: Floats, begin: int, end: int, shift: int) -> Floats:
    """Return frames `begin` to `end` of values that are `shift` frames later."""
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
        logarithm(uniform_filter(values, _MISFIT, mode="nearest"))
        for values in (magnitudes, thought)
    )
    return np.asarray(np.clip(loud - explained, -MOST, MOST), np.float32)


def _shares_of_frames(
    magnitudes: Floats, drums: Floats, background: Floats
) -> NDArray[np.float32]:
    """Return the share of drums and background in each frame, shape (frames, 2)."""
    total = logarithm(magnitudes.sum(axis=1))
    both = [logarithm(part.sum(axis=1)) - total for part in (drums, background)]
    return np.clip(np.stack(both, axis=1), -MOST, MOST)


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
