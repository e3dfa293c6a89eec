"""Learn to tell finer drums from what a network picks in renders.

The network is left as it is. Its picks in training clips, whose kinds are known, teach
one hidden layer a drum. How probable a kind must be to be said is chosen on the
validation clips, with kits and performances that were not trained on, so that
`PRECISION` of what is said is right. What is measured of either half of them is with
the choice of the other half.
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

#: Drum machines and presets of General MIDI: what they call a pedal hat often is an
#: open one. With them open hats are never reported.
MACHINES = re.compile(r"^drum_machine|_\d{3}$")

PRECISION = 0.85
#: With clips of few kits, precision may be had at too low a probability by chance: of
#: the other half of the clips, open hats were right in 0.79 without, 0.84 with this;
#: rides in 0.90 and 0.94, crashes in 0.61 and 0.70.
LEAST_SURE = 0.6
#: A kind that is said of fewer of its hits than this is not worth its name.
LEAST_RECALL = 0.05
CLIPS = 500
UNITS = 16
EPOCHS = 6
BATCH = 256
RATE = 2e-3
#: A tenth of it and a hundredth did no better on kits that were not trained on (the
#: mean logarithm of cymbals -0.92, -0.94 and -0.94), twice the units did worse (-0.98).
DECAY = 0.1
DROPOUT = 0.3


def fit_kinds(hits: FineDrumExamples, kinds: tuple[str, ...], seed: int) -> Kinds:
    """Train the layer of one drum (AdamW, cosine schedule).

    Parameters
    ----------
    hits
        Each with a true class.
    kinds
        Code of each class.
    seed
        Seed of the weights and the order.

    Returns
    -------
    Kinds
        That never says anything yet, see `calibrate`.
    """
    import torch

    torch.manual_seed(seed)
    mean = hits.features.mean(axis=0)
    scale = hits.features.std(axis=0) + np.float32(1e-3)
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


def calibrate(kinds: Kinds, hits: FineDrumExamples) -> Kinds:
    """Choose how probable each kind must be, so that `PRECISION` of it is right."""
    probable = kinds.probabilities(hits.features)
    best = probable.argmax(axis=1)
    surenesses = kinds.surenesses.copy()
    for k, code in enumerate(kinds.kinds):
        said = np.flatnonzero(best == k)
        said = said[np.argsort(-probable[said, k], kind="stable")]
        right = np.cumsum(hits.classes[said] == k)
        precise = np.flatnonzero(right >= PRECISION * np.arange(1, len(said) + 1))
        if code and len(precise):
            last = precise[-1]
            if right[last] >= LEAST_RECALL * np.sum(hits.classes == k):
                surenesses[k] = max(LEAST_SURE, probable[said[last], k])
    return replace(kinds, surenesses=surenesses)


def measure(trials: Sequence[tuple[Kinds, FineDrumExamples]]) -> dict[str, Any]:
    """How right what is said is, of hits whose coarse drum is right.

    Parameters
    ----------
    trials
        FineDrumExamples, and what was calibrated on others.

    Returns
    -------
    dict
        ``"right when it must say"``: the share of the most probable classes that are
        true; and of each kind its hits, the precision of what is said, and the recall.
    """
    said, best, true = [], [], []
    for kinds, hits in trials:
        probable = kinds.probabilities(hits.features)
        best.append(probable.argmax(axis=1))
        rows = np.arange(len(best[-1]))
        said.append(probable[rows, best[-1]] >= kinds.surenesses[best[-1]])
        true.append(hits.classes)
    sure, first, classes = map(np.concatenate, (said, best, true))
    result: dict[str, Any] = {
        "right when it must say": round(float(np.mean(first == classes)), 3)
    }
    for k, code in enumerate(trials[0][0].kinds):
        if code:
            told, own = sure & (first == k), classes == k
            right = int(np.sum(told & own))
            result[code] = {
                "hits": int(np.sum(own)),
                "precision": _share(right, int(np.sum(told))),
                "recall": _share(right, int(np.sum(own))),
            }
    return result


def try_out(
    kinds: Kinds, hits: FineDrumExamples, recorded: NDArray[np.bool_]
) -> dict[str, dict[str, Any]]:
    """Measure either half of the clips with what is calibrated on the other.

    Parameters
    ----------
    kinds
        As trained.
    hits
        Hits of clips that were not trained on.
    recorded
        Shape (hits,): whether the kit is a recorded one. Only these calibrate.

    Returns
    -------
    dict
        See `measure`: of ``"recorded kits"`` and of ``"all kits"``.
    """
    # Clips are used alone and in a song by turns: both halves have both.
    half = hits.clips // 2 % 2 == 0
    trials: dict[str, list[tuple[Kinds, FineDrumExamples]]] = {
        "recorded kits": [],
        "all kits": [],
    }
    for mine in (half, ~half):
        chosen = calibrate(kinds, hits.only(~mine & recorded))
        trials["recorded kits"].append((chosen, hits.only(mine & recorded)))
        trials["all kits"].append((chosen, hits.only(mine)))
    return {name: measure(some) for name, some in trials.items()}


def _is_recorded(labels: Path) -> bool:
    kit = json.loads(labels.read_text(encoding="utf-8")).get("kit", "")
    return MACHINES.search(kit.split("+")[0]) is None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def learn(
    renders: Sequence[Path],
    network: Network,
    *,
    seed: int = 0,
    clips: int = CLIPS,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[FineDrumModel, dict[str, Any]]:
    """Train, calibrate and measure.

    Parameters
    ----------
    renders
        Folders of `adt train render`.
    network
        Network whose picks are distinguished.
    seed
        The same seed and clips give the same result.
    clips
        Training clips to use, at most; all validation clips are used.
    progress
        Called with the fraction done.

    Returns
    -------
    finer
        Drums without a kind that can be distinguished surely are left out.
    measured
        By coarse drum, see `try_out`.

    Raises
    ------
    AdtError
        If there are too few clips.
    """
    paths = [path for folder in renders for path in find_clips(folder)]
    found = [(load_clip(path), path) for path in paths]
    training = [clip for clip, _ in found if clip.split == "train"]
    held_out = [clip for clip, _ in found if clip.split == "validation"]
    recorded = np.array(
        [_is_recorded(path) for clip, path in found if clip.split == "validation"]
    )
    if not training or len(held_out) < 2:
        raise AdtError(f"{renders[0]}: too few clips to learn from and to check with")
    order = np.random.default_rng(seed).permutation(len(training))[:clips]
    share = len(order) / (len(order) + len(held_out))
    taught = gather(
        [training[k] for k in order], network, seed, lambda x: progress(x * share)
    )
    checked = gather(
        held_out, network, seed + 1, lambda x: progress(share + x * (1 - share))
    )
    families, measured = {}, {}
    for drum, hits in taught.items():
        kinds = fit_kinds(hits.only(hits.classes >= 0), CLASSES[drum], seed)
        if drum not in checked:
            continue
        true = checked[drum].only(checked[drum].classes >= 0)
        measured[str(drum)] = try_out(kinds, true, recorded[true.clips])
        kinds = calibrate(kinds, true.only(recorded[true.clips]))
        if np.any(kinds.surenesses <= 1):
            families[drum] = kinds
    return FineDrumModel(network.card.outputs, families), measured


def table(measured: Mapping[str, Any]) -> str:
    """What `learn` measured, for people."""
    lines = ["drum  hits  precision  recall"]
    for drum, kits in measured.items():
        for title, values in kits.items():
            right = values["right when it must say"]
            lines.append(f"{drum}, {title}: {right:.3f} right when it must say")
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
