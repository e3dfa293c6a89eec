"""The transcriptions that labels were made from, kept for when they come back.

Labels hold less than hits do, and Audacity saves a project under any name in any
folder. So each transcription whose labels leave the house is kept in a folder of the
user's, and found again by what its labels say.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adt_plugins.base.checks import real
from adt_plugins.base.files import read_text, write_files
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
    """What labels were made from.

    Parameters
    ----------
    transcription
        Its times are those of the labels.
    moved
        How much later they are than in the recording, in seconds.
    """

    transcription: Transcription
    moved: float = 0.0


def remember(transcription: Transcription, *, moved: float = 0.0) -> None:
    """Keep a transcription whose labels are given to the user.

    The newest `MOST_KEPT` are kept. Nothing happens if it cannot be written: then
    there will be less to compare corrections with.

    Parameters
    ----------
    transcription, moved
        See `Original`.
    """
    if not len(transcription):
        return
    data = original_text(Original(transcription, moved)).encode()
    folder = user_state_folder() / FOLDER
    path = folder / f"{hashlib.sha256(data).hexdigest()[:32]}{_SUFFIX}"
    with suppress(OSError, AdtError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_files({path: data}, overwrite=True)
        for old in _newest_first(folder)[MOST_KEPT:]:
            old.unlink(missing_ok=True)


def remembered(
    is_likely: Callable[[str], bool] = lambda _: True,
) -> Iterator[Original]:
    """What was kept, the newest first.

    Parameters
    ----------
    is_likely
        Whether one with this JSON text is of interest: to look at a text takes a
        tenth of the time that it takes to read it.
    """
    for path in _newest_first(user_state_folder() / FOLDER):
        with suppress(AdtError):
            text = read_text(path)
            if is_likely(text):
                yield _parsed(path, text)


def onset_times(text: str) -> list[float]:
    """Times of the hits in a JSON text, as they stand there."""
    return [float(number) for number in _ONSET_TIME.findall(text)]


def original_text(original: Original) -> str:
    """Return an original as JSON text."""
    head = json.dumps({"format": _FORMAT, "version": _VERSION, "moved": original.moved})
    return f'{head[:-1]}, "transcription": {original.transcription.to_json()}}}\n'


def read_original(path: Path) -> Original:
    """Read what `original_text` gives, or a transcription.

    Raises
    ------
    AdtError
        If it cannot be read.
    FormatError
        If it is something else.
    """
    return _parsed(path, read_text(path))


def _parsed(path: Path, text: str) -> Original:
    try:
        data = parse_json(text)
        if isinstance(data, dict) and data.get("format") == _FORMAT:
            whole = Transcription.from_dict(data["transcription"])
            moved = real("moved", data["moved"], -_FARTHEST_S, _FARTHEST_S)
            return Original(whole, moved)
    except (FormatError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise AdtError(f"{path}: is damaged: {error}") from error
    return Original(Transcription.from_dict(data))


def _newest_first(folder: Path) -> list[Path]:
    found = []
    with suppress(OSError):
        for path in folder.glob(f"*{_SUFFIX}"):
            with suppress(OSError):
                about = path.stat()
                if stat.S_ISREG(about.st_mode):  # a pipe would wait for its writer
                    found.append((about.st_mtime_ns, path))
    return [path for _, path in sorted(found, reverse=True)]
