"""Drum-note maps: which MIDI note plays which drum in a sampler or sends it from a kit.

A map is a JSON file; those in this folder say where their numbers are from and
how far to trust them, and a user may write another::

    {"format": "adt-plugins-drum-map", "version": 1,
     "name": "my-kit", "title": "My kit",
     "drums": {"KD": 36, "SD": 38},
     "notes": {"36": {"name": "Kick", "drum": "KD"}, "40": {"name": "Cowbell"}}}

``drums`` is what is written, ``notes`` (optional) what notes are called and mean
when they are read. A drum without a note is written as the coarse drum that it
belongs to, a coarse one as its most usual kind.
"""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adt_plugins.base.checks import whole
from adt_plugins.base.reporting import did_you_mean
from adt_plugins.base.strict_json import parse_json
from adt_plugins.drums import Drum, as_drum
from adt_plugins.errors import AdtError, FormatError

FORMAT = "adt-plugins-drum-map"
VERSION = 1
DEFAULT_MAP = "gm"
GRADES = {
    "A": "the maker's own file or the standard, read directly",
    "B": "a maker's document copied out by others, checked against a second source",
    "B-": "a maker's document copied out by others",
    "C": "community: tables of several users that agree",
    "user": "a user's own file",
}
"""How far to trust a map, by its grade; what is known worse than C is not shipped."""

_FOLDER = Path(__file__).resolve().parent
_USUAL = {Drum.HH: Drum.CHH, Drum.TT: Drum.MHT, Drum.CY: Drum.CRC}


@dataclass(frozen=True, slots=True)
class MapNote:
    """What a note is called, and the drum that it means (None: none of ours)."""

    name: str
    drum: Drum | None = None


@dataclass(frozen=True)
class DrumMap:
    """A drum-note map.

    Parameters
    ----------
    name, title
        For the command line, and for people.
    grade
        How far to trust it, a key of `GRADES`.
    sources
        Where its numbers are from.
    drums
        Note that is written for a drum, 0-127.
    notes
        What notes mean when they are read; holds all notes of `drums`.
    remarks
        What else a user should know.
    """

    name: str
    title: str
    grade: str
    sources: tuple[str, ...]
    drums: Mapping[Drum, int] = field(repr=False)
    notes: Mapping[int, MapNote] = field(repr=False)
    remarks: str = ""

    @property
    def is_community(self) -> bool:
        """Whether only users vouch for it, and no document of the maker."""
        return self.grade == "C"

    def note(self, drum: Drum) -> int | None:
        """Note to write for a drum; None if the target has nothing like it."""
        usual = _USUAL.get(drum.coarse, drum)
        for kind in (drum, drum.coarse, usual):
            if kind in self.drums:
                return self.drums[kind]
        return None

    def drum(self, note: int) -> Drum | None:
        """Return the drum that a note means; None if no drum of ours fits."""
        known = self.notes.get(note)
        return None if known is None else known.drum

    def reaper_note_names(self) -> str:
        """Text of a note-name file for Reaper: a number and a name a line."""
        head = f"# {self.title}, for Reaper: File > Note/CC names > Load\n"
        return head + "".join(
            f"{note} {self.notes[note].name}\n" for note in sorted(self.notes)
        )


def list_maps() -> list[DrumMap]:
    """Return the shipped maps by name, General MIDI first."""
    maps = [read_map(path) for path in sorted(_FOLDER.glob("*.json"))]
    return sorted(maps, key=lambda m: (m.name != DEFAULT_MAP, m.name))


def find_map(name: str | os.PathLike[str]) -> DrumMap:
    """Return a shipped map by its name or title, or a user's by its path.

    A part of a name is enough where it is that of one map alone, and case does not
    count: ``"superior"``.

    Raises
    ------
    AdtError
        If there is neither.
    FormatError
        If the file is not a drum-note map.
    """
    text = os.fspath(name)
    shipped = {path.stem: path for path in _FOLDER.glob("*.json")}
    if text in shipped:
        return read_map(shipped[text])
    path = Path(text)
    if path.exists() or path.suffix.lower() == ".json" or path.name != text:
        return read_map(path)
    found = _maps_called(text)
    if len(found) == 1:
        return found[0]
    hint = did_you_mean(text, sorted(shipped))
    if found:
        hint = f"; did you mean {' or '.join(m.name for m in found)}?"
    hint = hint or f"; there are {', '.join(sorted(shipped))}"
    raise AdtError(f"no drum-note map {reprlib.repr(text)}{hint}")


def _maps_called(text: str) -> list[DrumMap]:
    """Shipped maps whose name or title is this, or else begins its words so.

    ``EZDrummer``, ``superior``, ``Steven Slate Drums`` and ``td-17`` are each one.
    """
    said = _words(text)
    maps = list_maps() if said else []
    same = [m for m in maps if said in (_words(m.name), _words(m.title))]
    return same or [
        m
        for m in maps
        if all(
            any(
                known == word if word.isdigit() else known.startswith(word)
                for known in _words(f"{m.name} {m.title}")
            )
            for word in said
        )
    ]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+|[0-9]+", text[:200].casefold())


def read_map(path: str | os.PathLike[str]) -> DrumMap:
    """Read a map from a file.

    Raises
    ------
    AdtError
        If it cannot be read.
    FormatError
        If something in it is wrong; one line that says what.
    """
    from adt_plugins.base.files import read_text

    path = Path(path)
    try:
        return _map_of(parse_json(read_text(path)), path.stem)
    except (FormatError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: {error}") from error


def _map_of(data: Any, stem: str) -> DrumMap:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FormatError("not a drum-note map of adt-plugins")
    if data.get("version") != VERSION:
        raise FormatError(
            f"version {reprlib.repr(data.get('version'))} of drum-note maps;"
            f" this release reads version {VERSION}"
        )
    name = _text(data, "name", stem)
    grade = _text(data, "grade", "user")
    if grade not in GRADES:
        raise FormatError(f"no grade {reprlib.repr(grade)}; there are {_all(GRADES)}")
    sources = data.get("sources", [])
    if not isinstance(sources, list) or not all(isinstance(s, str) for s in sources):
        raise FormatError("sources are a list of text")
    drums = {
        as_drum(code): whole(f"note of {code}", note, 0, 127)
        for code, note in _table(data, "drums").items()
    }
    if not drums:
        raise FormatError("no drums")
    return DrumMap(
        name,
        _text(data, "title", name),
        grade,
        tuple(sources),
        drums,
        _notes(_table(data, "notes"), drums),
        _text(data, "remarks", ""),
    )


def _notes(table: dict[str, Any], drums: Mapping[Drum, int]) -> dict[int, MapNote]:
    """Notes of the file, and those of drums that it does not name."""
    notes = {}
    for key, item in table.items():
        if not (key.isascii() and key.isdigit() and len(key) <= 3 and int(key) < 128):
            raise FormatError(f"notes: {reprlib.repr(key)} is no note from 0 to 127")
        if not isinstance(item, dict):
            raise FormatError(f"note {key} is not an object: {reprlib.repr(item)}")
        code = item.get("drum")
        drum = None if code is None else as_drum(code)
        default = "" if drum is None else drum.full_name
        notes[int(key)] = MapNote(_text(item, "name", default), drum)
    # Of drums that share a note the finer one is meant when it is read.
    for drum in sorted(drums, key=lambda d: d is d.coarse):
        notes.setdefault(drums[drum], MapNote(drum.full_name, drum))
    return notes


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise FormatError(f"{key} is not an object")
    return table


def _text(data: dict[str, Any], key: str, default: str) -> str:
    value = data.get(key, default)
    if not isinstance(value, str) or not (value.isprintable()):
        raise FormatError(f"{key} is a line of text, not {reprlib.repr(value)}")
    return value


def _all(names: Mapping[str, str]) -> str:
    return ", ".join(names)
