"""What of a library is to be done, and what its manifest says of the rest."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

from adt_plugins.base import written
from adt_plugins.base.hashing import sha256
from adt_plugins.batch.manifest import DONE, FAILED, SKIPPED, STARTED, Line, Manifest
from adt_plugins.batch.workers import Reply, Task
from adt_plugins.card import ModelCard
from adt_plugins.cli import _console
from adt_plugins.cli._job_loop import format_names
from adt_plugins.cli._job_plan import Job, same_place
from adt_plugins.cli.transcribe import read_adaptation
from adt_plugins.errors import AdtError, FormatError

# Options that do not change what is written.
_OTHER = {"inputs", "folder", "overwrite", "skip_existing", "retry", "processes"}
_OTHER |= {"dask", "quiet", "run", "report", "argv", "model"}


class _State(NamedTuple):
    """By which a change of a recording is seen without reading it."""

    bytes: int
    modified: int


class Library:
    """The recordings of one run.

    Parameters
    ----------
    args
        Parsed options of the command.
    card
        Card of the model.
    root
        Folder whose structure the outputs keep; None: that of the drives.
    recordings
        Absolute paths.
    manifest
        What was done before.

    Attributes
    ----------
    left, bytes_left : int
        How many recordings are to be done, and their size.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        card: ModelCard,
        root: str | None,
        recordings: Sequence[str],
        manifest: Manifest,
    ) -> None:
        self._args, self._root, self._manifest = args, root, manifest
        self._folder: Path = args.folder.absolute()
        self._settings = _settings(args, card)
        self._counts: Counter[str] = Counter()
        self._failed_before: list[str] = []
        self.bytes_left = 0
        self._recordings = [name for name in recordings if self._is_left(name)]
        self.left = len(self._recordings)
        meetings = Counter(same_place(*self._place(name)) for name in recordings)
        self._met = {place for place, count in meetings.items() if count > 1}

    def _is_left(self, name: str) -> bool:
        """Whether a recording is to be done, by its line in the manifest."""
        try:
            state = _state(name)
        except OSError as error:
            self._fail(name, f"{name}: {error.strerror or error}")
            return False
        line = self._manifest[name]
        if line is not None and not self._has_changed(name, line, state):
            if line["status"] == DONE and self._has_outputs(line):
                self._counts["before"] += 1
                return False
            if line["status"] == FAILED and not self._args.retry:
                self._failed_before.append(name)
                return False
        self.bytes_left += state.bytes
        return True

    def _has_changed(self, name: str, line: Line, state: _State) -> bool:
        if line.get("settings") != self._settings or line["status"] == STARTED:
            return True
        if (line.get("bytes"), line.get("modified")) == state:
            return False
        if line.get("bytes") != state.bytes or not line.get("sha256"):
            return True
        try:
            if sha256(name) != line["sha256"]:
                return True
        except OSError:
            return True
        self._manifest.add({**line, "modified": state.modified})  # only its date has
        return False

    def _has_outputs(self, line: Line) -> bool:
        return all((self._folder / item["path"]).exists() for item in line["outputs"])

    def tasks(self) -> Iterator[Task]:
        """What is to be done; each is noted as begun when it is taken."""
        for name in self._recordings:
            job = self._job(name)
            ours = self._written_before(name)
            written.trust({self._folder / path: sha for path, sha in ours.items()})
            try:
                state = _state(name)
                forms, kept = self._divide(name, job)
                if not self._args.skip_existing:
                    for form in forms:
                        with suppress(FormatError):  # the others can be written
                            job.check(form, overwrite=self._args.overwrite)
            except (AdtError, OSError) as error:
                reason = getattr(error, "strerror", None)
                self._fail(name, f"{name}: {reason}" if reason else str(error))
                continue
            # What a killed run has written of these, its process has noted.
            self._manifest.add(
                {
                    "input": name,
                    "status": STARTED,
                    "outputs": [
                        {"format": form, "path": place, "sha256": ours[place]}
                        for form in forms
                        for place in (self._relative(p) for p in job.targets(form))
                        if place in ours
                    ]
                    + kept,
                }
            )
            yield {
                "input": name,
                "folder": str(job.folder),
                "stem": job.stem,
                "formats": forms,
                "kept": kept,
                "ours": {str(self._folder / path): sha for path, sha in ours.items()},
                "bytes": state.bytes,
                "modified": state.modified,
            }

    def _divide(self, name: str, job: Job) -> tuple[list[str], list[dict[str, Any]]]:
        """Formats to write, and earlier outputs that a user has changed since."""
        line = self._manifest[name]
        forms = format_names(self._args)
        if line is None or self._args.overwrite or self._args.skip_existing:
            return forms, []
        kept = [
            item
            for item in line["outputs"]
            if item["format"] in forms
            and os.path.lexists(self._folder / item["path"])
            and not written.is_ours(self._folder / item["path"])
        ]
        changed = {item["format"] for item in kept}
        # All files of such a format stay as they are, and noted as they were.
        kept = [item for item in self._there(name) if item["format"] in changed]
        return [form for form in forms if form not in changed], kept

    def note(self, task: Task, reply: Reply) -> Line:
        """Write down what became of a task; return its line."""
        name = task["input"]
        if "open" in reply:
            _console.complain(f"{name}: {reply['open']}; a later run does it")
            self._counts[STARTED] += 1
            return {"input": name, "status": STARTED, "onsets": None}
        if "crashed" in reply:
            reason = f"{name}: {reply['crashed']}"
            reply = {"status": FAILED, "error": reason, "outputs": []}
        for text in reply.get("warnings", []):
            if not self._args.quiet:
                _console.complain(f"warning: {text}")
        if reply["status"] == FAILED:
            _console.complain(reply["error"])
        outputs = [
            {**item, "path": self._relative(item["path"])} for item in reply["outputs"]
        ]
        outputs += task["kept"]
        if reply["status"] != DONE:  # what was written before is ours to replace
            written_now = {item["path"] for item in outputs}
            outputs += [i for i in self._there(name) if i["path"] not in written_now]
        line = {
            **{key: reply.get(key) for key in ("status", "error", "onsets", "sha256")},
            "input": name,
            "warnings": reply.get("warnings", []),
            "outputs": outputs,
            "settings": self._settings,
            "bytes": task["bytes"],
            "modified": task["modified"],
        }
        self._manifest.add(line)
        self._counts[reply["status"]] += 1
        return line

    def conclude(self) -> int:
        """Print what failed before and the sums; return the exit code."""
        for name in self._failed_before:
            line = self._manifest[name]
            assert line is not None
            _console.complain(f"{line['error']} (not tried again without --retry)")
        failed = self._counts[FAILED] + len(self._failed_before)
        if not self._args.quiet:
            parts = [f"{self._counts[DONE]} done"]
            if self._counts["before"]:
                parts.append(f"{self._counts['before']} done before")
            if self._counts[SKIPPED]:
                parts.append(f"{self._counts[SKIPPED]} skipped")
            if self._counts[STARTED]:
                parts.append(f"{self._counts[STARTED]} left")
            parts.append(f"{failed} failed")
            _console.say(f"{', '.join(parts)}: {self._manifest.path}")
        return int(failed + self._counts[STARTED] > 0)

    def _fail(self, name: str, reason: str) -> None:
        task: Task = {"input": name, "bytes": None, "modified": None, "kept": []}
        self.note(task, {"status": FAILED, "error": reason, "outputs": []})

    def _place(self, name: str) -> tuple[Path, str]:
        """Folder and stem of a recording's outputs: as it lies in the library."""
        path = Path(name)
        if self._root is not None:
            inside = Path(os.path.relpath(path.parent, self._root))
        else:
            drive = path.drive.replace(":", "").strip("\\/")
            inside = Path(drive, *path.parent.parts[1:])
        return self._folder / inside, path.stem

    def _job(self, name: str) -> Job:
        folder, stem = self._place(name)
        if same_place(folder, stem) in self._met:
            stem = Path(name).name
        return Job(name, folder, stem, audio=name)

    def _relative(self, path: str | Path) -> str:
        return Path(os.path.relpath(path, self._folder)).as_posix()

    def _written_before(self, name: str) -> dict[str, str]:
        """SHA-256 of what an earlier run wrote, by path from the outputs' folder."""
        line = self._manifest[name]
        items = line["outputs"] if line else []
        return {item["path"]: item["sha256"] for item in items if item.get("sha256")}

    def _there(self, name: str) -> list[dict[str, Any]]:
        """Outputs that a recording's last line names, and that exist."""
        line = self._manifest[name]
        named = line["outputs"] if line else []
        return [item for item in named if os.path.lexists(self._folder / item["path"])]


def _state(name: str) -> _State:
    state = Path(name).stat()
    return _State(state.st_size, state.st_mtime_ns)


def _settings(args: argparse.Namespace, card: ModelCard) -> str:
    """Short name of all that decides what is written, for one recording."""
    options = {key: value for key, value in vars(args).items() if key not in _OTHER}
    adaptation = read_adaptation(args)
    if adaptation is not None:  # a kit may be learnt again into the same file
        options["adapt"] = adaptation.to_json()
    text = json.dumps([_plain(options), card.to_json()], sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """As JSON has it, whatever classes the options are of."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if hasattr(value, "__dict__") and not isinstance(value, (str, Path)):
        return _plain(vars(value))
    return str(value)
