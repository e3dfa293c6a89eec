"""``adt audacity push`` and ``pull``: to and from the project that is open."""

from __future__ import annotations

import argparse
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.base.reporting import Warn
    from adt_plugins.corrections import Recalled
    from adt_plugins.labels.originals import Original
    from adt_plugins.transcription import Transcription

_NEEDS = (
    " Audacity 3 must be running with its module mod-script-pipe, which is off"
    " unless it is set to Enabled in Edit > Preferences > Modules. Audacity 4 has no"
    " such module: there, after 'adt audacity install', choose Tools > Drum Labels on"
    " Separate Tracks afterwards."
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
        help="fetch the corrected labels of a song from Audacity",
        description="Write the labels of the project that is open in Audacity as a"
        " transcription, and with --audio its sound as SONG.wav: for that, Audacity 3"
        " must be running with its module mod-script-pipe. Without it, the project of"
        " this song that was saved last is read, wherever Audacity put it.",
        examples=[
            ("adt audacity pull song.flac", "its labels as song.drums.json"),
            ("adt audacity pull song.flac --format midi,pdf", "as MIDI and on paper"),
            ("adt audacity pull song --audio", "and its sound as song.wav"),
        ],
    )
    parser.add_argument(
        "song",
        type=Path,
        metavar="SONG",
        help="the recording, or the name of the files, with their folder",
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
    from adt_plugins.audacity.extension import is_installed
    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.audacity.script_pipe_channel import NoAudacityError

    with ExitStack() as stack:
        try:  # before the work, which would be in vain without it
            pipe = stack.enter_context(Pipe())
        except NoAudacityError:
            if not is_installed():
                raise
            return _leave_for_extension(args)
        return _push(args, pipe)


def _push(args: argparse.Namespace, pipe: Pipe) -> int:
    from adt_plugins.audacity.late_mp3 import shown_late
    from adt_plugins.audacity.push import push
    from adt_plugins.labels.originals import remember
    from adt_plugins.labels.tracks import DEFAULT_TEXT

    transcription = _transcription(args, _warn)
    late = shown_late(pipe, _recording(args.file, transcription))
    done = push(
        pipe,
        transcription,
        args.label_text or DEFAULT_TEXT,
        args.label_names,
        args.offset + late,
    )
    if late and not args.quiet:
        _console.complain(
            f"Audacity shows this MP3 {1000 * late:.0f} ms late; its labels too"
        )
    # For when its labels come back; what lies before 0 s does not.
    remember(transcription.shifted(args.offset), moved=args.offset)
    if not args.quiet:
        _console.say(f"new: {', '.join(done.added) or 'nothing'}")
        if done.removed:
            _console.say(f"replaced: {', '.join(done.removed)}")
    return 0


def _leave_for_extension(args: argparse.Namespace) -> int:
    """Leave the label tracks for Audacity 4, which has no pipe."""
    from adt_plugins.audacity.extension import COMMAND, hand_over
    from adt_plugins.errors import AdtError
    from adt_plugins.labels.originals import remember
    from adt_plugins.labels.tracks import DEFAULT_TEXT, moved, tracks_of

    transcription = _transcription(args, _warn)
    tracks = tracks_of(transcription, args.label_text or DEFAULT_TEXT, args.label_names)
    if not hand_over(moved(tracks, args.offset), Path(args.file).name):
        raise AdtError("the labels cannot be written into Audacity 4's extension")
    remember(transcription.shifted(args.offset), moved=args.offset)
    if not args.quiet:
        _console.say(f"for Audacity 4: {', '.join(track.name for track in tracks)}")
        _console.say(f"choose {COMMAND} there; nothing was sent to Audacity 3")
    return 0


def _recording(file: str, transcription: Transcription) -> Path | None:
    """The recording that is pushed, or that a transcription is of."""
    source = transcription.source.path
    paths = [Path(file), *([] if source is None else [Path(source)])]
    return next((p for p in paths if p.suffix.lower() == ".mp3" and p.exists()), None)


def _transcription(args: argparse.Namespace, warn: Warn) -> Transcription:
    """Read a transcription, or make one of a recording."""
    from adt_plugins import formats
    from adt_plugins.corrections import read_whole

    path = Path(args.file)
    if formats.format_of_file(path) is not None:
        read = read_whole(path, warn=warn).transcription
        return read if args.drums is None else read.only(args.drums)
    from adt_plugins.pipeline import transcribe

    found = transcribe(
        path,
        model=args.model,
        thresholds=dict(args.threshold),
        fine=args.fine,
        song_gate=args.song_gate,
        beats=args.beats is not False,
        bpm=args.bpm,
        meter=args.meter,
        first_downbeat=args.first_downbeat,
        keep_activations=False,
        progress=not args.quiet,
    )
    return found if args.drums is None else found.only(args.drums)


def run_pull(args: argparse.Namespace) -> int:
    """Write what is in the open project, or in the one that was saved last."""
    from adt_plugins import formats
    from adt_plugins.base.files import check_free
    from adt_plugins.cli import _recalled
    from adt_plugins.cli._job_plan import check_formats
    from adt_plugins.corrections import originals_of

    check_formats(args.format)
    folder, stem = args.song.parent, _stem(args.song)
    targets = {name: formats.output_path(stem, folder, name) for name in args.format}
    audio = folder / f"{stem}.wav" if args.audio else None
    wanted = [*targets.values(), *([] if audio is None else [audio])]
    check_free(wanted, overwrite=args.overwrite)
    originals = originals_of(folder, stem)
    written: list[Path] = []
    with ExitStack() as stack:
        pipe = _pipe(stack)
        if pipe is None:
            read = _saved(args, stem, originals)
        else:
            read, written = _pulled(args, pipe, stack, originals)
        transcription = _recalled.complete(args, args.format, read, str(args.song))
    for name, path in targets.items():
        written += formats.write(
            transcription, path, name, overwrite=args.overwrite, warn=_warn
        )
    if not args.quiet:
        _recalled.tell(stem, read)
        for path in written:
            _console.say(str(path))
    return 0


def _pipe(stack: ExitStack) -> Pipe | None:
    """The pipe of a running Audacity, None if there is none."""
    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.audacity.script_pipe_channel import NoAudacityError

    with suppress(NoAudacityError):
        return stack.enter_context(Pipe())
    return None


def _saved(
    args: argparse.Namespace, stem: str, originals: Sequence[Original]
) -> Recalled:
    """Read the project of this song that was saved last."""
    from adt_plugins.audacity.saved_projects import find_saved
    from adt_plugins.audacity.script_pipe_channel import ENABLE
    from adt_plugins.corrections import read_whole
    from adt_plugins.errors import AdtError

    if args.audio:
        raise AdtError(f"--audio: needs the project to be open, and its pipe: {ENABLE}")
    path = next(find_saved(stem, args.song.parent, originals), None)
    if path is None:
        raise AdtError(
            f"there is no saved project of {stem}: save it in Audacity (File > Save"
            f" Project); or, to read what is open, {ENABLE}"
        )
    if not args.quiet:
        _console.complain(f"this project of {stem} was saved last: {path}")
    return read_whole(path, warn=_warn, **_naming(args))


def _pulled(
    args: argparse.Namespace,
    pipe: Pipe,
    stack: ExitStack,
    originals: Sequence[Original],
) -> tuple[Recalled, list[Path]]:
    """Read the open project, and write its sound if that is asked for."""
    from adt_plugins.audacity.late_mp3 import shown_late
    from adt_plugins.audacity.pull import is_rounded, pull_audio, pull_labels
    from adt_plugins.audacity.push import state_folder
    from adt_plugins.audacity.script_pipe_channel import PipeError
    from adt_plugins.corrections import has_recording, recall
    from adt_plugins.labels.corrections import six_digits

    # The sound that is exported is as late as what is shown.
    song = args.song.parent / f"{_stem(args.song)}.mp3"
    late = 0.0 if args.audio else shown_late(pipe, song)
    if late and not args.quiet:
        _console.complain(
            f"Audacity shows this MP3 {1000 * late:.0f} ms late; its labels are moved"
            " back"
        )
    tracks = pull_labels(pipe, late=late, warn=_warn)
    written = []
    if args.audio:
        target = args.song.parent / f"{_stem(args.song)}.wav"
        written.append(pull_audio(pipe, target, overwrite=args.overwrite))

    def sound() -> tuple[Path, float] | None:
        if written:
            return written[0], 0.0
        if any(map(has_recording, originals)):
            return None
        # A menu command leaves no recording: what is played then is exported.
        import tempfile

        temporary = tempfile.TemporaryDirectory(prefix="pull-", dir=state_folder())
        folder = Path(stack.enter_context(temporary))
        try:
            return pull_audio(pipe, folder / "sound.wav"), 0.0
        except PipeError:
            return None

    read = recall(
        tracks,
        near=originals,
        sound=sound,
        slack=six_digits,
        warn=_warn,
        **_naming(args),
    )
    if read.corrections is None and is_rounded(tracks):
        _warn("times are rounded to six digits; those of a saved project are exact")
    return read, written


def _naming(args: argparse.Namespace) -> dict[str, Any]:
    return {} if args.label_names is None else {"names": args.label_names}


def _stem(song: Path) -> str:
    """Name of the song's files: of a recording, or as it is given."""
    from adt_plugins import formats

    return formats.song_stem(song) if song.is_file() else song.name


def _warn(message: str) -> None:
    _console.complain(f"warning: {message}")
