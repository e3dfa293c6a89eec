"""``adt maps``: shows drum-note maps, and exports their names for Reaper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from adt_plugins.cli import _console, _options
from adt_plugins.cli._command import set_command
from adt_plugins.cli._summary import listed

if TYPE_CHECKING:
    from adt_plugins.midi.drum_maps import DrumMap

_WHICH = "a map that 'adt maps list' names, or a file"


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """Options of ``adt maps list``."""

    report: Literal["json"] | None = None


@dataclass(frozen=True, kw_only=True)
class ShowOptions:
    """Options of ``adt maps show``."""

    map: str


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Options of ``adt maps export``."""

    map: str
    output: Path | None = None
    overwrite: bool = False


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "maps",
        examples=[
            ("adt maps list", "all of them, with their sources"),
            ("adt maps show superior", "the notes of one"),
            ("adt maps export ezdrummer", "its names for Reaper"),
        ],
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the maps with their sources")
    _options.add_json_report(listing)
    set_command(listing, ListOptions, run_list)
    showing = actions.add_parser("show", help="print the notes of a map")
    showing.add_argument("map", metavar="NAME|FILE", help=_WHICH)
    set_command(showing, ShowOptions, run_show)
    exporting = actions.add_parser(
        "export", help="write a note-name file for Reaper from a map"
    )
    exporting.add_argument("map", metavar="NAME|FILE", help=_WHICH)
    exporting.add_argument(
        "-o",
        dest="output",
        type=Path,
        metavar="FILE",
        help="default: NAME.txt in this folder; Reaper looks in MIDINoteNames of its"
        " own resource folder",
    )
    exporting.add_argument(
        "--overwrite", action="store_true", help="replace a file that exists"
    )
    set_command(exporting, ExportOptions, run_export)


def run_list(options: ListOptions) -> int:
    """Print each map with its grade and its sources."""
    from adt_plugins.midi.drum_maps import GRADES, list_maps

    maps = list_maps()
    if options.report == "json":
        _console.say_json([_summary(m) for m in maps])
        return 0
    for m in maps:
        trust = f"grade {m.grade}{', community' if m.is_community else ''}"
        _console.say(f"{m.name}: {m.title} ({trust})")
        for source in m.sources:
            _console.say(f"    from {source}")
    for grade in dict.fromkeys(m.grade for m in sorted(maps, key=lambda m: m.grade)):
        _console.say(f"{grade}: {GRADES[grade]}")
    return 0


def run_show(options: ShowOptions) -> int:
    """Print a map: the note of each drum, and the meaning of each note."""
    from adt_plugins.drums import Drum
    from adt_plugins.midi.drum_maps import GRADES, find_map

    shown = find_map(options.map)
    _console.say(f"{shown.title}, grade {shown.grade}: {GRADES[shown.grade]}")
    if shown.remarks:
        _console.say(shown.remarks)
    _console.say("written:")
    for drum in Drum:
        note = shown.note(drum)
        _console.say(f"{drum:>5} {'—' if note is None else note:>3}  {drum.full_name}")
    _console.say("read:")
    for number in sorted(shown.notes):
        meaning = shown.notes[number]
        _console.say(f"{number:>5} {meaning.drum or '—':>3}  {meaning.name}")
    return 0


def run_export(options: ExportOptions) -> int:
    """Write the note-name file."""
    from adt_plugins.base.files import write_files
    from adt_plugins.midi.drum_maps import find_map

    exported = find_map(options.map)
    path = options.output or Path(f"{exported.name}.txt")
    text = exported.reaper_note_names().encode()
    write_files({path: text}, overwrite=options.overwrite)
    for line in listed([(str(path), "note names for Reaper")]):
        _console.say(line)
    return 0


def _summary(shown: DrumMap) -> dict[str, Any]:
    return {
        "name": shown.name,
        "title": shown.title,
        "grade": shown.grade,
        "community": shown.is_community,
        "sources": list(shown.sources),
        "remarks": shown.remarks,
        "drums": {drum.value: note for drum, note in shown.drums.items()},
    }
