"""A progress bar, on a terminal and in a notebook."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from adt_plugins.base.visible import visible

Progress = Callable[[float], None]
Cancel = threading.Event | Callable[[], bool]
"""Asks for the work to stop: an event that is set, or a function that returns True."""

_BAR = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"


@contextmanager
def progress_bar(label: str, *, quiet: bool = False) -> Iterator[Progress]:
    """Show a bar while a ``with`` block runs; none where stderr is not a terminal.

    `tqdm.auto` is not used: it warns in notebooks without ipywidgets.

    Parameters
    ----------
    label
        Name of the work, in a word or two.
    quiet
        Whether to show nothing anywhere.

    Yields
    ------
    Progress
        A function to call with the fraction done, 0-1.
    """
    kind = None if quiet else _bar_kind()
    if kind is None:
        yield lambda _: None
        return
    with kind(total=1.0, desc=visible(label), bar_format=_BAR, leave=False) as bar:

        def advance(fraction: float) -> None:
            bar.update(max(0.0, min(1.0, fraction) - bar.n))

        yield advance


def _bar_kind() -> Callable[..., Any] | None:
    if _in_notebook():
        if importlib.util.find_spec("ipywidgets"):
            from tqdm.notebook import tqdm as notebook_bar

            return notebook_bar
    elif sys.stderr is None or not sys.stderr.isatty():  # None under pythonw
        return None
    from tqdm.std import tqdm as terminal_bar

    return terminal_bar


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"
