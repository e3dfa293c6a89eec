"""The drums that the package knows: codes, names, families and default notes."""

from __future__ import annotations

from enum import Enum


class Drum(str, Enum):
    """A drum by its usual code; compares and prints as that code.

    The first six (``KD SD HH TT CY OT``) are the coarse drums; every other
    code is a finer kind of one of them.
    """

    KD = "KD"
    SD = "SD"
    HH = "HH"
    TT = "TT"
    CY = "CY"
    OT = "OT"
    CHH = "CHH"
    PHH = "PHH"
    OHH = "OHH"
    HIT = "HIT"
    MHT = "MHT"
    HFT = "HFT"
    LFT = "LFT"
    RDC = "RDC"
    RDB = "RDB"
    CRC = "CRC"
    SPC = "SPC"
    CHC = "CHC"
    SST = "SST"

    def __str__(self) -> str:
        return self.value

    @property
    def coarse(self) -> Drum:
        """The coarse drum that this one belongs to (itself if it is coarse)."""
        return _COARSE.get(self, self)

    @property
    def full_name(self) -> str:
        """Full name for people, e.g. ``"Closed hi-hat"``."""
        return _FULL_NAMES[self]

    @property
    def note(self) -> int:
        """Default MIDI note, 0-127."""
        return _NOTES[self]


_COARSE = {
    **dict.fromkeys((Drum.CHH, Drum.PHH, Drum.OHH), Drum.HH),
    **dict.fromkeys((Drum.HIT, Drum.MHT, Drum.HFT, Drum.LFT), Drum.TT),
    **dict.fromkeys((Drum.RDC, Drum.RDB, Drum.CRC, Drum.SPC, Drum.CHC), Drum.CY),
    Drum.SST: Drum.OT,
}

_FULL_NAMES = {
    Drum.KD: "Kick",
    Drum.SD: "Snare",
    Drum.HH: "Hi-hat",
    Drum.TT: "Tom",
    Drum.CY: "Cymbal",
    Drum.OT: "Other",
    Drum.CHH: "Closed hi-hat",
    Drum.PHH: "Pedal hi-hat",
    Drum.OHH: "Open hi-hat",
    Drum.HIT: "High tom",
    Drum.MHT: "Mid tom",
    Drum.HFT: "High floor tom",
    Drum.LFT: "Low floor tom",
    Drum.RDC: "Ride",
    Drum.RDB: "Ride bell",
    Drum.CRC: "Crash",
    Drum.SPC: "Splash",
    Drum.CHC: "China",
    Drum.SST: "Side stick",
}

# Kick is 36 as real e-kits send it. 50 is never used for a tom: some samplers
# play a muted cymbal there.
_NOTES = {
    Drum.KD: 36,
    Drum.SD: 38,
    Drum.SST: 37,
    Drum.OT: 39,  # hand clap: no drum of the kit, so nothing is mistaken for it
    Drum.HH: 42,
    Drum.CHH: 42,
    Drum.PHH: 44,
    Drum.OHH: 46,
    Drum.HIT: 48,
    Drum.MHT: 47,
    Drum.TT: 47,
    Drum.HFT: 43,
    Drum.LFT: 41,
    Drum.CY: 49,
    Drum.CRC: 49,
    Drum.RDC: 51,
    Drum.RDB: 53,
    Drum.SPC: 55,
    Drum.CHC: 52,
}
