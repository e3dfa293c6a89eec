"""``adt audacity pull``: labels from the open project, or from the last saved one."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console, _format_options, _options, _values
from adt_plugins.cli._command import an_input, group, set_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adt_plugins.audacity.script_pipe import Pipe
    from adt_plugins.corrections import Recalled
    from adt_plugins.labels.originals import Original


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
    """Add the action to those of ``adt audacity``."""
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
    _options.add_quiet(parser)
    set_command(parser, PullOptions, run_pull)


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
            _check_project(options.song, read, written)
        transcription = _recalled.complete(
            read, str(options.song), options.formats, quiet=options.quiet
        )
    for name, path in targets.items():
        written += formats.write(
            transcription, path, name, overwrite=options.overwrite, warn=_console.warn
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
    with an_input(options.song):
        path = next(find_saved(stem, options.song.parent, originals), None)
        if path is None:
            raise AdtError(
                f"there is no saved project of {stem}: save it in Audacity (File >"
                f" Save Project); or, to read what is open, {ENABLE}"
            )
        if not options.quiet:
            _console.complain(f"this project of {stem} was saved last: {path}")
        return read_whole(path, warn=_console.warn, **options.labels.reading())


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
    tracks = pull_labels(pipe, late=late, warn=_console.warn)
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
        warn=_console.warn,
        **options.labels.reading(),
    )
    if read.corrections is None and is_rounded(tracks):
        _console.warn("times have only six digits; those of a saved project are exact")
    return read, written


def _check_project(song: Path, read: Recalled, written: Sequence[Path]) -> None:
    """Refuse the labels of a project that is not the song's, before it loses its own.

    Raises
    ------
    AdtError
        If there are no hits, or labels that were made from another recording.
    """
    from adt_plugins.base.hashing import sha256
    from adt_plugins.errors import AdtError

    with an_input(song):
        if not len(read.transcription):
            but = f"; its sound is in {written[0]}" if written else ""
            raise AdtError(
                "the project that is open in Audacity has no labels of drums: is it"
                f" that of {_stem(song)}?{but}"
            )
        source = read.transcription.source
        if source.path is None or source.sha256 is None or not song.is_file():
            return
        stem = Path(source.path).stem
        is_its = stem.casefold() == _stem(song).casefold()
        if not is_its and source.sha256 != sha256(song):
            raise AdtError(
                f"the labels in the project that is open in Audacity are those of"
                f" {stem}, not of {song}: open the project of {_stem(song)} there, or"
                f" write: adt audacity pull {Path(source.path)}"
            )


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
