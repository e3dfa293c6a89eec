"""Notes, chords, grace notes and rests of MusicXML."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

from adt_plugins.drums import Drum
from adt_plugins.formats.musicxml.elements import add
from adt_plugins.formats.notation.bars import Stroke
from adt_plugins.formats.notation.spelling import HANDS, Note
from adt_plugins.formats.notation.staff import PLACES

DIVISIONS = 48  # of a quarter note, so that every step of every grid is an integer
_FORTE = 90  # velocity of 100 % in MusicXML's dynamics
_HANDS_RESTS = ("D", 5)  # otherwise programs place them by the notes around


def ticks_of(quarters: Fraction) -> int:
    """Return a length in divisions."""
    ticks = quarters * DIVISIONS
    return ticks.numerator // ticks.denominator


def add_chord(
    measure: ET.Element, note: Note, voice: int, *, is_shown: bool = True
) -> None:
    """Add the notes of a chord, from the lowest up, or a rest."""
    drums = sorted(note.drums, key=lambda item: PLACES[item[0]].height)
    for graces in range(max((stroke.graces for _, stroke in drums), default=0), 0, -1):
        graced = [item for item in drums if item[1].graces >= graces]
        most = max(stroke.graces for _, stroke in drums)
        for n, (drum, stroke) in enumerate(graced):
            _grace(measure, drum, stroke, graces, of=most, chord=n > 0)
    for n, item in enumerate(drums or [None]):
        add_note(measure, note, item, voice, chord=n > 0)
    if not is_shown:
        measure[-1].set("print-object", "no")


def _grace(
    measure: ET.Element,
    drum: Drum,
    stroke: Stroke,
    left: int,
    *,
    of: int,
    chord: bool,
) -> None:
    """Add a grace note: slashed in a flam, beamed in a drag.

    `left` counts down from `of`, the number of grace notes before the stroke.
    """
    element = ET.SubElement(measure, "note", dynamics=_dynamics(stroke, 0.6))
    grace = ET.SubElement(element, "grace")
    if of == 1:
        grace.set("slash", "yes")
    if chord:
        ET.SubElement(element, "chord")
    _unpitched(element, drum)
    ET.SubElement(element, "instrument", id=f"P1-{drum}")
    add(element, "voice", HANDS)
    add(element, "type", "eighth" if of == 1 else "16th")
    add(element, "stem", "up")
    add(element, "notehead", PLACES[drum].head)
    if of > 1 and not chord:
        for level in (1, 2):
            kind = "begin" if left == of else "end"
            add(element, "beam", kind).set("number", str(level))


def add_note(
    measure: ET.Element,
    note: Note,
    item: tuple[Drum, Stroke] | None,
    voice: int,
    *,
    chord: bool = False,
) -> None:
    """Add a note or rest, with its elements in the order of the schema."""
    element = ET.SubElement(measure, "note")
    if chord:
        ET.SubElement(element, "chord")
    if item is None:
        _rest(ET.SubElement(element, "rest"), note, voice)
    else:
        element.set("dynamics", _dynamics(item[1]))
        _unpitched(element, item[0])
    add(element, "duration", ticks_of(note.length))
    if item is not None:
        ET.SubElement(element, "instrument", id=f"P1-{item[0]}")
    add(element, "voice", voice)
    if note.is_bar:
        return
    add(element, "type", note.value)
    for _ in range(note.dots):
        ET.SubElement(element, "dot")
    if note.tuplet:
        ratio = ET.SubElement(element, "time-modification")
        add(ratio, "actual-notes", note.tuplet[0])
        add(ratio, "normal-notes", note.tuplet[1])
    if item is not None:
        add(element, "stem", "up" if voice == HANDS else "down")
        head = add(element, "notehead", PLACES[item[0]].head)
        if item[1].is_ghost:
            head.set("parentheses", "yes")
    if not chord:
        for level, beam in enumerate(note.beams, 1):
            add(element, "beam", beam).set("number", str(level))
    _notations(element, note.edge if not chord else "", item)


def _rest(rest: ET.Element, note: Note, voice: int) -> None:
    if note.is_bar:
        rest.set("measure", "yes")
    elif voice == HANDS:
        add(rest, "display-step", _HANDS_RESTS[0])
        add(rest, "display-octave", _HANDS_RESTS[1])


def _notations(
    element: ET.Element, edge: str, item: tuple[Drum, Stroke] | None
) -> None:
    is_accent = item is not None and item[1].is_accent
    if not (edge or is_accent):
        return
    notations = ET.SubElement(element, "notations")
    if edge:
        ET.SubElement(notations, "tuplet", type=edge, bracket="yes")
    if is_accent:
        ET.SubElement(ET.SubElement(notations, "articulations"), "accent")


def _unpitched(element: ET.Element, drum: Drum) -> None:
    unpitched = ET.SubElement(element, "unpitched")
    add(unpitched, "display-step", PLACES[drum].step)
    add(unpitched, "display-octave", PLACES[drum].octave)


def _dynamics(stroke: Stroke, softer: float = 1.0) -> str:
    return f"{100 * softer * stroke.onset.velocity / _FORTE:.2f}"
