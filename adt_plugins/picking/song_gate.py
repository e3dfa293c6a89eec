"""Decides for a whole recording which of its drums occur at all.

A network that sees two seconds at a time finds a few snares in speech, toms in a bass
line, hats in a shaker. The whole recording tells more: where there are drums, some hits
are clear, and they recur at regular times. The gate weighs both, and raises the
thresholds of drums that are absent. It changes nothing else, and in cases of doubt
nothing at all, unless the mode is strict.

Clearness is what picking compares with a threshold: how far a peak stands above the
average around it. The clearness of a drum is the one that its hits reach
`RATE_PER_MINUTE` times a minute: the clearest hit of a short recording, the seventh of
a song of three minutes, so that a long recording has no more chances of a mistake
than a short one.

Regularity is how much more often than by chance a hit is followed by another one after
the same time, for the best such time. It separates drums 15 dB below the band, whose
hits are no clearer than false ones in guitars, from speech, singing and strumming
(experiment 20).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.card import ModelCard, SongGate
from adt_plugins.drums import Drum
from adt_plugins.picking.onsets import column, drum_peaks
from adt_plugins.picking.peaks import DrumPeaks, heights

Mode = Literal["off", "normal", "strict"]
MODES: tuple[Mode, ...] = get_args(Mode)

UNSURE = (
    "hardly any clear drum hits: these may be other instruments"
    " (a strict song gate leaves them out)"
)
"""Warning for a recording whose hits are kept in doubt."""

OFF = " (with the song gate off they stay)"
MUCH_HITS, MUCH_SHARE = 8, 0.2
"""Omitted hits, and their share of all, from which on a message reports them."""

RATE_PER_MINUTE = 2.0
"""Hits a minute that a drum needs for its clearness to count."""

LONE_PER_MINUTE = 20.0
"""Clear hits a minute by which a drum on a track of its own is recognised."""
LONE_FREE_S = 5.0
"""Up to this duration one hit suffices: the recording may be of a single one."""

SHORT_S = 30.0
"""A recording shorter than this has fewer hits, so less evidence is required of it."""
PER_OCTAVE = 0.04
"""Evidence that each halving of the duration below `SHORT_S` makes up for."""

REGULARITY_SHARE = 0.6
"""Weight of regularity beside clearness."""
REGULAR = 0.4
"""Most regularity that counts: a chopped voice has more."""

BLOCK_S = 12.0
"""Time over which the tempo counts as constant."""
LEAST_HITS = 6
"""Fewer hits in a block tell nothing about regularity."""
LEAST_PAIRS = 3
"""Least number of hits whose lag still lies in the block."""
LAG_S = (0.2, 1.0)
SAME_S = 0.02
"""Tolerance of a lag, either way."""
TOGETHER_S = 0.03
"""Hits of several drums within this time are one hit."""

# The clearest drum counts as much as the next two together.
_SHARES = (0.5, 0.25, 0.25)


@dataclass(frozen=True)
class Clearness:
    """Clearness and regularity of the hits of a recording.

    Parameters
    ----------
    heights
        Drum to the heights of its hits, descending; see `peaks.heights`.
    duration
        Seconds of the recording in which there is sound: silence has no chances of a
        mistake.
    regularity
        Regularity of the hits, 0-1; see `regularity`.
    """

    heights: Mapping[str, NDArray[np.float64]]
    duration: float
    regularity: float = 0.0

    @property
    def drums(self) -> dict[str, float]:
        """Height that each drum reaches `RATE_PER_MINUTE` times a minute."""
        return self._reached(int(RATE_PER_MINUTE * self.duration / 60))

    @property
    def evidence(self) -> float:
        """Evidence of drums: the clearness of the three clearest, and regularity."""
        best = sorted(self.drums.values(), reverse=True)
        clear = sum(share * value for share, value in zip(_SHARES, best, strict=False))
        return clear + REGULARITY_SHARE * min(self.regularity, REGULAR)

    @property
    def _short(self) -> float:
        """Amount by which less evidence is required of a short recording."""
        if not 0 < self.duration < SHORT_S:
            return 0.0
        return PER_OCTAVE * math.log2(SHORT_S / self.duration)

    def _reached(self, rank: int) -> dict[str, float]:
        return {
            drum: float(heights[rank]) if len(heights) > rank else 0.0
            for drum, heights in self.heights.items()
        }

    def _lone(self, gate: SongGate) -> bool:
        """Return whether one drum is clear enough by itself."""
        often = int(LONE_PER_MINUTE * max(0.0, self.duration - LONE_FREE_S) / 60)
        return any(
            value >= gate.lone.get(drum, 1.0) - self._short
            for drum, value in self._reached(often).items()
        )

    def unsure(self, gate: SongGate) -> bool:
        """Return whether the recording may have no drums at all."""
        return self.evidence < gate.unsure - self._short and not self._lone(gate)

    def absent(self, gate: SongGate, *, strict: bool = False) -> list[str]:
        """Return the drums that do not occur; perhaps all of them."""
        drums = self.drums
        nothing = self.evidence < gate.song - self._short and not self._lone(gate)
        if nothing or (strict and self.unsure(gate)):
            return list(drums)
        return [drum for drum in drums if drums[drum] < gate.drums.get(drum, 0.0)]


@dataclass(frozen=True)
class Decision:
    """The decision of the gate about a recording.

    Parameters
    ----------
    raised
        Drum to its raised threshold, for drums that lose hits by it.
    unsure
        Whether the remaining hits may be other instruments.
    candidates
        Drum to its number of hits before.
    """

    raised: Mapping[str, float]
    unsure: bool
    candidates: Mapping[str, int] = field(default_factory=dict, compare=False)

    def left_out(self, kept: Mapping[str, int]) -> str | None:
        """Return a message about the hits that were left out, if they are many.

        Parameters
        ----------
        kept
            Drum to its number of hits now.
        """
        lost = {
            drum: self.candidates.get(drum, 0) - kept.get(drum, 0)
            for drum in self.raised
        }
        total = sum(lost.values())
        if total < max(MUCH_HITS, MUCH_SHARE * (total + sum(kept.values()))):
            return None
        each = ", ".join(
            f"{count} {Drum(drum).full_name.lower()}"
            for drum, count in sorted(lost.items(), key=lambda item: -item[1])
            if count
        )
        return f"{total} unclear hits were left out as other instruments: {each}" + OFF


def regularity(
    frames: Iterable[NDArray[np.int64]], count: int, frame_rate: float
) -> float:
    """Estimate how regularly hits follow one another.

    Parameters
    ----------
    frames
        Frames of each drum's hits.
    count
        Frames of the recording.
    frame_rate
        Frames a second.

    Returns
    -------
    float
        From 0, if no lag of `LAG_S` is more frequent than by chance, to 1, if every hit
        is followed by another after the same lag; the mean over blocks of about
        `BLOCK_S`, weighted by their hits.
    """
    every = np.unique(np.concatenate([np.zeros(0, np.int64), *frames]))
    apart = np.diff(every, prepend=-count) > round(TOGETHER_S * frame_rate)
    hits = every[apart]
    if not len(hits):
        return 0.0
    blocks = max(1, round(count / (BLOCK_S * frame_rate)))
    total = 0.0
    for block in range(blocks):
        first, end = block * count // blocks, (block + 1) * count // blocks
        inside = hits[(hits >= first) & (hits < end)] - first
        if len(inside) >= LEAST_HITS:
            total += len(inside) * _block_regularity(inside, end - first, frame_rate)
    return total / len(hits)


def _block_regularity(hits: NDArray[np.int64], count: int, frame_rate: float) -> float:
    reach = round(SAME_S * frame_rate)
    near = np.zeros(count + 1, np.bool_)  # the last one stands for all later frames
    for shift in range(-reach, reach + 1):
        near[np.clip(hits + shift, 0, count - 1)] = True
    chance = int(near.sum()) / count
    if chance == 1:
        return 0.0
    first, last = (round(seconds * frame_rate) for seconds in LAG_S)
    later = np.minimum(hits + np.arange(first, last + 1)[:, None], count)
    pairs = (later < count).sum(axis=1)
    enough = pairs >= LEAST_PAIRS
    shares = near[later].sum(axis=1)[enough] / pairs[enough]
    return float(((shares - chance) / (1 - chance)).max(initial=0.0))


def clearness(
    activations: Activations,
    card: ModelCard,
    peaks: Mapping[str, DrumPeaks] | None = None,
    *,
    sounding: float | None = None,
) -> Clearness:
    """Measure how clear the hits of a recording are, at the card's thresholds.

    Parameters
    ----------
    activations
        Activations of the whole recording, which give the heights of its hits.
    card
        The model card.
    peaks
        `onsets.drum_peaks` that its hits come from; None: those of `activations`. Peaks
        that `recurrence.weigh` raised are not higher for it: bars of a riff are alike,
        too, and no evidence of drums.
    sounding
        Seconds in which there is sound, see `Beginnings.sounding`; None: all.
    """
    rate, count = activations.frame_rate, len(activations.values)
    if peaks is None:
        peaks = drum_peaks(activations, card)
    frames = {drum: peaks[drum].above(card.thresholds[drum]) for drum in card.drums}
    reached = {
        drum: np.sort(heights(column(activations, drum), at, card.picker, rate))[::-1]
        for drum, at in frames.items()
    }
    duration = count / rate if sounding is None else sounding
    return Clearness(reached, duration, regularity(frames.values(), count, rate))


def decide(
    activations: Activations,
    card: ModelCard,
    thresholds: Mapping[str, float] | None = None,
    mode: Mode = "normal",
    peaks: Mapping[str, DrumPeaks] | None = None,
    *,
    sounding: float | None = None,
) -> Decision:
    """Decide which drums a recording has.

    Parameters
    ----------
    activations
        See `clearness`.
    card
        The model card; without a `gate` nothing is raised.
    thresholds
        The user's choice, see `onsets.thresholds_in_force`; never raised.
    mode
        ``"normal"``: hits that may be drums stay; ``"strict"``: they go; ``"off"``:
        everything stays.
    peaks, sounding
        See `clearness`.

    Returns
    -------
    Decision
        Clear hits stay even of a drum that counts as absent: a break at the end of a
        song, a single kick.
    """
    gate, chosen = card.gate, set(thresholds or ())
    if gate is None or mode == "off":
        return Decision({}, False)
    clear = clearness(activations, card, peaks, sounding=sounding)
    sure = {drum: gate.sure.get(drum, 1.0) for drum in card.drums}
    absent = clear.absent(gate, strict=mode == "strict")
    raised = {
        drum: sure[drum]
        for drum in absent
        if not chosen & {drum, Drum(drum).coarse}
        and sure[drum] > card.thresholds[drum]
        and np.any(clear.heights[drum] < sure[drum])
    }
    doubtful = mode == "normal" and len(absent) < len(sure) and clear.unsure(gate)
    counts = {drum: len(heights) for drum, heights in clear.heights.items()}
    return Decision(raised, doubtful, counts)
