"""Exports checkpoints as a model: a quantised `.tflite` file and its card."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from adt_plugins.base.files import check_free, make_folder, write_files
from adt_plugins.card import FrontEnd, Geometry, LevelRule, ModelCard
from adt_plugins.errors import AdtError
from adt_plugins.network.brnn_sa.graph import build_brnn_sa
from adt_plugins.network.brnn_sa.weights import Attention, BrnnSaWeights, Lstm
from adt_plugins.network.inference import Network
from adt_plugins.training.learn.configuration import PICKER
from adt_plugins.training.learn.drum_presence import learn_gate
from adt_plugins.training.learn.mixing import Mixer
from adt_plugins.training.learn.model import BrnnSa, Sizes
from adt_plugins.training.learn.real_sounds import find_real
from adt_plugins.training.learn.targets import OUTPUTS
from adt_plugins.training.learn.validate import DRUMS, Validation


def load_model(*checkpoints: Path) -> tuple[BrnnSa, Geometry]:
    """Read the averaged weights of a checkpoint, and the geometry of their training.

    Several checkpoints, each of which continues another's training, give their mean:
    between the two of the shipped network, F was higher than at either [1]_.

    .. [1] M. Wortsman et al., "Model soups: averaging weights of multiple
       fine-tuned models improves accuracy without increasing inference time",
       ICML 2022.
    """
    states = [torch.load(path, weights_only=True) for path in checkpoints]
    for path, state in zip(checkpoints, states, strict=True):
        if state["sizes"] != states[0]["sizes"]:
            raise AdtError(f"{path}: a network of other sizes than {checkpoints[0]}")
    model = BrnnSa(Sizes(**states[0]["sizes"]))
    means = {
        name: torch.stack([state["averaged"][name] for state in states]).mean(dim=0)
        for name in states[0]["averaged"]
    }
    model.load_state_dict(means)
    model.eval()
    return model, Geometry(**states[0]["geometry"])


def export_weights(model: BrnnSa) -> BrnnSaWeights:
    """Return the weights of a trained network in the form that graphs need."""
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    sizes = model.sizes
    count = 2 * sizes.reach + 1
    near = state["attend_near.weight"].reshape(count, sizes.rank, 2 * sizes.units)
    return BrnnSaWeights(
        layers=(_layer(state, "lstm1"), _layer(state, "lstm2")),
        attention=Attention(
            a=near.transpose(0, 2, 1),
            b=state["attend_here.bias"],
            c=state["attend_here.weight"].T,
            v=state["attend_score.weight"].T,
        ),
        output_weight=state["output.weight"].T,
        output_bias=state["output.bias"],
    )


def _layer(state: Mapping[str, Any], name: str) -> tuple[Lstm, Lstm]:
    def direction(suffix: str) -> Lstm:
        return Lstm(
            weight_ih=state[f"{name}.weight_ih_l0{suffix}"],
            weight_hh=state[f"{name}.weight_hh_l0{suffix}"],
            bias=state[f"{name}.bias_ih_l0{suffix}"]
            + state[f"{name}.bias_hh_l0{suffix}"],
        )

    return direction(""), direction("_reverse")


def export(
    checkpoints: Sequence[Path],
    renders: Path,
    out: Path,
    *,
    name: str,
    front_end: FrontEnd,
    level: LevelRule,
    geometry: Geometry,
    training: Mapping[str, Any],
    quantise: bool = True,
    overwrite: bool = False,
) -> ModelCard:
    """Write ``NAME.tflite`` and ``NAME.json`` into a folder.

    The thresholds are those with the best F on the validation renders, drums alone and
    songs together, according to the exported network itself; the gate is learnt on the
    same renders.

    Parameters
    ----------
    checkpoints
        Checkpoints from `adt train fit`; see `load_model`.
    renders
        Folder of `adt train render`.
    out
        Folder for the model.
    name
        Name of the model and its files.
    front_end, level
        Front end and level rule of the training.
    geometry
        Chunk geometry at run time, with no less context than in training: the network
        never learnt frames with less.
    training
        Data and licences, for the card.
    quantise
        Whether to store int8 matrices; see `build_brnn_sa`.
    overwrite
        Whether to replace a model of this name that was changed since.

    Returns
    -------
    ModelCard
        Card of the model, as written.

    Raises
    ------
    OutputExistsError
        If there is such a model, and `overwrite` is false.
    """
    network, path = out / f"{name}.tflite", out / f"{name}.json"
    check_free([network, path], overwrite=overwrite)
    model, learnt = load_model(*checkpoints)
    if geometry.context < learnt.context:
        raise ValueError(f"less context than in training: {geometry}, not {learnt}")
    content = build_brnn_sa(export_weights(model), geometry, quantise=quantise)
    card = ModelCard(
        name=name,
        file=network.name,
        sha256=hashlib.sha256(content).hexdigest(),
        outputs=OUTPUTS,
        front_end=front_end,
        geometry=geometry,
        picker=PICKER,
        thresholds=dict.fromkeys(DRUMS, 0.3),
        level=level,
        description=_describe(model, quantise),
        licence="BSD-3-Clause",
        training=training,
    )
    card = _validated(card, _opened(card, content), renders, level)
    make_folder(out)
    contents = {network: content, path: card.to_json().encode()}
    write_files(contents, overwrite=overwrite)
    return replace(card, path=path)


def _validated(
    card: ModelCard, network: Network, renders: Path, level: LevelRule
) -> ModelCard:
    """Return a card with thresholds, figures and song gate from the renders."""
    held_out = Mixer(card.front_end, level, [], real=find_real(renders, "validation"))
    validation = Validation(renders, held_out, card.geometry, clips=200)
    thresholds, scores = Validation.choose(validation.counts(network.activations))
    errors = validation.time_errors(network.activations, thresholds)
    card = replace(
        card,
        thresholds=thresholds,
        measured={
            "validation F at 50 ms": scores,
            "validation median time error, ms": errors,
        },
    )
    gate = learn_gate(
        renders,
        lambda voices, real: Mixer(card.front_end, level, voices, real=real),
        network.activations,
        card,
    )
    return replace(card, gate=gate)


def _opened(card: ModelCard, content: bytes) -> Network:
    """Open a network that has not been written to its folder yet."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / card.file).write_bytes(content)
        return Network(replace(card, path=folder / "card.json"))


def _describe(model: BrnnSa, quantise: bool) -> str:
    parameters = sum(int(np.prod(p.shape)) for p in model.parameters())
    kind = "int8 where inputs are read" if quantise else "float32"
    return (
        f"BRNN-SA: two bidirectional LSTM layers of {model.sizes.units} units and soft "
        f"attention over {2 * model.sizes.reach + 1} frames; {parameters} parameters, "
        f"{kind}"
    )
