"""The event in which our MIDI files describe themselves.

Notes are coarser than drums: 42 is a closed hi-hat in General MIDI, but also any hi-hat
whose kind is unknown. A sequencer-specific event, which other programs skip, lists the
drum of each note, and where the beats end. It is text after ``7D``, the manufacturer ID
for non-commercial use::

    adt-plugins end=46081 notes=36:KD,38:SD,42:HH
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adt_plugins.drums import Drum
from adt_plugins.midi.reader import MidiFile

_MAKER = b"\x7d"
_CONTENT = re.compile(
    r"adt-plugins end=([0-9]{1,9}) notes=((?:[0-9]{1,3}:[A-Z]{2,3},?){0,128})"
)


@dataclass(frozen=True)
class OwnEvent:
    """Content of the event.

    Parameters
    ----------
    end
        Tick after the last beat; 0 without beats.
    drums
        Drum that each note stands for.
    """

    end: int = 0
    drums: Mapping[int, Drum] = field(default_factory=dict)

    def data(self) -> bytes:
        """Return the bytes of the event."""
        notes = ",".join(f"{note}:{drum}" for note, drum in sorted(self.drums.items()))
        return _MAKER + f"adt-plugins end={self.end} notes={notes}".encode("ascii")


def drums_of_notes(written: Iterable[tuple[int, Drum]]) -> dict[int, Drum]:
    """Return the drum of each note; the coarse drum if a note has several."""
    drums: dict[int, Drum] = {}
    for note, drum in set(written):
        drums[note] = drum if drums.get(note, drum) is drum else drum.coarse
    return drums


def own_event(file: MidiFile) -> OwnEvent | None:
    """Find the event in a file; None in a file of another program."""
    for data in (data for track in file.tracks for data in track.own):
        text = data.removeprefix(_MAKER).decode("ascii", "replace")
        match = _CONTENT.fullmatch(text)
        if match is None or not data.startswith(_MAKER):
            continue
        pairs = [pair.split(":") for pair in match[2].split(",") if pair]
        codes = set(Drum)
        return OwnEvent(
            int(match[1]),
            {int(note): Drum(code) for note, code in pairs if code in codes},
        )
    return None
