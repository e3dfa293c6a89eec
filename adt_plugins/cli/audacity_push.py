"""``adt audacity push``: labels into the open project."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _format_options, _options, _values
from adt_plugins.cli._command import an_input, group, set_command

if TYPE_CHECKING:
    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.drums import Drum
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


def add_parser(subparsers: Any) -> None:
    """Add the action to those of ``adt audacity``."""
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
    _options.add_drums(parser, "only these drums")
    parser.add_argument(
        "--offset",
        type=_values.seconds,
        metavar="SECONDS",
        help="where the recording starts in the project",
    )
    _options.add_beats(parser)
    _options.add_model(parser, fine="no")
    _options.add_quiet(parser)
    set_command(parser, PushOptions, run_push)


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
    with an_input(file), instead_of_a_recording(file):
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
    from adt_plugins.labels.tracks import DEFAULT_TEXT

    with an_input(options.file):
        transcription = _transcription(options)
    late = shown_late(pipe, _recording(options.file, transcription))
    start = 0.0 if options.offset else _start(options.file, transcription, pipe)
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
    if start and not options.quiet:
        _console.complain(
            f"its track starts at {start:g} s in Audacity, the labels at 0 s:"
            f" --offset {start:g} puts them there"
        )
    # The labels may be pulled later, except those before 0 s.
    _remember(transcription, options.offset)
    if not options.quiet:
        _console.say(f"new: {', '.join(done.added) or 'nothing'}")
        if done.removed:
            _console.say(f"replaced: {', '.join(done.removed)}")
    return 0


def _leave_for_extension(options: PushOptions) -> int:
    """Leave the label tracks for Audacity 4, which has no pipe."""
    from adt_plugins.audacity.extension import COMMAND, hand_over
    from adt_plugins.errors import AdtError
    from adt_plugins.labels.tracks import DEFAULT_TEXT, moved, tracks_of

    with an_input(options.file):
        transcription = _transcription(options)
    tracks = tracks_of(
        transcription,
        options.labels.label_text or DEFAULT_TEXT,
        options.labels.label_names,
    )
    if not hand_over(moved(tracks, options.offset), Path(options.file).name):
        raise AdtError("the labels cannot be written into Audacity 4's extension")
    _remember(transcription, options.offset)
    if not options.quiet:
        _console.say(f"for Audacity 4: {', '.join(track.name for track in tracks)}")
        _console.say(f"choose {COMMAND} there; nothing was sent to Audacity 3")
    return 0


def _remember(transcription: Transcription, offset: float) -> None:
    from adt_plugins.labels.originals import remember
    from adt_plugins.recording import moved

    shown = moved(transcription, offset)
    remember(shown, moved=shown.source.moved or offset)


def _recording(file: str, transcription: Transcription) -> Path | None:
    """Return the recording that is pushed, or that of a transcription."""
    source = transcription.source.path
    paths = [Path(file), *([] if source is None else [Path(source)])]
    return next((p for p in paths if p.suffix.lower() == ".mp3" and p.exists()), None)


def _start(file: str, transcription: Transcription, pipe: Pipe) -> float:
    """Return where the recording starts in the open project, 0 if it is not known."""
    from adt_plugins.audacity.moved_track import moved_start
    from adt_plugins.audio.mp3_tag import encoder_delay

    source = transcription.source
    if source.duration is None or source.offset:
        return 0.0
    path = _recording(file, transcription)
    delay = None if path is None else encoder_delay(path)
    longer = 0.0 if delay is None else delay.longer_s
    name = Path(source.path or file).stem
    return moved_start(pipe, name, (source.duration, source.duration + longer))


def _transcription(options: PushOptions) -> Transcription:
    """Read a transcription, or transcribe a recording."""
    from adt_plugins import formats
    from adt_plugins.corrections import read_whole

    path = Path(options.file)
    if formats.format_of_file(path) is not None:
        read = read_whole(path, warn=_console.warn).transcription
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
