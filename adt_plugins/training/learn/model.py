"""The BRNN-SA network in PyTorch, for training only.

Two bidirectional LSTM layers, then soft attention over the neighbouring frames
of the second layer, conditioned on the first [1]_. The attention is a cheaper
form of the paper's: the score of frame ``t + j`` is

    m_j = tanh(A_j h2(t + j) + C h1(t) + b) V

with a low-rank ``A_j`` of its own for every offset and shared ``C`` and ``V``,
27 thousand multiply-adds a frame at 64 units instead of the 246 thousand of a
full matrix pair per offset.

.. [1] C. Southall, R. Stables and J. Hockman, "Improving peak-picking using
   multiple time-step loss functions" and "Automatic drum transcription for
   polyphonic recordings using soft attention mechanisms and convolutional
   neural networks", ISMIR 2017-2018.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network.

    Parameters
    ----------
    bands
        Bands of a frame; the network adds their positive differences.
    units
        LSTM units of a layer in each direction.
    rank
        Hidden units of the attention.
    reach
        Frames on each side in the attention.
    outputs
        Sigmoid outputs.
    """

    bands: int = 84
    units: int = 64
    rank: int = 32
    reach: int = 2
    outputs: int = 9


class BrnnSa(nn.Module):
    """The network; its inputs and outputs are time-major, as in the exported graph."""

    def __init__(self, sizes: Sizes, dropout: float = 0.25) -> None:
        super().__init__()
        self.sizes = sizes
        self.dropout = dropout
        width = 2 * sizes.units
        self.lstm1 = nn.LSTM(2 * sizes.bands, sizes.units, bidirectional=True)
        self.lstm2 = nn.LSTM(width, sizes.units, bidirectional=True)
        self.attend_near = nn.Linear(
            width, (2 * sizes.reach + 1) * sizes.rank, bias=False
        )
        self.attend_here = nn.Linear(width, sizes.rank)
        self.attend_score = nn.Linear(sizes.rank, width, bias=False)
        self.output = nn.Linear(width, sizes.outputs)
        # Almost all frames are silent, so training begins with that.
        nn.init.constant_(self.output.bias, -3.0)

    def forward(self, frames: Tensor) -> Tensor:
        """Return logits (time, batch, outputs) of frames (time, batch, bands)."""
        rise = functional.relu(frames[1:] - frames[:-1])
        rise = functional.pad(rise, (0, 0, 0, 0, 1, 0))
        h1, _ = self.lstm1(torch.cat([frames, rise], dim=2))
        h1 = self._drop(h1)
        h2, _ = self.lstm2(h1)
        h2 = self._drop(h2)
        z = self._attention(h1, h2)
        return self.output(z)  # type: ignore[no-any-return]

    def _drop(self, h: Tensor) -> Tensor:
        # One mask for all frames of a clip: units that come and go would be noise.
        if not self.training or not self.dropout:
            return h
        keep = 1.0 - self.dropout
        mask = torch.empty_like(h[:1]).bernoulli_(keep).div_(keep)
        return h * mask

    def _attention(self, h1: Tensor, h2: Tensor) -> Tensor:
        reach, rank = self.sizes.reach, self.sizes.rank
        time = h2.shape[0]
        near = self.attend_near(h2)
        near = functional.pad(near, (0, 0, 0, 0, reach, reach))
        beside = functional.pad(h2, (0, 0, 0, 0, reach, reach))
        here = self.attend_here(h1)
        scores = torch.stack(
            [
                near[j : j + time, :, j * rank : (j + 1) * rank] + here
                for j in range(2 * reach + 1)
            ]
        )
        weights = self.attend_score(torch.tanh(scores)).softmax(dim=0)
        return torch.stack(
            [weights[j] * beside[j : j + time] for j in range(2 * reach + 1)]
        ).sum(dim=0)
