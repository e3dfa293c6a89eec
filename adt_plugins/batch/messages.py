"""Messages between a run and its processes: JSON objects, one a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast, final


class _Written(TypedDict):
    format: str
    path: str


class Output(_Written, total=False):
    """A file that was written; without `sha256` if it was not read again."""

    sha256: str | None


class Task(TypedDict):
    """A recording to transcribe.

    `kept` are outputs that a user has changed, which stay; `ours` maps files that an
    earlier run wrote to their SHA-256; `bytes` and `modified` (ns) are the state of the
    recording.
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
    """The first message to a process: the run's command line, and when it began."""

    arguments: list[str]
    begun: float


@final
class Ready(TypedDict):
    """A process has accepted the greeting."""

    ready: bool


@final
class Refused(TypedDict):
    """A process cannot work at all."""

    refused: str


@final
class Crashed(TypedDict):
    """A process ended instead of answering."""

    crashed: str


@final
class Lost(TypedDict):
    """A task was not done, for no fault of its recording; a later run repeats it."""

    open: str


class Found(TypedDict, total=False):
    """What was found in a recording; see `adt_plugins.cli._job_loop.Result`."""

    onsets: dict[str, int] | None
    duration: float | None
    tempo: float | None
    steady: bool | None
    meter: str | None
    beats: int | None


def found_in(values: Mapping[str, Any]) -> Found:
    """Return what the fields of another message or result say was found."""
    return cast(Found, {name: values.get(name) for name in Found.__annotations__})


@final
class Done(Found):
    """The result of a recording."""

    status: str
    error: str | None
    warnings: list[str]
    outputs: list[Output]
    sha256: str | None
    seconds: float | None


Reply = Done | Crashed | Lost
"""The answer to a task."""
