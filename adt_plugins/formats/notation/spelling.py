"""Spells beats and steps as notes and rests, with values, dots, tuplets and beams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from adt_plugins.drums import Drum
from adt_plugins.formats.notation.bars import Bar, GridBeat, Stroke
from adt_plugins.formats.notation.divisions import (
    PAIR,
    TRIPLET,
    Feel,
    with_fewest_steps,
)
from adt_plugins.formats.notation.hands import FEET as _FEET_DRUMS

HANDS, FEET = 1, 2
"""Voices: hands with stems up, feet with stems down."""

VALUES = ("whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")
"""Values of notes, each half of the one before, as MusicXML names them."""

_QUARTER = VALUES.index("quarter")
_HALF_BAR = Fraction(2)


@dataclass(frozen=True)
class Note:
    """Simultaneous strokes, or a rest, and the sign for them.

    Parameters
    ----------
    drums
        In the order of `Drum`.
    place, length
        In quarters, as they are played.
    value, dots
        One of `VALUES`, and the number of dots that make it longer.
    tuplet
        Number of notes, and of those in whose time they are played.
    edge
        ``"start"`` or ``"stop"`` of a tuplet.
    beams
        From the first on, as MusicXML names them: ``"begin"``, ``"continue"``,
        ``"end"``, ``"forward hook"``, ``"backward hook"``.
    is_bar
        Whether it is a rest of a whole bar.
    """

    drums: tuple[tuple[Drum, Stroke], ...]
    place: Fraction
    length: Fraction
    value: str
    dots: int = 0
    tuplet: tuple[int, int] | None = None
    edge: str = ""
    beams: tuple[str, ...] = ()
    is_bar: bool = False

    @property
    def flags(self) -> int:
        """Number of flags or beams of the value."""
        return max(VALUES.index(self.value) - _QUARTER, 0)


@dataclass(frozen=True)
class _Signs:
    """How a beat's steps are notated: (steps, value, dots), the longest first."""

    parts: tuple[tuple[int, str, int], ...]
    tuplet: tuple[int, int] | None


def spell(bar: Bar, voice: int) -> list[Note]:
    """Spell a voice as notes and rests; empty if it is silent in this bar."""
    notes: list[Note] = []
    start = Fraction(0)
    for beat in bar.beats:
        notes += _beat(_for_voice(beat, voice, bar.feel), start)
        start += beat.quarters
    if not any(note.drums for note in notes):
        return []
    return _beamed(_with_long_rests(notes, bar), bar)


def bar_rest(bar: Bar) -> Note:
    """Return the rest of a bar in which nobody plays."""
    return Note((), Fraction(0), bar.quarters, "whole", is_bar=True)


def value_of(quarters: Fraction) -> tuple[str, int]:
    """Return the value and dots of a length that one sign can show."""
    dots = int(quarters.numerator == 3)
    plain = quarters / 3 * 2 if dots else quarters
    return VALUES[
        2 + (plain.denominator.bit_length() - plain.numerator.bit_length())
    ], dots


@cache
def _signs(quarters: Fraction, steps: int) -> _Signs:
    """Return the signs of a beat's steps; two for three eighths are eighths."""
    ternary, dotted = steps % 3 == 0, quarters.numerator == 3
    tuplet = None
    step = quarters / steps
    if ternary and not dotted:
        written = 2 * steps // 3
        tuplet = (steps, written)
        step = quarters / written
    elif dotted and not ternary:
        tuplet = (steps, 3)
        step = quarters / 3
    parts = []
    for count in range(steps, 0, -1):
        if count & (count - 1) and count % 3:
            continue
        if count % 3 == 0 and (count // 3) & (count // 3 - 1):
            continue
        parts.append((count, *value_of(step * count)))
    return _Signs(tuple(parts), tuplet)


def _for_voice(beat: GridBeat, voice: int, feel: Feel) -> GridBeat:
    """Return what a voice plays in a beat, with as few steps as it needs.

    A swung pair is written as one beside a triplet of the other voice, unless both play
    the last third.
    """
    own = {step: chord for step in beat.strokes if (chord := _own(beat, step, voice))}
    division, part = with_fewest_steps(beat.division, own)
    steps = {step: step // part for step in own}
    last = 2 * part
    is_pair = feel is Feel.EIGHTHS and division == TRIPLET and part not in own
    if is_pair and len(own[last]) == len(beat.strokes[last]):
        division, steps = PAIR, {0: 0, last: 1}
    strokes = {steps[step]: chord for step, chord in own.items()}
    return replace(beat, division=division, strokes=strokes)


def _beat(beat: GridBeat, start: Fraction) -> Iterator[Note]:
    """Spell a beat as notes and rests, each as long as one sign can show."""
    hits = {step: tuple(beat.strokes[step].items()) for step in sorted(beat.strokes)}
    if not set(hits) - {0}:  # nothing within the beat: one plain sign
        yield Note(hits.get(0, ()), start, beat.quarters, *value_of(beat.quarters))
        return
    signs, unit = _signs(beat.quarters, beat.division.steps), beat.place(1)
    notes = []
    starts = sorted({0, *hits})
    for first, end in zip(starts, [*starts[1:], beat.division.steps], strict=True):
        at, drums = first, hits.get(first, ())
        while at < end:
            steps, value, dots = next(p for p in signs.parts if p[0] <= end - at)
            if not drums and dots:  # rests have none within a beat
                steps, value, dots = next(
                    p for p in signs.parts if p[0] <= end - at and not p[2]
                )
            place = start + at * unit
            notes.append(Note(drums, place, steps * unit, value, dots, signs.tuplet))
            at, drums = at + steps, ()  # the remainder is silent
    if signs.tuplet:
        notes[0] = replace(notes[0], edge="start")
        notes[-1] = replace(notes[-1], edge="stop")
    yield from notes


def _own(beat: GridBeat, step: int, voice: int) -> dict[Drum, Stroke]:
    """Return the drums of a voice that are struck at a step, in the order of `Drum`."""
    struck = beat.strokes[step]
    return {
        drum: struck[drum]
        for drum in Drum
        if drum in struck and (drum in _FEET_DRUMS) == (voice == FEET)
    }


def _with_long_rests(notes: Sequence[Note], bar: Bar) -> list[Note]:
    """Merge the rests of beats that are silent together.

    Of a bar of four quarters that is half a bar at most, of beats shorter than a
    quarter a quarter. It begins where notes of its length do.
    """
    if bar.beats[0].quarters < 1:
        most = Fraction(1)
    elif bar.meter.unit <= 4 and bar.quarters == 4:
        most = _HALF_BAR
    else:
        return list(notes)
    spelled: list[Note] = []
    for note in notes:
        spelled.append(note)
        while len(spelled) > 1 and _are_one(spelled[-2], spelled[-1], most):
            length = 2 * spelled.pop().length
            value, _ = value_of(length)
            spelled[-1] = replace(spelled[-1], length=length, value=value)
    return spelled


def _are_one(before: Note, note: Note, most: Fraction) -> bool:
    """Return whether two rests are halves of one."""
    length = 2 * before.length
    return (
        not (before.drums or note.drums or before.tuplet or note.tuplet)
        and not (before.dots or note.dots)
        and before.length == note.length
        and length <= most
        and before.place % length == 0
    )


def _beamed(notes: Sequence[Note], bar: Bar) -> list[Note]:
    """Add the beams."""
    ends = _group_ends(notes, bar)
    beamed: list[Note] = []
    group: list[Note] = []
    for note in notes:
        ended = bool(group) and any(group[-1].place < end <= note.place for end in ends)
        if ended or not (note.drums and note.flags):
            beamed += _beam(group)
            group = []
        if note.drums and note.flags:
            group.append(note)
        else:
            beamed.append(note)
    return beamed + _beam(group)


def _group_ends(notes: Sequence[Note], bar: Bar) -> list[Fraction]:
    """Return where beams end: at beats, and eighths at half bars of 4/4 and 2/2."""
    if bar.beats[0].quarters >= 1:
        ends = []
        at = Fraction(0)
        for beat in bar.beats:
            at += beat.quarters
            ends.append(at)
        if bar.quarters == 4 and bar.meter.unit in (2, 4):
            for half in (Fraction(0), _HALF_BAR):
                inside = [n for n in notes if half <= n.place < half + _HALF_BAR]
                if len(inside) == 4 and all(n.drums and n.flags == 1 for n in inside):
                    ends.remove(half + 1)
        return ends
    # Two shorter beats make a group; of an odd number, the last three do.
    unit = bar.beats[0].quarters
    per = 2 if unit == Fraction(1, 2) else 4
    count = len(bar.beats)
    if count == 3:
        return [bar.quarters]
    ends = [unit * n for n in range(per, count + 1, per)]
    if ends and count % per:
        ends[-1] = bar.quarters
    return ends or [bar.quarters]


def _beam(group: Sequence[Note]) -> list[Note]:
    """Add the beams of a group; a single note keeps its flags."""
    if len(group) < 2:
        return list(group)
    beamed = []
    for n, note in enumerate(group):
        beams = []
        for level in range(1, note.flags + 1):
            before = n > 0 and group[n - 1].flags >= level
            after = n + 1 < len(group) and group[n + 1].flags >= level
            if before and after:
                beams.append("continue")
            elif after:
                beams.append("begin")
            elif before:
                beams.append("end")
            else:
                beams.append("forward hook" if n == 0 else "backward hook")
        beamed.append(replace(note, beams=tuple(beams)))
    return beamed
