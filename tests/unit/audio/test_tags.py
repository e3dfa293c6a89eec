"""Tags that are not UTF-8, as older programs write them."""

from __future__ import annotations

import io
import struct

import pytest

from adt_plugins.audio.pyav import PyAvDecoder
from adt_plugins.audio.sniff import Kind


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content


def test_a_title_in_latin_1_is_no_reason_to_fail() -> None:
    """PyAV before 19 raises unless told otherwise; PyAV 19 knows no such option."""
    pytest.importorskip("av", reason="PyAV (extra `av`) is missing")
    title = _chunk(b"LIST", b"INFO" + _chunk(b"INAM", "äöü".encode("latin-1") + b"\0"))
    sound = struct.pack("<HHIIHH", 1, 1, 44100, 88200, 2, 16)
    chunks = _chunk(b"fmt ", sound) + title + _chunk(b"data", bytes(88200))
    file = io.BytesIO(_chunk(b"RIFF", b"WAVE" + chunks))
    decoder = PyAvDecoder(file, Kind("WAV", libsndfile=True, pyav=True))
    assert decoder.sample_rate == 44100
    assert sum(len(block) for block in decoder.blocks(0)) == 44100
