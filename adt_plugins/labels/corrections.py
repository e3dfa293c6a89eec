"""Merges what a user changed in label tracks with what they were made from.

A label has a time and a text; a hit also has a velocity, a confidence and perhaps a
finer drum, and a song has beats. So labels that come back are compared with the
transcription that they were made from: a label that is still in its place is exactly
its hit; one that was renamed or moved keeps everything else; only a new one has to be
completed.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.labels.bars import with_moved_bars
from adt_plugins.labels.tracks import LabelReading, ReadHit
from adt_plugins.transcription import Transcription

MOVED_S = 0.1
"""Largest distance that a label counts as moved by; farther away, it is a new hit."""

LEAST_SHARE = 0.3
"""Share of labels, or of hits if these are fewer, that belong together in one song."""

Slack = Callable[[float], float]
"""Tolerance in seconds of a time that was not changed."""


def exact(_: float) -> float:
    """Return the tolerance of files: Audacity and JSON have six decimals."""
    return 2e-6


def six_digits(time: float) -> float:
    """Return the tolerance of times from a running Audacity, which have six digits."""
    if time <= 0:
        return exact(time)
    return max(exact(time), 0.51 * 10.0 ** (math.floor(math.log10(time)) - 5))


@dataclass(frozen=True)
class Corrected:
    """A corrected transcription.

    Parameters
    ----------
    transcription
        The result; new hits have the velocity of their label, or else 100.
    fresh
        New hits whose labels have no velocity.
    changed
        Number of hits that differ: renamed, moved, new, deleted or with another
        velocity.
    """

    transcription: Transcription
    fresh: tuple[Onset, ...]
    changed: int


def explained(
    reading: LabelReading, original: Transcription, slack: Slack = exact
) -> LabelReading:
    """Return the labels that lie where the original has a hit of the same drum."""
    matcher = _Matcher(original.onsets, slack)

    def is_there(hit: ReadHit | None, label: Label) -> bool:
        alike = (_alike_of if hit else _any_of)(hit, matcher)
        return matcher.take(label.start, alike) is not None

    return LabelReading(
        hits=tuple(hit for hit in reading.hits if is_there(hit, hit.label)),
        blank=tuple(label for label in reading.blank if is_there(None, label)),
    )


def corrected(
    reading: LabelReading, original: Transcription, slack: Slack = exact
) -> Corrected:
    """Apply the changes in labels to the transcription they were made from.

    A label is one of these, in this order: the hit of its drum in the same place; a hit
    of another drum there, renamed; the nearest hit of its drum without a label, moved,
    such that moved labels cross as little as possible; or a new hit. Hits without a
    label were deleted.

    Parameters
    ----------
    reading
        The labels.
    original
        Transcription that they were made from.
    slack
        Tolerance of times.

    Returns
    -------
    Corrected
        Without changes, the same hits and beats as the original.
    """
    matcher = _Matcher(original.onsets, slack)
    labels = _labels(reading)
    matched: dict[int, Onset] = {}
    for alike_of in (_alike_of, _any_of):
        for index, (hit, label) in enumerate(labels):
            if index not in matched:
                onset = matcher.take(label.start, alike_of(hit, matcher))
                if onset is not None:
                    matched[index] = onset
    left = [
        (index, label.start, hit.home or hit.named)
        for index, (hit, label) in enumerate(labels)
        if index not in matched and hit is not None
    ]
    for drum in {drum for _, _, drum in left if drum is not None}:
        candidates = [(time, index) for index, time, other in left if other == drum]
        matched |= matcher.take_moved(sorted(candidates), drum)
    onsets, same, fresh, lost = [], [], [], []
    for index, (hit, label) in enumerate(labels):
        if index in matched:
            onsets.append(_changed(matched[index], hit, label, matcher))
            same += [matched[index]] if onsets[-1] == matched[index] else []
        elif hit is None:
            lost.append(label)
        else:
            onsets.append(hit.onset())
            if hit.velocity is None:
                fresh.append(onsets[-1])
    kept = [_labelled(x, original.labels, slack) for x in (*reading.labels, *lost)]
    beats = _beats(reading, original.beats, slack)
    transcription = replace(
        original,
        onsets=tuple(onsets),
        beats=beats,
        labels=tuple(kept),
        activations=None,
    )
    changed = len(original) - len(matched) + len(onsets) - len(same)
    return Corrected(transcription, tuple(fresh), changed)


class _Matcher:
    """The hits of the original that no label has been matched with yet."""

    def __init__(self, onsets: Sequence[Onset], slack: Slack) -> None:
        self._onsets = sorted(onsets)
        self._times = [onset.time for onset in self._onsets]
        self._taken = [False] * len(self._onsets)
        self._slack = slack
        self.drums = {onset.drum for onset in self._onsets}

    def same_time(self, one: float, other: float) -> bool:
        """Return whether two times are the same, written differently."""
        return abs(one - other) <= self._slack(max(one, other))

    def is_alike(self, drum: Drum, other: Drum) -> bool:
        """Return whether a label's drum may be that of an original hit.

        A coarse name also stands for a finer drum, unless there are hits of which only
        the coarse drum is known: then both have names of their own.
        """
        return drum == other or (drum == other.coarse and drum not in self.drums)

    def take(self, time: float, wanted: Callable[[Onset], bool]) -> Onset | None:
        """Take the nearest hit in this place that is wanted."""
        slack = self._slack(time)
        best, distance = -1, math.inf
        for index in range(bisect_left(self._times, time - slack), len(self._times)):
            away = abs(self._times[index] - time)
            if self._times[index] > time + slack:
                break
            free = not self._taken[index] and wanted(self._onsets[index])
            if free and away < distance:
                best, distance = index, away
        if best < 0:
            return None
        self._taken[best] = True
        return self._onsets[best]

    def take_moved(
        self, labels: Sequence[tuple[float, int]], drum: Drum
    ) -> dict[int, Onset]:
        """Take hits that were moved to these labels.

        Parameters
        ----------
        labels
            Time and number of each label, sorted.
        drum
            Drum of the labels.

        Returns
        -------
        dict of int to Onset
            Number of each matched label to its hit.
        """
        free = [
            index
            for index, onset in enumerate(self._onsets)
            if not self._taken[index] and self.is_alike(drum, onset.drum)
        ]
        pairs = _assign([t for t, _ in labels], [self._times[i] for i in free])
        for _, hit in pairs:
            self._taken[free[hit]] = True
        return {labels[label][1]: self._onsets[free[hit]] for label, hit in pairs}


def _labels(reading: LabelReading) -> list[tuple[ReadHit | None, Label]]:
    """Return all labels that may be hits, with their hits unless they are blank."""
    hits: list[tuple[ReadHit | None, Label]] = [(x, x.label) for x in reading.hits]
    return hits + [(None, label) for label in reading.blank]


def _alike_of(hit: ReadHit | None, matcher: _Matcher) -> Callable[[Onset], bool]:
    """Return a test for a label's own hit: by its track's drum, or by its text's."""
    drum = None if hit is None else hit.home or hit.named
    if hit is None or drum is None:
        return lambda _: False
    note = hit.label.text == str(drum.note) and hit.home is None
    return lambda onset: (
        matcher.is_alike(drum, onset.drum) or (note and onset.drum.note == drum.note)
    )


def _any_of(_: ReadHit | None, __: _Matcher) -> Callable[[Onset], bool]:
    return lambda _: True


def _changed(
    onset: Onset, hit: ReadHit | None, label: Label, matcher: _Matcher
) -> Onset:
    """Return a hit with the changes in its label."""
    same_place = matcher.same_time(label.start, onset.time)
    time = onset.time if same_place else label.start
    drum, velocity = onset.drum, onset.velocity
    if hit is not None and hit.drum is not None:
        is_own = matcher.is_alike(hit.drum, drum) or (
            hit.home is None and hit.label.text == str(drum.note)
        )
        if hit.is_short and hit.home is not None and hit.named == drum:
            # Unchanged, but on another drum's track: moved there.
            is_own = matcher.is_alike(hit.home, drum)
            drum = drum if is_own else hit.home
        else:
            drum = drum if is_own else hit.drum
        velocity = velocity if hit.velocity is None else hit.velocity
    return replace(onset, time=time, drum=drum, velocity=velocity)


def _assign(new: Sequence[float], old: Sequence[float]) -> list[tuple[int, int]]:
    """Pair moved labels with hits such that the sum of the distances is least.

    Both are sorted, and pairs do not cross. An unpaired label or hit costs half of the
    greatest distance, so that as many as possible are paired.
    """
    pairs: list[tuple[int, int]] = []
    for news, olds in _groups(new, old):
        pairs += _align(new, old, news, olds)
    return pairs


def _groups(
    new: Sequence[float], old: Sequence[float]
) -> Iterable[tuple[range, range]]:
    """Yield parts without pairs between them; most have one or two items."""
    merged = sorted([(t, 0) for t in new] + [(t, 1) for t in old])
    starts, counts = [0, 0], [0, 0]
    before = -math.inf
    for time, kind in merged:
        if time - before > MOVED_S:
            yield range(starts[0], counts[0]), range(starts[1], counts[1])
            starts = list(counts)
        counts[kind] += 1
        before = time
    yield range(starts[0], counts[0]), range(starts[1], counts[1])


def _align(
    new: Sequence[float], old: Sequence[float], news: range, olds: range
) -> list[tuple[int, int]]:
    """Return the cheapest pairs of a part, by sequence alignment."""
    if not news or not olds:
        return []
    alone = MOVED_S / 2
    cost = [[alone * j for j in range(len(olds) + 1)]]
    for i, a in enumerate(news, 1):
        row = [alone * i]
        for j, b in enumerate(olds, 1):
            way = abs(new[a] - old[b])
            pair = cost[i - 1][j - 1] + (way if way <= MOVED_S else math.inf)
            row.append(min(pair, cost[i - 1][j] + alone, row[-1] + alone))
        cost.append(row)
    pairs = []
    i, j = len(news), len(olds)
    while i and j:
        way = abs(new[news[i - 1]] - old[olds[j - 1]])
        if way <= MOVED_S and cost[i][j] == cost[i - 1][j - 1] + way:
            i, j = i - 1, j - 1
            pairs.append((news[i], olds[j]))
        elif cost[i][j] == cost[i - 1][j] + alone:
            i -= 1
        else:
            j -= 1
    return pairs


def _beats(
    reading: LabelReading, original: Sequence[Beat], slack: Slack
) -> tuple[Beat, ...]:
    """Return the beats as they were moved; the original ones if there are no labels."""
    shown = reading.beats or tuple(original)
    beats = [_nearest_beat(beat, original, slack) for beat in sorted(shown)]
    return with_moved_bars(beats, reading.bars, original, slack)


def _nearest_beat(beat: Beat, original: Sequence[Beat], slack: Slack) -> Beat:
    """Return the original beat at the time of another, or that one itself."""
    at = bisect_left(original, beat.time - slack(beat.time), key=lambda b: b.time)
    for other in original[at : at + 2]:
        if abs(other.time - beat.time) <= slack(beat.time):
            return replace(other, position=beat.position)
    return beat


def _labelled(label: Label, original: Sequence[Label], slack: Slack) -> Label:
    """Return the original label that equals another, or that one itself."""
    for other in original:
        same = other.text == label.text and label.track in ("", other.track)
        if same and all(
            abs(a - b) <= slack(b)
            for a, b in ((label.start, other.start), (label.end, other.end))
        ):
            return other
    return label
