"""MIDI files as bytes, written and read."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import mido
import pytest

from adt_plugins import formats
from adt_plugins.transcription import Transcription


def midi_bytes(*tracks: bytes, kind: int = 1, division: int = 960) -> bytes:
    head = struct.pack(">4sIHHH", b"MThd", 6, kind, len(tracks), division)
    chunks = (b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)
    return head + b"".join(chunks)


def write_bytes(whole: Transcription, folder: Path) -> bytes:
    path = formats.write(whole, folder / "a.mid", overwrite=True)[0]
    return path.read_bytes()


def read_bytes(
    data: bytes, folder: Path, warn: Callable[[str], None] | None = None
) -> Transcription:
    path = folder / "b.mid"
    path.write_bytes(data)
    return formats.read(path, warn=warn or pytest.fail)


def track(*messages: mido.Message | mido.MetaMessage) -> mido.MidiTrack:
    return mido.MidiTrack(messages)


def on(note: int, ticks: int, channel: int = 9, velocity: int = 80) -> mido.Message:
    return mido.Message(
        "note_on", note=note, velocity=velocity, time=ticks, channel=channel
    )


def tempo(value: int, ticks: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=value, time=ticks)


def save(kind: int, division: int, *tracks: mido.MidiTrack) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=division)
    file.tracks += tracks
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()
