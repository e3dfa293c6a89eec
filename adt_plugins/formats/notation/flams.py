"""Finds grace notes: strokes that belong to the stroke right after them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.midi.quantize import FLAM_S

MOST_GRACES = 2
"""Before a stroke: one makes a flam, two a drag; more strokes as close are a roll."""

_DRAG_S, _DRAG_SOFTER = 0.07, 0.6
"""Grace notes may be further away if they are this much softer than the stroke."""

_SOFTER = 0.8
"""A stroke of less, relative to the one before it, is that one's echo."""

_GRACED = (Drum.SD, Drum.TT)


@dataclass(frozen=True)
class Played:
    """A stroke, and the number of grace notes before it."""

    onset: Onset
    graces: int = 0


def find_flams(onsets: Iterable[Onset]) -> tuple[list[Played], list[Onset]]:
    """Separate grace notes from strokes.

    Parameters
    ----------
    onsets
        Onsets, sorted by time.

    Returns
    -------
    played : list of Played
        The strokes, sorted by time.
    left_out : list of Onset
        Hits that are neither: too fast for a hand, or an echo.
    """
    by_drum: dict[Drum, list[Onset]] = {}
    for onset in onsets:
        by_drum.setdefault(onset.drum, []).append(onset)
    played: list[Played] = []
    left_out: list[Onset] = []
    for drum, hits in by_drum.items():
        for group in _groups(hits):
            if len(group) > MOST_GRACES + 1 and drum.coarse in _GRACED:
                played += map(Played, group)  # a roll
                continue
            strokes, lost = _one(group, graced=drum.coarse in _GRACED)
            played.append(strokes)
            left_out += lost
    played.sort(key=lambda stroke: (stroke.onset.time, stroke.onset.drum))
    return played, sorted(left_out)


def _groups(hits: Sequence[Onset]) -> Iterable[list[Onset]]:
    group = [hits[0]]
    for before, hit in pairwise(hits):
        is_soft = before.velocity <= _DRAG_SOFTER * hit.velocity
        if hit.time - before.time >= (_DRAG_S if is_soft else FLAM_S):
            yield group
            group = []
        group.append(hit)
    yield group


def _one(group: Sequence[Onset], *, graced: bool) -> tuple[Played, list[Onset]]:
    """Return the stroke of a group, and the onsets that are left out of it."""
    loudest = max(hit.velocity for hit in group)
    main = max(n for n, hit in enumerate(group) if hit.velocity >= _SOFTER * loudest)
    if not graced:
        main = max(range(len(group)), key=lambda n: group[n].velocity)
    graces = min(main, MOST_GRACES) if graced else 0
    lost = [*group[: main - graces], *group[main + 1 :]]
    return Played(group[main], graces), lost
