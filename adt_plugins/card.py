"""The model card: everything about a network that is not in its `.tflite` file."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from adt_plugins.base.strict_json import build, parse_json
from adt_plugins.errors import FormatError, ModelError, reason_of

FORMAT = "adt-plugins-model"
VERSION = 1

_MOST_BYTES = 4 << 20
_MOST_OUTPUTS = 64
_MOST_FRAMES = 1 << 18  # in one run of the network: 45 minutes at a hop of 10 ms

# Cards are untrusted files: no number in one may cost unbounded memory or time.
_LIMITS = {
    "frame_size": (16, 1 << 16),
    "hop_size": (1, 1 << 16),
    "sample_rate": (1000, 1_000_000),
    "bands_per_octave": (1, 96),
    "fmin": (1e-3, 1e6),
    "fmax": (1e-3, 1e6),
    "core": (1, 1 << 16),
    "context": (0, 1 << 16),
    "batch": (1, 1 << 12),
    "target": (1e-9, 1e9),
    "decay_db_per_second": (1e-9, 1e6),
    "floor": (1e-12, 1e9),
    **dict.fromkeys(("pre_avg", "post_avg", "pre_max", "post_max", "combine"), (0, 10)),
    "rows": (-1e6, 1e6),
    **dict.fromkeys(("song", "unsure", "lone", "drums", "sure", "thresholds"), (0, 1)),
    "delay": (-10, 10),
    "look_ahead": (0, 10),
}


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """How samples become frames.

    Parameters
    ----------
    kind
        ``"log-filterbank"`` (madmom's ``LogarithmicFilteredSpectrogram``) or
        ``"linear"`` (madmom's ``Spectrogram``).
    frame_size, hop_size
        Sizes in samples at `sample_rate`; the window is a Hann window.
    sample_rate
        Sample rate in Hz.
    bands_per_octave, fmin, fmax
        Resolution and range of the triangular filters, frequencies in Hz; unused if
        linear.
    """

    kind: str = "log-filterbank"
    frame_size: int = 2048
    hop_size: int = 441
    sample_rate: int = 44100
    bands_per_octave: int = 12
    fmin: float = 20.0
    fmax: float = 20000.0

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop_size


@dataclass(frozen=True, slots=True)
class LevelRule:
    """Brings every recording to the level that the network expects.

    Frame magnitudes are multiplied by ``target / reference(t)`` before the
    logarithm. The reference is a causal peak follower over the root mean
    square of the frame's bands: it jumps up at once, falls by
    `decay_db_per_second`, and never falls below `floor`.

    Parameters
    ----------
    target
        Level that the reference is brought to, in the magnitudes' unit.
    decay_db_per_second
        Fall of the reference, > 0.
    floor
        Lowest reference, in the magnitudes' unit: silence stays silent.
    """

    target: float
    decay_db_per_second: float
    floor: float


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a recording is cut into chunks for the network; part of the model.

    Parameters
    ----------
    core
        Frames of a chunk whose activations are kept.
    context
        Frames before and after them that the network sees as well.
    batch
        Chunks in one run.
    padding
        Frames outside the recording: ``"zeros"``, or ``"first"`` for copies of
        frame 0 (ADTLib).
    """

    core: int
    context: int
    batch: int
    padding: str = "zeros"

    @property
    def frames(self) -> int:
        """Frames that go into the network for one chunk."""
        return self.core + 2 * self.context


@dataclass(frozen=True, slots=True)
class Picker:
    """How activations become onsets.

    Parameters
    ----------
    kind
        ``"madmom"``, ``"valley"`` or ``"adtlib"``, see
        `adt_plugins.picking.peaks.pick_peaks`.
    pre_avg, post_avg, pre_max, post_max, combine
        Windows of madmom's ``OnsetPeakPickingProcessor``, in seconds.
    rows
        ADTLib: output to (lambda, minimum, maximum) of the threshold.
    """

    kind: str = "madmom"
    pre_avg: float = 0.1
    post_avg: float = 0.01
    pre_max: float = 0.02
    post_max: float = 0.01
    combine: float = 0.02
    rows: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


class Picking(Protocol):
    """The part of a `ModelCard` that picking needs.

    Attributes
    ----------
    name : str
        Name of the model, for messages.
    drums : tuple of str
        Codes of the outputs that are picked.
    picker : Picker
        The rule, and its windows.
    thresholds : Mapping
        Drum to threshold, 0-1.
    delay : float
        Seconds that the network lags behind the attack; subtracted from times.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - documented above
    @property
    def drums(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def picker(self) -> Picker: ...  # noqa: D102
    @property
    def thresholds(self) -> Mapping[str, float]: ...  # noqa: D102
    @property
    def delay(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class SongGate:
    """Limits that decide which drums occur; see `adt_plugins.picking.song_gate`.

    `lone`, `drums` and `sure` are clearnesses, 0-1: how far hits stand above the
    average that thresholds are added to. `song` and `unsure` are evidence: clearness,
    plus a bonus where hits are regular.

    Parameters
    ----------
    song
        Evidence of the whole recording below which it has no drums, unless a single
        drum reaches `lone`.
    lone
        Drum to the clearness, reached repeatedly, at which that drum alone suffices.
    drums
        Drum to the clearness below which it is absent from a recording with drums.
    sure
        Drum to the threshold in force where it is absent.
    unsure
        Evidence of the whole recording below which its hits may be other sounds.
    """

    song: float
    lone: Mapping[str, float]
    drums: Mapping[str, float]
    sure: Mapping[str, float]
    unsure: float = 0.0


@dataclass(frozen=True, slots=True)
class Attached:
    """A further file of a model, beside its card: name and SHA-256."""

    file: str
    sha256: str


@dataclass(frozen=True)
class ModelCard:
    """A model card, one JSON file beside each `.tflite` file.

    Parameters
    ----------
    name, description, licence
        Texts for people.
    file, sha256
        The network's file beside the card, and its hash.
    outputs
        Columns of the activations: drum codes, then perhaps ``"beat"`` and
        ``"downbeat"``.
    front_end, level, geometry, picker
        See their classes; `level` is None for a network without a level rule.
    thresholds
        Drum to threshold, 0-1, for each drum among the outputs.
    gate
        When thresholds are raised for a whole recording; None: never.
    delay
        Seconds that the network lags behind the attack; subtracted from times.
    look_ahead
        Seconds after an attack that a causal network waits for before it answers, see
        `adt_plugins.network.causal`; None: the network runs over whole chunks.
    finer
        File that distinguishes finer drums, see `adt_plugins.picking.fine_drums`; None:
        they are not distinguished.
    training, measured
        Data with licences, and figures; free-form, for people.
    path
        File that the card was read from.
    """

    name: str
    file: str
    sha256: str
    outputs: tuple[str, ...]
    front_end: FrontEnd
    geometry: Geometry
    picker: Picker
    thresholds: Mapping[str, float]
    level: LevelRule | None = None
    gate: SongGate | None = None
    delay: float = 0.0
    look_ahead: float | None = None
    finer: Attached | None = None
    description: str = ""
    licence: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = field(default=None, compare=False)

    @property
    def drums(self) -> tuple[str, ...]:
        """The outputs that are drums."""
        return tuple(name for name in self.outputs if name in self.thresholds)

    @property
    def drum_columns(self) -> tuple[int, ...]:
        """Columns of the drums among the outputs."""
        return tuple(self.outputs.index(name) for name in self.drums)

    def to_json(self) -> str:
        """Return the text of the card's file."""
        data = {"format": FORMAT, "version": VERSION, **asdict(self)}
        del data["path"]
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> ModelCard:
        """Read a card.

        Raises
        ------
        ModelError
            If the file is missing or is not a model card.
        """
        try:
            data = parse_json(_text(path))
        except FormatError as error:
            raise ModelError(f"{path}: not a model card: {error}") from error
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ModelError(f"{path}: not a model card")
        version = data.get("version")
        if version != VERSION or isinstance(version, bool):
            shown = reprlib.repr(version)
            raise ModelError(f"{path}: model card of unknown version {shown}")
        data.pop("path", None)
        try:
            card = replace(build(cls, data, _LIMITS, "it"), path=path)
            _check(card)
        except (TypeError, ValueError) as error:
            raise ModelError(f"{path}: not a whole model card: {error}") from error
        return card


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ModelError(f"{path}: not a model card: it is too large")
        return data.decode("utf-8")
    except FileNotFoundError:
        raise ModelError(f"{path}: no such model card") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: not a model card: {reason_of(error)}") from error


def _check(card: ModelCard) -> None:
    """Raise `ValueError` for what the types cannot exclude."""
    if not 0 < len(set(card.outputs)) == len(card.outputs) <= _MOST_OUTPUTS:
        raise ValueError("outputs are different names, at least one")
    for name, value, choices in (
        ("front_end.kind", card.front_end.kind, ("log-filterbank", "linear")),
        ("geometry.padding", card.geometry.padding, ("zeros", "first")),
        ("picker.kind", card.picker.kind, ("madmom", "valley", "adtlib")),
    ):
        if value not in choices:
            shown = reprlib.repr(value)
            raise ValueError(f"{name} is one of {', '.join(choices)}, not {shown}")
    front = card.front_end
    if front.fmin >= front.fmax:
        raise ValueError("fmin is below fmax")
    if front.hop_size > front.frame_size:
        raise ValueError("hop_size is at most frame_size")
    if card.geometry.frames * card.geometry.batch > _MOST_FRAMES:
        raise ValueError("its chunks are too large")
