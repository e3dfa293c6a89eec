"""The key of a part: a staff with every drum in the part, and its name."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from adt_plugins.drums import Drum
from adt_plugins.formats.notation.part import Part
from adt_plugins.formats.notation.staff import PLACES

_NAMES = {Drum.HFT: "Floor tom", Drum.LFT: "Low floor tom"}


def key_text(part: Part) -> str:
    """Return the key as MusicXML: a bar of quarters, from the lowest drum up.

    Ghost notes and accents are explained if there are any.
    """
    names = part.drums() or {Drum.KD: Drum.KD.full_name}
    strokes = [stroke for _, stroke in part.strokes()]
    # A sign with an uncertain meaning has no other.
    signs = [
        (drum, _NAMES.get(drum, name), "")
        for drum, name in names.items()
        if drum.coarse is drum
        or not any(
            PLACES[other] == PLACES[drum] for other in names if other is drum.coarse
        )
    ]
    signs.sort(key=lambda sign: (PLACES[sign[0]].height, sign[0]))
    if any(stroke.is_ghost for stroke in strokes):
        signs.append((Drum.SD, "Ghost note", "ghost"))
    accented = next((drum for drum, stroke in part.strokes() if stroke.is_accent), None)
    if accented is not None:
        signs.append((accented, "Accent", "accent"))
    root = ET.Element("score-partwise", version="4.0")
    entry = ET.SubElement(ET.SubElement(root, "part-list"), "score-part", id="P1")
    ET.SubElement(entry, "part-name")
    measure = ET.SubElement(ET.SubElement(root, "part", id="P1"), "measure", number="0")
    measure.set("implicit", "yes")
    attributes = ET.SubElement(measure, "attributes")
    _add(attributes, "divisions", "1")
    time = ET.SubElement(attributes, "time", {"print-object": "no"})
    _add(time, "beats", str(len(signs)))
    _add(time, "beat-type", "4")
    clef = ET.SubElement(attributes, "clef")
    _add(clef, "sign", "percussion")
    for drum, name, sign in signs:
        _sign(measure, drum, name, sign)
    line = ET.SubElement(measure, "barline", location="right")
    _add(line, "bar-style", "light-light")
    return ET.tostring(root, encoding="unicode")


def _sign(measure: ET.Element, drum: Drum, name: str, sign: str) -> None:
    note = ET.SubElement(measure, "note")
    place = PLACES[drum]
    unpitched = ET.SubElement(note, "unpitched")
    _add(unpitched, "display-step", place.step)
    _add(unpitched, "display-octave", str(place.octave))
    _add(note, "duration", "1")
    _add(note, "voice", "1")
    _add(note, "type", "quarter")
    _add(note, "stem", "none")
    head = _add(note, "notehead", place.head)
    if sign == "ghost":
        head.set("parentheses", "yes")
    if sign == "accent":
        notations = ET.SubElement(note, "notations")
        ET.SubElement(ET.SubElement(notations, "articulations"), "accent")
    lyric = ET.SubElement(note, "lyric", number="1")
    _add(lyric, "text", name)


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, name)
    child.text = text
    return child
