"""Writes an HTML file that transcribes the recordings that are dropped on it.

It is self-contained: the network, the arithmetic that runs it, the page. Its content
security policy allows its own script, by hash, WebAssembly, and workers that the page
makes itself (``blob:``), but no requests. `notebook_ext/web` is what runs in it.
"""

from __future__ import annotations

import gzip
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from adt_plugins.base.files import replacing
from adt_plugins.base.folders import asset
from adt_plugins.editor.html_page import (
    base64_text,
    block,
    embedded_json,
    font_licence,
    frame,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adt_plugins.card import ModelCard

BUNDLE = "web.js"
ENGINE = {
    "worker": "web-engine/worker.js",
    "separation": "web-engine/separation.js",
    "network-wasm": "web-engine/network.wasm",
    "network-relaxed": "web-engine/network-relaxed.wasm",
    "beats": "web-engine/beats.wasm",
    "features": "web-engine/features.wasm",
    "pieces": "web-engine/pieces.wasm",
    "example": "web-engine/example.mp3",
}
"""Parts of the page that do not depend on the network, in `notebook_ext`."""

_OWN_LICENCE = (
    "This page is part of adt-plugins: BSD 3-Clause licence. The network's training"
    " data and their licences are in its model card.\n"
)

_STYLE = (
    "html{color-scheme:light dark}"
    "noscript{display:block;padding:24px;font:16px sans-serif}"
)


def write_page(path: Path, *, overwrite: bool = False) -> Path:
    """Write the page.

    Parameters
    ----------
    path
        The file.
    overwrite
        Replace it if it exists.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputExistsError
        If it exists and `overwrite` is false.
    AdtError
        If it cannot be written.
    """
    with replacing(path, overwrite=overwrite) as [draft]:
        draft.write_bytes(page())
    return path


@cache
def page() -> bytes:
    """Return the page with the shipped network; always the same bytes."""
    from adt_plugins.network.catalogue import find_model, network_bytes

    card = find_model()
    parts = {
        "card": embedded_json(_card(card)),
        "maps": embedded_json(_drum_maps()),
        "finer": embedded_json(_finer(card)),
        "templates": embedded_json(_templates()),
        "licences": _licences(),
        "network": embedded_json(network_parts(network_bytes(card))),
        **{
            name: _packed(asset("notebook_ext", file).read_bytes())
            for name, file in ENGINE.items()
        },
    }
    blocks = "".join(block(f"adt-{name}", text) for name, text in parts.items())
    head, foot = frame(
        "Drum track of a recording",
        BUNDLE,
        _STYLE,
        "adt-web",
        scripts="'wasm-unsafe-eval'",
        # The browser's player tells how long a recording is.
        more="worker-src blob:; media-src blob:; ",
    )
    return (head + blocks + foot).encode()


def _licences() -> str:
    """Return the licence notices of the page's parts."""
    return f"{_OWN_LICENCE}\n{font_licence()}".replace("<", "‹")


def _card(card: ModelCard) -> dict[str, object]:
    """Return the part of the card that the page needs."""
    free_form = {"path", "description", "licence", "training", "measured"}
    return {
        name: value for name, value in asdict(card).items() if name not in free_form
    }


def network_parts(content: bytes) -> dict[str, object]:
    """Return the matrices of a network, as `web/engine/matrices.ts` reads them.

    Parameters
    ----------
    content
        Its `.tflite` file.

    Raises
    ------
    ValueError
        If the page cannot run such a network.
    """
    from adt_plugins.network.numpy_backend.matrices import Matrices, Matrix
    from adt_plugins.network.numpy_backend.tflite_file import read_tflite

    def optional(values: NDArray[np.float32] | None) -> str | None:
        return None if values is None else _floats(values)

    def packed(matrix: Matrix) -> dict[str, object]:
        return {
            "columns": matrix.values.shape[1],
            "values": base64_text(matrix.values.tobytes()),
            "scales": optional(matrix.scales),
            "bias": optional(matrix.bias),
        }

    network = Matrices.of(read_tflite(content))
    return {
        "rises": network.rises,
        "offsets": network.offsets,
        "layers": [
            [
                {"ofInput": packed(one.of_input), "ofState": packed(one.of_state)}
                for one in both
            ]
            for both in network.layers
        ],
        "every": packed(network.every),
        "here": packed(network.here),
        "value": packed(network.value),
        "output": packed(network.output),
    }


def _finer(card: ModelCard) -> dict[str, object]:
    """Return the fine drum model, in the form that `web/page/embedded.ts` reads."""
    from adt_plugins.picking.fine_drums import FineDrumModel

    assert card.finer is not None
    return {
        "sha256": card.finer.sha256,
        "families": {
            drum.value: {
                "kinds": kinds.kinds,
                "surenesses": _floats(kinds.surenesses),
                "mean": _floats(kinds.mean),
                "scale": _floats(kinds.scale),
                "hidden": _floats(kinds.hidden),
                "hiddenBias": _floats(kinds.hidden_bias),
                "output": _floats(kinds.output),
                "outputBias": _floats(kinds.output_bias),
            }
            for drum, kinds in FineDrumModel.of(card).families.items()
        },
    }


def _templates() -> dict[str, object]:
    """Return the general templates of drums, as `web/page/embedded.ts` reads them."""
    from adt_plugins.separation.learnt import shipped_learnt

    learnt = shipped_learnt()
    prefix = "template."
    return {
        "edges": learnt["edges_hz"].tolist(),
        "bands": {
            name.removeprefix(prefix): _floats(values)
            for name, values in learnt.items()
            if name.startswith(prefix)
        },
    }


def _floats(values: NDArray[np.floating]) -> str:
    return base64_text(values.astype("<f4").tobytes())


def _drum_maps() -> list[dict[str, object]]:
    """Return title and notes of each map, in the form of `src/core/writers.ts`."""
    from adt_plugins.drums import Drum
    from adt_plugins.midi.drum_maps import list_maps

    return [
        {
            "name": m.name,
            "title": m.title,
            "notes": {drum.value: m.note(drum) for drum in Drum},
        }
        for m in list_maps()
    ]


def _packed(data: bytes) -> str:
    # Without a time stamp, so that the page is reproducible.
    return base64_text(gzip.compress(data, mtime=0))
