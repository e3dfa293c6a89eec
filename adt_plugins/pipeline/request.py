"""Validates what a caller asks for, before the work begins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum, as_drum
from adt_plugins.errors import ModelError
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.picking.song_gate import MODES, Mode

Model = str | os.PathLike[str] | ModelCard | Network


def open_network(model: Model | None = None) -> Network:
    """Open a model, however it is given; see `transcribe`."""
    if isinstance(model, Network):
        return model
    if isinstance(model, ModelCard):
        return Network(model)
    if isinstance(model, os.PathLike):
        model = Path(model)
    return Network(find_model(model))


def check_request(
    card: ModelCard,
    drums: Iterable[Drum | str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    kinds: Iterable[Drum] = (),
) -> set[Drum] | None:
    """Refuse drums that a model cannot report, since they would simply never occur.

    Parameters
    ----------
    card
        Card of the model.
    drums, thresholds
        See `transcribe`.
    kinds
        Finer drums that can be reported as well.

    Returns
    -------
    set of Drum or None
        The drums of `drums`.

    Raises
    ------
    ModelError
        If the model lacks a drum of `drums` or of `thresholds`.
    """
    detected = {Drum(name) for name in card.drums}
    detected |= {drum.coarse for drum in detected}
    wanted = [drums] if isinstance(drums, str) else drums
    reported = detected.union(kinds)
    try:
        chosen = None if wanted is None else {as_drum(name) for name in wanted}
        adjusted = {as_drum(name) for name in thresholds or ()}
    except ValueError as error:
        raise ModelError(str(error)) from None
    for asked, allowed in ((chosen or (), reported), (adjusted, detected)):
        for drum in sorted(asked):
            if drum not in allowed:
                raise ModelError(
                    f"model {card.name!r} has no drum {drum};"
                    f" it has {', '.join([*card.drums, *kinds])}"
                )
    return chosen


def song_gate_mode(song_gate: Mode | bool) -> Mode:
    """Validate `song_gate` of `transcribe`; raises `ValueError` if it is not valid."""
    if isinstance(song_gate, bool):
        return "normal" if song_gate else "off"
    if song_gate not in MODES:
        raise ValueError(f"song gate {song_gate!r}: there are {', '.join(MODES)}")
    return song_gate
