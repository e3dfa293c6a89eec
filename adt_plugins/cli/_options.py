"""Options that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.base.protected import protect
from adt_plugins.base.reporting import did_you_mean
from adt_plugins.drums import Drum, as_drum

if TYPE_CHECKING:
    from adt_plugins.labels.names import LabelNames
    from adt_plugins.midi.drum_maps import DrumMap

_FILE_ENDINGS = {".npz", ".wav", ".flac", ".mp3", ".m4a", ".ogg", ".aup3", ".mid"}
"""Of names that are no folder's, besides those that formats write."""

GATE_MODES = ("off", "normal", "strict")
"""As in `adt_plugins.picking.song_gate`, which takes NumPy to import."""

BWF = "bwf"
"""For ``--offset``: where the recording lies by its own account."""


def add_inputs(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the positional inputs."""
    parser.add_argument("inputs", nargs="+", metavar="FILE", help=what)


def add_outputs(
    parser: argparse.ArgumentParser, default: str | None, *, into_folder: bool = False
) -> None:
    """Add what is written, where, and what becomes of files that exist."""
    group = parser.add_argument_group("what is written")
    group.add_argument(
        "--format",
        type=_names,
        default=None if default is None else _names(default),
        required=default is None,
        metavar="A,B",
        help="formats to write" + (f" (default: {default})" if default else ""),
    )
    group.add_argument(
        "--list-formats",
        action=_ListFormats,
        nargs=0,
        help="list the formats and exit",
    )
    group.add_argument(
        "-o",
        dest="folder",
        type=_folder,
        required=into_folder,
        metavar="DIR",
        help="write into this folder"
        + ("" if into_folder else " instead of beside each file"),
    )
    existing = group.add_mutually_exclusive_group()
    existing.add_argument(
        "--overwrite",
        action="store_true",
        help="replace files that exist, and not only those that nobody has changed"
        " since they were written",
    )
    existing.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave out inputs whose outputs all exist",
    )
    group.add_argument(
        "--drums",
        "--only",
        dest="drums",
        type=drums,
        metavar="DRUM,DRUM",
        help="write only these drums, e.g. --only kick for its microphone: names"
        " (snare), codes (SD) or MIDI notes (38)",
    )
    group.add_argument(
        "--offset",
        type=_offset,
        default=0.0,
        metavar="SECONDS|bwf",
        help="add this to all written times, but where the recording is written too"
        " (aup, click, html); bwf: its time reference (Broadcast Wave)",
    )


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add what labels say, in formats that have some."""
    group = parser.add_argument_group("labels")
    group.add_argument(
        "--label-text",
        type=_label_text,
        metavar="TEXT",
        help="what labels say: name, name+velocity, note, code, code+velocity or short"
        " (default: short on tracks named by drum, else code)",
    )
    group.add_argument(
        "--label-names",
        type=_label_names,
        metavar="FILE",
        help="names of drums in labels, a line each: Bombo = KD"
        " (default: label-names.txt in the folder that has 'models' in it)",
    )


def add_part(parser: argparse.ArgumentParser) -> None:
    """Add the part of the recording that is read."""
    group = parser.add_argument_group("what is read")
    for name in ("start", "end"):
        group.add_argument(
            f"--{name}",
            type=_time,
            metavar="TIME",
            help=f"{name} of the part to read, in seconds or as m:ss",
        )


def add_track(parser: argparse.ArgumentParser) -> None:
    """Add the choice among several audio tracks."""
    parser.add_argument(
        "--audio-track",
        type=_track,
        metavar="N",
        help="which audio track of a film, from 1 (default: the one players choose)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the model and its thresholds."""
    group = parser.add_argument_group("what counts as a hit")
    group.add_argument(
        "--model", metavar="NAME", help="model to use; see 'adt models list'"
    )
    group.add_argument(
        "--threshold",
        type=_threshold,
        action="append",
        default=[],
        metavar="DRUM=X",
        help="how sure a hit of this drum must be, 0 to 1, e.g. snare=0.4; may be"
        " repeated",
    )
    group.add_argument(
        "--song-gate",
        choices=GATE_MODES,
        default="normal",
        help="what to do about drums that the recording seems not to have: report no"
        " doubtful hits of them (normal), nor where that is unsure (strict), or report"
        " all (off)",
    )
    group.add_argument(
        "--no-song-gate",
        dest="song_gate",
        action="store_const",
        const="off",
        help=argparse.SUPPRESS,
    )
    group.add_argument(
        "--fine",
        action="store_true",
        help="tell kinds of a drum, as open and closed hi-hats, where that is sure",
    )
    group.add_argument(
        "--adapt",
        type=Path,
        metavar="FILE",
        help="what 'adt adapt' learnt of this kit",
    )


def add_beats(
    parser: argparse.ArgumentParser,
    about: str = "whether to find beats and bars too (default: they are found)",
) -> None:
    """Add what is known of the beats."""
    group = parser.add_argument_group("beats and bars")
    group.add_argument(
        "--beats",
        action=argparse.BooleanOptionalAction,
        help=about,
    )
    group.add_argument(
        "--bpm",
        type=_bpm,
        metavar="BPM",
        help="about the tempo, in counted beats a minute (dotted quarters in 6/8)",
    )
    group.add_argument(
        "--meter",
        type=_meter,
        metavar="N/M",
        help="time signature, e.g. 6/8 (default: 3/4 or 4/4, whichever fits)",
    )
    group.add_argument(
        "--first-downbeat",
        type=_time,
        metavar="TIME",
        help="where a bar begins, in seconds or as m:ss",
    )


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add the forms of output."""
    parser.add_argument(
        "--report", choices=["json"], help="print a report for programs on stdout"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only what went wrong"
    )


class _ListFormats(argparse.Action):
    """Prints the formats; they are looked up only then, to start fast."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from adt_plugins.cli import _console
        from adt_plugins.formats import FORMATS

        width = max(map(len, FORMATS))
        for name, form in FORMATS.items():
            ways = {"read": form.read, "written": form.write}
            can = " and ".join(way for way, function in ways.items() if function)
            can += f"; needs {', '.join(form.needs)}" if form.needs else ""
            _console.say(f"{name:{width}}  song{form.suffix:12}  {form.description}")
            _console.say(f"{'':{width}}  ({can})")
        parser.exit()


def _folder(text: str) -> Path:
    """Folder for the outputs; not the name of one of them."""
    folder = Path(text)
    from adt_plugins.formats import FORMATS

    endings = {Path(f"song{form.suffix}").suffix for form in FORMATS.values()}
    if folder.suffix.lower() in endings | _FILE_ENDINGS and not folder.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text!r} is to be a folder, in which files are named after the song:"
            " -o FOLDER"
        )
    return folder


def _names(text: str) -> tuple[str, ...]:
    """Names of formats, which `check_formats` looks at."""
    names = tuple(dict.fromkeys(name.strip().casefold() for name in text.split(",")))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of names")
    return names


def drum(text: str) -> Drum:
    """Drum of a code, a name or a MIDI note."""
    try:
        return as_drum(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def drums(text: str) -> tuple[Drum, ...]:
    return tuple(drum(name) for name in text.split(","))


def drum_map(name: str) -> DrumMap:
    """Read a drum-note map, shipped or a user's own."""
    from adt_plugins.errors import AdtError
    from adt_plugins.midi.drum_maps import find_map

    protect(name)
    try:
        return find_map(name)
    except AdtError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def one_of(what: str, name: str, known: Iterable[str]) -> str:
    """The one of some names that is meant; case does not count.

    Raises
    ------
    ArgumentTypeError
        If it is not one; with what comes close, or with all that there are.
    """
    names = list(known)
    alike = [other for other in names if other.casefold() == name.strip().casefold()]
    if alike:
        return alike[0]
    hint = did_you_mean(name, names) or f"; there are {', '.join(names)}"
    raise argparse.ArgumentTypeError(f"no {what} {name!r}{hint}")


def _label_text(text: str) -> str:
    from adt_plugins.labels.names import LABEL_TEXTS

    return one_of("label text", text, LABEL_TEXTS)


def _label_names(path: str) -> LabelNames:
    from adt_plugins.errors import AdtError
    from adt_plugins.labels.names import read_label_names

    protect(path)
    try:
        return read_label_names(path)
    except AdtError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _offset(text: str) -> float | str:
    if text == BWF:
        return text
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not abs(seconds) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither seconds nor {BWF}")
    return seconds


def _threshold(text: str) -> tuple[Drum, float]:
    code, sign, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not sign or not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not DRUM=X with X from 0 to 1")
    return drum(code), number


def _bpm(text: str) -> float:
    from adt_plugins.meter import check_bpm

    try:
        return check_bpm(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no tempo between 20 and 400 BPM"
        ) from None


def _meter(text: str) -> str:
    from adt_plugins.meter import Meter

    try:
        Meter.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _track(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _time(text: str) -> float:
    """Seconds from ``90``, ``1:30`` or ``0:01:30``."""
    try:
        seconds = 0.0
        for part in text.split(":"):
            seconds = 60 * seconds + float(part)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: 90 or 1:30")
    return seconds
