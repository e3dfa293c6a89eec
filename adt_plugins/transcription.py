"""The transcription of a recording: onsets, beats, and their origin. Immutable."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins import transcription_json
from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat, Label, Onset, Source, onset_order
from adt_plugins.base.checks import instance, instances, real
from adt_plugins.base.strict_json import parse_json
from adt_plugins.drums import Drum, with_finer_kinds
from adt_plugins.errors import MissingDependencyError
from adt_plugins.meter import (
    Meter,
    MeterChange,
    meter_changes,
    meters_of_bars,
    usual_meter,
)
from adt_plugins.model_info import ModelInfo
from adt_plugins.tempo import SteadyTempo, steady_tempo, tempo_range
from adt_plugins.transcription_json import Stored

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from adt_plugins.notebook.widget import DrumWidget

__all__ = ["Activations", "Beat", "Label", "Onset", "Source", "Transcription"]

_set = object.__setattr__  # how a frozen dataclass fills its own fields
_PARTS = (("onsets", Onset), ("beats", Beat), ("labels", Label))
_CHANGE = 1.05  # ratio of tempi that no player drifts by unawares


@dataclass(frozen=True)
class Transcription:
    """Onsets and beats of one recording; a sequence of its onsets.

    Parameters
    ----------
    onsets, beats
        Sorted by time on construction.
    source
        The recording.
    model
        The model: name, sha256, thresholds and picker in force. A mapping
        is understood as well; copied on construction as JSON has it.
    labels
        Labels of a file that are neither hits nor beats, sorted by time on
        construction.
    meters
        Meters of the bars: a `Meter`, or changes of it; see
        `adt_plugins.meter.meter_changes`.
    activations
        Those of drums are weighed by other bars where beats were found, see
        `adt_plugins.picking.recurrence`. Kept in memory only; not part of the JSON nor
        of equality. Slicing leaves them whole.
    left_out
        Times in seconds of hits that are not among `onsets`, but still tell the tempo:
        those that `only` left out. Kept in memory only, nor part of equality.
    """

    onsets: tuple[Onset, ...] = ()
    beats: tuple[Beat, ...] = ()
    source: Source = field(default_factory=Source)
    model: ModelInfo = field(default_factory=ModelInfo, hash=False)
    labels: tuple[Label, ...] = ()
    meters: tuple[MeterChange, ...] = ()
    activations: Activations | None = field(default=None, compare=False, repr=False)
    left_out: tuple[float, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, kind in _PARTS:
            _set(self, name, instances(name, getattr(self, name), kind))
        _set(self, "onsets", tuple(sorted(self.onsets, key=onset_order)))
        _set(self, "beats", tuple(sorted(self.beats)))
        _set(self, "labels", tuple(sorted(self.labels)))
        _set(self, "meters", meter_changes(self.meters))
        instance("source", self.source, Source)
        if self.activations is not None:
            instance("activations", self.activations, Activations)
        if not isinstance(self.model, ModelInfo):
            _set(self, "model", ModelInfo.from_dict(self.model))

    def __len__(self) -> int:
        return len(self.onsets)

    def __iter__(self) -> Iterator[Onset]:
        return iter(self.onsets)

    def __contains__(self, item: object) -> bool:
        """Whether it has this onset, or a hit of this drum: ``"snare" in song``."""
        if isinstance(item, str):
            return bool(len(self.only([item])))
        return item in self.onsets

    def __repr__(self) -> str:
        name = f" of {Path(self.source.path).name!r}" if self.source.path else ""
        duration = self.source.duration
        length = "" if duration is None else f", {duration:.2f} s"
        tempo_text = self.tempo_text()
        tempo = f", {tempo_text}" if tempo_text else ""
        counts = ", ".join(f"{drum} {n}" for drum, n in self.counts().items())
        more = "".join(
            f", {len(items)} {what}"
            for what, items in (("beats", self.beats), ("labels", self.labels))
            if items
        )
        return f"<Transcription{name}{length}{tempo}: {counts or 'no onsets'}{more}>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{drum}</td><td>{drum.full_name}</td><td>{n}</td></tr>"
            for drum, n in self.counts().items()
        )
        return (
            f"<p>{escape(repr(self))}</p>"
            "<table><thead><tr><th>drum</th><th>name</th><th>onsets</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    @property
    def meter(self) -> Meter | None:
        """Meter of most bars; None if unknown."""
        return usual_meter(self.meters, sum(b.position == 1 for b in self.beats))

    @property
    def tempo(self) -> float | None:
        """Beats a minute, in `Meter.tempo_unit`; None without two beats.

        Dotted quarters in 6/8, 9/8 and 12/8, halves in 2/2, otherwise quarters: in 5/8
        and 7/8 too.

        One tempo where one fits, rounded as a person would set it; otherwise that of
        most of the music, so that a slower end does not count. See `has_steady_tempo`.
        """
        if len(self.beats) < 2:
            return None
        steady = self._steady_tempo
        beat = (self.meter or Meter(4)).tempo_unit
        if steady is not None:
            return round(steady.bpm / beat, 9)  # 104, not 104.00000000000001
        return self._tempo_range[1] / beat

    def tempo_text(self) -> str:
        """Return tempo and meter as text, e.g. ``104 BPM 4/4``; empty without beats."""
        tempo = self.tempo
        if tempo is None:
            return ""
        text = f"about {tempo:.0f} BPM"
        if self.has_steady_tempo:
            text = f"{round(tempo, 2):g} BPM"
        elif self._tempo_range[2] > _CHANGE * self._tempo_range[0]:
            slow, usual, fast = self._tempo_range
            text = f"{slow / usual * tempo:.0f} to {fast / usual * tempo:.0f} BPM"
        if self.meter is not None:
            text += f" {self.meter}"
        return text + (", meter changes" if len(self.meters) > 1 else "")

    @property
    def has_steady_tempo(self) -> bool:
        """Whether a single tempo fits all beats."""
        return self._steady_tempo is not None

    @cached_property
    def _tempo_range(self) -> tuple[float, float, float]:
        return tempo_range([beat.time for beat in self.beats], self.beat_places())

    @cached_property
    def _steady_tempo(self) -> SteadyTempo | None:
        return steady_tempo(
            [beat.time for beat in self.beats],
            self.beat_places(),
            self.hit_times(),
        )

    def hit_times(self) -> list[float]:
        """Return the times of all hits that tell the tempo, sorted, in seconds."""
        return sorted([*self.left_out, *(onset.time for onset in self.onsets)])

    def beat_places(self) -> NDArray[np.float64]:
        """Return the place of each beat, in quarters from the first."""
        bars, bar = [], 0
        for n, beat in enumerate(self.beats):
            if beat.position == 1 or (
                n and bar and beat.position <= self.beats[n - 1].position
            ):
                bar += 1
            bars.append(bar)
        meters = meters_of_bars(self.meters, max(bar, 1))
        lengths = [meters[max(bar, 1) - 1].quarters for bar in bars]
        return np.concatenate([np.zeros(1), np.cumsum(lengths[:-1])])[: len(bars)]

    def counts(self) -> dict[Drum, int]:
        """Return the number of onsets of each drum, in the order of `Drum`."""
        counts: dict[Drum, int] = {}
        for onset in self.onsets:
            counts[onset.drum] = counts.get(onset.drum, 0) + 1
        return {drum: counts[drum] for drum in Drum if drum in counts}

    def times(self, drum: Drum | str) -> NDArray[np.float64]:
        """Return onset times of a drum in seconds; a coarse one includes its kinds."""
        kinds = with_finer_kinds([drum])
        return np.array([o.time for o in self.onsets if o.drum in kinds], np.float64)

    def between(self, start: float = 0.0, end: float = math.inf) -> Transcription:
        """Return the part with ``start <= time < end``; times stay as they are."""
        start = real("start", start, -math.inf, math.inf)
        end = real("end", end, -math.inf, math.inf)
        return replace(
            self,
            onsets=tuple(o for o in self.onsets if start <= o.time < end),
            beats=tuple(b for b in self.beats if start <= b.time < end),
            meters=self._meters_from(start),
            labels=tuple(x for x in self.labels if start <= x.start < end),
            left_out=tuple(time for time in self.left_out if start <= time < end),
        )

    def only(self, drums: Drum | str | Iterable[Drum | str]) -> Transcription:
        """Return the onsets of these drums; a coarse one includes its finer kinds.

        Their tempo stays that of all.
        """
        kinds = with_finer_kinds([drums] if isinstance(drums, str) else drums)
        others = (onset.time for onset in self.onsets if onset.drum not in kinds)
        return replace(
            self,
            onsets=tuple(o for o in self.onsets if o.drum in kinds),
            left_out=(*self.left_out, *others),
        )

    def coarse(self) -> Transcription:
        """Return it with each drum replaced by its coarse one."""
        onsets = (replace(o, drum=o.drum.coarse) for o in self.onsets)
        return replace(self, onsets=tuple(onsets))

    def shifted(self, seconds: float) -> Transcription:
        """Move it later by this many seconds, without what would fall before 0."""
        seconds = real("seconds", seconds, -math.inf, math.inf)

        def move(items: Iterable[Any]) -> tuple[Any, ...]:
            pairs = ((item, item.time + seconds) for item in items)
            return tuple(replace(item, time=time) for item, time in pairs if time >= 0)

        labels = (
            replace(label, start=label.start + seconds, end=label.end + seconds)
            for label in self.labels
            if min(label.start, label.end) + seconds >= 0
        )
        activations = self.activations
        if activations is not None:
            activations = replace(activations, offset=activations.offset + seconds)
        return replace(
            self,
            onsets=move(self.onsets),
            beats=move(self.beats),
            meters=self._meters_from(-seconds),
            labels=tuple(labels),
            activations=activations,
            left_out=tuple(t + seconds for t in self.left_out if t + seconds >= 0),
        )

    def _meters_from(self, start: float) -> tuple[MeterChange, ...]:
        """Return the meters without the beats before a time, with bars renumbered."""
        lost = sum(b.position == 1 and b.time < start for b in self.beats)
        return tuple(
            MeterChange(max(change.bar - lost, 1), change.meter)
            for change, after in zip_longest(self.meters, self.meters[1:])
            if after is None or after.bar - lost > 1
        )

    def rounded(self, decimals: int = 6) -> Transcription:
        """Return it with times rounded; six decimals are a microsecond."""

        def near(items: Iterable[Any], *names: str) -> tuple[Any, ...]:
            return tuple(
                replace(
                    x, **{name: round(getattr(x, name), decimals) for name in names}
                )
                for x in items
            )

        return replace(
            self,
            onsets=near(self.onsets, "time"),
            beats=near(self.beats, "time"),
            labels=near(self.labels, "start", "end"),
            left_out=tuple(round(time, decimals) for time in self.left_out),
        )

    def __getitem__(self, key: slice | Drum | str | Iterable[str]) -> Transcription:
        """Return a part: ``t[2.0:8.0]`` in seconds, ``t["snare"]``."""
        if isinstance(key, slice):
            if key.step is not None:
                raise ValueError("a transcription is sliced by start and end only")
            start = 0.0 if key.start is None else key.start
            return self.between(start, math.inf if key.stop is None else key.stop)
        if isinstance(key, str):
            return self.only([key])
        if isinstance(key, Iterable):
            return self.only(key)
        raise TypeError("a transcription is indexed by drum, and sliced by seconds")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form as Python objects, without activations.

        There are keys ``labels`` and ``meter`` only if they are not empty; the meter is
        ``"4/4"``, or ``[{"bar": 1, "meter": "4/4"}, …]`` where it changes.
        """
        return transcription_json.to_dict(self._stored())

    def to_json(self) -> str:
        """Return the JSON form as text, with one onset, beat and label a line.

        Equal transcriptions give equal texts, up to the order of `model`'s keys.
        """
        return transcription_json.to_json(self._stored())

    def _stored(self) -> Stored:
        return Stored(*(getattr(self, name) for name in Stored._fields))

    @classmethod
    def from_dict(cls, data: Any) -> Transcription:
        """Read what `to_dict` returns.

        Raises
        ------
        FormatError
            If it is something else, or has a newer version.
        """
        with transcription_json.refusing():
            return cls(**transcription_json.from_dict(data)._asdict())

    @classmethod
    def from_json(cls, text: str) -> Transcription:
        """Read what `to_json` returns; raises `FormatError`."""
        return cls.from_dict(parse_json(text))

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a row for each onset, as JSON has it; needs pandas."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingDependencyError.of(
                "to_dataframe()", "pandas", "pandas"
            ) from error
        return pd.DataFrame(
            {
                "time": np.array([o.time for o in self.onsets], np.float64),
                "drum": pd.Series([o.drum.value for o in self.onsets], dtype=str),
                "velocity": np.array([o.velocity for o in self.onsets], np.int64),
                "confidence": np.array([o.confidence for o in self.onsets], np.float64),
            }
        )

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw it with matplotlib; see `adt_plugins.plot.plot`."""
        from adt_plugins.plot import plot

        return plot(self, ax, **options)

    def save(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002 - the usual name of this parameter
        **options: Any,
    ) -> list[Path]:
        """Write to a file; its format by the name's ending unless it is given.

        Parameters
        ----------
        path
            The file, e.g. ``"song.drums.mid"``.
        format
            A format's id, see `adt_plugins.formats.FORMATS`.
        **options
            ``overwrite=True`` replaces what exists; further ones in
            `adt_plugins.formats.write`.

        Returns
        -------
        list of Path
            The files written.
        """
        from adt_plugins import formats

        return formats.write(self, path, format, **options)

    def to_labels(self, path: str | os.PathLike[str], **options: Any) -> list[Path]:
        """Write an Audacity label file; options as in `save`."""
        return self.save(path, "labels", **options)

    def to_midi(self, path: str | os.PathLike[str], **options: Any) -> list[Path]:
        """Write a MIDI file; options as in `save`."""
        return self.save(path, "midi", **options)

    def widget(self, audio: Any = None, **options: Any) -> DrumWidget:
        """Show it in a notebook, to hear, see and correct; needs anywidget.

        Parameters
        ----------
        audio, **options
            See `adt_plugins.notebook.DrumWidget`.
        """
        from adt_plugins.notebook import DrumWidget

        return DrumWidget(self, audio, **options)

    @classmethod
    def read(
        cls,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002 - as in `save`
    ) -> Transcription:
        """Read a file of any readable format, see `adt_plugins.formats.read`."""
        from adt_plugins import formats

        return formats.read(path, format)


def check_transcription(value: object) -> None:
    """Raise `TypeError` for anything but a `Transcription`: a path, most often."""
    if not isinstance(value, Transcription):
        raise TypeError(
            f"expected a Transcription, not {type(value).__name__};"
            " adt_plugins.load reads one from a file"
        )
