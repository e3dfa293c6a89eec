"""Decides which recordings of a library still need work, by the manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from adt_plugins.base import written
from adt_plugins.base.hashing import sha256
from adt_plugins.batch.manifest import DONE, FAILED, SKIPPED, STARTED, Line, Manifest
from adt_plugins.batch.messages import Done, Output, Reply, Task, found_in
from adt_plugins.card import ModelCard
from adt_plugins.cli import _console
from adt_plugins.cli._job_plan import Job, same_place
from adt_plugins.cli._options import ReportOptions
from adt_plugins.cli.transcribe import WorkOptions, read_adaptation
from adt_plugins.errors import AdtError, FormatError, reason_of


class _State(NamedTuple):
    """Size and date of a recording, which show a change without reading it."""

    bytes: int
    modified: int


class Library:
    """The recordings of one run.

    Parameters
    ----------
    work
        Options of the work on each recording.
    card
        Card of the model.
    root
        Folder whose structure the outputs follow; None: the whole file system.
    recordings
        Absolute paths.
    manifest
        Record of earlier runs, in the folder of the outputs.
    retry
        Whether to repeat recordings that failed before.
    report
        What is printed.

    Attributes
    ----------
    left, bytes_left : int
        Number and total size of the recordings to be transcribed.
    """

    def __init__(
        self,
        work: WorkOptions,
        card: ModelCard,
        root: str | None,
        recordings: Sequence[str],
        manifest: Manifest,
        *,
        retry: bool = False,
        report: ReportOptions,
    ) -> None:
        self._root, self._manifest = root, manifest
        self._outputs, self._folder = work.outputs, manifest.path.parent
        self._retry, self._report = retry, report
        self._settings = _settings(work, card)
        self._counts: Counter[str] = Counter()
        self._failed_before: list[str] = []
        self.bytes_left = 0
        self._all = recordings
        self._seconds: dict[str, float | None] = {}
        self._lost: dict[str, str] = {}
        self._recordings = [name for name in recordings if self._is_left(name)]
        self.left = len(self._recordings)
        meetings = Counter(same_place(*self._place(name)) for name in recordings)
        self._met = {place for place, count in meetings.items() if count > 1}

    def _is_left(self, name: str) -> bool:
        """Whether a recording still needs work, according to the manifest."""
        try:
            state = _state(name)
        except OSError as error:
            self._fail(name, f"{name}: {reason_of(error)}")
            return False
        line = self._manifest[name]
        if line is not None and not self._has_changed(name, line, state):
            if line["status"] == DONE and self._has_outputs(line):
                self._counts["before"] += 1
                return False
            if line["status"] == FAILED and not self._retry:
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
        self._manifest.add({**line, "modified": state.modified})  # only its date
        return False

    def _has_outputs(self, line: Line) -> bool:
        return all((self._folder / item["path"]).exists() for item in line["outputs"])

    def tasks(self) -> Iterator[Task]:
        """Yield the tasks; each is recorded as started when it is taken."""
        for name in self._recordings:
            job = self._job(name)
            ours = self._written_before(name)
            written.trust({self._folder / path: sha for path, sha in ours.items()})
            try:
                state = _state(name)
                forms, kept = self._divide(name, job)
                if not self._outputs.skip_existing:
                    for form in forms:
                        with suppress(FormatError):  # the others can be written
                            job.check(form, overwrite=self._outputs.overwrite)
            except (AdtError, OSError) as error:
                names_file = isinstance(error, AdtError)  # which names the file itself
                self._fail(
                    name, str(error) if names_file else f"{name}: {reason_of(error)}"
                )
                continue
            self._manifest.add(
                {
                    "input": name,
                    "status": STARTED,
                    "outputs": [*self._ours(job, forms, ours), *kept],
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

    def _ours(
        self, job: Job, forms: Sequence[str], ours: Mapping[str, str]
    ) -> Iterator[Output]:
        """Yield outputs that an earlier run wrote, even if it was killed."""
        for form in forms:
            for path in map(self._relative, job.targets(form)):
                if path in ours:
                    yield {"format": form, "path": path, "sha256": ours[path]}

    def _divide(self, name: str, job: Job) -> tuple[list[str], list[Output]]:
        """Return the formats to write, and outputs that the user has changed since."""
        line = self._manifest[name]
        forms = list(self._outputs.names)
        if line is None or self._outputs.overwrite or self._outputs.skip_existing:
            return forms, []
        kept = [
            item
            for item in line["outputs"]
            if item["format"] in forms
            and os.path.lexists(self._folder / item["path"])
            and not written.is_ours(self._folder / item["path"])
        ]
        changed = {item["format"] for item in kept}
        # All files of such a format stay as they are, and so do their records.
        kept = [
            item for item in self._existing_outputs(name) if item["format"] in changed
        ]
        return [form for form in forms if form not in changed], kept

    def note(self, task: Task, reply: Reply) -> Line:
        """Record the result of a task, and return its line of the manifest."""
        name = task["input"]
        if "open" in reply:
            _console.complain(f"{name}: {reply['open']}; left for the next run")
            self._counts[STARTED] += 1
            self._lost[name] = f"{name}: {reply['open']}"
            return {"input": name, "status": STARTED, "outputs": []}
        if "crashed" in reply:
            reply = _failed(f"{name}: {reply['crashed']}")
        state = _State(task["bytes"], task["modified"])
        return self._conclude(name, reply, task["kept"], state)

    def _fail(self, name: str, reason: str) -> None:
        """Record that work on a recording cannot start."""
        self._conclude(name, _failed(reason), [], None)

    def _conclude(
        self, name: str, done: Done, kept: Sequence[Output], state: _State | None
    ) -> Line:
        """Print and record the result for a recording."""
        for text in done["warnings"]:
            if not self._report.quiet:
                _console.warn(text)
        if done["status"] == FAILED:
            _console.complain(str(done["error"]))
        line: Line = {
            "input": name,
            "status": done["status"],
            "error": done["error"],
            "warnings": done["warnings"],
            "outputs": self._all_outputs(name, done, kept),
            **found_in(done),
            "sha256": done["sha256"],
            "settings": self._settings,
            "bytes": None if state is None else state.bytes,
            "modified": None if state is None else state.modified,
        }
        self._manifest.add(line)
        self._seconds[name] = done["seconds"]
        self._counts[done["status"]] += 1
        return line

    def _all_outputs(
        self, name: str, done: Done, kept: Sequence[Output]
    ) -> list[Output]:
        """Return the outputs of a recording: new, kept, and left by earlier runs."""
        outputs: list[Output] = [
            {**item, "path": self._relative(item["path"])} for item in done["outputs"]
        ]
        outputs += kept
        if done["status"] != DONE:  # what was written before is ours to replace
            written_now = {item["path"] for item in outputs}
            earlier = self._existing_outputs(name)
            outputs += [item for item in earlier if item["path"] not in written_now]
        return outputs

    def conclude(self) -> int:
        """Print earlier failures, and totals or a report; return the exit code."""
        for name in self._failed_before:
            line = self._manifest[name]
            assert line is not None
            _console.complain(f"{line['error']} (not tried again without --retry)")
        failed = self._counts[FAILED] + len(self._failed_before)
        if self._report.report is not None:
            _console.say_report(map(self._result, self._all))
        if self._report.talks:
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

    def _result(self, name: str) -> dict[str, Any]:
        """Return what the report says about a recording."""
        from adt_plugins.cli._job_loop import Result

        line = self._manifest[name]
        if line is None or name in self._lost:
            return asdict(Result(name, FAILED, self._lost.get(name)))
        result = Result(
            name,
            line["status"],
            line.get("error"),
            line.get("warnings") or [],
            [
                {
                    "format": item["format"],
                    "path": str(self._folder / item["path"]),
                }
                for item in line["outputs"]
            ],
            seconds=self._seconds.get(name),
        )
        found = found_in(line)
        return {**asdict(result), **found, "onsets": found["onsets"] or {}}

    def _place(self, name: str) -> tuple[Path, str]:
        """Return folder and stem of the outputs, which mirror the library."""
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
        """Return the SHA-256 of earlier outputs by their paths in the output folder."""
        line = self._manifest[name]
        items = line["outputs"] if line else []
        hashes = ((item["path"], item.get("sha256")) for item in items)
        return {path: digest for path, digest in hashes if digest}

    def _existing_outputs(self, name: str) -> list[Output]:
        """Return the outputs in a recording's last line that still exist."""
        line = self._manifest[name]
        named = line["outputs"] if line else []
        return [item for item in named if os.path.lexists(self._folder / item["path"])]


def _state(name: str) -> _State:
    state = Path(name).stat()
    return _State(state.st_size, state.st_mtime_ns)


def _failed(reason: str) -> Done:
    return {
        "status": FAILED,
        "error": reason,
        "warnings": [],
        "outputs": [],
        **found_in({}),
        "sha256": None,
        "seconds": None,
    }


def _settings(options: WorkOptions, card: ModelCard) -> str:
    """Return a hash of everything that determines the outputs of a recording."""
    adaptation = read_adaptation(options.model)
    deciding = replace(
        options,
        outputs=replace(
            options.outputs, folder=None, overwrite=False, skip_existing=False
        ),
        model=replace(options.model, model=None, adapt=None),
    )
    # A kit may be learnt again into the same file.
    kit = None if adaptation is None else adaptation.to_json()
    text = json.dumps([_plain(deciding), kit, card.to_json()], sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """Return a value for JSON, without defaults: options may be added later."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        values = {f.name: (getattr(value, f.name), f.default) for f in fields(value)}
        return {k: _plain(v) for k, (v, default) in values.items() if v != default}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if hasattr(value, "__dict__") and not isinstance(value, (str, Path)):
        return _plain(vars(value))
    return str(value)
