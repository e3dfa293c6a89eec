"""Learns the song gate from renders: what evidence shows that a drum is present.

The result is the few numbers of `adt_plugins.card.SongGate`. Recordings without drums
are renders with silent drums, and voices, guitars and music alone. Recordings with
drums are renders alone, in their accompaniment and, up to 15 dB quieter, in real sounds
if there are some. Like the thresholds, all of it comes from the validation split: in
material that it was trained on, a network mistakes less for drums (experiment 18).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from adt_plugins.base.files import write_files
from adt_plugins.card import ModelCard, SongGate
from adt_plugins.errors import AdtError
from adt_plugins.network.inference import Network
from adt_plugins.training.learn.clips import Clip, find_clips, find_voices, load_clip
from adt_plugins.training.learn.gate_pieces import (
    CHAIN,
    Piece,
    RunNetwork,
    chain,
    gather,
)
from adt_plugins.training.learn.mixing import Mixer, Recipe
from adt_plugins.training.learn.real_sounds import RealSound, find_real

_T = TypeVar("_T")

MUSIC_PER_MINUTE, SPEECH_PER_MINUTE = 1.0, 0.25
"""False hits a minute that may remain: half of the goal, since unknown recordings are
always a little worse."""
LOST = 0.002
"""Share of a drum's true hits that the gate may lose in recordings with the drum."""
SILENCED = 0.005
"""Share of the recordings with drums that the gate may take for drumless ones."""

SONGS = Recipe(accompanied=1.0, voiced=0.3, accompaniment_db=(-6.0, 12.0))
DRUMLESS = replace(SONGS, drumless=1.0)
ALONE = Recipe(accompanied=0.0, voiced=0.0)
# Drums this quiet must still be found.
QUIET_SONGS = replace(ALONE, real=1.0, real_only=1.0, real_db=(10.0, 15.0))
REAL_DRUMLESS = replace(QUIET_SONGS, drumless=1.0)

# Shares of the hits that may remain: of a drum that is absent, and of one that counts
# as alone; and where a recording is taken for a song with drums.
_SHARE_OF_A_DRUM = 0.1
_SHARE_OF_THE_SONG = 0.25

# Some drums are hardly ever detected in recordings without them, so their limit would
# hardly exist, which proves nothing. So a learnt limit counts only if it is near
# `sure`; otherwise `sure` does. Toms alone resemble plucked strings: they must be
# clearer (experiment 81).
_LONE_OF_SURE = 0.9
_LEAST_LONE = {"TT": 0.7}
# Unknown recordings are worse than the clips (experiment 38).
_MARGIN = 0.08

# Distance below the evidence of the quietest recordings with drums.
_SONG_MARGIN = 0.02

_GRID: list[float] = np.round(np.arange(0.0, 1.01, 0.01), 2).tolist()
_ORDERS = 6  # orders in which they are chained


def learn_gate(
    renders: Path,
    mixer: Callable[[list[Path], list[RealSound]], Mixer],
    run_network: RunNetwork,
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
        Function that makes a mixer with these voices and real sounds.
    run_network
        Function from frames (frames, bands) to activations (frames, outputs).
    card
        Card with picker, thresholds and outputs of the network.
    clips
        Number of clips of each kind; 100 take a minute.
    split
        Split of the clips, ``"validation"`` or ``"train"``.
    """
    loaded = (load_clip(path) for path in find_clips(renders))
    members = [clip for clip in loaded if clip.split == split]
    songs = _some([c for c in members if c.accompaniment is not None], clips)
    alone = _some([c for c in members if c.accompaniment is None], clips // 2)
    voices = find_voices(renders, split)
    real = find_real(renders, split)
    mix = mixer(voices, real)
    speech = gather(
        (_spoken(path) for path in _some(voices, clips // 2)),
        ALONE,
        mix,
        run_network,
        card,
    )
    music = gather(songs, DRUMLESS, mix, run_network, card)
    drums = [gather(songs, SONGS, mix, run_network, card)]
    drums += [gather(alone, ALONE, mix, run_network, card)]
    if real:
        chosen = _some(members, clips)
        music += gather(chosen, REAL_DRUMLESS, mix, run_network, card)
        drums += [gather(chosen, QUIET_SONGS, mix, run_network, card)]
    return choose(speech, music, drums, card)


def attach_gate(card: ModelCard, renders: Path) -> ModelCard:
    """Learn a gate for an existing model, and write it into its card.

    Raises
    ------
    AdtError
        If the card has no file, or no level rule.
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
    card = replace(card, gate=gate)
    assert card.path is not None
    write_files({card.path: card.to_json().encode()}, overwrite=True)
    return card


def choose(
    speech: Sequence[Piece],
    music: Sequence[Piece],
    drums: Sequence[Sequence[Piece]],
    card: ModelCard,
) -> SongGate:
    """Choose a gate.

    Each limit is the lowest that leaves no more than its share of the hits that may
    remain in pieces without drums. But songs keep their drums: the limit below which
    there are none is the highest that hardly any piece with drums falls below, and the
    limit of a drum is the highest that loses no more than `LOST` of its true hits.

    Parameters
    ----------
    speech, music
        Pieces without drums.
    drums
        Pieces with drums, a sequence for each kind of mix.
    card
        Card with drums and thresholds of the network.
    """
    search = _LimitSearch(speech, music)
    none, never = dict.fromkeys(card.drums, 0.0), dict.fromkeys(card.drums, 2.0)
    sure = {}
    for drum in card.drums:
        gates = (SongGate(2.0, never, none, {**none, drum: x}) for x in _GRID)
        sure[drum] = max(card.thresholds[drum], search.lowest(gates, drum))
    shut = SongGate(2.0, never, none, sure)
    lone = _lone_limits(search, shut, card.drums)
    sure = {drum: round(min(1.0, value + _MARGIN), 3) for drum, value in sure.items()}
    gates = (SongGate(x, lone, none, sure) for x in _GRID)
    unsure = search.lowest(gates, beyond=replace(shut, lone=lone))
    limits = _drum_limits(drums, sure)
    return SongGate(_song_limit(drums, unsure), lone, limits, sure, unsure)


class _LimitSearch:
    """Searches for the lowest limits that leave few hits in pieces without drums.

    Parameters
    ----------
    speech, music
        The pieces.
    """

    def __init__(self, speech: Sequence[Piece], music: Sequence[Piece]) -> None:
        self._without = [
            (limit, _longer(pieces))
            for limit, pieces in (
                (SPEECH_PER_MINUTE, speech),
                (MUSIC_PER_MINUTE, music),
            )
            if len(pieces) >= CHAIN
        ]

    def lowest(
        self,
        gates: Iterable[SongGate],
        drum: str = "",
        beyond: SongGate | None = None,
    ) -> float:
        """Return the first limit whose gate leaves few hits.

        Parameters
        ----------
        gates
            A gate for each limit of `_GRID`.
        drum
            Drum whose share of the hits may remain; empty: that of all.
        beyond
            Gate whose remaining hits are allowed as well; then all drums count.
        """
        share = _SHARE_OF_A_DRUM if drum else _SHARE_OF_THE_SONG
        only = drum if beyond is None else ""
        most = [
            share * limit + (0.0 if beyond is None else _left(pieces, beyond, only))
            for limit, pieces in self._without
        ]
        for limit, gate in zip(_GRID, gates, strict=True):
            left = (_left(pieces, gate, only) for _, pieces in self._without)
            if all(a <= b for a, b in zip(left, most, strict=True)):
                return limit
        return _GRID[-1]


def _lone_limits(
    search: _LimitSearch, shut: SongGate, drums: Iterable[str]
) -> dict[str, float]:
    """Return the clearness at which each drum suffices alone."""
    lone = {}
    for drum in drums:
        sure = shut.sure[drum]
        gates = (replace(shut, lone={**shut.lone, drum: x}) for x in _GRID)
        limit = search.lowest(gates, drum, shut)
        limit = limit if limit >= _LONE_OF_SURE * sure else sure
        lone[drum] = max(limit, _LEAST_LONE.get(drum, 0.0))
    return lone


def _song_limit(drums: Sequence[Sequence[Piece]], most: float) -> float:
    """Return the evidence below which a recording has no drums, at most `most`."""
    limit = most
    for pieces in drums:
        # Chains mix quiet songs with loud ones only of the same kind.
        evidence = [x.clearness.evidence for x in _longer(pieces) or pieces]
        if evidence:
            limit = min(limit, float(np.quantile(evidence, SILENCED)) - _SONG_MARGIN)
    return round(max(0.0, limit), 2)


def _drum_limits(
    drums: Sequence[Sequence[Piece]], sure: Mapping[str, float]
) -> dict[str, float]:
    """Return the clearness below which each drum is absent from a recording."""
    pieces = [piece for some in drums for piece in (*some, *chain(some, 0))]
    return {
        drum: max(
            value
            for value in _GRID
            if value <= most and _lost(pieces, drum, value, most) <= LOST
        )
        for drum, most in sure.items()
    }


def _longer(pieces: Sequence[Piece]) -> list[Piece]:
    """Return chains of pieces in several orders."""
    return [piece for seed in range(_ORDERS) for piece in chain(pieces, seed)]


def _left(pieces: Sequence[Piece], gate: SongGate, only: str) -> float:
    """Return the hits a minute that a gate leaves: of a drum or, with "", of all."""
    left = 0
    for piece in pieces:
        absent = set(piece.clearness.absent(gate))
        for drum, heights_of in piece.heights.items():
            if only in ("", drum):
                least = gate.sure[drum] if drum in absent else 0.0
                left += int(np.sum(heights_of >= least))
    return 60 * left / sum(piece.duration for piece in pieces)


def _lost(pieces: Sequence[Piece], drum: str, limit: float, sure: float) -> float:
    """Return the share of true hits that a drum loses if it is absent below `limit`."""
    lost = total = 0
    for piece in pieces:
        true = piece.true[drum]
        total += int(true.sum())
        if piece.clearness.drums[drum] < limit:
            lost += int(np.sum(true & (piece.heights[drum] < sure)))
    return lost / max(total, 1)


def _spoken(path: Path) -> Clip:
    """Return a voice as a clip with nothing else."""
    samples = np.load(path, mmap_mode="r", allow_pickle=False)
    return Clip(path.stem, samples, None, [], [], "")


def _some(items: Sequence[_T], count: int) -> list[_T]:
    """Return at most `count` items, chosen at random but always the same."""
    order = np.random.default_rng(0).permutation(len(items))
    return [items[i] for i in order[:count]]
