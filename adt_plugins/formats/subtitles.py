"""Subtitles in SubRip and WebVTT, to which newer Audacity versions export labels.

Both consist of blocks with a line ``start --> end`` and lines of text. SubRip numbers
the blocks and uses decimal commas; WebVTT begins with a line of its own. Times are in
milliseconds.
"""

from __future__ import annotations

import html
import re
import reprlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from adt_plugins.annotations import Label
from adt_plugins.base.reporting import Warn
from adt_plugins.errors import FormatError
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.one_track import read_one_track
from adt_plugins.transcription import Transcription

_TIME = r"(-?)(?:([0-9]{1,5}):)?([0-9]{1,2}):([0-9]{1,2}[.,][0-9]{1,9})"
_CUE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>|\{\\[^{}]{0,80}\}")
_WEBVTT = "WEBVTT"


def read(path: Path, *, warn: Warn, names: LabelNames | None = None) -> Transcription:
    """Read the cues as labels on a track without a name."""
    return read_one_track(path, _labels, warn=warn, names=names)


def _labels(text: str, early: EarlyLabels) -> Iterator[Label]:
    is_webvtt = text.startswith(_WEBVTT)
    blocks = re.split(r"\n[ \t]*\n", re.sub(r"\r\n?", "\n", text))
    for block in blocks:
        lines = block.strip("\n").split("\n")
        at = next((n for n, line in enumerate(lines[:2]) if _CUE.fullmatch(line)), None)
        if at is None:
            kind = lines[0].split(" ")[0]
            if block.strip() and not (
                is_webvtt and kind in (_WEBVTT, "NOTE", "STYLE", "REGION")
            ):
                raise FormatError(f"not a cue: {reprlib.repr(block.strip())}")
            continue
        for match, words in _cues(lines[at:], numbered=at > 0):
            groups = match.groups()
            start, end = early.place(_seconds(groups[:4]), _seconds(groups[4:]))
            text = _TAG.sub("", " ".join(words))
            if start >= 0:
                yield Label(
                    start, end, (html.unescape(text) if is_webvtt else text).strip()
                )


def _cues(
    lines: list[str], *, numbered: bool
) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Yield the times and lines of cues, also where no blank line is between them."""
    times = {
        n: match for n, line in enumerate(lines) if (match := _CUE.fullmatch(line))
    }
    for start, end in pairwise([*times, len(lines)]):
        words = lines[start + 1 : end]
        if numbered and end in times and words and words[-1].strip().isdecimal():
            words.pop()  # the number of the next one
        yield times[start], words


def _seconds(parts: tuple[str | None, ...]) -> float:
    """Return the seconds, given a sign, hours, minutes and seconds."""
    sign, hours, minutes, seconds = parts
    whole = 3600 * int(hours or 0) + 60 * int(minutes or 0)
    total = whole + float((seconds or "0").replace(",", "."))
    return -total if sign else total


def looks_like_webvtt(head: str) -> bool:
    """Whether a text begins like WebVTT."""
    return head.lstrip("\ufeff").startswith(_WEBVTT)


def looks_like_subrip(head: str) -> bool:
    """Whether a text begins with a cue of SubRip."""
    lines = head.lstrip("\ufeff \r\n").splitlines()[:2]
    return any(_CUE.fullmatch(line) for line in lines)
