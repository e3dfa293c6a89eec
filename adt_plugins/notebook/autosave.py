"""A file that always holds the corrected hits and the edits that led to them.

It is a transcription as `json_file` writes it, with one key more, ``edits``,
which other readers skip.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adt_plugins.base.checks import json_text
from adt_plugins.base.files import read_text, write_files
from adt_plugins.editor.edits import EditError, Log
from adt_plugins.editor.picks import PickedSong
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.transcription import Transcription

_KEY = "edits"


def load(path: Path, score: PickedSong) -> Log:
    """Return the edits that a file holds; none if there is no such file.

    Raises
    ------
    AdtError
        If the file is something else, or of another transcription: it must not
        be replaced then.
    """
    if not path.exists():
        return Log()
    try:
        data = json.loads(read_text(path))
        saved = Transcription.from_dict(data)
    except (ValueError, RecursionError, FormatError) as error:
        raise AdtError(f"{path}: exists and is no transcription") from error
    edits = data.get(_KEY)
    if isinstance(edits, dict) and edits.get("of") == score.fingerprint():
        try:
            return Log.from_dict(edits.get("log"))
        except EditError as error:
            raise AdtError(f"{path}: {error}") from error
    if edits is None and saved.onsets == score.transcription.onsets:
        return Log()
    raise AdtError(f"{path}: exists, with hits of another transcription")


def save(path: Path, corrected: Transcription, score: PickedSong, log: Log) -> None:
    """Write hits and edits, whole or not at all; raises `AdtError`."""
    edits: dict[str, Any] = {"of": score.fingerprint(), "log": log.to_dict()}
    text = corrected.to_json().rstrip().removesuffix("}")
    text += f',\n "{_KEY}": {json_text(edits)}}}\n'
    write_files({path: text.encode()}, overwrite=True)
