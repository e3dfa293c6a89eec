"""Engraves notation with Verovio, and draws the result into a PDF with fpdf2.

Verovio's output is simple SVG: outlines of a music font's glyphs, lines, polygons and a
little text. Each line of music ("system") is drawn where there is room for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from adt_plugins.errors import MissingDependencyError

if TYPE_CHECKING:
    from fpdf import FPDF

MM_A_UNIT = 0.0086
"""Scale of Verovio's drawings: the staff is 6.2 mm high."""

_UNITS = 10  # of a drawing, in one of Verovio's options
_HIGHEST = 60_000
_GLYPH_UNITS = 600  # room for a glyph above and below its origin
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMMAND = re.compile(r"([MmLlHhVvCcSsZz])([^A-Za-z]*)")
_ARGUMENTS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "z": 0}
_TRANSLATE = re.compile(r"translate\((-?[\d.]+), ?(-?[\d.]+)\)")
_SCALE = re.compile(r"scale\((-?[\d.]+)")
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_STYLES = {"tempo": "B", "reh": "B", "dir": "BI"}
# Notes in tempo marks, which are letters of the music font: stem, flag, hollow.
_NOTES = {"\ueca3": (True, False, True), "\ueca5": (True, False, False)}
_NOTES |= {"\ueca7": (True, True, False), "\ueca2": (False, False, True)}
_NOTES |= {"\ueca9": (True, True, False)}
# Verovio leaves out bar numbers at rehearsal marks, so we draw our own.
_UNSEEN = frozenset({"placeholder", "mNum"})
_DOT = "\uecb7"


@dataclass(frozen=True)
class System:
    """A line of music: its drawing, outlines of glyphs, and extent in mm.

    `staff` is the position of the top line of the staff.
    """

    element: ET.Element
    glyphs: dict[str, str]
    top: float
    bottom: float
    staff: float

    @property
    def height(self) -> float:
        """Height in mm."""
        return self.bottom - self.top


def engrave(score: str, width_mm: float) -> list[System]:
    """Engrave a score of one part.

    Parameters
    ----------
    score
        MusicXML, with its line breaks.
    width_mm
        Width of the lines.

    Raises
    ------
    MissingDependencyError
        If Verovio is not installed.
    """
    try:
        import verovio
    except ImportError as error:
        raise MissingDependencyError.of("engraved PDF", "verovio", "pdf") from error

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    margins = {f"pageMargin{side}": 0 for side in ("Left", "Right", "Top", "Bottom")}
    toolkit.setOptions(
        {
            **margins,
            "breaks": "encoded",
            "pageWidth": round(width_mm / MM_A_UNIT / _UNITS),
            "pageHeight": _HIGHEST,
            "font": "Bravura",
            "header": "none",
            "footer": "none",
            "minLastJustification": 0.9,
            "lyricWordSpace": 3,  # names in the key
            "xmlIdSeed": 1,  # the same page for the same song
        }
    )
    toolkit.loadData(score)
    return [
        system
        for number in range(1, toolkit.getPageCount() + 1)
        for system in _systems(ET.fromstring(toolkit.renderToSVG(number)))
    ]


def _systems(svg: ET.Element) -> Iterator[System]:
    glyphs = {
        group.get("id", ""): group[0].get("d", "")
        for defs in svg.iter(f"{_SVG}defs")
        for group in defs
        if len(group)
    }
    for group in svg.iter(f"{_SVG}g"):
        if group.get("class", "").split()[:1] == ["system"]:
            heights = list(_heights(group))
            if heights:
                lines = [
                    height
                    for line in group.findall(f".//*[@class='staff']/{_SVG}path")
                    for height in _heights(line)
                ]
                extent = (min(heights), max(heights), min(lines, default=0.0))
                yield System(group, glyphs, *(MM_A_UNIT * y for y in extent))


def _heights(element: ET.Element) -> Iterator[float]:
    """Yield vertical positions that a drawing occupies, from the top."""
    if _UNSEEN.intersection(element.get("class", "").split()):
        return
    for child in element:
        yield from _heights(child)
    kind = element.tag.removeprefix(_SVG)
    if kind == "path":
        yield from map(float, _NUMBER.findall(element.get("d", ""))[1::2])
    elif kind == "polygon":
        yield from map(float, _NUMBER.findall(element.get("points", ""))[1::2])
    elif kind == "rect":
        y = float(element.get("y", 0))
        yield from (y, y + float(element.get("height", 0)))
    elif kind == "text" and element.get("y"):
        y = float(element.get("y", 0))
        yield from (y - 400, y + 100)
    elif kind == "use" and (
        translation := _TRANSLATE.search(element.get("transform", ""))
    ):
        y = float(translation[2])
        yield from (y - _GLYPH_UNITS / 2, y + _GLYPH_UNITS / 2)


def draw(pdf: FPDF, system: System, x_mm: float, y_mm: float) -> None:
    """Draw a line of music with its upper left corner at a place of the page."""
    _Pen(pdf, system, x_mm, y_mm - system.top).draw(system.element, "")


@cache
def outline_operators(data: str) -> str:
    """Return PDF operators that draw the outline of a glyph, given as an SVG path.

    >>> outline_operators("M200 250h125v-500l1 2c1 2 3 4 5 6z")
    '200 250 m 325 250 l 325 -250 l 326 -248 l 327 -246 329 -244 331 -242 c h'
    """
    operators: list[str] = []
    x = y = 0.0
    start = (x, y)
    before = (x, y)  # the second control point of a curve
    for command, rest in _COMMAND.findall(data):
        numbers = list(map(float, _NUMBER.findall(rest)))
        count = _ARGUMENTS[command.lower()]
        if not count:
            operators.append("h")
            x, y = start
            continue
        for n in range(0, len(numbers), count):
            part = numbers[n : n + count]
            letter = command.lower()
            base = (x, y) if command.islower() else (0.0, 0.0)
            if letter == "h":
                part = [part[0], y - base[1]]
            elif letter == "v":
                part = [x - base[0], part[0]]
            corners = [
                (base[0] + a, base[1] + b)
                for a, b in zip(part[::2], part[1::2], strict=True)
            ]
            if letter == "s":  # whose first control point mirrors the last one
                corners.insert(0, (2 * x - before[0], 2 * y - before[1]))
            x, y = corners[-1]
            before = corners[-2] if letter in "cs" else (x, y)
            sign = "c" if letter in "cs" else "m" if letter == "m" and not n else "l"
            if sign == "m":
                start = (x, y)
            operators += [f"{a:g} {b:g}" for a, b in corners]
            operators.append(sign)
    return " ".join(operators)


class _Pen:
    """Draws the elements of a system, in the page's millimetres."""

    def __init__(self, pdf: FPDF, system: System, x: float, y: float) -> None:
        self._pdf, self._glyphs = pdf, system.glyphs
        self._x, self._y = x, y
        self._draws: dict[str, Callable[[ET.Element, str], None]] = {
            "path": self._path,
            "polygon": self._polygon,
            "rect": self._rect,
            "ellipse": self._ellipse,
            "use": self._use,
            "text": self._text,
        }

    def draw(self, element: ET.Element, style: str) -> None:
        """Draw an element and what is in it."""
        names = element.get("class", "").split()
        if _UNSEEN.intersection(names):
            return
        for name in names:
            style = _STYLES.get(name, style)
        draw = self._draws.get(element.tag.removeprefix(_SVG))
        if draw is not None:
            draw(element, style)
            return
        for child in element:
            self.draw(child, style)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self._x + MM_A_UNIT * x, self._y + MM_A_UNIT * y

    def _path(self, element: ET.Element, _: str) -> None:
        """Draw straight lines, the only paths that Verovio draws in a drum part."""
        numbers = list(map(float, _NUMBER.findall(element.get("d", ""))))
        self._pdf.set_draw_color(0)
        self._pdf.set_line_width(MM_A_UNIT * float(element.get("stroke-width", 1)))
        corners = list(zip(numbers[::2], numbers[1::2], strict=False))
        for start, end in pairwise(corners):
            self._pdf.line(*self._at(*start), *self._at(*end))

    def _use(self, element: ET.Element, _: str) -> None:
        transform = element.get("transform", "")
        place, scale = _TRANSLATE.search(transform), _SCALE.search(transform)
        outline = self._glyphs.get(element.get(_HREF, "")[1:], "")
        if place is None or not outline:
            return
        points = self._pdf.k
        size = points * MM_A_UNIT * (float(scale[1]) if scale else 1.0)
        x, y = self._at(float(place[1]), float(place[2]))
        x, y = points * x, points * (self._pdf.h - y)
        # fpdf2's own path functions are a hundred times slower.
        self._pdf._out(f"q 0 g {size:.5f} 0 0 {size:.5f} {x:.2f} {y:.2f} cm")
        self._pdf._out(f"{outline_operators(outline)} f Q")

    def _polygon(self, element: ET.Element, _: str) -> None:
        numbers = list(map(float, _NUMBER.findall(element.get("points", ""))))
        corners = [
            self._at(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)
        ]
        self._pdf.set_fill_color(0)
        self._pdf.polygon(corners, style="F")

    def _rect(self, element: ET.Element, _: str) -> None:
        x, y = self._at(float(element.get("x", 0)), float(element.get("y", 0)))
        width, height = (
            MM_A_UNIT * float(element.get(name, 0)) for name in ("width", "height")
        )
        is_frame = element.get("fill-opacity") == "0"
        self._pdf.set_fill_color(0)
        self._pdf.set_draw_color(0)
        self._pdf.set_line_width(MM_A_UNIT * float(element.get("stroke-width", 10)))
        self._pdf.rect(x, y, width, height, style="D" if is_frame else "F")

    def _ellipse(self, element: ET.Element, _: str) -> None:
        cx, cy, rx, ry = (float(element.get(k, 0)) for k in ("cx", "cy", "rx", "ry"))
        x, y = self._at(cx - rx, cy - ry)
        self._pdf.set_fill_color(0)
        self._pdf.ellipse(x, y, 2 * MM_A_UNIT * rx, 2 * MM_A_UNIT * ry, style="F")

    def _text(self, element: ET.Element, style: str) -> None:
        runs = [
            # Between a note and its dot is a space, as wide as a note would be.
            (
                run.text.replace(f" {_DOT}", _DOT),
                float(run.get("font-size", "0px")[:-2]),
                run.get("font-family"),
            )
            for run in element.iter(f"{_SVG}tspan")
            if run.text and run.text.strip()
        ]
        x, y = self._at(float(element.get("x", 0)), float(element.get("y", 0)))
        widths = []
        for n, (text, size, music) in enumerate(runs):
            self._font(style, size)
            if music:
                widths.append(0.4 * MM_A_UNIT * size * len(text))
                continue
            is_before_tempo = bool(runs[n + 1 :]) and runs[n + 1][2] is not None
            widths.append(self._pdf.get_string_width(text + "  " * is_before_tempo))
        shares = {"middle": 0.5, "end": 1.0}
        x -= shares.get(element.get("text-anchor", ""), 0.0) * sum(widths)
        for (text, size, music), width in zip(runs, widths, strict=True):
            self._font(style, size)
            if music:
                self._notes(text, x, y, MM_A_UNIT * size)
            else:
                self._pdf.text(x, y, text)
            x += width

    def _font(self, style: str, units: float) -> None:
        self._pdf.set_font("Times", style, MM_A_UNIT * units * 72 / 25.4)

    def _notes(self, text: str, x: float, y: float, em: float) -> None:
        """Draw the notes of a tempo mark."""
        radius, pdf = 0.11 * em, self._pdf
        for sign in text:
            if sign == _DOT:
                pdf.ellipse(x, y - 0.6 * radius, 0.6 * radius, 0.6 * radius, "F")
            elif sign in _NOTES:
                stem, flag, hollow = _NOTES[sign]
                pdf.set_line_width(0.025 * em)
                style = "D" if hollow else "F"
                with pdf.rotation(20, x + 1.3 * radius, y - radius):
                    pdf.ellipse(x, y - 1.9 * radius, 2.6 * radius, 1.8 * radius, style)
                right, top = x + 2.5 * radius, y - 0.62 * em
                if stem:
                    pdf.line(right, y - 1.3 * radius, right, top)
                if flag:
                    pdf.set_line_width(0.05 * em)
                    pdf.line(right, top, right + 0.13 * em, top + 0.24 * em)
            x += 0.4 * em
