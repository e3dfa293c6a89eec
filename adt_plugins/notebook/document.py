"""The edits of a song: one log for all widgets that correct it.

Widgets with the same autosave file have the same log. In one kernel they share a
`Document`; across kernels they share the file, which is read again before each edit if
another kernel has written it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from adt_plugins.editor.edits import Log, fold
from adt_plugins.editor.picks import PickedSong
from adt_plugins.errors import AdtError
from adt_plugins.notebook import autosave
from adt_plugins.notebook.cell import Run

MAX_EDITORS = 100
"""Number of editors whose last action is remembered; older ones repeat nothing."""


class Listener(Protocol):
    """Gets notified of edits: a widget."""

    def document_did(
        self, revision: int, action: dict[str, Any], client: str, seq: int
    ) -> None:
        """Receive an action that was accepted."""

    def document_changed(self) -> None:
        """Receive the news that the whole log may have changed."""


class MissingActionError(AdtError):
    """An action came whose predecessor did not."""


class Document:
    """A log of edits, and the file that holds it.

    Parameters
    ----------
    score
        The song that the edits belong to.
    path
        The autosave file; None: the log is in memory only.

    name
        Name of the document, the same in every kernel that opens it again.

    Attributes
    ----------
    log : Log
        The edits.
    revision : int
        Grows with every action that is accepted.
    seen : dict of str to int
        Number of the last action of each editor, so that an action which is repeated
        because its answer was lost is applied once only.
    """

    def __init__(self, score: PickedSong, path: Path | None, name: str = "") -> None:
        self.name = name or secrets.token_hex(16)
        self._score = score
        self._path = path
        self.lock = threading.RLock()
        self.log = Log()
        self.revision = 0
        self.seen: dict[str, int] = {}
        self._listeners: weakref.WeakSet[Any] = weakref.WeakSet()
        self._signature: Signature = None
        if path is not None:
            with autosave.locked(path):
                self._read(path)

    def attach(self, listener: Listener) -> None:
        """Notify a widget of edits as long as it lives."""
        with self.lock:
            self._listeners.add(listener)

    def detach(self, listener: Listener) -> None:
        """Stop notifying it."""
        with self.lock:
            self._listeners.discard(listener)

    def act(self, action: Any, client: str = "", seq: int = 0, after: int = -1) -> bool:
        """Apply an action of a browser or of Python, and save the log.

        A step that comes without a name gets one. `after` is the number of the action
        that the editor wants accepted first; -1: none.

        Returns
        -------
        bool
            False if the editor's action has been applied before.

        Raises
        ------
        MissingActionError
            If that one has not come: messages can get lost.
        EditError
            If the action is not valid.
        AdtError
            If it cannot be saved; nothing is changed then.
        """
        with self.lock, self._alone():
            self.refresh()
            last = self.seen.get(client, -1)
            if client and seq <= last:
                return False
            if client and after > last:
                raise MissingActionError(f"action {after} of {client} has not come")
            if isinstance(action, dict) and action.get("kind") == "do":
                own = f"{client}-{seq}" if client else secrets.token_hex(8)
                action = {"name": own, **action}
            log = self.log.act(action)
            seen = dict(self.seen)
            if client:
                seen.pop(client, None)
                seen[client] = seq
                seen = dict(list(seen.items())[-MAX_EDITORS:])
            if self._path is not None:
                corrected = self._score.corrected(fold(log))
                autosave.save(self._path, corrected, self._score, log, seen)
                self._signature = signature(self._path)
            self.log, self.seen = log, seen
            self.revision += 1
            if action["kind"] == "do":  # announce it as it was validated
                step = log.steps[log.names.index(action["name"])]
                action = {"kind": "do", "name": action["name"], "ops": list(step)}
            for listener in list(self._listeners):
                listener.document_did(self.revision, action, client, seq)
            return True

    def refresh(self) -> None:
        """Read the file again if another process has written it."""
        if self._path is None:
            return
        with self.lock:
            now = signature(self._path)
            if now is None or now == self._signature:
                return
            before = self.log
            self._read(self._path)
            if self.log != before:
                self.revision += 1
                for listener in list(self._listeners):
                    listener.document_changed()

    def _read(self, path: Path) -> None:
        self._signature = signature(path)
        self.log, seen = autosave.load(path, self._score)
        self.seen = {**self.seen, **seen}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._path is None:
            yield
        else:
            with autosave.locked(self._path):
                yield


Signature = tuple[int, int, int] | None


def signature(path: Path) -> Signature:
    """Return a value that changes when the file is replaced; None without a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


_by_file: weakref.WeakValueDictionary[str, Document] = weakref.WeakValueDictionary()
_by_cell: dict[str, Document] = {}
_places: dict[tuple[Run, str], int] = {}
_opening = threading.Lock()


def open_document(
    score: PickedSong, path: Path | None, run: Run | None = None
) -> Document:
    """Return the log of a song.

    Parameters
    ----------
    score
        The song.
    path
        The autosave file. Widgets with the same one have the same log.
    run
        The current run of a cell. Without a file, its widget continues the log of the
        widget that the cell made in its previous run.
    """
    with _opening:
        if path is not None:
            place = os.path.normcase(os.path.realpath(path))
            name = _name(place, score.fingerprint())
            document = _by_file.get(name)
            if document is None:
                document = _by_file[name] = Document(score, path, name)
            else:
                document.refresh()
            return document
        if run is None:
            return Document(score, None)
        # Several widgets of a song in one cell are identified by their order.
        key = run, score.fingerprint()
        _places[key] = _places.get(key, 0) + 1
        name = _name(run.cell, score.fingerprint(), str(_places[key]))
        if name not in _by_cell:
            _by_cell[name] = Document(score, None, name)
        return _by_cell[name]


def _name(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]
