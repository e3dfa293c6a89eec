"""Which drums a caller may ask a model for; imports nothing that does the work."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterable, Mapping

from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum, as_drum
from adt_plugins.errors import ModelError


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
        See `adt_plugins.pipeline.transcribe`.
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
    if not isinstance(thresholds, Mapping | None):
        raise TypeError(
            "thresholds are a mapping such as {'snare': 0.4}, not"
            f" {reprlib.repr(thresholds)}"
        )
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
                is_finer = allowed is reported and drum in _finer_drums(card)
                unless = ", unless finer drums are told apart" if is_finer else ""
                raise ModelError(
                    f"model {card.name!r} has no drum {drum}{unless};"
                    f" it has {', '.join([*card.drums, *kinds])}"
                )
    return chosen


def _finer_drums(card: ModelCard) -> Collection[Drum]:
    """Return the finer drums that a model can distinguish."""
    if card.finer is None:
        return ()
    from adt_plugins.picking.fine_drums import FineDrumModel

    return FineDrumModel.of(card).kinds
