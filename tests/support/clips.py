"""Training clips of clicks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from adt_plugins.audio import SAMPLE_RATE


def write_clips(folder: Path, count: int, seconds: int, *, noise: bool = False) -> Path:
    """Write clips with a click every half second; the last one is for validation.

    Parameters
    ----------
    folder
        Folder of the clips, which is returned.
    count, seconds
        Number and length of the clips.
    noise
        Whether noise accompanies the clicks, and these are beats.
    """
    rng = np.random.default_rng(0)
    click = np.exp(-np.arange(2000) / 200) * rng.normal(size=2000)
    for number in range(count):
        drums = np.zeros(seconds * SAMPLE_RATE)
        times = np.arange(0.5, seconds - 0.5, 0.5)
        for time in times:
            first = round(time * SAMPLE_RATE)
            drums[first : first + len(click)] += click
        stems = {"drums": drums}
        if noise:
            stems["accomp"] = rng.normal(size=len(drums)) / 4
        for name, stem in stems.items():
            scaled = (stem / np.abs(stem).max() * 29000).astype(np.int16)
            np.save(folder / f"{number:06d}.{name}.npy", scaled)
        labels = {
            "onsets": [[float(t), "SD", 100] for t in times],
            "beats": [[float(t), 1 + k % 4] for k, t in enumerate(times)] * noise,
            "split": "validation" if number == count - 1 else "train",
        }
        (folder / f"{number:06d}.json").write_text(json.dumps(labels))
    return folder
