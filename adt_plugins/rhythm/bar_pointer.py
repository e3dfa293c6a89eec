"""The bar-pointer model: finds the likeliest sequence of beats for some observations.

A hidden pointer moves through the bar at a tempo that may change at beats only
(Whiteley, Cemgil and Godsill, ISMIR 2006), on the tempo-dependent grid of
Krebs, Böck and Widmer (ISMIR 2015). Between two beats nothing is left to decide,
so the search runs over beats instead of states: a beat that begins at frame t
and lasts T frames follows one that began at t - T'. No beat is shorter than the
shortest T, so that many frames are decided at once, of all meters together.

Observations outside the beginnings of beats are the same for every path, so only the
log ratios at the beginnings count. Forward scores are checkpointed every 64 shortest
beats (about 18 s), and recomputed part by part during backtracking.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from adt_plugins.rhythm.evidence import Evidence, Singles
from adt_plugins.rhythm.length_changes import (
    NEVER,
    Changes,
    aligned,
    bands,
    transitions,
)

TEMPI = 60
TRANSITION_LAMBDA = 100.0
OBSERVATION_LAMBDA = 16

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_STEPS = 64
"""Steps of a part, each as long as the shortest beat. Scores are relative to the start
of their part: single precision is exact enough only near 0."""
_KEPT_BYTES = 20 << 20
"""Memory for forward scores that backtracking need not recompute: enough for a song of
seven minutes in a narrow search. Where less than half of them would fit, as in an hour,
the time saved is not worth it."""


class Ratios:
    """Log ratios of the beginnings of beats to the rest of a beat, ready for a search.

    Parameters
    ----------
    densities
        Log density of each frame outside a beat's beginning (column 0), and at
        the beginnings of several kinds of beats (other columns); shape (frames,
        kinds), at least one frame.

    Attributes
    ----------
    frames : int
        Number of frames.
    silent : float
        Log density of all frames outside the beginnings of beats.
    sums : NDArray
        Sums of the ratios of each kind before each frame, shape (frames + 1,
        kinds - 1).
    best : NDArray
        Ratio of the likeliest kind at each frame.
    """

    def __init__(self, densities: Floats) -> None:
        self.frames = len(densities)
        self.silent = float(densities[:, 0].sum())
        self.sums = np.zeros((self.frames + 1, densities.shape[1] - 1))
        np.subtract(densities[:, 1:], densities[:, :1], out=self.sums[1:])
        self.best: Floats = self.sums[1:].max(axis=1)
        np.cumsum(self.sums, axis=0, out=self.sums)


@dataclass(frozen=True)
class BeatPath:
    """A sequence of beats in order of time.

    Parameters
    ----------
    starts
        First frame of each beat, shape (beats,); the first one may be negative.
    lengths
        Frames of each beat, shape (beats,).
    positions
        Place of each beat in its bar, from 0, shape (beats,).
    log_probability
        Log probability of the path together with the observations.
    meter
        Index of the meter among the candidates.
    """

    starts: Ints
    lengths: Ints
    positions: Ints
    log_probability: float
    meter: int = 0


@lru_cache(maxsize=8)
def beat_lengths(
    frame_rate: float, min_bpm: float, max_bpm: float, count: int = TEMPI
) -> Ints:
    """Return lengths of a beat in frames: all of a range of tempi, or `count` of them.

    More than `count` are thinned out evenly on a logarithmic scale.

    Returns
    -------
    NDArray
        Ascending, shape (tempi,).
    """
    shortest, longest = 60 * frame_rate / max_bpm, 60 * frame_rate / min_bpm
    whole = np.arange(max(round(shortest), 1), max(round(longest), 1) + 1)
    lengths: Ints = whole.astype(np.int64)
    number = count
    while len(whole) > count:
        spaced = np.geomspace(max(shortest, 1), longest, number)
        number += 1
        if len(rounded := np.unique(np.round(spaced))) >= count:
            lengths = rounded.astype(np.int64)
            break
    lengths.setflags(write=False)  # the next caller gets it, too
    return lengths


def decode(
    ratios: Ratios,
    meters: Sequence[Sequence[int]],
    lengths: Ints,
    *,
    transition_lambda: float = TRANSITION_LAMBDA,
    observation_lambda: int = OBSERVATION_LAMBDA,
    evidence: Evidence | None = None,
    searched: NDArray[np.bool_] | None = None,
) -> BeatPath:
    """Find the likeliest path of the likeliest meter (Viterbi 1967).

    Parameters
    ----------
    ratios
        What was observed.
    meters
        Columns of the beats of each candidate meter, e.g. ``(2, 1, 1, 1)``
        where column 1 is a beat and 2 a downbeat.
    lengths
        Candidate lengths of a beat, ascending; see `beat_lengths`.
    transition_lambda
        Resistance to changes of tempo.
    observation_lambda
        A beat's beginning is one part in this many of the beat.
    evidence
        Further log ratios for the beats of the bar that begin at a frame, or have
        their middle or thirds there.
    searched
        Mask of the `lengths` to search; None: all. If the likeliest path of all has
        only these lengths, it is found: probabilities do not depend on the mask.

    Returns
    -------
    BeatPath
        At least one beat. The search takes up to 20 MB, plus 10 MB for every hour.
    """
    search = _Search(
        ratios,
        meters,
        lengths,
        np.ones(len(lengths), np.bool_) if searched is None else searched,
        observation_lambda=observation_lambda,
        transition_lambda=transition_lambda,
        evidence=evidence,
    )
    search.forward()
    return search.backward()


class _Search:
    """Forward scores of beats by their first frame.

    The scores of a part have the shape (lengths, beats of all meters, frames). A score
    is the log probability of everything before a beat that begins at a frame, and of
    its beginning; the frames of a part start `_reach` before its first.
    """

    def __init__(
        self,
        ratios: Ratios,
        meters: Sequence[Sequence[int]],
        all_lengths: Ints,
        searched: NDArray[np.bool_],
        *,
        observation_lambda: int,
        transition_lambda: float,
        evidence: Evidence | None,
    ) -> None:
        lengths = all_lengths[searched]
        self._meters, self._lengths = meters, lengths
        self._places = int(all_lengths.sum())  # in a beat, of all lengths
        self._frames, self._reach = ratios.frames, int(lengths[-1])
        self._step = int(lengths[0])
        self._silent = ratios.silent
        self._sizes, self._heads = np.unique(
            -(-lengths // observation_lambda), return_inverse=True
        )
        self._sums = ratios.sums
        self._changes = Changes(
            tuple(all_lengths.tolist()), tuple(searched.tolist()), transition_lambda
        )
        kinds = [kind for meter in meters for kind in meter]
        self._kinds = np.array(kinds, np.int64) - 1
        starts = np.cumsum([0, *(len(meter) for meter in meters)])
        self._first = starts[:-1]
        self._beats = slice(len(kinds))  # of all meters, that are searched
        # The preceding beat of each, in the same meter.
        self._previous = np.concatenate(
            [
                start + np.roll(np.arange(len(meter)), 1)
                for start, meter in zip(starts[:-1], meters, strict=True)
            ]
        )
        self._evidence = evidence
        # Checkpoints: the scores that each part starts from. Then the scores of the
        # first parts.
        self._checkpoints: list[tuple[Singles, float]] = []
        self._kept: list[Singles] = []

    def _parts(self) -> range:
        """Return the first frame of each part."""
        return range(0, self._frames, _STEPS * self._step)

    def forward(self) -> None:
        """Compute all parts, and keep their checkpoints."""
        count, beats = len(self._lengths), len(self._previous)
        # Before the first frame the pointer may be anywhere.
        start = np.concatenate(
            [
                np.full(len(meter), -np.log(len(meter) * float(self._places)))
                for meter in self._meters
            ]
        )
        shape = (count, beats, self._reach)
        window = np.empty(shape, np.float32)
        window[:] = start[:, np.newaxis]
        window += self._gained(-self._reach, 0)
        scale = 0.0
        for first in self._parts():
            self._checkpoints.append((window, scale))
            scores = self._part(window, first)
            parts = len(self._checkpoints)
            fits = parts * scores.nbytes <= _KEPT_BYTES
            is_worth_it = len(self._parts()) * scores.nbytes <= 2 * _KEPT_BYTES
            if fits and is_worth_it and len(self._kept) == parts - 1:
                self._kept.append(scores)
            window = scores[..., -self._reach :]
            highest = window.max()
            window = window - highest
            scale += float(highest)
        self._last, self._scale = window, scale

    def _gained(self, first: int, end: int) -> Singles:
        """Return log ratios of beats that begin at frames: (lengths, beats, frames)."""
        # There are no observations before the first frame and after the last.
        frames = np.arange(first, end)
        starts = self._sums[frames.clip(0, self._frames)]
        ends = (frames + self._sizes[:, np.newaxis]).clip(0, self._frames)
        sums = (self._sums[ends] - starts).astype(np.float32)
        gains = sums.transpose(0, 2, 1)[:, self._kinds]
        if self._evidence is None:
            whole: Singles = np.take(gains, self._heads, axis=0)
            return whole
        cut = self._evidence.cut(first, end + self._reach)
        beginnings, *others = (part[self._beats] for part in cut)
        gains += beginnings[:, : end - first]
        gained: Singles = np.take(gains, self._heads, axis=0)
        for row, length in zip(gained, self._lengths.tolist(), strict=True):
            for number, part in enumerate(others, 1):
                at = number * length // self._evidence.division
                np.add(row, part[:, at : at + end - first], out=row)
        return gained

    def _part(self, before: Singles, first: int) -> Singles:
        """Compute the scores of a part, a shortest beat's frames at a time."""
        count, step, reach = len(self._lengths), self._step, self._reach
        end = min(first + _STEPS * step, self._frames)
        beats = len(self._previous)
        scores = np.concatenate([before, self._gained(first, end)], axis=2)
        width = scores.shape[2]
        flat = scores.reshape(-1)
        # Places in the part where the beats ended that the frames of a step follow:
        # (lengths, beats, frames) like all else.
        row = np.arange(count)[:, np.newaxis, np.newaxis] * beats
        row = (row + self._previous[:, np.newaxis]) * width
        ended = row + reach - self._lengths[:, np.newaxis, np.newaxis]
        ended = ended + np.arange(step)
        # Contiguous memory: sums over it take a third of the time.
        size = count * beats * step
        twice, best, other = aligned(2 * size), aligned(size), aligned(size)
        inside, again = twice[:size], twice[size:]
        banded = bands(self._changes, beats * step)
        changes = [
            (
                twice[came : came + len(gain)],
                gain,
                other[: len(gain)],
                best[to:][: len(gain)],
            )
            for came, to, gain in banded[1:]
        ]
        entered, left = inside.reshape(ended.shape), best.reshape(ended.shape)
        unchanged = banded[0][2]
        # The calls of this loop cost as much as their work: no names are looked up.
        add, maximum, copy_to = np.add, np.maximum, np.copyto
        for at in range(0, end - first, step):
            # Results of the last step that lie past the end are ignored.
            flat[at:].take(ended, out=entered, mode="clip")
            copy_to(again, inside)
            add(inside, unchanged, out=best)
            for came, gain, sums, highest in changes:
                add(came, gain, out=sums)
                maximum(highest, sums, out=highest)
            new = scores[..., reach + at : reach + min(at + step, end - first)]
            new += left[..., : new.shape[2]]
        return scores

    def _only(self, meter: int) -> _Search:
        """Return the search of one meter, which a path never leaves."""
        one = copy(self)
        first = int(self._first[meter])
        one._beats = slice(first, first + len(self._meters[meter]))
        one._previous = self._previous[one._beats] - first
        one._kinds = self._kinds[one._beats]
        return one

    def backward(self) -> BeatPath:
        """Backtrack from the best end to the beginning."""
        starts = np.arange(self._frames - self._reach, self._frames)
        unfinished = starts + self._lengths[:, np.newaxis] >= self._frames
        last = np.where(unfinished[:, np.newaxis], self._last, NEVER)
        best = np.unravel_index(int(last.argmax()), last.shape)
        probability = float(last[best]) + self._scale + self._silent
        length, beat, at = (int(n) for n in best)
        start = int(starts[at])
        meter = int(np.searchsorted(self._first, beat, side="right")) - 1
        one = self._only(meter)
        beat -= one._beats.start
        columns = np.arange(len(self._lengths))
        changes = transitions(self._changes)
        beats = []
        part, scores = -1, self._last
        while True:
            beats.append((start, int(self._lengths[length]), beat))
            if start < 0:
                break
            here = start // (_STEPS * self._step)
            if here != part:
                part = here
                first = part * _STEPS * self._step
                if part < len(self._kept):
                    scores = self._kept[part][:, one._beats]
                else:
                    before, _ = self._checkpoints[part]
                    scores = one._part(before[:, one._beats], first)
            beat = int(one._previous[beat])
            # The beats that ended here may begin in the part before, whose last frames
            # a part starts with.
            offsets = start - self._lengths - first + self._reach
            ended = scores[columns, beat, offsets] + changes[:, length]
            length = int(ended.argmax())
            start -= int(self._lengths[length])
        path = np.array(beats[::-1], np.int64).T
        return BeatPath(path[0], path[1], path[2], probability, meter)
