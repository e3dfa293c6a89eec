"""The loop over inputs: one failure is one line, and the rest goes on."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from adt_plugins import formats
from adt_plugins.activations import save_activations
from adt_plugins.base.files import (
    check_folder,
    leaving_no_empty_folder,
    make_folder,
)
from adt_plugins.base.protected import WRITTEN, protect
from adt_plugins.base.reporting import Warn
from adt_plugins.cli import _console
from adt_plugins.cli._job_plan import Job
from adt_plugins.cli._options import NPZ, OutputOptions, ReportOptions
from adt_plugins.cli._remarks import remarks
from adt_plugins.cli._summary import listed, summary
from adt_plugins.cli._values import BWF
from adt_plugins.errors import (
    AdtError,
    AdtWarning,
    AudioError,
    FormatError,
    MissingDependencyError,
    reason_of,
)
from adt_plugins.labels.originals import remember
from adt_plugins.recording import as_recorded, moved
from adt_plugins.transcription import Transcription

# Errors that concern one format only. What the system refuses, such as writing to a
# full disk, concerns all of them.
_OF_A_FORMAT = (FormatError, AudioError, MissingDependencyError)


@dataclass
class Result:
    """Result for one input: printed as it happens, and collected for the report."""

    input: str
    status: str = "done"  # or "failed", "skipped"
    error: str | None = None
    warnings: list[str] = field(default_factory=list)
    outputs: list[dict[str, str]] = field(default_factory=list)
    onsets: dict[str, int] = field(default_factory=dict)
    duration: float | None = None
    tempo: float | None = None  # as `Transcription.tempo`
    steady: bool | None = None  # whether one tempo fits
    meter: str | None = None
    beats: int | None = None  # None: beats were not asked for
    seconds: float | None = None  # how long it took

    def fail(self, message: str) -> None:
        """Print and record an error; there may be several."""
        self.error = message if self.error is None else f"{self.error}; {message}"
        self.status = "failed"
        _console.complain(message)

    def warn(self, message: str) -> None:
        """Print and record a warning once: writers may read the recording again."""
        if message in self.warnings:
            return
        self.warnings.append(message)
        _console.warn(message)


Work = Callable[[Job, Result], Transcription]


@dataclass(frozen=True)
class Settings:
    """What is written and printed for every input.

    Parameters
    ----------
    outputs
        Formats, and where they are written.
    report
        What is printed.
    writing
        Options of the formats' writers, by name; each gets those that it declares.
    """

    outputs: OutputOptions
    writing: Mapping[str, Any]
    report: ReportOptions


def run_jobs(
    settings: Settings,
    jobs: Sequence[Job],
    work: Work,
    then: Callable[[Job], None] | None = None,
) -> int:
    """Make a transcription of every input and write it.

    Parameters
    ----------
    settings
        What is written and printed.
    jobs
        The inputs.
    work
        Function that makes the transcription of one input.
    then
        Function to call once the files of one input are written.

    Returns
    -------
    int
        Exit code: 0, or 1 if an input failed.
    """
    with leaving_no_empty_folder(*(job.folder for job in jobs)):
        results = [attempt(settings, job, work, then) for job in jobs]
    return reported(settings.report, results)


def reported(options: ReportOptions, results: Sequence[Result]) -> int:
    """Print the report if one is asked for; return the exit code."""
    if options.report == "json":
        _console.say_report(map(asdict, results))
    return int(any(result.status == "failed" for result in results))


def attempt(
    settings: Settings,
    job: Job,
    work: Work,
    then: Callable[[Job], None] | None = None,
) -> Result:
    """Make a transcription of one input and write it; see `run_jobs`."""

    def run(result: Result) -> None:
        _run_job(settings, job, result, work)
        if then is not None and result.status != "failed":
            then(job)

    return attempted(job, run)


def attempted(job: Job, run: Callable[[Result], None]) -> Result:
    """Work on one input; errors become part of the result."""
    result = Result(job.source)
    try:
        run(result)
    except AdtError as error:
        result.fail(str(error))
    except (OSError, MemoryError) as error:
        result.fail(f"{job.source}: {reason_of(error)}")
    return result


def _run_job(settings: Settings, job: Job, result: Result, work: Work) -> None:
    """Make the transcription of one input, and write it in every format."""
    outputs = settings.outputs
    names = _check_targets(outputs, job, result)
    if not names and result.status == "failed":
        return
    if not names:
        result.status = "skipped"
        if settings.report.talks:
            _console.say(f"{job.source}: skipped, its outputs exist")
        return
    started = time.monotonic()
    with warnings_to(result):
        original = work(job, result)
        if outputs.drums is not None:
            original = original.only(outputs.drums)
        offset = _offset(outputs, original, job)
        transcription = _moved(original, offset, job, result)
    note(result, transcription)
    if not len(transcription):
        result.warn(f"{job.source}: {_nothing(outputs, original)}")
    shown = _Shown(original, transcription)
    written = _write_all(settings, shown, job, names, result)
    result.seconds = round(time.monotonic() - started, 3)
    if settings.report.talks:
        headline = summary(
            job.stem,
            transcription,
            looked_for_beats=result.beats is not None,
            seconds=result.seconds,
        )
        for line in (*headline, *listed(written)):
            _console.say(line)


class _Shown(NamedTuple):
    """A transcription as it was made or read, and moved by the offset."""

    original: Transcription
    moved: Transcription

    def in_format(self, name: str) -> Transcription:
        """Return the transcription to write in a format."""
        # With the recording in it, a file keeps the recording's own times. Where none
        # is known, the offset corrects times that another program wrote.
        if _has_audio(name) and self.original.source.path is not None:
            return as_recorded(self.original)
        return self.moved


def _write_all(
    settings: Settings, shown: _Shown, job: Job, names: Sequence[str], result: Result
) -> list[tuple[str, str]]:
    """Write every format; return the path and the purpose of each file."""
    make_folder(job.folder)
    failures: set[str] = set()  # an unreadable recording is reported once
    written: list[tuple[str, str]] = []
    with remarks(result.warn) as about:
        for name in names:
            transcription = shown.in_format(name)
            warn = about(job.target(name))
            try:
                paths = _write(settings, transcription, job, name, warn)
            except _OF_A_FORMAT as error:
                if str(error) not in failures:
                    result.fail(str(error))
                failures.add(str(error))
                continue
            if name != NPZ and formats.FORMATS[name].tracks is not None:
                # The labels may be read again later, corrected.
                remember(transcription)
            # One of the others may be a link to it.
            protect(*paths, because=WRITTEN)
            for path in paths:
                result.outputs.append({"format": name, "path": str(path)})
                written.append((str(path), _purpose(name, path, shown.moved)))
    return written


def note(result: Result, transcription: Transcription) -> None:
    """Add the findings to the report."""
    result.onsets = {str(k): n for k, n in transcription.counts().items()}
    result.duration = transcription.source.duration
    if transcription.beats:
        result.beats = len(transcription.beats)
        tempo = transcription.tempo
        result.tempo = None if tempo is None else round(tempo, 3)
        result.steady = transcription.has_steady_tempo
        result.meter = None if transcription.meter is None else str(transcription.meter)


def _purpose(name: str, path: Path, transcription: Transcription) -> str:
    """Return the purpose of a written file."""
    if name == NPZ:
        return "the network's activations, for adt-plugins and NumPy"
    form = formats.FORMATS[name]
    if form.purpose is None:
        return form.description
    return form.purpose(path, transcription)


def _nothing(outputs: OutputOptions, original: Transcription) -> str:
    """Return a message that there are no hits to write, and why."""
    if len(original):
        return "no hits are left to be written"
    if outputs.drums is not None:
        names = " or ".join(drum.full_name.lower() for drum in outputs.drums)
        return f"no hits were found of {names}"
    return "no drum hits were found"


def _check_targets(outputs: OutputOptions, job: Job, result: Result) -> list[str]:
    """Return the formats that can be written: checked before work that may be long."""
    if job.rival is not None:
        raise AdtError(
            f"{job.source}: its outputs would replace those of {job.rival}; run it"
            " alone, with another -o"
        )
    check_folder(job.folder)
    targets = {name: job.targets(name) for name in outputs.names}
    if outputs.skip_existing:
        targets = {
            name: paths
            for name, paths in targets.items()
            if not any(path.exists() for path in _by_which_done(job, name, paths))
        }
    possible = []
    for name in targets:
        try:
            job.check(name, overwrite=outputs.overwrite)
        except FormatError as error:  # such as a name that one format cannot hold
            result.fail(f"{job.target(name)}: {error}")
        else:
            possible.append(name)
    return possible


def _by_which_done(job: Job, name: str, paths: Sequence[Path]) -> Sequence[Path]:
    """Return the files whose existence means that a format has been written."""
    own = job.target(name)
    return [own] if own in paths else paths


def _write(
    settings: Settings,
    transcription: Transcription,
    job: Job,
    name: str,
    warn: Warn,
) -> list[Path]:
    path, overwrite = job.target(name), settings.outputs.overwrite
    if name != NPZ:
        return formats.write(
            transcription,
            path,
            name,
            overwrite=overwrite,
            audio=job.audio,
            warn=warn,
            **_declared(settings.writing, name),
        )
    if transcription.activations is None:
        return []
    save_activations(transcription.activations, path, overwrite=overwrite)
    return [path]


def _declared(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the options that a format declares."""
    declared = formats.FORMATS[name].options
    return {option: value for option, value in options.items() if option in declared}


def _has_audio(name: str) -> bool:
    return name != NPZ and "audio" in formats.FORMATS[name].needs


def _offset(outputs: OutputOptions, transcription: Transcription, job: Job) -> float:
    """Return the time to add to all written times, in seconds."""
    if outputs.offset != BWF:
        return outputs.offset
    from adt_plugins.audio.broadcast_wave import time_reference

    recording = job.audio or transcription.source.path
    if recording is None:
        raise AdtError(f"{job.source}: --offset {BWF} needs the recording")
    return time_reference(recording)


def _moved(
    transcription: Transcription, offset: float, job: Job, result: Result
) -> Transcription:
    """Add the requested offset to all times."""
    if not offset:
        return transcription
    later = moved(transcription, offset)
    hits = len(transcription) - len(later)
    labels = len(transcription.labels) - len(later.labels)
    for what, lost in (("hit", hits), ("label", labels)):
        if lost == 1:
            text = f"1 {what} would lie before 0 s and is left out"
        else:
            text = f"{lost} {what}s would lie before 0 s and are left out"
        if lost:
            result.warn(f"{job.source}: {text}")
    return later


@contextmanager
def warnings_to(result: Result) -> Iterator[None]:
    """Add the package's warnings to the report."""
    with warnings.catch_warnings(record=True) as caught:
        try:
            yield
        finally:
            for warning in caught:
                if isinstance(warning.message, AdtWarning):
                    result.warn(str(warning.message))
