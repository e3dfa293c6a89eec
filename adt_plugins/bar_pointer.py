"""The bar-pointer model: the likeliest sequence of beats for what was observed.

A hidden pointer moves through the bar at a tempo that may change at beats only
(Whiteley, Cemgil and Godsill, ISMIR 2006), on the tempo-dependent grid of
Krebs, Böck and Widmer (ISMIR 2015). Between two beats nothing is left to decide,
so the search runs over beats instead of states: a beat that begins at frame t
and lasts T frames follows one that began at t - T'. No beat is shorter than the
shortest T, so that many frames are decided at once. Five minutes take a second;
going through the 6500 to 15 000 states frame by frame takes ten times as long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TEMPI = 60
TRANSITION_LAMBDA = 100.0
OBSERVATION_LAMBDA = 16

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_NEVER = -1e30  # log probability; unlike infinity, its differences are numbers


@dataclass(frozen=True)
class BeatPath:
    """Beats in the order of time.

    Parameters
    ----------
    starts
        First frame of each beat, shape (beats,); that of the first may lie
        before frame 0.
    lengths
        Frames of each beat, shape (beats,).
    positions
        Place of each in its bar, from 0, shape (beats,).
    log_probability
        Of the whole path together with the observations.
    """

    starts: Ints
    lengths: Ints
    positions: Ints
    log_probability: float


def beat_lengths(
    frame_rate: float, min_bpm: float, max_bpm: float, count: int = TEMPI
) -> Ints:
    """Lengths of a beat in frames: all of a range of tempi, or `count` of them.

    More than `count` are thinned out evenly on a logarithmic scale.

    Returns
    -------
    NDArray
        Ascending, shape (tempi,).
    """
    shortest, longest = 60 * frame_rate / max_bpm, 60 * frame_rate / min_bpm
    lengths = np.arange(max(round(shortest), 1), max(round(longest), 1) + 1)
    number = count
    while len(lengths) > count:
        spaced = np.geomspace(max(shortest, 1), longest, number)
        number += 1
        if len(found := np.unique(np.round(spaced))) >= count:
            return found.astype(np.int64)
    return lengths.astype(np.int64)


def decode(
    densities: Floats,
    beats_per_bar: int,
    lengths: Ints,
    *,
    transition_lambda: float = TRANSITION_LAMBDA,
    observation_lambda: int = OBSERVATION_LAMBDA,
) -> BeatPath:
    """Find the likeliest path (Viterbi 1967).

    Parameters
    ----------
    densities
        Log density of each frame outside a beat's beginning, at a beat that is
        no downbeat, and at a downbeat; shape (frames, 3), at least one frame.
    beats_per_bar
        Beats in a bar.
    lengths
        Lengths of a beat that are considered, see `beat_lengths`.
    transition_lambda
        How firmly the tempo stays as it is.
    observation_lambda
        One in how many parts of a beat is its beginning.

    Returns
    -------
    BeatPath
        At least one beat. Memory: 1 byte for each frame, beat of the bar and
        length (15 MB a minute in 4/4 with 60 lengths at 100 frames a second).
    """
    search = _Search(densities, beats_per_bar, lengths, observation_lambda)
    search.forward(_transitions(lengths, transition_lambda))
    return search.backward()


def _transitions(lengths: Ints, transition_lambda: float) -> Floats:
    """Log probability of each length (column) after each other (row)."""
    ratio = lengths[np.newaxis] / lengths[:, np.newaxis]
    probability = np.exp(-transition_lambda * np.abs(ratio - 1))
    probability[probability <= np.spacing(1)] = 0
    probability /= probability.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(probability), _NEVER)


class _Search:
    """Scores of beats by their first frame, the last few kept.

    `_window[i, b, n]` is the best log probability of all before a beat `b` of
    the bar with length `n` that begins at frame ``_base + i``.
    """

    def __init__(
        self, densities: Floats, bar: int, lengths: Ints, observation_lambda: int
    ) -> None:
        self._frames, self._bar, self._lengths = len(densities), bar, lengths
        self._heads = -(-lengths // observation_lambda)
        self._reach = int(lengths[-1])
        # Sums from the beginning; nothing is observed before it.
        self._sums = np.zeros((self._reach + self._frames + 1, 3))
        np.cumsum(densities, axis=0, out=self._sums[self._reach + 1 :])
        # Before the first frame the pointer may be anywhere.
        start = -np.log(bar * float(lengths.sum()))
        shape = (self._reach, bar, len(lengths))
        self._window = np.full(shape, start, np.float32)
        self._base, self._scale = -self._reach, 0.0
        shape = (self._frames, bar, len(lengths))
        self._before = np.zeros(shape, np.uint8)
        self._band_start = 0

    def _observed(self, starts: Ints, ends: Ints) -> NDArray[np.float32]:
        """Log density of a beat: shapes (n, lengths) to (n, bar, lengths)."""
        starts, ends = starts + self._reach, ends + self._reach
        heads = np.minimum(starts + self._heads, ends)
        rest = self._sums[ends, 0] - self._sums[heads, 0]
        kinds = [
            (self._sums[heads, kind] - self._sums[starts, kind] + rest)
            for kind in (2, *[1] * (self._bar > 1))
        ]
        order = [0, *[1] * (self._bar - 1)]
        return np.stack([kinds[kind] for kind in order], axis=1).astype(np.float32)

    def forward(self, transitions: Floats) -> None:
        """Score all beginnings of beats, a shortest beat's frames at a time."""
        count = len(self._lengths)
        # Only lengths within a band around its own can precede a length.
        came, to = np.nonzero(transitions > _NEVER)
        low, high = int((to - came).max()), int((came - to).max())
        self._band_start = -low
        padded = np.full((count + low + high, count), _NEVER)
        padded[low : low + count] = transitions
        band = np.stack([padded[n : n + low + high + 1, n] for n in range(count)])
        band = band.T.astype(np.float32)[..., np.newaxis, np.newaxis]
        step = int(self._lengths[0])
        for first in range(0, self._frames, step):
            frames = np.arange(first, min(first + step, self._frames))
            # Lengths come first, so that every slice below is one piece of memory.
            shape = (count + low + high, self._bar, len(frames))
            scores = np.full(shape, _NEVER, np.float32)
            scores[low : low + count] = self._ended(frames)
            best = scores[:count] + band[0]
            before = np.zeros(best.shape, np.uint8)
            for n in range(1, len(band)):
                other = scores[n : n + count] + band[n]
                np.copyto(before, n, where=other > best)
                np.maximum(best, other, out=best)
            self._before[frames] = before.T
            self._append(best.T)

    def _ended(self, frames: Ints) -> NDArray[np.float32]:
        """Score the beats that end at frames, at the place of their followers.

        Shape (lengths, bar, frames).
        """
        starts = frames[:, np.newaxis] - self._lengths
        bar, columns = np.arange(self._bar), np.arange(len(self._lengths))
        rows = (starts - self._base)[:, np.newaxis]
        scores = self._window[rows, bar[:, np.newaxis], columns]
        scores += self._observed(starts, starts + self._lengths)
        following: NDArray[np.float32] = np.roll(scores, 1, axis=1).T
        return following

    def _append(self, new: NDArray[np.float32]) -> None:
        """Add the scores of the next frames to the window."""
        self._window = np.concatenate([self._window[len(new) :], new])
        self._base += len(new)
        # Single precision is enough near 0 only.
        highest = float(self._window.max())
        self._window -= highest
        self._scale += highest

    def backward(self) -> BeatPath:
        """Follow the best end back to the beginning."""
        starts = np.arange(self._base, self._frames)[:, np.newaxis]
        starts = np.broadcast_to(starts, (len(starts), len(self._lengths)))
        ends = np.full_like(starts, self._frames)
        scores = self._window + self._observed(starts, ends)
        scores[np.repeat((starts + self._lengths < ends)[:, None], self._bar, 1)] = (
            _NEVER
        )
        best = np.unravel_index(int(scores.argmax()), scores.shape)
        probability = float(scores[best]) + self._scale
        row, beat, length = (int(n) for n in best)
        found = []
        start = int(starts[row, 0])
        while True:
            found.append((start, int(self._lengths[length]), beat))
            if start < 0:
                break
            length += self._band_start + int(self._before[start, beat, length])
            beat = (beat - 1) % self._bar
            start -= int(self._lengths[length])
        path = np.array(found[::-1], np.int64).T
        return BeatPath(path[0], path[1], path[2], probability)
