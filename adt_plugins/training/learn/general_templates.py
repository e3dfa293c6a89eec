"""General templates of `adt_plugins.separation`: means over one-shots, in bands."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio import SAMPLE_RATE
from adt_plugins.base.files import decode, read_bytes
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.separation.frames import Floats
from adt_plugins.separation.learnt import Learnt
from adt_plugins.separation.templates import length_of, normalised
from adt_plugins.training.learn.separation_examples import GRID
from adt_plugins.training.sources.oneshots import read_mono

CLASSES: dict[Drum, tuple[str, ...]] = {
    Drum.KD: ("KD",),
    Drum.SD: ("SD",),
    Drum.TT: ("TT",),
    Drum.OT: ("SS",),
    Drum.HH: ("HHC", "HHP"),
    Drum.OHH: ("HHO",),
    Drum.CRC: ("CR",),
    Drum.RDC: ("RD", "RB"),
    Drum.CY: ("CR", "RD"),
}
"""Classes of one-shots whose mean is the template of a drum."""
_ONE_SHOTS = 40  # at least so many for a template, if they exist


def band_edges() -> NDArray[np.int64]:
    """Return the first bins of the bands, and the end: single bins, then wider ones."""
    wider = np.round(np.geomspace(12, GRID.bins, 29)).astype(int)
    return np.unique(np.concatenate([np.arange(12), wider]))


def general_templates(oneshots: Path) -> Learnt:
    """Return the mean spectra of one-shots, frame by frame.

    Parameters
    ----------
    oneshots
        Folder with ``oneshots.csv`` and the files that it names.

    Returns
    -------
    dict
        ``edges_hz`` and the templates, see `adt_plugins.separation.learnt.Learnt`.

    Raises
    ------
    AdtError
        If a drum has no one-shots.
    """
    rows = listed(oneshots)
    edges = band_edges()
    step = SAMPLE_RATE / GRID.size
    learnt: dict[str, NDArray[Any]] = {
        "edges_hz": ((edges - 0.5) * step).astype(np.float32)
    }
    for drum, classes in CLASSES.items():
        files = [oneshots / row["file"] for row in rows if row["class"] in classes]
        if not files:
            raise AdtError(f"{oneshots}: no one-shots of {' or '.join(classes)}")
        chosen = files[:: max(1, len(files) // _ONE_SHOTS)]
        spectra = [_template(path, length_of(drum)) for path in chosen]
        mean = np.mean(spectra, axis=0)
        bands = [mean[:, a:b].mean(axis=1) for a, b in pairwise(edges)]
        learnt[f"template.{drum}"] = np.stack(bands, axis=1).astype(np.float16)
    return learnt


def listed(oneshots: Path) -> list[dict[str, str]]:
    """Return the rows of ``oneshots.csv``."""
    path = oneshots / "oneshots.csv"
    return list(csv.DictReader(io.StringIO(decode(read_bytes(path)))))


def _template(path: Path, length: int) -> Floats:
    """Return the spectra of a hit from its first frame on, shape (length, bins)."""
    hit = read_mono(path)
    loud = np.abs(hit)
    begin = int(np.argmax(loud > 0.1 * loud.max(initial=0.0)))
    lead = GRID.size - GRID.hop + 2 * GRID.hop
    before = min(begin, 2 * GRID.hop)
    samples = np.zeros(lead + (length + 8) * GRID.hop, np.float32)
    kept = hit[begin - before :][: len(samples) - lead + before]
    samples[lead - before :][: len(kept)] = kept
    first = GRID.frame(2 * GRID.hop / SAMPLE_RATE) - 1
    return normalised(np.abs(GRID.spectra(samples))[first : first + length])
