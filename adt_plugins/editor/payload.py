"""The data of a song for a browser; `src/core/song.ts` reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from adt_plugins.base.checks import json_text
from adt_plugins.editor.html_page import base64_text
from adt_plugins.editor.picks import PickedSong
from adt_plugins.editor.sound import Sound
from adt_plugins.meter import Meter
from adt_plugins.midi.file_names import CONSTANT_SUFFIX, SUFFIX
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.midi.tempo_map import TempoMap
from adt_plugins.midi.writer import midi_bytes
from adt_plugins.transcription import Transcription

_THRESHOLDS = "@thresholds@"
_ONSETS = ' "onsets": [],\n'


@dataclass(frozen=True)
class Payload:
    """A song for a browser.

    Parameters
    ----------
    header
        The part for JSON, see ``Header`` in `src/core/song.ts`.
    data
        The transcription's picks in rows of 5 float64 (lane, frame, time, velocity,
        confidence), followed by the activations, float32, lane by lane. Little-endian.
    """

    header: dict[str, Any]
    data: bytes


def payload(
    score: PickedSong,
    sound: Sound | None,
    title: str,
    stem: str,
    names: tuple[str, str] | None = None,
) -> Payload:
    """Prepare a song for sending.

    Parameters
    ----------
    score
        The transcription.
    sound
        Its recording; None: no sound.
    title
        Title to show.
    stem
        Stem of the files that the browser exports.
    names
        Title and artist on paper; None: `title`, and nobody.
    """
    header = {
        "title": title,
        "fingerprint": score.fingerprint(),
        "duration": _duration(score, sound),
        **_frames(score),
        **_hits(score),
        "beats": [[beat.time, beat.position] for beat in score.transcription.beats],
        "meters": [
            {"bar": change.bar, "meter": str(change.meter)}
            for change in score.transcription.meters
        ],
        "tempo": _tempo(score.transcription),
        "audio": None if sound is None else sound.describe(),
        "files": {"names": names or (title, ""), **_files(score, stem)},
    }
    return Payload(header, _data(score))


def _data(score: PickedSong) -> bytes:
    """Return the picks and the activations, see `Payload`."""
    lanes = list(score.thresholds)
    rows = np.zeros((len(score.known), 5), "<f8")
    for row, (name, onset) in zip(rows, score.known.items(), strict=True):
        drum, _, frame = name.partition(":")
        row[:4] = lanes.index(drum), int(frame), onset.time, onset.velocity
        row[4] = onset.confidence
    data = rows.tobytes()
    if score.activations is not None:
        columns = [score.activations.outputs.index(drum) for drum in lanes]
        data += score.activations.values[:, columns].T.astype("<f4").tobytes()
    return data


def _frames(score: PickedSong) -> dict[str, Any]:
    """Return what the frames are, and how hits are picked from them."""
    picking, activations = score.picking, score.activations
    return {
        "rate": 100.0 if activations is None else activations.frame_rate,
        "offset": 0.0 if activations is None else activations.offset,
        "delay": 0.0 if picking is None else picking.delay,
        "frames": 0 if activations is None else len(activations.values),
        "picker": None if picking is None else asdict(picking.picker),
        "lanes": [
            {"drum": drum, "threshold": score.thresholds.get(drum)}
            for drum in score.lanes
        ],
    }


def _hits(score: PickedSong) -> dict[str, Any]:
    """Return how many hits are picks, those that are not, and the missing picks."""
    return {
        "known": len(score.known),
        "extras": [
            {
                "id": hit.id,
                "time": hit.onset.time,
                "drum": hit.onset.drum.value,
                "velocity": hit.onset.velocity,
                "confidence": hit.onset.confidence,
            }
            for hit in score.extras
        ],
        "missing": sorted(score.missing),
    }


def _tempo(transcription: Transcription) -> float | None:
    """Return the counted beats per minute if one tempo fits, or None."""
    tempo = transcription.tempo
    if tempo is None or not transcription.has_steady_tempo:
        return None
    meter = transcription.meter or Meter(4)
    return round(tempo * meter.tempo_unit / meter.quarters, 2)


def _duration(score: PickedSong, sound: Sound | None) -> float:
    """Return the seconds to show: the recording's length, or up to the last event."""
    if sound is not None:
        return sound.duration
    transcription, activations = score.transcription, score.activations
    ends = [onset.time + 1 for onset in transcription.onsets]
    ends += [beat.time + 1 for beat in transcription.beats]
    if transcription.source.duration is not None:
        ends.append(transcription.source.duration + transcription.source.offset)
    if activations is not None:
        frames = len(activations.values)
        ends.append(frames / activations.frame_rate + activations.offset)
    return max(ends, default=1.0)


def _files(score: PickedSong, stem: str) -> dict[str, Any]:
    """Return what the browser's writers need besides the onsets."""
    bare = replace(score.transcription, onsets=())
    if score.picking is not None:
        # A name that is not a drum's marks the place of the thresholds.
        bare = replace(bare, model=replace(bare.model, thresholds={_THRESHOLDS: 0.0}))
    rest = bare.rounded().to_json().partition(_ONSETS)[2]
    # From the original hits, so that it does not change with every edit.
    maps = tempo_maps(score.transcription)
    suffixes = (SUFFIX, CONSTANT_SUFFIX)
    return {
        "stem": stem,
        "json": rest.split(json_text({_THRESHOLDS: 0.0})),
        "labels": [[x.start, x.end, x.text] for x in bare.labels],
        "maps": [
            {"suffix": suffix, "tempos": timing.tempos, "head": midi_head(timing)}
            for suffix, timing in zip(suffixes, maps, strict=False)
        ],
    }


def midi_head(timing: TempoMap) -> str:
    """Return a MIDI file up to its track of notes, as base64."""
    empty = midi_bytes((), timing)
    return base64_text(empty[: empty.rindex(b"MTrk")])
