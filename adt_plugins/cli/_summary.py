"""A line about each recording: length, tempo, meter, hits; and what files are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adt_plugins.transcription import Transcription

NO_BEAT = "no steady beat"
_MOST_KINDS = 4


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are some.

    >>> clock(20.1), clock(3725)
    ('0:20', '1:02:05')
    """
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def hits_text(counts: Mapping[str, int]) -> str:
    """How many hits, and of which drums, the most frequent first."""
    from adt_plugins.drums import Drum

    total = sum(counts.values())
    text = f"{total} hit{'' if total == 1 else 's'}"
    most = sorted(counts.items(), key=lambda item: -item[1])
    kinds = [f"{n} {Drum(code).full_name.lower()}" for code, n in most[:_MOST_KINDS]]
    if not kinds:
        return text
    return f"{text}: {', '.join(kinds)}{' …' if len(most) > _MOST_KINDS else ''}"


def summary(
    name: str,
    transcription: Transcription,
    *,
    looked_for_beats: bool,
    seconds: float,
) -> str:
    """The line about a recording.

    Parameters
    ----------
    name
        Name of the song.
    transcription
        What was found.
    looked_for_beats
        Whether to mention it if no beats were found.
    seconds
        What it took.
    """
    parts = [" ".join(name.split("\n"))]
    if transcription.source.duration is not None:
        parts.append(clock(transcription.source.duration))
    if tempo := transcription.tempo_text():
        parts.append(tempo)
    elif looked_for_beats:
        parts.append(NO_BEAT)
    parts.append(hits_text({str(k): n for k, n in transcription.counts().items()}))
    parts.append(f"{seconds:.1f} s")
    return "  ".join(parts)


def listed(outputs: Sequence[tuple[str, str]]) -> list[str]:
    """Lines of paths, each with what it is for beside it."""
    width = max((len(path) for path, _ in outputs), default=0)
    return [f"{path:{width}}  {purpose}" for path, purpose in outputs]
