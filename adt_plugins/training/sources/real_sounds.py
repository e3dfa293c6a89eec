"""Real voices, guitars and music without drums, that renders are mixed with.

`real_sounds.csv` lists the files and their splits: voices below the folder of data,
everything else below that of unpacked sound packages. `prepare` decodes the available
ones into ``real/`` of the renders.

The table leaves out music that is called drumless but shows regular strokes in its
spectrogram: marches, timpani, electronic pulses; and a stem of voices,
``Caesium-BGVOX_ALT``, whose samples were cut with the song's kick in them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio import SAMPLE_RATE, load_audio
from adt_plugins.training.sources.files import write_array, write_json

TABLE = Path(__file__).with_name("real_sounds.csv")
FOLDER = "real"
SPLITS = ("train", "validation", "test")
KINDS = ("voice", "guitar", "music")

_REST_BLOCKS = 5
"""Silence between phrases teaches nothing: rests of a second or more are removed."""
_BLOCK_S = 0.1
_SILENT_RMS = 1e-3
_PEAK = 0.7


@dataclass(frozen=True)
class RealSource:
    """A file of the table.

    Parameters
    ----------
    file
        Path below its folder, with forward slashes.
    kind
        One of `KINDS`.
    split
        One of `SPLITS`; ``"test"`` is for benchmarks only.
    """

    file: str
    kind: str
    split: str

    def find(self, data: Path, sounds: Path) -> Path | None:
        """Return its path below the folders of `adt train render`, if it exists."""
        path = (data if self.kind == "voice" else sounds) / self.file
        return path if path.is_file() else None


def read_table(path: Path = TABLE) -> list[RealSource]:
    """Return the rows of the table."""
    with path.open(newline="", encoding="utf-8") as file:
        return [RealSource(**row) for row in csv.DictReader(file)]


def prepare(data: Path, sounds: Path, renders: Path) -> int:
    """Decode the available files of the table; finished ones are kept.

    Returns
    -------
    int
        Number of available files, perhaps 0.
    """
    out, entries = renders / FOLDER, []
    for row in read_table():
        source = row.find(data, sounds)
        if source is None or row.split == "test":
            continue
        name = "__".join(Path(row.file).with_suffix("").parts[-2:]).replace(" ", "_")
        path = out / f"{name}.npy"
        if not path.is_file():
            out.mkdir(parents=True, exist_ok=True)
            write_array(path, decode(source))
        entries.append({"file": path.name, "kind": row.kind, "split": row.split})
    if entries:
        write_json(out / "index.json", {"sounds": entries})
    return len(entries)


def decode(path: Path) -> NDArray[np.int16]:
    """Read a file without its rests, with its peak at 0.7."""
    samples = load_audio(path)
    block = round(_BLOCK_S * SAMPLE_RATE)
    whole = samples[: len(samples) // block * block].reshape(-1, block)
    loud = np.sqrt(np.mean(whole**2, axis=1)) > _SILENT_RMS
    near = np.convolve(loud, np.ones(2 * _REST_BLOCKS + 1), "same") > 0.5
    return with_peak(whole[near[: len(whole)]].ravel())


def with_peak(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Return samples as int16, with their peak at 0.7."""
    peak = float(np.abs(samples).max(initial=0.0)) or 1.0
    return np.asarray(np.rint(samples * (_PEAK / peak * 32767)), np.int16)
