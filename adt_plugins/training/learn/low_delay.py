"""Trains a causal network, for hits that are reported while they are played.

Two forward LSTM layers, which report each frame `LOOK_AHEAD` frames later, so that they
have seen how a hit goes on. They learn from the same renders as the shipped
network, drums alone or louder than other sounds, with half of the targets from the true
hits and half from the activations of the shipped network [1]_.

.. [1] G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural
   network", NIPS Deep Learning Workshop 2014.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm.auto import tqdm

from adt_plugins.base.drafts import whole_file
from adt_plugins.base.files import check_free, make_folder, write_files
from adt_plugins.card import FrontEnd, Geometry, LevelRule, ModelCard
from adt_plugins.network.brnn_sa.weights import Lstm
from adt_plugins.network.causal_graph import CausalWeights, build_causal
from adt_plugins.training.learn.clips import find_clips, find_voices, load_clip
from adt_plugins.training.learn.configuration import MATERIAL, PICKER
from adt_plugins.training.learn.descent import cosine_rate, descend
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.model import BrnnSa
from adt_plugins.training.learn.real_sounds import find_real
from adt_plugins.training.learn.targets import OUTPUTS
from adt_plugins.training.learn.validate import Validation

DRUM_OUTPUTS = OUTPUTS[: OUTPUTS.index("beat")]
"""Drums only: beats cannot be estimated within a tenth of a second."""

LOOK_AHEAD = 7
"""Frames between an attack and its activation."""

RECIPE = Recipe(
    accompanied=0.4,
    accompaniment_db=(-24.0, -3.0),
    voiced=0.12,
    voice_db=(-24.0, -8.0),
    real=0.15,
    real_db=(-24.0, -6.0),
    drumless=0.05,
)
"""Drums as in practice: alone, or in front of softer sounds."""

POSITIVE = torch.tensor([1.5, 1.6, 2.5, 1.5, 3.5, 2.5, 2.0])
"""Weight of a hit relative to a silent frame, for each output."""

WARM_FRAMES, WARMING_UP = 30, 0.2
"""Number of the first frames of an example, whose state still settles, and their
weight."""

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class Settings:
    """Settings that determine a run.

    Parameters
    ----------
    units
        LSTM units of a layer.
    steps, batch, frames, rate
        Optimiser steps, examples a step, frames of each, highest learning rate.
    distilled
        Share of the shipped network's activations in the targets; the rest are true
        hits.
    average
        Decay of the moving average of the weights that is exported.
    seed
        Seed of weights and examples.
    save_every
        Steps between two checkpoints.
    """

    units: int = 96
    steps: int = 620
    batch: int = 20
    frames: int = 420
    rate: float = 3e-3
    distilled: float = 0.5
    average: float = 0.99
    seed: int = 0
    save_every: int = 25


class CausalRnn(nn.Module):
    """The causal network; its inputs and outputs are time-major."""

    def __init__(self, bands: int = 84, units: int = 96) -> None:
        super().__init__()
        self.units = units
        self.lstm1 = nn.LSTM(2 * bands, units)
        self.lstm2 = nn.LSTM(units, units)
        self.output = nn.Linear(2 * units, len(DRUM_OUTPUTS))
        nn.init.constant_(self.output.bias, -3.0)

    def forward(self, frames: Tensor) -> Tensor:
        """Return logits (time, batch, outputs) of frames (time, batch, bands)."""
        rise = functional.relu(frames[1:] - frames[:-1])
        rise = functional.pad(rise, (0, 0, 0, 0, 1, 0))
        first, _ = self.lstm1(torch.cat([frames, rise], dim=2))
        second, _ = self.lstm2(first)
        return self.output(torch.cat([first, second], dim=2))  # type: ignore[no-any-return]

    def begin_with(self, teacher: BrnnSa) -> None:
        """Copy the weights of the teacher's forward direction, as far as they fit."""
        width = teacher.sizes.units
        pairs: list[tuple[Any, Any]] = [
            (self.lstm1, teacher.lstm1),
            (self.lstm2, teacher.lstm2),
        ]
        for layer, other in pairs:
            inputs = layer.weight_ih_l0.shape[1]
            shared = min(
                inputs, 2 * teacher.sizes.bands if layer is self.lstm1 else width
            )
            with torch.no_grad():
                for gate in range(4):
                    to = slice(gate * self.units, gate * self.units + width)
                    source = slice(gate * width, (gate + 1) * width)
                    layer.weight_ih_l0[to, :shared] = other.weight_ih_l0[
                        source, :shared
                    ]
                    layer.weight_hh_l0[to, :width] = other.weight_hh_l0[source]
                    layer.bias_ih_l0[to] = other.bias_ih_l0[source]
                    layer.bias_hh_l0[to] = other.bias_hh_l0[source]


class Examples:
    """Makes batches of new mixes, each determined by seed and step."""

    def __init__(
        self, renders: Path, front_end: FrontEnd, level: LevelRule, settings: Settings
    ) -> None:
        clips = (load_clip(path) for path in find_clips(renders))
        self._clips = [clip for clip in clips if clip.split == "train"]
        self._settings = settings
        self._mixer = Mixer(
            front_end,
            level,
            find_voices(renders, "train"),
            RECIPE,
            find_real(renders, "train"),
        )

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return frames and targets, (time, batch, values) each."""
        rng = np.random.default_rng([self._settings.seed, step])
        chosen = rng.integers(len(self._clips), size=self._settings.batch)
        examples = [
            self._mixer.example(self._clips[n], self._settings.frames, rng)
            for n in chosen
        ]
        frames = np.stack([example.frames for example in examples], axis=1)
        targets = np.stack([example.targets for example in examples], axis=1)
        count = len(DRUM_OUTPUTS)
        return torch.from_numpy(frames), torch.from_numpy(targets[..., :count])


class Trainer:
    """A run: the weights, their average, the optimiser and the checkpoint.

    Parameters
    ----------
    out
        Folder of the checkpoint ``last.pt``, from which a run continues if it exists,
        and of ``log.jsonl``.
    teacher
        The shipped network.
    settings
        Settings of the run.
    """

    def __init__(self, out: Path, teacher: BrnnSa, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        self._teacher, self._settings = teacher, settings
        self.model = CausalRnn(units=settings.units)
        self.model.begin_with(teacher)
        self.averaged = CausalRnn(units=settings.units)
        self.averaged.load_state_dict(self.model.state_dict())
        self._optimiser = torch.optim.AdamW(
            self.model.parameters(), settings.rate, weight_decay=1e-3
        )
        self.step = 0
        self._parts: dict[str, Any] = {
            "model": self.model,
            "averaged": self.averaged,
            "optimiser": self._optimiser,
        }
        out.mkdir(parents=True, exist_ok=True)
        self.path = out / "last.pt"
        if self.path.exists():
            state = torch.load(self.path, weights_only=True)
            self.step = state["step"]
            for name, part in self._parts.items():
                part.load_state_dict(state[name])

    def train_step(self, frames: Tensor, targets: Tensor) -> float:
        """Take one optimiser step, and return the loss."""
        settings = self._settings
        for group in self._optimiser.param_groups:
            group["lr"] = settings.rate * cosine_rate(self.step, settings.steps, 50)
        loss = descend(
            _loss(self.model, self._teacher, frames, targets, settings.distilled),
            self._optimiser,
            self.model,
            self.averaged,
            step=self.step,
            average=settings.average,
        )
        self.step += 1
        return loss

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "step": self.step,
            "settings": asdict(self._settings),
            **{name: part.state_dict() for name, part in self._parts.items()},
        }
        with whole_file(self.path) as draft:
            torch.save(state, draft)


def fit_low_delay(
    renders: Path,
    out: Path,
    teacher: BrnnSa,
    *,
    front_end: FrontEnd,
    level: LevelRule,
    settings: Settings | None = None,
    progress: bool = True,
) -> CausalRnn:
    """Train on the clips of a folder, continuing where an earlier run stopped.

    Parameters
    ----------
    renders
        Folder of `adt train render`.
    out, teacher, settings
        See `Trainer`.
    front_end, level
        Front end and level rule of the teacher.
    progress
        Whether to show a progress bar.

    Returns
    -------
    CausalRnn
        The averaged weights.
    """
    settings = settings or Settings()
    trainer = Trainer(out, teacher, settings)
    examples = Examples(renders, front_end, level, settings)
    losses: list[float] = []
    with tqdm(total=settings.steps, initial=trainer.step, disable=not progress) as bar:
        while trainer.step < settings.steps:
            losses.append(trainer.train_step(*examples.batch(trainer.step)))
            bar.update()
            if trainer.step % settings.save_every and trainer.step < settings.steps:
                continue
            trainer.save()
            line = {"step": trainer.step, "loss": float(np.mean(losses))}
            losses.clear()
            with (out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
    return trainer.averaged.eval()


def _loss(
    model: CausalRnn, teacher: BrnnSa, frames: Tensor, targets: Tensor, distilled: float
) -> Tensor:
    if distilled:
        with torch.no_grad():
            from_teacher = teacher(frames)[..., : targets.shape[2]].sigmoid()
        targets = targets.lerp(from_teacher, distilled)
    losses = functional.binary_cross_entropy_with_logits(
        model(frames)[LOOK_AHEAD:],
        targets[:-LOOK_AHEAD],
        reduction="none",
        pos_weight=POSITIVE,
    )
    weights = torch.ones(len(losses), 1, 1)
    weights[:WARM_FRAMES] = WARMING_UP
    loss: Tensor = (losses * weights).mean()
    return loss


def export_low_delay(
    model: CausalRnn,
    renders: Path,
    out: Path,
    *,
    name: str,
    front_end: FrontEnd,
    level: LevelRule,
    overwrite: bool = False,
) -> ModelCard:
    """Write ``NAME.tflite`` and ``NAME.json`` into a folder.

    The thresholds are those with the best F on the validation renders, drums alone.

    Parameters
    ----------
    model
        Network from `fit_low_delay`.
    renders
        Folder of the clips.
    out, name, overwrite
        Folder and name of the model, and whether it may replace another.
    front_end, level
        Front end and level rule of its training.
    """
    network, path = out / f"{name}.tflite", out / f"{name}.json"
    check_free([network, path], overwrite=overwrite)
    content = build_causal(causal_weights(model))
    validation = Validation(renders, Mixer(front_end, level, []), Geometry(1, 0, 1))
    del validation.items["songs"]

    def run_network(frames: Frames) -> Frames:
        with torch.no_grad():
            activations = (
                model(torch.from_numpy(frames)[:, None])[:, 0].sigmoid().numpy()
            )
        return np.pad(activations[LOOK_AHEAD:], ((0, LOOK_AHEAD), (0, 0)))

    thresholds, scores = Validation.choose(validation.counts(run_network))
    parameters = sum(p.numel() for p in model.parameters())
    seconds = LOOK_AHEAD / front_end.frame_rate
    card = ModelCard(
        name=name,
        file=network.name,
        sha256=hashlib.sha256(content).hexdigest(),
        outputs=DRUM_OUTPUTS,
        front_end=front_end,
        geometry=Geometry(1, 0, 1),
        picker=PICKER,
        thresholds=thresholds,
        level=level,
        delay=seconds,
        look_ahead=seconds,
        description=f"Two forward LSTM layers of {model.units} units that answer"
        f" {1000 * seconds:.0f} ms behind an attack; {parameters} parameters,"
        " int8 where inputs are read. For drums as they are played: adt listen",
        licence="BSD-3-Clause",
        training=MATERIAL,
        measured={"validation F at 50 ms": scores},
    )
    make_folder(out)
    contents = {network: content, path: card.to_json().encode()}
    write_files(contents, overwrite=overwrite)
    return replace(card, path=path)


def causal_weights(model: CausalRnn) -> CausalWeights:
    """Return the weights of a trained network in the form that graphs need."""
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    layers = [
        Lstm(
            state[f"{name}.weight_ih_l0"],
            state[f"{name}.weight_hh_l0"],
            state[f"{name}.bias_ih_l0"] + state[f"{name}.bias_hh_l0"],
        )
        for name in ("lstm1", "lstm2")
    ]
    return CausalWeights(tuple(layers), state["output.weight"].T, state["output.bias"])
