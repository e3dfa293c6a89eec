"""Converts transcriptions to Audacity's label tracks and back.

A transcription becomes one track for each drum, then ``Beats`` (``3.2``: the second
beat of the third bar) and ``Bars`` (``Bar 3``) if there are beats, then the tracks of
labels that are not hits. Reading is the reverse; a label that is neither a drum nor a
beat stays a label.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.base.reporting import NoHitLost, Warn, name_some
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.labels.names import (
    LabelNames,
    drum_of_short,
    user_label_names,
)
from adt_plugins.transcription import Transcription

BEATS, BARS, LABELS = "Beats", "Bars", "Labels"
"""Names of the tracks that do not belong to a drum."""

MARK = " (adt)"
"""End of a track's name in a running Audacity that marks it as ours to replace."""

DEFAULT_TEXT = "short"
"""Form of labels on tracks named after drums: longer texts would overlap."""

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
        Name of the track; empty if unknown.
    labels
        Labels in any order; their own `track` is ignored.
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
        The transcription.
    text
        Form of a hit's label, one of `adt_plugins.labels.names.LABEL_TEXTS`.
    names
        Names of tracks and labels; None: the user's own names.

    Returns
    -------
    list of LabelTrack
        One for each drum that occurs, in the order of `Drum`, then the others.
    """
    names = user_label_names() if names is None else names
    say = names.writer(text)
    hits: dict[Drum, list[Label]] = {drum: [] for drum in transcription.counts()}
    for onset in transcription.onsets:
        hits[onset.drum].append(_point(onset.time, say(onset)))
    tracks = [
        LabelTrack(names.name(drum), tuple(labels)) for drum, labels in hits.items()
    ]
    if transcription.beats:
        tracks += _beat_tracks(transcription.beats)
    others: dict[str, list[Label]] = {}
    for label in transcription.labels:
        others.setdefault(label.track or LABELS, []).append(label)
    return tracks + [LabelTrack(name, tuple(labels)) for name, labels in others.items()]


def moved(tracks: Iterable[LabelTrack], seconds: float) -> list[LabelTrack]:
    """Move the tracks later by this many seconds.

    Their labels may then lie before 0 s, as they may in Audacity.
    """
    return [
        replace(
            track,
            labels=tuple(
                _label(x.start + seconds, x.end + seconds, x.text) for x in track.labels
            ),
        )
        for track in tracks
    ]


@dataclass(frozen=True, slots=True)
class ReadHit:
    """A label that is a hit.

    Parameters
    ----------
    label
        The label.
    home
        Drum that its track is named after; None without one.
    named
        Drum that its text names; None without one.
    velocity
        Velocity in its text; None without one.
    is_short
        Whether its text is the short one of `named`: such a label may have been moved
        to another drum's track unchanged.
    """

    label: Label
    home: Drum | None
    named: Drum | None
    velocity: int | None
    is_short: bool = False

    @property
    def drum(self) -> Drum | None:
        """Its drum: that of its text or, without one, of its track."""
        return self.named or self.home

    def onset(self) -> Onset:
        """Return the hit, as far as the label alone determines it."""
        drum = self.drum
        if drum is None:
            raise ValueError("a label without text or track names no drum")
        return Onset(
            self.label.start, drum, 100 if self.velocity is None else self.velocity
        )


@dataclass(frozen=True)
class LabelReading:
    """The content of label tracks, with each label interpreted on its own.

    Parameters
    ----------
    hits
        Labels that are hits.
    blank
        Labels without a text, on tracks not named after a drum; only the original tells
        what they are.
    beats, bars, labels
        The others; bars are regions, named ``Bar 3``.
    """

    hits: tuple[ReadHit, ...] = ()
    blank: tuple[Label, ...] = ()
    beats: tuple[Beat, ...] = ()
    bars: tuple[Label, ...] = ()
    labels: tuple[Label, ...] = ()

    def __len__(self) -> int:
        return len(self.hits) + len(self.blank)

    def without(self, other: LabelReading) -> LabelReading:
        """Return the hits and blank labels that another reading does not have."""
        hits, blank = set(other.hits), set(other.blank)
        return LabelReading(
            hits=tuple(hit for hit in self.hits if hit not in hits),
            blank=tuple(label for label in self.blank if label not in blank),
        )

    def moved_bars(self) -> list[Label]:
        """Return bars that do not begin with a downbeat, since a user moved them."""
        downbeats = {beat.time for beat in self.beats if beat.position == 1}
        return [bar for bar in self.bars if bar.start not in downbeats]


def read_tracks(
    tracks: Iterable[LabelTrack], *, names: LabelNames | None = None
) -> LabelReading:
    """Interpret label tracks; see `transcription_of`.

    Parameters
    ----------
    tracks
        The tracks; one without a name for labels whose track is unknown.
    names
        Meanings of texts; None: the user's own names and the usual ones.
    """
    reader = _Reader(user_label_names() if names is None else names)
    for track in tracks:
        reader.read(track)
    return LabelReading(
        tuple(reader.hits),
        tuple(reader.blank),
        tuple(reader.beats),
        tuple(reader.bars),
        tuple(reader.labels),
    )


def warn_of_texts(
    reading: LabelReading,
    kept: Iterable[Label],
    *,
    warn: Warn,
    names: LabelNames | None = None,
) -> None:
    """Warn about texts that do not name a drum.

    Parameters
    ----------
    reading
        The reading.
    kept
        Its labels that stay labels.
    warn
        Gets a line for each kind.
    names
        As for `read_tracks`.

    Raises
    ------
    FormatError
        If there are labels and no hit, beat or `is_no_drum` among them.
    """
    names = user_label_names() if names is None else names
    unknown = [x.text for x in kept if not names.is_no_drum(x.text)]
    named = name_some(unknown)
    if unknown and not (reading.hits or reading.beats):
        raise FormatError(f"no label names a drum: {named}")
    if unknown:
        warn(f"labels that name no drum are kept as labels: {named}")
    guessed = [
        hit.label.text for hit in reading.hits if hit.named is None and hit.label.text
    ]
    if guessed:
        named = name_some(guessed)
        warn(NoHitLost(f"labels whose drum is that of their track: {named}"))


def transcription_of(
    tracks: Iterable[LabelTrack], *, warn: Warn, names: LabelNames | None = None
) -> Transcription:
    """Find hits and beats in label tracks.

    The text of a label decides on the drum; without a drum in it, the name of the track
    does. A region is a hit at its start.

    Parameters
    ----------
    tracks
        The tracks; one without a name for labels whose track is unknown.
    warn
        Gets a line for labels that name no drum.
    names
        Meanings of texts; None: the user's own names and the usual ones.

    Returns
    -------
    Transcription
        Labels that are neither hit nor beat are its `labels`.

    Raises
    ------
    FormatError
        If there are labels and no hit, beat or `is_no_drum` among them.
    """
    names = user_label_names() if names is None else names
    reading = read_tracks(tracks, names=names)
    # Bars follow from the beats, unless a user has moved one.
    moved = (replace(bar, track=BARS) for bar in reading.moved_bars())
    labels = (*reading.labels, *reading.blank, *moved)
    warn_of_texts(reading, labels, warn=warn, names=names)
    return Transcription(
        onsets=tuple(hit.onset() for hit in reading.hits),
        beats=reading.beats,
        labels=labels,
    )


class _Reader:
    def __init__(self, names: LabelNames) -> None:
        self._names = names
        self.hits: list[ReadHit] = []
        self.blank: list[Label] = []
        self.beats: list[Beat] = []
        self.bars: list[Label] = []
        self.labels: list[Label] = []

    def read(self, track: LabelTrack) -> None:
        names, name = self._names, track.name.removesuffix(MARK)
        home = names.drum(name)
        for label in track.labels:
            meant = names.meaning(label.text)
            beat = _BEAT.fullmatch(label.text)
            short = drum_of_short(label.text)
            if meant is None and short is not None and (home or not name):
                self.hits.append(ReadHit(label, home, short, None, is_short=True))
            elif meant is not None:
                drum, velocity = meant
                if home is not None and label.text == str(home.note):
                    # Two drums may share a note: 42 on "Hi-hat" is not a closed hi-hat.
                    drum = home
                self.hits.append(ReadHit(label, home, drum, velocity))
            elif beat is not None and home is None:
                self.beats.append(Beat(label.start, int(beat[1])))
            elif home is not None and not names.is_no_drum(label.text):
                self.hits.append(ReadHit(label, home, None, None))
            elif _BAR.fullmatch(label.text) and name in ("", BARS):
                self.bars.append(label)
            else:
                kept = Label(label.start, label.end, label.text, name)
                (self.labels if label.text else self.blank).append(kept)


def _point(time: float, text: str) -> Label:
    """Return a label at a validated time: validation would take ten times as long."""
    return _label(time, time, text)


def _label(start: float, end: float, text: str) -> Label:
    """Return a label without validation."""
    label = _new(Label)
    _set(label, "start", start)
    _set(label, "end", end)
    _set(label, "text", text)
    _set(label, "track", "")
    return label


def _beat_tracks(beats: Sequence[Beat]) -> list[LabelTrack]:
    """Return the tracks of the beats, numbered by bar, and of the bars as regions."""
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
