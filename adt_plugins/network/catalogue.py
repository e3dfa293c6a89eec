"""Finds the installed models, and the files beside their cards."""

from __future__ import annotations

import hashlib
import warnings
from contextlib import suppress
from pathlib import Path

from adt_plugins.base.folders import asset, user_model_folder
from adt_plugins.base.pipes import is_named_pipe
from adt_plugins.card import ModelCard
from adt_plugins.errors import AdtWarning, ModelError, reason_of

DEFAULT_MODEL = "drums"
"""Name of the model that is used by default."""

_CARD, _NETWORK = ".json", ".tflite"


def find_model(name_or_path: str | Path | None = None) -> ModelCard:
    """Find a model.

    Parameters
    ----------
    name_or_path
        Name of a shipped model or of one in the user's folder; path of a card
        or of the `.tflite` file beside it; None for the default model.

    Raises
    ------
    ModelError
        If there is no such model, or its card cannot be read.
    """
    if name_or_path is None:
        name_or_path = DEFAULT_MODEL
    path = Path(name_or_path)
    if path.suffix.lower() in (_CARD, _NETWORK) or len(path.parts) > 1:
        if path.suffix.lower() == _NETWORK and not path.is_file():
            raise ModelError(f"{path}: no such model")
        return ModelCard.read(path.with_suffix(_CARD))
    cards = _cards()
    if str(path) in cards:
        return ModelCard.read(cards[str(path)])
    available = f"there are {', '.join(cards)}" if cards else "there are none"
    raise ModelError(f"{name_or_path}: no such model; {available}")


def list_models() -> list[ModelCard]:
    """Return the shipped models and the user's, by name.

    Warns
    -----
    AdtWarning
        If a card cannot be read.
    """
    models = []
    for path in _cards().values():
        try:
            models.append(ModelCard.read(path))
        except ModelError as error:
            warnings.warn(str(error), AdtWarning, stacklevel=2)
    return models


def _cards() -> dict[str, Path]:
    """Return the paths of all cards by name; a shipped one hides a user's."""
    folders = [user_model_folder()]
    with suppress(FileNotFoundError):  # odd, but no reason to stop
        folders.append(asset("models"))
    paths = {}
    for folder in folders:
        cards = [path for path in folder.glob("*" + _CARD) if not is_named_pipe(path)]
        paths.update({path.stem: path for path in cards})
    return dict(sorted(paths.items()))


def files_of(card: ModelCard) -> list[Path]:
    """Return the card's own file, and those that it names."""
    if card.path is None:
        return []
    named = [card.file, *([] if card.finer is None else [card.finer.file])]
    return [card.path, *(card.path.parent / file for file in named)]


def network_bytes(card: ModelCard) -> bytes:
    """Return the content of the network's file; raises `ModelError`."""
    return attached_bytes(card, card.file, card.sha256)


def attached_bytes(card: ModelCard, file: str, digest: str) -> bytes:
    """Return the content of a file beside a card.

    Parameters
    ----------
    card
        The card.
    file
        Name of the file.
    digest
        Its SHA-256, from the card.

    Raises
    ------
    ModelError
        If the file is missing or has changed.
    """
    return _read(beside(card, file), digest)


def beside(card: ModelCard, file: str) -> Path:
    """Return the path of a file beside a card; raises `ModelError`."""
    if card.path is None:
        raise ModelError(f"{card.name}: the card was not read from a file")
    if Path(file).name != file:
        raise ModelError(f"{card.path}: {file!r} is not a plain file name")
    return card.path.parent / file


def _read(path: Path, digest: str) -> bytes:
    """Return a file's content, if it has this SHA-256."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file") from None
    except OSError as error:
        raise ModelError(f"{path}: {reason_of(error)}") from error
    if hashlib.sha256(content).hexdigest() != digest.lower():
        raise ModelError(f"{path}: the file is not the one that its card describes")
    return content
