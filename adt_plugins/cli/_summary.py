"""Summary of a recording in one line: length, tempo, meter, hits; and its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adt_plugins.transcription import Transcription

NO_BEAT = "no steady beat"
_MOST_KINDS = 6  # all that the model hears, unless it is to tell finer ones


def clock(seconds: float) -> str:
    """Return minutes and seconds, and hours if there are any.

    >>> clock(20.1), clock(3725)
    ('0:20', '1:02:05')
    """
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def hits_text(counts: Mapping[str, int]) -> str:
    """Return the number of hits, and the drums, the most frequent first."""
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
    """Return the line about a recording.

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
    parts.append(hits_text({str(k): n for k, n in transcription.counts().items()}))
    parts.append(f"{seconds:.1f} s")
    return "  ".join(parts)


def listed(outputs: Sequence[tuple[str, str]]) -> list[str]:
    """Return a line for each path, with the purpose of the file."""
    width = max((len(path) for path, _ in outputs), default=0)
    return [f"{path:{width}}  {purpose}" for path, purpose in outputs]
