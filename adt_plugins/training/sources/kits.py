"""Banks of drum hits: built once from every source, then read from disk.

A bank is a folder: ``index.json`` and one ``CODE.npy`` a drum (int16, all
samples end to end). A drum has groups (two kicks, three snares); a group has
layers, from soft to loud.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mido
import numpy as np

from adt_plugins.training.sources import fluid, kitmaps
from adt_plugins.training.sources.oneshots import (
    SAMPLE_RATE_HZ,
    Samples,
    loudness,
    prepare,
    read_mono,
)

VELOCITIES = (20, 50, 80, 105, 127)
GM_RENDERED = (*range(35, 60), *range(60, 82))
RENDER_LENGTH_S = {
    "CRC": 5.5,
    "SPC": 3.5,
    "CHC": 5.0,
    "RDC": 4.5,
    "RDB": 4.5,
    "OHH": 2.5,
}
# (program, name) of the drum presets of the soundfonts.
FULL_PRESETS = (
    *range(8),
    *range(8, 16),
    16,
    17,
    18,
    19,
    24,
    25,
    32,
    33,
    34,
    35,
    36,
    40,
    41,
    42,
)
PLAIN_PRESETS = (0, 8, 16, 24, 25, 32, 40)


@dataclass(frozen=True)
class KitJob:
    """A kit to build; ``kind`` is oneshots, hydrogen or soundfont."""

    kind: str
    name: str
    path: Path
    program: int = 0
    melodic_bank: bool = False


@dataclass(frozen=True)
class Layer:
    """One hit: samples (mono, 44.1 kHz), nominal velocity 1–127."""

    velocity: float
    samples: Samples


def kit_jobs(sounds_folder: Path, oneshots: Path) -> list[KitJob]:
    """Return every kit in the two folders."""
    from adt_plugins.training.sources.sounds import find_sounds

    packages = find_sounds(sounds_folder)
    jobs = [KitJob("hydrogen", path.name, path) for path in packages.drumkits]
    jobs = [job for job in jobs if job.name not in kitmaps.LEFT_OUT_KITS]
    if (oneshots / "oneshots.csv").is_file():
        with (oneshots / "oneshots.csv").open(newline="", encoding="utf-8") as file:
            names = sorted({row["kit"] for row in csv.DictReader(file)})
        jobs += [KitJob("oneshots", name, oneshots) for name in names]
    if not fluid.available():
        return jobs
    for name, path in sorted(packages.drum_fonts.items()):
        jobs.append(KitJob("soundfont", name, path, 0, melodic_bank=True))
    for name, path in sorted(packages.general_fonts.items()):
        if path.suffix == ".sf3":  # the same presets as FluidR3's, slow to decode
            continue
        programs = FULL_PRESETS if name.startswith("FluidR3") else PLAIN_PRESETS
        jobs += [KitJob("soundfont", f"{name}_{p:03d}", path, p) for p in programs]
    return jobs


def hydrogen_layers(kit: Path) -> list[tuple[str, str, float, Path]]:
    """Return (drum, instrument, velocity, file) of the sounds of a Hydrogen kit."""
    text = (kit / "drumkit.xml").read_bytes()
    text = re.sub(rb'\s(xmlns|xsi)(:\w+)?="[^"]*"', b"", text)
    sounds = []
    for instrument in ElementTree.fromstring(text).iter("instrument"):
        name = instrument.findtext("name") or ""
        code = kitmaps.code_of_name(kit.name, name)
        if not code:
            continue
        layers = list(instrument.iter("layer")) or [instrument]
        for layer in layers:
            path = kit / (layer.findtext("filename") or "")
            if path.is_file():
                velocity = 127 * min(1.0, float(layer.findtext("max") or 1.0))
                sounds.append((code, name, velocity, path))
    return sounds


def _hydrogen(job: KitJob) -> list[tuple[str, str, float, Samples]]:
    return [
        (code, name, velocity, read_mono(path))
        for code, name, velocity, path in hydrogen_layers(job.path)
    ]


def _oneshots(job: KitJob) -> list[tuple[str, str, float, Samples]]:
    sounds = []
    with (job.path / "oneshots.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kit"] == job.name]
    for row in rows:
        instrument = row["instrument"]
        code = kitmaps.ONESHOT_CLASSES.get(row["class"], "")
        if row["class"] == "TT":
            code = kitmaps.ONESHOT_TOMS.get(instrument, "MHT")
        elif instrument == "china":
            code = "CHC"
        if code:
            velocity = 127 * int(row["level_rank"]) / int(row["level_ranks"])
            sounds.append(
                (code, instrument, velocity, read_mono(job.path / row["file"]))
            )
    return sounds


def _soundfont(job: KitJob) -> list[tuple[str, str, float, Samples]]:
    channel = 0 if job.melodic_bank else fluid.DRUM_CHANNEL
    notes: list[fluid.Note] = []
    slots: list[tuple[str, int, int, float, float]] = []
    now = 0.1
    for pitch in GM_RENDERED:
        table = kitmaps.AVL_NOTES if job.melodic_bank else kitmaps.GM_NOTES
        code = table.get(pitch)
        if code is None:
            continue
        length = RENDER_LENGTH_S.get(code, 1.2)
        for velocity in (60, 127) if code == "OT" else VELOCITIES:
            notes.append(fluid.Note(now, now + length - 0.05, channel, pitch, velocity))
            slots.append((code, pitch, velocity, now, length))
            now += length + 0.3
    program = mido.Message("program_change", channel=channel, program=job.program)
    audio = fluid.render_notes(job.path, notes, [fluid.Control(0.0, program)], now)
    sounds = []
    for code, pitch, velocity, start, length in slots:
        begin = round((start - 0.02) * SAMPLE_RATE_HZ)
        end = round((start + length) * SAMPLE_RATE_HZ)
        sounds.append((code, str(pitch), float(velocity), audio[begin:end]))
    return sounds


def build_kit(job: KitJob, folder: Path) -> str:
    """Build the bank of a kit in ``folder / job.name``, unless it exists.

    Returns
    -------
    str
        The kit's name.
    """
    target = folder / job.name
    if "names" in _read(target):  # older banks have none
        return job.name
    read = {"hydrogen": _hydrogen, "oneshots": _oneshots, "soundfont": _soundfont}[
        job.kind
    ]
    rng = np.random.default_rng(
        int(hashlib.sha256(job.name.encode()).hexdigest()[:8], 16)
    )
    pieces: dict[str, dict[str, list[tuple[float, Samples]]]] = defaultdict(dict)
    seen: set[str] = set()
    for code, group, velocity, raw in read(job):
        samples = prepare(raw, code, rng)
        if samples is None or loudness(samples) < 1e-3:
            continue
        # Peak-normalised, equal sounds of different level are equal.
        mark = np.round(samples[40:2000:7] * 500).astype(np.int16).tobytes()
        digest = hashlib.sha256(code.encode() + mark).hexdigest()
        if digest not in seen:
            seen.add(digest)
            pieces[code].setdefault(group, []).append((velocity, samples))
    _write(target, job, pieces)
    return job.name


def _write(
    target: Path, job: KitJob, pieces: dict[str, dict[str, list[tuple[float, Samples]]]]
) -> None:
    partial = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    index: dict[str, list[list[tuple[int, int, float]]]] = {}
    for code, groups in pieces.items():
        chunks: list[Samples] = []
        index[code] = []
        at = 0
        for layers in groups.values():
            entries = []
            for velocity, samples in sorted(layers, key=lambda layer: layer[0]):
                entries.append((at, samples.size, velocity))
                chunks.append(samples)
                at += samples.size
            index[code].append(entries)
        whole = np.concatenate(chunks)
        np.save(partial / f"{code}.npy", np.round(whole * 32767).astype(np.int16))
    content = {
        "name": job.name,
        "kind": job.kind,
        "pieces": index,
        "names": {code: list(groups) for code, groups in pieces.items()},
    }
    text = json.dumps(content)
    (partial / "index.json").write_text(text, encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def read_index(folder: Path) -> dict[str, dict[str, int]]:
    """Return the built kits by name, with their drums and numbers of groups."""
    kits: dict[str, dict[str, int]] = {}
    for path in _indices(folder):
        pieces = _read(path.parent)["pieces"]
        kits[path.parent.name] = {code: len(groups) for code, groups in pieces.items()}
    return kits


def _indices(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/index.json"))


def _read(bank: Path) -> dict[str, Any]:
    """Return the index of a bank; an empty one if it was not built."""
    path = bank / "index.json"
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def read_names(folder: Path, code: str) -> dict[str, list[str]]:
    """Return the names of a drum's groups in each built kit that has it.

    Groups of soundfonts have the numbers of their notes.
    """
    kits = {path.parent.name: _read(path.parent) for path in _indices(folder)}
    return {
        name: content["names"][code]
        for name, content in kits.items()
        if code in content.get("names", {})
    }


def load_group(folder: Path, kit: str, code: str, group: int) -> list[Layer]:
    """Read the layers of one group of one drum, each scaled to loudness 0.1 (RMS)."""
    data = _read(folder / kit)
    whole = np.load(folder / kit / f"{code}.npy", mmap_mode="r", allow_pickle=False)
    layers = []
    for start, length, velocity in data["pieces"][code][group]:
        samples: Samples = whole[start : start + length].astype(np.float32)
        gain = np.float32(0.1 / max(1e-4, loudness(samples)))
        layers.append(Layer(velocity, samples * gain))
    return layers
