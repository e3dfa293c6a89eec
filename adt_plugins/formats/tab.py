"""Drum tablature as text: a row per drum, four bars per line, like ADTLib's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adt_plugins.drums import Drum
from adt_plugins.formats.format import Write
from adt_plugins.formats.notation.bars import Bar, GridBeat, Stroke, usual_length
from adt_plugins.formats.notation.divisions import Feel
from adt_plugins.formats.notation.lines import BARS_A_LINE
from adt_plugins.formats.notation.part import Part
from adt_plugins.formats.part_files import part_writer
from adt_plugins.formats.song_names import SongNames

MOST_COLUMNS = 110
"""Most columns of a line with four bars; wider ones are put two on a line."""

# From top to bottom, as on a staff. Kinds with signs of their own share a row.
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
_SIGNS = {Drum.OHH: "o", Drum.RDB: "b"}
_COUNTS = {1: "", 2: "&", 3: "tl", 4: "e&a"}
_SWINGS = {Feel.EIGHTHS: "swing", Feel.SIXTEENTHS: "swung sixteenths"}
_GRACES = {1: "f", 2: "d"}


def tab_lines(part: Part, names: SongNames) -> list[str]:
    """Return the lines of the tab.

    A line of bars is a block of text between blank lines: the count, then the rows.
    """
    drums = {drum for drum, _ in part.strokes()} or {Drum.KD}
    rows = [row for row, kinds in _ROWS.items() if drums & set(kinds)]
    lines = [
        ", ".join(filter(None, (names.title, names.artist))),
        _heading(part),
        "",
        *_wrapped(_legend(part, rows)),
    ]
    cells = _Cells(part.bars)
    widest = max(map(cells.width, part.bars))
    bars_a_line = BARS_A_LINE if BARS_A_LINE * widest <= MOST_COLUMNS else 2
    heads = _heads(part)
    for line in _lines_of(part.bars, bars_a_line):
        lines += ["", *_block(line, rows, cells, heads)]
    return lines


def _heading(part: Part) -> str:
    """Return the first tempo, the meter of most bars, and swing."""
    bars = part.bars
    length = usual_length(bars)
    meter = max(bars, key=lambda bar: (bar.number > 0, bar.count == length)).meter
    upper, lower = meter.signature(length)
    # The beats of 7/8 are counted in eighths, but its tempo is that of quarters.
    unit = "beats" if bars[0].meter.quarters >= 1 else "quarters"
    heading = f"{part.tempi[0].beats} {unit} a minute, {upper}/{lower}"
    feels = [bar.feel for bar in bars if bar.number > 0] or [bars[0].feel]
    swing = _SWINGS.get(max(Feel, key=feels.count))
    return heading + (f", {swing}" if swing else "")


def _legend(part: Part, rows: Sequence[str]) -> list[str]:
    """Return the meaning of rows and signs."""
    names = part.drums() or {Drum.KD: Drum.KD.full_name}
    legend = []
    for row in rows:
        drawn = [drum for drum in _ROWS[row] if drum in names]
        if row == "HH":
            signs = [] if Drum.HH in drawn else ["x closed"] * (Drum.CHH in drawn)
            signs += ["o open"] * (Drum.OHH in drawn)
            name = "hi-hat"
        elif row == "RD":
            signs = ["b bell"] * (Drum.RDB in drawn)
            name = names[drawn[0]].lower().removesuffix(" bell")
        else:
            signs = []
            name = names[drawn[-1]].lower()
        legend.append(f"{row} {name}" + (f" ({', '.join(signs)})" if signs else ""))
    strokes = [stroke for _, stroke in part.strokes()]
    graces = {stroke.graces for stroke in strokes}
    legend += ["f flam"] * (1 in graces) + ["d drag"] * (2 in graces)
    legend += ["g ghost note"] * any(stroke.is_ghost for stroke in strokes)
    legend += ["X, O accents"] * any(stroke.is_accent for stroke in strokes)
    return legend


def _content(part: Part, names: SongNames) -> bytes:
    return ("\n".join(tab_lines(part, names)) + "\n").encode()


def _lines_of(bars: Sequence[Bar], count: int) -> Iterator[Sequence[Bar]]:
    """Yield the bars of each line, at most `count`; a pickup bar is extra."""
    before = [bar for bar in bars if bar.number < 0]
    rest = bars[len(before) :]
    for start in range(0, len(before), count):
        yield before[start : start + count]
    start = 0
    while start < len(rest):
        end = start + count + (rest[start].number == 0)
        yield rest[start:end]
        start = end


class _Cells:
    """Widths of beats: all the same, so that bar lines are aligned."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self._widths = {
            quarters: max(
                _least(beat)
                for bar in bars
                for beat in bar.beats
                if beat.quarters == quarters
            )
            for quarters in {beat.quarters for bar in bars for beat in bar.beats}
        }

    def width(self, bar: Bar) -> int:
        """Return the columns of a bar."""
        return sum(self._widths[beat.quarters] for beat in bar.beats)

    def spread(self, beat: GridBeat, signs: Sequence[str], gap: str) -> str:
        """Spread the signs of a beat's steps over its width."""
        width = self._widths[beat.quarters]
        each = width // len(signs)
        text = "".join(sign + gap * (each - 1) for sign in signs)
        return text + " " * (width - len(text))


def _least(beat: GridBeat) -> int:
    """Return the columns that a beat needs: for sixteenths, or for finer steps."""
    default = 3 if beat.division.is_ternary or beat.quarters.numerator == 3 else 4
    steps = max(int(4 * beat.quarters), 1) if default == 4 else 3
    return max(steps, beat.division.steps)


def _block(
    bars: Sequence[Bar], rows: Sequence[str], cells: _Cells, heads: Mapping[int, str]
) -> list[str]:
    width = max(map(len, rows))
    counts = ["".join(_counted(beat, cells) for beat in bar.beats) for bar in bars]
    # The number of a bar is above its first beat, if that before is short enough.
    numbers, place = "", 0
    for bar, count in zip(bars, counts, strict=True):
        if head := heads[bar.number]:
            numbers = f"{numbers} ".ljust(place) if place else ""
            numbers += head
        place += len(count) + 1
    margin = " " * (width + 2)
    block = [(margin + numbers).rstrip(), (margin + " ".join(counts)).rstrip()]
    for row in rows:
        shown = ("".join(_row(beat, row, cells) for beat in bar.beats) for bar in bars)
        block.append(f"{row:{width}} |{'|'.join(shown)}|")
    return block


def _heads(part: Part) -> dict[int, str]:
    """Return the numbers of bars, with what changes there: ``9 (3/4, 124 BPM)``."""
    heads = {}
    for n, bar in enumerate(part.bars):
        notes = []
        before = part.bars[n - 1] if n else bar
        if before.number > 0 and before.signature != bar.signature:
            notes.append("/".join(map(str, bar.signature)))
        if before.number > 0 and before.feel is not bar.feel:
            notes.append(_SWINGS.get(bar.feel, "straight"))
        if n and (mark := part.tempi.get(n)):
            notes.append(f"{mark.beats} BPM" if mark.text is None else mark.text)
        parts = [str(bar.number)] * (bar.number > 0)
        if changes := ", ".join(filter(None, notes)):
            parts.append(f"({changes})")
        heads[bar.number] = " ".join(parts)
    return heads


def _counted(beat: GridBeat, cells: _Cells) -> str:
    """Return how the steps of a beat are counted: ``1e&a``."""
    steps = beat.division.steps
    base = 3 if beat.division.is_ternary or beat.quarters.numerator == 3 else 4
    if beat.quarters < 1:
        base = 1
    if steps % base:
        base = steps if steps in _COUNTS else 1
        if base in (1, 2) and beat.quarters == 1:
            base = 4
    first = str(beat.position)[-1] if beat.is_counted else "+"
    return cells.spread(beat, [first, *_COUNTS[base]], ".")


def _row(beat: GridBeat, row: str, cells: _Cells) -> str:
    signs = []
    for step in range(beat.division.steps):
        struck = beat.strokes.get(step, {})
        hit = [drum for drum in _ROWS[row] if drum in struck]
        signs.append(_sign(hit[-1], struck[hit[-1]]) if hit else "-")
    return cells.spread(beat, signs, "-")


def _sign(drum: Drum, stroke: Stroke) -> str:
    if stroke.graces:
        return _GRACES[stroke.graces]
    if stroke.is_ghost:
        return "g"
    is_metal = drum.coarse in (Drum.HH, Drum.CY) or drum is Drum.SST
    sign = _SIGNS.get(drum, "x" if is_metal else "o")
    return sign.upper() if stroke.is_accent else sign


def _wrapped(parts: Sequence[str], width: int = 76) -> list[str]:
    lines = [""]
    for part in parts:
        if lines[-1] and len(lines[-1]) + 2 + len(part) > width:
            lines[-1] += ","
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{part}"
    return lines


write: Write = part_writer(_content)
