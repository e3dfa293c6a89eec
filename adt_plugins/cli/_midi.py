"""Options of MIDI files, and what they make of the writer's."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _options

if TYPE_CHECKING:
    from adt_plugins.drums import Drum
    from adt_plugins.formats.dynamics import VelocityCurve

_OFF = "off"
_Grid = tuple["Drum | None", str | None]


def add_midi(parser: argparse.ArgumentParser) -> None:
    """Add how MIDI files are written."""
    group = parser.add_argument_group("MIDI files")
    group.add_argument(
        "--drum-map",
        type=_options.drum_map,
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
        help="move hits to a grid: 1/8, 1/16 …, triplets as 1/8t; DRUM=off leaves a"
        " drum as it was played; may be repeated",
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
    group.add_argument(
        "--velocity",
        type=_velocity,
        metavar="fixed:N|curve:IN=OUT,…",
        help="velocities of notes: all the same, or as measured along a curve, e.g."
        " curve:1=40,127=110",
    )


def add_midi_inputs(parser: argparse.ArgumentParser) -> None:
    """Add what is known of MIDI files that are read."""
    group = parser.add_argument_group("MIDI files that are read")
    group.add_argument(
        "--from-drum-map",
        type=_options.drum_map,
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


def reader_options(args: argparse.Namespace) -> dict[str, Any]:
    """Options of the reader."""
    return {
        "drum_map": args.from_drum_map,
        "assumed_map": args.drum_map,
        "channel": args.midi_channel,
        "track": args.midi_track,
    }


def midi_options(args: argparse.Namespace) -> dict[str, Any]:
    """Options of the writer; raises `AdtError` for those that contradict each other."""
    from adt_plugins.errors import AdtError
    from adt_plugins.midi.quantize import LEAST_SWING, Quantize

    options: dict[str, Any] = {
        "drum_map": args.drum_map,
        "midi_type": args.midi_type,
        "tracks": args.midi_tracks,
        "tempo": args.tempo,
        "velocity": args.velocity,
        "shift": None if args.shift_ms is None else args.shift_ms / 1000,
    }
    if args.midi_type == 0 and args.midi_tracks == "per-drum":
        raise AdtError("--midi-tracks: a file of --midi-type 0 has one track")
    if args.quantize:
        grids = dict(args.quantize)
        try:
            options["quantize"] = Quantize(
                grids.pop(None, None),
                grids,
                1.0 if args.strength is None else args.strength,
                LEAST_SWING if args.swing is None else args.swing,
            )
        except ValueError as error:
            raise AdtError(f"--quantize: {error}") from error
    elif args.strength is not None or args.swing is not None:
        raise AdtError("--strength and --swing say how to --quantize: to which grid?")
    return {key: value for key, value in options.items() if value is not None}


def _grid(text: str) -> _Grid:
    from adt_plugins.midi.quantize import grid_ticks

    code, sign, name = text.rpartition("=")
    drum = _options.drum(code) if sign else None
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
        raise argparse.ArgumentTypeError(f"{text!r} is no number of milliseconds")
    return number


def _velocity(text: str) -> VelocityCurve:
    from adt_plugins.formats.dynamics import velocity_curve

    try:
        return velocity_curve(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
