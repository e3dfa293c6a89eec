"""Programmed grooves, written as text.

A line has one character a step: ``X`` accent, ``x`` normal, ``o`` soft,
``g`` ghost note, ``.`` nothing. Sixteen steps make a bar of 4/4,
twelve a bar of triplets (4/4), of 6/8 or of 3/4, as ``meter`` and ``beats`` say.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """A groove of one bar: lines by drum, tempo range in beats per minute."""

    name: str
    lines: dict[str, str]
    tempo: tuple[int, int]
    meter: str = "4/4"
    beats: int = 4
    quarters: float = 4.0


def _s(name: str, tempo: tuple[int, int], **lines: str) -> Style:
    return Style(name, lines, tempo)


def _t(name: str, tempo: tuple[int, int], **lines: str) -> Style:
    """Return a groove of triplets: twelve steps."""
    return Style(name, lines, tempo)


STYLES: tuple[Style, ...] = (
    _s(
        "rock",
        (90, 150),
        KD="X.......X.x.....",
        SD="....X.......X...",
        CHH="x.o.x.o.x.o.x.o.",
    ),
    _s(
        "rock2",
        (80, 140),
        KD="X..x..x...x.....",
        SD="....X..g.g..X..g",
        CHH="X.o.X.o.X.o.X.o.",
    ),
    _s(
        "rock3",
        (90, 170),
        KD="X.....x.X.......",
        SD="....X.......X...",
        RDC="x.x.x.x.x.x.x.x.",
    ),
    _s(
        "open",
        (80, 150),
        KD="X.....x.x.......",
        SD="....X.......X..g",
        OHH="X.o.X.o.X.o.X.o.",
    ),
    _s(
        "wash",
        (90, 190),
        KD="X.....x.X.x.....",
        SD="....X.......X...",
        CRC="X...X...X...X...",
    ),
    _s(
        "crashride",
        (140, 200),
        KD="X.....x.X.x...x.",
        SD="....X.......X...",
        CRC="X...x...X...x...",
    ),
    _s(
        "crasheighths",
        (90, 160),
        KD="X..x....X.x.....",
        SD="....X.......X..g",
        CRC="X.o.x.o.X.o.x.o.",
    ),
    _s(
        "loose",
        (110, 200),
        KD="X.....x.X.x.....",
        SD="....X.......X...",
        OHH="X...x...X...x...",
    ),
    _s(
        "looseeighths",
        (90, 180),
        KD="X.....x.x...x...",
        SD="....X.......X...",
        OHH="X.x.X.x.X.x.X.x.",
    ),
    _s(
        "half",
        (110, 180),
        KD="X.....x...x.....",
        SD="........X.......",
        CHC="X...x...X...x...",
    ),
    _s(
        "metal",
        (100, 180),
        KD="XxxxXxxxXxxxXxxx",
        SD="....X.......X...",
        RDC="X...X...X...X...",
    ),
    _s(
        "gallop",
        (110, 190),
        KD="X.xxX.xxX.xxX.xx",
        SD="....X.......X...",
        CHC="X...X...X...X...",
    ),
    _s(
        "bellmetal",
        (90, 150),
        KD="xx.xx.xx.xx.xx..",
        SD="........X.......",
        RDB="X...X...X...X...",
    ),
    _s(
        "blast",
        (160, 230),
        KD="x.x.x.x.x.x.x.x.",
        SD=".x.x.x.x.x.x.x.x",
        RDC="x.x.x.x.x.x.x.x.",
    ),
    _s(
        "blast2",
        (120, 200),
        KD="xxxxxxxxxxxxxxxx",
        SD="x.x.x.x.x.x.x.x.",
        CHC="X...X...X...X...",
    ),
    _s(
        "punk",
        (160, 220),
        KD="X...x.x.X...x.x.",
        SD="..X...X...X...X.",
        CHH="X.x.X.x.X.x.X.x.",
    ),
    _s(
        "dbeat",
        (150, 200),
        KD="X..x..x.X..x..x.",
        SD="....X.......X...",
        CRC="X...x...X...x...",
    ),
    _s(
        "funk",
        (85, 118),
        KD="X.x....x..x..x..",
        SD="....X..g.g.gX..g",
        CHH="XoxoXoxoXoxoXoxo",
    ),
    _s(
        "funk2",
        (90, 115),
        KD="X..x..x...xx....",
        SD=".g..X.g.g..gX.g.",
        CHH="x.x.x.x.x.x.x...",
        OHH="..............x.",
    ),
    _s(
        "disco",
        (110, 130),
        KD="X...X...X...X...",
        SD="....X.......X...",
        OHH="..x...x...x...x.",
        CHH="x.......x.......",
    ),
    _s(
        "house",
        (118, 128),
        KD="X...X...X...X...",
        OT="....X.......X...",
        OHH="..x...x...x...x.",
        CHH="o.o.o.o.o.o.o.o.",
    ),
    _s(
        "dnb",
        (160, 178),
        KD="X.........X.....",
        SD="....X..g.g..X...",
        CHH="x.x.x.x.x.x.x.x.",
    ),
    _s(
        "hiphop",
        (75, 100),
        KD="X......x..x.....",
        SD="....X.......X...",
        CHH="x.x.x.xxx.x.x.x.",
    ),
    _s(
        "trap",
        (65, 80),
        KD="X.....x...x..x..",
        SD="........X.......",
        CHH="xxxoxxxoxxxxxoxo",
    ),
    _s(
        "reggae",
        (70, 95),
        KD="........X.......",
        SST="........X.......",
        CHH="x.o.x.o.x.o.x.xo",
    ),
    _s(
        "steppers",
        (110, 140),
        KD="X...X...X...X...",
        SST="........X.....g.",
        CHH="..x...x...x...x.",
    ),
    _s(
        "country",
        (90, 130),
        KD="X...x...X...x...",
        SST="....x.......x...",
        CHH="x.x.x.x.x.x.x.x.",
    ),
    _s(
        "country2",
        (90, 125),
        KD="X.....x.X.......",
        SST="....X.......X...",
        CHH="x.o.x.o.x.o.x.o.",
    ),
    _s(
        "ballad",
        (55, 80),
        KD="X.....x.X.......",
        SST="....x.......x...",
        CHH="o.o.o.o.o.o.o.o.",
    ),
    _s(
        "train",
        (100, 130),
        KD="X...X...X...X...",
        SD="goXggoXggoXggoXg",
        PHH="....x.......x...",
    ),
    _s(
        "bossa",
        (60, 85),
        KD="X..xX..xX..xX..x",
        SST="x..x..x...x..x..",
        CHH="oooooooooooooooo",
    ),
    _s(
        "samba",
        (90, 120),
        KD="X..xX..xX..xX..x",
        SD="gogXgogXgoXggoXg",
        RDC="x.x.x.x.x.x.x.x.",
    ),
    _s(
        "tribal",
        (90, 130),
        KD="X...X...X...X...",
        LFT="x..x..x.x..x..x.",
        HFT="..x...x...x...x.",
        HIT=".......x.......x",
        SD="....X.......X...",
    ),
    _s(
        "toms",
        (90, 150),
        KD="X.......X.......",
        LFT="x.x.x.x.x.x.x.x.",
        MHT="............x.x.",
        SD="....X.......X...",
    ),
    _s(
        "motown",
        (100, 135),
        KD="X..x....X..x....",
        SD="x...x...x...x...",
        CHH="x.x.x.x.x.x.x.x.",
    ),
    _s(
        "latin",
        (90, 115),
        KD="X..x..x.X..x..x.",
        RDB="X.x.xx.xX.x.xx.x",
        SST="...x..x....x..x.",
        HIT="......x.......xx",
    ),
    _s("sparse", (60, 120), KD="X...............", SST="............o..."),
    _s("hatsonly", (60, 130), CHH="x.o.x.o.x.o.x.o."),
    _s("ridefoot", (70, 140), RDC="x...x..xx...x..x", PHH="....x.......x..."),
    _t("shuffle", (80, 140), KD="X....xX.....", SD="...X.....X..", CHH="x.ox.ox.ox.o"),
    _t("shuffle2", (70, 110), KD="X....x..x...", SD=".g.Xg..g.Xg.", CHH="X.ox.oX.ox.o"),
    _t(
        "swing",
        (100, 220),
        KD="o.....o.....",
        RDC="x..x.ox..x.o",
        PHH="...x.....x..",
        SD="........g..g",
    ),
    _t(
        "swing2",
        (110, 200),
        RDC="x..X.ox..X.o",
        PHH="...x.....x..",
        SD=".....g..o...",
        KD="o..o..o..o..",
    ),
    _t("brushes", (70, 160), SD="o.go.go.go.g", PHH="...x.....x..", KD="o.....o....."),
    _t("slow12", (50, 75), KD="X....xX.....", SD="...X.....X..", CHH="xooxooxooxoo"),
    Style(
        "waltz",
        {"KD": "X...........", "SD": "....x...x...", "RDC": "x...x..xx..."},
        (80, 180),
        "3/4",
        3,
        3.0,
    ),
    Style(
        "waltzrock",
        {"KD": "X.....x.....", "SD": "....X...X...", "CHH": "x.x.x.x.x.x."},
        (80, 150),
        "3/4",
        3,
        3.0,
    ),
    Style(
        "sixeight",
        {"KD": "X.....x.x...", "SD": "......X.....", "CHH": "x.x.x.x.x.x."},
        (50, 80),
        "6/8",
        2,
        3.0,
    ),
    Style(
        "sixride",
        {"KD": "X.........x.", "SD": "......X..g..", "RDC": "X.x.x.X.x.x."},
        (45, 75),
        "6/8",
        2,
        3.0,
    ),
)
