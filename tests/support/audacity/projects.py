"""Parts of written projects that tests look at."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription

XML = "{http://audacity.sourceforge.net/xml/}"


SONG = Transcription(
    (Onset(0.1 + 0.2, Drum.KD, 90), Onset(1e-7, Drum.CHH, 1), Onset(2.5, Drum.KD)),
    (Beat(0.5, 1), Beat(1.0, 2), Beat(1.5, 1), Beat(2.0, 2)),
    labels=(Label(1.0, 2.0, "verse <1>", "Form"),),
)


def parse(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()


def audio_of(path: Path) -> Path:
    """The one recording in a project's folder."""
    (audio,) = path.with_name(f"{path.stem}_data").glob("audio-*")
    return audio


def labels_of(root: ElementTree.Element) -> dict[str, list[tuple[float, float, str]]]:
    return {
        track.attrib["name"]: [
            (float(x.attrib["t"]), float(x.attrib["t1"]), x.attrib["title"])
            for x in track.findall(f"{XML}label")
        ]
        for track in root.findall(f"{XML}labeltrack")
    }
