"""Limits a part to what one drummer can play: two hands, two feet, runs on one cymbal.

Hits that no pair of hands can play are duplicates, or another player's; on paper they
are left out.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from adt_plugins.drums import Drum
from adt_plugins.formats.notation.bars import Bar, Stroke
from adt_plugins.formats.notation.staff import USUAL

HANDS = 2
FEET = (Drum.KD, Drum.PHH)
CRASHES = (Drum.CRC, Drum.CY, Drum.SPC, Drum.CHC)
RIDES = (Drum.RDC, Drum.RDB)
HATS = (Drum.OHH, Drum.CHH, Drum.HH)
"""Drums that only one hand plays; of two at once, the first one is kept."""

_NEAR_BARS = 4
_LEAST_RUN = 4  # strokes
_RARER = 3  # times: hat or ride, if struck at once, is then heard twice
_ONE_OF = (HATS, (Drum.RDB, Drum.RDC))

Strokes = dict[Drum, Stroke]


@dataclass(frozen=True)
class _Chord:
    """Simultaneous strokes: their bar, their place there, and in the piece."""

    bar: int
    place: Fraction
    at: Fraction
    strokes: Strokes


class _Habits:
    """The bars in which each drum is played at each place."""

    def __init__(self, chords: Sequence[_Chord]) -> None:
        self._bars: dict[tuple[Drum, float], list[int]] = {}  # in their order
        for chord in chords:
            place = float(chord.place)  # fractions take long to hash
            for drum in chord.strokes:
                bars = self._bars.setdefault((USUAL.get(drum, drum), place), [])
                if not bars or bars[-1] != chord.bar:
                    bars.append(chord.bar)

    def support(self, drum: Drum, chord: _Chord) -> int:
        """Return in how many nearby bars a drum is struck at the same place."""
        bars = self._bars.get((USUAL.get(drum, drum), float(chord.place)), [])
        first = bisect_left(bars, chord.bar - _NEAR_BARS)
        return bisect_right(bars, chord.bar + _NEAR_BARS) - first


def make_playable(bars: Sequence[Bar]) -> Counter[Drum]:
    """Remove from the bars what cannot be played, and return it by drum."""
    chords = list(_chords(bars))
    left_out: Counter[Drum] = Counter()
    habits = _Habits(chords)
    for chord in chords:
        for drum in _doubled(chord, habits):
            del chord.strokes[drum]
            left_out[drum] += 1
    for run in _runs(chords):
        _unite(run)
    habits = _Habits(chords)
    for chord in chords:
        for drum in _too_many(chord, habits):
            del chord.strokes[drum]
            left_out[drum] += 1
    return left_out


def _chords(bars: Sequence[Bar]) -> Iterator[_Chord]:
    start = Fraction(0)
    for index, bar in enumerate(bars):
        place = Fraction(0)
        for beat in bar.beats:
            for step in sorted(beat.strokes):
                at = place + beat.place(step)
                yield _Chord(index, at, start + at, beat.strokes[step])
            place += beat.quarters
        start += place


def _doubled(chord: _Chord, habits: _Habits) -> list[Drum]:
    """Return the drums that duplicate another one of the same stroke."""
    struck = chord.strokes
    doubled = [d for d in struck if any(o.coarse is d for o in struck if o is not d)]
    if Drum.PHH in struck and Drum.HH in struck and Drum.HH not in doubled:
        doubled.append(Drum.HH)
    for kinds in _ONE_OF:
        doubled += [drum for drum in kinds if drum in struck and drum not in doubled][
            1:
        ]
    if Drum.SD in struck and Drum.SST in struck:
        doubled.append(
            min((Drum.SST, Drum.SD), key=lambda drum: _worth(drum, chord, habits))
        )
    ridden = [
        drum for drum in (*HATS, *RIDES) if drum in struck and drum not in doubled
    ]
    if len(ridden) > 1:
        less, more = sorted(ridden, key=lambda drum: _worth(drum, chord, habits))
        if _RARER * habits.support(less, chord) <= habits.support(more, chord):
            doubled.append(less)
    return doubled


def _worth(drum: Drum, chord: _Chord, habits: _Habits) -> tuple[int, float, int]:
    onset = chord.strokes[drum].onset
    return habits.support(drum, chord), onset.confidence, onset.velocity


def _too_many(chord: _Chord, habits: _Habits) -> list[Drum]:
    """Return the drums for which no hand is left."""
    hands = [drum for drum in chord.strokes if drum not in FEET]
    extra: list[Drum] = []
    if any(drum in CRASHES for drum in hands):
        # The hand that plays the hat has moved to the crash.
        extra = [drum for drum in hands if drum in HATS]
    hands = [drum for drum in hands if drum not in extra]
    hands.sort(key=lambda drum: (drum in CRASHES, *_worth(drum, chord, habits)))
    return extra + hands[: max(len(hands) - HANDS, 0)]


def _cymbal(strokes: Mapping[Drum, Stroke]) -> Drum | None:
    return next((drum for drum in strokes if drum.coarse is Drum.CY), None)


def _runs(chords: Sequence[_Chord]) -> Iterator[list[_Chord]]:
    """Yield strokes on cymbals, at most a beat apart, without a hat between them."""
    run: list[_Chord] = []
    for chord in chords:
        if _cymbal(chord.strokes) is not None:
            if run and chord.at - run[-1].at > 1:
                yield run
                run = []
            run.append(chord)
        elif any(drum in HATS for drum in chord.strokes):
            yield run
            run = []
    yield run


def _unite(run: Sequence[_Chord]) -> None:
    """Assign a run of strokes to one cymbal; a crash may begin a bar of it."""
    if len(run) < _LEAST_RUN:
        return
    kinds = Counter(_cymbal(chord.strokes) for chord in run)
    rides = sum(kinds[kind] for kind in RIDES)
    # A run this long is played on the ride, if the kinds are uncertain.
    sure = {kind: n for kind, n in kinds.items() if kind in CRASHES and kind != Drum.CY}
    one = max(sure, key=lambda kind: sure[kind], default=None)
    if one is None or sure[one] <= max(rides, len(run) // 2):
        one = Drum.RDC
    for chord in run:
        kind = _cymbal(chord.strokes)
        if kind is None or kind is one or (kind in RIDES and one is Drum.RDC):
            continue
        if kind in CRASHES and kind is not Drum.CY and not chord.place:
            continue
        stroke = chord.strokes.pop(kind)
        stroke.drum = one
        chord.strokes.setdefault(one, stroke)
