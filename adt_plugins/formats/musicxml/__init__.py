"""MusicXML: the drum part as notation, for MuseScore and every other editor.

Hands are voice 1 with stems up, feet voice 2 with stems down.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from adt_plugins.drums import Drum
from adt_plugins.formats.format import Write
from adt_plugins.formats.musicxml.elements import add
from adt_plugins.formats.musicxml.measures import Measures
from adt_plugins.formats.notation.part import Part
from adt_plugins.formats.notation.staff import PLACES
from adt_plugins.formats.part_files import part_writer
from adt_plugins.formats.song_names import SongNames

VERSION = "4.0"
_DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_STAFF_MM, _TENTHS = 5.0, 40  # its height: four busy bars fit in a line
_PAGE_MM, _MARGIN_MM = (210.0, 297.0), 15.0
_TITLE_LETTERS, _TITLE_POINTS = 48, 22.0  # what fits between the margins


def _content(part: Part, names: SongNames) -> bytes:
    return score_text(part, names).encode()


def score_text(part: Part, names: SongNames, *, on_page: bool = False) -> str:
    """Return a score as MusicXML.

    Parameters
    ----------
    part
        The part.
    names
        Title and artist.
    on_page
        Whether the score is for printing only: bars like the one before become simile
        marks, which few programs can play, and lines are not labelled "Drums".
    """
    drums = part.drums() or {Drum.KD: Drum.KD.full_name}
    root = ET.Element("score-partwise", version=VERSION)
    add(ET.SubElement(root, "work"), "work-title", names.title)
    identification = ET.SubElement(root, "identification")
    if names.artist:
        add(identification, "creator", names.artist).set("type", "artist")
    encoding = ET.SubElement(identification, "encoding")
    add(encoding, "software", "adt-plugins")
    for element in ("accidental", "beam", "stem"):
        ET.SubElement(encoding, "supports", element=element, type="yes")
    ET.SubElement(
        encoding,
        "supports",
        {"attribute": "new-system", "element": "print", "type": "yes", "value": "yes"},
    )
    if not on_page:
        _defaults(ET.SubElement(root, "defaults"))
        if len(names.title) > _TITLE_LETTERS:
            _small_title(root, names.title)
    _part_list(root, drums, "" if on_page else "Drums")
    Measures(part, similes=on_page).write(ET.SubElement(root, "part", id="P1"))
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def _defaults(defaults: ET.Element) -> None:
    """Add sizes: programs' own staff is too large for the lines as we break them."""
    scaling = ET.SubElement(defaults, "scaling")
    add(scaling, "millimeters", _STAFF_MM)
    add(scaling, "tenths", _TENTHS)
    layout = ET.SubElement(defaults, "page-layout")
    tenths = _TENTHS / _STAFF_MM
    add(layout, "page-height", _PAGE_MM[1] * tenths)
    add(layout, "page-width", _PAGE_MM[0] * tenths)
    margins = ET.SubElement(layout, "page-margins", type="both")
    for side in ("left", "right", "top", "bottom"):
        add(margins, f"{side}-margin", _MARGIN_MM * tenths)


def _small_title(root: ET.Element, title: str) -> None:
    """Add a title in a size that fits the page: MuseScore cuts its own at the edges."""
    credit = ET.SubElement(root, "credit", page="1")
    add(credit, "credit-type", "title")
    width, height = (size * _TENTHS / _STAFF_MM for size in _PAGE_MM)
    words = add(credit, "credit-words", title)
    words.set("default-x", f"{width / 2:g}")
    words.set("default-y", f"{height - _MARGIN_MM * _TENTHS / _STAFF_MM:g}")
    words.set("justify", "center")
    words.set("valign", "top")
    words.set("font-size", f"{_TITLE_POINTS * _TITLE_LETTERS / len(title):.1f}")


def _part_list(root: ET.Element, drums: dict[Drum, str], name: str) -> None:
    part = ET.SubElement(ET.SubElement(root, "part-list"), "score-part", id="P1")
    add(part, "part-name", name)
    if name:
        add(part, "part-abbreviation", "Dr.")
    for drum, full_name in drums.items():
        entry = ET.SubElement(part, "score-instrument", id=f"P1-{drum}")
        add(entry, "instrument-name", full_name)
        add(entry, "instrument-sound", PLACES[drum].sound)
    for drum in drums:
        entry = ET.SubElement(part, "midi-instrument", id=f"P1-{drum}")
        add(entry, "midi-channel", 10)
        add(entry, "midi-unpitched", drum.note + 1)  # MusicXML counts from 1


write: Write = part_writer(_content)
