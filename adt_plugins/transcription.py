"""What a transcription is: onsets, beats, and where they came from. Immutable."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError, MissingDependencyError

if TYPE_CHECKING:
    import pandas

FORMAT = "adt-plugins"
VERSION = 1


@dataclass(frozen=True, order=True, slots=True)
class Onset:
    """One hit.

    Parameters
    ----------
    time
        Seconds from the first sample of the file, >= 0.
    drum
        The finest drum that is sure.
    velocity
        How hard, as in MIDI: 1-127.
    confidence
        How sure, 0-1.
    """

    time: float
    drum: Drum
    velocity: int = 100
    confidence: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "drum", Drum(self.drum))
        if not (np.isfinite(self.time) and self.time >= 0):
            raise ValueError(f"an onset's time is at least 0 s, not {self.time!r}")
        if not 1 <= self.velocity <= 127:
            raise ValueError(f"a velocity is 1 to 127, not {self.velocity!r}")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"a confidence is 0 to 1, not {self.confidence!r}")


@dataclass(frozen=True, order=True, slots=True)
class Beat:
    """One beat.

    Parameters
    ----------
    time
        Seconds from the first sample of the file, >= 0.
    position
        Place in the bar, from 1; 1 is the downbeat.
    """

    time: float
    position: int

    def __post_init__(self) -> None:
        if not (np.isfinite(self.time) and self.time >= 0):
            raise ValueError(f"a beat's time is at least 0 s, not {self.time!r}")
        if self.position < 1:
            raise ValueError(f"a beat's position is at least 1, not {self.position!r}")


@dataclass(frozen=True, slots=True)
class Source:
    """The recording that was transcribed.

    Parameters
    ----------
    path
        As the user gave it; None for samples that came from memory.
    sha256
        Of the file's bytes; None when there was no file.
    sample_rate
        Of the file, in Hz.
    channels
        Of the file.
    duration
        Of the part that was read, in seconds.
    offset
        Where that part starts in the file, in seconds. Times of onsets and
        beats count from the file's first sample all the same.
    """

    path: str | None = None
    sha256: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    duration: float | None = None
    offset: float = 0.0


@dataclass(frozen=True)
class Activations:
    """What the network said, kept so that onsets can be picked again.

    Parameters
    ----------
    values
        Shape (frames, outputs), float32, 0-1.
    outputs
        Name of each column: drum codes, ``"beat"``, ``"downbeat"``.
    frame_rate
        Frames per second.
    offset
        Time of the first frame in seconds.
    """

    values: NDArray[np.float32]
    outputs: tuple[str, ...]
    frame_rate: float
    offset: float = 0.0


@dataclass(frozen=True)
class Transcription:
    """Onsets and beats of one recording.

    Parameters
    ----------
    onsets, beats
        Sorted by time on construction.
    source
        The recording.
    model
        What transcribed it: name, sha256, thresholds and picker in force.
    activations
        Kept in memory only; not part of the JSON nor of equality.
    """

    onsets: tuple[Onset, ...] = ()
    beats: tuple[Beat, ...] = ()
    source: Source = field(default_factory=Source)
    model: Mapping[str, Any] = field(default_factory=dict)
    activations: Activations | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "onsets", tuple(sorted(self.onsets)))
        object.__setattr__(self, "beats", tuple(sorted(self.beats)))

    def __len__(self) -> int:
        return len(self.onsets)

    def __repr__(self) -> str:
        counts = ", ".join(f"{drum} {n}" for drum, n in self.counts().items())
        name = Path(self.source.path).name if self.source.path else "samples"
        beats = f", {len(self.beats)} beats" if self.beats else ""
        length = f", {self.source.duration:.2f} s" if self.source.duration else ""
        return f"<Transcription of {name!r}{length}: {counts or 'no onsets'}{beats}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{drum}</td><td>{drum.full_name}</td><td>{n}</td></tr>"
            for drum, n in self.counts().items()
        )
        return (
            f"<p>{html.escape(repr(self))}</p>"
            "<table><thead><tr><th>drum</th><th>name</th><th>onsets</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def counts(self) -> dict[Drum, int]:
        """Number of onsets of each drum that occurs, in the order of `Drum`."""
        found = [onset.drum for onset in self.onsets]
        return {drum: found.count(drum) for drum in Drum if drum in found}

    def times(self, drum: Drum | str) -> NDArray[np.float64]:
        """Onset times in seconds of a drum; a coarse one includes its finer kinds."""
        wanted = Drum(drum)
        return np.array(
            [o.time for o in self.onsets if wanted in (o.drum, o.drum.coarse)],
            dtype=np.float64,
        )

    def between(self, start: float = 0.0, end: float = np.inf) -> Transcription:
        """Onsets and beats with ``start <= time < end``; times stay as they are."""
        return replace(
            self,
            onsets=tuple(o for o in self.onsets if start <= o.time < end),
            beats=tuple(b for b in self.beats if start <= b.time < end),
        )

    def only(self, drums: Iterable[Drum | str]) -> Transcription:
        """Onsets of these drums; a coarse one includes its finer kinds."""
        wanted = {Drum(drum) for drum in drums}
        kept = (o for o in self.onsets if wanted & {o.drum, o.drum.coarse})
        return replace(self, onsets=tuple(kept))

    def coarse(self) -> Transcription:
        """The same onsets with every drum replaced by its coarse one."""
        onsets = (replace(o, drum=o.drum.coarse) for o in self.onsets)
        return replace(self, onsets=tuple(onsets))

    def __getitem__(self, key: slice | Drum | str) -> Transcription:
        """``t[2.0:8.0]`` by time in seconds, ``t["SD"]`` by drum."""
        if isinstance(key, slice):
            if key.step is not None:
                raise ValueError("a transcription is sliced by start and end only")
            start = 0.0 if key.start is None else key.start
            return self.between(start, np.inf if key.stop is None else key.stop)
        return self.only([key])

    def to_dict(self) -> dict[str, Any]:
        """The JSON form as Python objects; activations are left out."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "onsets": [
                {
                    "time": o.time,
                    "drum": str(o.drum),
                    "velocity": o.velocity,
                    "confidence": o.confidence,
                }
                for o in self.onsets
            ],
            "beats": [{"time": b.time, "position": b.position} for b in self.beats],
            "source": {
                name: getattr(self.source, name) for name in Source.__dataclass_fields__
            },
            "model": dict(self.model),
        }

    def to_json(self) -> str:
        """The JSON form as text, one onset and one beat a line."""
        data = self.to_dict()
        onsets, beats = (
            "[" + ",".join("\n  " + json.dumps(item) for item in data[name]) + "]"
            for name in ("onsets", "beats")
        )
        source, model = (
            json.dumps(data[name], ensure_ascii=False) for name in ("source", "model")
        )
        return (
            f'{{"format": "{FORMAT}", "version": {VERSION},\n "onsets": {onsets},\n'
            f' "beats": {beats},\n "source": {source},\n "model": {model}}}\n'
        )

    @classmethod
    def from_dict(cls, data: Any) -> Transcription:
        """Read what `to_dict` gives.

        Raises
        ------
        FormatError
            If it is something else, or of a newer version.
        """
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise FormatError("not a transcription of adt-plugins")
        if data.get("version") != VERSION:
            raise FormatError(
                f"version {data.get('version')!r} of the format; "
                f"this release reads version {VERSION}"
            )
        try:
            return cls(
                onsets=tuple(Onset(**item) for item in data["onsets"]),
                beats=tuple(Beat(**item) for item in data.get("beats", ())),
                source=Source(**data.get("source", {})),
                model=dict(data.get("model", {})),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"not a whole transcription: {error}") from error

    @classmethod
    def from_json(cls, text: str) -> Transcription:
        """Read what `to_json` gives; raises `FormatError`."""
        try:
            return cls.from_dict(json.loads(text))
        except (json.JSONDecodeError, RecursionError) as error:
            raise FormatError(f"not JSON: {error}") from error

    def to_dataframe(self) -> pandas.DataFrame:
        """One row an onset: time, drum, velocity, confidence. Needs pandas."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependencyError(
                "to_dataframe() needs pandas: pip install pandas"
            ) from error
        return pd.DataFrame(
            [(o.time, str(o.drum), o.velocity, o.confidence) for o in self.onsets],
            columns=["time", "drum", "velocity", "confidence"],
        )
