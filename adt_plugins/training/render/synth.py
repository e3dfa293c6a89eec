"""Renders drum hits as audio: a kit for the clip, and the hits in their places."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from adt_plugins.training.render.effects import low_pass
from adt_plugins.training.sources import kitmaps
from adt_plugins.training.sources.kits import Layer, load_group
from adt_plugins.training.sources.oneshots import SAMPLE_RATE_HZ, Samples
from adt_plugins.training.sources.performances import Stroke

# Mean level and spread against a full snare, in dB (loudest 20 ms).
LEVELS_DB: dict[str, tuple[float, float]] = {
    "KD": (0, 3.5),
    "SD": (0, 2.5),
    "SST": (-6, 4),
    "CHH": (-10, 4),
    "PHH": (-13, 4),
    "OHH": (-8, 4),
    "HIT": (-2, 3.5),
    "MHT": (-2, 3.5),
    "HFT": (-1, 3.5),
    "LFT": (-1, 3.5),
    "RDC": (-8, 4),
    "RDB": (-6, 4),
    "CRC": (-3, 4),
    "SPC": (-6, 4),
    "CHC": (-4, 4),
    "OT": (-8, 5),
}
# Substitutes for drums that a kit lacks: code and pitch ratio.
STAND_INS: dict[str, tuple[tuple[str, float], ...]] = {
    "HIT": (("MHT", 1.25), ("HFT", 1.5), ("LFT", 1.8)),
    "MHT": (("HIT", 0.82), ("HFT", 1.2), ("LFT", 1.45)),
    "HFT": (("LFT", 1.2), ("MHT", 0.8), ("HIT", 0.65)),
    "LFT": (("HFT", 0.85), ("MHT", 0.68), ("HIT", 0.55)),
    "PHH": (("CHH", 1.0),),
}
# Pieces that a mixed kit takes together from another kit.
MIXED_PARTS = (("SD",), kitmaps.HATS, kitmaps.CYMBALS, ("KD",), kitmaps.TOMS)
LOOSE_HATS = 0.5
"""Share of clips whose open hats ring on when they are struck again: half-open ones
that wash, as in loud songs. In the others each hit cuts the one before."""
FIRST_GUEST = 128
"""Variants below it are notes of MIDI files."""
VARIANTS = 3
SOFTNESS_STEPS = 4


@dataclass
class Piece:
    """One drum of a clip's kit."""

    layers: list[Layer]
    tuning: float
    level_db: float
    decay_per_s: float
    cache: dict[tuple[int, int, int], Samples] = field(default_factory=dict)


class ClipKit:
    """The kit of one clip: chosen, mixed, tuned and damped at random.

    Parameters
    ----------
    folder
        The folder of banks.
    index
        Drums (and their number of groups) of every kit that may be used.
    rng
        What decides.
    """

    def __init__(
        self, folder: Path, index: dict[str, dict[str, int]], rng: np.random.Generator
    ) -> None:
        self.folder, self.index, self.rng = folder, index, rng
        full = [name for name in index if {"KD", "SD", "CHH"} <= set(index[name])]
        self.name = self._draw(full)
        self.sources: dict[str, str] = {}
        self.guests: list[str] = []
        if rng.random() < 0.5:
            for part in MIXED_PARTS:
                donors = [name for name in index if part[0] in index[name]]
                if donors and rng.random() < 0.4:
                    donor = self._draw(donors)
                    self.sources.update(dict.fromkeys(part, donor))
        self.pieces: dict[tuple[str, int], Piece] = {}
        self.family_tuning = {
            code: float(rng.normal(1, 0.05)) for code in kitmaps.DRUM_CODES
        }
        toms, hats = float(rng.normal(1, 0.06)), float(rng.normal(1, 0.04))
        self.family_tuning.update(dict.fromkeys(kitmaps.TOMS, toms))
        self.family_tuning.update(dict.fromkeys(kitmaps.HATS, hats))
        self.hats_db = float(rng.normal(0, 3))
        self.cymbals_db = float(rng.normal(0, 2))

    def _draw(self, names: list[str]) -> str:
        weights = np.array([kitmaps.kit_weight(name) for name in names])
        return names[int(self.rng.choice(len(names), p=weights / weights.sum()))]

    def names(self) -> list[str]:
        """Return the kits that pieces come from, the main one first."""
        others = {*self.sources.values(), *self.guests} - {self.name}
        return [self.name, *sorted(others)]

    def invite(self, kit: str, group: int) -> int:
        """Add a group of any kit's ``OT``; return the variant it is played as."""
        variant = FIRST_GUEST + len(self.guests)
        self.guests.append(kit)
        self.pieces["OT", variant] = self._prepare("OT", kit, "OT", group, 1.0)
        return variant

    def piece(self, code: str, variant: int) -> Piece | None:
        """Return the drum for a code; None if no kit has one."""
        key = (code, variant if code == "OT" else 0)
        if key not in self.pieces:
            made = self._make(code, key[1])
            if made is None:
                return None
            self.pieces[key] = made
        return self.pieces[key]

    def _find(self, code: str) -> tuple[str, str, float] | None:
        """Return the kit, code there and pitch ratio that a drum is taken from."""
        source = self.sources.get(code, self.name)
        for stand_in, ratio in ((code, 1.0), *STAND_INS.get(code, ())):
            if stand_in in self.index[source]:
                return source, stand_in, ratio
        donors = [name for name in self.index if code in self.index[name]]
        if not donors:
            return None
        self.sources[code] = self._draw(donors)
        return self.sources[code], code, 1.0

    def _make(self, code: str, variant: int) -> Piece | None:
        origin = self._find(code)
        if origin is None:
            return None
        kit, source, ratio = origin
        groups = self.index[kit][source]
        group = variant % groups if code == "OT" else int(self.rng.integers(groups))
        return self._prepare(code, kit, source, group, ratio)

    def _prepare(
        self, code: str, kit: str, source: str, group: int, ratio: float
    ) -> Piece:
        """Return a group of a kit as the drum `code`, tuned and damped at random."""
        mean, spread = LEVELS_DB[code]
        level = float(np.clip(self.rng.normal(mean, spread), mean - 9, mean + 9))
        if code in kitmaps.HATS:
            level += self.hats_db
        if code in kitmaps.CYMBALS:
            level += self.cymbals_db
        tuning = self.family_tuning[code] * ratio * float(self.rng.normal(1, 0.02))
        damped = self.rng.random() < (0.12 if code in kitmaps.CYMBALS else 0.3)
        decay = float(np.exp(self.rng.uniform(0.3, 2.7))) if damped else 0.0
        return Piece(
            load_group(self.folder, kit, source, group),
            float(
                np.clip(
                    tuning, 0.5 if ratio != 1 else 0.82, 1.9 if ratio != 1 else 1.18
                )
            ),
            level,
            decay,
        )


def _voice(piece: Piece, layer: int, softness: int, variant: int) -> Samples:
    """Return a layer tuned, damped and darkened; made once a clip."""
    import soxr

    key = (layer, softness, variant)
    if key in piece.cache:
        return piece.cache[key]
    ratio = piece.tuning * (1 + 0.008 * (variant - (VARIANTS - 1) / 2))
    raw = piece.layers[layer].samples
    tuned = soxr.resample(raw, SAMPLE_RATE_HZ * ratio, SAMPLE_RATE_HZ, quality="HQ")
    voice: Samples = np.asarray(tuned, dtype=np.float32)
    if piece.decay_per_s:
        times = np.arange(voice.size, dtype=np.float32) / SAMPLE_RATE_HZ
        voice *= np.exp(-piece.decay_per_s * times)
    if softness:
        voice = low_pass(voice, (16000, 10000, 6500, 4200)[softness], 1)
    piece.cache[key] = voice
    return voice


@dataclass(frozen=True)
class Touch:
    """The curve from velocity to level in a clip: range in dB and exponent."""

    range_db: float
    curve: float

    def gain_db(self, velocity: int) -> float:
        """Return the level of a velocity below the full one."""
        return -self.range_db * float((1 - velocity / 127) ** self.curve)


def _choked_length(
    hit: Stroke,
    index: int,
    hits: list[Stroke],
    rng: np.random.Generator,
    *,
    loose: bool,
) -> float:
    """Return the seconds until the next hat chokes this one; inf for other drums."""
    if hit.code not in kitmaps.HATS:
        return float("inf")
    for later in hits[index + 1 :]:
        if later.code in kitmaps.HATS and later.time > hit.time + 0.005:
            if loose and hit.code == later.code == "OHH":
                return float("inf")  # struck again while it rings, not closed
            return later.time - hit.time + float(rng.uniform(0.0, 0.012))
    return float("inf")


def place(
    hits: list[Stroke], kit: ClipKit, duration_s: float, rng: np.random.Generator
) -> tuple[Samples, list[Stroke]]:
    """Render hits, the earlier ones' ringing included.

    Returns
    -------
    tuple
        Mono audio of ``duration_s`` and the hits in it, with
        the times at which they were placed.
    """
    total = round(duration_s * SAMPLE_RATE_HZ)
    audio = np.zeros(total, dtype=np.float32)
    touch = Touch(float(rng.uniform(20, 40)), float(rng.uniform(0.8, 1.6)))
    loose = rng.random() < LOOSE_HATS
    placed: list[Stroke] = []
    for index, hit in enumerate(hits):
        piece = kit.piece(hit.code, hit.variant)
        if piece is None:
            continue
        at = round(hit.time * SAMPLE_RATE_HZ)
        voice = _pick(piece, hit, rng)
        level_db = (
            piece.level_db + touch.gain_db(hit.velocity) + float(rng.normal(0, 0.7))
        )
        remaining = _choked_length(hit, index, hits, rng, loose=loose)
        if remaining * SAMPLE_RATE_HZ < voice.size:
            voice = _cut(voice, remaining, float(rng.uniform(0.008, 0.04)))
        begin, end = max(0, at), min(total, at + voice.size)
        if begin < end:
            gain = np.float32(10 ** (level_db / 20))
            audio[begin:end] += gain * voice[begin - at : end - at]
        if 0 <= at < total:
            placed.append(
                Stroke(at / SAMPLE_RATE_HZ, hit.code, hit.velocity, hit.variant)
            )
    return audio, placed


def _pick(piece: Piece, hit: Stroke, rng: np.random.Generator) -> Samples:
    """Draw the layer for a velocity, or a neighbour of it."""
    velocities = np.array([layer.velocity for layer in piece.layers])
    nearest = int(np.abs(velocities - hit.velocity).argmin())
    if len(velocities) > 2 and rng.random() < 0.4:
        nearest = int(np.clip(nearest + rng.integers(-1, 2), 0, len(velocities) - 1))
    # A kit with few layers has none that was hit softly: darken instead.
    lacking = velocities[nearest] - hit.velocity
    softness = int(np.clip(lacking // 22, 0, SOFTNESS_STEPS - 1))
    return _voice(piece, nearest, softness, int(rng.integers(VARIANTS)))


def _cut(voice: Samples, length_s: float, fade_s: float) -> Samples:
    length = max(1, round(length_s * SAMPLE_RATE_HZ))
    fade = min(round(fade_s * SAMPLE_RATE_HZ), voice.size - length)
    kept: Samples = voice[: length + fade].copy()
    if fade > 0:
        kept[length:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return kept
