"""Measures of MusicXML: signatures, directions, voices and bar lines."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

from adt_plugins.formats.musicxml.elements import add
from adt_plugins.formats.musicxml.notes import (
    DIVISIONS,
    add_chord,
    add_note,
    ticks_of,
)
from adt_plugins.formats.notation.bars import usual_length
from adt_plugins.formats.notation.divisions import Feel
from adt_plugins.formats.notation.lines import bars_before_lines
from adt_plugins.formats.notation.part import Part
from adt_plugins.formats.notation.sections import repeated, section_names
from adt_plugins.formats.notation.spelling import (
    FEET,
    HANDS,
    bar_rest,
    spell,
    value_of,
)
from adt_plugins.formats.notation.tempi import TempoMark
from adt_plugins.meter import Meter

_SWING_WORDS = {Feel.STRAIGHT: "Straight", Feel.EIGHTHS: "Swing"}
_SWING_WORDS[Feel.SIXTEENTHS] = "Swing 16ths"


class Measures:
    """Writes the measures of a part.

    Parameters
    ----------
    part
        The part.
    similes
        Whether bars like the one before become simile marks.
    """

    def __init__(self, part: Part, *, similes: bool) -> None:
        self._part, self._bars = part, part.bars
        self._signature: tuple[int, int] | None = None
        self._feel = Feel.STRAIGHT
        self._new_lines = bars_before_lines(part)
        self._names = section_names(part.sections)
        same = repeated(part.bars) if similes else [False] * len(part.bars)
        # Lines and sections begin with notes, not with simile marks.
        self._same = [
            like and n not in self._new_lines and n not in self._names
            for n, like in enumerate(same)
        ]

    def write(self, part: ET.Element) -> None:
        """Add all of them to a part's element."""
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
            add(attributes, "divisions", DIVISIONS)
            add(ET.SubElement(attributes, "key"), "fifths", 0)
        if signature != self._signature:
            time = ET.SubElement(attributes, "time")
            add(time, "beats", signature[0])
            add(time, "beat-type", signature[1])
        if n == 0:
            clef = ET.SubElement(attributes, "clef")
            add(clef, "sign", "percussion")
            add(clef, "line", 2)
        if begins or ends:
            style = ET.SubElement(attributes, "measure-style")
            repeat = ET.SubElement(style, "measure-repeat")
            repeat.set("type", "start" if begins else "stop")
            repeat.text = "1" if begins else None
        self._signature = signature

    def _directions(self, measure: ET.Element, n: int) -> None:
        """Add rehearsal marks, the tempo, and swing where it begins or ends."""
        if n in self._names:
            add(_direction(measure)[1], "rehearsal", self._names[n])
        feel = self._bars[n].feel
        changes = feel is not self._feel
        mark = self._part.tempi.get(n)
        if mark is None and not changes:
            return
        direction, kind = _direction(measure)
        sound = ET.Element("sound")
        if changes:
            words = _SWING_WORDS[feel]
            text = add(kind, "words", words if n else f"{words} ")
            if n:
                text.set("halign", "left")  # Verovio would end it at the first note
            self._swing(ET.SubElement(sound, "swing"), n)
            if mark is not None:
                kind = ET.SubElement(direction, "direction-type")
        if mark is not None:
            _add_tempo(mark, self._bars[n].meter, kind, sound)
        direction.append(sound)
        self._feel = feel

    def _swing(self, swing: ET.Element, n: int) -> None:
        feel = self._bars[n].feel
        if feel is Feel.STRAIGHT:
            ET.SubElement(swing, "straight")
            return
        first = round(100 * self._part.swing_of(self._bars[n]))
        add(swing, "first", first)
        add(swing, "second", 100 - first)
        add(swing, "swing-type", "eighth" if feel is Feel.EIGHTHS else "16th")

    def _voices(self, measure: ET.Element, n: int) -> None:
        bar = self._bars[n]
        if self._same[n]:
            add_note(measure, bar_rest(bar), None, HANDS)
            return
        hands = spell(bar, HANDS) or [bar_rest(bar)]
        for note in hands:
            add_chord(measure, note, HANDS)
        feet = spell(bar, FEET)
        if feet:
            add(ET.SubElement(measure, "backup"), "duration", ticks_of(bar.quarters))
        silent = {(note.place, note.length) for note in hands if not note.drums}
        for note in feet:
            # One rest stands for both voices.
            is_said = not note.drums and (note.place, note.length) in silent
            add_chord(measure, note, FEET, is_shown=not is_said)

    def _bar_line(self, measure: ET.Element, n: int) -> None:
        style = None
        if n + 1 == len(self._bars):
            style = "light-heavy"
        elif n + 1 in self._names:
            style = "light-light"
        if style is not None:
            line = ET.SubElement(measure, "barline", location="right")
            add(line, "bar-style", style)


def _direction(measure: ET.Element) -> tuple[ET.Element, ET.Element]:
    """Add a direction above the staff; return it and its kind."""
    direction = ET.SubElement(measure, "direction", placement="above")
    return direction, ET.SubElement(direction, "direction-type")


def _add_tempo(
    mark: TempoMark, meter: Meter, kind: ET.Element, sound: ET.Element
) -> None:
    """Add a tempo mark to a direction, and the tempo to its sound."""
    sound.set("tempo", f"{mark.quarters:.2f}")
    if mark.text is not None:
        # Without words, MuseScore prints the tempo.
        add(kind, "words", mark.text or " ")
        return
    metronome = ET.SubElement(kind, "metronome")
    value, dots = value_of(Fraction(meter.tempo_unit))
    add(metronome, "beat-unit", value)
    for _ in range(dots):
        ET.SubElement(metronome, "beat-unit-dot")
    add(metronome, "per-minute", mark.beats)
