"""The pieces of `electronic.py`: grooves of eight styles, and the machines they use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """A style: its machine, tempo, swing, and rows of sixteenths of one bar.

    A digit is a velocity from 1 to 9, ``r`` two hits within a sixteenth.
    """

    machine: str
    bpm: float
    swing: float
    bars: tuple[dict[str, str], ...]
    synth: str


PIECES = {
    "house": Piece(
        "909",
        124,
        0.0,
        (
            {
                "KD": "9...9...9...9...",
                "SD": "....8.......8...",
                "OHH": "..8...8...8...8.",
            },
            {
                "KD": "9...9...9...9...",
                "SD": "....8.......8..5",
                "OHH": "..8...8...8...8.",
                "CHH": "5..45..45..45..4",
            },
        ),
        "stabs",
    ),
    "techno": Piece(
        "909",
        132,
        0.0,
        (
            {"KD": "9...9...9...9...", "CHH": "6565656565656565"},
            {
                "KD": "9...9...9...9...",
                "OHH": "..8...8...8...8.",
                "SD": "....7.......7...",
                "LFT": "......5..5......",
            },
        ),
        "acid",
    ),
    "hip-hop": Piece(
        "lm2",
        90,
        0.3,
        (
            {
                "KD": "9.....7..8......",
                "SD": "....9.......9...",
                "CHH": "8.6.8.6.8.6.8.6.",
            },
            {
                "KD": "9..5..7..8....6.",
                "SD": "....9.......9..3",
                "CHH": "8.6.8.658.6.8.6.",
            },
        ),
        "keys",
    ),
    "drum and bass": Piece(
        "mrk2",
        174,
        0.0,
        (
            {
                "KD": "9.........8.....",
                "SD": "....9..3.3..9...",
                "CHH": "7.6.7.6.7.6.7.6.",
            },
            {
                "KD": "9.......5.8.....",
                "SD": "....9..3.3..9..4",
                "CHH": "7.6.7.6.7.6.7...",
                "OHH": "..............8.",
            },
        ),
        "reese",
    ),
    "trap": Piece(
        "808",
        140,
        0.0,
        (
            {
                "KD": "9......7..8.....",
                "SD": "........9.......",
                "CHH": "7.7.7.7r7.7.7r7.",
            },
            {
                "KD": "9.....8....7..7.",
                "SD": "........9.......",
                "CHH": "7.7r7.777.7.r.7.",
                "OHH": "............6...",
            },
        ),
        "pad",
    ),
    "electro": Piece(
        "tr505",
        118,
        0.0,
        (
            {
                "KD": "9.....8...9.....",
                "SD": "....9.......9...",
                "CHH": "7.577.577.577.57",
            },
            {
                "KD": "9..8..8...9..8..",
                "SD": "....9.......9.55",
                "CHH": "7.577.577.577.57",
                "HIT": "..............8.",
                "LFT": "...............8",
            },
        ),
        "acid",
    ),
    "synth-pop": Piece(
        "lm2",
        108,
        0.0,
        (
            {
                "KD": "9.......9.......",
                "SD": "....9.......9...",
                "CHH": "8.7.8.7.8.7.8.7.",
            },
            {
                "KD": "9.......9.8.....",
                "SD": "....9.......9...",
                "CHH": "8.7.8.7.8.......",
                "HIT": "..........88....",
                "MHT": "............88..",
                "LFT": "..............88",
            },
        ),
        "stabs",
    ),
    "minimal": Piece(
        "cr78",
        120,
        0.15,
        (
            {
                "KD": "9...9...9...9...",
                "SD": "............6...",
                "CHH": "..7...7...7...7.",
            },
            {
                "KD": "9...9...9.7.9...",
                "SD": "....6.......6.6.",
                "CHH": "..7.4.7...7.4.7.",
            },
        ),
        "keys",
    ),
}
CRASH_EVERY = 8

# Instruments of the sampled machines by drum.
SAMPLED = {
    "lm2": {
        "KD": "kick",
        "SD": "snare_m",
        "CHH": "hihat_closed",
        "OHH": "hihat_open",
        "HIT": "tom_h",
        "MHT": "tom_m",
        "LFT": "tom_l",
        "CRC": "crash",
    },
    "mrk2": {
        "KD": "kick",
        "SD": "snare",
        "CHH": "hihat_closed",
        "OHH": "hihat_open",
        "LFT": "tom",
        "CRC": "cymball_long",
    },
    "cr78": {
        "KD": "kick_accent",
        "SD": "snare_accent",
        "CHH": "hihat",
        "CRC": "cymbal",
    },
    "tr505": {
        "KD": "tr505_kick",
        "SD": "tr505_snare",
        "CHH": "tr505_hihat_closed",
        "OHH": "tr505_hihat_open",
        "HIT": "tr505_tom_h",
        "LFT": "tr505_tom_l",
        "CRC": "tr505_crash",
    },
}
