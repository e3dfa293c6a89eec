"""Edits as a layer over the automatic picks; the same as `src/core/edits.ts`.

A log holds steps of small operations, of which the first `cursor` are in force. Each
has a name, by which it is undone and redone, whatever other editors have done since.
Folded, they are thresholds, deletions and hits made by hand, under names that
outlive re-picking: the drum and frame of a pick, or a name of their own.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adt_plugins.annotations import Onset, onset_order
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
    names
        Of each step, a name that no other has. Logs of earlier builds have none, so
        their steps are counted.
    """

    steps: tuple[tuple[Op, ...], ...] = ()
    cursor: int = 0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.names) != len(self.steps):
            numbers = tuple(str(number) for number in range(len(self.steps)))
            object.__setattr__(self, "names", numbers)

    def act(self, action: Any) -> Log:
        """Return the log after an action of a browser or of Python.

        Parameters
        ----------
        action
            ``{"kind": "do", "name": "…", "ops": […]}``, or ``undo`` or ``redo`` with
            the name of a step. A step that is in the log already is not done again.

        Raises
        ------
        EditError
            If it is something else; if the step to undo or redo is not there, or if
            other editors have changed the same.
        """
        fields = action if isinstance(action, dict) else {}
        kind, name = fields.get("kind"), fields.get("name")
        if kind not in ("do", "undo", "redo"):
            raise EditError("an action is do, undo or redo")
        if not isinstance(name, str) or not _ID.fullmatch(name):
            raise EditError("an action has the name of a step")
        if kind != "do":
            return self._moved(name, is_undo=kind == "undo")
        step = checked_ops(fields.get("ops"))
        if name in self.names:
            return self
        end = self.cursor
        names = (*self.names[:end], name)
        return Log((*self.steps[:end], step), end + 1, names)

    def _moved(self, name: str, *, is_undo: bool) -> Log:
        """Move a step to the border between those in force and the others."""
        at = self.names.index(name) if name in self.names else -1
        if is_undo and not 0 <= at < self.cursor:
            raise EditError(
                "nothing was undone, since another editor has undone this edit before"
            )
        if not is_undo and at < self.cursor:
            raise EditError(
                "nothing was redone, since another editor has made an edit or redone "
                "this one"
            )
        end, done = self.cursor, "undone" if is_undo else "redone"
        passed = self.steps[at + 1 : end] if is_undo else self.steps[end:at]
        own = {_object(op) for op in self.steps[at]}
        if any(_object(op) in own for step in passed for op in step):
            raise EditError(
                f"nothing was {done}, since another editor has changed the same later"
            )
        order = [index for index in range(len(self.steps)) if index != at]
        order.insert(end - 1 if is_undo else end, at)
        return Log(
            tuple(self.steps[index] for index in order),
            end - 1 if is_undo else end + 1,
            tuple(self.names[index] for index in order),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the log for JSON."""
        return {
            "steps": [list(step) for step in self.steps],
            "names": list(self.names),
            "cursor": self.cursor,
        }

    @classmethod
    def from_dict(cls, data: Any) -> Log:
        """Read the value of `to_dict`; raises `EditError` if it is not valid."""
        try:
            steps = tuple(checked_ops(step) for step in data["steps"])
            cursor = whole("cursor", data["cursor"], 0, len(steps))
            return cls(steps, cursor, _checked_names(data.get("names")))
        except (KeyError, TypeError, ValueError) as error:
            raise EditError(f"not a log of edits: {error}") from error


def _object(op: Op) -> str:
    """Return what an operation changes: a hit, a threshold, or beats and bars."""
    if op["op"] == "threshold":
        return f"threshold {op['drum']}"
    return str(op.get("id", ""))


def _checked_names(names: Any) -> tuple[str, ...]:
    """Return the names of steps; empty if there are none, or some are not valid."""
    if not isinstance(names, list) or len(set(map(str, names))) < len(names):
        return ()
    are_valid = all(isinstance(name, str) and _ID.fullmatch(name) for name in names)
    return tuple(names) if are_valid else ()


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
    return sorted(result, key=lambda hit: onset_order(hit.onset))
