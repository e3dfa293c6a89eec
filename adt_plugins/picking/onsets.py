"""Turns activations into onsets: thresholds, hits of each drum, times, velocities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Onset, onset_order
from adt_plugins.card import Picking
from adt_plugins.drums import Drum, as_drum
from adt_plugins.errors import AdtError, ModelError
from adt_plugins.picking import velocity
from adt_plugins.picking.exclusive import SAME_STROKE_S, DrumPicks, drop_weaker_kinds
from adt_plugins.picking.peaks import DrumPeaks, adtlib_threshold, confidence, refine
from adt_plugins.picking.rolls import DRUMS as ROLLED


def thresholds_in_force(
    activations: Activations,
    picking: Picking,
    thresholds: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return the threshold of each drum that is picked.

    Parameters
    ----------
    activations
        Activations; only ADTLib's picker reads them, whose thresholds follow the mean.
    picking
        The model's picking parameters.
    thresholds
        Drum to threshold, instead of the model's; a coarse drum stands for those of
        its finer kinds that are not given.

    Raises
    ------
    ModelError
        If the model has no such drum, or the activations lack one.
    AdtError
        If a threshold is not 0-1.
    """
    wanted: dict[str, float] = {}
    for asked, value in (thresholds or {}).items():
        try:
            drum = str(as_drum(asked))
        except ValueError:
            drum = asked
        wanted[drum] = float(value)
        if not 0 <= value <= 1:
            raise AdtError(f"threshold {drum}={value:g}: a threshold is 0 to 1")
        if not any(drum in (name, Drum(name).coarse) for name in picking.drums):
            raise ModelError(
                f"model {picking.name!r} has no drum {drum}; "
                f"it has {', '.join(picking.drums)}"
            )
    result = {}
    for drum in picking.drums:
        chosen = wanted.get(drum, wanted.get(str(Drum(drum).coarse)))
        row = picking.picker.rows.get(drum) if picking.picker.kind == "adtlib" else None
        if chosen is not None:
            result[drum] = chosen
        elif row is not None:
            result[drum] = adtlib_threshold(column(activations, drum), row)
        else:
            result[drum] = float(picking.thresholds[drum])
    return result


def pick_onsets(
    activations: Activations,
    picking: Picking,
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
        Activations of the recording.
    picking
        Picking parameters, for instance a model card.
    thresholds
        See `thresholds_in_force`.
    levels
        Shape (frames, number of ``picking.drums``), dB, from
        `adt_plugins.features.band_levels.BandLevels`. None: velocities follow the
        confidence.
    drums
        Report only these; a coarse drum includes its finer kinds. The others still
        take part in picking: the result is that of all drums, filtered.
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
        len(picking.drums),
    ):
        raise ValueError(
            f"levels have shape {levels.shape}, not "
            f"{(len(activations.values), len(picking.drums))}"
        )
    picked = pick_hits(
        activations, picking, thresholds=thresholds, refinement=refinement
    )
    onsets = onsets_of(picked, activations, picking.delay, levels)
    if drums is None:
        return onsets
    wanted = {as_drum(drum) for drum in drums}
    return tuple(o for o in onsets if wanted & {o.drum, o.drum.coarse})


def onsets_of(
    picked: Sequence[DrumPicks],
    activations: Activations,
    delay: float,
    levels: NDArray[np.float32] | None = None,
    kinds: Mapping[Drum, Sequence[Drum | None]] | None = None,
) -> tuple[Onset, ...]:
    """Turn picks into onsets in seconds; the last step of picking.

    Parameters
    ----------
    picked
        Picks from `pick_hits`.
    activations
        Activations that they were picked from.
    delay
        Delay of the model in seconds.
    levels
        See `pick_onsets`; a column for each of `picked`.
    kinds
        Drum to the finer drum of each of its picks; None where it is uncertain.

    Returns
    -------
    tuple of Onset
        Sorted by time.
    """
    onsets: list[Onset] = []
    for column, hits in enumerate(picked):
        level = None if levels is None else levels[:, column]
        finer = (kinds or {}).get(hits.drum) or [None] * len(hits.frames)
        onsets += _onsets(hits, activations, delay, level, finer)
    return tuple(sorted(onsets, key=onset_order))


def column(activations: Activations, drum: str) -> NDArray[np.float32]:
    """Return the activation of a drum, shape (frames,); raises `ModelError` without."""
    try:
        return activations.values[:, activations.outputs.index(drum)]
    except ValueError:
        raise ModelError(f"the activations have no output {drum}") from None


def drum_peaks(activations: Activations, picking: Picking) -> dict[str, DrumPeaks]:
    """Return the peaks of each drum's activation, for `pick_hits` and the song gate."""
    rate = activations.frame_rate
    return {
        drum: DrumPeaks(column(activations, drum), picking.picker, rate)
        for drum in picking.drums
    }


def pick_hits(
    activations: Activations,
    picking: Picking,
    *,
    thresholds: Mapping[str, float] | None = None,
    refinement: str | None = None,
    peaks: Mapping[str, DrumPeaks] | None = None,
    rolls: bool = True,
) -> list[DrumPicks]:
    """Pick the hits of each drum, as `pick_onsets` does.

    Parameters
    ----------
    activations, picking, thresholds, refinement
        See `pick_onsets`.
    peaks
        `drum_peaks` of these activations, if they were computed before.
    rolls
        Whether soft strokes of rolls count (`adt_plugins.picking.rolls`): these need a
        second of activations before and behind them.

    Returns
    -------
    list of DrumPicks
        One for each drum, in the order of ``picking.drums``.
    """
    if refinement is None:
        refinement = "none" if picking.picker.kind == "adtlib" else "parabola"
    in_force = thresholds_in_force(activations, picking, thresholds)
    if peaks is None:
        peaks = drum_peaks(activations, picking)
    picked = [
        _picks(
            drum,
            column(activations, drum),
            peaks[drum].strokes(threshold)
            if rolls and Drum(drum).coarse.value in ROLLED
            else peaks[drum].above(threshold),
            threshold,
            refinement,
        )
        for drum, threshold in in_force.items()
    ]
    return drop_weaker_kinds(picked, SAME_STROKE_S * activations.frame_rate)


def onset_times(
    positions: NDArray[np.float64], activations: Activations, delay: float
) -> NDArray[np.float64]:
    """Return the times of refined frames in seconds from the file's first sample."""
    times = positions / activations.frame_rate + activations.offset - delay
    # Clamp to 0: the delay may push the first hit before the file's start.
    return np.maximum(times, 0.0)


def _picks(
    drum: str,
    values: NDArray[np.float32],
    frames: NDArray[np.int64],
    threshold: float,
    refinement: str,
) -> DrumPicks:
    return DrumPicks(
        Drum(drum),
        frames,
        frames + refine(values, frames, refinement),
        confidence(values[frames], threshold),
    )


def _onsets(
    hits: DrumPicks,
    activations: Activations,
    delay: float,
    level: NDArray[np.float32] | None,
    finer: Sequence[Drum | None],
) -> list[Onset]:
    rate = activations.frame_rate
    times = onset_times(hits.positions, activations, delay)
    if level is None:
        velocities = velocity.of_confidence(hits.confidence)
    else:
        attacks = np.rint(hits.positions - delay * rate).astype(np.int64)
        velocities = velocity.velocities(level, attacks, rate)
    rows = zip(
        times.tolist(),
        finer,
        velocities.tolist(),
        hits.confidence.tolist(),
        strict=True,
    )
    return [Onset(time, kind or hits.drum, *rest) for time, kind, *rest in rows]
