"""Spectral templates of a song's drums, learnt from their own hits.

Non-negative matrix factor deconvolution (Dittmar and Müller, *Reverse engineering the
Amen break*, 2016) with known activations: those of the hits' frames. The template of a
drum is the median over its hits of what remains of them beside the other drums and the
background, which excludes other instruments that play only sometimes. The background is
what lasts: a median over time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from adt_plugins.drums import Drum
from adt_plugins.separation.frames import Floats, Grid
from adt_plugins.separation.learnt import Learnt

Hits = Mapping[Drum, Sequence[int]]
"""Frames in which the hits of each drum begin, ascending; some may lie outside."""

EPSILON = np.float32(1e-7)

# Length of a hit in frames, by coarse drum, and by finer drum where it differs.
LENGTHS = {
    Drum.KD: 36,
    Drum.SD: 36,
    Drum.HH: 24,
    Drum.OHH: 64,
    Drum.TT: 64,
    Drum.CY: 110,
    Drum.RDC: 64,
    Drum.OT: 24,
}
LONGEST = max(LENGTHS.values())

ATTACK = 10
"""Frames from which the loudness of a hit is estimated."""

_USUAL = (Drum.CHH, Drum.PHH)
_LEVEL = 8
_LEAST_HITS = 4
_MOST_HITS = 64
# Number of hits of a drum that weigh as much as the general template.
_WEIGHT_OF_GENERAL = 2.0
_ROUNDS = 3
_WIDTH = 31
_STEP = 4


def kinds_of(drums: Iterable[Drum], apart: Collection[Drum] = ()) -> dict[Drum, Drum]:
    """Return the drum whose template each drum shares.

    A finer drum has its own if it has enough hits; a hi-hat without a known kind is
    closed most often, and closed ones share its template.

    Parameters
    ----------
    drums
        Drum of each hit.
    apart
        Drums that have a template of their own in any case.
    """
    return {
        drum: drum.coarse
        if drum not in apart and (count < _LEAST_HITS or drum in _USUAL)
        else drum
        for drum, count in Counter(drums).items()
    }


def hits_between(hits: Hits, begin: int, end: int) -> dict[Drum, list[int]]:
    """Return the hits in frames `begin` to `end`, counted from `begin`."""
    inside = {
        drum: [frame - begin for frame in frames if begin <= frame < end]
        for drum, frames in hits.items()
    }
    return {drum: frames for drum, frames in inside.items() if frames}


def length_of(drum: Drum) -> int:
    """Return the length of a hit in frames."""
    return LENGTHS.get(drum, LENGTHS[drum.coarse])


def general_template(drum: Drum, grid: Grid, learnt: Learnt) -> Floats:
    """Return the general template of a drum, shape (frames, bins)."""
    code = drum if f"template.{drum}" in learnt else drum.coarse
    bands = learnt[f"template.{code}"][: length_of(drum)]
    edges = learnt["edges_hz"]
    band = np.searchsorted(edges, grid.frequencies, "right") - 1
    return normalised(bands[:, np.clip(band, 0, bands.shape[1] - 1)])


def normalised(template: NDArray[np.floating]) -> Floats:
    """Scale a template so that its attack has a level of 1."""
    level = np.sqrt(np.square(template[:_LEVEL]).sum()) + EPSILON
    return np.asarray(template / level, np.float32)


def lasting(magnitudes: Floats, width: int = _WIDTH, step: int = _STEP) -> Floats:
    """Return each bin's median over `width` frames, interpolated in between.

    It is computed at every `step`-th frame; by default over a third of a second.
    """
    count, half = len(magnitudes), width // 2
    padded = np.pad(magnitudes, ((half, half + step), (0, 0)), mode="edge")
    windows = sliding_window_view(padded, width, axis=0)[::step]
    medians = np.partition(windows, half, axis=2)[..., half]
    out = np.empty((len(medians) - 1, step, magnitudes.shape[1]), np.float32)
    for part in range(step):
        share = np.float32(part / step)
        out[:, part] = medians[:-1] * (1 - share) + medians[1:] * share
    every = out.reshape(-1, magnitudes.shape[1])[:count]
    return np.asarray(every, np.float32)


class Mixture:
    """A stretch of sound as a sum of background and hits.

    Parameters
    ----------
    magnitudes
        Magnitudes of the stretch, shape (frames, bins).
    hits
        Hits in it.
    templates
        Template of each drum in `hits`.
    """

    def __init__(
        self, magnitudes: Floats, hits: Hits, templates: Mapping[Drum, Floats]
    ) -> None:
        self.magnitudes, self.hits = magnitudes, hits
        self.background = lasting(magnitudes)
        rest = np.maximum(magnitudes - self.background, 0)
        self.gains = {
            drum: np.array([_loudness(rest, frame) for frame in frames])
            for drum, frames in hits.items()
        }
        self.drums: dict[Drum, Floats] = {}
        self.fit(templates, 2)

    def fit(self, templates: Mapping[Drum, Floats], rounds: int) -> None:
        """Fit the loudness of the hits (Kullback-Leibler divergence)."""
        for _ in range(rounds):
            self._build(templates)
            ratio = self.magnitudes / (self.total() + EPSILON)
            for drum, frames in self.hits.items():
                template = templates[drum]
                for index, frame in enumerate(frames):
                    begin, end = max(frame, 0), min(frame + ATTACK, len(ratio))
                    if begin < end:
                        part = template[begin - frame : end - frame]
                        change = np.vdot(ratio[begin:end], part) / (
                            part.sum() + EPSILON
                        )
                        self.gains[drum][index] *= change
        self._build(templates)

    def total(self) -> Floats:
        """Return the sum of background and drums."""
        total: Floats = self.background.copy()
        for sound in self.drums.values():
            total += sound
        return total

    def separate_background(self) -> None:
        """Re-estimate the background without the drums."""
        share = self.background / (self.total() + EPSILON)
        self.background = np.minimum(lasting(self.magnitudes * share), self.magnitudes)

    def settle(self, templates: Mapping[Drum, Floats]) -> None:
        """Fit hits and background in turn; masks are computed from the result."""
        self.fit(templates, 2)
        self.separate_background()
        self.fit(templates, 2)

    def _build(self, templates: Mapping[Drum, Floats]) -> None:
        self.drums = {}
        for drum, frames in self.hits.items():
            sound = np.zeros_like(self.magnitudes)
            template = templates[drum]
            for frame, gain in zip(frames, self.gains[drum], strict=True):
                begin, end = max(frame, 0), min(frame + len(template), len(sound))
                if begin < end:
                    part = template[begin - frame : end - frame]
                    sound[begin:end] += np.float32(gain) * part
            self.drums[drum] = sound


def learn(
    stretches: Sequence[tuple[Floats, Hits]],
    drums: Sequence[Drum],
    grid: Grid,
    learnt: Learnt,
    seen: Callable[[Mixture], None] = lambda _: None,
) -> dict[Drum, Floats]:
    """Learn the templates of a song.

    Parameters
    ----------
    stretches
        Magnitudes, shape (frames, bins), and the hits in them.
    drums
        Drums whose templates are wanted.
    grid
        Grid of the frames.
    learnt
        Parameters with the general templates.
    seen
        Function that is called with each stretch as a mixture, in order, in the end.

    Returns
    -------
    dict
        Template of each drum, shape (frames, bins); the general one if there are no
        hits to learn from.
    """
    general = {drum: general_template(drum, grid, learnt) for drum in drums}
    templates = dict(general)
    mixtures = [Mixture(values, hits, templates) for values, hits in stretches]
    for number in range(_ROUNDS):
        sounds_of: dict[Drum, list[Floats]] = {drum: [] for drum in drums}
        for mixture in mixtures:
            mixture.fit(templates, 2)
            _collect(mixture, sounds_of)
            if number == _ROUNDS - 1:
                seen(mixture)
            mixture.separate_background()
            mixture.drums = {}  # for many stretches they would take much memory
        for drum, sounds in sounds_of.items():
            if sounds:
                count = len(sounds)
                usual = np.median(np.stack(sounds), axis=0)
                weighted = count * usual + _WEIGHT_OF_GENERAL * general[drum]
                templates[drum] = normalised(weighted / (count + _WEIGHT_OF_GENERAL))
    return templates


def _collect(mixture: Mixture, sounds_of: dict[Drum, list[Floats]]) -> None:
    """Add what remains of each hit beside everything else, scaled like a template."""
    ratio = mixture.magnitudes / (mixture.total() + EPSILON)
    for drum, frames in mixture.hits.items():
        length = length_of(drum)
        for frame, gain in zip(frames, mixture.gains[drum], strict=True):
            inside = frame >= 0 and frame + length <= len(ratio)
            if inside and gain > 1e-4 and len(sounds_of[drum]) < _MOST_HITS:
                stretch = slice(frame, frame + length)
                left = mixture.drums[drum][stretch] * ratio[stretch]
                sounds_of[drum].append(np.asarray(left / gain, np.float32))


def _loudness(rest: Floats, frame: int) -> float:
    attack = rest[max(frame, 0) : max(frame + _LEVEL, 0)]
    return 0.5 * float(np.sqrt(np.square(attack).sum()) + EPSILON)
