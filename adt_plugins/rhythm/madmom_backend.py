"""Imports madmom 0.16.1, which current versions of NumPy and Python break.

madmom is an optional reference: parity tests compare with it, and its bar tracker is
an optional backend. What it misses is provided to it alone: NumPy, `collections` and
`sys.modules` are the same after the import as before it.
"""

from __future__ import annotations

import collections
import collections.abc
import importlib
import importlib.metadata
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.base.forking import in_child
from adt_plugins.errors import MissingDependencyError

INSTALL = (
    'madmom is not installed: pip install "setuptools<81" wheel cython numpy scipy,'
    " then pip install --no-build-isolation madmom==0.16.1"
)

# Names that madmom uses and NumPy has removed.
_NUMPY_NAMES: dict[str, Any] = {
    "float": float,
    "int": int,
    "bool": bool,
    "in1d": lambda a, b, **kwargs: np.isin(np.ravel(a), b, **kwargs),
}
_lock = threading.Lock()


def _renew() -> None:
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


in_child(_renew)


def track_beats(
    observed: NDArray[np.float64],
    counts: Sequence[int],
    tempi: tuple[float, float],
    frame_rate: float,
) -> list[tuple[int, int]]:
    """Track beats with madmom.

    Parameters
    ----------
    observed
        Probabilities of beats and downbeats, see `rhythm.beats.observations`.
    counts
        Possible numbers of beats in a bar.
    tempi
        Lowest and highest tempo, in beats a minute.
    frame_rate
        Frames per second.

    Returns
    -------
    list of (int, int)
        Frame of each beat, and its position in the bar from 1.

    Raises
    ------
    MissingDependencyError
        If madmom is not installed.
    """
    madmom: Any = import_madmom()
    lowest, highest = tempi
    tracker = madmom.features.downbeats.DBNDownBeatTrackingProcessor(
        counts, min_bpm=lowest, max_bpm=highest, fps=frame_rate, threshold=None
    )
    return [(round(time * frame_rate), int(n)) for time, n in tracker(observed)]


def import_madmom() -> ModuleType:
    """Import madmom, with what it misses in current NumPy and Python.

    Returns
    -------
    ModuleType
        The package, with ``audio``, ``features``, ``ml`` and the rest loaded.

    Raises
    ------
    MissingDependencyError
        If madmom is not installed; the message says how to install it.
    """
    with _lock:
        if "madmom" in sys.modules:
            return sys.modules["madmom"]
        try:
            importlib.metadata.version("madmom")
        except importlib.metadata.PackageNotFoundError:
            raise MissingDependencyError(INSTALL) from None
        with _lent_to_the_import(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in its docstrings
            madmom = importlib.import_module("madmom")
        numpy = _OldNumPy()
        for name, module in list(sys.modules.items()):
            if name.startswith("madmom.") and getattr(module, "np", None) is np:
                module.np = numpy  # type: ignore[attr-defined]
        return madmom


class _OldNumPy(ModuleType):
    """NumPy as madmom's functions expect it, for its modules only."""

    def __init__(self) -> None:
        super().__init__("numpy")
        self.__dict__.update(_NUMPY_NAMES)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    @staticmethod
    def asarray(a: Any, *args: Any, **kwargs: Any) -> Any:
        """Make an array; ragged lists become arrays of objects, as in old NumPy.

        `DBNDownBeatTrackingProcessor.process` relies on it.
        """
        try:
            return np.asarray(a, *args, **kwargs)
        except ValueError:
            return np.asarray(a, dtype=object)

    @staticmethod
    def vstack(rows: Any, **kwargs: Any) -> Any:
        """Stack rows, which may come from a `zip` (`DBNBarTrackingProcessor`)."""
        return np.vstack(list(rows), **kwargs)


@contextmanager
def _lent_to_the_import() -> Iterator[None]:
    """Provide what madmom needs while it is imported, and remove it afterwards."""
    added: list[tuple[Any, str]] = []
    for owner, names in (
        (collections, {"MutableSequence": collections.abc.MutableSequence}),
        (np, _NUMPY_NAMES),
    ):
        for name, value in names.items():
            if name not in vars(owner):
                setattr(owner, name, value)
                added.append((owner, name))
    stubs = {
        "pkg_resources": _pkg_resources(),
        "distutils": ModuleType("distutils"),
        "distutils.version": _distutils_version(),
    }
    before = {name: sys.modules.get(name) for name in stubs}
    sys.modules.update(stubs)
    try:
        yield
    finally:
        for owner, name in added:
            delattr(owner, name)
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _pkg_resources() -> ModuleType:
    """Stand in for setuptools' module, which new setuptools lacks."""
    module = ModuleType("pkg_resources")
    module.get_distribution = importlib.metadata.distribution  # type: ignore[attr-defined]
    return module


def _distutils_version() -> ModuleType:
    """Stand in for the standard library's module, gone since Python 3.12."""
    module = ModuleType("distutils.version")
    module.LooseVersion = _LooseVersion  # type: ignore[attr-defined]
    return module


class _LooseVersion(tuple[int, ...]):
    """A version that compares by its numbers."""

    __slots__ = ()

    def __new__(cls, text: str) -> _LooseVersion:
        return super().__new__(cls, (int(p) for p in text.split(".") if p.isdigit()))
