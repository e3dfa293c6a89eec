"""Finds channels that are inverted, so that they do not cancel each other out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# The power of the sum of all channels, relative to the sum of their powers: 1 if they
# are independent, 2 for two equal ones, 0 for a channel and its inverse.
_CANCELS, _AGREES = 0.6, 0.8
_EVERY = 16  # one sample in this many is compared
_ENOUGH = 8192  # samples of a stretch, needed to judge: a few agree by chance
# Samples after which what was heard counts half as much: a side may be inverted from
# the middle of a recording on.
_HALF_LIFE = 22050
_QUIET = 1e-3  # a stretch with less of the power heard so far tells nothing

Signs = NDArray[np.float32]


class Polarity:
    """Chooses the signs of channels by how well they have agreed lately.

    Parameters
    ----------
    used
        Which channels are heard, shape (channels,).
    """

    def __init__(self, used: NDArray[np.bool_]) -> None:
        self._used = used
        self._heard = np.zeros((len(used), len(used)))
        self._count = 0
        self.signs: Signs = np.ones(len(used), np.float32)

    def turns(self, samples: NDArray[np.float32]) -> list[tuple[int, Signs]]:
        """Return from which samples of a block on which signs hold; empty: none change.

        A turn is noticed late. It begins where the channels began to cancel each other
        out, or to agree, if that is in this block.

        Parameters
        ----------
        samples
            Shape (n, channels).
        """
        turns: list[tuple[int, Signs]] = []
        agreements: list[float] = []  # of each stretch alone; NaN tells nothing
        for products, length in self._stretches(samples):
            self._heard *= 0.5 ** (length / _HALF_LIFE)
            self._heard += products
            agreement, power = _agreement(self._heard)
            own, own_power = _agreement(products)
            agreements.append(own if own_power > _QUIET * power else np.nan)
            inverted = bool(np.any(self.signs < 0))
            if agreement < _CANCELS and not inverted and self._count >= _ENOUGH:
                self.signs = self._best_signs()
                fits = np.less(agreements, _CANCELS)
            elif agreement > _AGREES and inverted:
                self.signs = np.ones_like(self.signs)
                fits = np.greater(agreements, _AGREES)
            else:
                continue
            others = np.flatnonzero(~fits & ~np.isnan(agreements))
            first = int(others[-1]) + 1 if len(others) else 0
            turns.append((min(first, len(agreements) - 1) * _ENOUGH, self.signs))
            agreements[:] = [np.nan] * len(agreements)
        return turns

    def _stretches(
        self, samples: NDArray[np.float32]
    ) -> list[tuple[NDArray[np.float32], int]]:
        """Return the products of channels in each stretch, and its length."""
        with np.errstate(over="ignore", invalid="ignore"):
            # One row for each channel: products take a fifth of the time of columns.
            some = samples[::_EVERY].T.copy()
            some -= some.mean(axis=1, keepdims=True)  # an offset agrees with itself
            some[~self._used] = 0
            self._count += len(samples)
            step = _ENOUGH // _EVERY
            parts = [some[:, at : at + step] for at in range(0, some.shape[1], step)]
            return [(part @ part.T, part.shape[1] * _EVERY) for part in parts]

    def _best_signs(self) -> Signs:
        axis = np.linalg.eigh(self._heard)[1][:, -1]
        # The first channel with sound stays as it is.
        is_other = (axis < 0) != (axis[int(np.argmax(self._used))] < 0)
        signs = np.ones(len(axis), np.float32)
        signs[is_other] = -1
        return signs


def _agreement(products: NDArray[np.floating]) -> tuple[float, float]:
    """Return the agreement of channels, 1 in silence, and their power."""
    with np.errstate(over="ignore", invalid="ignore"):
        power = float(np.trace(products))
        return (float(products.sum()) / power if power > 0 else 1.0), power
