"""Finds channels that are inverted, so that they do not cancel each other out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The power of the sum of all channels, relative to the sum of their powers: 1 if they
# are independent, 2 for two equal ones, 0 for a channel and its inverse.
_CANCELS, _AGREES = 0.6, 0.8
_EVERY = 16  # one sample in this many is compared
_ENOUGH = 8192  # samples of a stretch, needed to judge: a few agree by chance
# Where next to nothing is left of the sum, fewer suffice: a live stream arrives in
# small blocks, and what was heard before a turn is lost.
_FEW, _ALL_CANCELS, _ALL_AGREES = 1024, 0.05, 1.5
_SHORT_HALF_LIFE = 2048
# Samples after which what was heard counts half as much: a side may be inverted from
# the middle of a recording on.
_HALF_LIFE = 22050
_QUIET = 1e-3  # a stretch with less of the power heard so far tells nothing

Signs = NDArray[np.float32]
Floats = NDArray[np.float64]


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
        self._recent = np.zeros_like(self._heard)
        self._count = 0
        self.signs: Signs = np.ones(len(used), np.float32)

    def turns(self, samples: NDArray[Any]) -> list[tuple[int, Signs]]:
        """Return from which samples of a block on which signs hold; empty: none change.

        A turn is noticed late. It begins where the channels began to cancel each other
        out, or to agree, if that is in this block.

        Parameters
        ----------
        samples
            Shape (n, channels), n >= 0, of any type and scale.
        """
        turns: list[tuple[int, Signs]] = []
        if not len(samples):
            return turns
        products, decays = self._stretches(samples)
        if len(samples) < _ENOUGH:
            self._listen_closely(products[0], len(samples))
        sums, powers = _sums(products)
        # Agreements of each stretch alone; NaN tells nothing, or has been told.
        own: list[float] = []
        heard, (total, power) = 0, (float(part) for part in _sums(self._heard))
        inverted = bool(np.any(self.signs < 0))
        rows = zip(sums.tolist(), powers.tolist(), decays.tolist(), strict=True)
        for n, (own_sum, own_power, decay) in enumerate(rows):
            total, power = total * decay + own_sum, power * decay + own_power
            agreement = _ratio(total, power)
            tells = own_power > _QUIET * power
            own.append(_ratio(own_sum, own_power) if tells else math.nan)
            enough = _FEW if agreement < _ALL_CANCELS else _ENOUGH
            if agreement < _CANCELS and not inverted and self._count >= enough:
                self._hear(products[heard : n + 1], decays[heard : n + 1])
                heard = n + 1
                self.signs = self._best_signs()
                others = [k for k, ratio in enumerate(own) if ratio >= _CANCELS]
            elif agreement > _AGREES and inverted:
                self.signs = np.ones_like(self.signs)
                others = [k for k, ratio in enumerate(own) if ratio <= _AGREES]
            else:
                continue
            inverted = bool(np.any(self.signs < 0))
            first = others[-1] + 1 if others else 0
            turns.append((min(first, n) * _ENOUGH, self.signs))
            own = [math.nan] * len(own)
        self._hear(products[heard:], decays[heard:])
        return turns

    def _listen_closely(self, products: Floats, count: int) -> None:
        """Forget what was heard before a turn that is beyond doubt in a live stream."""
        self._recent *= 0.5 ** (count / _SHORT_HALF_LIFE)
        self._recent += products
        total, power = (float(part) for part in _sums(self._recent))
        agreement = _ratio(total, power)
        is_inverted = bool(np.any(self.signs < 0))
        turned = agreement > _ALL_AGREES if is_inverted else agreement < _ALL_CANCELS
        if turned and power > _QUIET * np.trace(self._heard):
            self._heard = self._recent - products

    def _stretches(self, samples: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return the products of channels in each stretch, and how it fades others."""
        step = _ENOUGH // _EVERY
        self._count += len(samples)
        with np.errstate(over="ignore", invalid="ignore"):
            # One row for each channel: products take a fifth of the time of columns.
            some = samples[::_EVERY].T.astype(np.float32, "C")
            count = some.shape[1]
            # An offset agrees with itself.
            some -= np.add.reduce(some, axis=1, keepdims=True) / np.float32(count)
            some[~self._used] = 0
            # Silence behind the last stretch adds nothing to its products.
            parts = np.zeros((len(some), -(-count // step) * step), np.float32)
            parts[:, :count] = some
            parts = parts.reshape(len(some), -1, step).transpose(1, 0, 2)
            products = np.matmul(parts, parts.transpose(0, 2, 1)).astype(np.float64)
        lengths = np.full(len(products), step)
        lengths[-1:] += count - step * len(products)
        return products, 0.5 ** (lengths * _EVERY / _HALF_LIFE)

    def _hear(self, products: Floats, decays: Floats) -> None:
        """Add stretches to what was heard, each of which fades what was before it."""
        left = np.cumprod(np.append(1.0, decays[::-1]))[::-1]
        with np.errstate(over="ignore", invalid="ignore"):
            rows = left[1:] @ products.reshape(-1, self._heard.size)
            self._heard = left[0] * self._heard + rows.reshape(self._heard.shape)

    def _best_signs(self) -> Signs:
        axis = np.linalg.eigh(self._heard)[1][:, -1]
        # The first channel with sound stays as it is.
        is_other = (axis < 0) != (axis[int(np.argmax(self._used))] < 0)
        signs = np.ones(len(axis), np.float32)
        signs[is_other] = -1
        return signs


def _sums(products: Floats) -> tuple[Floats, Floats]:
    """Return the sums of matrices of products, and the sums of their diagonals."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.add.reduce(products, axis=(-2, -1))
        return sums, np.einsum("...cc->...", products)


def _ratio(total: float, power: float) -> float:
    """Return the agreement of channels: 1 in silence."""
    return total / power if power > 0 else 1.0
