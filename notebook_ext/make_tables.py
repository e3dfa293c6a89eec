"""Write what Python and TypeScript both need: ``python notebook_ext/make_tables.py``.

The drums, and the constants of the algorithms that the browser has once more, stand in
Python; `src/core/tables.ts` is made of them and committed. A test tells when it is old.
"""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from adt_plugins import tempo
from adt_plugins.audio import decoder
from adt_plugins.drums import Drum
from adt_plugins.editor import edits
from adt_plugins.editor.payload import midi_head
from adt_plugins.features import band_levels
from adt_plugins.formats import click, tab
from adt_plugins.formats.notation import (
    bars,
    divisions,
    flams,
    hands,
    lines,
    marks,
    part,
    rhythm,
    sections,
    spelling,
    staff,
)
from adt_plugins.midi import tempo_map, writer
from adt_plugins.midi.song_files import SUFFIX, constant_path
from adt_plugins.midi.tempo_map import TempoMap
from adt_plugins.picking import beginnings, exclusive, song_gate, velocity
from adt_plugins.rhythm import (
    bar_pointer,
    beats,
    chord_changes,
    compound,
    drum_patterns,
    tempo_search,
)

FILE = Path(__file__).with_name("src") / "core" / "tables.ts"

_HEAD = """\
/** Made by `notebook_ext/make_tables.py` from what Python has: change it there. */

"""

_CONSTANTS: dict[str, tuple[ModuleType, str]] = {
    "EDITS": (edits, "SAME_S MOST_OPS"),
    "EXCLUSIVE": (exclusive, "SAME_STROKE_S _EPSILON"),
    "GATE": (
        song_gate,
        "RATE_PER_MINUTE LONE_PER_MINUTE LONE_FREE_S SHORT_S PER_OCTAVE"
        " REGULARITY_SHARE REGULAR BLOCK_S LEAST_HITS LEAST_PAIRS LAG_S SAME_S"
        " TOGETHER_S _SHARES",
    ),
    "MIXING": (decoder, "_CANCELS _AGREES _EVERY _ENOUGH _FADE"),
    "VELOCITY": (
        velocity,
        "REFERENCE_VELOCITY REFERENCE_PERCENTILE DB_PER_DECADE"
        " _RISE_S _BEFORE_S _LEAST_RISE",
    ),
    "LEVELS": (band_levels, "SILENCE RANGES_HZ"),
    "BEGINNINGS": (
        beginnings,
        "_WINDOW _PEAK_WINDOWS _WINDOWS _PEAK _FIRST _MOST_RISE_DB _FALL_WEIGHT"
        " _STRUCK _QUIET _SOFT _FLOOR _LOOK_AHEAD_S _INAUDIBLE _AROUND _SILENCE_S"
        " _HUMP _REACH",
    ),
    "BAR_POINTER": (
        bar_pointer,
        "TEMPI TRANSITION_LAMBDA OBSERVATION_LAMBDA _NEVER _STEPS _KEPT_BYTES",
    ),
    "TEMPO_SEARCH": (
        tempo_search,
        "SEGMENT_S LEAST_SEGMENTS MULTIPLES MARGIN NEAR _SLACK_FRAMES _MOST_CHANGE"
        " _DOUBTFUL",
    ),
    "DRUM_PATTERNS": (
        drum_patterns,
        "WEIGHT UNUSUAL USUAL_BAR NEAR_FRAMES _PATTERNS _ANYWHERE _BLOCK _SURE",
    ),
    "COMPOUND": (
        compound,
        "MIN_BPM MAX_BPM USUAL_BAR _PATTERN _ANYWHERE _WEIGHT _COST _SURE _LEAST_DRUMS"
        " _SWUNG LEAST_BEATS MOST_OF_COMPOUND",
    ),
    "CHORDS": (
        chord_changes,
        "WEIGHT _LOWEST_HZ _HIGHEST_HZ _SPAN_S _POOLED _LEAST _MOST",
    ),
    "BEATS": (
        beats,
        "MIN_BPM MAX_BPM METERS THRESHOLD CLEAR _AROUND _LEAST _ALIKE_FRAMES _MOST",
    ),
    "TEMPO": (
        tempo,
        "LARGEST_S DRIFT_S NEAR_S _EXACT_S _STRAY _STRAY_S _WINDOW _LEAST_BEATS _ROUND"
        " _ROUNDING _MOST_OFF_S",
    ),
    "TEMPO_MAP": (
        tempo_map,
        "TICKS_PER_QUARTER DEFAULT_TEMPO TOLERANCE_S LEAST_LEAD_IN_S MIN_BPM LATEST_S"
        " MOST_BEATS _MOST_UPPER _MOST_TEMPO _PARTS _NEAR_S _MOST_OFF_S _MOST_OTHER"
        " _PARABOLA _LOCAL _LEAST_BEAT_S",
    ),
    "MIDI": (writer, "LEAD_IN PICKUP NO_TEMPO"),
    "BARS": (bars, "_MOST_BEATS _USUAL_TEMPO _TIME_STEP_S _EARLY _ROOM"),
    "DIVISIONS": (
        divisions,
        "LOG_STEP PRIORS FEEL_PRIOR _OTHER_FEEL _OTHER_FAMILY _OTHER_STEPS _NEVER"
        " _PRIOR_WEIGHT _MOST_TERNARY _FINEST _MOST_FINEST",
    ),
    "RHYTHM": (
        rhythm,
        "TRIPLET_SWING _STRAY _MEETING _NEAR_MISS _FIRST_ERROR_S _LEAST_ERROR_S"
        " _MOST_ERROR_S _OFFSET_SHARE _OFFSET_S _AROUND _USUAL_HITS _KERNEL"
        " _LEAST_PAIRS _SWING _SWING_16 _SWING_STEP",
    ),
    "FLAMS": (flams, "MOST_GRACES FLAM_S _DRAG_S _DRAG_SOFTER _SOFTER _GRACED"),
    "HANDS": (hands, "HANDS FEET CRASHES RIDES HATS _NEAR_BARS _LEAST_RUN _ONE_OF"),
    "MARKS": (
        marks,
        "GHOST LOUD_PERCENT ACCENT MOST_ACCENTED NEAR_BARS LEAST_HITS LEAST_GHOSTS"
        " _ACCENTED",
    ),
    "SECTIONS": (sections, "WINDOW_BARS LEAST_BARS LEAST_CHANGE LEAST_MORE"),
    "PART": (part, "_TOGETHER_S _SPREAD_S _LEAST_PAIRS _COMPOUND_SHARE"),
    "SPELLING": (spelling, "_VALUES"),
    "LINES": (lines, "BARS_A_LINE"),
    "STAFF": (staff, "PLACES"),
    "TAB": (tab, "BARS_A_LINE MOST_COLUMNS _ROWS _SIGNS _COUNTS _SWINGS _GRACES"),
    "CLICK": (click, "SONG_GAIN CLICK_GAIN _SOUNDS _SHARED _NARROW_HZ"),
}
"""What stands in a module, under its name without an underscore in front."""


def tables() -> str:
    """Return the text of the file."""
    names = {drum.value: drum.full_name for drum in Drum}
    coarse = {drum.value: drum.coarse.value for drum in Drum if drum.coarse != drum}
    notes = {drum.value: drum.note for drum in Drum}
    parts = [
        _HEAD,
        "/** Of drums, in the order in which lists show them. */\n",
        f"export const NAMES: Readonly<Record<string, string>> = {_text(names)};\n",
        "\n/** The drum that one is a kind of. */\n",
        f"export const COARSE: Readonly<Record<string, string>> = {_text(coarse)};\n",
        "\n/** Of General MIDI. */\n",
        f"export const NOTES: Readonly<Record<string, number>> = {_text(notes)};\n",
    ]
    for name, (module, constants) in _CONSTANTS.items():
        values = {
            key.lstrip("_"): _plain(getattr(module, key)) for key in constants.split()
        }
        parts.append(f"\n/** See `{module.__name__}`. */\n")
        parts.append(f"export const {name} = {_text(values)} as const;\n")
    maps = [
        {
            "suffix": suffix,
            "tempos": TempoMap().tempos,
            "head": midi_head(TempoMap()),
        }
        for suffix in (SUFFIX, constant_path(Path(SUFFIX)).name)
    ]
    parts.append("\n/** MIDI files of a song without beats, see `src/core/song`. */\n")
    parts.append(f"export const PLAIN_MAPS = {json.dumps(maps)} as const;\n")
    return "".join(parts)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, staff.Place):
        value = (value.height, value.head)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, divisions.Division):
        return f"{value.steps} swung" if value.swung else value.steps
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: dict[str, Any]) -> str:
    lines = [f"  {key}: {json.dumps(item)},\n" for key, item in value.items()]
    return f"{{\n{''.join(lines)}}}"


if __name__ == "__main__":
    FILE.write_text(tables(), encoding="utf-8", newline="\n")
