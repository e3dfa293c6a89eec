"""MIDI files as other programs write them."""

from __future__ import annotations

import io
from pathlib import Path

import mido

from adt_plugins import formats
from adt_plugins.transcription import Transcription

BAR = 4 * 96


def meta(kind: str, **values: object) -> mido.MetaMessage:
    return mido.MetaMessage(kind, **values)


def hits(
    *notes: int, channel: int = 9, name: str = "", step: int = 96
) -> mido.MidiTrack:
    track = mido.MidiTrack([meta("track_name", name=name)] if name else [])
    for note in notes:
        for kind in ("note_on", "note_off"):
            message = mido.Message(
                kind, note=note, velocity=90, time=step // 2, channel=channel
            )
            track.append(message)
    return track


def tempo_track(*more: mido.MetaMessage) -> mido.MidiTrack:
    signature = meta("time_signature", numerator=4, denominator=4)
    return mido.MidiTrack([meta("set_tempo", tempo=500_000), signature, *more])


def save(path: Path, *tracks: mido.MidiTrack) -> bytearray:
    file = mido.MidiFile(type=1, ticks_per_beat=96)
    file.tracks += tracks
    buffer = io.BytesIO()
    file.save(file=buffer)
    path.write_bytes(buffer.getvalue())
    return bytearray(buffer.getvalue())


def read(path: Path, data: bytes | None = None) -> tuple[Transcription, list[str]]:
    if data is not None:
        path.write_bytes(data)
    warnings: list[str] = []
    return formats.read(path, warn=warnings.append), warnings
