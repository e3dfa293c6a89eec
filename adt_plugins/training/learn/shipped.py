"""Converts a shipped model back to a checkpoint, for further training.

An int8 file keeps a matrix as integers and a scale for each row, so the checkpoint has
the weights that run, not those that were trained, except for the rounding of the
layers' inputs: on a song, activations differ by 0.0007 on average and by 0.05 at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from adt_plugins.base.drafts import whole_file
from adt_plugins.card import Geometry, ModelCard
from adt_plugins.errors import ModelError
from adt_plugins.network.brnn_sa.weights import ATTENTION, layer_name, single
from adt_plugins.training.learn.model import BrnnSa, Sizes

Floats = NDArray[np.float32]


class Product(NamedTuple):
    """A matrix (outputs, inputs) of a graph, and its bias."""

    weight: Floats
    bias: Floats | None


def checkpoint_of(card: ModelCard, geometry: Geometry, path: Path) -> Path:
    """Write a checkpoint from which training can continue.

    Parameters
    ----------
    card
        Card of a BRNN-SA that `adt train export` wrote.
    geometry
        Chunk geometry of training.
    path
        File of the checkpoint.

    Raises
    ------
    ModelError
        If the model is not a BRNN-SA.
    """
    model = restore(card)
    state = {
        "averaged": model.state_dict(),
        "sizes": asdict(model.sizes),
        "geometry": asdict(geometry),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        torch.save(state, draft)
    return path


def restore(card: ModelCard) -> BrnnSa:
    """Return the network of a model card in PyTorch.

    Raises
    ------
    ModelError
        If the model is not a BRNN-SA of two layers with low-rank attention.
    """
    if card.path is None:
        raise ModelError(f"{card.name}: a card without a file has no weights")
    graphs = read_products(card.path.parent / card.file)
    try:
        names = [layer_name(number) for number in range(2)]
        layers = [graphs[name] for name in names]
        near, here, score, output = graphs[ATTENTION]
        # Graphs for single chunks have the same weights.
        expected = {*names, ATTENTION}
        others = set(graphs) - expected - set(map(single, expected))
        if others or any(len(layer) != 4 for layer in layers):
            raise ValueError("other graphs")
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"{card.name}: not a network whose training can continue"
        ) from error
    units, rank = layers[0][2].weight.shape[1], len(here.weight)
    sizes = Sizes(
        bands=layers[0][0].weight.shape[1] // 2,
        units=units,
        rank=rank,
        reach=(len(near.weight) // rank - 1) // 2,
        outputs=len(output.weight),
    )
    state: dict[str, Any] = {}
    for number, layer in enumerate(layers, start=1):
        state |= _lstm(f"lstm{number}", layer, units)
    state |= {
        "attend_near.weight": near.weight,
        "attend_here.weight": here.weight,
        "attend_here.bias": here.bias,
        "attend_score.weight": score.weight,
        "output.weight": output.weight,
        "output.bias": output.bias,
    }
    model = BrnnSa(sizes)
    model.load_state_dict(
        {name: torch.from_numpy(values) for name, values in state.items()}
    )
    model.eval()
    return model


def _lstm(name: str, layer: list[Product], units: int) -> Mapping[str, Floats]:
    """Return PyTorch's parameters of a layer whose graph doubles the cell's gate."""
    scale = np.ones((4 * units, 1), np.float32)
    scale[2 * units : 3 * units] = 0.5
    state = {}
    for number, suffix in enumerate(("_l0", "_l0_reverse")):
        inputs, recalled = layer[number], layer[number + 2]
        if inputs.bias is None:
            raise ModelError(f"{name}: a layer without a bias")
        state[f"{name}.weight_ih{suffix}"] = scale * inputs.weight
        state[f"{name}.weight_hh{suffix}"] = scale * recalled.weight
        state[f"{name}.bias_ih{suffix}"] = scale[:, 0] * inputs.bias
        state[f"{name}.bias_hh{suffix}"] = np.zeros(4 * units, np.float32)
    return state


def read_products(path: Path) -> dict[str, list[Product]]:
    """Return the matrices of each graph of a `.tflite` file, in order of first use."""
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromPackedBuf(bytearray(path.read_bytes()), 0)
    wanted = schema.BuiltinOperator.FULLY_CONNECTED
    graphs: dict[str, list[Product]] = {}
    for signature in model.signatureDefs or []:
        graph = model.subgraphs[signature.subgraphIndex]
        products: dict[int, Product] = {}
        for operator in graph.operators:
            if model.operatorCodes[operator.opcodeIndex].builtinCode != wanted:
                continue
            _, weight, bias = (int(index) for index in operator.inputs)
            if weight not in products:
                products[weight] = Product(
                    _values(model, graph.tensors[weight]),
                    None if bias < 0 else _values(model, graph.tensors[bias]),
                )
        graphs[signature.signatureKey.decode()] = list(products.values())
    return graphs


def _values(model: Any, tensor: Any) -> Floats:
    """Return the values of a constant as floats."""
    data = np.asarray(model.buffers[tensor.buffer].data, np.uint8).tobytes()
    shape = tuple(int(n) for n in tensor.shape)
    scales = None if tensor.quantization is None else tensor.quantization.scale
    if scales is None or not len(scales):
        return np.frombuffer(data, "<f4").reshape(shape).astype(np.float32)
    whole = np.frombuffer(data, np.int8).reshape(shape)
    return np.asarray(whole * np.asarray(scales, np.float32)[:, None], np.float32)
