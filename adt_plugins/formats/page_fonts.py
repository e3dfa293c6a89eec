"""Fonts for titles: PDF's own, or a system font for other scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF

_NAMES = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf"),
    *("arial.ttf", "Arial Unicode.ttf", "Arial.ttf"),
    *("NotoSansCJK-Regular.ttc", "msyh.ttc", "msgothic.ttc", "malgun.ttf"),
    *("DroidSansFallbackFull.ttf", "wqy-microhei.ttc", "fonts-japanese-gothic.ttf"),
)


@dataclass(frozen=True)
class Font:
    """A font of a PDF: its name there, and whether it is a Unicode font."""

    family: str = "Times"
    is_unicode: bool = False

    @property
    def bold(self) -> str:
        """Style of bold letters; system fonts have none."""
        return "" if self.is_unicode else "B"

    def shown(self, text: str) -> str:
        """Return text with a question mark for each letter that the font lacks."""
        if self.is_unicode:
            return text
        return text.encode("cp1252", "replace").decode("cp1252")


def add_font(pdf: FPDF, text: str) -> Font:
    """Return a font that has the letters of a text; add it to the PDF if necessary."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        for path in _system_fonts():
            font = _added(pdf, path, text)
            if font is not None:
                return font
    return Font()


def _added(pdf: FPDF, path: Path, text: str) -> Font | None:
    """Add a font if it has all letters of a text."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, fontNumber=0, lazy=True) as font:
            letters = font.getBestCmap() or {}
    except (OSError, TTLibError):
        return None
    if any(ord(sign) not in letters for sign in text if not sign.isspace()):
        return None
    family = path.stem.casefold()
    if family not in pdf.fonts:
        pdf.add_font(family, "", path)
    return Font(family, True)


def _system_fonts() -> Iterator[Path]:
    """Yield paths of fonts with many letters, where systems keep them."""
    home = Path.home()
    folders = [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".fonts",
    ]
    if sys.platform == "win32":
        folders = [Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "Fonts"]
    elif sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts")]
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.tt[fc]")):
            files.setdefault(path.name, path)
    for name in _NAMES:
        if name in files:
            yield files[name]
