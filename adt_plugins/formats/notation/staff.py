"""Knows where drums are drawn on the staff.

Under the percussion clef lines are named as in treble clef. Staff places follow
Weinberg's guidelines (Percussive Notes, 1994), where they have one, else MuseScore's.
"""

from __future__ import annotations

from typing import NamedTuple

from adt_plugins.drums import Drum


class Place(NamedTuple):
    """Where and how a drum is drawn, and its name in MusicXML."""

    step: str
    octave: int
    head: str
    sound: str

    @property
    def height(self) -> int:
        """Steps above the lowest C."""
        return 7 * self.octave + "CDEFGAB".index(self.step)


PLACES = {
    Drum.KD: Place("F", 4, "normal", "drum.bass-drum"),
    Drum.SD: Place("C", 5, "normal", "drum.snare-drum"),
    Drum.SST: Place("C", 5, "x", "drum.snare-drum"),
    Drum.CHH: Place("G", 5, "x", "metal.hi-hat"),
    Drum.OHH: Place("G", 5, "circle-x", "metal.hi-hat"),
    Drum.PHH: Place("D", 4, "x", "metal.hi-hat"),
    Drum.HIT: Place("E", 5, "normal", "drum.tom-tom"),
    Drum.MHT: Place("D", 5, "normal", "drum.tom-tom"),
    Drum.HFT: Place("A", 4, "normal", "drum.tom-tom"),
    Drum.LFT: Place("G", 4, "normal", "drum.tom-tom"),
    Drum.RDC: Place("F", 5, "x", "metal.cymbal.ride"),
    Drum.RDB: Place("F", 5, "diamond", "metal.cymbal.ride"),
    Drum.CRC: Place("A", 5, "x", "metal.cymbal.crash"),
    Drum.SPC: Place("C", 6, "x", "metal.cymbal.splash"),
    Drum.CHC: Place("B", 5, "x", "metal.cymbal.chinese"),
    # Verovio draws no triangles, so that no other drum may have this line.
    Drum.OT: Place("B", 4, "triangle", "drum.group.set"),
}
USUAL = {Drum.HH: Drum.CHH, Drum.TT: Drum.MHT, Drum.CY: Drum.CRC}
"""A coarse drum is drawn as its most usual kind; on paper they are one."""

PLACES |= {coarse: PLACES[usual] for coarse, usual in USUAL.items()}
