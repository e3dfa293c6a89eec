"""A file that always holds the corrected hits and the edits that led to them.

It is a transcription as the format ``json`` writes it, with one key more, ``edits``,
which other readers skip.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adt_plugins.base.checks import json_text
from adt_plugins.base.files import make_folder, read_text, write_files
from adt_plugins.base.folders import user_folder
from adt_plugins.base.own_files import keep_changed
from adt_plugins.base.process_lock import Lock, LockedError
from adt_plugins.base.reporting import default_warn
from adt_plugins.base.strict_json import parse_json
from adt_plugins.editor.edits import EditError, Log, fold
from adt_plugins.editor.picks import PickedSong
from adt_plugins.errors import AdtError, FormatError, reason_of
from adt_plugins.transcription import Transcription

_KEY = "edits"
_PATIENCE_S = 10.0
_RETRY_S = 0.02


def load(path: Path, score: PickedSong) -> tuple[Log, dict[str, int]]:
    """Return the edits that a file holds, and the last action of each editor.

    Without the file there are none. If its hits are not those of its edits, somebody
    has changed them: the next save would lose that, so a copy is kept, with a warning.

    Raises
    ------
    AdtError
        If the file is something else, or of another transcription: it must not
        be replaced then.
    """
    if not path.exists():
        return Log(), {}
    try:
        data = parse_json(read_text(path))
        saved = Transcription.from_dict(data)
    except (ValueError, RecursionError, FormatError) as error:
        raise AdtError(f"{path}: exists and is not a transcription") from error
    edits = data.get(_KEY)
    if isinstance(edits, dict) and edits.get("of") == score.fingerprint():
        try:
            log = Log.from_dict(edits.get("log"))
        except EditError as error:
            raise AdtError(f"{path}: {error}") from error
        if saved.onsets != _as_saved(score.corrected(fold(log))).onsets:
            keep_changed(path, default_warn)
        return log, _seen(edits.get("seen"))
    if edits is None and saved.onsets == score.transcription.onsets:
        return Log(), {}
    raise AdtError(f"{path}: exists, with hits of another transcription")


def _as_saved(corrected: Transcription) -> Transcription:
    """Return what is read back: times in a file have six decimals."""
    return Transcription.from_dict(parse_json(corrected.to_json()))


def _seen(data: Any) -> dict[str, int]:
    if not isinstance(data, dict):
        return {}
    return {str(name): seq for name, seq in data.items() if isinstance(seq, int)}


def save(
    path: Path,
    corrected: Transcription,
    score: PickedSong,
    log: Log,
    seen: Mapping[str, int],
) -> None:
    """Write hits and edits, whole or not at all; raises `AdtError`."""
    edits: dict[str, Any] = {
        "of": score.fingerprint(),
        "log": log.to_dict(),
        "seen": dict(seen),
    }
    text = corrected.to_json().rstrip().removesuffix("}")
    text += f',\n "{_KEY}": {json_text(edits)}}}\n'
    write_files({path: text.encode()}, overwrite=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the file against the widgets of other kernels.

    Raises
    ------
    AdtError
        If another one holds it for too long.
    """
    # A lock beside the file would litter the user's folder.
    folder = user_folder() / "locks"
    try:
        make_folder(folder)
    except AdtError:  # a home folder that is not writable
        folder = Path(tempfile.gettempdir())
    name = os.path.normcase(os.path.realpath(path)).encode("utf-8", "surrogateescape")
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            lock = Lock(folder / f"adt-{hashlib.sha256(name).hexdigest()[:32]}.lock")
            break
        except LockedError as error:
            if time.monotonic() > end:
                raise AdtError(f"{path}: another kernel is writing it") from error
            time.sleep(_RETRY_S)
        except OSError as error:
            raise AdtError(f"{path}: {reason_of(error)}") from error
    try:
        yield
    finally:
        lock.release()
