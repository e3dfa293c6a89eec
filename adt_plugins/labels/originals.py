"""Keeps the transcriptions that labels were made from, for when they come back.

Labels hold less than hits do, and Audacity saves a project under any name in any
folder. So each transcription whose labels are given to a user is stored in the user's
folder, and found again by the content of its labels.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from adt_plugins.base.checks import real
from adt_plugins.base.drafts import whole_file
from adt_plugins.base.files import read_text
from adt_plugins.base.folders import user_state_folder
from adt_plugins.base.strict_json import parse_json
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.transcription import Transcription

FOLDER = "originals"
MOST_KEPT = 100

_FORMAT, _VERSION = "adt-plugins-original", 1
_SUFFIX = ".json"
_FARTHEST_S = 1e9
_ONSET_TIME = re.compile(r'"time": ([0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?), "drum"')


@dataclass(frozen=True)
class Original:
    """A transcription that labels were made from.

    Parameters
    ----------
    transcription
        The transcription, in the time of the labels.
    moved
        Time by which labels are later than in the recording, in seconds.
    """

    transcription: Transcription
    moved: float = 0.0


def remember(transcription: Transcription, *, moved: float | None = None) -> None:
    """Store a transcription whose labels are given to the user.

    The newest `MOST_KEPT` are kept. If it cannot be written nothing happens, except
    that corrections will have less to be compared with.

    Parameters
    ----------
    transcription, moved
        See `Original`; `moved` is None for that of the transcription's source.
    """
    if not len(transcription):
        return
    if moved is None:
        moved = transcription.source.moved
    data = original_text(Original(transcription, moved)).encode()
    folder = user_state_folder() / FOLDER
    path = folder / f"{hashlib.sha256(data).hexdigest()[:32]}{_SUFFIX}"
    with suppress(OSError, AdtError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(path) as draft:
            draft.write_bytes(data)
        for old in _newest_first(folder)[MOST_KEPT:]:
            (folder / old).unlink(missing_ok=True)


def remembered(
    is_likely: Callable[[str], bool] = lambda _: True,
) -> Iterator[Original]:
    """Iterate over the stored transcriptions, the newest first.

    Parameters
    ----------
    is_likely
        Whether a JSON text may be of interest: checking a text takes a tenth of the
        time of reading it.
    """
    folder = user_state_folder() / FOLDER
    for name in _newest_first(folder):
        path = folder / name
        with suppress(AdtError):
            text = read_text(path)
            if is_likely(text):
                yield _parsed(path, text)


def times_in_json(text: str) -> list[float]:
    """Return the times of the hits in a JSON text."""
    return [float(number) for number in _ONSET_TIME.findall(text)]


def original_text(original: Original) -> str:
    """Return an original as JSON text."""
    head = json.dumps({"format": _FORMAT, "version": _VERSION, "moved": original.moved})
    return f'{head[:-1]}, "transcription": {original.transcription.to_json()}}}\n'


def read_original(path: Path) -> Original:
    """Read what `original_text` returns, or a transcription.

    Raises
    ------
    AdtError
        If it cannot be read.
    FormatError
        If it is another kind of file.
    """
    return _parsed(path, read_text(path))


def _parsed(path: Path, text: str) -> Original:
    try:
        data = parse_json(text)
        if isinstance(data, dict) and data.get("format") == _FORMAT:
            whole = Transcription.from_dict(data["transcription"])
            moved = real("moved", data["moved"], -_FARTHEST_S, _FARTHEST_S)
            if whole.source.path is not None:  # earlier builds noted it here alone
                whole = replace(whole, source=replace(whole.source, moved=moved))
            return Original(whole, moved)
    except (FormatError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise AdtError(f"{path}: is damaged: {error}") from error
    whole = Transcription.from_dict(data)
    return Original(whole, whole.source.moved)


def _newest_first(folder: Path) -> list[str]:
    """Return the names of the stored files."""
    dated = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                # A pipe would wait for its writer.
                if entry.name.endswith(_SUFFIX) and entry.is_file():
                    dated.append((entry.stat().st_mtime_ns, entry.name))
    return [name for _, name in sorted(dated, reverse=True)]
