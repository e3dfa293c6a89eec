"""The parameters of the drum network BRNN-SA.

Two bidirectional LSTM layers, then soft attention over the neighbouring frames
(C. Southall, R. Stables and J. Hockman, "Automatic drum transcription for
polyphonic recordings using soft attention mechanisms and convolutional neural
networks", ISMIR 2017), here in a cheaper form: the matrix that scores a frame is
factored into a rank of `rank`, and shared by its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

ATTENTION = "attention"
"""Signature of the attention and the output layer."""


def layer_name(number: int) -> str:
    """Return the signature of a layer, counted from 0."""
    return f"layer{number + 1}"


def single(name: str) -> str:
    """Return the signature of the same graph for a single chunk."""
    return f"{name}_single"


@dataclass(frozen=True, eq=False)
class Lstm:
    """One direction of an LSTM layer, in PyTorch's convention.

    Parameters
    ----------
    weight_ih, weight_hh
        Shape (4 units, inputs) and (4 units, units); the rows are the
        gates input, forget, cell, output.
    bias
        Sum of PyTorch's two, shape (4 units,).
    """

    weight_ih: Array
    weight_hh: Array
    bias: Array

    @property
    def units(self) -> int:
        """Length of the state."""
        return int(self.weight_hh.shape[1])


@dataclass(frozen=True, eq=False)
class Attention:
    """Soft attention over the frames t - a … t + a of the second layer.

    For each offset j, ``score_j = tanh(h2(t + j) @ a[j] + h1(t) @ c + b) @ v``;
    the softmax over j, for every unit separately, weights ``h2(t + j)``.

    Parameters
    ----------
    a
        Shape (2a + 1, 2 units, rank).
    b
        Shape (rank,).
    c, v
        Shape (2 units, rank) and (rank, 2 units); or one for each offset,
        (2a + 1, 2 units, rank) and (2a + 1, rank, 2 units).
    """

    a: Array
    b: Array
    c: Array
    v: Array

    @property
    def width(self) -> int:
        """Frames on each side."""
        return (len(self.a) - 1) // 2

    def at(self, offset: int) -> tuple[Array, Array]:
        """Return `c` and `v` of an offset, counted from 0."""
        c = self.c[offset] if self.c.ndim == 3 else self.c
        v = self.v[offset] if self.v.ndim == 3 else self.v
        return c, v


@dataclass(frozen=True, eq=False)
class BrnnSaWeights:
    """All parameters of a BRNN-SA.

    Parameters
    ----------
    layers
        Forward and backward direction of each layer.
    attention
        See `Attention`.
    output_weight, output_bias
        Shape (2 units, outputs) and (outputs,), before the sigmoid.
    difference
        Whether the network also reads the increase of each band since the frame before,
        after the bands of a frame.
    """

    layers: tuple[tuple[Lstm, Lstm], ...]
    attention: Attention
    output_weight: Array
    output_bias: Array
    difference: bool = True

    @property
    def bands(self) -> int:
        """Number of values in a frame."""
        inputs = int(self.layers[0][0].weight_ih.shape[1])
        return inputs // 2 if self.difference else inputs

    @classmethod
    def from_dict(
        cls, state: Mapping[str, Array], *, difference: bool = True, prefix: str = ""
    ) -> BrnnSaWeights:
        """Collect parameters by PyTorch's names.

        Parameters
        ----------
        state
            ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0``, ``bias_hh_l0``, the same
            with ``_reverse``, and those of further layers (`torch.nn.LSTM`);
            ``attention_a``, ``attention_b``, ``attention_c``, ``attention_v``,
            ``output_weight``, ``output_bias`` as in `Attention` and above.
        difference
            Whether the first layer also reads increases, see the class.
        prefix
            Prefix of the names of the LSTM's parameters, e.g. ``"lstm."``.
        """

        def direction(suffix: str) -> Lstm:
            name = f"{{}}_l{suffix}"
            get = {
                key: np.asarray(state[prefix + name.format(key)])
                for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            }
            bias = get["bias_ih"] + get["bias_hh"]
            return Lstm(get["weight_ih"], get["weight_hh"], bias)

        count = 0
        while f"{prefix}weight_ih_l{count}" in state:
            count += 1
        return cls(
            tuple((direction(f"{n}"), direction(f"{n}_reverse")) for n in range(count)),
            Attention(*(np.asarray(state[f"attention_{name}"]) for name in "abcv")),
            np.asarray(state["output_weight"]),
            np.asarray(state["output_bias"]),
            difference,
        )
