"""Puts hits on the pads of a game's drum kit, and selects the hits of each level.

Pads are those of *Pro Drums* with four lanes: red, yellow, blue and green, of which all
but red may be a tom or a cymbal, and the kick.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from adt_plugins.drums import Drum
from adt_plugins.meter import is_compound
from adt_plugins.midi.bar_lines import TICKS_PER_QUARTER
from adt_plugins.midi.tempo_map import TempoMap

KICK, RED, YELLOW, BLUE, GREEN = range(5)
LEVELS = ("Expert", "Hard", "Medium", "Easy")

ACCENT, GHOST = 115, 45
"""Lowest velocity of an accent, and highest velocity of a ghost note."""

READ, READ_ACCENT, READ_GHOST = 90, 120, 35
"""Velocities of what is read: charts say only whether a note is one of these two."""

DOUBLE_S = 0.16
"""In a run of kicks closer than this, every other one is on the second pedal."""

TOGETHER_S = 0.03
"""Two drums struck within this time are one stroke."""

PADS = {
    Drum.KD: (KICK, False),
    Drum.SD: (RED, False),
    Drum.SST: (RED, False),
    Drum.HH: (YELLOW, True),
    Drum.CHH: (YELLOW, True),
    Drum.OHH: (BLUE, True),
    Drum.RDC: (BLUE, True),
    Drum.RDB: (BLUE, True),
    Drum.CY: (GREEN, True),
    Drum.CRC: (GREEN, True),
    Drum.SPC: (GREEN, True),
    Drum.CHC: (GREEN, True),
    Drum.HIT: (YELLOW, False),
    Drum.MHT: (BLUE, False),
    Drum.TT: (BLUE, False),
    Drum.HFT: (GREEN, False),
    Drum.LFT: (GREEN, False),
}
"""Pad, and whether it is the cymbal there. A pedal hat is played by no hand."""


class Kit(Enum):
    """What the pads of a chart stand for."""

    PRO = "toms and cymbals are told apart"
    FIVE_LANES = "yellow and orange are cymbals, blue and green toms"
    PLAIN = "nobody knows which are cymbals"


def kit_of(*, marked: bool, fifth: bool) -> Kit:
    """Guess the kit of a chart.

    Parameters
    ----------
    marked
        Whether it marks cymbals or toms.
    fifth
        Whether it has notes on a fifth pad.
    """
    return Kit.PRO if marked else Kit.FIVE_LANES if fifth else Kit.PLAIN


_PRO = {
    (KICK, False): Drum.KD,
    (RED, False): Drum.SD,
    (YELLOW, True): Drum.HH,
    (YELLOW, False): Drum.HIT,
    (BLUE, True): Drum.RDC,
    (BLUE, False): Drum.MHT,
    (GREEN, True): Drum.CRC,
    (GREEN, False): Drum.LFT,
    (GREEN + 1, False): Drum.LFT,
}
_FIVE_LANES = (Drum.KD, Drum.SD, Drum.HH, Drum.MHT, Drum.CY, Drum.LFT)
_PLAIN = (Drum.KD, Drum.SD, Drum.HH, Drum.RDC, Drum.CRC)


def drum_of(pad: int, kit: Kit, *, cymbal: bool) -> Drum | None:
    """Return the drum that a pad stands for, if any.

    Parameters
    ----------
    pad
        `KICK` to `GREEN`, or the one after it.
    kit
        The chart's; of a plain one most are cymbals.
    cymbal
        Whether it is marked as one.
    """
    if kit is Kit.PRO:
        return _PRO.get((pad, cymbal))
    drums = _FIVE_LANES if kit is Kit.FIVE_LANES else _PLAIN
    return drums[pad] if pad < len(drums) else None


# A twelfth of a quarter; people play no nearer to the beat.
_NEAR = TICKS_PER_QUARTER // 12
# Which hits stay where there are more than two hands.
_FIRST = (RED, GREEN, BLUE, YELLOW)


class Note(NamedTuple):
    """A hit on a pad.

    Parameters
    ----------
    tick
        960 a quarter.
    pad
        `KICK` to `GREEN`.
    cymbal
        Whether it is the cymbal of that pad.
    velocity
        1-127.
    double
        Whether it is a kick of the second pedal.
    time
        In seconds; 0 for one that was read, whose tick says it.
    """

    tick: int
    pad: int
    cymbal: bool
    velocity: int
    double: bool = False
    time: float = 0.0

    @property
    def accent(self) -> bool:
        """Whether it is played louder than the others."""
        return self.pad != KICK and self.velocity >= ACCENT

    @property
    def ghost(self) -> bool:
        """Whether it is played softer than the others."""
        return self.pad != KICK and self.velocity <= GHOST


_MIX = re.compile(r"\[?mix[ _](\d)[ _]drums\d([a-z]*)\]?")


def unflipped(
    notes: Iterable[Note], events: Iterable[tuple[int, str]], level: str
) -> list[Note]:
    """Undo a *disco flip*, which charts notes on the other hand's pad.

    From an event such as ``mix 3 drums0d`` to the next one for the level, red stands
    for the hi-hat, and yellow for the snare.

    Parameters
    ----------
    notes
        The notes, sorted by tick.
    events
        Tick and text of events, sorted by tick.
    level
        One of `LEVELS`.
    """
    number = len(LEVELS) - 1 - LEVELS.index(level)
    mixes = [(tick, _MIX.fullmatch(text.strip())) for tick, text in events]
    flips = [(t, mix[2] == "d") for t, mix in mixes if mix and int(mix[1]) == number]
    starts = [tick for tick, _ in flips]

    def put_back(note: Note) -> Note:
        place = bisect_right(starts, note.tick) - 1
        if place < 0 or not flips[place][1] or note.pad not in (RED, YELLOW):
            return note
        was_red = note.pad == RED
        return note._replace(pad=YELLOW if was_red else RED, cymbal=was_red)

    return [put_back(note) for note in notes]


Sections = Sequence[tuple[float, str]]
"""Time in seconds and name of each part of a song."""

Levels = Mapping[str, Sequence[Note]]
"""The notes of each of `LEVELS`."""


def notes_of(
    hits: Iterable[tuple[int, float, Drum, int]],
) -> tuple[list[Note], list[Drum]]:
    """Put hits on pads.

    Parameters
    ----------
    hits
        Tick, time in seconds, drum and velocity of each, sorted by time.

    Returns
    -------
    notes
        At most two pads of hands at a time, sorted by tick.
    left_out
        Drums of the hits that have no pad, or for which there was no hand.
    """
    at: dict[int, dict[int, Note]] = defaultdict(dict)
    left_out: list[Drum] = []
    last_kick, doubled = float("-inf"), False
    for tick, time, drum, velocity in hits:
        if drum not in PADS:
            left_out.append(drum)
            continue
        pad, cymbal = PADS[drum]
        double = False
        if pad == KICK:
            double = doubled = time - last_kick < DOUBLE_S and not doubled
            last_kick = time
        note = Note(tick, pad, cymbal, velocity, double, time)
        if pad not in at[tick] or at[tick][pad].velocity < velocity:
            at[tick][pad] = note
    notes = []
    for group in _together(
        note for tick in sorted(at) for note in sorted(at[tick].values())
    ):
        kept = {KICK, *_hands(group)[:2]}
        notes += [note for note in group if note.pad in kept]
        left_out += [_drum_of(note) for note in group if note.pad not in kept]
    return notes, left_out


def _together(notes: Iterable[Note]) -> Iterator[list[Note]]:
    """Yield groups of notes that are one stroke of several limbs, sorted by time."""
    group: list[Note] = []
    for note in notes:
        if group and note.time - group[0].time > TOGETHER_S:
            yield group
            group = []
        group.append(note)
    if group:
        yield group


def _hands(group: Iterable[Note]) -> list[int]:
    """Return the pads that hands play, the most important ones first."""
    pads = {note.pad for note in group}
    return [pad for pad in _FIRST if pad in pads]


def _drum_of(note: Note) -> Drum:
    return next(d for d, pad in PADS.items() if pad == (note.pad, note.cymbal))


class BeatGrid:
    """Beats and their parts, counted from each bar line.

    Parameters
    ----------
    timing
        Gives bar lines and time signatures; without bars, quarters from tick 0 on.
    """

    def __init__(self, timing: TempoMap) -> None:
        self._bars = timing.bars or (0,)
        self._starts = [tick for tick, _, _ in timing.signatures]
        self._signatures = [(upper, lower) for _, upper, lower in timing.signatures]

    def off(self, tick: int, *, halves: bool) -> int:
        """Return how far a tick is from the nearest beat, or the nearest eighth."""
        upper, lower = self._signatures[max(bisect_right(self._starts, tick) - 1, 0)]
        beat = TICKS_PER_QUARTER * (3 if is_compound(upper, lower) else 2) // 2
        step = TICKS_PER_QUARTER // 2 if halves else beat
        bar = bisect_right(self._bars, tick)
        since = tick - self._bars[max(bar - 1, 0)]
        # The bar before a first one of its own length ends off the beat.
        until = self._bars[bar] - tick if bar < len(self._bars) else step
        return min(since % step, -since % step, until)


def by_level(notes: Sequence[Note], grid: BeatGrid) -> Levels:
    """Return the notes of each level, by rule; each has only notes of the one above.

    Hard has neither ghost notes nor the second pedal, nor hits closer than a sixteenth
    on one pad; Medium what lies on eighths of the bar, with one hand; Easy what lies on
    the beat, one hit at a time.

    Parameters
    ----------
    notes
        Those of Expert.
    grid
        The beats.
    """
    plain = [note for note in notes if not note.ghost and not note.double]
    hard = _spaced(plain, TICKS_PER_QUARTER // 4 - TICKS_PER_QUARTER // 16)
    near = [note for note in hard if grid.off(note.tick, halves=True) <= _NEAR]
    medium = _one_hand(_spaced(near, TICKS_PER_QUARTER // 4), kick_too=True)
    beats = [note for note in medium if grid.off(note.tick, halves=False) <= _NEAR]
    easy = _one_hand(_spaced(beats, TICKS_PER_QUARTER // 2), kick_too=False)
    return dict(zip(LEVELS, (list(notes), hard, medium, easy), strict=True))


def _spaced(notes: Iterable[Note], least: int) -> list[Note]:
    """Leave out notes that follow too soon on the same pad."""
    last: dict[int, int] = {}
    kept = []
    for note in notes:
        if note.tick - last.get(note.pad, -least) >= least:
            last[note.pad] = note.tick
            kept.append(note)
    return kept


def _one_hand(notes: Iterable[Note], *, kick_too: bool) -> list[Note]:
    kept = []
    for group in _together(notes):
        order = [*_hands(group)[:1], KICK]
        pads = {note.pad for note in group} & set(order)
        chosen = pads if kick_too else {min(pads, key=order.index)}
        kept += [note for note in group if note.pad in chosen]
    return kept
