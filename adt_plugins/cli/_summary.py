"""Summary of a recording: length, tempo, meter, hits; and its files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adt_plugins.transcription import Transcription

NO_BEAT = "no steady beat"
_WIDTH = 100  # characters of a line that no terminal shows
_NARROWEST = 40


def clock(seconds: float) -> str:
    """Return minutes and seconds, and hours if there are any.

    >>> clock(20.1), clock(3725)
    ('0:20', '1:02:05')
    """
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def hits_lines(before: str, counts: Mapping[str, int], after: str) -> list[str]:
    """Return the number of hits and the drums, the most frequent first.

    One line, or, where the terminal is not wide enough, the drums below it.

    Parameters
    ----------
    before, after
        What the line says before and after its hits.
    counts
        Number of hits of each drum, by its code.
    """
    from adt_plugins.drums import Drum

    total = sum(counts.values())
    text = f"{total} hit{'' if total == 1 else 's'}"
    most = sorted(counts.items(), key=lambda item: -item[1])
    kinds = [f"{n} {Drum(code).full_name.lower()}" for code, n in most]
    if not kinds:
        return [f"{before}{text}{after}"]
    whole = f"{before}{text}: {', '.join(kinds)}{after}"
    width = max(_NARROWEST, shutil.get_terminal_size((_WIDTH, 0)).columns)
    if len(whole) <= width:
        return [whole]
    lines = [f"{before}{text}{after}", f"  {kinds[0]}"]
    for kind in kinds[1:]:
        if len(lines[-1]) + len(f", {kind},") <= width:
            lines[-1] += f", {kind}"
        else:
            lines[-1] += ","
            lines.append(f"  {kind}")
    return lines


def summary(
    name: str,
    transcription: Transcription,
    *,
    looked_for_beats: bool,
    seconds: float,
) -> list[str]:
    """Return the line about a recording, and those that its drums fill below it.

    Parameters
    ----------
    name
        Name of the song.
    transcription
        Its transcription.
    looked_for_beats
        Whether to mention that no beats were found.
    seconds
        How long the work took.
    """
    parts = [" ".join(name.split("\n"))]
    if transcription.source.duration is not None:
        parts.append(clock(transcription.source.duration))
    if tempo := transcription.tempo_text():
        parts.append(tempo)
    elif looked_for_beats:
        parts.append(NO_BEAT)
    counts = {str(drum): n for drum, n in transcription.counts().items()}
    return hits_lines("  ".join([*parts, ""]), counts, f"  {seconds:.1f} s")


def listed(outputs: Sequence[tuple[str, str]]) -> list[str]:
    """Return a line for each path, with the purpose of the file."""
    width = max((len(path) for path, _ in outputs), default=0)
    return [f"{path:{width}}  {purpose}" for path, purpose in outputs]
