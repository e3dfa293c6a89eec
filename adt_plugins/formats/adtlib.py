r"""ADTLib's text output, and the annotations of MDB Drums: a time and a code per line.

ADTLib's lines are ``%.4f \t KD \n`` with KD, SD and HH, sorted by time. MDB Drums has
the same layout with six classes, or with its subclasses, so one reader is enough.
"""

from __future__ import annotations

import re
import reprlib
from pathlib import Path

from adt_plugins.annotations import Onset
from adt_plugins.base.files import below_header, read_text, write_files
from adt_plugins.base.reporting import Warn, about, name_some
from adt_plugins.drums import Drum, drum_of_code
from adt_plugins.errors import FormatError
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.transcription import Transcription

_DRUMS = (Drum.KD, Drum.SD, Drum.HH)
_LINE = re.compile(r"\s*([+-]?[0-9]+(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?)\s+([A-Z]+)\s*")
_HEADER = re.compile(r"\s*(?:time|onset|start)s?\s+[a-z]+\s*|[#%].*", re.IGNORECASE)


def write(
    transcription: Transcription, path: Path, *, overwrite: bool, warn: Warn
) -> list[Path]:
    """Write ADTLib's lines; leave out other drums, with a warning."""
    coarse = transcription.coarse().onsets
    others = [str(o.drum) for o in coarse if o.drum not in _DRUMS]
    if others:
        warn(
            f"{path}: ADTLib has only KD, SD and HH; left out were {name_some(others)}"
        )
    text = "".join(f"{o.time:.4f} \t {o.drum} \n" for o in coarse if o.drum in _DRUMS)
    return write_files({path: text.encode()}, overwrite=overwrite)


def read(path: Path, *, warn: Warn) -> Transcription:
    """Read lines with a time and a code, ours or those of MDB Drums.

    Comments and a line that names the two columns may precede them.

    Raises
    ------
    FormatError
        If a line is something else, or its code is unknown.
    """
    onsets = []
    early = EarlyLabels("hits")
    for number, line in below_header(read_text(path), _HEADER):
        match = _LINE.fullmatch(line)
        if match is None:
            shown = reprlib.repr(line)
            raise FormatError(f"line {number} is not a time and a drum: {shown}")
        drum = drum_of_code(match[2])
        if drum is None:
            raise FormatError(f"line {number}: unknown drum {reprlib.repr(match[2])}")
        time, _ = early.place(float(match[1].replace(",", ".")))
        if time < 0:
            continue
        try:
            onsets.append(Onset(time, drum))
        except ValueError as error:
            raise FormatError(f"line {number}: {error}") from error
    early.tell(about(path, warn))
    return Transcription(onsets=tuple(onsets))


def looks_like(head: str) -> bool:
    """Whether a text begins like a file of ADTLib or MDB Drums."""
    first = next(below_header(head, _HEADER), (0, ""))[1]
    match = _LINE.fullmatch(first)
    return match is not None and drum_of_code(match[2]) is not None
