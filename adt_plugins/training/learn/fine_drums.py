"""Learns to distinguish finer drums from the picks of a network in renders.

The network stays as it is. Its picks in training clips, whose kinds are known, teach
one hidden layer a drum. The probability at which a kind is reported is chosen on the
validation clips, whose kits and performances were not trained on, so that `PRECISION`
of the reports are right. Each half of them is measured with the choice of the other
half.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.card import Attached, ModelCard
from adt_plugins.errors import AdtError
from adt_plugins.network.inference import Network
from adt_plugins.picking.fine_drums import FineDrumModel, Kinds, standardised
from adt_plugins.training.learn.clips import find_clips, load_clip
from adt_plugins.training.learn.fine_drum_examples import (
    CLASSES,
    FineDrumExamples,
    gather,
)

Floats = NDArray[np.float32]

MACHINES = re.compile(r"^drum_machine|_\d{3}$|Electr|TR808|^rumpf")
"""Drum machines and presets of General MIDI: their pedal hat often is an open one. With
them, open hats would never be reported."""

PRECISION = 0.85
LEAST_SURE = 0.6
"""With clips of few kits, the precision may be reached at too low a probability by
chance (experiment 7 of "Finer drums")."""
LEAST_RECALL = 0.05
"""A kind with a lower recall is not reported at all."""
CLIPS = 500
UNITS = 16
EPOCHS = 12
BATCH = 256
RATE = 2e-3
DECAY = 0.1
"""Less decay is no better, and twice the units are worse (experiment 3 of "Finer
drums")."""
DROPOUT = 0.3
HALF = np.float32(0.5)

ACCURACY = "right if the most probable kind is always reported"
"""Name of a figure of `measure`."""


def fit_kinds(
    hits: FineDrumExamples,
    kinds: tuple[str, ...],
    seed: int,
    earlier: Kinds | None = None,
) -> Kinds:
    """Train the layer of one drum (AdamW, cosine schedule).

    Parameters
    ----------
    hits
        Hits, each with a true class.
    kinds
        Codes of the classes.
    seed
        Seed of the weights and the order.
    earlier
        Kinds whose mean with these is wanted: its features' mean and scale are used.

    Returns
    -------
    Kinds
        Weights that do not report any kind yet, see `calibrate`.
    """
    import torch

    torch.manual_seed(seed)
    if earlier is None:
        mean = hits.features.mean(axis=0)
        scale = hits.features.std(axis=0) + np.float32(1e-3)
    else:
        mean, scale = earlier.mean, earlier.scale
    inputs = torch.from_numpy(standardised(hits.features, mean, scale))
    classes = torch.from_numpy(hits.classes)
    hidden = torch.nn.Linear(inputs.shape[1], UNITS)
    output = torch.nn.Linear(UNITS, len(kinds))
    layers = torch.nn.Sequential(
        hidden, torch.nn.Tanh(), torch.nn.Dropout(DROPOUT), output
    )
    for layer in (hidden, output):
        torch.nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
        torch.nn.init.zeros_(layer.bias)
    weights = {"params": [hidden.weight, output.weight], "weight_decay": 10 * DECAY}
    biases = {"params": [hidden.bias, output.bias], "weight_decay": 0.0}
    optimiser = torch.optim.AdamW([weights, biases], lr=RATE)
    batches = max(1, len(inputs) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS * batches)
    for _ in range(EPOCHS):
        order = torch.randperm(len(inputs))
        for k in range(batches):
            rows = order[k * BATCH : (k + 1) * BATCH]
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(
                layers(inputs[rows]), classes[rows]
            )
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    never = np.full(len(kinds), 2, np.float32)
    learnt = (hidden.weight.T, hidden.bias, output.weight.T, output.bias)
    arrays = [np.ascontiguousarray(x.detach().numpy()) for x in learnt]
    return Kinds(kinds, never, mean, scale, *arrays)


def mean_of(one: Kinds, other: Kinds) -> Kinds:
    """Return the mean, in log odds, of two that standardise features alike."""
    return replace(
        one,
        hidden=np.concatenate((one.hidden, other.hidden), axis=1),
        hidden_bias=np.concatenate((one.hidden_bias, other.hidden_bias)),
        output=np.concatenate((one.output, other.output)) * HALF,
        output_bias=(one.output_bias + other.output_bias) * HALF,
    )


def calibrate(kinds: Kinds, hits: FineDrumExamples) -> Kinds:
    """Choose the least probability of each kind that gives `PRECISION`."""
    probable, classes = _known(kinds, hits)
    best = probable.argmax(axis=1)
    surenesses = kinds.surenesses.copy()
    for k, code in enumerate(kinds.kinds):
        rows = np.flatnonzero(best == k)
        rows = rows[np.argsort(-probable[rows, k], kind="stable")]
        right = np.cumsum(classes[rows] == k)
        precise = np.flatnonzero(right >= PRECISION * np.arange(1, len(rows) + 1))
        if code and len(precise):
            last = precise[-1]
            if right[last] >= LEAST_RECALL * np.sum(classes == k):
                surenesses[k] = max(LEAST_SURE, probable[rows[last], k])
    return replace(kinds, surenesses=surenesses)


def _known(kinds: Kinds, hits: FineDrumExamples) -> tuple[Floats, NDArray[np.int64]]:
    """Return probabilities and classes of the hits whose coarse drum is right."""
    known = hits.classes >= 0
    return hits.probabilities(kinds)[known], hits.classes[known]


def measure(trials: Sequence[tuple[Kinds, FineDrumExamples]]) -> dict[str, Any]:
    """Return the precision and recall of kinds, for hits whose coarse drum is right.

    Parameters
    ----------
    trials
        Examples, and kinds that were calibrated on others.

    Returns
    -------
    dict
        `ACCURACY`: the share of hits whose most probable class is
        true; and for each kind its hits, precision and recall.
    """
    reported, best, true = [], [], []
    for kinds, hits in trials:
        probable, classes = _known(kinds, hits)
        best.append(probable.argmax(axis=1))
        rows = np.arange(len(best[-1]))
        reported.append(probable[rows, best[-1]] >= kinds.surenesses[best[-1]])
        true.append(classes)
    is_reported, first, classes = map(np.concatenate, (reported, best, true))
    result: dict[str, Any] = {ACCURACY: round(float(np.mean(first == classes)), 3)}
    for k, code in enumerate(trials[0][0].kinds):
        if code:
            claimed, is_kind = is_reported & (first == k), classes == k
            right = int(np.sum(claimed & is_kind))
            result[code] = {
                "hits": int(np.sum(is_kind)),
                "precision": _share(right, int(np.sum(claimed))),
                "recall": _share(right, int(np.sum(is_kind))),
            }
    return result


def try_out(
    kinds: Kinds, hits: FineDrumExamples, recorded: NDArray[np.bool_]
) -> dict[str, dict[str, Any]]:
    """Measure each half of the clips with the calibration of the other.

    Parameters
    ----------
    kinds
        Trained kinds.
    hits
        Hits of clips that were not trained on.
    recorded
        Whether the kit is a recorded one, shape (hits,). Only these calibrate.

    Returns
    -------
    dict
        See `measure`, for ``"recorded kits"`` and ``"all kits"``.
    """
    # Clips alternate between drums alone and songs: both halves have both.
    half = hits.clips // 2 % 2 == 0
    trials: dict[str, list[tuple[Kinds, FineDrumExamples]]] = {
        "recorded kits": [],
        "all kits": [],
    }
    for part in (half, ~half):
        chosen = calibrate(kinds, hits.only(~part & recorded))
        trials["recorded kits"].append((chosen, hits.only(part & recorded)))
        trials["all kits"].append((chosen, hits.only(part)))
    return {name: measure(pairs) for name, pairs in trials.items()}


def _is_recorded(labels: Path) -> bool:
    kit = json.loads(labels.read_text(encoding="utf-8")).get("kit", "")
    return not any(MACHINES.search(name) for name in kit.split("+"))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def learn(
    renders: Sequence[Path],
    network: Network,
    *,
    seed: int = 0,
    clips: int = CLIPS,
    earlier: FineDrumModel | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[FineDrumModel, dict[str, Any]]:
    """Train the kinds of each coarse drum, calibrate and measure them.

    Parameters
    ----------
    renders
        Folders of `adt train render`.
    network
        Network whose picks are distinguished.
    seed
        Seed; the same one with the same clips gives the same result.
    clips
        Most training clips; all validation clips are used.
    earlier
        A model for the same network whose mean with what is learnt is wanted.
    progress
        Function that is called with the fraction done.

    Returns
    -------
    finer
        The model, without drums whose kinds cannot be distinguished.
    measured
        Figures of each coarse drum, see `try_out`.

    Raises
    ------
    AdtError
        If there are too few clips.
    """
    paths = [path for folder in renders for path in find_clips(folder)]
    loaded = [(load_clip(path), path) for path in paths]
    taught = [(clip, path) for clip, path in loaded if clip.split == "train"]
    # Fonts and machines mislead (experiment 6), but may be all there is.
    training = [clip for clip, path in taught if _is_recorded(path)]
    training = training or [clip for clip, _ in taught]
    held_out = [clip for clip, _ in loaded if clip.split == "validation"]
    recorded = np.array(
        [_is_recorded(path) for clip, path in loaded if clip.split == "validation"]
    )
    if not training or len(held_out) < 2:
        raise AdtError(f"{renders[0]}: too few clips for training and validation")
    order = np.random.default_rng(seed).permutation(len(training))[:clips]
    share = len(order) / (len(order) + len(held_out))
    training_hits = gather(
        [training[k] for k in order], network, seed, lambda x: progress(x * share)
    )
    held_out_hits = gather(
        held_out, network, seed + 1, lambda x: progress(share + x * (1 - share))
    )
    families, measured = {}, {}
    for drum, hits in training_hits.items():
        if drum not in held_out_hits:
            continue
        before = None if earlier is None else earlier.families.get(drum)
        known = hits.only(hits.classes >= 0)
        kinds = fit_kinds(known, CLASSES[drum], seed, before)
        if before is not None:
            kinds = mean_of(before, kinds)
        true = held_out_hits[drum]
        measured[str(drum)] = try_out(kinds, true, recorded[true.clips])
        kinds = calibrate(kinds, true.only(recorded[true.clips]))
        if np.any(kinds.surenesses <= 1):
            families[drum] = kinds
    return FineDrumModel(network.card.outputs, families), measured


def table(measured: Mapping[str, Any]) -> str:
    """Return the figures of `learn` as text."""
    lines = ["drum  hits  precision  recall"]
    for drum, kits in measured.items():
        for title, values in kits.items():
            right = values[ACCURACY]
            lines.append(f"{drum}, {title}: {right:.3f} {ACCURACY}")
            for name, value in values.items():
                if isinstance(value, dict):
                    shares = (value["precision"], value["recall"])
                    texts = ["-" if x is None else f"{x:.3f}" for x in shares]
                    lines.append(
                        f"{name:4}{value['hits']:6}{texts[0]:>11}{texts[1]:>8}"
                    )
    return "\n".join(lines)


def attach(
    card: ModelCard, finer: FineDrumModel, measured: dict[str, Any]
) -> ModelCard:
    """Write ``NAME.finer.npz`` beside a card, and name it in the card."""
    from adt_plugins.base.files import write_files

    if card.path is None:
        raise AdtError(f"{card.name}: the card was not read from a file")
    content = finer.to_bytes()
    name = f"{card.path.stem}.finer.npz"
    card = replace(
        card,
        finer=Attached(name, hashlib.sha256(content).hexdigest()),
        measured={**card.measured, "finer drums, held-out renders": measured},
    )
    assert card.path is not None
    files = {card.path.parent / name: content, card.path: card.to_json().encode()}
    write_files(files, overwrite=True)
    return card
