"""Paradiddle: a folder that the drumming game opens, with a `.rlrr` file a level.

By the schema that the game's author publishes (emretanirgan, *ParadiddleUtilities*,
``rlrrschema.json``, version 0.7) and, for ``bpmEvents``, what his converter writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from adt_plugins.annotations import Onset
from adt_plugins.base.files import read_text
from adt_plugins.base.reporting import Warn, about, name_some
from adt_plugins.base.strict_json import parse_json
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.chart.game_folder import filling, make_levels, without
from adt_plugins.formats.chart.game_sound import write_separated, write_song
from adt_plugins.formats.chart.pads import LEVELS, PADS, Note
from adt_plugins.formats.song_names import SongNames, song_names
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.midi.tempo_map import TempoMap
from adt_plugins.recording import source_audio
from adt_plugins.transcription import Transcription

VERSION = 0.7
SOUND, DRUMS = "song.ogg", "drums.ogg"

_PURPOSES = {SOUND: "the sound", DRUMS: "its drums, which the game can mute"}

_CLASSES = {
    Drum.KD: "Kick",
    Drum.SD: "Snare",
    Drum.SST: "Snare",
    Drum.HH: "HiHat",
    Drum.CHH: "HiHat",
    Drum.OHH: "HiHat",
    Drum.HIT: "Tom1",
    Drum.MHT: "Tom2",
    Drum.TT: "Tom2",
    Drum.HFT: "FloorTom",
    Drum.LFT: "FloorTom",
    Drum.CY: "Crash15",
    Drum.CRC: "Crash15",
    Drum.RDC: "Ride17",
    Drum.RDB: "Ride17",
    Drum.SPC: "Crash13",
    Drum.CHC: "China15",
}
# The drum that is read for a pad on which several are played.
_DRUMS = {
    "Kick": Drum.KD,
    "Snare": Drum.SD,
    "HiHat": Drum.HH,
    "Tom1": Drum.HIT,
    "Tom2": Drum.MHT,
    "FloorTom": Drum.LFT,
    "Crash13": Drum.SPC,
    "Crash15": Drum.CRC,
    "Crash17": Drum.CRC,
    "China15": Drum.CHC,
    "Ride17": Drum.RDC,
    "Ride20": Drum.RDC,
}
# A plain kit, as seen by the player: centimetres ahead, to the right and up, and
# degrees of pitch.
_KIT = {
    "Kick": ((-70.0, 60.0, 35.0), -90.0),
    "Snare": ((15.0, 0.0, 70.0), 0.0),
    "HiHat": ((15.0, -35.0, 95.0), 0.0),
    "Tom1": ((40.0, -15.0, 95.0), -30.0),
    "Tom2": ((40.0, 20.0, 95.0), -30.0),
    "FloorTom": ((0.0, 45.0, 65.0), 0.0),
    "Crash15": ((35.0, -45.0, 135.0), 0.0),
    "Ride17": ((25.0, 60.0, 110.0), 0.0),
    "Crash13": ((50.0, 0.0, 140.0), 0.0),
    "China15": ((35.0, 80.0, 140.0), 0.0),
}
_NAME = re.compile(r"(?:BP_)?([A-Za-z]+[0-9]*)(?:_C)?(?:_[0-9]+)?")


def files(path: Path) -> list[Path]:
    """Return the files of a folder: one for each level, the song and its drums."""
    # The game knows a song's files by the name of its folder.
    levels = (path / f"{path.name}_{level}.rlrr" for level in LEVELS)
    return [*levels, path / SOUND, path / DRUMS]


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    audio: Any = None,
    drumless: bool = False,
) -> list[Path]:
    """Write the folder; levels are thinned as those of charts are.

    Velocities are written as they are. What the game has no drum for, a pedal hat, and
    what would take a third hand is left out, with a warning.

    Parameters
    ----------
    transcription, path, overwrite, warn
        See `adt_plugins.formats.write`; `path` is the folder.
    audio
        See `adt_plugins.formats.click.write`.
    drumless
        Whether the drums are in a file of their own, see
        `adt_plugins.formats.chart.write`.
    """
    source = source_audio(transcription) if audio is None else audio
    timing, _ = tempo_maps(transcription)
    levels = make_levels(transcription, timing, path, warn, place="drum")
    # Pads are fewer than drums.
    drums = {(o.time, PADS[o.drum][0]): o.drum for o in transcription if o.drum in PADS}
    names = song_names(transcription, path)
    targets = files(path) if drumless else files(path)[:-1]
    with (
        without(() if drumless else [path / DRUMS], overwrite=overwrite),
        filling(path, *targets, overwrite=overwrite) as drafts,
    ):
        song = drafts[len(LEVELS)]
        if drumless:
            seconds = write_separated(transcription, source, song, drafts[-1], "VORBIS")
        else:
            seconds = write_song(source, song, "VORBIS")
        for complexity, level in enumerate(reversed(LEVELS), 1):
            content = {
                "version": VERSION,
                "authoringTool": "adt-plugins",
                "recordingMetadata": _about(names, seconds, complexity),
                "audioFileData": _sound(drumless=drumless),
                "instruments": list(_instruments()),
                "events": list(_events(levels[level], drums)),
                "bpmEvents": list(_tempos(timing)),
            }
            draft = drafts[LEVELS.index(level)]
            draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return targets


def _about(names: SongNames, seconds: float, complexity: int) -> dict[str, object]:
    return {
        "title": names.title,
        "description": "",
        "coverImagePath": "",
        "artist": names.artist,
        "creator": "adt-plugins",
        "length": round(seconds, 3),
        "complexity": complexity,
    }


def _sound(*, drumless: bool) -> dict[str, object]:
    return {
        "songTracks": [SOUND],
        "drumTracks": [DRUMS] * drumless,
        "songPreview": "",
        "calibrationOffset": 0,
    }


def _instruments() -> Iterator[dict[str, object]]:
    for kind, (location, pitch) in _KIT.items():
        yield {
            "name": f"BP_{kind}_C_1",
            "class": f"BP_{kind}_C",
            "location": location,
            "rotation": (pitch, 0.0, 0.0),
            "scale": (1.0, 1.0, 1.0),
        }


def _events(
    notes: Sequence[Note], drums: dict[tuple[float, int], Drum]
) -> Iterator[dict[str, object]]:
    for note in notes:
        yield {
            "name": f"BP_{_CLASSES[drums[note.time, note.pad]]}_C_1",
            "vel": note.velocity,
            "loc": 0,
            "time": f"{note.time:.4f}",
        }


def _tempos(timing: TempoMap) -> Iterator[dict[str, float]]:
    for tick, micros in timing.tempos:
        yield {"bpm": 60e6 / micros, "time": timing.seconds(tick)}


def read(path: Path, *, warn: Warn) -> Transcription:
    """Read the hits of a file, or of the highest level in a folder.

    Raises
    ------
    FormatError
        If it is not such a file.
    """
    if path.is_dir():
        levels = [
            file for level in LEVELS for file in sorted(path.glob(f"*_{level}.rlrr"))
        ]
        if not levels:
            raise FormatError("a folder without .rlrr files")
        path = levels[0]
    try:
        content = parse_json(read_text(path), unique=False)
        kinds = {str(e["name"]): str(e["class"]) for e in content["instruments"]}
        hits = [
            (float(event["time"]), str(event["name"]), int(event["vel"]))
            for event in content.get("events", ())
            if "name" in event
        ]
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"not a file of Paradiddle: {error!r}") from error
    onsets: list[Onset] = []
    unknown: list[str] = []
    early = EarlyLabels("hits")
    for time, name, velocity in hits:
        match = _NAME.fullmatch(kinds.get(name, name))
        drum = _DRUMS.get(match[1]) if match else None
        if drum is None:
            unknown.append(name)
        else:
            start, _ = early.place(time)
            if not start < 0:
                onsets.append(_onset(start, drum, velocity))
    early.tell(about(path, warn))
    if unknown:
        warn(f"{path}: left out what is no drum of a kit: {name_some(unknown)}")
    return Transcription(onsets=tuple(onsets))


def _onset(time: float, drum: Drum, velocity: int) -> Onset:
    try:
        return Onset(time, drum, min(max(velocity, 1), 127))
    except ValueError as error:
        raise FormatError(f"a hit at {time} s: {error}") from error


def purpose(path: Path, transcription: Transcription) -> str:
    """Return what one of the files is for."""
    return _PURPOSES.get(path.name, "a level, for Paradiddle")
