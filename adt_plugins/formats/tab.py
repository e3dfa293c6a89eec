"""Drum tablature as text: a row a drum, four bars a line, as ADTLib's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from adt_plugins.annotations import Onset
from adt_plugins.base.files import write_files
from adt_plugins.base.reporting import Warn, name_some
from adt_plugins.drums import Drum
from adt_plugins.formats.dynamics import Dynamics
from adt_plugins.formats.format import Format
from adt_plugins.formats.notation_grid import (
    STRAIGHT,
    TRIPLET,
    Bar,
    GridBeat,
    make_grid,
    met,
    tempo,
    usual_length,
)
from adt_plugins.transcription import Transcription

BARS_A_LINE = 4
# From the top down, as on a staff. Kinds with signs of their own share a row.
_ROWS = {
    "CC": (Drum.CRC, Drum.CY),
    "SPC": (Drum.SPC,),
    "CHC": (Drum.CHC,),
    "RD": (Drum.RDC, Drum.RDB),
    "HH": (Drum.CHH, Drum.HH, Drum.OHH),
    "T1": (Drum.HIT,),
    "T2": (Drum.MHT, Drum.TT),
    "OT": (Drum.OT,),
    "SST": (Drum.SST,),
    "SD": (Drum.SD,),
    "F1": (Drum.HFT,),
    "F2": (Drum.LFT,),
    "KD": (Drum.KD,),
    "HF": (Drum.PHH,),
}
_ALWAYS = ("HH", "SD", "KD")
_SIGNS = {Drum.OHH: "o", Drum.RDB: "b"}
_COUNTS = {1: "", 2: "&", 3: "tl", 4: "e&a"}
_LEGEND = {
    "CC": "CC crash",
    "SPC": "SPC splash",
    "CHC": "CHC china",
    "RD": "RD ride (b bell)",
    "HH": "HH hi-hat (x closed, o open)",
    "T1": "T1 high tom",
    "T2": "T2 mid tom",
    "OT": "OT other",
    "SST": "SST side stick",
    "SD": "SD snare",
    "F1": "F1 high floor tom",
    "F2": "F2 low floor tom",
    "KD": "KD kick",
    "HF": "HF hi-hat pedal",
}


def tab_lines(transcription: Transcription, title: str) -> tuple[list[str], list[str]]:
    """Return the tab's lines, and codes of drums whose hits met on a step.

    A line of bars is a block of lines between blank ones: counts, then the rows.

    Raises
    ------
    FormatError
        If there are no beats.
    """
    bars = make_grid(transcription)
    drums = set(transcription.counts())
    rows = [row for row, kinds in _ROWS.items() if row in _ALWAYS or drums & set(kinds)]
    lines = [title, _heading(transcription, bars)]
    dynamics = Dynamics(transcription)
    for line in _lines_of(bars):
        lines += ["", *_block(line, rows, dynamics)]
    double = met(bars)
    legend = [_LEGEND[row] for row in rows]
    if double:
        legend.append("d two hits (flam or drag)")
    if any(map(dynamics.is_ghost, transcription)):
        legend.append("g ghost note")
    if any(map(dynamics.is_accent, transcription)):
        legend.append("X, O accents")
    return [*lines, "", *_wrapped(legend)], double


def _heading(transcription: Transcription, bars: Sequence[Bar]) -> str:
    """Tempo, and the meter of most bars."""
    beats = transcription.tempo or tempo(bars)
    length = usual_length(bars)
    meter = max(bars, key=lambda bar: (bar.number > 0, len(bar.beats) == length)).meter
    upper, lower = meter.signature(length)
    return f"{beats:.0f} beats a minute, {upper}/{lower}"


def write(
    transcription: Transcription, path: Path, *, overwrite: bool, warn: Warn
) -> list[Path]:
    """Write the tab; hits lie on the nearest sixteenth or triplet of their beat."""
    lines, double = tab_lines(transcription, title_of(transcription, path))
    if double:
        warn(f"{path}: two hits on one step are written as d: {name_some(double)}")
    return write_files({path: ("\n".join(lines) + "\n").encode()}, overwrite=overwrite)


def title_of(transcription: Transcription, path: Path) -> str:
    """Name of the song, by its recording or else by the file to write."""
    source = transcription.source.path
    if source:
        name = Path(source).stem
    else:
        name = path.stem.removesuffix(".tab").removesuffix(".drums")
    return "".join(sign if sign.isprintable() else " " for sign in name)


def _lines_of(bars: Sequence[Bar]) -> Iterator[Sequence[Bar]]:
    """Four bars each; a pickup bar stands before the first four."""
    before = [bar for bar in bars if bar.number < 0]
    rest = bars[len(before) :]
    for start in range(0, len(before), BARS_A_LINE):
        yield before[start : start + BARS_A_LINE]
    start = 0
    while start < len(rest):
        end = start + BARS_A_LINE + (rest[start].number == 0)
        yield rest[start:end]
        start = end


def _block(bars: Sequence[Bar], rows: Sequence[str], dynamics: Dynamics) -> list[str]:
    width = max(map(len, rows))
    counts = ["".join(_counted(beat) for beat in bar.beats) for bar in bars]
    # The number of each bar stands above its first beat.
    numbers = " ".join(
        _number(bar, before).ljust(len(count))
        for bar, before, count in zip(bars, [None, *bars], counts, strict=False)
    )
    margin = " " * (width + 2)
    block = [(margin + numbers).rstrip(), (margin + " ".join(counts)).rstrip()]
    for row in rows:
        cells = ("".join(_cells(b, row, dynamics) for b in bar.beats) for bar in bars)
        block.append(f"{row:{width}} |{'|'.join(cells)}|")
    return block


def _number(bar: Bar, before: Bar | None) -> str:
    """Number of a bar, with its time signature where that changes within a line."""
    if bar.number < 1:
        return ""
    if before is None or before.number < 1 or before.signature == bar.signature:
        return str(bar.number)
    return f"{bar.number} ({'/'.join(map(str, bar.signature))})"


def _counted(beat: GridBeat) -> str:
    """How the steps of a beat are counted: ``1e&a``."""
    base = TRIPLET if beat.is_triplet else min(beat.steps, STRAIGHT)
    gap = "." * (beat.steps // base - 1)
    return "".join(sign + gap for sign in (str(beat.position)[-1], *_COUNTS[base]))


def _cells(beat: GridBeat, row: str, dynamics: Dynamics) -> str:
    cells = []
    for step in range(beat.steps):
        drums = beat.hits.get(step, {})
        hit = [drum for drum in _ROWS[row] if drum in drums]
        if any(len(drums[drum]) > 1 for drum in hit):
            cells.append("d")
        else:
            # Of an open and a closed hi-hat at once the open one is heard.
            cells.append(_sign(drums[hit[-1]][0], dynamics) if hit else "-")
    return "".join(cells)


def _sign(onset: Onset, dynamics: Dynamics) -> str:
    drum = onset.drum
    if dynamics.is_ghost(onset):
        return "g"
    is_metal = drum.coarse in (Drum.HH, Drum.CY) or drum is Drum.SST
    sign = _SIGNS.get(drum, "x" if is_metal else "o")
    return sign.upper() if dynamics.is_accent(onset) else sign


def _wrapped(parts: Sequence[str], width: int = 76) -> list[str]:
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + 2 + len(part) > width:
            lines[-1] += ","
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{part}"
    return lines


TAB = Format(
    id="tab",
    description="drum tablature (text)",
    suffix=".tab.txt",
    write=write,
    needs=("beats",),
)
