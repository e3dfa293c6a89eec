"""What a file of ours says of itself, in the event that MIDI has for that.

Notes are coarser than drums: 42 is a closed hi-hat in General MIDI, and a hi-hat of
any kind where that is all that was heard. A sequencer-specific event, which other
programs skip, holds what each note was written for, and where the beats end. It is
text behind ``7D``, the manufacturer of what no manufacturer makes::

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
    """The event.

    Parameters
    ----------
    end
        Tick behind the last beat; 0 if there are none.
    drums
        What notes were written for.
    """

    end: int = 0
    drums: Mapping[int, Drum] = field(default_factory=dict)

    def data(self) -> bytes:
        """Content of the event."""
        notes = ",".join(f"{note}:{drum}" for note, drum in sorted(self.drums.items()))
        return _MAKER + f"adt-plugins end={self.end} notes={notes}".encode("ascii")


def drums_of_notes(written: Iterable[tuple[int, Drum]]) -> dict[int, Drum]:
    """What each note was written for; the coarse drum where it was for several."""
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
        known = set(Drum)
        return OwnEvent(
            int(match[1]),
            {int(note): Drum(code) for note, code in pairs if code in known},
        )
    return None
