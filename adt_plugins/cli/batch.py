"""``adt batch``: a library of recordings, on all processor cores or on a cluster."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console
from adt_plugins.cli._command import group, set_command
from adt_plugins.cli._options import ReportOptions, add_json_report
from adt_plugins.cli.transcribe import WorkOptions, add_work, check_options
from adt_plugins.errors import reason_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from adt_plugins.batch.messages import Reply, Task
    from adt_plugins.cli._batch_library import Library

WORKER = "adt_plugins.cli._batch_worker"


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Options of ``adt batch``; worker processes parse `argv` again."""

    inputs: tuple[str, ...]
    work: WorkOptions = field(metadata=group(WorkOptions))
    retry: bool = False
    processes: int | None = None
    dask: str | None = None
    report: ReportOptions = field(metadata=group(ReportOptions))
    argv: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Absolute path of the outputs' folder."""
        return (self.work.outputs.folder or Path()).absolute()


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "batch",
        description="Transcribe all recordings of folders, and write what 'adt"
        " transcribe' writes into the same folders below DIR. DIR/manifest.jsonl has a"
        " line with the result of each. Run again, the command does what is left:"
        " recordings that are new, have changed, or were not finished.",
        examples=[
            ("adt batch Music -o Drums", "all recordings of a folder"),
            ("adt batch songs.m3u -o Drums --format midi", "those of a playlist"),
            ('adt batch "Music/**/*.flac" -o Drums -j 4', "those of a pattern"),
        ],
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="FOLDER|LIST|GLOB",
        help="folders, text files or playlists with one path per line (-: standard"
        " input), patterns in quotes, recordings",
    )
    add_work(parser, into_folder=True)
    parser.add_argument(
        "--retry", action="store_true", help="retry recordings that failed before"
    )
    parser.add_argument(
        "-j",
        "--processes",
        type=_count,
        metavar="N",
        help="recordings at a time (default: one per processor core)",
    )
    parser.add_argument(
        "--dask",
        metavar="tcp://HOST:PORT",
        help="run on this Dask cluster, whose workers see the same files",
    )
    add_json_report(parser)
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only what went wrong"
    )
    set_command(parser, BatchOptions, run)


def run(options: BatchOptions) -> int:
    """Run the command."""
    from adt_plugins.base import written
    from adt_plugins.base.files import make_folder
    from adt_plugins.base.process_lock import Lock
    from adt_plugins.batch.manifest import NAME, Manifest
    from adt_plugins.batch.recordings import find_recordings
    from adt_plugins.cli._batch_library import Library
    from adt_plugins.cli._job_plan import check_formats
    from adt_plugins.cli._wrong_input import check_list
    from adt_plugins.errors import AdtError

    check_formats(options.work.outputs.formats)
    options.work.writers.writing(options.work.outputs.formats)  # refuses wrong options
    card = check_options(options.work)
    folder = options.folder
    for source in options.inputs:
        check_list(source)
    root, recordings = find_recordings(options.inputs, without=folder, warn=_warn)
    if not recordings:
        raise AdtError(f"{', '.join(options.inputs)}: no recordings")
    make_folder(folder)
    try:
        lock = Lock(folder / ".adt-batch.lock")
    except OSError as error:
        raise AdtError(f"{folder}: {reason_of(error)}") from error
    begun = written.begin_run(folder)
    try:
        with Manifest(folder / NAME, _warn) as manifest:
            library = Library(
                options.work,
                card,
                root,
                recordings,
                manifest,
                retry=options.retry,
                report=options.report,
            )
            _work(options, library, begun)
            return library.conclude()
    finally:
        lock.release()


def _work(options: BatchOptions, library: Library, begun: float) -> None:
    from contextlib import closing

    from adt_plugins.cli._console import Tally

    if not library.left:
        return
    with (
        closing(_answers(options, library, begun)) as answers,
        Tally(
            library.left, library.bytes_left, quiet=not options.report.talks
        ) as tally,
    ):
        for task, reply in answers:
            line = library.note(task, reply)
            tally.count(Path(line["input"]).name, line, task["bytes"])


def _answers(
    options: BatchOptions, library: Library, begun: float
) -> Generator[tuple[Task, Reply], None, None]:
    from adt_plugins.batch.messages import Done, Greeting, Task

    greeting = Greeting(arguments=list(options.argv), begun=begun)
    if options.dask is not None:
        from adt_plugins.batch.cluster import run_on_cluster

        return run_on_cluster(options.dask, WORKER, greeting, library.tasks())
    from adt_plugins.base.cores import cores
    from adt_plugins.batch.workers import Worker, run_tasks

    count = min(options.processes or cores(), library.left)
    workers = [Worker[Task, Done](WORKER, greeting) for _ in range(count)]
    return run_tasks(workers, library.tasks())


def _warn(text: str) -> None:
    _console.warn(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)
