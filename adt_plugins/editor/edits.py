"""Edits as a layer over the automatic picks; the same as `src/core/edits.ts`.

A log holds steps of small operations, of which the first `cursor` are in force.
Folded, they are thresholds, deletions and hits made by hand, under names that
outlive re-picking: the drum and frame of a pick, or a name of their own.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adt_plugins.annotations import Onset
from adt_plugins.base.checks import real, seconds, whole
from adt_plugins.drums import Drum
from adt_plugins.editor import bars
from adt_plugins.errors import AdtError

SAME_S = 0.02
"""A new pick this close to a hit made by hand is the same hit."""

MOST_OPS = 100_000
"""Most operations in one step; no person makes more."""

_ID = re.compile(r"[A-Za-z0-9:_-]{1,40}")

Op = Mapping[str, Any]
"""``threshold`` with drum and value; ``add`` and ``change`` with id, time, drum
and velocity; ``delete`` with id; and those of `adt_plugins.editor.bars`."""


class EditError(AdtError):
    """An edit that is not valid."""


@dataclass(frozen=True)
class Log:
    """The steps of an edit history, and how many are in force; immutable.

    Parameters
    ----------
    steps
        Each a tuple of operations that are undone together.
    cursor
        How many steps are in force; the rest can be redone.
    """

    steps: tuple[tuple[Op, ...], ...] = ()
    cursor: int = 0

    def act(self, action: Any) -> Log:
        """Return the log after an action of a browser or of Python.

        Parameters
        ----------
        action
            ``{"kind": "do", "ops": […]}``, ``{"kind": "undo"}`` or
            ``{"kind": "redo"}``.

        Raises
        ------
        EditError
            If it is something else, or there is nothing to undo or redo.
        """
        kind = action.get("kind") if isinstance(action, dict) else None
        if kind == "undo":
            if not self.cursor:
                raise EditError("nothing to undo")
            return Log(self.steps, self.cursor - 1)
        if kind == "redo":
            if self.cursor == len(self.steps):
                raise EditError("nothing to redo")
            return Log(self.steps, self.cursor + 1)
        if kind != "do":
            raise EditError("an action is do, undo or redo")
        step = checked_ops(action.get("ops"))
        return Log((*self.steps[: self.cursor], step), self.cursor + 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the log for JSON."""
        return {"steps": [list(step) for step in self.steps], "cursor": self.cursor}

    @classmethod
    def from_dict(cls, data: Any) -> Log:
        """Read the value of `to_dict`; raises `EditError` if it is not valid."""
        try:
            steps = tuple(checked_ops(step) for step in data["steps"])
            return cls(steps, whole("cursor", data["cursor"], 0, len(steps)))
        except (KeyError, TypeError, ValueError) as error:
            raise EditError(f"not a log of edits: {error}") from error


def checked_ops(ops: Any) -> tuple[Op, ...]:
    """Validate operations from elsewhere, and drop unknown keys.

    Raises
    ------
    EditError
        If one of them is not a valid `Op`.
    """
    if not isinstance(ops, Sequence) or not 0 < len(ops) <= MOST_OPS:
        raise EditError("a step is a list of operations")
    try:
        return tuple(_checked(op) for op in ops)
    except (KeyError, TypeError, ValueError) as error:
        raise EditError(f"not an edit: {error}") from error


def _checked(op: Any) -> Op:
    if not isinstance(op, Mapping):
        raise TypeError("an operation is an object")
    kind = op["op"]
    if kind == "threshold":
        value = round(real("a threshold", op["value"], 0.0, 1.0), 6)
        return {"op": kind, "drum": Drum(op["drum"]).value, "value": value}
    if kind in bars.OPS:
        return bars.checked_op(op, MOST_OPS)
    name = op["id"]
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise ValueError("an id is a short name")
    if kind == "delete":
        return {"op": kind, "id": name}
    if kind not in ("add", "change"):
        raise ValueError(f"no operation {reprlib.repr(kind)}")
    return {
        "op": kind,
        "id": name,
        "time": seconds(op["time"]),
        "drum": Drum(op["drum"]).value,
        "velocity": whole("velocity", op["velocity"], 1, 127),
    }


@dataclass(frozen=True)
class Layer:
    """The combined effect of a log.

    Parameters
    ----------
    thresholds
        Thresholds that were moved.
    hits
        Hits made or changed by hand; None for those that were deleted.
    timing
        Operations on beats and bars, in order.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    hits: Mapping[str, Onset | None] = field(default_factory=dict)
    timing: tuple[Op, ...] = ()


def fold(log: Log) -> Layer:
    """Combine the steps in force into a layer."""
    thresholds: dict[str, float] = {}
    hits: dict[str, Onset | None] = {}
    timing: list[Op] = []
    for step in log.steps[: log.cursor]:
        for op in step:
            if op["op"] == "threshold":
                thresholds[op["drum"]] = op["value"]
            elif op["op"] == "delete":
                hits[op["id"]] = None
            elif op["op"] in bars.OPS:
                timing.append(op)
            else:
                hits[op["id"]] = Onset(op["time"], Drum(op["drum"]), op["velocity"])
    return Layer(thresholds, hits, tuple(timing))


@dataclass(frozen=True, slots=True)
class Hit:
    """An onset with its id.

    Parameters
    ----------
    id
        Drum and frame of a pick (``"KD:512"``), or an id of its own.
    onset
        The onset.
    by_hand
        Whether a person made or changed it.
    original
        Whether it was in the transcription from the start.
    """

    id: str
    onset: Onset
    by_hand: bool = False
    original: bool = False


def compose(automatic: Iterable[Hit], layer: Layer) -> list[Hit]:
    """Combine automatic hits and edits, sorted like a transcription."""
    result = [
        Hit(name, onset, by_hand=True)
        for name, onset in layer.hits.items()
        if onset is not None
    ]
    made: dict[Drum, list[float]] = {}
    for hit in result:
        made.setdefault(hit.onset.drum.coarse, []).append(hit.onset.time)
    for hit in automatic:
        if hit.id in layer.hits:
            continue
        near = [] if hit.original else made.get(hit.onset.drum.coarse, [])
        if not any(abs(time - hit.onset.time) <= SAME_S for time in near):
            result.append(hit)
    return sorted(
        result,
        key=lambda hit: (
            hit.onset.time,
            hit.onset.drum,
            hit.onset.velocity,
            hit.onset.confidence,
        ),
    )
