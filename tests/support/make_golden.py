"""Write the golden files: ``python -m tests.support.make_golden``.

Run it only after a format was changed on purpose, and read the difference.
"""

from __future__ import annotations

from pathlib import Path

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.model_info import ModelInfo
from adt_plugins.transcription import Transcription
from tests.support.paths import DATA

# Formats that need nothing but the transcription.
PLAIN = [form.id for form in formats.FORMATS.values() if form.write and not form.needs]
GOLDEN = DATA / "golden"


def golden() -> Transcription:
    """Every drum, the extremes of each number, and names that need care."""
    each = [
        Onset(1.0 + index / 3, drum, 40 + 4 * index, index / 18)
        for index, drum in enumerate(Drum)
    ]
    special = [
        Onset(0.0, Drum.KD, 1, 0.0),
        Onset(0.1 + 0.2, Drum.SD, 127, 1.0),
        Onset(0.32, Drum.SD, 64, 0.5),  # before the note of the one above ends
        Onset(0.5, Drum.HH, 90),  # closed hi-hat by its note, on the same tick
        Onset(0.5001, Drum.CHH, 70),
        Onset(3599.999999, Drum.CRC, 100),
    ]
    return Transcription(
        onsets=(*each, *special),
        beats=(Beat(0.5, 4), Beat(1.0, 1)),
        source=Source("Bücher & <b>/Söng \u2028.flac", "00ff", 48000, 2, 3600.0, 0.25),
        model=ModelInfo.from_dict(
            {"name": "golden", "thresholds": {"KD": 0.25}, "rows": (1, None, True)}
        ),
    )


def write_all(folder: Path) -> list[Path]:
    """Write the golden transcription in all formats; returns the files."""
    return formats.write_all(
        golden(), "golden", folder, PLAIN, overwrite=True, warn=print
    )


if __name__ == "__main__":
    for path in write_all(GOLDEN):
        print(path.name)
