"""The meanings of label texts, and the text of a hit's label.

People write drums in many ways, and Audacity exports labels without the names of their
tracks, so reading is forgiving. A text is, in this order of preference:

1. a name of the user's own, see `LabelNames`;
2. a code (``SD``), a name in any usual spelling (``Hi-Hat closed``, ``bass
   drum``, ``Tom 2``) or a MIDI note (``38``), see `adt_plugins.drums`;
3. one of these followed by a velocity of 1-127: ``snare 90``, ``SD (90)``,
   ``38, 90``, ``Snare: v90``.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from adt_plugins.base import files
from adt_plugins.drums import Drum, as_drum, drum_of_name
from adt_plugins.errors import FormatError

if TYPE_CHECKING:
    from adt_plugins.annotations import Onset

LABEL_TEXTS = ("name", "name+velocity", "note", "code", "code+velocity", "short")
"""Forms of a label: ``Snare``, ``Snare 90``, ``38``, ``SD``, ``SD 90``, ``s``."""

# Without x, o, r and l, which people use for strokes and hands.
_SHORT = {
    Drum.KD: "k",
    Drum.SD: "s",
    Drum.HH: "h",
    Drum.TT: "t",
    Drum.CY: "c",
    Drum.OT: "ot",
    Drum.SST: "ss",
    Drum.CHH: "hc",
    Drum.PHH: "hp",
    Drum.OHH: "ho",
    Drum.HIT: "t1",
    Drum.MHT: "t2",
    Drum.HFT: "t3",
    Drum.LFT: "t4",
    Drum.RDC: "rd",
    Drum.RDB: "rb",
    Drum.CRC: "cr",
    Drum.SPC: "sp",
    Drum.CHC: "ch",
}
_OF_SHORT = {text: drum for drum, text in _SHORT.items()}

FILE_NAME = "label-names.txt"
"""File of a user's own names, in the folder that also contains ``models``."""

NO_DRUM = "-"

_VELOCITY = re.compile(
    r"(.*?)[\s,:;=@(\[-]+(?:v(?:el(?:ocity)?)?[.:=\s]*)?([0-9]{1,3})[)\]]?",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_NAME = 60  # characters; also bounds the work of _VELOCITY

Meaning = tuple[Drum, int | None]


class LabelNames:
    """Names of drums in labels: the user's own and the usual ones.

    Parameters
    ----------
    names
        The user's names and the drums that they mean; labels are written with the first
        one of a drum. None as the drum: such labels are not hits, and cause no warning.
        Case and surrounding spaces do not count.
    """

    def __init__(self, names: Mapping[str, Drum | str | None] | None = None) -> None:
        self._drums: dict[str, Drum | None] = {}
        self._own: dict[Drum, str] = {}
        for name, drum in (names or {}).items():
            meant = None if drum is None else as_drum(drum)
            self._drums[_fold(name)] = meant
            if meant is not None:
                self._own.setdefault(meant, name)

    def name(self, drum: Drum) -> str:
        """Return the name of a drum in labels and of its track."""
        return self._own.get(drum, drum.full_name)

    def drum(self, text: str) -> Drum | None:
        """Return the drum that a text without a velocity names; None without one."""
        key = _fold(text)
        return self._drums[key] if key in self._drums else drum_of_name(text)

    def meaning(self, text: str) -> Meaning | None:
        """Return the drum and the velocity that a text means, None without a velocity.

        >>> LabelNames({"Bombo": "KD"}).meaning("bombo 93")
        (<Drum.KD: 'KD'>, 93)
        """
        drum = self.drum(text)
        if drum is not None:
            return drum, None
        text = text.strip()
        match = _VELOCITY.fullmatch(text) if self._short(text) else None
        if match is None or not 1 <= int(match[2]) <= 127:
            return None
        drum = self.drum(match[1])
        return None if drum is None else (drum, int(match[2]))

    def is_no_drum(self, text: str) -> bool:
        """Return whether the user has declared that a text is not a drum."""
        return self._drums.get(_fold(text), Drum.OT) is None

    def writer(self, text: str) -> Callable[[Onset], str]:
        """Return a function that returns the text of a hit's label.

        Parameters
        ----------
        text
            One of `LABEL_TEXTS`.

        Raises
        ------
        FormatError
            If `text` is not one of them.
        """
        names = {drum: self.name(drum) for drum in Drum}
        notes = {drum: str(drum.note) for drum in Drum}
        writers = {
            "name": lambda onset: names[onset.drum],
            "name+velocity": lambda onset: self._with_velocity(onset, self.name),
            "note": lambda onset: notes[onset.drum],
            "code": lambda onset: onset.drum.value,
            "code+velocity": lambda onset: self._with_velocity(onset, str),
            "short": lambda onset: _SHORT[onset.drum],
        }
        if text not in writers:
            choices = ", ".join(LABEL_TEXTS)
            raise FormatError(f"no label text {text!r}; there are {choices}")
        return writers[text]

    def _with_velocity(self, onset: Onset, name: Callable[[Drum], str]) -> str:
        text = f"{name(onset.drum)} {onset.velocity}"
        # A small number may be part of a name: "Tom 1" is the high tom.
        if self.drum(text) is not None:
            return f"{name(onset.drum)} v{onset.velocity}"
        return text

    def _short(self, text: str) -> bool:
        longest = max(map(len, self._drums), default=0)
        return len(text) <= max(_LONGEST_NAME, longest + len(" velocity 127)"))


def drum_of_short(text: str) -> Drum | None:
    """Return the drum of a short text such as ``s``; None for any other text.

    Only the lower-case form counts: sections of a song are often called A, B and C.
    """
    return _OF_SHORT.get(text)


def read_label_names(path: str | os.PathLike[str]) -> LabelNames:
    """Read a file of names.

    A line is ``name = drum``: Bombo = KD, or Caja = snare. ``-`` as the drum declares
    that the name is not a drum. Blank lines and lines that start with ``#`` are
    skipped.

    Raises
    ------
    AdtError
        If the file cannot be read.
    FormatError
        If a line has another form.
    """
    path = Path(path)
    names: dict[str, Drum | None] = {}
    try:
        for number, line in files.lines(files.read_text(path)):
            if line.lstrip().startswith("#"):
                continue
            name, sign, drum = (part.strip() for part in line.rpartition("="))
            if not sign or not name:
                raise FormatError(f"line {number} is not 'name = drum'")
            meant = None if drum == NO_DRUM else drum_of_name(drum)
            if meant is None and drum != NO_DRUM:
                raise FormatError(f"line {number}: unknown drum {drum[:40]!r}")
            names[name] = meant
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
    return LabelNames(names)


def user_label_names() -> LabelNames:
    """Return the names in the user's own file if it exists, else the usual ones."""
    from adt_plugins.base.folders import user_folder

    path = user_folder() / FILE_NAME
    return read_label_names(path) if path.exists() else LabelNames()


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()).casefold())
