"""Frames to activations: a model card and its network, nothing else."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from adt_plugins.assets import asset
from adt_plugins.card import ModelCard
from adt_plugins.errors import AdtWarning, ModelError
from adt_plugins.runtime import open_runner

DEFAULT_MODEL = "drums"
"""Name of the model that is used unless another is asked for."""

HOME_VARIABLE = "ADT_PLUGINS_HOME"
"""Environment variable that moves everything that the package keeps for a user."""

_CARD, _NETWORK = ".json", ".tflite"


def user_model_folder() -> Path:
    """Return the folder of a user's own models; it need not exist.

    ``$ADT_PLUGINS_HOME/models`` if that is set, else below the platform's
    folder for application data.
    """
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home) / "models"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        base = Path(local) if local else Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        data = os.environ.get("XDG_DATA_HOME", "")
        # The standard says to ignore a relative path.
        base = (
            Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
        )
    return base / "adt-plugins" / "models"


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
        If there is none, or its card cannot be read.
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
    known = f"there are {', '.join(cards)}" if cards else "there are none"
    raise ModelError(f"{name_or_path}: no such model; {known}")


def list_models() -> list[ModelCard]:
    """Return the shipped models and the user's, by name.

    Warns
    -----
    AdtWarning
        About a card that cannot be read.
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
    found = {}
    for folder in folders:
        found.update({path.stem: path for path in folder.glob("*" + _CARD)})
    return dict(sorted(found.items()))


class Network:
    """A model, ready to run.

    A recording is cut into chunks as the card's geometry says; they run in
    batches, and each starts from nothing. What a frame gets does not depend on
    the caller's blocks, nor on what ran before. Threads may share a network:
    they take turns.

    Parameters
    ----------
    card
        From `find_model`.
    num_threads
        Threads of one run; more than one helps little.

    Attributes
    ----------
    card : ModelCard
        As given.
    bands : int
        Values of a frame.

    Raises
    ------
    ModelError
        If the file is missing, has been altered, or does not fit its card.
    MissingDependencyError
        If the LiteRT runtime is missing.
    """

    card: ModelCard
    bands: int

    def __init__(self, card: ModelCard, *, num_threads: int = 1) -> None:
        self.card = card
        path = _beside(card, card.file)
        content = network_bytes(card)
        self._runner = open_runner(path, content, card.geometry, num_threads)
        self._lock = threading.Lock()
        self.bands = self._runner.bands
        if self._runner.outputs != len(card.outputs):
            raise ModelError(
                f"{path}: it does not fit its card: {self._runner.outputs} outputs"
            )

    def activations(self, frames: ArrayLike) -> NDArray[np.float32]:
        """Run the network over a whole recording.

        Parameters
        ----------
        frames
            Of shape (n, bands), from the card's front end; n >= 0.

        Returns
        -------
        NDArray[np.float32]
            Of shape (n, outputs), 0-1, in the order of `card.outputs`.
        """
        block = np.asarray(frames, dtype=np.float32)
        empty = np.zeros((0, len(self.card.outputs)), np.float32)
        return np.concatenate([empty, *self.stream([block])])

    def stream(
        self, blocks: Iterable[ArrayLike], at_once: int | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """Run the network over a recording that comes in blocks.

        Memory does not grow with the recording.

        Parameters
        ----------
        blocks
            Arrays of shape (n, bands), n >= 0, in order.
        at_once
            Chunks that are gathered before they are run, 1 to the batch of the
            geometry; None: the batch. Fewer come sooner, and cost as much as a
            whole batch.

        Yields
        ------
        NDArray[np.float32]
            Of shape (m, outputs); together as many rows as there were frames.
        """
        geometry = self.card.geometry
        step = geometry.core * (at_once or geometry.batch)
        span = step + 2 * geometry.context
        waiting: list[NDArray[np.float32]] = []
        length = received = returned = 0
        padding = np.zeros((1, self.bands), np.float32)
        for item in blocks:
            block = self._as_frames(item)
            if not len(block):
                continue
            if not received:
                if geometry.padding == "first":
                    padding = block[:1].copy()
                waiting.append(np.repeat(padding, geometry.context, axis=0))
                length = geometry.context
            # Copied: the caller may use the array again.
            waiting.append(block.copy())
            length += len(block)
            received += len(block)
            while length >= span:
                joined = np.concatenate(waiting)
                yield self._run(joined[:span])
                returned += step
                waiting, length = [joined[step:]], length - step
        while returned < received:
            missing = np.repeat(padding, max(0, span - length), axis=0)
            joined = np.concatenate([*waiting, missing])
            yield self._run(joined[:span])[: received - returned]
            returned += step
            waiting, length = [joined[step:]], len(joined) - step

    def _as_frames(self, item: ArrayLike) -> NDArray[np.float32]:
        block = np.asarray(item, dtype=np.float32)
        if block.ndim != 2 or block.shape[1] != self.bands:
            raise ValueError(
                f"frames must be of shape (n, {self.bands}), not {block.shape}"
            )
        return block

    def _run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run one batch: neighbouring chunks with their context, in a row."""
        geometry = self.card.geometry
        windows = sliding_window_view(frames, geometry.frames, axis=0)[:: geometry.core]
        count = len(windows)
        chunks = np.zeros((geometry.frames, geometry.batch, self.bands), np.float32)
        chunks[:, :count] = windows.transpose(2, 0, 1)
        with self._lock:
            values = self._runner.run(chunks)[:, :count]
        joined: NDArray[np.float32] = values.transpose(1, 0, 2).reshape(
            -1, values.shape[2]
        )
        return joined


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
        Its SHA-256, as the card has it.

    Raises
    ------
    ModelError
        If the file is missing or another one.
    """
    return _read(_beside(card, file), digest)


def _beside(card: ModelCard, file: str) -> Path:
    if card.path is None:
        raise ModelError(f"{card.name}: the card was not read from a file")
    if Path(file).name != file:
        raise ModelError(f"{card.path}: {file!r} is not a plain file name")
    return card.path.parent / file


def _read(path: Path, digest: str) -> bytes:
    """Return the file's content, if it is what the card was written for."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file") from None
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    if hashlib.sha256(content).hexdigest() != digest.lower():
        raise ModelError(f"{path}: the file is not the one that its card describes")
    return content
