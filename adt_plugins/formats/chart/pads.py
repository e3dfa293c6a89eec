"""Which pad of a game's drum kit a hit is on, and which hits are played at a level.

Pads are those of *Pro Drums* with four lanes: red, yellow, blue and green, of which all
but red may be a tom or a cymbal, and the kick.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from adt_plugins.drums import Drum
from adt_plugins.midi.tempo_map import TICKS_PER_QUARTER

KICK, RED, YELLOW, BLUE, GREEN = range(5)
LEVELS = ("Expert", "Hard", "Medium", "Easy")

ACCENT, GHOST = 115, 45
"""Velocities from which a hit is an accent, and up to which it is a ghost note."""

DOUBLE_S = 0.16
"""Every other kick of a run whose kicks are closer than this is of the second pedal."""

# Pad, and whether it is the cymbal there. A pedal hat is played by no hand.
_PADS = {
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
    """

    tick: int
    pad: int
    cymbal: bool
    velocity: int
    double: bool = False

    @property
    def accent(self) -> bool:
        """Whether it is played louder than the others."""
        return self.pad != KICK and self.velocity >= ACCENT

    @property
    def ghost(self) -> bool:
        """Whether it is played softer than the others."""
        return self.pad != KICK and self.velocity <= GHOST


def notes_of(
    hits: Iterable[tuple[int, float, Drum, int]],
) -> tuple[list[Note], list[Drum]]:
    """Put hits on pads.

    Parameters
    ----------
    hits
        Tick, time in seconds, drum and velocity of each, in the order of time.

    Returns
    -------
    notes
        At most two of hands and one kick at a tick, in the order of ticks.
    left_out
        Drums of the hits that have no pad, or for which there was no hand.
    """
    at: dict[int, dict[int, Note]] = defaultdict(dict)
    left_out: list[Drum] = []
    last_kick, doubled = float("-inf"), False
    for tick, time, drum, velocity in hits:
        if drum not in _PADS:
            left_out.append(drum)
            continue
        pad, cymbal = _PADS[drum]
        double = False
        if pad == KICK:
            double = doubled = time - last_kick < DOUBLE_S and not doubled
            last_kick = time
        note = Note(tick, pad, cymbal, velocity, double)
        if pad not in at[tick] or at[tick][pad].velocity < velocity:
            at[tick][pad] = note
    notes = []
    for tick in sorted(at):
        hands = [at[tick][pad] for pad in _FIRST if pad in at[tick]]
        left_out += [_drum_of(note) for note in hands[2:]]
        kicks = [at[tick][KICK]] if KICK in at[tick] else []
        notes += sorted([*kicks, *hands[:2]])
    return notes, left_out


def _drum_of(note: Note) -> Drum:
    return next(d for d, pad in _PADS.items() if pad == (note.pad, note.cymbal))


def thinned(notes: Sequence[Note], level: str) -> list[Note]:
    """Return the notes of a level, by rule.

    Parameters
    ----------
    notes
        Those of Expert.
    level
        One of `LEVELS`. Hard has neither ghost notes nor the second pedal, nor hits
        closer than a sixteenth on one pad; Medium what lies on eighths of the beat,
        with one hand; Easy what lies on the beat, one hit at a time.
    """
    if level == "Expert":
        return list(notes)
    plain = [note for note in notes if not note.ghost and not note.double]
    if level == "Hard":
        return _spaced(plain, TICKS_PER_QUARTER // 4 - TICKS_PER_QUARTER // 16)
    grid = TICKS_PER_QUARTER // (2 if level == "Medium" else 1)
    near = [note for note in plain if _off(note.tick, grid) <= grid // 6]
    return _one_hand(_spaced(near, grid // 2), kick_too=level == "Medium")


def _off(tick: int, grid: int) -> int:
    return min(tick % grid, -tick % grid)


def _spaced(notes: Iterable[Note], least: int) -> list[Note]:
    """Leave out what follows too soon on the same pad."""
    last: dict[int, int] = {}
    kept = []
    for note in notes:
        if note.tick - last.get(note.pad, -least) >= least:
            last[note.pad] = note.tick
            kept.append(note)
    return kept


def _one_hand(notes: Iterable[Note], *, kick_too: bool) -> list[Note]:
    at: dict[int, list[Note]] = defaultdict(list)
    for note in notes:
        at[note.tick].append(note)
    kept = []
    for tick in sorted(at):
        hands = sorted(
            (note for note in at[tick] if note.pad != KICK),
            key=lambda note: _FIRST.index(note.pad),
        )
        kicks = [note for note in at[tick] if note.pad == KICK]
        kept += [*kicks, *hands[:1]] if kick_too else [*hands[:1], *kicks][:1]
    return kept
