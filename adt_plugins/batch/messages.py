"""What a run says to its processes, and what they answer: JSON objects, a line each."""

from __future__ import annotations

from typing import TypedDict, final


class _Written(TypedDict):
    format: str
    path: str


class Output(_Written, total=False):
    """A file that was written; `sha256` is missing if it was not read again."""

    sha256: str | None


class Task(TypedDict):
    """A recording that is to be transcribed.

    `kept` are outputs that a user has changed and that stay; `ours` are the SHA-256
    of files that an earlier run wrote, by path; `bytes` and `modified` (ns) are the
    state of the recording.
    """

    input: str
    folder: str
    stem: str
    formats: list[str]
    kept: list[Output]
    ours: dict[str, str]
    bytes: int
    modified: int


class Greeting(TypedDict):
    """The first message to a process: the command line of the run."""

    arguments: list[str]


@final
class Ready(TypedDict):
    """A process has understood the greeting."""

    ready: bool


@final
class Refused(TypedDict):
    """A process can do nothing at all."""

    refused: str


@final
class Crashed(TypedDict):
    """A process has ended instead of answering."""

    crashed: str


@final
class Lost(TypedDict):
    """A task was not done, by no fault of its recording: a later run does it."""

    open: str


@final
class Done(TypedDict):
    """What became of a recording; see `adt_plugins.cli` for the rest of its report."""

    status: str
    error: str | None
    warnings: list[str]
    outputs: list[Output]
    onsets: dict[str, int] | None
    sha256: str | None


Reply = Done | Crashed | Lost
"""What a run hears of a task."""
