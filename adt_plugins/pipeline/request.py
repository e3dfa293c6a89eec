"""Validates what a caller asks for, before the work begins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from adt_plugins.audio import AudioReader
from adt_plugins.card import ModelCard
from adt_plugins.errors import AudioError
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.picking.song_gate import MODES, Mode

Model = str | os.PathLike[str] | ModelCard | Network


def open_network(model: Model | None = None) -> Network:
    """Open a model, however it is given; see `transcribe`."""
    if isinstance(model, Network):
        return model
    if isinstance(model, ModelCard):
        return Network(model)
    if isinstance(model, os.PathLike):
        model = Path(model)
    return Network(find_model(model))


def song_gate_mode(song_gate: Mode | bool) -> Mode:
    """Validate `song_gate` of `transcribe`; raises `ValueError` if it is not valid."""
    if isinstance(song_gate, bool):
        return "normal" if song_gate else "off"
    if song_gate not in MODES:
        raise ValueError(f"song gate {song_gate!r}: there are {', '.join(MODES)}")
    return song_gate


class Part(NamedTuple):
    """The part of a recording to read, and the downbeat that the user knows."""

    start: float
    end: float | None
    track: int | None
    downbeat: float | None


def check_downbeat(part: Part, reader: AudioReader) -> None:
    """Refuse a first downbeat outside the part, before the work if its end is known."""
    if part.downbeat is None:
        return
    named = f"{reader.label}: the first downbeat, at {part.downbeat:g} s, is"
    if part.downbeat < part.start:
        raise AudioError(f"{named} before the start at {part.start:g} s")
    if part.end is not None and part.downbeat > part.end:
        raise AudioError(f"{named} past the end of the part at {part.end:g} s")
    info = reader.info
    if info.frames is not None:
        end = info.frames / info.sample_rate
    elif reader.position == 1.0 and part.end is None:
        end = part.start + reader.duration
    else:
        return
    if part.downbeat > end:
        raise AudioError(f"{named} past its end at {end:.2f} s")
