"""Drum-note maps: which MIDI note plays which drum in a sampler, or comes from a kit.

A map is a JSON file; those in this folder state the sources of their numbers and how
far to trust them, and users may write their own::

    {"format": "adt-plugins-drum-map", "version": 1,
     "name": "my-kit", "title": "My kit",
     "drums": {"KD": 36, "SD": 38},
     "notes": {"36": {"name": "Kick", "drum": "KD"}, "40": {"name": "Cowbell"}}}

``drums`` are the notes to write, ``notes`` (optional) the names and meanings of notes
that are read. A drum without a note is written as its coarse drum, a coarse one as its
most common kind.
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
"""How far to trust a map, by grade; anything less reliable than C is not shipped."""

_FOLDER = Path(__file__).resolve().parent
_USUAL = {Drum.HH: Drum.CHH, Drum.TT: Drum.MHT, Drum.CY: Drum.CRC}


@dataclass(frozen=True, slots=True)
class MapNote:
    """Name of a note, and the drum that it means (None: none of ours)."""

    name: str
    drum: Drum | None = None


@dataclass(frozen=True)
class DrumMap:
    """A drum-note map.

    Parameters
    ----------
    name, title
        Name on the command line, and name for people.
    grade
        How far to trust it: a key of `GRADES`.
    sources
        Sources of its numbers.
    drums
        Drum to the note that is written, 0-127.
    notes
        Meaning of notes that are read; includes all notes of `drums`.
    remarks
        Further remarks for the user.
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
        """Whether it rests on reports of users only, not on the maker's documents."""
        return self.grade == "C"

    def note(self, drum: Drum) -> int | None:
        """Return the note to write for a drum; None if the target has none like it."""
        usual = _USUAL.get(drum.coarse, drum)
        for kind in (drum, drum.coarse, usual):
            if kind in self.drums:
                return self.drums[kind]
        return None

    def drum(self, note: int) -> Drum | None:
        """Return the drum that a note means; None if no drum of ours fits."""
        meaning = self.notes.get(note)
        return None if meaning is None else meaning.drum

    def reaper_note_names(self) -> str:
        """Return the note names for Reaper: a number and a name on each line."""
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

    Part of a name suffices if it belongs to a single map, in upper or lower case:
    ``"superior"``.

    Raises
    ------
    AdtError
        If there is none.
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
    matches = _maps_called(text)
    if len(matches) == 1:
        return matches[0]
    hint = did_you_mean(text, sorted(shipped))
    if matches:
        hint = f"; did you mean {' or '.join(m.name for m in matches)}?"
    hint = hint or f"; there are {', '.join(sorted(shipped))}"
    raise AdtError(f"no drum-note map {reprlib.repr(text)}{hint}")


def _maps_called(text: str) -> list[DrumMap]:
    """Return shipped maps with this name or title, or with words that begin with it.

    ``EZDrummer``, ``superior``, ``SD3``, ``Steven Slate Drums`` and ``td-17`` match one
    each.
    """
    wanted = _words(text)
    maps = list_maps() if wanted else []
    same = [
        m
        for m in maps
        if wanted in (_words(m.name), _words(m.title), _words(_initials(m.title)))
    ]
    return same or [
        m
        for m in maps
        if all(
            any(
                part == word if word.isdigit() else part.startswith(word)
                for part in _words(f"{m.name} {m.title}")
            )
            for word in wanted
        )
    ]


def _initials(title: str) -> str:
    """Return what people write for a title: ``sd3`` for Superior Drummer 3."""
    return "".join(w if w.isdigit() else w[0] for w in _words(title))


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+|[0-9]+", text[:200].casefold())


def read_map(path: str | os.PathLike[str]) -> DrumMap:
    """Read a map from a file.

    Raises
    ------
    AdtError
        If it cannot be read.
    FormatError
        If its content is not valid; the message says what is wrong.
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
    """Return the notes of the file, and those of drums that it does not name."""
    notes = {}
    for key, item in table.items():
        if not (key.isascii() and key.isdigit() and len(key) <= 3 and int(key) < 128):
            raise FormatError(f"notes: {reprlib.repr(key)} is not a note from 0 to 127")
        if not isinstance(item, dict):
            raise FormatError(f"note {key} is not an object: {reprlib.repr(item)}")
        code = item.get("drum")
        drum = None if code is None else as_drum(code)
        default = "" if drum is None else drum.full_name
        notes[int(key)] = MapNote(_text(item, "name", default), drum)
    # A note that drums share means the finer one when it is read.
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
