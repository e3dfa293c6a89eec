"""The drums: codes, names, families and MIDI notes."""

from __future__ import annotations

import re
from collections.abc import Iterable
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

    # `Enum`'s own is written in Python and takes four times as long.
    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self.value

    @classmethod
    def _missing_(cls, value: object) -> Drum:
        codes = " ".join(drum.value for drum in cls)
        shown = value if len(str(value)) < 40 else f"{str(value)[:40]}…"
        raise ValueError(f"unknown drum {shown!r}; there are {codes}")

    @property
    def coarse(self) -> Drum:
        """The coarse drum that this one belongs to (itself if it is coarse)."""
        return _COARSE.get(self, self)

    @property
    def full_name(self) -> str:
        """Full English name, e.g. ``"Closed hi-hat"``."""
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

# The meaning of notes in other programs' files: General MIDI, then what Roland e-kits
# send on numbers that General MIDI leaves free (22, 26). Where the two differ
# (58: vibraslap, or the rim of tom 3) General MIDI wins. A note that two drums share
# when written is read as the finer one, as General MIDI has it: 42 closed hi-hat,
# 47 mid tom, 49 crash.
_DRUM_OF_NOTE = {
    **dict.fromkeys((35, 36), Drum.KD),
    **dict.fromkeys((38, 40), Drum.SD),
    37: Drum.SST,
    **dict.fromkeys((22, 42), Drum.CHH),
    44: Drum.PHH,
    **dict.fromkeys((26, 46), Drum.OHH),
    **dict.fromkeys((48, 50), Drum.HIT),
    **dict.fromkeys((45, 47), Drum.MHT),
    43: Drum.HFT,
    41: Drum.LFT,
    **dict.fromkeys((49, 57), Drum.CRC),
    **dict.fromkeys((51, 59), Drum.RDC),
    53: Drum.RDB,
    55: Drum.SPC,
    52: Drum.CHC,
    # The hand percussion of General MIDI, from tambourine to open triangle.
    **dict.fromkeys((39, 54, 56, 58, *range(60, 82)), Drum.OT),
}

# Subclasses of MDB Drums that this package does not distinguish: snare with
# brush, drag, flam, ghost note, snares off; tambourine.
_MDB_CODES = {
    **dict.fromkeys(("SDB", "SDD", "SDF", "SDG", "SDNS"), Drum.SD),
    "TMB": Drum.OT,
}

# Common names, in lower case without spaces, hyphens and the like. "hit" is missing
# on purpose: as a label it is an English word rather than the code of a high tom.
_NAMES = {
    Drum.KD: "kick kickdrum bassdrum bd kik",
    Drum.SD: "snare snaredrum sn rimshot flam drag ghost ghostnote ghostsnare",
    Drum.HH: "hihat hihats hat hats highhat",
    Drum.TT: "tom toms tomtom",
    Drum.CY: "cymbal cymbals cym",
    Drum.OT: "other percussion perc tambourine cowbell clap handclap shaker",
    Drum.CHH: "closedhihat hihatclosed closedhat hatclosed closedhh hhclosed hhc",
    Drum.PHH: "pedalhihat hihatpedal pedalhat hatpedal foothihat hihatfoot hhpedal",
    Drum.OHH: "openhihat hihatopen openhat hatopen openhh hhopen hho halfopenhihat "
    "hihathalfopen",
    Drum.HIT: "hightom hitom tomhigh tom1",
    Drum.MHT: "midtom middletom mediumtom tommid tom2",
    Drum.HFT: "highfloortom tom3",
    Drum.LFT: "lowfloortom floortom lowtom tomlow tom4",
    Drum.CRC: "crash crashcymbal crash1 crash2",
    Drum.RDC: "ride ridecymbal ride1 ride2",
    Drum.RDB: "ridebell bell ridecup",
    Drum.SPC: "splash splashcymbal",
    Drum.CHC: "china chinacymbal chinese chinesecymbal",
    Drum.SST: "sidestick crossstick crosstick xstick rim rimclick",
}

_DRUM_OF_CODE = {**{drum.value: drum for drum in Drum}, **_MDB_CODES}
_DRUM_OF_NAME = {
    **{code.lower(): drum for code, drum in _DRUM_OF_CODE.items() if code != "HIT"},
    **{name: drum for drum, names in _NAMES.items() for name in names.split()},
}
_DRUM_OF_WRITTEN_NOTE = {
    str(drum.note): drum for drum in sorted(Drum, key=lambda d: d.coarse is d)
}
# Candidates for a mistyped name, without codes.
_SPELLINGS = list(
    dict.fromkeys(
        [drum.full_name.lower() for drum in Drum]
        + [name for names in _NAMES.values() for name in names.split()]
    )
)
_IGNORED = re.compile(r"[\s\-_./]+")


def drum_of_code(code: str) -> Drum | None:
    """Return the drum of a code, ours or of MDB Drums' subclasses; None if unknown."""
    return _DRUM_OF_CODE.get(code)


def drum_of_note(note: int) -> Drum | None:
    """Return the drum of a MIDI note on channel 10; None if it is not a drum.

    Parameters
    ----------
    note
        0-127: General MIDI, and the hi-hat edges of Roland e-kits.
    """
    return _DRUM_OF_NOTE.get(note)


def drum_of_name(text: str) -> Drum | None:
    """Return the drum that a text names; None if it names none.

    Parameters
    ----------
    text
        A code, a full name, a usual English name in any spelling
        (``"Hi-Hat closed"``, ``"bass drum"``) or a MIDI note (``"38"``).
    """
    text = text.strip()
    if text in _DRUM_OF_CODE:
        return _DRUM_OF_CODE[text]
    if text.isascii() and text.isdigit() and len(text) <= 3:
        return drum_of_note(int(text))
    name = _IGNORED.sub("", text.casefold())
    return _DRUM_OF_NAME.get(name) or _DRUM_OF_NAME.get(name.removesuffix("s"))


def as_drum(value: object) -> Drum:
    """Return the drum that a user names, in a call or on the command line.

    Parameters
    ----------
    value
        A `Drum`, its code in upper or lower case, a name (see `drum_of_name`) or a
        MIDI note as a number or text. A note that two drums share means the coarse
        one, which includes the other: 42 is any hi-hat.

    Raises
    ------
    ValueError
        If it names no drum; the message suggests similar names.

    >>> as_drum("snare"), as_drum("chh"), as_drum(38)
    (<Drum.SD: 'SD'>, <Drum.CHH: 'CHH'>, <Drum.SD: 'SD'>)
    """
    if isinstance(value, Drum):
        return value
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not (is_number or isinstance(value, str)):
        return Drum(value)  # raises an error that lists the codes
    text = str(value).strip()
    if text.upper() in _DRUM_OF_CODE:
        return _DRUM_OF_CODE[text.upper()]
    if text in _DRUM_OF_WRITTEN_NOTE:
        return _DRUM_OF_WRITTEN_NOTE[text]
    return drum_of_name(text) or _refuse(text)


def with_finer_kinds(drums: Iterable[Drum | str]) -> frozenset[Drum]:
    """Return these drums, and the finer kinds of those that are coarse."""
    wanted = {as_drum(drum) for drum in drums}
    return frozenset(drum for drum in Drum if wanted & {drum, drum.coarse})


def _refuse(text: str) -> Drum:
    from difflib import get_close_matches

    start = text.casefold()[:40]
    close = [x for x in _SPELLINGS if len(start) > 2 and x.startswith(start)]
    close = close or get_close_matches(start, _SPELLINGS, cutoff=0.7)
    drums = dict.fromkeys(filter(None, map(drum_of_name, close)))
    names = [drum.full_name.lower() for drum in drums][:2]
    if not names:
        return Drum(text)
    shown = text if len(text) < 40 else f"{text[:40]}…"
    raise ValueError(f"unknown drum {shown!r}; did you mean {' or '.join(names)}?")
