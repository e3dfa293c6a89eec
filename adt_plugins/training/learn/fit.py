"""Trains the network on rendered clips: seeded, resumable, with progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset
from tqdm.auto import tqdm

from adt_plugins.base.drafts import whole_file
from adt_plugins.card import FrontEnd, Geometry, LevelRule
from adt_plugins.training.learn.clips import (
    SONGS,
    Clip,
    find_clips,
    find_voices,
    load_clip,
)
from adt_plugins.training.learn.descent import cosine_rate, descend
from adt_plugins.training.learn.export import load_model
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.model import BrnnSa, Sizes
from adt_plugins.training.learn.real_sounds import find_real
from adt_plugins.training.learn.targets import OUTPUTS
from adt_plugins.training.learn.validate import Validation

POSITIVE_WEIGHTS = {
    "KD": 1.5,
    "SD": 1.6,
    "SST": 2.5,
    "HH": 1.5,
    "TT": 3.5,
    "CY": 2.5,
    "OT": 2.0,
    "beat": 1.5,
    "downbeat": 3.0,
}
"""Weight of a hit relative to a silent frame; larger for rarer drums."""

OUTPUT_WEIGHTS = {"OT": 0.5, "beat": 0.3, "downbeat": 0.3}
"""Weight of each output in the loss."""

CONTEXT_WEIGHT = 0.3
"""Weight of context frames in the loss: they are discarded at run time."""

DRUMLESS = 0.12
"""Share of examples without drums; without any, the network took every syllable of
speech for a snare."""

REAL = 0.5
"""Share of examples with real voices, guitars or music."""


@dataclass(frozen=True)
class Settings:
    """Settings that determine a run.

    Parameters
    ----------
    steps, batch, rate
        Optimiser steps, examples a step, and the highest learning rate.
    weight_decay, dropout
        Regularisation: AdamW's decay, and the share of units that are dropped.
    seed
        Seed of weights and examples.
    average
        Decay of the moving average of the weights that is exported.
    consistency
        Weight of the difference between two cuts of the same example on different
        chunk grids.
    consistency_share
        Share of the steps, the last ones, in which that difference counts.
    margin
        Context that a frame needs on both sides to count there, in frames; at least
        that of the geometry.
    validate_every
        Steps between two validations, each with a checkpoint.
    workers
        Processes that mix examples.
    """

    steps: int = 2900
    batch: int = 48
    rate: float = 2e-3
    weight_decay: float = 1e-3
    dropout: float = 0.2
    seed: int = 0
    average: float = 0.997
    consistency: float = 20.0
    consistency_share: float = 0.31
    margin: int = 0
    validate_every: int = 250
    workers: int = 2


def late_step(settings: Settings) -> int:
    """Return the first step of the last phase, with examples on two chunk grids."""
    return round(settings.steps * (1 - settings.consistency_share))


class Batches(IterableDataset[dict[str, Tensor]]):
    """Yields batches of new mixes without end, from all clips finished so far."""

    def __init__(
        self,
        renders: Path,
        mixer: tuple[FrontEnd, LevelRule],
        settings: Settings,
        geometry: Geometry,
        first_step: int,
    ) -> None:
        self.renders = renders
        self.mixer = mixer
        self.settings = settings
        self.frames = geometry.frames
        self.slack = geometry.core // 2
        self.first_step = first_step
        # Only examples that run twice need to be longer than a chunk.
        self.late = late_step(settings)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        # Many small products, which took nine times as long with two BLAS threads.
        threadpoolctl.threadpool_limits(1)
        worker = torch.utils.data.get_worker_info()
        number = worker.id if worker else 0
        voices = find_voices(self.renders, "train")
        real = find_real(self.renders, "train")
        recipe = Recipe(drumless=DRUMLESS, real=REAL if real else 0.0)
        mixer = Mixer(*self.mixer, voices, recipe, real)
        rng = np.random.default_rng([self.settings.seed, self.first_step, number])
        clips: list[Clip] = []
        count = 0
        while True:
            if count % 200 == 0:
                folders = (self.renders, self.renders / SONGS)
                paths = [path for folder in folders for path in find_clips(folder)]
                clips = [load_clip(path) for path in paths]
                clips = [clip for clip in clips if clip.split == "train"]
            step = self.first_step + count * (worker.num_workers if worker else 1)
            frames, size = self.frames, self.settings.batch
            if step >= self.late:  # half as many, each run twice
                frames, size = frames + self.slack, size // 2
            count += 1
            chosen = rng.integers(len(clips), size=size)
            examples = [mixer.example(clips[i], frames, rng) for i in chosen]
            yield {
                "frames": _stack([e.frames for e in examples]),
                "targets": _stack([e.targets for e in examples]),
                "mask": _stack([e.mask for e in examples]),
            }


def _stack(items: list[np.ndarray[Any, Any]]) -> Tensor:
    return torch.from_numpy(np.stack(items, axis=1))


class Trainer:
    """A run: the weights, their average, the optimiser and checkpoints."""

    def __init__(
        self,
        out: Path,
        settings: Settings,
        geometry: Geometry,
        sizes: Sizes | None = None,
    ) -> None:
        torch.manual_seed(settings.seed)
        self.out = out
        self.settings = settings
        self.geometry = geometry
        self.sizes = sizes or Sizes(outputs=len(OUTPUTS))
        self.model = BrnnSa(self.sizes, settings.dropout)
        self.averaged = BrnnSa(self.sizes)
        self.averaged.load_state_dict(self.model.state_dict())
        self.averaged.eval()
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), settings.rate, weight_decay=settings.weight_decay
        )
        self.step = 0
        self._positive = torch.tensor([POSITIVE_WEIGHTS[name] for name in OUTPUTS])
        self._output = torch.tensor([OUTPUT_WEIGHTS.get(name, 1.0) for name in OUTPUTS])
        self._frame = torch.full((geometry.frames, 1, 1), CONTEXT_WEIGHT)
        self._frame[geometry.context : geometry.context + geometry.core] = 1.0

    def train_step(self, batch: dict[str, Tensor]) -> float:
        """Take one optimiser step; examples longer than a chunk run twice."""
        settings = self.settings
        for group in self.optimiser.param_groups:
            group["lr"] = settings.rate * cosine_rate(self.step, settings.steps, 100)
        self.model.train()
        loss = descend(
            self._loss(batch),
            self.optimiser,
            self.model,
            self.averaged,
            step=self.step,
            average=settings.average,
        )
        self.step += 1
        return loss

    def _loss(self, batch: dict[str, Tensor]) -> Tensor:
        frames, targets, mask = batch["frames"], batch["targets"], batch["mask"]
        length, slack = self.geometry.frames, len(frames) - self.geometry.frames
        if slack == 0:
            return self._bce(self.model(frames), targets, mask)
        # Each example should give the same activations on two chunk grids.
        count = frames.shape[1]
        first = int(torch.randint(slack // 2, ()))
        cuts = (first, slack - int(torch.randint(slack // 2, ())))

        def at_cuts(values: Tensor) -> Tensor:
            return torch.cat([values[c : c + length] for c in cuts], dim=1)

        logits: Tensor = self.model(at_cuts(frames))
        loss = self._bce(logits, at_cuts(targets), at_cuts(mask))
        margin = max(self.settings.margin, self.geometry.context)
        low, high = cuts[1] + margin, cuts[0] + length - margin
        one, other = logits[:, :count].sigmoid(), logits[:, count:].sigmoid()
        difference = (
            one[low - cuts[0] : high - cuts[0]] - other[low - cuts[1] : high - cuts[1]]
        )
        return loss + self.settings.consistency * difference.square().mean()

    def _bce(self, logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        losses = functional.binary_cross_entropy_with_logits(
            logits, targets, reduction="none", pos_weight=self._positive
        )
        weights = self._output * self._frame * mask
        loss: Tensor = (losses * weights).sum() / weights.expand_as(losses).sum()
        return loss

    def save(self, name: str = "last.pt") -> None:
        """Write a checkpoint, whole or not at all."""
        path = self.out / name
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "settings": asdict(self.settings),
            "sizes": asdict(self.sizes),
            "geometry": asdict(self.geometry),
        }
        with whole_file(path) as draft:
            torch.save(state, draft)

    def begin_with(self, model: BrnnSa) -> None:
        """Start from the weights of a trained network."""
        for network in (self.model, self.averaged):
            network.load_state_dict(model.state_dict())

    def load(self, name: str = "last.pt") -> None:
        """Continue from a checkpoint."""
        state = torch.load(self.out / name, weights_only=True)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])


def fit(
    renders: Path,
    out: Path,
    *,
    settings: Settings,
    front_end: FrontEnd,
    level: LevelRule,
    geometry: Geometry,
    sizes: Sizes | None = None,
    weights: Sequence[Path] = (),
    progress: bool = True,
) -> Path:
    """Train on the clips of a folder, continuing where an earlier run stopped.

    Parameters
    ----------
    renders
        Folder of `adt train render`.
    out
        Folder of the checkpoints and of ``log.jsonl``.
    settings, front_end, level, geometry, sizes
        Configuration of the network and its training; without `sizes` those of
        `weights`.
    weights
        Checkpoints whose mean a new run begins with; empty: random weights.
    progress
        Whether to show a progress bar.

    Returns
    -------
    Path
        The last checkpoint.
    """
    out.mkdir(parents=True, exist_ok=True)
    model = load_model(*weights)[0] if weights else None
    if model is not None:
        sizes = sizes or model.sizes
    trainer = Trainer(out, settings, geometry, sizes)
    if (out / "last.pt").exists():
        trainer.load()
    elif model is not None:
        trainer.begin_with(model)
    data = Batches(renders, (front_end, level), settings, geometry, trainer.step)
    loader = DataLoader(data, batch_size=None, num_workers=settings.workers)
    held_out = Mixer(front_end, level, [], real=find_real(renders, "validation"))
    validation = Validation(renders, held_out, geometry)
    bar = tqdm(total=settings.steps, initial=trainer.step, disable=not progress)
    mean = 0.0
    for batch in loader:
        if trainer.step >= settings.steps:
            break
        mean = 0.98 * mean + 0.02 * trainer.train_step(batch)
        bar.update()
        bar.set_postfix(loss=f"{mean:.4f}")
        if (
            trainer.step % settings.validate_every == 0
            or trainer.step == settings.steps
        ):
            trainer.save()
            report = validation.report(trainer.averaged)
            entry = {"step": trainer.step, "loss": mean, **report}
            with (out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(entry) + "\n")
            if progress:
                bar.write(Validation.line(trainer.step, report), file=sys.stderr)
    bar.close()
    return out / "last.pt"
