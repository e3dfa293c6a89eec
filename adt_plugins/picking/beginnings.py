"""Sound that begins without a stroke: noise, a fade-in, the middle of a song.

To the network, a recording is silent before its first sample, so sound that is there
from the first sample on seems to start like a hit. The samples tell the two apart: a
struck drum begins from rest, its treble rises within a few milliseconds, its power
falls again, and the second that follows is not much louder. Noise, dither and chords
neither rise nor fall, a fade-in rises slowly, and what rings on from an earlier stroke
is under way, has lost its treble, and is softer than the next strokes (experiment 34).
Sound that is loudest at its beginning and does nothing but fade for a second is struck,
too: a sample of a cymbal, whose treble may rise slowly and whose power falls as slowly.

Sound after digital silence, as a noise gate leaves it, begins in the same way. There
only what is far below the recording may count as noise. And in passages as quiet as
16-bit dither the network detects hits that nobody can hear.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd

Floats = NDArray[np.float32]

_WINDOW = 44  # samples of a window of the envelope, 1 ms at 44.1 kHz
_WINDOWS = 80
_SEEN = _WINDOW * _WINDOWS
_ATTACKS = 45  # windows with which an attack may begin
_BEFORE, _PEAK = 4, 4  # windows up to that one, and those after it that are the peak
_DECAY = 50  # the window from which on the decay is measured
_FIRST = 10  # samples that are the beginning itself
_NEAR_PEAK = 10 ** (-6.0 / 10)  # an attack reaches the loudest peak, or nearly

_MOST_RISE_DB = 15.0  # any fade-in rises by more in the end
_FALL_DB = (-10.0, 30.0)
_SOFTEST_DB = -25.0
_LEVEL_WEIGHT = 0.4
_STRUCK = 9.0  # sum of two rises, the fall and the weighted level, dB
_NOTHING = 1e-12  # power of silence

_PIECE = 4410  # samples of a piece of a fading sound, 100 ms
_LEAST_PIECES = 3
_LOUDEST_DB = -1.0  # the beginning, relative to the second that it begins
_FLICKER_DB = 0.5  # a piece is louder than the one before by at most this
_FADE_DB = 10 / 9  # and mean fall of a piece: 10 dB in a second

# A hit is no quieter than this relative to the loudest sound so far and within the next
# second, and not below the floor of the level rule; full scale is 1.
_QUIET = 10 ** (-45.0 / 10)
_SOFT = 10 ** (-25.0 / 10)  # after silence, softer sound must be struck
_FLOOR = 4e-4
_LOOK_AHEAD_S = 1.0
_INAUDIBLE = 5e-5  # -86 dB: root mean square of 10 ms; dither has 3e-5 at most
_AROUND = (2, 4)  # frames before and after that can make a frame audible

# A second is silent if it stays this far below what is loud for a tenth of a second
# (experiment 80).
_SILENT = 10 ** (-30.0 / 10)
_LOUD_FRAMES = 10

_SILENCE_S = 0.05  # zeros that count as silence
_HUMP = 2  # frames around a beginning in which false hits peak
_REACH = 6  # frames that they extend to


def is_struck(samples: Floats, level_db: float) -> bool:
    """Return whether sound begins with a stroke.

    Parameters
    ----------
    samples
        Shape (n,), n >= 1, the first 80 ms at 44.1 kHz; shorter ones are padded with
        silence.
    level_db
        Their level relative to the loudest sound of the second that they begin, in dB.
    """
    count = min(len(samples), _SEEN)
    seen, treble = np.zeros(_SEEN), np.zeros(_SEEN)
    seen[:count] = samples[:count]
    first = np.square(seen[:_FIRST]).mean()
    seen[:count] -= seen[:count].mean()
    treble[2:count] = np.diff(seen[:count], 2)
    power, high = _envelope(seen), _envelope(treble)

    # The steepest attack to the peak: a fade-in arrives there slowly.
    peaks = _peaks(high)
    sums = np.concatenate((np.zeros(1), np.cumsum(high)))
    end = np.arange(1, _ATTACKS + 1)
    start = np.maximum(end - _BEFORE, 0)
    steps = peaks * (end - start) / (sums[end] - sums[start])
    steepest = _db(steps[peaks >= _NEAR_PEAK * peaks.max()].max())

    loudest = _peaks(power).max()
    rise = min(_db(peaks.max() / high[0]), steepest, _MOST_RISE_DB)
    from_rest = min(_db(loudest / (first + _NOTHING)), steepest, _MOST_RISE_DB)
    fall = np.clip(_db(loudest / power[_DECAY:].mean()), *_FALL_DB)
    level = _LEVEL_WEIGHT * max(level_db, _SOFTEST_DB)
    return bool(rise + from_rest + fall + level >= _STRUCK)


def only_fades(samples: Floats, level_db: float) -> bool:
    """Return whether sound is loudest at its beginning, and fades from there on.

    Parameters
    ----------
    samples
        Shape (n,), n <= a second at 44.1 kHz.
    level_db
        See `is_struck`.
    """
    count = len(samples) // _PIECE
    if count < _LEAST_PIECES or level_db < _LOUDEST_DB:
        return False
    pieces = samples[: count * _PIECE].reshape(count, _PIECE).astype(np.float64)
    levels = 10 * np.log10(np.square(pieces).mean(axis=1) + _NOTHING)
    rises = bool(np.diff(levels).max() > _FLICKER_DB)
    return not rises and bool(levels[0] - levels[-1] >= _FADE_DB * (count - 1))


def _db(ratio: float) -> float:
    return 10 * math.log10(ratio)


def _envelope(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    power = np.square(samples).reshape(-1, _WINDOW).mean(axis=1)
    return np.asarray(power + _NOTHING)


def _peaks(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean power of the windows that follow each possible attack."""
    after = np.convolve(power[1 : _ATTACKS + _PEAK], np.ones(_PEAK) / _PEAK, "valid")
    return np.asarray(after)


@dataclass
class _Beginning:
    """A place where sound begins, and the samples that follow."""

    at: int
    parts: list[Floats] = field(default_factory=list)
    count: int = 0

    def add(self, samples: Floats, most: int) -> bool:
        """Add samples; True if they are enough."""
        part = samples[: most - self.count].copy()
        self.parts.append(part)
        self.count += len(part)
        return self.count >= most


class Beginnings:
    """Finds the places of a recording where sound begins without a stroke.

    Parameters
    ----------
    front_end
        Front end of the model.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self._hop, self._rate = front_end.hop_size, front_end.sample_rate
        self._ahead = round(_LOOK_AHEAD_S * self._rate)
        self._least = round(_SILENCE_S * self._rate)
        self._received = 0
        self._zeros = self._rate  # silence precedes the first sample
        self._loudest = 0.0  # mean square of 10 ms
        self._open: list[_Beginning] = []
        self._false: list[int] = []
        self._rest = np.zeros(0, np.float32)
        self._powers = [np.zeros(0, np.float32)]  # mean squares, a frame each
        self._first_power = 0

    def watch(self, blocks: Iterable[Floats]) -> Iterator[Floats]:
        """Pass on the blocks of samples of a recording, and analyse them."""
        for samples in blocks:
            self.add(samples)
            yield samples
        self.finish()

    def add(self, samples: Floats) -> None:
        """Analyse the next samples, shape (n,)."""
        for start in self._starts(samples):
            self._open.append(_Beginning(start))
        waiting = []
        for beginning in self._open:
            skip = max(0, beginning.at - self._received)
            if beginning.add(samples[skip:], self._ahead):
                self._judge(beginning)
            else:
                waiting.append(beginning)
        self._open = waiting
        self._received += len(samples)
        if len(self._rest):
            missing = self._hop - len(self._rest)
            self._measure(np.concatenate((self._rest, samples[:missing])))
            samples = samples[missing:]
        if len(samples):
            self._measure(samples)

    def _measure(self, samples: Floats) -> None:
        whole = len(samples) // self._hop * self._hop
        if whole:
            frames = samples[:whole].reshape(-1, self._hop)
            powers = np.einsum("tn,tn->t", frames, frames) / self._hop
            self._powers.append(powers)
            self._loudest = max(self._loudest, float(powers.max()))
        self._rest = samples[whole:].copy()

    def _starts(self, samples: Floats) -> Iterator[int]:
        """Find the samples where sound begins after silence.

        A silence that is long enough contains a whole piece of half its length, so that
        only the pieces next to silent ones are searched.
        """
        step = self._least // 2
        sounding = np.flatnonzero(_sounds(samples, step))
        if not len(sounding):
            self._zeros += len(samples)
            return
        before = np.append(-1, sounding[:-1])
        edges = sounding - before > 1
        edges[0] = True
        last = -1 - self._zeros
        pairs = zip(before[edges].tolist(), sounding[edges].tolist(), strict=True)
        for earlier, piece in pairs:
            if earlier >= 0:
                last = _last_sound(samples, (earlier + 1) * step, step)
            first = piece * step
            first += int(np.argmax(samples[first : first + step] != 0))
            if first - last > self._least:
                yield self._received + first
        last = _last_sound(samples, (int(sounding[-1]) + 1) * step, step)
        self._zeros = len(samples) - 1 - last

    def _judge(self, beginning: _Beginning) -> None:
        samples = np.concatenate(beginning.parts)
        first = samples[:_SEEN]
        around = max(self._loudest, self._power(samples))
        power = self._power(first)
        quiet = power < max(_FLOOR**2, around * _QUIET)
        doubtful = beginning.at < self._least or power < around * _SOFT
        level_db = _db((power + _NOTHING) / (around + _NOTHING))
        struck = is_struck(first, level_db) or only_fades(samples, level_db)
        if quiet or (doubtful and not struck):
            self._false.append(beginning.at)

    def _power(self, samples: Floats) -> float:
        """Return the mean square of the loudest 10 ms, without a shorter rest."""
        whole = samples[: len(samples) // self._hop * self._hop]
        if not len(whole):
            return 0.0
        return float(np.square(whole).reshape(-1, self._hop).mean(axis=1).max())

    def finish(self) -> None:
        """Judge the beginnings that the end cut short."""
        for beginning in self._open:
            self._judge(beginning)
        self._open = []
        if len(self._rest):
            self._measure(np.pad(self._rest, (0, self._hop - len(self._rest))))

    def sounding(self) -> float:
        """Return for how many seconds there is sound; before `silence` forgets it.

        A second counts if it is not far softer, from its beginning to its end, than
        what is loud for a tenth of a second.
        """
        powers = np.concatenate(self._powers)
        if not len(powers):
            return 0.0
        loud = float(np.sort(powers)[-_LOUD_FRAMES:][0])
        second = round(self._rate / self._hop)
        starts = np.arange(0, len(powers), second)
        counts = np.diff(starts, append=len(powers))
        sounds = np.maximum.reduceat(powers, starts) >= loud * _SILENT
        return float(counts[sounds].sum()) * self._hop / self._rate

    def silence(
        self, values: Floats, columns: Iterable[int], first_frame: int = 0
    ) -> None:
        """Remove what the network detects where nothing is struck, in place.

        Parameters
        ----------
        values
            Shape (frames, outputs), activations.
        columns
            Columns of the drums.
        first_frame
            Number of the first of these frames.
        """
        quiet = self._inaudible(first_frame, len(values))
        gone = (first_frame - 2 * _REACH) * self._hop
        self._false = [at for at in self._false if at >= gone]
        places = [at / self._hop - first_frame for at in self._false]
        places = [at for at in places if -_REACH < at < len(values)]
        for column in columns:
            values[quiet, column] = 0
            for place in places:
                _flatten(values[:, column], round(place))

    def _inaudible(self, first: int, count: int) -> NDArray[np.bool_]:
        """Return which frames are inaudible."""
        before, after = _AROUND
        recent = self._powers_from(first - before)
        start = first - self._first_power - before  # < 0 at the beginning
        powers = recent[max(0, start) :]
        powers = np.pad(powers, (max(0, -start), count + before + after))
        around = [powers[k : k + count] for k in range(before + after + 1)]
        return np.asarray(np.maximum.reduce(around) < _INAUDIBLE**2)

    def _powers_from(self, first: int) -> NDArray[np.float32]:
        """Return the powers from a frame on, and release those before it."""
        powers = np.concatenate(self._powers)
        gone = min(max(0, first - self._first_power), len(powers))
        self._powers = [powers[gone:]]
        self._first_power += gone
        return self._powers[0]


def _sounds(samples: Floats, step: int) -> NDArray[np.bool_]:
    """Return in which pieces of `step` samples there is sound."""
    # Mostly the first sample of each suffices.
    firsts: NDArray[np.bool_] = samples[::step] != 0
    if firsts.all():
        return firsts
    sounds: NDArray[np.bool_] = np.logical_or.reduceat(
        samples != 0, np.arange(0, len(samples), step)
    )
    return sounds


def _last_sound(samples: Floats, end: int, step: int) -> int:
    """Return the last place with sound of the `step` samples before `end`."""
    end = min(end, len(samples))
    piece = samples[max(0, end - step) : end]
    return end - 1 - int(np.argmax(piece[::-1] != 0))


def _flatten(column: Floats, frame: int) -> None:
    """Remove the hump of an activation around a frame, down to where it ends."""
    start, stop = max(0, frame - _HUMP), max(0, min(frame + _HUMP + 1, len(column)))
    if start >= stop:
        return
    end = start + int(np.argmax(column[start:stop]))
    last = min(max(0, frame + _REACH), len(column) - 1)
    while end < last and column[end + 1] <= column[end]:
        end += 1
    column[start : end + 1] = 0
