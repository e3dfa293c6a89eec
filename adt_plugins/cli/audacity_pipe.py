"""``adt audacity push`` and ``pull``: labels to and from the open project."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _format_options, _options, _values
from adt_plugins.cli._command import group, set_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.base.reporting import Warn
    from adt_plugins.corrections import Recalled
    from adt_plugins.drums import Drum
    from adt_plugins.labels.originals import Original
    from adt_plugins.transcription import Transcription

_NEEDS = (
    " Audacity 3 must be running with its module mod-script-pipe, which is off"
    " unless it is set to Enabled in Edit > Preferences > Modules. Audacity 4 has no"
    " such module: there, after 'adt audacity install', choose Tools > Drum Labels on"
    " Separate Tracks afterwards."
)


@dataclass(frozen=True, kw_only=True)
class PushOptions:
    """Options of ``adt audacity push``."""

    file: str
    labels: _format_options.LabelOptions = field(
        metadata=group(_format_options.LabelOptions)
    )
    drums: tuple[Drum, ...] | None = None
    offset: float = 0.0
    beats: _options.BeatOptions = field(metadata=group(_options.BeatOptions))
    model: _options.ModelOptions = field(metadata=group(_options.ModelOptions))
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class PullOptions:
    """Options of ``adt audacity pull``."""

    song: Path
    formats: tuple[str, ...] = ("json",)
    labels: _format_options.LabelOptions = field(
        metadata=group(_format_options.LabelOptions)
    )
    audio: bool = False
    overwrite: bool = False
    quiet: bool = False


def add_parser(subparsers: Any) -> None:
    """Add both actions to those of ``adt audacity``."""
    _add_push(subparsers)
    _add_pull(subparsers)


def _add_push(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "push",
        help="put label tracks into the project that is open in Audacity",
        description="Put a label track for each drum into the project that is open in"
        " Audacity. Tracks of an earlier push, whose names end in ' (adt)', are"
        " replaced; no other track is touched." + _NEEDS,
        examples=[
            ("adt audacity push song.flac", "transcribe it, and show its hits"),
            ("adt audacity push song.drums.json", "show a transcription"),
            ("adt audacity push song.flac --offset 8", "where it starts at 8 s"),
        ],
    )
    parser.add_argument("file", metavar="FILE", help="recording or transcription")
    _format_options.add_labels(parser)
    parser.add_argument(
        "--drums", type=_values.drums, metavar="KD,SD", help="only these drums"
    )
    parser.add_argument(
        "--offset",
        type=_values.seconds,
        metavar="SECONDS",
        help="where the recording starts in the project",
    )
    _options.add_beats(parser)
    _options.add_model(parser)
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only warnings and errors"
    )
    set_command(parser, PushOptions, run_push)


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
        dest="formats",
        type=_values.names,
        metavar="A,B",
        help="formats to write (default: json)",
    )
    _format_options.add_labels(parser)
    parser.add_argument("--audio", action="store_true", help="write SONG.wav too")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace files that exist"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only warnings and errors"
    )
    set_command(parser, PullOptions, run_pull)


def run_push(options: PushOptions) -> int:
    """Put label tracks into the open project."""
    from adt_plugins.audacity.extension import is_installed
    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.audacity.script_pipe_channel import NoAudacityError

    _check_input(options.file)
    with ExitStack() as stack:
        try:  # before transcribing, which would be in vain without it
            pipe = stack.enter_context(Pipe())
        except NoAudacityError:
            if not is_installed():
                raise
            return _leave_for_extension(options)
        return _push(options, pipe)


def _check_input(file: str) -> None:
    """Raise `AdtError` for what cannot be read, before Audacity is looked for."""
    from adt_plugins.audio import open_audio
    from adt_plugins.cli._wrong_input import instead_of_a_recording
    from adt_plugins.errors import AdtError
    from adt_plugins.formats import format_of_file

    path = Path(file)
    with instead_of_a_recording(file):
        if not path.exists():
            raise AdtError(f"{file}: no such file")
        if path.is_dir():
            raise AdtError(f"{file}: is a folder")
        # A pipe can be read only once.
        if path.is_file() and format_of_file(path) is None:
            with open_audio(path):
                pass


def _push(options: PushOptions, pipe: Pipe) -> int:
    from adt_plugins.audacity.late_mp3 import shown_late
    from adt_plugins.audacity.push import push
    from adt_plugins.labels.originals import remember
    from adt_plugins.labels.tracks import DEFAULT_TEXT

    transcription = _transcription(options, _warn)
    late = shown_late(pipe, _recording(options.file, transcription))
    done = push(
        pipe,
        transcription,
        options.labels.label_text or DEFAULT_TEXT,
        options.labels.label_names,
        options.offset + late,
    )
    if late and not options.quiet:
        _console.complain(
            f"Audacity shows this MP3 {1000 * late:.0f} ms late; its labels too"
        )
    # The labels may be pulled later, except those before 0 s.
    remember(transcription.shifted(options.offset), moved=options.offset)
    if not options.quiet:
        _console.say(f"new: {', '.join(done.added) or 'nothing'}")
        if done.removed:
            _console.say(f"replaced: {', '.join(done.removed)}")
    return 0


def _leave_for_extension(options: PushOptions) -> int:
    """Leave the label tracks for Audacity 4, which has no pipe."""
    from adt_plugins.audacity.extension import COMMAND, hand_over
    from adt_plugins.errors import AdtError
    from adt_plugins.labels.originals import remember
    from adt_plugins.labels.tracks import DEFAULT_TEXT, moved, tracks_of

    transcription = _transcription(options, _warn)
    tracks = tracks_of(
        transcription,
        options.labels.label_text or DEFAULT_TEXT,
        options.labels.label_names,
    )
    if not hand_over(moved(tracks, options.offset), Path(options.file).name):
        raise AdtError("the labels cannot be written into Audacity 4's extension")
    remember(transcription.shifted(options.offset), moved=options.offset)
    if not options.quiet:
        _console.say(f"for Audacity 4: {', '.join(track.name for track in tracks)}")
        _console.say(f"choose {COMMAND} there; nothing was sent to Audacity 3")
    return 0


def _recording(file: str, transcription: Transcription) -> Path | None:
    """Return the recording that is pushed, or that of a transcription."""
    source = transcription.source.path
    paths = [Path(file), *([] if source is None else [Path(source)])]
    return next((p for p in paths if p.suffix.lower() == ".mp3" and p.exists()), None)


def _transcription(options: PushOptions, warn: Warn) -> Transcription:
    """Read a transcription, or transcribe a recording."""
    from adt_plugins import formats
    from adt_plugins.corrections import read_whole

    path = Path(options.file)
    if formats.format_of_file(path) is not None:
        read = read_whole(path, warn=warn).transcription
        return read if options.drums is None else read.only(options.drums)
    from adt_plugins.pipeline import transcribe

    model, beats = options.model, options.beats
    transcription = transcribe(
        path,
        model=model.model,
        thresholds=dict(model.thresholds),
        fine=bool(model.fine),
        song_gate=model.song_gate,
        beats=beats.beats is not False,
        bpm=beats.bpm,
        meter=beats.meter,
        first_downbeat=beats.first_downbeat,
        keep_activations=False,
        progress=not options.quiet,
    )
    return transcription if options.drums is None else transcription.only(options.drums)


def run_pull(options: PullOptions) -> int:
    """Write the labels of the open project, or of the one that was saved last."""
    from adt_plugins import formats
    from adt_plugins.base.files import check_free
    from adt_plugins.base.protected import protect
    from adt_plugins.cli import _recalled
    from adt_plugins.cli._job_plan import check_formats
    from adt_plugins.corrections.search import originals_of
    from adt_plugins.errors import AdtError

    check_formats(options.formats)
    if options.song.is_dir():
        raise AdtError(f"{options.song}: is a folder; name the song in it")
    folder, stem = options.song.parent, _stem(options.song)
    targets = {
        name: formats.output_path(stem, folder, name) for name in options.formats
    }
    audio = folder / f"{stem}.wav" if options.audio else None
    outputs = [*targets.values(), *([] if audio is None else [audio])]
    originals = originals_of(folder, stem)
    protect(*(original.transcription.source.path for original in originals))
    check_free(outputs, overwrite=options.overwrite)
    written: list[Path] = []
    with ExitStack() as stack:
        pipe = _pipe(stack)
        if pipe is None:
            read = _saved(options, stem, originals)
        else:
            read, written = _pulled(options, pipe, stack, originals)
        transcription = _recalled.complete(
            read, str(options.song), options.formats, quiet=options.quiet
        )
    for name, path in targets.items():
        written += formats.write(
            transcription, path, name, overwrite=options.overwrite, warn=_warn
        )
    if not options.quiet:
        _recalled.report_corrections(stem, read)
        for path in written:
            _console.say(str(path))
    return 0


def _pipe(stack: ExitStack) -> Pipe | None:
    """Open the pipe of a running Audacity; None if none is running."""
    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.audacity.script_pipe_channel import NoAudacityError

    with suppress(NoAudacityError):
        return stack.enter_context(Pipe())
    return None


def _saved(options: PullOptions, stem: str, originals: Sequence[Original]) -> Recalled:
    """Read the project of this song that was saved last."""
    from adt_plugins.audacity.saved_projects import find_saved
    from adt_plugins.audacity.script_pipe_channel import ENABLE
    from adt_plugins.corrections import read_whole
    from adt_plugins.errors import AdtError

    if options.audio:
        raise AdtError(f"--audio: needs the project to be open, and its pipe: {ENABLE}")
    path = next(find_saved(stem, options.song.parent, originals), None)
    if path is None:
        raise AdtError(
            f"there is no saved project of {stem}: save it in Audacity (File > Save"
            f" Project); or, to read what is open, {ENABLE}"
        )
    if not options.quiet:
        _console.complain(f"this project of {stem} was saved last: {path}")
    return read_whole(path, warn=_warn, **options.labels.reading())


def _pulled(
    options: PullOptions,
    pipe: Pipe,
    stack: ExitStack,
    originals: Sequence[Original],
) -> tuple[Recalled, list[Path]]:
    """Read the open project, and write its sound if that is asked for."""
    from adt_plugins.audacity.late_mp3 import shown_late
    from adt_plugins.audacity.pull import is_rounded, pull_audio, pull_labels
    from adt_plugins.corrections import has_recording, recall
    from adt_plugins.labels.corrections import six_digits

    # The sound that is exported is as late as what is shown.
    song = options.song.parent / f"{_stem(options.song)}.mp3"
    late = 0.0 if options.audio else shown_late(pipe, song)
    if late and not options.quiet:
        _console.complain(
            f"Audacity shows this MP3 {1000 * late:.0f} ms late; its labels are moved"
            " back"
        )
    tracks = pull_labels(pipe, late=late, warn=_warn)
    written = []
    if options.audio:
        target = options.song.parent / f"{_stem(options.song)}.wav"
        written.append(pull_audio(pipe, target, overwrite=options.overwrite))

    def sound() -> tuple[Path, float] | None:
        if written:
            return written[0], 0.0
        if any(map(has_recording, originals)):
            return None
        # A menu command leaves no recording, so the mix is exported.
        mix = _pull_mix(pipe, stack)
        return None if mix is None else (mix, 0.0)

    read = recall(
        tracks,
        near=originals,
        sound=sound,
        slack=six_digits,
        warn=_warn,
        **options.labels.reading(),
    )
    if read.corrections is None and is_rounded(tracks):
        _warn("times have only six digits; those of a saved project are exact")
    return read, written


def _pull_mix(pipe: Pipe, stack: ExitStack) -> Path | None:
    """Export the project's sound to a file that lasts as long as the stack does."""
    import tempfile

    from adt_plugins.audacity.pull import pull_audio
    from adt_plugins.audacity.push import state_folder
    from adt_plugins.audacity.script_pipe_channel import PipeError

    temporary = tempfile.TemporaryDirectory(prefix="pull-", dir=state_folder())
    folder = Path(stack.enter_context(temporary))
    with suppress(PipeError):
        return pull_audio(pipe, folder / "sound.wav")
    return None


def _stem(song: Path) -> str:
    """Return the stem of the song's files; `song` is its recording, or the stem."""
    from adt_plugins import formats

    return formats.song_stem(song) if song.is_file() else song.name


def _warn(message: str) -> None:
    _console.complain(f"warning: {message}")
