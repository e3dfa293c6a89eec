"""Python's results, for the tests of the engine's parts that need no browser."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.card import FrontEnd, Geometry, LevelRule, ModelCard, Picker, SongGate
from adt_plugins.features.band_levels import RANGES_HZ, BandLevels
from adt_plugins.features.spectrogram import LevelFollower, filterbank
from adt_plugins.network.brnn_sa.graph import build_brnn_sa
from adt_plugins.network.numpy_backend.layers import NumpyLayers
from adt_plugins.network.numpy_backend.tflite_file import read_tflite
from adt_plugins.picking.beginnings import Beginnings
from adt_plugins.picking.fine_drums import BroadBands, Kinds, agreeing, describe
from adt_plugins.picking.onsets import drum_peaks, onset_times, pick_hits, pick_onsets
from adt_plugins.picking.recurrence import weigh
from adt_plugins.picking.song_gate import decide, regularity
from adt_plugins.web_page import network_parts
from tests.support.graphs import brnn_sa

DRUMS = ("KD", "SD", "CHH", "OHH", "CY")
OUTPUTS = ("KD", "SD", "SST", "HH", "TT", "CY", "OT", "beat", "downbeat")
CASES = 60
LOUDEST_DB = 40.0
FRONT_ENDS = (
    FrontEnd(),
    FrontEnd(bands_per_octave=24, fmin=30.0, fmax=17000.0),
    FrontEnd(bands_per_octave=3, fmin=100.0, fmax=9000.0),
)

Matrix = Callable[[int, int, int], NDArray[np.float32]]
Bits = Callable[[list[float]], str]


def fixtures(matrix: Matrix, bits: Bits) -> dict[str, Any]:
    """Hits with the gate and velocities; filters; gains; finer drums."""
    return {
        "hits": list(_hits(matrix, bits)),
        "filters": [_filters(front_end) for front_end in FRONT_ENDS],
        "gains": _gains(matrix),
        "regularity": list(_regularity()),
        "sounding": list(_sounding()),
        "networks": list(_networks(matrix)),
        "broad": _broad_bands(matrix),
        "finer": list(_finer(matrix)),
    }


def _hits(matrix: Matrix, bits: Bits) -> Iterator[dict[str, Any]]:
    """Return activations and levels with their hits; TypeScript makes both alike."""
    chance = random.Random(8)

    def some(low: float, high: float) -> dict[str, float]:
        return {drum: round(chance.uniform(low, high), 2) for drum in DRUMS}

    for seed in range(1, CASES + 1):
        frames = chance.choice((1, 2, 7, 150, 900, 2600))
        card = ModelCard(
            "", "", "", (*DRUMS, "beat"), FrontEnd(), Geometry(1, 0, 1),
            chance.choice((Picker(), Picker("adtlib"), Picker(combine=0.1))),
            some(0.3, 0.6),
            gate=SongGate(
                round(chance.uniform(0.5, 1.0), 2),
                some(0.7, 1.0),
                some(0.5, 1.0),
                some(0.5, 1.0),
            ),
            delay=chance.choice((0.0, 0.0125, -0.01)),
        )  # fmt: skip
        activations = Activations(matrix(seed, frames, 6), card.outputs, 100.0)
        levels = LOUDEST_DB * matrix(seed + 1000, frames, len(DRUMS))
        other = matrix(seed + 2000, frames, 6) / 2
        weighed = replace(activations, values=np.maximum(activations.values, other))
        peaks = drum_peaks(weighed, card)
        sounding = frames * chance.choice((0.01, 2e-3))
        raised = decide(activations, card, peaks=peaks, sounding=sounding).raised
        hits = pick_hits(weighed, card, thresholds=raised)
        onsets = pick_onsets(weighed, card, thresholds=raised, levels=levels)
        rows = []
        for lane, picked in enumerate(hits):
            own = [onset for onset in onsets if onset.drum is picked.drum]
            times = onset_times(picked.positions, activations, card.delay)
            for frame, time in zip(picked.frames.tolist(), times.tolist(), strict=True):
                onset = own.pop(0)
                assert onset.time == time
                rows.append([lane, frame, time, onset.velocity, onset.confidence])
        yield {
            "seed": seed,
            "frames": frames,
            "sounding": sounding,
            "card": asdict(card),
            "thresholds": {**card.thresholds, **raised},
            "known": bits([value for row in rows for value in row]),
        }


def _regularity() -> Iterator[dict[str, Any]]:
    """Return drums that play more or less in time, at two frame rates."""
    chance = np.random.default_rng(9)
    for number in range(CASES):
        rate, count = (100.0, 62.5)[number % 2], int(chance.integers(300, 6000))
        frames = []
        for beat in chance.integers(12, 70, 3):
            grid = np.arange(chance.integers(beat), count, beat)
            kept = grid[chance.random(len(grid)) < chance.uniform(0.2, 1.0)]
            late = chance.normal(0, chance.uniform(0, 6), len(kept)).round()
            frames.append(np.unique(np.clip(kept + late, 0, count - 1).astype(int)))
        yield {
            "frames": [some.tolist() for some in frames],
            "count": count,
            "rate": rate,
            "regularity": regularity(frames, count, rate),
        }


def _sounding() -> Iterator[dict[str, Any]]:
    """Return how long there is sound in seconds of constant samples."""
    chance = random.Random(10)
    front_end = FrontEnd()
    for _ in range(CASES):
        values = chance.choices((0.7, 0.05, 0.008, 0.006, 0.001, 0.0), k=7)
        last = chance.randrange(1, front_end.sample_rate)
        counts = [front_end.sample_rate] * 6 + [last]
        beginnings = Beginnings(front_end)
        beginnings.add(np.repeat(np.array(values, np.float32), counts))
        beginnings.finish()
        seconds = beginnings.sounding()
        yield {"values": values, "last": last, "seconds": seconds}


def _filters(front_end: FrontEnd) -> dict[str, Any]:
    weights = filterbank(front_end)
    drums = list(RANGES_HZ)
    seen = BandLevels(front_end, drums)._weights.T > 0
    return {
        "front_end": asdict(front_end),
        "drums": [drum.value for drum in drums],
        "ranges": [
            [int(bands[0]), int(bands[-1]) + 1] if len(bands) else [-1, 0]
            for bands in map(np.flatnonzero, seen)
        ],
        "starts": [int(np.flatnonzero(column)[0]) for column in weights.T],
        "weights": [column[column > 0].tolist() for column in weights.T],
    }


def _gains(matrix: Matrix) -> dict[str, Any]:
    """Loud, then silent, then soft."""
    rule = LevelRule(4.0, 20.0, 0.01)
    magnitudes = matrix(5, 96, 12)
    magnitudes[32:64] = 0
    magnitudes[64:] *= np.float32(0.25)
    follower = LevelFollower(rule, FrontEnd())
    gains = [follower.gains(magnitudes[k : k + 32], 32)[:, 0] for k in (0, 32, 64)]
    return {
        "rule": asdict(rule),
        "front_end": asdict(FrontEnd()),
        "gains": np.concatenate(gains).tolist(),
    }


def _networks(matrix: Matrix) -> Iterator[dict[str, Any]]:
    """Return small networks, with and without integers, and what they answer."""
    geometry = Geometry(core=64, context=16, batch=4)
    for seed, rises, quantise in ((1, True, True), (2, False, False)):
        weights = brnn_sa(seed, bands=16, difference=rises, rank=8)
        content = build_brnn_sa(weights, geometry, quantise=quantise)
        count = 700
        chunks = -(-count // geometry.core)
        frames = 4 * matrix(seed, count, 16)
        after = chunks * geometry.core - count + geometry.context
        padded = np.pad(frames, ((geometry.context, after), (0, 0)))
        windows = sliding_window_view(padded, geometry.frames, axis=0)
        windows = windows[:: geometry.core].transpose(2, 0, 1)
        answer = NumpyLayers(read_tflite(content), geometry).run(windows)
        activations = answer.transpose(1, 0, 2).reshape(-1, answer.shape[2])[:count]
        yield {
            "seed": seed,
            "geometry": asdict(geometry),
            "network": network_parts(content),
            "activations": activations.tolist(),
        }


def _broad_bands(matrix: Matrix) -> dict[str, Any]:
    """Levels of noise in broad bands."""
    bands = BroadBands(FrontEnd())
    values = matrix(11, 40, filterbank(FrontEnd()).shape[1])
    bands.add(values[:16])
    bands.add(values[16:])
    return {"front_end": asdict(FrontEnd()), "levels": bands.values().tolist()}


def _finer(matrix: Matrix) -> Iterator[dict[str, Any]]:
    """Return kinds of hits by random networks, which TypeScript makes as well."""
    chance = random.Random(12)
    for seed in range(1, 21):
        frames, outputs = chance.choice((1, 60, 900, 2600)), chance.choice((1, 9))
        rate = chance.choice((100.0, 62.5))
        count = min(frames, chance.choice((1, 2, 40, 200)))
        hits = sorted(chance.sample(range(frames), count))
        bands = (255 * matrix(seed, frames, 12)).astype(np.uint8)
        activations = matrix(seed + 1000, frames, outputs)
        features = describe(np.array(hits), bands, activations, rate)
        beats = [Beat(0.1 + 0.4 * n, n % 4 + 1) for n in range(chance.choice((0, 40)))]
        card = ModelCard(
            "", "", "", OUTPUTS[:outputs], FrontEnd(), Geometry(1, 0, 1),
            Picker(), {"KD": 0.3},
        )  # fmt: skip
        _, bars = weigh(Activations(activations, card.outputs, rate), beats, card)
        width = features.shape[1]
        surenesses = [round(chance.uniform(0.3, 0.6), 2), 0.0, 1.5]
        kinds = Kinds(
            ("OHH", "", "CHH"),
            np.array(surenesses, np.float32),
            matrix(seed + 2000, width, 1)[:, 0],
            matrix(seed + 3000, width, 1)[:, 0] + np.float32(0.5),
            matrix(seed + 4000, width, 5) - np.float32(0.3),
            np.zeros(5, np.float32),
            (matrix(seed + 5000, 5, 3) - np.float32(0.3)) / 4,
            np.array([0.1, 0.0, -0.1], np.float32),
        )
        own = kinds.probabilities(features)
        agreed = own if bars is None else agreeing(own, np.array(hits), bars)
        yield {
            "seed": seed,
            "frames": frames,
            "outputs": outputs,
            "rate": rate,
            "beats": [[beat.time, beat.position] for beat in beats],
            "hits": hits,
            "surenesses": surenesses,
            "features": [width, float(np.abs(features).sum(dtype=np.float64))],
            "alone": [kind or "" for kind in kinds.classify(own)],
            "kinds": [kind or "" for kind in kinds.classify(agreed)],
        }
