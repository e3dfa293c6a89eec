"""What a caller asks for, validated before the work."""

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
    """Open a model, whichever way it is named; see `transcribe`."""
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
    """Refuse drums that a model cannot report: they would just never occur.

    Parameters
    ----------
    card
        Card of the model.
    drums, thresholds
        See `transcribe`.
    kinds
        Finer drums that are reported as well.

    Returns
    -------
    set of Drum or None
        `drums`, checked.

    Raises
    ------
    ModelError
        If the model has no drum of `drums` or of `thresholds`.
    """
    known = {Drum(name) for name in card.drums}
    known |= {drum.coarse for drum in known}
    wanted = [drums] if isinstance(drums, str) else drums
    told = known.union(kinds)
    try:
        chosen = None if wanted is None else {as_drum(name) for name in wanted}
        moved = {as_drum(name) for name in thresholds or ()}
    except ValueError as error:
        raise ModelError(str(error)) from None
    for asked, allowed in ((chosen or (), told), (moved, known)):
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
