"""Activations to onsets: thresholds in force, hits of each drum, times, velocities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Onset
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, ModelError
from adt_plugins.picking import velocity
from adt_plugins.picking.exclusive import RIVAL_WINDOW_S, Hits, drop_rivals
from adt_plugins.picking.peaks import adtlib_threshold, confidence, pick_peaks, refine


def thresholds_in_force(
    activations: Activations,
    card: ModelCard,
    thresholds: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Threshold of each drum of the card.

    Parameters
    ----------
    activations
        Read only by ADTLib's picker, whose thresholds follow their mean.
    card
        The model card.
    thresholds
        Drum to threshold, instead of the card's; a coarse drum means all of
        its finer kinds that are not named themselves.

    Raises
    ------
    ModelError
        If the model has no such drum, or the activations lack one.
    AdtError
        If a threshold is not 0-1.
    """
    wanted = {str(drum): float(value) for drum, value in (thresholds or {}).items()}
    for drum, value in wanted.items():
        if not 0 <= value <= 1:
            raise AdtError(f"threshold {drum}={value:g}: a threshold is 0 to 1")
        if not any(drum in (name, Drum(name).coarse) for name in card.drums):
            raise ModelError(
                f"model {card.name!r} has no drum {drum}; "
                f"it has {', '.join(card.drums)}"
            )
    result = {}
    for drum in card.drums:
        own = wanted.get(drum, wanted.get(str(Drum(drum).coarse)))
        row = card.picker.rows.get(drum) if card.picker.kind == "adtlib" else None
        if own is not None:
            result[drum] = own
        elif row is not None:
            result[drum] = adtlib_threshold(_column(activations, drum), row)
        else:
            result[drum] = float(card.thresholds[drum])
    return result


def pick_onsets(
    activations: Activations,
    card: ModelCard,
    *,
    thresholds: Mapping[str, float] | None = None,
    levels: NDArray[np.float32] | None = None,
    drums: Iterable[Drum | str] | None = None,
    refinement: str | None = None,
) -> tuple[Onset, ...]:
    """Turn activations into onsets.

    Parameters
    ----------
    activations
        What the network said.
    card
        The model card: picker, thresholds, delay.
    thresholds
        See `thresholds_in_force`.
    levels
        Shape (frames, number of ``card.drums``), dB, from
        `velocity.BandLevels`. None: velocities follow the confidence.
    drums
        Only these; a coarse drum includes its finer kinds. What is left out
        still counts as a rival: the result is that of all drums, filtered.
    refinement
        See `refine`. None: ``"parabola"``, but ``"none"`` for ADTLib's picker,
        which reports whole frames.

    Returns
    -------
    tuple of Onset
        Sorted by time. Two outputs of one coarse drum within 20 ms are one
        hit: a finer drum wins over the coarse one, then the higher confidence.

    Raises
    ------
    ModelError, AdtError
        See `thresholds_in_force`.
    """
    if levels is not None and levels.shape != (
        len(activations.values),
        len(card.drums),
    ):
        raise ValueError(
            f"levels have shape {levels.shape}, not "
            f"{(len(activations.values), len(card.drums))}"
        )
    picked = pick_hits(activations, card, thresholds=thresholds, refinement=refinement)
    wanted = None if drums is None else {Drum(drum) for drum in drums}
    onsets: list[Onset] = []
    for column, hits in enumerate(picked):
        if wanted is None or wanted & {hits.drum, hits.drum.coarse}:
            level = None if levels is None else levels[:, column]
            onsets += _onsets(hits, activations, card.delay, level)
    return tuple(sorted(onsets))


def pick_hits(
    activations: Activations,
    card: ModelCard,
    *,
    thresholds: Mapping[str, float] | None = None,
    refinement: str | None = None,
) -> list[Hits]:
    """Pick the frames of each drum of the card, as `pick_onsets` does.

    Parameters
    ----------
    activations, card, thresholds, refinement
        See `pick_onsets`.

    Returns
    -------
    list of Hits
        One a drum, in the order of ``card.drums``.
    """
    if refinement is None:
        refinement = "none" if card.picker.kind == "adtlib" else "parabola"
    in_force = thresholds_in_force(activations, card, thresholds)
    picked = [
        _pick_drum(activations, card, drum, threshold, refinement)
        for drum, threshold in in_force.items()
    ]
    return drop_rivals(picked, RIVAL_WINDOW_S * activations.frame_rate)


def onset_times(
    positions: NDArray[np.float64], activations: Activations, delay: float
) -> NDArray[np.float64]:
    """Seconds from the file's first sample of refined frames, >= 0."""
    times = positions / activations.frame_rate + activations.offset - delay
    # Beyond the start there is nothing: an attack at time 0 has no earlier name.
    return np.maximum(times, 0.0)


def _column(activations: Activations, drum: str) -> NDArray[np.float32]:
    try:
        return activations.values[:, activations.outputs.index(drum)]
    except ValueError:
        raise ModelError(f"the activations have no output {drum}") from None


def _pick_drum(
    activations: Activations,
    card: ModelCard,
    drum: str,
    threshold: float,
    refinement: str,
) -> Hits:
    values = _column(activations, drum)
    frames = pick_peaks(values, threshold, card.picker, activations.frame_rate)
    return Hits(
        Drum(drum),
        frames,
        frames + refine(values, frames, refinement),
        confidence(values[frames], threshold),
    )


def _onsets(
    hits: Hits,
    activations: Activations,
    delay: float,
    level: NDArray[np.float32] | None,
) -> list[Onset]:
    rate = activations.frame_rate
    times = onset_times(hits.positions, activations, delay)
    if level is None:
        loud = np.rint(1 + 126 * hits.confidence).astype(np.int64)
    else:
        attacks = np.rint(hits.positions - delay * rate).astype(np.int64)
        loud = velocity.velocities(level, attacks, rate)
    return [
        Onset(time, hits.drum, speed, sure)
        for time, speed, sure in zip(
            times.tolist(), loud.tolist(), hits.confidence.tolist(), strict=True
        )
    ]
