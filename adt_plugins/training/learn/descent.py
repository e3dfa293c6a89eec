"""Gradient descent, as all networks are trained: its rate, and one step of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_LEAST = 0.01


def cosine_rate(step: int, steps: int, warm_up: int) -> float:
    """Return the learning rate of a step, as a share of the highest one.

    Parameters
    ----------
    step
        Steps taken before.
    steps
        Steps of the whole run, over which a half cosine falls from 1 to 0.01.
    warm_up
        Steps at the beginning over which the rate rises linearly.
    """
    cosine = 0.5 + 0.5 * math.cos(math.pi * step / steps)
    return min(1.0, (step + 1) / warm_up) * (_LEAST + (1 - _LEAST) * cosine)


def descend(
    loss: Tensor,
    optimiser: torch.optim.Optimizer,
    model: nn.Module,
    averaged: nn.Module,
    *,
    step: int,
    average: float,
) -> float:
    """Take a step, and move the averaged weights towards the new ones.

    Parameters
    ----------
    loss
        Loss of the model, whose gradients are clipped to a norm of 1.
    optimiser
        Optimiser of the model's parameters.
    model, averaged
        The network that is trained, and its moving average.
    step
        Steps taken before.
    average
        Decay of the moving average.

    Returns
    -------
    float
        The loss.
    """
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    # With the full decay, the average would keep the random start for too long.
    decay = min(average, (2 + step) / (11 + step))
    with torch.no_grad():
        pairs = zip(averaged.parameters(), model.parameters(), strict=True)
        for mean, now in pairs:
            mean.lerp_(now, 1 - decay)
    return float(loss.detach())
