"""Functions of modules that are imported when one of them is first called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class LateFunction:
    """A function that is imported when it is first called.

    Parameters
    ----------
    module
        Full name of its module.
    name
        Its name there.
    """

    module: str
    name: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.load()(*args, **kwargs)

    def load(self) -> Callable[..., Any]:
        """Return the function itself."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.name)
        return function


class LateModule:
    """Stands for a module: its attributes are functions, see `LateFunction`.

    Parameters
    ----------
    module
        Full name of the module.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> LateFunction:
        return LateFunction(self._module, name)
