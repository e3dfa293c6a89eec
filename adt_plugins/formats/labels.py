"""Audacity's label files: a point label per hit, in one file or a file per drum.

A line is ``start<TAB>end<TAB>text``, ending in LF, in UTF-8, without a header; the end
of a point label is its start. Blank lines and comments stop Audacity's import, so none
are written. On export, Audacity merges all label tracks and drops their names, so the
drum must be in the text.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from adt_plugins.annotations import Label
from adt_plugins.base.files import below_header, check_free, read_text, write_files
from adt_plugins.base.reporting import Warn, about, default_warn
from adt_plugins.drums import Drum, drum_of_code
from adt_plugins.errors import AdtError, FormatError
from adt_plugins.labels.early import EarlyLabels
from adt_plugins.labels.names import LabelNames
from adt_plugins.labels.tracks import LabelTrack, tracks_of, transcription_of
from adt_plugins.transcription import Transcription

# Audacity writes 6 decimals, in some languages with a comma, and reads any number.
_NUMBER = r"[+-]?[0-9]+(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?"
# No two neighbours match the same character, so hostile lines take linear time.
_LABEL = re.compile(rf" *({_NUMBER}) *\t *({_NUMBER}) *(?:\t([^\t]*).*)?", re.DOTALL)
# Without an end, as Audacity reads it too.
_POINT = re.compile(rf" *({_NUMBER}) *\t([^\t]*[^\W\d][^\t]*)")
# A time and a MIDI note or class, as in annotations for research. Audacity writes two
# columns for a region without a text, and its end has decimals.
_NUMBERED = re.compile(rf" *({_NUMBER}) *\t *([0-9]{{1,3}}) *")
# Above the labels, from other programs: comments, the name of a track, or columns.
_HEADER = re.compile(
    r"[#%;].*|[^\t0-9][^\t]*|[^\t0-9][^\t]*\t *\"?(?:end|fin|stop|offset).*",
    re.IGNORECASE,
)
_ENDS_A_TEXT = re.compile(r"[\t\r\n]")
_FREQUENCIES = "\\\t"  # start of a label's second line, after a spectral selection


def format_labels(labels: Iterable[Label]) -> str:
    """Return the content of a label file.

    Parameters
    ----------
    labels
        Labels, in order. Tabs and line breaks in a text, which would end it, become
        spaces.

    Returns
    -------
    str
        Lines whose times have nine decimals, exact to 0.5 ns.
    """
    return "".join(
        f"{x.start:.9f}\t{x.end:.9f}\t{_ENDS_A_TEXT.sub(' ', x.text)}\n" for x in labels
    )


def parse_labels(text: str, *, warn: Warn = default_warn) -> list[Label]:
    """Read the content of a label file.

    It may have point and region labels, blank lines, decimal commas, lines with a
    label's frequency range, any line ends, and a header. Labels before 0 s, which
    Audacity may write, are left out with a warning. If each line is a time and a whole
    number, the numbers are texts.

    Raises
    ------
    FormatError
        If a line is not a label.
    """
    labels = []
    early = EarlyLabels()
    lines = list(below_header(text, _HEADER))
    is_numbered = _is_numbered([line for _, line in lines])
    for number, line in lines:
        if line.startswith(_FREQUENCIES):
            continue
        match = None if is_numbered else _LABEL.fullmatch(line)
        point = (_NUMBERED if is_numbered else _POINT).fullmatch(line)
        if match is not None:
            *ends, words = match.groups()
        elif point is not None:
            *ends, words = point.groups()
        else:
            raise FormatError(f"line {number} is not a label: {reprlib.repr(line)}")
        times = [float(time.replace(",", ".")) for time in ends]
        if not all(map(math.isfinite, times)):
            shown = reprlib.repr(line)
            raise FormatError(f"line {number}: a time is out of range: {shown}")
        start, end = early.place(*times)
        if start >= 0:
            labels.append(Label(start, end, (words or "").strip()))
    early.tell(warn)
    return labels


def _is_numbered(lines: list[str]) -> bool:
    """Whether each line is a time and a whole number: a MIDI note, or a class."""
    matches = [_NUMBERED.fullmatch(line) for line in lines]
    times = [match[1] for match in matches if match is not None]
    return len(times) == len(lines) and any(not time.isdigit() for time in times)


def write(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    text: str = "code",
    names: LabelNames | None = None,
) -> list[Path]:
    """Write a file with all hits, and the labels that are not hits.

    For `text` and `names` see `adt_plugins.labels.tracks.tracks_of`.
    """
    tracks = tracks_of(replace(transcription, beats=()), text, names)
    labels = sorted(label for track in tracks for label in track.labels)
    data = format_labels(labels).encode()
    return write_files({path: data}, overwrite=overwrite)


def read(path: Path, *, warn: Warn, names: LabelNames | None = None) -> Transcription:
    """Read a file with any kind of label texts."""
    tracks = read_label_tracks(path, warn=warn)
    return transcription_of(tracks, warn=about(path, warn), names=names)


def read_label_tracks(path: Path, *, warn: Warn) -> list[LabelTrack]:
    """Read the labels of a file, as a track without a name."""
    labels = parse_labels(read_text(path), warn=about(path, warn))
    return [LabelTrack("", tuple(labels))]


def split_path(path: Path, drum: Drum) -> Path:
    """Return the file of a drum: ``song.labels.KD.txt`` for ``song.labels.txt``."""
    return path.with_name(f"{path.stem}.{drum}{path.suffix}")


def _drum_of_path(path: Path) -> Drum:
    """Return the drum of a file that `split_path` named."""
    return Drum(path.suffixes[-2].removeprefix("."))


def split_paths(path: Path) -> list[Path]:
    """Return the files of all drums that may exist beside `path`."""
    return [split_path(path, drum) for drum in Drum]


def write_split(
    transcription: Transcription,
    path: Path,
    *,
    overwrite: bool,
    warn: Warn,
    text: str = "code",
    names: LabelNames | None = None,
) -> list[Path]:
    """Write a file for each drum that occurs, named by `split_path`.

    The files are a set: those of drums that no longer occur are removed.
    """
    check_free(split_paths(path), overwrite=overwrite)
    hits = replace(transcription, beats=(), labels=())
    drums = transcription.counts()
    contents = {
        split_path(path, drum): format_labels(track.labels).encode()
        for drum, track in zip(drums, tracks_of(hits, text, names), strict=True)
    }
    written = write_files(contents, overwrite=overwrite)
    for old in split_paths(path):
        if old not in contents:
            try:
                check_free([old], overwrite=False)
                old.unlink(missing_ok=True)
            except (AdtError, OSError):
                warn(f"{old}: was not written by this run, and is kept")
    return written


def read_split(
    path: Path, *, warn: Warn, names: LabelNames | None = None
) -> Transcription:
    """Read a set of files, given ``song.labels.txt`` or any file of the set.

    A label whose text is not a drum gets the drum of its file.
    """
    tracks = read_split_tracks(path, warn=warn)
    whole = _whole_path(path) or path
    return transcription_of(tracks, warn=about(whole, warn), names=names)


def read_split_tracks(path: Path, *, warn: Warn) -> list[LabelTrack]:
    """Read a set of files, each as a track named after its drum."""
    whole = _whole_path(path)
    if whole is None:
        whole = path
    elif not path.exists():
        raise AdtError(f"{path}: no such file")
    drums = [drum for drum in Drum if split_path(whole, drum).exists()]
    if not drums:
        example = split_path(whole, Drum.KD).name
        raise AdtError(f"{path}: there are no files of single drums such as {example}")
    tracks = []
    for drum in drums:
        file = split_path(whole, drum)
        try:
            (track,) = read_label_tracks(file, warn=warn)
            tracks.append(replace(track, name=drum))
        except FormatError as error:
            where = "" if file == path else f"{file.name}: "
            raise FormatError(f"{where}{error}") from error
    return tracks


def _whole_path(path: Path) -> Path | None:
    """Return ``song.labels.txt`` for ``song.labels.KD.txt``; None for other names."""
    stem, _, code = path.stem.rpartition(".")
    if not stem or code not in set(Drum):
        return None
    return path.with_name(stem + path.suffix)


def looks_like(head: str) -> bool:
    """Whether a text begins like a label file."""
    first = next(below_header(head, _HEADER), (0, ""))[1]
    point = _POINT.fullmatch(first)
    # Lines of a time and a code are those of ADTLib and MDB Drums.
    is_point = point is not None and drum_of_code(point[2].strip()) is None
    return is_point or _LABEL.fullmatch(first) is not None


def split_purpose(path: Path, transcription: Transcription) -> str:
    """Return which drum one of the files of `write_split` is for."""
    return f"label file for Audacity: {_drum_of_path(path).full_name.lower()}"
