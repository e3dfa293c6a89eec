"""Command-line options of formats.

A format declares which it takes (`Format.options`, `Format.reader_options`); here they
are parsed and passed on under the names that writers and readers use.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from adt_plugins.cli import _values
from adt_plugins.cli._command import group

if TYPE_CHECKING:
    from adt_plugins.drums import Drum
    from adt_plugins.formats.dynamics import VelocityCurve
    from adt_plugins.labels.names import LabelNames
    from adt_plugins.midi.drum_maps import DrumMap
    from adt_plugins.midi.quantize import Quantize

_OFF = "off"

_SPELLED = {
    "text": "--label-text",
    "names": "--label-names",
    "drum_map": "--drum-map",
    "midi_type": "--midi-type",
    "tracks": "--midi-tracks",
    "tempo": "--tempo",
    "quantize": "--quantize",
    "shift": "--shift-ms",
    "velocity": "--velocity",
    "swing_notation": "--swing-notation",
    "drumless": "--drumless",
}
"""Options of writers, and how they are spelled on the command line."""

_Grid = tuple["Drum | None", str | None]


@dataclass(frozen=True, kw_only=True)
class LabelOptions:
    """Texts of labels."""

    label_text: str | None = None
    label_names: LabelNames | None = None

    def writing(self) -> dict[str, Any]:
        """Return the options of writers."""
        return _given({"text": self.label_text, **self.reading()})

    def reading(self) -> dict[str, Any]:
        """Return the options of readers."""
        return _given({"names": self.label_names})


@dataclass(frozen=True, kw_only=True)
class MidiOptions:
    """How MIDI files are written."""

    drum_map: DrumMap | None = None
    midi_type: Literal[0, 1] | None = None
    midi_tracks: Literal["one", "per-drum"] | None = None
    tempo: Literal["auto", "constant", "follow"] | None = None
    quantize: tuple[_Grid, ...] = ()
    strength: float | None = None
    swing: float | None = None
    shift_ms: float | None = None
    velocity: VelocityCurve | None = None

    def writing(self) -> dict[str, Any]:
        """Return the options of writers; raises `AdtError` if two contradict."""
        from adt_plugins.errors import AdtError

        if self.midi_type == 0 and self.midi_tracks == "per-drum":
            raise AdtError("--midi-tracks: a file of --midi-type 0 has one track")
        return _given(
            {
                "drum_map": self.drum_map,
                "midi_type": self.midi_type,
                "tracks": self.midi_tracks,
                "tempo": self.tempo,
                "velocity": self.velocity,
                "shift": None if self.shift_ms is None else self.shift_ms / 1000,
                "quantize": self._grids(),
            }
        )

    def _grids(self) -> Quantize | None:
        from adt_plugins.errors import AdtError

        if not self.quantize:
            if self.strength is None and self.swing is None:
                return None
            message = "--strength and --swing need a grid: give --quantize as well"
            raise AdtError(message)
        from adt_plugins.midi.quantize import LEAST_SWING, Quantize

        grids = dict(self.quantize)
        try:
            return Quantize(
                grids.pop(None, None),
                {drum: grid for drum, grid in grids.items() if drum is not None},
                1.0 if self.strength is None else self.strength,
                LEAST_SWING if self.swing is None else self.swing,
            )
        except ValueError as error:
            raise AdtError(f"--quantize: {error}") from error


@dataclass(frozen=True, kw_only=True)
class PaperOptions:
    """How parts on paper are written."""

    swing_notation: Literal["eighths", "triplets"] | None = None

    def writing(self) -> dict[str, Any]:
        """Return the options of writers."""
        return _given({"swing_notation": self.swing_notation})


@dataclass(frozen=True, kw_only=True)
class PageOptions:
    """Contents of pages and of folders for games."""

    drumless: bool | None = None

    def writing(self) -> dict[str, Any]:
        """Return the options of writers."""
        return _given({"drumless": self.drumless})


@dataclass(frozen=True, kw_only=True)
class WriterOptions:
    """Options of all formats that are written."""

    labels: LabelOptions = field(default=LabelOptions(), metadata=group(LabelOptions))
    midi: MidiOptions = field(default=MidiOptions(), metadata=group(MidiOptions))
    paper: PaperOptions = field(default=PaperOptions(), metadata=group(PaperOptions))
    page: PageOptions = field(default=PageOptions(), metadata=group(PageOptions))

    def writing(
        self, formats: Iterable[str], read: Collection[str] = ()
    ) -> Mapping[str, Any]:
        """Return the options of writers.

        Parameters
        ----------
        formats
            Formats that are written.
        read
            Options that the command's readers take too.

        Raises
        ------
        AdtError
            If two options contradict each other, or if one has no effect on any of
            the formats.
        """
        options = {
            **self.labels.writing(),
            **self.midi.writing(),
            **self.paper.writing(),
            **self.page.writing(),
        }
        _check_effect([name for name in options if name not in read], tuple(formats))
        return options

    @property
    def need_beats(self) -> list[str]:
        """Options that need beats, as they are spelled."""
        return ["--quantize"] if self.midi.quantize else []


@dataclass(frozen=True, kw_only=True)
class MidiInputOptions:
    """Known properties of MIDI files that are read."""

    from_drum_map: DrumMap | None = None
    midi_track: str | None = None
    midi_channel: int | None = None

    def reading(self) -> dict[str, Any]:
        """Return the options of readers."""
        return _given(
            {
                "drum_map": self.from_drum_map,
                "channel": self.midi_channel,
                "track": self.midi_track,
            }
        )


def _check_effect(options: Iterable[str], formats: Collection[str]) -> None:
    """Raise `AdtError` for an option of writers that none of the formats takes."""
    from adt_plugins.errors import AdtError
    from adt_plugins.formats import FORMATS, find_format

    taken = {option for name in formats for option in find_format(name).options}
    for option in options:
        if option not in taken:
            those = [
                name
                for name, form in FORMATS.items()
                if form.write is not None and option in form.options
            ]
            raise AdtError(
                f"{_SPELLED[option]}: has no effect on {', '.join(formats)}; it is for"
                f" --format {', '.join(those)}"
            )


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def add_writers(parser: argparse.ArgumentParser) -> None:
    """Add the options of all formats that are written."""
    add_labels(parser)
    add_midi(parser)
    add_paper(parser)
    add_page(parser)


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add options for texts of labels, in formats with labels."""
    group = parser.add_argument_group("labels")
    group.add_argument(
        "--label-text",
        type=_values.label_text,
        metavar="TEXT",
        help="what labels say: name, name+velocity, note, code, code+velocity or short"
        " (default: short on tracks named by drum, else code)",
    )
    group.add_argument(
        "--label-names",
        type=_values.label_names,
        metavar="FILE",
        help="file with names of drums in labels, one per line: Bombo = KD"
        " (default: label-names.txt in ~/.local/share/adt-plugins; macOS:"
        " ~/Library/Application Support/adt-plugins; Windows:"
        " %%LOCALAPPDATA%%\\adt-plugins)",
    )


def add_midi(parser: argparse.ArgumentParser) -> None:
    """Add options for how MIDI files are written."""
    group = parser.add_argument_group("MIDI files")
    _add_midi_layout(group)
    _add_timing(group)
    group.add_argument(
        "--velocity",
        type=_velocity,
        metavar="fixed:N|curve:IN=OUT,…",
        help="velocities of notes: all the same, or as measured along a curve, e.g."
        " curve:1=40,127=110",
    )


def _add_midi_layout(group: argparse._ArgumentGroup) -> None:
    """Add options for notes, and for their distribution over tracks."""
    group.add_argument(
        "--drum-map",
        type=_values.drum_map,
        metavar="NAME|FILE",
        help="notes of a sampler or e-kit (see adt maps list)",
    )
    group.add_argument(
        "--midi-type",
        type=int,
        choices=[0, 1],
        metavar="0|1",
        help="1: tempo and notes on tracks of their own (default); 0: all on one",
    )
    group.add_argument(
        "--midi-tracks",
        choices=["one", "per-drum"],
        help="one track for all drums (default), or one for each",
    )


def _add_timing(group: argparse._ArgumentGroup) -> None:
    """Add options for the tempo map, the grid, and moving notes."""
    group.add_argument(
        "--tempo",
        choices=["auto", "constant", "follow"],
        help="how the tempo map follows the beats: one tempo where one fits, else few"
        " (auto, the default), one anyway, or each beat",
    )
    group.add_argument(
        "--quantize",
        type=_grid,
        action="append",
        metavar="[DRUM=]GRID",
        help="move hits to a grid, on paper too: 1/8, 1/16 …, triplets as 1/8t;"
        " DRUM=off leaves a drum as it was played; may be repeated",
    )
    group.add_argument(
        "--strength",
        type=float,
        metavar="X",
        help="how far --quantize moves hits, 0 to 1 (default: 1, onto the grid)",
    )
    group.add_argument(
        "--swing",
        type=float,
        metavar="X",
        help="where every second line of the grid lies, 0.5 (straight, the default)"
        " to 0.75",
    )
    group.add_argument(
        "--shift-ms",
        type=_milliseconds,
        metavar="MS",
        help="move notes, not bars, e.g. -5 for a sampler that sounds 5 ms late",
    )


def add_paper(parser: argparse.ArgumentParser) -> None:
    """Add options for how parts on paper are written."""
    group = parser.add_argument_group("parts on paper (tab, pdf, musicxml, gp5)")
    group.add_argument(
        "--swing-notation",
        choices=["eighths", "triplets"],
        help="how a shuffle is written: as eighths with a swing mark (default), or as"
        " triplets",
    )


def add_page(parser: argparse.ArgumentParser) -> None:
    """Add options for the contents of pages and of folders for games."""
    group = parser.add_argument_group("pages and games (html, chart, paradiddle)")
    group.add_argument(
        "--drumless",
        action="store_const",
        const=True,
        help="put the song without its drums into the page too, so that they can be"
        " turned down, or the drums into a file of their own, so that the game can mute"
        " them (twice the size; a quarter of the song's length of work)",
    )


def add_midi_inputs(parser: argparse.ArgumentParser) -> None:
    """Add options for known properties of MIDI files that are read."""
    group = parser.add_argument_group("MIDI files that are read")
    group.add_argument(
        "--from-drum-map",
        type=_values.drum_map,
        metavar="NAME|FILE",
        help="what their notes mean (default: what they say, or as --drum-map)",
    )
    group.add_argument(
        "--midi-track",
        metavar="NAME|N",
        help="track of the drums, by its name or its number in the file",
    )
    group.add_argument(
        "--midi-channel",
        type=int,
        choices=range(1, 17),
        metavar="1-16",
        help="channel of the drums (default: 10, or tracks named after drums)",
    )


def _grid(text: str) -> _Grid:
    from adt_plugins.midi.quantize import grid_ticks

    code, sign, name = text.rpartition("=")
    drum = _values.drum(code) if sign else None
    if drum is not None and name == _OFF:
        return drum, None
    try:
        grid_ticks(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return drum, name


def _milliseconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of milliseconds")
    return number


def _velocity(text: str) -> VelocityCurve:
    from adt_plugins.formats.dynamics import velocity_curve

    try:
        return velocity_curve(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
