"""Reads rendered clips: the stems of each, its labels, and a pool of voices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio import SAMPLE_RATE

_FULL_SCALE = np.float32(1 / 32768)


@dataclass(frozen=True)
class Clip:
    """One rendered clip.

    Parameters
    ----------
    name
        Number of the clip, as in its files' names.
    drums, accompaniment
        Stems, int16 mono at 44.1 kHz, equal length, mapped from disk; the
        accompaniment is None for drums alone.
    onsets
        Time in seconds, fine drum code and velocity (1-127) of each onset.
    beats
        Time in seconds and position in the bar of each beat; empty if unknown.
    split
        ``"train"`` or ``"validation"``.
    unsure
        Time in seconds and coarse drum code of each possible onset that is neither
        certain nor ruled out; only in recorded songs that a model labelled.
    unlabelled
        Outputs of the network for which there are no labels.
    """

    name: str
    drums: NDArray[np.int16]
    accompaniment: NDArray[np.int16] | None
    onsets: list[tuple[float, str, int]]
    beats: list[tuple[float, int]]
    split: str
    unsure: tuple[tuple[float, str], ...] = ()
    unlabelled: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Duration in seconds."""
        return len(self.drums) / SAMPLE_RATE


SONGS = "songs"
"""Folder of recorded songs beside the rendered clips. Their labels are coarse and
incomplete, so only the network learns from them."""


def find_clips(folder: Path) -> list[Path]:
    """Return the label files of all finished clips in a folder, sorted by number."""
    return sorted(folder.glob("[0-9]*.json"))


def load_clip(labels: Path) -> Clip:
    """Open the clip of a label file from `find_clips`."""
    data = json.loads(labels.read_text(encoding="utf-8"))
    accompaniment = labels.with_suffix(".accomp.npy")
    return Clip(
        name=labels.stem,
        drums=np.load(
            labels.with_suffix(".drums.npy"), mmap_mode="r", allow_pickle=False
        ),
        accompaniment=(
            np.load(accompaniment, mmap_mode="r", allow_pickle=False)
            if accompaniment.exists()
            else None
        ),
        onsets=[tuple(item) for item in data["onsets"]],
        beats=[tuple(item) for item in data["beats"]],
        split=data["split"],
        unsure=tuple((time, code) for time, code in data.get("unsure", ())),
        unlabelled=tuple(data.get("unlabelled", ())),
    )


def find_voices(folder: Path, split: str) -> list[Path]:
    """Return the files of the voice pool in a split; empty if there is no pool."""
    index = folder / "voices" / "index.json"
    if not index.exists():
        return []
    entries = json.loads(index.read_text(encoding="utf-8"))["voices"]
    return [
        folder / "voices" / entry["file"]
        for entry in entries
        if entry["split"] == split
    ]


def cut(stem: NDArray[np.int16], first: int, count: int) -> NDArray[np.float32]:
    """Return samples ``first … first + count`` of a stem as floats, zero-padded."""
    out = np.zeros(count, dtype=np.float32)
    low, high = max(first, 0), min(first + count, len(stem))
    if low < high:
        out[low - first : high - first] = stem[low:high] * _FULL_SCALE
    return out
