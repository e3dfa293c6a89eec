"""Determines which files a run reads and writes, before any work is done."""

from __future__ import annotations

import glob
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from adt_plugins.base.files import check_folder, check_free
from adt_plugins.base.protected import protect
from adt_plugins.base.reporting import did_you_mean
from adt_plugins.cli._options import NPZ
from adt_plugins.errors import AdtError
from adt_plugins.formats import (
    FORMATS,
    check_outputs,
    name_of_set,
    output_path,
    possible_outputs,
)


@dataclass(frozen=True)
class Job:
    """An input, and where its outputs go.

    Parameters
    ----------
    source
        The input as the user gave it.
    folder, stem
        Folder and stem of its outputs; a format adds its suffix.
    rival
        Another input whose outputs have the same names: files of one name from two
        folders.
    audio
        The recording, for formats that need it; None: that of the
        transcription's source.
    """

    source: str
    folder: Path
    stem: str
    rival: str | None = None
    audio: str | None = None

    def target(self, format_id: str) -> Path:
        """Return the path that a format writes; a set of files is named after it."""
        if format_id == NPZ:
            from adt_plugins.activations import SUFFIX

            return self.folder / f"{self.stem}{SUFFIX}"
        return output_path(self.stem, self.folder, format_id)

    def check(self, format_id: str, *, overwrite: bool) -> None:
        """Raise `AdtError` if a file that must not be replaced is in the way."""
        if format_id == NPZ:
            check_free([self.target(format_id)], overwrite=overwrite)
        else:
            check_outputs(self.target(format_id), format_id, overwrite=overwrite)

    def targets(self, format_id: str) -> list[Path]:
        """Return all files that a format may write."""
        if format_id == NPZ:
            return [self.target(format_id)]
        return possible_outputs(self.target(format_id), format_id)


def check_formats(names: Sequence[str]) -> None:
    """Raise `AdtError` for a format that does not exist or is only read."""
    writable = [name for name, form in FORMATS.items() if form.write is not None]
    for name in names:
        if name not in writable:
            hint = did_you_mean(name, writable)
            hint = hint or f"; there are {', '.join(writable)}"
            raise AdtError(f"--format: no format {name!r} to write{hint}")


def plan(
    inputs: Sequence[str], folder: Path | None, stem: Callable[[Path], str]
) -> list[Job]:
    """Decide where the outputs of each input go.

    Inputs whose outputs would have the same names (``a.wav`` and ``a.mp3``) keep their
    extension. An input that is named twice is done once. No output may replace an
    input.

    Parameters
    ----------
    inputs
        The inputs as the user named them.
    folder
        Folder of the outputs; None: beside each input.
    stem
        Function that returns the stem of an input's outputs.
    """
    if folder is not None:
        check_folder(folder)
    # The same file under two spellings is one input, and so is a set of label files.
    sources: dict[str, str] = {}
    for name in _expand(inputs):
        protect(name)
        sources.setdefault(name_of_set(os.path.abspath(name)), name)  # noqa: PTH100
    jobs = []
    for source in sources.values():
        path = Path(source)
        jobs.append(Job(source, folder or path.parent, stem(path)))
    meetings = Counter(map(_place, jobs))
    jobs = [
        replace(job, stem=Path(job.source).name) if meetings[_place(job)] > 1 else job
        for job in jobs
    ]
    first: dict[str, str] = {}
    for job in jobs:
        first.setdefault(_place(job), job.source)
    rivals = [first[_place(job)] for job in jobs]
    return [
        replace(job, rival=None if rival == job.source else rival)
        for job, rival in zip(jobs, rivals, strict=True)
    ]


def _expand(inputs: Sequence[str]) -> list[str]:
    """Expand wildcards, where the shell leaves that to the program."""
    if os.name != "nt":
        return list(inputs)
    names = []
    for name in inputs:
        wild = any(sign in name for sign in "*?") and not Path(name).exists()
        names += (sorted(glob.glob(name)) if wild else []) or [name]  # noqa: PTH207
    return names


def _place(job: Job) -> str:
    return same_place(job.folder, job.stem)


def same_place(folder: Path, stem: str) -> str:
    """Return a key that is equal for names that a file system may not distinguish."""
    path = os.path.abspath(folder / stem)  # noqa: PTH100 - "a/../b" is "b"
    return unicodedata.normalize("NFC", path).casefold()
