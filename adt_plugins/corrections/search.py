"""Searches for the originals of labels: beside them, and among the remembered ones."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from adt_plugins import formats
from adt_plugins.audio.opening import AudioSource
from adt_plugins.errors import AdtError
from adt_plugins.formats.audacity_project.writer import ORIGINAL, data_folder
from adt_plugins.labels.corrections import LEAST_SHARE, Slack, exact, explained
from adt_plugins.labels.originals import (
    Original,
    read_original,
    remembered,
    times_in_json,
)
from adt_plugins.labels.tracks import LabelReading

# Two songs have some times in common by chance.
_LEAST_LABELS = 2
# Once an original explains half of the labels, only some more are compared, and with
# the labels that it does not explain.
_GOOD_SHARE, _LOOKED_AT = 0.5, 20
_MOST_ORIGINALS = 8


def find_original(
    reading: LabelReading, near: Iterable[Original] = (), slack: Slack = exact
) -> Original | None:
    """Find the original of labels.

    Parameters
    ----------
    reading
        The labels.
    near
        Likely originals; the first is taken if nothing fits better.
    slack
        Tolerance of times.

    Returns
    -------
    Original or None
        The original. Labels made from several originals, such as several selections,
        get one with all of their hits.
    """
    likely = list(near)
    compared: list[Original] = []
    starts = [
        label.start for label in (*(h.label for h in reading.hits), *reading.blank)
    ]

    def is_likely(text: str) -> bool:
        times = sorted(times_in_json(text))
        places = (bisect_left(times, start - slack(start)) for start in starts)
        count = sum(
            at < len(times) and times[at] <= start + slack(start)
            for at, start in zip(places, starts, strict=True)
        )
        return _is_enough(count, len(starts), len(times))

    more = remembered(is_likely)

    def every() -> Iterator[Original]:
        # Keep originals that were compared: the next part may be made from one of them.
        yield from chain(likely, list(compared))
        for original in more if not matches else islice(more, _LOOKED_AT):
            compared.append(original)
            yield original

    matches: list[Original] = []
    rest = reading
    while len(rest) and len(matches) < _MOST_ORIGINALS:
        best, done = _best(rest, every(), slack)
        if best is None:
            break
        matches.append(best)
        rest = rest.without(done)
    if not matches:
        return likely[0] if likely else None
    whole = matches[0].transcription
    onsets = {onset for other in matches for onset in other.transcription.onsets}
    return Original(replace(whole, onsets=tuple(onsets)), matches[0].moved)


def _is_enough(count: int, labels: int, hits: int) -> bool:
    """Return whether this many labels can belong to this many hits."""
    return count >= max(_LEAST_LABELS, LEAST_SHARE * min(labels, hits))


def _best(
    reading: LabelReading, originals: Iterable[Original], slack: Slack
) -> tuple[Original | None, LabelReading]:
    """Return the original that explains most of the labels, and those labels."""
    best: Original | None = None
    share, done, since = 0.0, LabelReading(), 0
    for original in originals:
        matched = explained(reading, original.transcription, slack)
        hits, count = len(original.transcription), len(matched)
        if _is_enough(count, len(reading), hits):
            alike = count / (len(reading) + hits - count)
            if alike > share:
                best, share, done, since = original, alike, matched, 0
        since += 1
        if share == 1 or (share > _GOOD_SHARE and since > _LOOKED_AT):
            break
    return best, done


def left_beside(folder: Path, stem: str) -> Iterator[Original]:
    """Yield possible originals of a song's labels that were left beside the song.

    Parameters
    ----------
    folder, stem
        Folder and stem of the song's files.
    """
    project = formats.output_path(stem, folder, "aup")
    for file in (
        data_folder(project) / ORIGINAL,
        folder / f"{stem}_data" / ORIGINAL,
        formats.output_path(stem, folder, "json"),
    ):
        if os.path.isfile(file):  # noqa: PTH113 - pathlib's raises for odd names
            with suppress(AdtError):
                yield read_original(file)


def originals_of(folder: Path, stem: str) -> list[Original]:
    """Return possible originals of a song's labels: beside it, and remembered."""
    originals = list(left_beside(folder, stem))
    key = stem.casefold()

    def is_likely(text: str) -> bool:
        folded = text.casefold()
        return not key.isascii() or key in folded

    for original in remembered(is_likely):
        source = original.transcription.source.path
        if source is not None and Path(source).stem.casefold() == stem.casefold():
            originals.append(original)
    return originals


def found_beside(path: Path, audio: AudioSource | None) -> Iterator[Original]:
    """Yield originals that were left beside labels, and beside their recording."""
    places = [(path.parent, formats.song_stem(path))]
    if isinstance(audio, (str, os.PathLike)):
        recording = Path(os.fsdecode(os.fspath(audio)))
        places.append((recording.parent, recording.stem))
    for folder, stem in dict.fromkeys(places):
        yield from left_beside(folder, stem)
