"""Beats and downbeats, decoded from the network's activations.

The likeliest sequence of beats in the likeliest meter is decoded as in madmom (Böck,
Krebs and Widmer, ISMIR 2016), with the same model and defaults; what the drums play
at which place of a bar, and where the harmony changes, count as further evidence.
madmom itself is an optional second backend.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.errors import ModelError
from adt_plugins.meter import Meter, check_bpm
from adt_plugins.rhythm import compound, readings
from adt_plugins.rhythm.bar_pointer import (
    OBSERVATION_LAMBDA,
    BeatPath,
    Ratios,
    beat_lengths,
    decode,
)
from adt_plugins.rhythm.chord_changes import WEIGHT
from adt_plugins.rhythm.compound import CompoundEvidence, any_drum
from adt_plugins.rhythm.drum_patterns import BarEvidence
from adt_plugins.rhythm.evidence import Evidence
from adt_plugins.rhythm.sounding import sounding
from adt_plugins.rhythm.tempo_search import likely_lengths

MIN_BPM, MAX_BPM = 55.0, 215.0
BPM_TOLERANCE = 1.1
"""Deviation from a given tempo that the music may show, as a ratio."""

METERS = ("3/4", "4/4")
"""Meters decoded together if none is given. 6/8 is tried afterwards, by what the drums
play between the beats: half a bar of 4/4 looks much like a bar of 6/8."""

SIX_EIGHT = Meter(6, 8)

THRESHOLD = 0.05
"""Frames before the first and after the last activation this high count as silence."""

_ALIKE_FRAMES = 7
_MOST = 0.7
_LEAST = 1e-6  # probabilities stay this far from 0 and 1
_PIN = -1e4  # log density that rules a state out

FramesOfBeats = list[tuple[int, int]]
"""Frame of each beat, and its position in the bar from 1."""


def has_beats(outputs: Iterable[str]) -> bool:
    """Return whether a network with these outputs detects beats."""
    return {"beat", "downbeat"} <= set(outputs)


def find_beats(
    activations: Activations,
    *,
    bpm: float | None = None,
    meter: str | None = None,
    first_downbeat: float | None = None,
    backend: str = "adt",
    patterns: bool = True,
    changes: NDArray[np.float32] | None = None,
) -> tuple[Beat, ...]:
    """Find the beats of a recording.

    Parameters
    ----------
    activations
        Activations with the outputs ``beat`` (downbeats included) and ``downbeat``.
    bpm
        Approximate tempo in the unit of `Meter.tempo_unit`; None: 55 to 215, or 30 to
        130 in a compound meter.
    meter
        The meter, such as ``"3/4"`` or ``"6/8"``; None: the likeliest of `METERS` and
        6/8, see `meter_of`.
    first_downbeat
        Time in seconds at which a bar begins; earlier beats are counted backwards from
        there. With madmom, the nearest beat becomes the downbeat.
    backend
        ``"adt"``, or ``"madmom"`` (extra `madmom`).
    patterns
        Whether the drums are evidence, see `adt_plugins.rhythm.drum_patterns`. Without
        them and without `changes` the beats are the same as madmom's.
    changes
        Novelty of the harmony at each frame, see
        `adt_plugins.rhythm.chord_changes.Harmony.changes`.

    Returns
    -------
    tuple of Beat
        Empty if there are none.

    Raises
    ------
    ModelError
        If the activations lack these outputs.
    MissingDependencyError
        If the madmom backend is chosen but not installed.
    ValueError
        If an option is out of its range.
    """
    if not has_beats(activations.outputs):
        raise ModelError("the model does not detect beats")
    if backend not in ("adt", "madmom"):
        raise ValueError(f"no backend {backend!r}; there are adt and madmom")
    observed = observations(activations)
    rate = activations.frame_rate
    loud = np.nonzero((observed >= THRESHOLD).any(axis=1))[0]
    if not len(loud):
        return ()
    first, last = sounding(loud, rate)
    part = slice(first, last + 1)
    pin = None
    if first_downbeat is not None:
        pin = round((first_downbeat - activations.offset) * rate) - first
    meters = [Meter.parse(name) for name in ([meter] if meter else METERS)]
    if backend == "madmom":
        from adt_plugins.rhythm.madmom_backend import track_beats

        counts = [meter.counted for meter in meters]
        beats = track_beats(observed[part], counts, _tempi(bpm, meters), rate)
    else:
        decoder = _Decoder(
            replace(activations, values=activations.values[part]),
            observed[part],
            patterns=patterns,
            changes=None if changes is None else WEIGHT * changes[part],
            pin=pin,
        )
        del observed  # 6 MB an hour
        beats = decoder.likeliest(meters, bpm, is_meter_known=meter is not None)
    if pin is not None and beats:
        beats = _from_downbeat(beats, pin)
    return tuple(
        Beat(max((frame + first) / rate + activations.offset, 0.0), position)
        for frame, position in beats
    )


def meter_of(beats: Sequence[Beat]) -> Meter | None:
    """Return the meter of beats that were found without a given one; None if empty.

    Bars of two beats are only ever found in 6/8.
    """
    if not beats:
        return None
    count = max(beat.position for beat in beats)
    return SIX_EIGHT if count == SIX_EIGHT.counted else Meter(count)


def _tempi(bpm: float | None, meters: Sequence[Meter]) -> tuple[float, float]:
    """Return the lowest and the highest tempo in counted beats: eighths in 7/8."""
    slow = meters[0].is_compound
    least, most = (compound.MIN_BPM, compound.MAX_BPM) if slow else (MIN_BPM, MAX_BPM)
    if bpm is not None:
        least, most = check_bpm(bpm) / BPM_TOLERANCE, bpm * BPM_TOLERANCE
    counted = meters[0].tempo_unit / meters[0].quarters
    return least * counted, most * counted


def observations(activations: Activations) -> NDArray[np.float64]:
    """Return the probabilities of a beat that is not a downbeat, and of a downbeat.

    The network's ``beat`` is also high at downbeats, and its two outputs are
    independent: `downbeat` is the share of a beat that is a downbeat, limited to the
    beat itself.

    Returns
    -------
    NDArray
        Shape (frames, 2); the sum of a row is less than 1.
    """
    names = activations.outputs
    beat = activations.values[:, names.index("beat")].astype(np.float64)
    downbeat = activations.values[:, names.index("downbeat")].astype(np.float64)
    either = np.clip(np.maximum(beat, downbeat), 2 * _LEAST, 1 - _LEAST)
    downbeat = np.clip(downbeat, _LEAST, either - _LEAST)
    return np.stack([either - downbeat, downbeat], axis=1)


class _Decoder:
    """Decodes beats, as frames and positions in the bar, in one meter or another."""

    def __init__(
        self,
        activations: Activations,
        observed: NDArray[np.float64],
        *,
        patterns: bool,
        changes: NDArray[np.float32] | None,
        pin: int | None,
    ) -> None:
        self._activations = activations
        self._patterns, self._changes = patterns, changes
        self._is_pinned = pin is not None
        densities = np.empty((len(observed), 3))
        densities[:, 0] = (1 - observed.sum(axis=1)) / (OBSERVATION_LAMBDA - 1)
        densities[:, 1:] = observed
        np.log(densities, out=densities)
        self._highest = observed.max(axis=1)
        if pin is not None and 0 <= pin < len(observed):
            densities[pin, 0] = _PIN
            self._highest[pin] = 1.0  # keeps the beat at this frame
        self._ratios = Ratios(densities)

    def likeliest(
        self, meters: Sequence[Meter], bpm: float | None, *, is_meter_known: bool
    ) -> FramesOfBeats:
        """Find the likeliest beats in some meters, or in 6/8 if none is known."""
        beats = self.decode(meters, bpm)
        if not self._patterns:
            return beats
        slower = None if is_meter_known else self.in_six_eight(beats, bpm)
        # Readings are those of 4/4; 12/8 has four counted beats too.
        if self._is_pinned or any(meter.is_compound for meter in meters):
            return slower or beats
        is_tempo_known = bpm is not None or slower is not None
        return self.reread(slower or beats, is_tempo_known=is_tempo_known)

    def decode(self, meters: Sequence[Meter], bpm: float | None) -> FramesOfBeats:
        """Find the beats in the likeliest of some meters, all compound or simple."""
        rate = self._activations.frame_rate
        lengths = beat_lengths(rate, *_tempi(bpm, meters))
        evidence = self._evidence(meters)
        searched = likely_lengths(self._ratios, lengths, rate, evidence)
        path = decode(
            self._ratios,
            [(2, *[1] * (meter.counted - 1)) for meter in meters],
            lengths,
            evidence=evidence,
            searched=searched,
        )
        return _peaks(self._highest, path)

    def in_six_eight(
        self, simple: FramesOfBeats, bpm: float | None
    ) -> FramesOfBeats | None:
        """Find the beats of 6/8, if they are likelier than `simple`.

        If nothing is played on their first third, they are counted in 4/4: slow beats
        with nothing or eighths between them, or a shuffle.
        """
        if len(simple) < compound.LEAST_BEATS:
            return None
        judge = compound.MeterJudge(self._activations, self._any_drum)
        columns = _columns(simple)
        if not judge.may_be_compound(*columns):
            return None
        compounds = self.decode([SIX_EIGHT], bpm)
        if len(compounds) < compound.LEAST_BEATS:
            return None
        others = _columns(compounds)
        if judge.of_both(columns, others) <= 0:
            return None
        if judge.has_thirds(others[0]):
            return compounds
        return None if _are_alike(others[0], columns[0]) else _in_four(compounds)

    def reread(self, beats: FramesOfBeats, *, is_tempo_known: bool) -> FramesOfBeats:
        """Return the likeliest reading of beats, see `adt_plugins.rhythm.readings`."""
        if len(beats) < readings.LEAST_BEATS:
            return beats
        frames, positions = _columns(beats)
        if positions.max() != readings.BAR:
            return beats
        frames, positions = readings.likeliest_reading(
            frames,
            positions,
            self._activations,
            None if self._changes is None else self._changes / WEIGHT,
            tempi=None if is_tempo_known else (MIN_BPM, MAX_BPM),
        )
        return list(zip(frames.tolist(), positions.tolist(), strict=True))

    @cached_property
    def _any_drum(self) -> NDArray[np.float32]:
        return any_drum(self._activations)

    def _evidence(self, meters: Sequence[Meter]) -> Evidence | None:
        if not self._patterns and self._changes is None:
            return None
        if meters[0].is_compound:
            return CompoundEvidence(
                self._activations,
                meters[0].counted,
                drums=self._any_drum if self._patterns else None,
                changes=self._changes,
            )
        return BarEvidence(
            self._activations,
            [meter.counted for meter in meters],
            patterns=self._patterns,
            changes=self._changes,
        )


def _columns(beats: FramesOfBeats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the frames, and the positions in the bar."""
    table = np.array(beats, np.int64)
    return table[:, 0], table[:, 1]


def _in_four(beats: FramesOfBeats) -> FramesOfBeats:
    """Count beats of 6/8 as those of 4/4."""
    first = beats[0][1] - 1
    return [(t, (n + first) % readings.BAR + 1) for n, (t, _) in enumerate(beats)]


def _are_alike(frames: NDArray[np.int64], others: NDArray[np.int64]) -> bool:
    """Return whether most beats of either sequence are also in the other."""
    return min(_shared(frames, others), _shared(others, frames)) >= _MOST


def _shared(frames: NDArray[np.int64], others: NDArray[np.int64]) -> float:
    """Return the share of beats that are near one of the others."""
    after = np.searchsorted(others, frames).clip(1, len(others) - 1)
    far = np.minimum(abs(others[after] - frames), abs(others[after - 1] - frames))
    return float(np.mean(far <= _ALIKE_FRAMES))


def _from_downbeat(beats: FramesOfBeats, pin: int) -> FramesOfBeats:
    """Renumber the beats so that the one nearest to a frame is a downbeat."""
    bar = max(position for _, position in beats)
    shift = min(beats, key=lambda beat: abs(beat[0] - pin))[1]
    return [(frame, (position - shift) % bar + 1) for frame, position in beats]


def _peaks(highest: NDArray[np.float64], path: BeatPath) -> FramesOfBeats:
    """Move each beat to the highest activation within its beginning."""
    heads = -(-path.lengths // OBSERVATION_LAMBDA)
    beats = []
    rows = (column.tolist() for column in (path.starts, heads, path.positions))
    for start, head, position in zip(*rows, strict=True):
        region = highest[max(start, 0) : max(start + head, 0)]
        if len(region):
            beats.append((max(start, 0) + int(region.argmax()), position + 1))
    return beats
