"""Parses the values of options.

Each function is the ``type`` of an option: it raises `argparse.ArgumentTypeError` for
a word that is not valid.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from adt_plugins.base.protected import protect
from adt_plugins.base.reporting import did_you_mean
from adt_plugins.drums import Drum, as_drum

if TYPE_CHECKING:
    from adt_plugins.labels.names import LabelNames
    from adt_plugins.midi.drum_maps import DrumMap

_FILE_ENDINGS = {".npz", ".wav", ".flac", ".mp3", ".m4a", ".ogg", ".aup3", ".mid"}
"""File endings that a folder's name should not have, besides those of formats."""

_LATEST_S = 1e12

Bwf = Literal["bwf"]

BWF: Final = "bwf"
"""For ``--offset``: the time reference of the recording (Broadcast Wave)."""


def folder(text: str) -> Path:
    """Parse a folder for outputs; refuse what looks like an output's name."""
    folder = Path(text)
    from adt_plugins.formats import FORMATS

    endings = {Path(f"song{form.suffix}").suffix for form in FORMATS.values()}
    if folder.suffix.lower() in endings | _FILE_ENDINGS and not folder.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a folder, in which files are named after the song:"
            " -o FOLDER"
        )
    return folder


def names(text: str) -> tuple[str, ...]:
    """Parse names of formats, which `check_formats` validates later."""
    names = tuple(dict.fromkeys(name.strip().casefold() for name in text.split(",")))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of names")
    return names


def drum(text: str) -> Drum:
    """Parse a drum: its code, name or MIDI note."""
    try:
        return as_drum(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def drums(text: str) -> tuple[Drum, ...]:
    """Parse a list of drums, such as ``KD,snare``."""
    return tuple(drum(name) for name in text.split(","))


def drum_map(name: str) -> DrumMap:
    """Read a drum-note map, shipped or a user's own."""
    from adt_plugins.errors import AdtError
    from adt_plugins.midi.drum_maps import find_map

    protect(name)
    try:
        return find_map(name)
    except AdtError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def one_of(what: str, name: str, choices: Iterable[str]) -> str:
    """Return the choice that a name means, ignoring case.

    Raises
    ------
    ArgumentTypeError
        If there is none. The message suggests similar choices, or lists all.
    """
    names = list(choices)
    matches = [other for other in names if other.casefold() == name.strip().casefold()]
    if matches:
        return matches[0]
    hint = did_you_mean(name, names) or f"; there are {', '.join(names)}"
    raise argparse.ArgumentTypeError(f"no {what} {name!r}{hint}")


def label_text(text: str) -> str:
    """Parse a kind of label text."""
    from adt_plugins.labels.names import LABEL_TEXTS

    return one_of("label text", text, LABEL_TEXTS)


def label_names(path: str) -> LabelNames:
    """Read a user's own names of drums."""
    from adt_plugins.errors import AdtError
    from adt_plugins.labels.names import read_label_names

    protect(path)
    try:
        return read_label_names(path)
    except AdtError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def offset(text: str) -> float | Bwf:
    """Parse seconds, or return `BWF`."""
    if text == BWF:
        return BWF
    try:
        return seconds(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither seconds nor {BWF}"
        ) from None


def seconds(text: str) -> float:
    """Parse seconds, which may be negative."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) <= _LATEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def threshold(text: str) -> tuple[Drum, float]:
    """Parse a drum and its threshold, such as ``snare=0.4``."""
    code, sign, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not sign or not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not DRUM=X with X from 0 to 1")
    return drum(code), number


def bpm(text: str) -> float:
    """Parse and validate a tempo."""
    from adt_plugins.meter import check_bpm

    try:
        return check_bpm(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a tempo between 20 and 400 BPM"
        ) from None


def meter(text: str) -> str:
    """Parse a time signature."""
    from adt_plugins.meter import Meter

    try:
        Meter.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def positive(text: str) -> int:
    """Parse a whole number from 1 on."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def time(text: str) -> float:
    """Parse ``90``, ``1:30`` or ``0:01:30`` into seconds."""
    try:
        seconds = 0.0
        for part in text.split(":"):
            seconds = 60 * seconds + float(part)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LATEST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: 90 or 1:30")
    return seconds
