"""The running cell of a notebook, and the widgets that it has made."""

from __future__ import annotations

import sys
import weakref
from typing import Any, NamedTuple, Protocol


class Run(NamedTuple):
    """One run of a cell.

    Parameters
    ----------
    cell
        Name of the cell, which stays when it is run again.
    request
        Name of this run.
    """

    cell: str
    request: str


def running_cell() -> Run | None:
    """Return the current run; None outside a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    kernel: Any = getattr(shell, "kernel", None)
    try:
        parent: Any = kernel.get_parent("shell")
        cell = parent["metadata"]["cellId"]
        return Run(str(cell), str(parent["header"]["msg_id"]))
    except (AttributeError, KeyError, LookupError, TypeError):
        return None


class Output(Protocol):
    """A widget that a cell has made."""

    is_seen: Any
    was_seen: Any

    def close(self) -> None:
        """Close the widget."""


class CellOutputs:
    """Widgets by the cells that made them.

    A notebook keeps the state of every open widget, and would grow with each run of a
    cell. So the widgets of earlier runs are closed once they are no longer shown.
    """

    def __init__(self) -> None:
        self._of_cell: dict[str, list[tuple[weakref.ref[Any], Run]]] = {}

    def add(self, output: Output, run: Run | None) -> None:
        """Add a new widget, and close those that it replaces."""
        if run is None:
            return
        outputs = self._of_cell.setdefault(run.cell, [])
        outputs.append((weakref.ref(output), run))
        for reference, _ in list(outputs):
            other = reference()
            if other is not None:
                self.close_replaced(other)

    def close_replaced(self, output: Output) -> None:
        """Close a widget that is no longer shown if a newer run has made another."""
        if output.is_seen or not output.was_seen:
            return
        for outputs in self._of_cell.values():
            runs = [run for reference, run in outputs if reference() is output]
            if not runs or outputs[-1][1] == runs[0]:
                continue
            outputs[:] = [
                (reference, run)
                for reference, run in outputs
                if reference() not in (None, output)
            ]
            output.close()
