"""Reads and writes the drums of ``notes.chart``, the text format of rhythm games.

By the community's description of what Clone Hero, YARG and Moonscraper read and write
(TheNathannator, *GuitarGame_ChartFormats*). Tempi are whole thousandths of a BPM, so
this file has a clock of its own: notes get the ticks of that clock, and are never more
than half a tick off, however long the song is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from adt_plugins.audio import LATEST_S
from adt_plugins.errors import FormatError
from adt_plugins.formats.chart.pads import (
    KICK,
    LEVELS,
    READ,
    READ_ACCENT,
    READ_GHOST,
    YELLOW,
    Kit,
    Levels,
    Note,
    Sections,
    kit_of,
    unflipped,
)
from adt_plugins.midi.bar_lines import TICKS_PER_QUARTER
from adt_plugins.midi.tempo_map import TempoMap

_DOUBLE, _ACCENT, _GHOST, _CYMBAL = 32, 33, 39, 64
_FIVE_LANES = 5
_MOST_RESOLUTION = 1 << 20
_MOST_TICK = 1 << 40


class ChartClock:
    """Ticks and seconds by tempi in thousandths of a BPM.

    Parameters
    ----------
    tempos
        (tick, thousandths of a BPM), the first at tick 0, ascending; whole numbers
        in the text form.
    resolution
        Ticks a quarter.
    """

    def __init__(self, tempos: Sequence[tuple[int, float]], resolution: int) -> None:
        self.tempos, self.resolution = list(tempos), resolution
        self._starts = [tick for tick, _ in self.tempos]
        self._seconds = [0.0]
        for (start, tempo), end in zip(self.tempos, self._starts[1:], strict=False):
            self._seconds.append(
                self._seconds[-1] + (end - start) * self._length(tempo)
            )

    def _length(self, tempo: float) -> float:
        return 60_000 / (tempo * self.resolution)

    def tick(self, seconds: float) -> int:
        """Return the tick nearest to a time."""
        index = max(bisect_right(self._seconds, seconds) - 1, 0)
        start, tempo = self.tempos[index]
        return start + round((seconds - self._seconds[index]) / self._length(tempo))

    def seconds(self, tick: int) -> float:
        """Return the time of a tick."""
        index = max(bisect_right(self._starts, tick) - 1, 0)
        start, tempo = self.tempos[index]
        return self._seconds[index] + (tick - start) * self._length(tempo)


def clock_of(timing: TempoMap) -> ChartClock:
    """Return the clock nearest to a tempo map; errors of rounding do not add up."""
    tempos: list[tuple[int, int]] = []
    elapsed = 0.0
    for index, (start, micros) in enumerate(timing.tempos):
        thousandths = 60e9 / micros
        if index + 1 < len(timing.tempos):
            end = timing.tempos[index + 1][0]
            left = timing.seconds(end) - elapsed
            if left > 0:
                thousandths = 60_000 * (end - start) / (TICKS_PER_QUARTER * left)
            elapsed += (
                60_000
                * (end - start)
                / (TICKS_PER_QUARTER * max(1, round(thousandths)))
            )
        tempos.append((start, max(1, round(thousandths))))
    return ChartClock(tempos, TICKS_PER_QUARTER)


def chart_text(
    levels: Levels,
    timing: TempoMap,
    clock: ChartClock,
    tags: Mapping[str, str],
    sections: Sections = (),
) -> str:
    """Return the content of ``notes.chart``.

    Parameters
    ----------
    levels
        The notes; their times count, not their ticks.
    timing
        Gives the time signatures.
    clock
        Gives the tempi.
    tags
        Title and artist, ``name`` and ``artist``.
    sections
        Sections that players can practise.
    """
    head = [
        f'Name = "{_quoted(tags["name"])}"',
        f'Artist = "{_quoted(tags["artist"])}"',
        "Offset = 0",
        f"Resolution = {TICKS_PER_QUARTER}",
        'MusicStream = "song.opus"',
    ]
    sync = [(tick, 0, _signature(u, n)) for tick, u, n in timing.signatures]
    sync += [(tick, 1, f"B {tempo}") for tick, tempo in clock.tempos]
    parts = [
        _section("Song", head),
        _section("SyncTrack", [f"{t} = {text}" for t, _, text in sorted(sync)]),
        _section(
            "Events",
            [f'{clock.tick(time)} = E "section {name}"' for time, name in sections],
        ),
    ]
    for level, notes in levels.items():
        lines = [
            f"{clock.tick(note.time)} = N {number} 0"
            for note in notes
            for number in _numbers(note)
        ]
        parts.append(_section(f"{level}Drums", lines))
    return "".join(parts)


def _numbers(note: Note) -> list[int]:
    """Return the numbers that stand for a note: its pad, and its modifiers."""
    if note.pad == KICK:
        return [_DOUBLE if note.double else KICK]
    numbers = [note.pad]
    if note.cymbal:
        numbers.append(_CYMBAL + note.pad)
    if note.accent:
        numbers.append(_ACCENT + note.pad)
    elif note.ghost:
        numbers.append(_GHOST + note.pad)
    return numbers


def _signature(upper: int, lower: int) -> str:
    power = lower.bit_length() - 1
    return f"TS {upper}" + ("" if lower == 4 else f" {power}")


def _section(name: str, lines: Iterable[str]) -> str:
    return f"[{name}]\r\n{{\r\n" + "".join(f"  {x}\r\n" for x in lines) + "}\r\n"


def _quoted(text: str) -> str:
    return " ".join(text.replace('"', "'").split())


class Chart(NamedTuple):
    """A chart that was read.

    `later` is by how many seconds the notes are later in the sound, and `damage` says
    of each damaged track where it was left.
    """

    notes: list[Note]
    clock: ChartClock
    signatures: list[tuple[int, int, int]]
    kit: Kit = Kit.PLAIN
    later: float = 0.0
    damage: Sequence[str] = ()


def read_chart(text: str) -> Chart:
    """Read the drums of Expert, or of the highest level that there is.

    Raises
    ------
    FormatError
        If it is not a chart, or has no drums.
    """
    sections = _sections(text)
    if "Song" not in sections or "SyncTrack" not in sections:
        raise FormatError("not a chart: no [Song] or no [SyncTrack]")
    resolution = _number(dict(sections["Song"]).get("Resolution", "192"))
    if not 0 < resolution <= _MOST_RESOLUTION:
        raise FormatError(f"a resolution of {resolution} ticks")
    tempos, signatures = {0: 120_000}, {0: (4, 4)}
    for key, value in sections["SyncTrack"]:
        tick, words = _number(key), value.split()
        if words[:1] == ["B"] and len(words) > 1:
            tempo = _number(words[1])
            if tempo < 1:
                raise FormatError(f"a tempo of {tempo} at tick {tick}")
            tempos[tick] = tempo
        elif words[:1] == ["TS"] and len(words) > 1:
            power = _number(words[2]) if len(words) > 2 else 2
            signatures[tick] = (_number(words[1]), 1 << min(power, 10))
    level = next((level for level in LEVELS if sections.get(f"{level}Drums")), None)
    if level is None:
        raise FormatError("a chart without drums")
    clock = ChartClock(sorted(tempos.items()), resolution)
    meters = [(tick, *value) for tick, value in sorted(signatures.items())]
    lines = sections[f"{level}Drums"]
    notes = unflipped(_notes(lines), _texts(lines), level)
    return Chart(notes, clock, meters, _kit(sections), _offset(sections["Song"]))


def _kit(sections: Mapping[str, Iterable[tuple[str, str]]]) -> Kit:
    lines = (line for name in LEVELS for line in sections.get(f"{name}Drums", ()))
    words = (value.split() for _, value in lines)
    numbers = {word[1] for word in words if word[:1] == ["N"] and len(word) > 1}
    marks = {str(_CYMBAL + pad) for pad in range(YELLOW, _FIVE_LANES)}
    return kit_of(marked=bool(numbers & marks), fifth=str(_FIVE_LANES) in numbers)


def _texts(lines: Iterable[tuple[str, str]]) -> list[tuple[int, str]]:
    return sorted(
        (_number(key), value[1:].strip(' "'))
        for key, value in lines
        if value.startswith("E ")
    )


def _offset(lines: Iterable[tuple[str, str]]) -> float:
    """Return where in the sound the chart begins, in seconds."""
    try:
        seconds = float(dict(lines).get("Offset", "0"))
    except ValueError:
        return 0.0
    return seconds if abs(seconds) <= LATEST_S else 0.0


def _notes(lines: Iterable[tuple[str, str]]) -> list[Note]:
    at: dict[int, set[int]] = {}
    for key, value in lines:
        words = value.split()
        if words[:1] == ["N"] and len(words) > 1:
            at.setdefault(_number(key), set()).add(_number(words[1]))
    notes = []
    for tick, numbers in sorted(at.items()):
        if {KICK, _DOUBLE} & numbers:
            notes.append(Note(tick, KICK, False, READ, KICK not in numbers))
        for pad in range(1, _FIVE_LANES + 1):
            if pad in numbers:
                velocity = READ_ACCENT if _ACCENT + pad in numbers else READ
                velocity = READ_GHOST if _GHOST + pad in numbers else velocity
                notes.append(Note(tick, pad, _CYMBAL + pad in numbers, velocity))
    return notes


def _sections(text: str) -> dict[str, list[tuple[str, str]]]:
    sections: dict[str, list[tuple[str, str]]] = {}
    lines: list[tuple[str, str]] | None = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            lines = sections.setdefault(line[1:-1], [])
        elif lines is not None and "=" in line:
            key, _, value = line.partition("=")
            lines.append((key.strip(), value.strip()))
    return sections


def _number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise FormatError(f"{text[:40]!r} is not a whole number") from None
    if not 0 <= number <= _MOST_TICK:
        raise FormatError(f"a number of {text[:40]}")
    return number
