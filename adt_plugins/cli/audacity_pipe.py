"""``adt audacity push`` and ``pull``: to and from the project that is open."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _options

if TYPE_CHECKING:
    from adt_plugins.base.reporting import Warn
    from adt_plugins.transcription import Transcription

_NEEDS = (
    " Audacity 3 must be running with its module mod-script-pipe, which is off"
    " unless it is set to Enabled in Edit > Preferences > Modules."
)


def add_parser(subparsers: Any) -> None:
    """Add both actions to those of ``adt audacity``."""
    _add_push(subparsers)
    _add_pull(subparsers)


def _add_push(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "push",
        help="put label tracks into the project that is open in Audacity",
        description="Put one label track a drum into the project that is open in"
        " Audacity. Tracks that an earlier push made, told by ' (adt)' at the end of"
        " their names, are replaced; no other track is touched." + _NEEDS,
        examples=[
            ("adt audacity push song.flac", "transcribe it, and show its hits"),
            ("adt audacity push song.drums.json", "show a transcription"),
            ("adt audacity push song.flac --offset 8", "it starts at 8 s there"),
        ],
    )
    parser.add_argument("file", metavar="FILE", help="recording or transcription")
    _options.add_labels(parser)
    parser.add_argument(
        "--drums", type=_options.drums, metavar="KD,SD", help="only these drums"
    )
    parser.add_argument(
        "--offset",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="where the recording starts in the project",
    )
    _options.add_beats(parser)
    _options.add_model(parser)
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only what went wrong"
    )
    parser.set_defaults(run=run_push)


def _add_pull(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "pull",
        help="fetch labels and audio of the project that is open in Audacity",
        description="Write the labels of the project that is open in Audacity as a"
        " transcription, and with --audio its sound as SONG.wav. Times have six"
        " digits; those of a saved project are exact: 'adt convert song.aup3'."
        + _NEEDS,
        examples=[
            ("adt audacity pull song", "its labels as song.drums.json"),
            ("adt audacity pull song --format midi", "as a MIDI track"),
            ("adt audacity pull song --audio", "and its sound as song.wav"),
        ],
    )
    parser.add_argument(
        "song", type=Path, metavar="SONG", help="name of the files, with their folder"
    )
    parser.add_argument(
        "--format",
        type=lambda text: text.split(","),
        default=["json"],
        metavar="A,B",
        help="formats to write (default: json)",
    )
    _options.add_labels(parser)
    parser.add_argument("--audio", action="store_true", help="write SONG.wav too")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that exist"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only what went wrong"
    )
    parser.set_defaults(run=run_pull)


def run_push(args: argparse.Namespace) -> int:
    """Put label tracks into the open project."""
    from adt_plugins.audacity.push import push
    from adt_plugins.audacity.script_pipe import Pipe

    with Pipe() as pipe:  # before the work, which would be in vain without it
        transcription = _transcription(args, _warn)
        if args.drums is not None:
            transcription = transcription.only(args.drums)
        done = push(
            pipe,
            transcription,
            args.label_text or "name",
            args.label_names,
            args.offset,
        )
    if not args.quiet:
        _console.say(f"new: {', '.join(done.added) or 'nothing'}")
        if done.removed:
            _console.say(f"replaced: {', '.join(done.removed)}")
    return 0


def _transcription(args: argparse.Namespace, warn: Warn) -> Transcription:
    """Read a transcription, or make one of a recording."""
    from adt_plugins import formats

    path = Path(args.file)
    if formats.format_of_file(path) is not None:
        return formats.read(path, warn=warn)
    from adt_plugins.pipeline import transcribe

    return transcribe(
        path,
        model=args.model,
        thresholds=dict(args.threshold),
        fine=args.fine,
        song_gate=not args.no_song_gate,
        beats=args.beats is not False,
        bpm=args.bpm,
        meter=args.meter,
        first_downbeat=args.first_downbeat,
        keep_activations=False,
        progress=not args.quiet,
    )


def run_pull(args: argparse.Namespace) -> int:
    """Write what is in the open project."""
    from adt_plugins import formats
    from adt_plugins.audacity.pull import is_rounded, pull_audio, pull_labels
    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.base.files import check_free
    from adt_plugins.cli._job_plan import check_formats
    from adt_plugins.labels.tracks import transcription_of

    check_formats(args.format)
    folder, stem = args.song.parent, args.song.name
    targets = {name: formats.output_path(stem, folder, name) for name in args.format}
    audio = folder / f"{stem}.wav"
    wanted = [*targets.values(), *([audio] if args.audio else [])]
    check_free(wanted, overwrite=args.overwrite)
    written = []
    with Pipe() as pipe:
        tracks = pull_labels(pipe, warn=_warn)
        if args.audio:
            written.append(pull_audio(pipe, audio, overwrite=args.overwrite))
    if is_rounded(tracks):
        _warn("times are rounded to six digits; those of a saved project are exact")
    transcription = transcription_of(tracks, warn=_warn, names=args.label_names)
    for name, path in targets.items():
        written += formats.write(
            transcription, path, name, overwrite=args.overwrite, warn=_warn
        )
    if not args.quiet:
        for path in written:
            _console.say(str(path))
    return 0


def _warn(message: str) -> None:
    _console.complain(f"warning: {message}")
