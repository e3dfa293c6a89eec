"""Write the outlines of notation: run ``python notebook_ext/make_glyphs.py``.

A few dozen outlines of Bravura (SIL Open Font License, `bravura-OFL.txt`), as its
npm package ships it, become `src/engraving/glyphs.ts`. Needs fontTools, which fpdf2
brings.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fontTools.misc.transform import Scale
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
FONT = HERE / "node_modules" / "@vexflow-fonts" / "bravura"
FILE = HERE / "src" / "engraving" / "glyphs.ts"

_DIGITS = range(10)
NAMES = {
    "unpitchedPercussionClef1": 0xE069,
    **{f"timeSig{n}": 0xE080 + n for n in _DIGITS},
    "noteheadBlack": 0xE0A4,
    "noteheadXBlack": 0xE0A9,
    "noteheadCircleX": 0xE0B3,
    "noteheadDiamondBlack": 0xE0DB,
    "noteheadTriangleUpBlack": 0xE0BE,
    "noteheadParenthesisLeft": 0xE0F5,
    "noteheadParenthesisRight": 0xE0F6,
    "augmentationDot": 0xE1E7,
    "flag8thUp": 0xE240,
    "flag8thDown": 0xE241,
    "flag16thUp": 0xE242,
    "flag16thDown": 0xE243,
    "flag32ndUp": 0xE244,
    "flag32ndDown": 0xE245,
    "flag64thUp": 0xE246,
    "flag64thDown": 0xE247,
    "articAccentAbove": 0xE4A0,
    "restWhole": 0xE4E3,
    "restHalf": 0xE4E4,
    "restQuarter": 0xE4E5,
    "rest8th": 0xE4E6,
    "rest16th": 0xE4E7,
    "rest32nd": 0xE4E8,
    "rest64th": 0xE4E9,
    "repeat1Bar": 0xE500,
    **{f"tuplet{n}": 0xE880 + n for n in _DIGITS},
    "metNoteHalfUp": 0xECA3,
    "metNoteQuarterUp": 0xECA5,
    "metNote8thUp": 0xECA7,
    "metNote16thUp": 0xECA9,
}
"""Signs as SMuFL names them, and where it has them."""

_UNITS = 250  # of the font in a staff space
_STEMS = ("stemUpSE", "stemDownNW", "stemUpNW", "stemDownSW")

_HEAD = """\
/**
 * Made by `notebook_ext/make_glyphs.py`: outlines of Bravura VERSION, Copyright © 2019
 * Steinberg Media Technologies GmbH, under the SIL Open Font License 1.1, which stands
 * in `bravura-OFL.txt`.
 */

/** In hundredths of a staff space, y down. */
export interface Glyph {
  readonly path: string;
  /** Left, top, right, bottom. */
  readonly box: readonly [number, number, number, number];
  /** Point where a stem joins: on heads, and on flags. */
  readonly up?: readonly [number, number];
  readonly down?: readonly [number, number];
}

"""


def glyphs() -> str:
    """Text of the file."""
    metadata = json.loads((FONT / "metadata.json").read_text(encoding="utf-8"))
    font = TTFont(FONT / "bravura.otf")
    lines = [_HEAD.replace("VERSION", str(metadata["fontVersion"]))]
    lines.append("export const GLYPHS = {\n")
    for name, code in NAMES.items():
        glyph = {"path": _outline(font, code), **_places(metadata, name)}
        lines.append(f"  {name}: {json.dumps(glyph, separators=(',', ':'))},\n")
    lines.append("} satisfies Readonly<Record<string, Glyph>>;\n\n")
    lines.append("export type GlyphName = keyof typeof GLYPHS;\n")
    return "".join(lines)


def _outline(font: Any, code: int) -> str:
    """Outline as an SVG path, upside down as SVG is."""
    shapes = font.getGlyphSet()
    pen = SVGPathPen(shapes, ntos=lambda value: str(round(value)))
    scale = 100 / _UNITS
    turned = TransformPen(pen, Scale(scale, -scale))
    shapes[font.getBestCmap()[code]].draw(turned)
    return str(pen.getCommands())


def _places(metadata: Any, name: str) -> dict[str, list[int]]:
    box = metadata["glyphBBoxes"][name]
    (right, top), (left, bottom) = box["bBoxNE"], box["bBoxSW"]
    found = {"box": _hundredths(left, -top, right, -bottom)}
    for anchor, (x, y) in metadata["glyphsWithAnchors"].get(name, {}).items():
        if anchor in _STEMS:
            found["up" if "Up" in anchor else "down"] = _hundredths(x, -y)
    return found


def _hundredths(*values: float) -> list[int]:
    return [round(100 * value) for value in values]


if __name__ == "__main__":
    FILE.write_text(glyphs(), encoding="utf-8", newline="\n")
