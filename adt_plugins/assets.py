"""The one way to a file that a host program loads, installed or in a clone."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_FOLDERS = ("audacity", "models", "notebook_ext")


def asset(folder: str, name: str = "") -> Path:
    """Return the path of a file shipped beside the Python code.

    Parameters
    ----------
    folder
        ``"audacity"``, ``"models"`` or ``"notebook_ext"``.
    name
        File name inside that folder; empty for the folder itself.

    Returns
    -------
    Path
        In an installed wheel below ``adt_plugins/_assets``, in a clone or an
        editable install at the top of the repository.

    Raises
    ------
    FileNotFoundError
        If no such file was shipped.
    """
    if folder not in _FOLDERS:
        raise ValueError(f"no asset folder {folder!r}; there are {', '.join(_FOLDERS)}")
    for root in (_PACKAGE / "_assets", _PACKAGE.parent):
        path = root / folder / name
        if path.exists():
            return path
    raise FileNotFoundError(f"{folder}/{name} is not part of this installation")
