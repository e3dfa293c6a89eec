"""MusicXML: the drum part as notation, for MuseScore and every other editor.

Under the percussion clef lines are named as in treble clef. Staff places follow
Weinberg's guidelines (Percussive Notes, 1994), where they have one, else
MuseScore's; hands are voice 1 with stems up, feet voice 2 with stems down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from adt_plugins.annotations import Onset
from adt_plugins.base.files import write_files
from adt_plugins.base.reporting import Warn, name_some
from adt_plugins.drums import Drum
from adt_plugins.formats.dynamics import Dynamics
from adt_plugins.formats.format import Format
from adt_plugins.formats.notation_grid import (
    STRAIGHT,
    TRIPLET,
    Bar,
    GridBeat,
    make_grid,
    met,
    tempo,
    usual_length,
)
from adt_plugins.formats.tab import title_of
from adt_plugins.meter import Meter
from adt_plugins.transcription import Transcription

DIVISIONS = 48  # of a quarter note: every step of every grid is a whole number
_DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
HANDS, FEET = 1, 2


class Place(NamedTuple):
    """Where and how a drum is drawn, and what it is called by MusicXML."""

    step: str
    octave: int
    head: str
    sound: str
    voice: int = HANDS


_PLACES = {
    Drum.KD: Place("F", 4, "normal", "drum.bass-drum", FEET),
    Drum.SD: Place("C", 5, "normal", "drum.snare-drum"),
    Drum.SST: Place("C", 5, "x", "drum.snare-drum"),
    Drum.CHH: Place("G", 5, "x", "metal.hi-hat"),
    Drum.OHH: Place("G", 5, "circle-x", "metal.hi-hat"),
    Drum.PHH: Place("D", 4, "x", "metal.hi-hat", FEET),
    Drum.HIT: Place("E", 5, "normal", "drum.tom-tom"),
    Drum.MHT: Place("D", 5, "normal", "drum.tom-tom"),
    Drum.HFT: Place("A", 4, "normal", "drum.tom-tom"),
    Drum.LFT: Place("G", 4, "normal", "drum.tom-tom"),
    Drum.RDC: Place("F", 5, "x", "metal.cymbal.ride"),
    Drum.RDB: Place("F", 5, "diamond", "metal.cymbal.ride"),
    Drum.CRC: Place("A", 5, "x", "metal.cymbal.crash"),
    Drum.SPC: Place("C", 6, "x", "metal.cymbal.splash"),
    Drum.CHC: Place("B", 5, "x", "metal.cymbal.chinese"),
    Drum.OT: Place("E", 5, "triangle", "drum.group.set"),
}
# A coarse drum is drawn as its most usual kind.
_PLACES |= {
    Drum.HH: _PLACES[Drum.CHH],
    Drum.TT: _PLACES[Drum.MHT],
    Drum.CY: _PLACES[Drum.CRC],
}
_KINDS = ("whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")


@dataclass(frozen=True)
class _Signs:
    """How the steps of a beat are written: signs, and the tuplet's ratio.

    A sign is (steps, type, dots); the longest come first.
    """

    parts: tuple[tuple[int, str, int], ...]
    tuplet: tuple[int, int] | None = None


@cache
def _signs(meter: Meter, steps: int) -> _Signs:
    """Signs of a beat's steps; two in the time of three eighths are eighths."""
    beat = _KINDS.index(_kind(meter))
    if steps % TRIPLET == 0:
        half = (steps // TRIPLET).bit_length()
        tuplet = None if meter.is_compound else (steps, 2 * steps // TRIPLET)
        step = beat + half
    else:
        half = steps.bit_length() - 1
        tuplet = (steps, 3 * steps // STRAIGHT) if meter.is_compound else None
        step = beat + half - meter.is_compound
    parts = []
    for count in range(steps, 0, -1):
        halvings = count.bit_length() - 1
        if count == 1 << halvings:
            parts.append((count, _KINDS[max(step - halvings, 0)], 0))
        elif count == 3 << (halvings - 1):
            parts.append((count, _KINDS[max(step - halvings, 0)], 1))
    return _Signs(tuple(parts), tuplet)


def _kind(meter: Meter) -> str:
    """Type of a counted beat, without its dot."""
    unit = meter.unit.bit_length() - 1
    return _KINDS[unit - 1 if meter.is_compound else unit]


def write(
    transcription: Transcription, path: Path, *, overwrite: bool, warn: Warn
) -> list[Path]:
    """Write one part; hits lie on the nearest sixteenth or triplet of their beat.

    Where the meter is not known and beats with hits inside them are divided by three
    nearly everywhere it is compound (6/8, 12/8), else triplets are drawn as such.
    Ghost notes are in parentheses, and accents marked.
    """
    bars = make_grid(transcription)
    merged = met(bars)
    if merged:
        warn(f"{path}: two hits on one step are one note: {name_some(merged)}")
    drums = list(transcription.counts()) or [Drum.KD]
    root = ET.Element("score-partwise", version="3.1")
    work = ET.SubElement(root, "work")
    _add(work, "work-title", title_of(transcription, path))
    encoding = ET.SubElement(ET.SubElement(root, "identification"), "encoding")
    _add(encoding, "software", "adt-plugins")
    _part_list(root, drums)
    part = ET.SubElement(root, "part", id="P1")
    bpm = transcription.tempo or tempo(bars)
    _Writer(bars, Dynamics(transcription), bpm).write(part)
    ET.indent(root)
    text = _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"
    return write_files({path: text.encode()}, overwrite=overwrite)


def _part_list(root: ET.Element, drums: Sequence[Drum]) -> None:
    part = ET.SubElement(ET.SubElement(root, "part-list"), "score-part", id="P1")
    _add(part, "part-name", "Drums")
    for drum in drums:
        entry = ET.SubElement(part, "score-instrument", id=f"P1-{drum}")
        _add(entry, "instrument-name", drum.full_name)
        _add(entry, "instrument-sound", _PLACES[drum].sound)
    for drum in drums:
        entry = ET.SubElement(part, "midi-instrument", id=f"P1-{drum}")
        _add(entry, "midi-channel", 10)
        _add(entry, "midi-unpitched", drum.note + 1)  # MusicXML counts from 1


class _Note(NamedTuple):
    """Drums that sound at once (none: a rest), and the sign that shows it."""

    drums: tuple[Drum, ...]
    duration: int
    kind: str
    dots: int
    tuplet: tuple[int, int] | None
    ghosts: frozenset[Drum] = frozenset()
    accents: frozenset[Drum] = frozenset()
    edge: str = ""  # "start" or "stop" of a tuplet


class _Writer:
    """Writes the measures of a part."""

    def __init__(self, bars: Sequence[Bar], dynamics: Dynamics, bpm: float) -> None:
        self._bars, self._bpm = bars, bpm
        self._dynamics = dynamics
        self._signature: tuple[int, int] | None = None

    def write(self, part: ET.Element) -> None:
        for bar in self._bars:
            measure = ET.SubElement(part, "measure", number=str(bar.number))
            if bar.number < 1:
                measure.set("implicit", "yes")
            self._attributes(measure, bar)
            if bar is self._bars[0]:
                self._tempo(measure)
            length = len(bar.beats) * _duration(bar.meter)
            self._voice(measure, bar, HANDS)
            if any(_of_voice(drums, FEET) for b in bar.beats for drums in _hits(b)):
                _add(ET.SubElement(measure, "backup"), "duration", length)
                self._voice(measure, bar, FEET)

    def _attributes(self, measure: ET.Element, bar: Bar) -> None:
        is_first = bar is self._bars[0]
        count = usual_length(self._bars) if bar.number < 1 else len(bar.beats)
        signature = bar.meter.signature(count)
        if signature == self._signature:
            return
        attributes = ET.SubElement(measure, "attributes")
        if is_first:
            _add(attributes, "divisions", DIVISIONS)
            _add(ET.SubElement(attributes, "key"), "fifths", 0)
        time = ET.SubElement(attributes, "time")
        _add(time, "beats", signature[0])
        _add(time, "beat-type", signature[1])
        if is_first:
            clef = ET.SubElement(attributes, "clef")
            _add(clef, "sign", "percussion")
            _add(clef, "line", 2)
        self._signature = signature

    def _tempo(self, measure: ET.Element) -> None:
        meter = self._bars[0].meter
        beats = self._bpm
        direction = ET.SubElement(measure, "direction", placement="above")
        metronome = ET.SubElement(
            ET.SubElement(direction, "direction-type"), "metronome"
        )
        _add(metronome, "beat-unit", _kind(meter))
        if meter.is_compound:
            ET.SubElement(metronome, "beat-unit-dot")
        _add(metronome, "per-minute", f"{beats:.0f}")
        quarters = beats * meter.quarters
        ET.SubElement(direction, "sound", tempo=f"{quarters:.2f}")

    def _voice(self, measure: ET.Element, bar: Bar, voice: int) -> None:
        notes = [
            note for beat in bar.beats for note in self._notes(beat, bar.meter, voice)
        ]
        if not any(note.drums for note in notes):
            element = ET.SubElement(measure, "note")
            ET.SubElement(element, "rest", measure="yes")
            _add(element, "duration", len(bar.beats) * _duration(bar.meter))
            _add(element, "voice", voice)
            return
        for note in notes:
            for drum in note.drums or (None,):
                _note(measure, note, drum, voice)

    def _notes(self, beat: GridBeat, meter: Meter, voice: int) -> Iterator[_Note]:
        """Notes and rests of a beat, each as long as one sign can show."""
        signs, length = _signs(meter, beat.steps), _duration(meter)
        hits = {
            step: found
            for step in sorted(beat.hits)
            if (found := _of_voice(beat.hits[step], voice))
        }
        unit = length // beat.steps
        if not set(hits) - {0}:  # nothing inside the beat: one plain sign
            dots = int(meter.is_compound)
            note = _Note(hits.get(0, ()), length, _kind(meter), dots, None)
            yield self._marked(note, beat.hits.get(0, {}))
            return
        notes = []
        starts = sorted({0, *hits})
        for start, end in zip(starts, [*starts[1:], beat.steps], strict=True):
            drums, left = hits.get(start, ()), end - start
            for steps, kind, dots in signs.parts:
                while steps <= left:
                    note = _Note(drums, steps * unit, kind, dots, signs.tuplet)
                    notes.append(self._marked(note, beat.hits.get(start, {})))
                    drums, left = (), left - steps  # what is left is silent
        if signs.tuplet:
            notes[0] = notes[0]._replace(edge="start")
            notes[-1] = notes[-1]._replace(edge="stop")
        yield from notes

    def _marked(self, note: _Note, hits: Mapping[Drum, Sequence[Onset]]) -> _Note:
        """Add which of its drums are ghost notes, and which are accented."""
        first = {drum: hits[drum][0] for drum in note.drums}
        ghosts = (d for d, onset in first.items() if self._dynamics.is_ghost(onset))
        accents = (d for d, onset in first.items() if self._dynamics.is_accent(onset))
        return note._replace(ghosts=frozenset(ghosts), accents=frozenset(accents))


def _duration(meter: Meter) -> int:
    """Length of a counted beat."""
    return round(DIVISIONS * meter.quarters)


def _hits(beat: GridBeat) -> Iterator[tuple[Drum, ...]]:
    return (tuple(drums) for drums in beat.hits.values())


def _of_voice(drums: Collection[Drum], voice: int) -> tuple[Drum, ...]:
    """Drums of a voice from the lowest up, each staff place and head once."""
    places = {drum: _PLACES[drum] for drum in Drum if drum in drums}
    own = {place: drum for drum, place in places.items() if place.voice == voice}
    return tuple(sorted(own.values(), key=lambda drum: _height(_PLACES[drum])))


def _height(place: Place) -> int:
    return 7 * place.octave + "CDEFGAB".index(place.step)


def _note(measure: ET.Element, note: _Note, drum: Drum | None, voice: int) -> None:
    """Add a note, of a chord if it is not its first; the schema fixes the order."""
    element = ET.SubElement(measure, "note")
    is_chord = drum is not None and drum is not note.drums[0]
    if is_chord:
        ET.SubElement(element, "chord")
    if drum is None:
        ET.SubElement(element, "rest")
    else:
        place = _PLACES[drum]
        unpitched = ET.SubElement(element, "unpitched")
        _add(unpitched, "display-step", place.step)
        _add(unpitched, "display-octave", place.octave)
    _add(element, "duration", note.duration)
    if drum is not None:
        ET.SubElement(element, "instrument", id=f"P1-{drum}")
    _add(element, "voice", voice)
    _add(element, "type", note.kind)
    for _ in range(note.dots):
        ET.SubElement(element, "dot")
    if note.tuplet:
        ratio = ET.SubElement(element, "time-modification")
        _add(ratio, "actual-notes", note.tuplet[0])
        _add(ratio, "normal-notes", note.tuplet[1])
    if drum is not None:
        _add(element, "stem", "up" if voice == HANDS else "down")
        head = ET.SubElement(element, "notehead")
        head.text = _PLACES[drum].head
        if drum in note.ghosts:
            head.set("parentheses", "yes")
    edge = "" if is_chord else note.edge
    if edge or drum in note.accents:
        notations = ET.SubElement(element, "notations")
        if edge:
            ET.SubElement(notations, "tuplet", type=edge, bracket="yes")
        if drum in note.accents:
            ET.SubElement(ET.SubElement(notations, "articulations"), "accent")


def _add(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, name).text = str(value)


MUSICXML = Format(
    id="musicxml",
    description="drum notation for MuseScore and others (MusicXML)",
    suffix=".drums.musicxml",
    write=write,
    needs=("beats",),
    endings=(".musicxml",),
)
