"""Learns the parameters of `adt_plugins.separation` from one-shots and renders.

The mask's networks learn from mixes of rendered drums and accompaniments, by the
squared error of the masked spectra: the first ones from short mixes, and the second
ones, which know the mask of the first, from longer ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adt_plugins.base.arrays import archived
from adt_plugins.base.files import check_free, write_files
from adt_plugins.base.progress import Progress
from adt_plugins.errors import AdtError
from adt_plugins.separation.features import DRUMS_BESIDE, FEATURES
from adt_plugins.separation.frames import Floats
from adt_plugins.separation.learnt import FIRST, LAYERS, SECOND, Learnt
from adt_plugins.separation.masks import (
    MOST_LOUDER,
    mean_odds,
    odds_of_features,
    sigmoid,
)
from adt_plugins.training.learn.clips import find_clips, load_clip
from adt_plugins.training.learn.configuration import MATERIAL
from adt_plugins.training.learn.general_templates import general_templates, listed
from adt_plugins.training.learn.real_sounds import RealSound, find_real
from adt_plugins.training.learn.separation_examples import (
    LONGER,
    ExampleFolder,
    MaskExamples,
    MixSettings,
)

if TYPE_CHECKING:
    import torch

_MEASURED = "power of the error beside that of the drums, held-out mixes, dB"
_MOST_WEIGHT = 50.0
# Weight of a mix relative to the median one; its inverse is the least.
_MOST_IMPORTANT = 8.0
_EXAMPLES_SHARE = 0.9  # of the work


@dataclass(frozen=True)
class MaskSettings:
    """Settings of learning the mask.

    Parameters
    ----------
    mixes
        Number of mixes of each length; a tenth, from clips of the validation split, is
        held out.
    networks, units
        Number of networks of each stage, whose mean is the mask, and units of their two
        hidden layers.
    epochs, batch, rate
        Passes over all bins, bins in a step, highest learning rate.
    examples, longer
        Settings of the mixes that the first and the second networks learn from.
    """

    mixes: int = 220
    networks: int = 2
    units: tuple[int, int] = (80, 40)
    epochs: int = 8
    batch: int = 8192
    rate: float = 4e-3
    examples: MixSettings = field(default_factory=MixSettings)
    longer: MixSettings = LONGER


def learn_separation(
    renders: Path,
    data: Path,
    out: Path,
    *,
    settings: MaskSettings | None = None,
    overwrite: bool = False,
    progress: Progress = lambda _: None,
) -> Path:
    """Learn templates and mask, and write ``learnt.npz`` and its card ``learnt.json``.

    Parameters
    ----------
    renders
        Folder of `adt train render`.
    data
        Folder with ``oneshots``.
    out
        Folder of the results; ``mixes`` in it keeps the examples, so that a stopped run
        can continue.
    settings
        Settings; the same ones with the same material give the same file.
    overwrite
        Whether to replace files that are not ours.
    progress
        Function that is called with the fraction done.

    Returns
    -------
    Path
        ``learnt.npz``, for `adt_plugins.separate`.

    Raises
    ------
    AdtError
        If there are no one-shots of a drum or no clips, or a file is in the way.
    """
    settings = settings or MaskSettings()
    archive, card = out / "learnt.npz", out / "learnt.json"
    check_free([archive, card], overwrite=overwrite)
    learnt = general_templates(data / "oneshots")
    measured: dict[str, Any] = {}
    for number, (stage, name) in enumerate(((FIRST, "first"), (SECOND, "second"))):
        report = partial(_report_part, progress, number / 2, 1 / 2)
        gathering = partial(_report_part, report, 0, _EXAMPLES_SHARE)
        mixing = settings.examples if stage == FIRST else settings.longer
        open_folder = partial(ExampleFolder, out / "mixes", learnt, mixing)
        mixes = _gathered(renders, open_folder, settings.mixes, gathering)
        fitting = partial(_report_part, report, _EXAMPLES_SHARE, 1 - _EXAMPLES_SHARE)
        weights = fit_networks(mixes["train"], settings, fitting)
        learnt = {**learnt, **{stage + key: own for key, own in weights.items()}}
        measured[f"{name} networks"] = {
            "mixes learnt from": len(mixes["train"]),
            "mixes held out": len(mixes["validation"]),
            _MEASURED: held_out_error(mixes["validation"], learnt),
        }
    content = archived(learnt)
    about = {
        "file": archive.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "BSD-3-Clause",
        "training": material(data / "oneshots"),
        "measured": measured,
    }
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    write_files({archive: content, card: text.encode()}, overwrite=overwrite)
    return archive


def _gathered(
    renders: Path,
    open_folder: Callable[[list[RealSound]], ExampleFolder],
    count: int,
    progress: Progress,
) -> dict[str, list[MaskExamples]]:
    """Make the mixes of each split, or read them from a folder."""
    held_out = max(1, count // 10)
    counts = {"train": max(1, count - held_out), "validation": held_out}
    clips = [load_clip(path) for path in find_clips(renders)]
    mixes: dict[str, list[MaskExamples]] = {}
    done = 0
    for split, wanted in counts.items():
        members = [clip for clip in clips if clip.split == split]
        real = find_real(renders, split)
        if not any(sound.kind == "music" for sound in real):
            members = [clip for clip in members if clip.accompaniment is not None]
        if not members:
            raise AdtError(f"{renders}: no {split} clips with accompaniment")
        examples = open_folder(real)
        mixes[split] = []
        for mix in examples.draw(members, wanted):
            mixes[split].append(mix)
            done += 1
            progress(done / sum(counts.values()))
        if not mixes[split]:
            raise AdtError(f"{renders}: no {split} clips with enough hits")
    return mixes


def material(oneshots: Path) -> dict[str, Any]:
    """Return the material, for the card: renders, one-shots and real sounds."""
    sources = {f"{row['source']}, {row['licence']}" for row in listed(oneshots)}
    return {
        "performances": MATERIAL["performances"],
        "sounds": MATERIAL["sounds"],
        "real sounds": MATERIAL["real sounds"],
        "one-shots of the templates": sorted(sources),
        "note": "No recording of a song with its drums was used. The hits of most mixes"
        " are those that the model `drums` finds.",
    }


def fit_networks(
    mixes: Sequence[MaskExamples], settings: MaskSettings, progress: Progress
) -> dict[str, Floats]:
    """Train the mask's networks, which differ in their initial weights.

    Returns
    -------
    dict
        ``weights.1`` to ``bias.3``, see `adt_plugins.separation.learnt.Learnt`.
    """
    count = settings.networks
    fitted: list[dict[str, Floats]] = []
    for number in range(count):
        seed = settings.examples.seed + number
        report = partial(_report_part, progress, number / count, 1 / count)
        fitted.append(_fit_network(mixes, settings, seed, report))
    return {name: np.stack([one[name] for one in fitted]) for name in fitted[0]}


def _report_part(progress: Progress, begin: float, share: float, part: float) -> None:
    progress(begin + share * part)


def _fit_network(
    mixes: Sequence[MaskExamples],
    settings: MaskSettings,
    seed: int,
    progress: Progress,
) -> dict[str, Floats]:
    """Train a network (Adam, one cycle), and return it for unscaled features."""
    import torch

    torch.manual_seed(seed)
    inputs, masks, weights = (
        np.concatenate([getattr(mix, part) for mix in mixes]).astype(np.float32)
        for part in ("features", "masks", "weights")
    )
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + np.float32(1e-3)
    most = torch.from_numpy(_ceiling(inputs))
    rows = torch.from_numpy((inputs - mean) / scale)
    wanted = torch.from_numpy(masks)
    weighed = torch.from_numpy(np.minimum(weights, np.float32(_MOST_WEIGHT)))
    mix_of = torch.from_numpy(
        np.repeat(np.arange(len(mixes)), [len(mix.masks) for mix in mixes])
    )
    importance = torch.ones(len(mixes))
    sizes = (inputs.shape[1], *settings.units, 1)
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
    first, second, last = layers
    network = torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.ReLU(), last)
    batch = min(settings.batch, len(rows))
    steps = len(rows) // batch
    optimiser = torch.optim.Adam(network.parameters(), settings.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.rate, total_steps=settings.epochs * steps + 1
    )
    for epoch in range(settings.epochs):
        order = torch.randperm(len(rows))
        errors = torch.zeros(len(mixes))
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            mask = torch.sigmoid(network(rows[chosen]))[:, 0] * most[chosen]
            error = weighed[chosen] * (mask - wanted[chosen]) ** 2
            errors.index_add_(0, mix_of[chosen], error.detach())
            loss = (importance[mix_of[chosen]] * error).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
        importance = _importance(errors)
        progress((epoch + 1) / settings.epochs)
    return _merged(layers, mean, scale)


def _merged(
    layers: Sequence[torch.nn.Linear], mean: Floats, scale: Floats
) -> dict[str, Floats]:
    """Return the weights of layers, with the features' scale merged into the first."""
    arrays: dict[str, Floats] = {}
    for name, layer in zip(LAYERS, layers, strict=True):
        arrays[f"weights.{name}"] = layer.weight.detach().numpy().T.copy()
        arrays[f"bias.{name}"] = layer.bias.detach().numpy().copy()
    arrays["weights.1"] = arrays["weights.1"] / scale[:, None]
    arrays["bias.1"] = arrays["bias.1"] - mean @ arrays["weights.1"]
    return arrays


def _importance(errors: torch.Tensor) -> torch.Tensor:
    """Return the weight of each mix in the next epoch, so that decibels count.

    The gradient of the mean logarithm of errors is that of the errors, each divided by
    itself; otherwise the mixes that cannot be separated would count most.
    """
    relative = errors / errors.median().clamp(min=1e-12)
    weights = 1 / relative.clamp(1 / _MOST_IMPORTANT, _MOST_IMPORTANT)
    return weights / weights.mean()


def held_out_error(mixes: Sequence[MaskExamples], learnt: Learnt) -> float:
    """Return the mean power of the masked spectra's error beside the drums, in dB."""
    errors = []
    for mix in mixes:
        features = mix.features.astype(np.float32).T
        odds = odds_of_features(features[:FEATURES], learnt, FIRST)
        if len(features) > FEATURES:
            odds = mean_odds(odds, odds_of_features(features, learnt, SECOND))
        mask = sigmoid(odds) * _ceiling(features.T)
        error = np.mean(mix.weights * (mask - mix.masks) ** 2)
        errors.append(10 * np.log10(error / np.mean(mix.weights * mix.masks**2)))
    return round(float(np.mean(errors)), 2)


def _ceiling(features: Floats) -> Floats:
    """Return the upper limit that `adt_plugins.separation.masks.drum_mask` sets."""
    beside = np.exp(features[:, DRUMS_BESIDE])
    return np.asarray(np.minimum(MOST_LOUDER * beside, 1), np.float32)
