"""Learns from renders what evidence means that a drum is there.

What is learnt are the few numbers of `adt_plugins.card.SongGate`. Recordings without
drums are renders whose drums are silent, and voices, guitars and music alone.
Recordings with drums are renders alone, in their accompaniment and, up to 15 dB
quieter, in real sounds where there are some. All are those of the validation split,
like those that thresholds are chosen on: in what a network was trained on, it takes
less for drums. A gate learnt there left 19 hits a minute in guitars of another font;
learnt on the validation split, 0.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from adt_plugins.base.files import write_files
from adt_plugins.card import ModelCard, SongGate
from adt_plugins.errors import AdtError
from adt_plugins.network.inference import Network
from adt_plugins.picking.peaks import heights, pick_peaks
from adt_plugins.picking.song_gate import Clearness, regularity
from adt_plugins.training.learn.clips import Clip, find_clips, find_voices, load_clip
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.real_sounds import RealSound, find_real
from adt_plugins.training.learn.targets import OUTPUTS, column

Frames = NDArray[np.float32]
_T = TypeVar("_T")

Hear = Callable[[Frames], Frames]

#: Hits a minute that may be left where there are none: half of what is wanted of
#: the whole, for music and voices that nobody has heard are always a bit worse.
MUSIC_PER_MINUTE = 1.0
SPEECH_PER_MINUTE = 0.25
#: Share of the true hits of a drum that the gate may cost in recordings that have it.
LOST = 0.002
#: Share of the recordings with drums that the gate may take for some without.
SILENCED = 0.005

SONGS = Recipe(accompanied=1.0, voiced=0.3, accompaniment_db=(-6.0, 12.0))
DRUMLESS = replace(SONGS, drumless=1.0)
ALONE = Recipe(accompanied=0.0, voiced=0.0)
# How quiet drums may be and must still be found.
QUIET_SONGS = replace(ALONE, real=1.0, real_only=1.0, real_db=(10.0, 15.0))
REAL_DRUMLESS = replace(QUIET_SONGS, drumless=1.0)

# Of the hits that may be left: of a drum that is absent, of one that is taken to
# be alone; and where something is taken for a song with drums.
_SHARE_OF_A_DRUM = 0.1
_SHARE_OF_THE_SONG = 0.25

# Some drums are hardly ever found where there are none, so often at least: that is no
# proof that they are not. So what is learnt counts where it is near `sure`, and that
# itself elsewhere. Toms alone cannot be distinguished from a plucked string.
_LONE_OF_SURE = 0.9
_NEVER_ALONE = ("TT",)
# What nobody has heard is worse than what the clips hold: with less than 0.05, half an
# hour of guitars of another font kept 2 toms a minute, with 0.03 noise kept a crash.
_MARGIN = 0.08

# Below what the quietest recordings with drums have.
_SONG_MARGIN = 0.02

_WINDOW_S = 0.05
_STEP = 0.01
_CHAIN = 3  # clips of 20 s that make a minute
_ORDERS = 6  # ways in which they are put together


@dataclass(frozen=True)
class Piece:
    """Hits of each drum of a recording: how high, whether true, how regular."""

    heights: dict[str, NDArray[np.float64]]
    true: dict[str, NDArray[np.bool_]]
    duration: float
    regularity: float = 0.0

    @cached_property
    def clearness(self) -> Clearness:
        """As the gate sees it."""
        falling = {drum: np.sort(some)[::-1] for drum, some in self.heights.items()}
        return Clearness(falling, self.duration, self.regularity)

    @property
    def hits(self) -> int:
        """Of all drums."""
        return sum(len(some) for some in self.heights.values())


def chain(pieces: Sequence[Piece], seed: int, length: int = _CHAIN) -> list[Piece]:
    """Put pieces together to longer ones, in some order."""
    order = np.random.default_rng(seed).permutation(len(pieces))
    result = []
    for first in range(0, len(pieces) - length + 1, length):
        some = [pieces[i] for i in order[first : first + length]]
        result.append(
            Piece(
                {d: np.concatenate([p.heights[d] for p in some]) for d in some[0].true},
                {d: np.concatenate([p.true[d] for p in some]) for d in some[0].true},
                sum(piece.duration for piece in some),
                sum(p.regularity * p.hits for p in some)
                / max(1, sum(p.hits for p in some)),
            )
        )
    return result


def gather(
    clips: Iterable[Clip],
    recipe: Recipe,
    mixer: Mixer,
    hear: Hear,
    card: ModelCard,
) -> list[Piece]:
    """Mix clips by a recipe, and pick the hits at the card's thresholds."""
    mixer.recipe, pieces = recipe, []
    rate = card.front_end.frame_rate
    for number, clip in enumerate(clips):
        rng = np.random.default_rng([number, 7])
        frames = int(clip.duration * rate)
        values = hear(mixer.example(clip, frames, rng, start=0.0).frames)
        onsets = [] if recipe.drumless else clip.onsets
        found, true, times = {}, {}, []
        for drum in card.drums:
            own = values[:, card.outputs.index(drum)]
            picked = pick_peaks(own, card.thresholds[drum], card.picker, rate)
            wanted = np.array([t for t, c, _ in onsets if OUTPUTS[column(c)] == drum])
            gaps = np.abs(picked[:, None] / rate - wanted[None]).min(
                axis=1, initial=np.inf
            )
            found[drum] = heights(own, picked, card.picker, rate)
            true[drum] = gaps <= _WINDOW_S
            times.append(picked)
        regular = regularity(times, frames, rate)
        pieces.append(Piece(found, true, frames / rate, regular))
    return pieces


def learn_gate(
    renders: Path,
    mixer: Callable[[list[Path], list[RealSound]], Mixer],
    hear: Hear,
    card: ModelCard,
    *,
    clips: int = 100,
    split: str = "validation",
) -> SongGate:
    """Learn a gate for a network on a folder of renders.

    Parameters
    ----------
    renders
        Folder of `adt train render`.
    mixer
        Makes a mixer with these voices and real sounds.
    hear
        Frames (frames, bands) to activations (frames, outputs).
    card
        Picker, thresholds and outputs of the network.
    clips
        How many clips of each kind; 100 take a minute.
    split
        ``"validation"``, or ``"train"``.
    """
    every = [load_clip(path) for path in find_clips(renders)]
    every = [clip for clip in every if clip.split == split]
    songs = _some([c for c in every if c.accompaniment is not None], clips)
    alone = _some([c for c in every if c.accompaniment is None], clips // 2)
    voices = find_voices(renders, split)
    real = find_real(renders, split)
    mix = mixer(voices, real)
    speech = gather(
        (_spoken(path) for path in _some(voices, clips // 2)), ALONE, mix, hear, card
    )
    music = gather(songs, DRUMLESS, mix, hear, card)
    drums = [gather(songs, SONGS, mix, hear, card)]
    drums += [gather(alone, ALONE, mix, hear, card)]
    if real:
        some = _some(every, clips)
        music += gather(some, REAL_DRUMLESS, mix, hear, card)
        drums += [gather(some, QUIET_SONGS, mix, hear, card)]
    return choose(speech, music, drums, card)


def attach_gate(card: ModelCard, renders: Path) -> ModelCard:
    """Learn a gate for a model that is there, and write it into its card.

    Raises
    ------
    AdtError
        If the card has no file, or the network no level rule.
    """
    if card.path is None or card.level is None:
        raise AdtError(f"{card.name}: a gate needs a card with a level rule")
    level = card.level
    gate = learn_gate(
        renders,
        lambda voices, real: Mixer(card.front_end, level, voices, real=real),
        Network(card).activations,
        card,
    )
    taught = replace(card, gate=gate)
    write_files({card.path: taught.to_json().encode()}, overwrite=True)
    return taught


def choose(
    speech: Sequence[Piece],
    music: Sequence[Piece],
    drums: Sequence[Sequence[Piece]],
    card: ModelCard,
) -> SongGate:
    """Choose a gate for pieces without drums and with them, those of a kind together.

    Each limit is the lowest that leaves no more than its share of the hits that may be
    left in pieces without drums. But a song's drums are never taken: the limit below
    which there are none is the highest that holds for next to no piece with drums, and
    that for a drum in a recording with drums the highest that costs no more than `LOST`
    of its true hits.
    """
    without = [
        (limit, [piece for seed in range(_ORDERS) for piece in chain(some, seed)])
        for limit, some in ((SPEECH_PER_MINUTE, speech), (MUSIC_PER_MINUTE, music))
        if len(some) >= _CHAIN
    ]
    grid: list[float] = np.round(np.arange(0.0, 1.0 + _STEP, _STEP), 2).tolist()

    def lowest(
        gates: Iterable[SongGate], drum: str = "", beyond: SongGate | None = None
    ) -> int:
        """Place of the first gate that leaves little; or little more than another."""
        share = _SHARE_OF_A_DRUM if drum else _SHARE_OF_THE_SONG
        only = drum if beyond is None else ""
        most = [
            share * limit + (0.0 if beyond is None else _left(some, beyond, only))
            for limit, some in without
        ]
        for place, gate in enumerate(gates):
            left = (_left(some, gate, only) for _, some in without)
            if all(a <= b for a, b in zip(left, most, strict=True)):
                return place
        return len(grid) - 1

    none, never = dict.fromkeys(card.drums, 0.0), dict.fromkeys(card.drums, 2.0)
    sure, lone = {}, {}
    for drum in card.drums:
        gates = (SongGate(2.0, never, none, {**none, drum: x}) for x in grid)
        sure[drum] = max(card.thresholds[drum], grid[lowest(gates, drum)])
    shut = SongGate(2.0, never, none, sure)
    for drum in card.drums:
        gates = (replace(shut, lone={**never, drum: x}) for x in grid)
        found = grid[lowest(gates, drum, shut)]
        lone[drum] = found if found >= _LONE_OF_SURE * sure[drum] else sure[drum]
    lone.update((drum, 1.0) for drum in _NEVER_ALONE if drum in lone)
    sure = {drum: round(min(1.0, value + _MARGIN), 3) for drum, value in sure.items()}
    gates = (SongGate(x, lone, none, sure) for x in grid)
    unsure = grid[lowest(gates, beyond=replace(shut, lone=lone))]
    song = unsure
    for some in drums:
        # Quiet songs among loud ones would be heard for those beside them.
        longer = [piece for seed in range(_ORDERS) for piece in chain(some, seed)]
        evident = [piece.clearness.evidence for piece in longer or some]
        if evident:
            song = min(song, float(np.quantile(evident, SILENCED)) - _SONG_MARGIN)
    song = round(max(0.0, song), 2)
    pieces = [piece for some in drums for piece in (*some, *chain(some, 0))]
    own = {
        drum: max(
            value
            for value in grid
            if value <= sure[drum] and _lost(pieces, drum, value, sure[drum]) <= LOST
        )
        for drum in card.drums
    }
    return SongGate(song, lone, own, sure, unsure)


def _left(pieces: Sequence[Piece], gate: SongGate, only: str) -> float:
    """Hits a minute, of one drum or (with ``""``) all, that the gate leaves."""
    left = 0
    for piece in pieces:
        gone = set(piece.clearness.absent(gate))
        for drum, some in piece.heights.items():
            if only in ("", drum):
                least = gate.sure[drum] if drum in gone else 0.0
                left += int(np.sum(some >= least))
    return 60 * left / sum(piece.duration for piece in pieces)


def _lost(pieces: Sequence[Piece], drum: str, own: float, sure: float) -> float:
    """Share of a drum's true hits that are lost where it is below `own`."""
    lost = total = 0
    for piece in pieces:
        true = piece.true[drum]
        total += int(true.sum())
        if piece.clearness.drums[drum] < own:
            lost += int(np.sum(true & (piece.heights[drum] < sure)))
    return lost / max(total, 1)


def _spoken(path: Path) -> Clip:
    """A voice as a clip that has nothing else."""
    samples = np.load(path, mmap_mode="r", allow_pickle=False)
    return Clip(path.stem, samples, None, [], [], "")


def _some(items: Sequence[_T], count: int) -> list[_T]:
    order = np.random.default_rng(0).permutation(len(items))
    return [items[i] for i in order[:count]]
