"""MusicXML: the drum part as notation, for MuseScore and every other editor.

Hands are voice 1 with stems up, feet voice 2 with stems down.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

from adt_plugins.base.reporting import Warn
from adt_plugins.drums import Drum
from adt_plugins.formats.format import PAPER_OPTIONS, Format
from adt_plugins.formats.notation.bars import Stroke, usual_length
from adt_plugins.formats.notation.divisions import Feel
from adt_plugins.formats.notation.lines import bars_before_lines
from adt_plugins.formats.notation.part import Part
from adt_plugins.formats.notation.sections import repeated, section_names
from adt_plugins.formats.notation.spelling import (
    FEET,
    HANDS,
    Note,
    bar_rest,
    spell,
    value_of,
)
from adt_plugins.formats.notation.staff import PLACES
from adt_plugins.formats.part_files import write_part
from adt_plugins.formats.song_names import SongNames
from adt_plugins.transcription import Transcription

DIVISIONS = 48  # of a quarter note, so that every step of every grid is an integer
VERSION = "4.0"
_DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_FORTE = 90  # velocity of 100 % in MusicXML's dynamics
_STAFF_MM, _TENTHS = 5.0, 40  # its height: four busy bars fit in a line
_PAGE_MM, _MARGIN_MM = (210.0, 297.0), 15.0
_HANDS_RESTS = ("D", 5)  # where programs else put them depends on the notes around
_SWING_WORDS = {Feel.STRAIGHT: "Straight", Feel.EIGHTHS: "Swing"}
_SWING_WORDS[Feel.SIXTEENTHS] = "Swing 16ths"


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    **options: object,
) -> list[Path]:
    """Write a part; see `adt_plugins.formats.notation` for its content."""
    return write_part(
        transcription, path, _content, overwrite=overwrite, warn=warn, **options
    )


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
    _add(ET.SubElement(root, "work"), "work-title", names.title)
    identification = ET.SubElement(root, "identification")
    if names.artist:
        _add(identification, "creator", names.artist).set("type", "artist")
    encoding = ET.SubElement(identification, "encoding")
    _add(encoding, "software", "adt-plugins")
    for element in ("accidental", "beam", "stem"):
        ET.SubElement(encoding, "supports", element=element, type="yes")
    ET.SubElement(
        encoding,
        "supports",
        {"attribute": "new-system", "element": "print", "type": "yes", "value": "yes"},
    )
    if not on_page:
        _defaults(ET.SubElement(root, "defaults"))
    _part_list(root, drums, "" if on_page else "Drums")
    _Writer(part, similes=on_page).write(ET.SubElement(root, "part", id="P1"))
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def _defaults(defaults: ET.Element) -> None:
    """Add sizes: programs' own staff is too large for the lines as we break them."""
    scaling = ET.SubElement(defaults, "scaling")
    _add(scaling, "millimeters", _STAFF_MM)
    _add(scaling, "tenths", _TENTHS)
    layout = ET.SubElement(defaults, "page-layout")
    tenths = _TENTHS / _STAFF_MM
    _add(layout, "page-height", _PAGE_MM[1] * tenths)
    _add(layout, "page-width", _PAGE_MM[0] * tenths)
    margins = ET.SubElement(layout, "page-margins", type="both")
    for side in ("left", "right", "top", "bottom"):
        _add(margins, f"{side}-margin", _MARGIN_MM * tenths)


def _part_list(root: ET.Element, drums: dict[Drum, str], name: str) -> None:
    part = ET.SubElement(ET.SubElement(root, "part-list"), "score-part", id="P1")
    _add(part, "part-name", name)
    if name:
        _add(part, "part-abbreviation", "Dr.")
    for drum, full_name in drums.items():
        entry = ET.SubElement(part, "score-instrument", id=f"P1-{drum}")
        _add(entry, "instrument-name", full_name)
        _add(entry, "instrument-sound", PLACES[drum].sound)
    for drum in drums:
        entry = ET.SubElement(part, "midi-instrument", id=f"P1-{drum}")
        _add(entry, "midi-channel", 10)
        _add(entry, "midi-unpitched", drum.note + 1)  # MusicXML counts from 1


class _Writer:
    """Writes the measures of a part."""

    def __init__(self, part: Part, *, similes: bool) -> None:
        self._part, self._bars = part, part.bars
        self._signature: tuple[int, int] | None = None
        self._feel = Feel.STRAIGHT
        self._new_lines = bars_before_lines(part)
        self._names = section_names(part.sections)
        self._similes = similes
        same = repeated(part.bars) if similes else [False] * len(part.bars)
        # Lines and sections begin with notes, not with simile marks.
        self._same = [
            like and n not in self._new_lines and n not in self._names
            for n, like in enumerate(same)
        ]

    def write(self, part: ET.Element) -> None:
        for n, bar in enumerate(self._bars):
            measure = ET.SubElement(part, "measure", number=str(bar.number))
            if bar.number < 1:
                measure.set("implicit", "yes")
            if n in self._new_lines:
                ET.SubElement(measure, "print").set("new-system", "yes")
            self._attributes(measure, n)
            self._directions(measure, n)
            self._voices(measure, n)
            self._bar_line(measure, n)

    def _attributes(self, measure: ET.Element, n: int) -> None:
        bar = self._bars[n]
        count = usual_length(self._bars) if bar.number < 1 else bar.count
        signature = bar.meter.signature(count)
        begins = self._same[n] and not self._same[n - 1]
        ends = n > 0 and self._same[n - 1] and not self._same[n]
        if signature == self._signature and not begins and not ends:
            return
        attributes = ET.SubElement(measure, "attributes")
        if n == 0:
            _add(attributes, "divisions", DIVISIONS)
            _add(ET.SubElement(attributes, "key"), "fifths", 0)
        if signature != self._signature:
            time = ET.SubElement(attributes, "time")
            _add(time, "beats", signature[0])
            _add(time, "beat-type", signature[1])
        if n == 0:
            clef = ET.SubElement(attributes, "clef")
            _add(clef, "sign", "percussion")
            _add(clef, "line", 2)
        if begins or ends:
            style = ET.SubElement(attributes, "measure-style")
            repeat = ET.SubElement(style, "measure-repeat")
            repeat.set("type", "start" if begins else "stop")
            repeat.text = "1" if begins else None
        self._signature = signature

    def _directions(self, measure: ET.Element, n: int) -> None:
        """Add rehearsal marks, the tempo, and swing where it begins or ends."""
        if n in self._names:
            _add(_direction(measure)[1], "rehearsal", self._names[n])
        feel = self._bars[n].feel
        changes = feel is not self._feel
        if n and not changes:
            return
        direction, kind = _direction(measure)
        sound = ET.Element("sound")
        if changes:
            words = _SWING_WORDS[feel]
            _add(kind, "words", words if n else f"{words} ")
            self._swing(ET.SubElement(sound, "swing"), n)
            if n == 0:
                kind = ET.SubElement(direction, "direction-type")
        if n == 0:
            self._tempo(kind, sound)
        direction.append(sound)
        self._feel = feel

    def _tempo(self, kind: ET.Element, sound: ET.Element) -> None:
        meter, beats = self._bars[0].meter, self._part.bpm
        metronome = ET.SubElement(kind, "metronome")
        value, dots = value_of(Fraction(meter.quarters))
        _add(metronome, "beat-unit", value)
        for _ in range(dots):
            ET.SubElement(metronome, "beat-unit-dot")
        _add(metronome, "per-minute", f"{beats:.0f}")
        sound.set("tempo", f"{beats * meter.quarters:.2f}")

    def _swing(self, swing: ET.Element, n: int) -> None:
        feel = self._bars[n].feel
        if feel is Feel.STRAIGHT:
            ET.SubElement(swing, "straight")
            return
        first = round(100 * self._part.swing_of(self._bars[n]))
        _add(swing, "first", first)
        _add(swing, "second", 100 - first)
        _add(swing, "swing-type", "eighth" if feel is Feel.EIGHTHS else "16th")

    def _voices(self, measure: ET.Element, n: int) -> None:
        bar = self._bars[n]
        if self._same[n]:
            _note(measure, bar_rest(bar), None, HANDS)
            return
        hands = spell(bar, HANDS) or [bar_rest(bar)]
        for note in hands:
            _chord(measure, note, HANDS)
        feet = spell(bar, FEET)
        if feet:
            _add(ET.SubElement(measure, "backup"), "duration", _ticks(bar.quarters))
        silent = {(note.place, note.length) for note in hands if not note.drums}
        for note in feet:
            # One rest says for both voices that nobody plays.
            is_said = not note.drums and (note.place, note.length) in silent
            _chord(measure, note, FEET, is_shown=not is_said)

    def _bar_line(self, measure: ET.Element, n: int) -> None:
        style = None
        if n + 1 == len(self._bars):
            style = "light-heavy"
        elif n + 1 in self._names:
            style = "light-light"
        if style is not None:
            line = ET.SubElement(measure, "barline", location="right")
            _add(line, "bar-style", style)


def _direction(measure: ET.Element) -> tuple[ET.Element, ET.Element]:
    """Add a direction above the staff; return it and its kind."""
    direction = ET.SubElement(measure, "direction", placement="above")
    return direction, ET.SubElement(direction, "direction-type")


def _ticks(quarters: Fraction) -> int:
    ticks = quarters * DIVISIONS
    return ticks.numerator // ticks.denominator


def _chord(
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
        _note(measure, note, item, voice, chord=n > 0)
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
    _add(element, "voice", HANDS)
    _add(element, "type", "eighth" if of == 1 else "16th")
    _add(element, "stem", "up")
    _add(element, "notehead", PLACES[drum].head)
    if of > 1 and not chord:
        for level in (1, 2):
            kind = "begin" if left == of else "end"
            _add(element, "beam", kind).set("number", str(level))


def _note(
    measure: ET.Element,
    note: Note,
    item: tuple[Drum, Stroke] | None,
    voice: int,
    *,
    chord: bool = False,
) -> None:
    """Add a note or rest, whose elements the schema wants in this order."""
    element = ET.SubElement(measure, "note")
    if chord:
        ET.SubElement(element, "chord")
    if item is None:
        _rest(ET.SubElement(element, "rest"), note, voice)
    else:
        element.set("dynamics", _dynamics(item[1]))
        _unpitched(element, item[0])
    _add(element, "duration", _ticks(note.length))
    if item is not None:
        ET.SubElement(element, "instrument", id=f"P1-{item[0]}")
    _add(element, "voice", voice)
    if note.is_bar:
        return
    _add(element, "type", note.value)
    for _ in range(note.dots):
        ET.SubElement(element, "dot")
    if note.tuplet:
        ratio = ET.SubElement(element, "time-modification")
        _add(ratio, "actual-notes", note.tuplet[0])
        _add(ratio, "normal-notes", note.tuplet[1])
    if item is not None:
        _add(element, "stem", "up" if voice == HANDS else "down")
        head = _add(element, "notehead", PLACES[item[0]].head)
        if item[1].is_ghost:
            head.set("parentheses", "yes")
    if not chord:
        for level, beam in enumerate(note.beams, 1):
            _add(element, "beam", beam).set("number", str(level))
    _notations(element, note.edge if not chord else "", item)


def _rest(rest: ET.Element, note: Note, voice: int) -> None:
    if note.is_bar:
        rest.set("measure", "yes")
    elif voice == HANDS:
        _add(rest, "display-step", _HANDS_RESTS[0])
        _add(rest, "display-octave", _HANDS_RESTS[1])


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
    _add(unpitched, "display-step", PLACES[drum].step)
    _add(unpitched, "display-octave", PLACES[drum].octave)


def _dynamics(stroke: Stroke, softer: float = 1.0) -> str:
    return f"{100 * softer * stroke.onset.velocity / _FORTE:.2f}"


def _add(parent: ET.Element, name: str, value: object) -> ET.Element:
    child = ET.SubElement(parent, name)
    if value is not None:
        child.text = str(value)
    return child


MUSICXML = Format(
    id="musicxml",
    description="drum notation for MuseScore and others (MusicXML)",
    suffix=".drums.musicxml",
    write=write,
    needs=("beats",),
    wants=("fine",),
    endings=(".musicxml",),
    options=PAPER_OPTIONS,
)
