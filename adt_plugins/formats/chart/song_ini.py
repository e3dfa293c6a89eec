"""Reads and writes ``song.ini``, which affects how the chart beside it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adt_plugins.audio import LATEST_S
from adt_plugins.formats.chart.pads import Kit

_TRUE = ("true", "1")


class SongIni(NamedTuple):
    """Seconds that all notes are later, and the kit, if it is stated."""

    delay_s: float = 0.0
    kit: Kit | None = None


def read_ini(text: str) -> SongIni:
    """Read the tags; lines that are not valid are skipped, as games do."""
    tags = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            tags[key.strip().lower()] = value.strip().lower()
    return ini_of(tags)


def ini_of(tags: Mapping[str, str]) -> SongIni:
    """Return what the tags mean, given keys and values in lower case."""
    kit = None
    if tags.get("five_lane_drums") in _TRUE:
        kit = Kit.FIVE_LANES
    elif tags.get("pro_drums") in _TRUE:
        kit = Kit.PRO
    return SongIni(_delay_s(tags.get("delay", "0")), kit)


def _delay_s(text: str) -> float:
    try:
        seconds = float(text) / 1000
    except ValueError:
        return 0.0
    return seconds if abs(seconds) <= LATEST_S else 0.0
