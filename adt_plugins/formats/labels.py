"""Audacity's label files: one point label a hit, in one file or one a drum.

A line is ``start<TAB>end<TAB>text``, with LF, in UTF-8, without a header; a
point label's end is its start. Blank lines and comments stop Audacity's import,
so none is written. Audacity merges all label tracks on export and leaves out
their names: the drum must be in the text.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable, Iterable
from pathlib import Path

from adt_plugins.drums import Drum, drum_of_name
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.formats._files import check_free, lines, read_text, write_files
from adt_plugins.formats._format import Format, Warn, name_some
from adt_plugins.transcription import Label, Onset, Transcription

TEXTS: dict[str, Callable[[Onset], str]] = {
    "code": lambda onset: onset.drum.value,
    "name": lambda onset: onset.drum.full_name,
    "velocity": lambda onset: f"{onset.drum.value} {onset.velocity}",
}

# Audacity writes 6 decimals, in some languages with a comma, and reads any.
_NUMBER = r"[+-]?[0-9]+(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?"
# No two neighbours match the same character: a hostile line takes linear time.
_LABEL = re.compile(rf" *({_NUMBER}) *\t *({_NUMBER}) *(?:\t([^\t]*).*)?", re.DOTALL)
_FREQUENCIES = "\\\t"  # a second line of a label, after a spectral selection
_VELOCITY = re.compile(
    r"(.*?)[\s,:;=@(\[]+(?:v|vel\.?|velocity)?\s*([0-9]{1,3})[)\]]?", re.IGNORECASE
)
_LONGEST_NAME = 60  # characters; also bounds what _VELOCITY may try


def format_labels(onsets: Iterable[Onset], text: str = "code") -> str:
    """Return the content of a label file.

    Parameters
    ----------
    onsets
        In the order that they shall have.
    text
        ``"code"`` (``SD``), ``"name"`` (``Snare``) or ``"velocity"``
        (``SD 93``): the reader understands them all.

    Returns
    -------
    str
        Times have nine decimals, so that at most 0.5 ns is lost.
    """
    if text not in TEXTS:
        raise FormatError(f"no label text {text!r}; there are {', '.join(TEXTS)}")
    say = TEXTS[text]
    return "".join(f"{o.time:.9f}\t{o.time:.9f}\t{say(o)}\n" for o in onsets)


def parse_labels(text: str) -> list[Label]:
    """Read the content of a label file.

    Point and region labels, blank lines, decimal commas, lines of a label's
    frequency range and any line end are understood.

    Raises
    ------
    FormatError
        If a line is no label, or starts before 0.
    """
    labels = []
    for number, line in lines(text):
        if line.startswith(_FREQUENCIES):
            continue
        match = _LABEL.fullmatch(line)
        if match is None:
            raise FormatError(f"line {number} is no label: {reprlib.repr(line)}")
        times = (float(match[i].replace(",", ".")) for i in (1, 2))
        start, end = sorted(times)  # a region that was drawn from right to left
        if not (0 <= start and math.isfinite(end)):
            shown = reprlib.repr(line)
            raise FormatError(f"line {number}: a time is out of range: {shown}")
        labels.append(Label(start, end, (match[3] or "").strip()))
    return labels


def drum_of_text(text: str) -> tuple[Drum, int] | None:
    """Drum and velocity (100 if it has none) that a label's text means.

    >>> drum_of_text("Closed hi-hat 93")
    (<Drum.CHH: 'CHH'>, 93)
    """
    drum = drum_of_name(text)
    if drum is not None:
        return drum, 100
    text = text.strip()
    match = _VELOCITY.fullmatch(text) if len(text) <= _LONGEST_NAME else None
    if match is None or not 1 <= int(match[2]) <= 127:
        return None
    drum = drum_of_name(match[1])
    return None if drum is None else (drum, int(match[2]))


def onsets_of_labels(
    labels: Iterable[Label], default: Drum | None = None
) -> tuple[list[Onset], list[Label]]:
    """Sort labels into hits and those whose text is no drum.

    Parameters
    ----------
    labels
        A region counts as a hit at its start.
    default
        Drum of a label whose text is none.

    Returns
    -------
    tuple
        The hits, and the labels that are none.
    """
    onsets, others = [], []
    for label in labels:
        meant = drum_of_text(label.text) or (default and (default, 100))
        if meant is None:
            others.append(label)
        else:
            onsets.append(Onset(label.start, *meant))
    return onsets, others


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    text: str = "code",
) -> list[Path]:
    """Write one file with all drums; `text` as in `format_labels`."""
    data = format_labels(transcription.onsets, text).encode()
    return write_files({path: data}, overwrite=overwrite)


def read(path: Path, *, warn: Warn) -> Transcription:
    """Read one file; labels that are no drum are left out and warned of."""
    onsets, others = onsets_of_labels(parse_labels(read_text(path)))
    if others:
        named = name_some(label.text for label in others)
        if not onsets:
            raise FormatError(f"no label names a drum: {named}")
        warn(f"{path}: labels that name no drum were left out: {named}")
    return Transcription(onsets=tuple(onsets))


def split_path(path: Path, drum: Drum) -> Path:
    """File of one drum: ``song.labels.txt`` to ``song.labels.KD.txt``."""
    return path.with_name(f"{path.stem}.{drum}{path.suffix}")


def split_paths(path: Path) -> list[Path]:
    """Files of all drums that there may be beside `path`."""
    return [split_path(path, drum) for drum in Drum]


def write_split(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    text: str = "code",
) -> list[Path]:
    """Write a file for each drum that occurs, named by `split_path`.

    The files are one set: none may exist without `overwrite`, and with it those
    of drums that no longer occur go away.
    """
    check_free(split_paths(path), overwrite=overwrite)
    contents = {
        split_path(path, drum): format_labels(
            (o for o in transcription.onsets if o.drum is drum), text
        ).encode()
        for drum in transcription.counts()
    }
    written = write_files(contents, overwrite=overwrite)
    for old in split_paths(path):
        if old not in contents:
            try:
                old.unlink(missing_ok=True)
            except OSError:
                warn(f"{old}: is of an earlier run and cannot be removed")
    return written


def read_split(path: Path, *, warn: Warn) -> Transcription:
    """Read a set of files, given ``song.labels.txt`` or any one of the set.

    A label whose text is no drum is of its file's drum.
    """
    whole = _whole_path(path)
    if whole is None:
        whole = path
    elif not path.exists():
        raise AdtError(f"{path}: no such file")
    found = [drum for drum in Drum if split_path(whole, drum).exists()]
    if not found:
        example = split_path(whole, Drum.KD).name
        raise AdtError(f"{path}: no files of single drums such as {example}")
    onsets: list[Onset] = []
    for drum in found:
        file = split_path(whole, drum)
        try:
            onsets += onsets_of_labels(parse_labels(read_text(file)), drum)[0]
        except FormatError as error:
            where = "" if file == path else f"{file.name}: "
            raise FormatError(f"{where}{error}") from error
    return Transcription(onsets=tuple(onsets))


def _whole_path(path: Path) -> Path | None:
    """``song.labels.KD.txt`` to ``song.labels.txt``; None for other names."""
    stem, _, code = path.stem.rpartition(".")
    if not stem or code not in set(Drum):
        return None
    return path.with_name(stem + path.suffix)


def _looks_like_labels(head: str) -> bool:
    first = next(lines(head), None)
    return first is not None and _LABEL.fullmatch(first[1]) is not None


LABELS = Format(
    id="labels",
    description="label file for Audacity",
    suffix=".labels.txt",
    write=write,
    read=read,
    looks_like=_looks_like_labels,
)

LABELS_SPLIT = Format(
    id="labels-split",
    description="label files for Audacity, one a drum",
    suffix=".labels.txt",
    write=write_split,
    read=read_split,
    endings=tuple(f".labels.{drum.lower()}.txt" for drum in Drum),
    outputs=split_paths,
)
