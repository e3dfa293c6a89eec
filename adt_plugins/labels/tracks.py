"""Label tracks, as Audacity has them, from transcriptions and back.

A transcription becomes one track a drum, then ``Beats`` (``3.2``: the second
beat of the third bar) and ``Bars`` (``Bar 3``) if there are beats, then the
tracks of the labels that are no hits. Reading is the same backwards; what no
drum and no beat is stays a label.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.base.reporting import Warn, name_some
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.labels.names import LabelNames, user_label_names
from adt_plugins.transcription import Transcription

BEATS, BARS, LABELS = "Beats", "Bars", "Labels"
"""Names of the tracks that are no drum's."""

MARK = " (adt)"
"""End of the names of tracks in a running Audacity that are ours to replace."""

# Bar 0 holds the beats before the first downbeat.
_BEAT = re.compile(r"[0-9]{1,6}\.([1-9][0-9]{0,3})")
_BAR = re.compile(r"Bar [0-9]{1,6}")

_new, _set = object.__new__, object.__setattr__


@dataclass(frozen=True, slots=True)
class LabelTrack:
    """A label track.

    Parameters
    ----------
    name
        Of the track; empty if that is not known.
    labels
        In any order; their own `track` is not looked at.
    """

    name: str
    labels: tuple[Label, ...]


def tracks_of(
    transcription: Transcription, text: str = "name", names: LabelNames | None = None
) -> list[LabelTrack]:
    """Make the label tracks of a transcription.

    Parameters
    ----------
    transcription
        What to show.
    text
        What a hit's label says, one of `adt_plugins.labels.names.LABEL_TEXTS`.
    names
        What tracks and labels are called; None: the user's own names.

    Returns
    -------
    list of LabelTrack
        One a drum that occurs, in the order of `Drum`, then the others.
    """
    names = user_label_names() if names is None else names
    say = names.writer(text)
    hits: dict[Drum, list[Label]] = {drum: [] for drum in transcription.counts()}
    for onset in transcription.onsets:
        hits[onset.drum].append(_point(onset.time, say(onset)))
    tracks = [LabelTrack(names.name(drum), tuple(own)) for drum, own in hits.items()]
    if transcription.beats:
        tracks += _beat_tracks(transcription.beats)
    others: dict[str, list[Label]] = {}
    for label in transcription.labels:
        others.setdefault(label.track or LABELS, []).append(label)
    return tracks + [LabelTrack(name, tuple(own)) for name, own in others.items()]


def transcription_of(
    tracks: Iterable[LabelTrack], *, warn: Warn, names: LabelNames | None = None
) -> Transcription:
    """Find hits and beats in label tracks.

    A label's text decides which drum it is; where it says none, the track's
    name does. A region is a hit at its start.

    Parameters
    ----------
    tracks
        The tracks; one without a name for labels whose track is not known.
    warn
        Gets a line for labels that name no drum.
    names
        What texts mean; None: the user's own names and the usual ones.

    Returns
    -------
    Transcription
        Labels that are neither hit nor beat are its `labels`.

    Raises
    ------
    FormatError
        If there are labels and no hit, beat or `is_no_drum` among them.
    """
    reader = _Reader(user_label_names() if names is None else names)
    for track in tracks:
        reader.read(track)
    return reader.finish(warn)


class _Reader:
    def __init__(self, names: LabelNames) -> None:
        self._names = names
        self._onsets: list[Onset] = []
        self._beats: list[Beat] = []
        self._bars: list[Label] = []
        self._labels: list[Label] = []
        self._unknown: list[str] = []
        self._guessed: list[str] = []

    def read(self, track: LabelTrack) -> None:
        names, name = self._names, track.name.removesuffix(MARK)
        default = names.drum(name)
        for label in track.labels:
            meant = names.meaning(label.text)
            beat = _BEAT.fullmatch(label.text)
            if meant is not None and default is not None and label.text.isdecimal():
                # Two drums may share a note: 42 on "Hi-hat" is no closed hi-hat.
                meant = (default if default.note == int(label.text) else meant[0]), 100
            if meant is not None:
                self._onsets.append(Onset(label.start, *meant))
            elif beat is not None and default is None:
                self._beats.append(Beat(label.start, int(beat[1])))
            elif default is not None and not names.is_no_drum(label.text):
                self._onsets.append(Onset(label.start, default))
                if label.text:
                    self._guessed.append(label.text)
            else:
                self._keep(label, name)

    def _keep(self, label: Label, track: str) -> None:
        if _BAR.fullmatch(label.text) and track in ("", BARS):
            self._bars.append(label)
            return
        kept = Label(label.start, label.end, label.text, track)
        self._labels.append(kept)
        if not self._names.is_no_drum(label.text):
            self._unknown.append(label.text)

    def finish(self, warn: Warn) -> Transcription:
        # Bars follow from the beats, unless somebody has moved one.
        downbeats = {beat.time for beat in self._beats if beat.position == 1}
        for bar in self._bars:
            if bar.start not in downbeats:
                self._labels.append(Label(bar.start, bar.end, bar.text, BARS))
                self._unknown.append(bar.text)
        named = name_some(self._unknown)
        if self._unknown and not self._onsets and not self._beats:
            raise FormatError(f"no label names a drum: {named}")
        if self._unknown:
            warn(f"labels that name no drum are kept as labels: {named}")
        if self._guessed:
            named = name_some(self._guessed)
            warn(f"labels whose drum is that of their track: {named}")
        return Transcription(
            onsets=tuple(self._onsets),
            beats=tuple(self._beats),
            labels=tuple(self._labels),
        )


def _point(time: float, text: str) -> Label:
    """A label at a time that has been checked: checks would take ten times as long."""
    label = _new(Label)
    _set(label, "start", time)
    _set(label, "end", time)
    _set(label, "text", text)
    _set(label, "track", "")
    return label


def _beat_tracks(beats: Sequence[Beat]) -> list[LabelTrack]:
    """The beats, numbered by bar, and regions for the bars that are whole."""
    numbered: list[Label] = []
    downbeats: list[float] = []
    for beat in beats:
        if beat.position == 1:
            downbeats.append(beat.time)
        text = f"{len(downbeats)}.{beat.position}"
        numbered.append(Label(beat.time, beat.time, text))
    ends = chain(downbeats[1:], [math.nan])
    bars = (
        Label(start, start if math.isnan(end) else end, f"Bar {number}")
        for number, (start, end) in enumerate(zip(downbeats, ends, strict=True), 1)
    )
    tracks = [LabelTrack(BEATS, tuple(numbered))]
    return [*tracks, LabelTrack(BARS, tuple(bars))] if downbeats else tracks
