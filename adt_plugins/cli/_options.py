"""Options that several commands share."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from adt_plugins.cli import _values

if TYPE_CHECKING:
    from adt_plugins.drums import Drum
    from adt_plugins.formats import Format
    from adt_plugins.picking.song_gate import Mode
    from adt_plugins.rhythm.known_beats import KnownBeats

STDIN = "-"
"""Standard input, where a recording is named."""

NPZ = "npz"
"""Activations: written and protected like a format, though they are not one."""

DEFAULT_FORMATS = "labels,midi"
"""What ``adt transcribe`` and ``adt batch`` write."""

GATE_MODES = ("off", "normal", "strict")
"""As in `adt_plugins.picking.song_gate`, which takes NumPy to import."""


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Where files are written, what happens to existing ones, and which drums."""

    folder: Path | None = None
    overwrite: bool = False
    skip_existing: bool = False
    drums: tuple[Drum, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class OutputOptions(PlaceOptions):
    """What is written, where, and what happens to existing files."""

    formats: tuple[str, ...]
    offset: float | _values.Bwf = 0.0
    save_activations: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that is written per input: formats, and perhaps activations."""
        return (*self.formats, NPZ) if self.save_activations else self.formats


@dataclass(frozen=True, kw_only=True)
class PartOptions:
    """Part of a recording to read; times in seconds."""

    start: float = 0.0
    end: float | None = None
    audio_track: int | None = None


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The model, and what counts as a hit."""

    model: str | None = None
    thresholds: tuple[tuple[Drum, float], ...] = ()
    song_gate: Mode = "normal"
    fine: bool | None = None
    adapt: Path | None = None

    @property
    def given(self) -> list[str]:
        """Options that differ from their defaults, as they are spelled."""
        values = {
            "--model": self.model is not None,
            "--threshold": bool(self.thresholds),
            "--song-gate": self.song_gate != "normal",
            "--fine" if self.fine else "--no-fine": self.fine is not None,
            "--adapt": self.adapt is not None,
        }
        return [name for name, is_given in values.items() if is_given]


@dataclass(frozen=True, kw_only=True)
class BeatOptions:
    """Whether to find beats, and their known properties."""

    beats: bool | None = None
    bpm: float | None = None
    meter: str | None = None
    first_downbeat: float | None = None

    @property
    def known(self) -> KnownBeats:
        """Known properties of the beats."""
        from adt_plugins.rhythm.known_beats import KnownBeats

        return KnownBeats(self.bpm, self.meter, self.first_downbeat)

    @property
    def given(self) -> list[str]:
        """Given options about beats, as they are spelled."""
        values = {
            "--bpm": self.bpm,
            "--meter": self.meter,
            "--first-downbeat": self.first_downbeat,
        }
        return [name for name, value in values.items() if value is not None]


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What is printed."""

    report: Literal["json"] | None = None
    quiet: bool = False

    @property
    def talks(self) -> bool:
        """Whether results are printed for people."""
        return not self.quiet and self.report is None


def add_inputs(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the positional inputs."""
    parser.add_argument("inputs", nargs="+", metavar="FILE", help=what)


def add_outputs(
    parser: argparse.ArgumentParser, default: str | None, *, into_folder: bool = False
) -> None:
    """Add options for what is written, where, and what happens to existing files."""
    group = parser.add_argument_group("what is written")
    group.add_argument(
        "--format",
        dest="formats",
        type=_values.names,
        default=argparse.SUPPRESS if default is None else _values.names(default),
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
    add_places(group, into_folder=into_folder)
    group.add_argument(
        "--offset",
        type=_values.offset,
        metavar="SECONDS|bwf",
        help="add this to all written times, except in formats with the recording"
        " (aup, click, html, games); bwf: its time reference (Broadcast Wave)",
    )


def add_places(
    group: argparse._ArgumentGroup,
    *,
    into_folder: bool = False,
    only: str = "write only these drums, e.g. --only kick for its microphone",
) -> None:
    """Add options for the output folder, existing files, and the choice of drums."""
    group.add_argument(
        "-o",
        dest="folder",
        type=_values.folder,
        required=into_folder,
        metavar="DIR",
        help="write into this folder"
        + ("" if into_folder else " instead of beside each file"),
    )
    existing = group.add_mutually_exclusive_group()
    existing.add_argument(
        "--overwrite",
        action="store_true",
        help="replace existing files, even if they have been changed since they were"
        " written",
    )
    existing.add_argument(
        "--skip-existing",
        action="store_true",
        help="skip inputs whose outputs all exist",
    )
    add_drums(group, only)


def add_part(parser: argparse.ArgumentParser) -> None:
    """Add options for the part of the recording that is read."""
    group = parser.add_argument_group("what is read")
    for name in ("start", "end"):
        group.add_argument(
            f"--{name}",
            type=_values.time,
            metavar="TIME",
            help=f"{name} of the part to read, in seconds or as m:ss",
        )


def add_track(parser: argparse.ArgumentParser) -> None:
    """Add the choice among several audio tracks."""
    parser.add_argument(
        "--audio-track",
        type=_values.positive,
        metavar="N",
        help="which audio track of a video, from 1 (default: the one players choose)",
    )


def add_model(
    parser: argparse.ArgumentParser,
    fine: str = "if a part on paper is written, or if --drums names such a kind",
) -> None:
    """Add the model and its thresholds.

    Parameters
    ----------
    parser
        Parser of the command.
    fine
        When kinds of drums are distinguished by default, for the help.
    """
    group = parser.add_argument_group("what counts as a hit")
    group.add_argument(
        "--model", metavar="NAME", help="model to use; see 'adt models list'"
    )
    add_threshold(group)
    group.add_argument(
        "--song-gate",
        choices=GATE_MODES,
        help="how to treat drums that the recording does not seem to have: leave out"
        " their doubtful hits (normal), also if it may have them (strict), or report"
        " all hits (off)",
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
        action=argparse.BooleanOptionalAction,
        help="distinguish kinds of a drum, such as open and closed hi-hats, where they"
        f" are clear (default: {fine})",
    )
    group.add_argument(
        "--adapt",
        type=Path,
        metavar="FILE",
        help="file in which 'adt adapt' has stored this kit",
    )


def add_beats(
    parser: argparse.ArgumentParser,
    about: str = "find beats and bars too, and hits by them (default: yes)",
) -> None:
    """Add options for known properties of the beats."""
    group = parser.add_argument_group("beats and bars")
    group.add_argument(
        "--beats",
        action=argparse.BooleanOptionalAction,
        help=about,
    )
    group.add_argument(
        "--bpm",
        type=_values.bpm,
        metavar="BPM",
        help="approximate tempo: dotted quarters a minute in 6/8, 9/8 and 12/8, halves "
        "in 2/2, otherwise quarters, in 7/8 too",
    )
    group.add_argument(
        "--meter",
        type=_values.meter,
        metavar="N/M",
        help="time signature, e.g. 6/8 (default: 3/4 or 4/4, whichever fits)",
    )
    group.add_argument(
        "--first-downbeat",
        type=_values.time,
        metavar="TIME",
        help="where a bar begins, in seconds or as m:ss",
    )


def add_json_report(parser: argparse.ArgumentParser) -> None:
    """Add the option for a report that programs can read."""
    parser.add_argument(
        "--report", choices=["json"], help="print a report for programs on stdout"
    )


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add options for what is printed."""
    add_json_report(parser)
    add_quiet(parser)


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add the option for silence."""
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print only warnings and errors"
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add the seed of what is random in training."""
    parser.add_argument("--seed", type=int, help="seed of what is random (default: 0)")


class _ListFormats(argparse.Action):
    """Prints the formats, which are imported only then, to start fast."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from adt_plugins.cli import _console
        from adt_plugins.formats import FORMATS

        width = max(map(len, FORMATS))
        files = {name: _file_of(form) for name, form in FORMATS.items()}
        longest = max(map(len, files.values()))
        for name, form in FORMATS.items():
            ways = {"read": form.read, "written": form.write}
            can = " and ".join(way for way, function in ways.items() if function)
            can += f"; needs {', '.join(form.needs)}" if form.needs else ""
            file = f"{files[name]:{longest}}"
            _console.say(f"{name:{width}}  {file}  {form.description}")
            _console.say(f"{'':{width}}  ({can})")
        parser.exit()


def _file_of(form: Format) -> str:
    """Return the name of a format's file, or of the first of a set."""
    path = Path(f"song{form.suffix}")
    names = (
        [path.name] if form.outputs is None else [p.name for p in form.outputs(path)]
    )
    is_set = form.outputs is not None and path.name not in names
    is_folder = is_set and Path(names[0]).suffix != path.suffix
    return f"{names[0]} …" if is_set and not is_folder else path.name


def add_drums(parser: argparse._ActionsContainer, only: str) -> None:
    """Add the choice of drums; `only` begins the help."""
    parser.add_argument(
        "--drums",
        "--only",
        dest="drums",
        type=_values.drums,
        metavar="DRUM,DRUM",
        help=f"{only}: names (snare), codes (SD) or MIDI notes (38)",
    )


def add_threshold(parser: argparse._ActionsContainer) -> None:
    """Add the thresholds of drums."""
    parser.add_argument(
        "--threshold",
        dest="thresholds",
        type=_values.threshold,
        action="append",
        metavar="DRUM=X",
        help="how sure the network must be of a hit of this drum, 0 to 1, e.g."
        " snare=0.4; may be repeated",
    )
