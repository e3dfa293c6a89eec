"""Pairs estimates with references by the names of their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adt_plugins import formats
from adt_plugins.errors import FormatError


@dataclass(frozen=True)
class Pair:
    """Reference and estimate of one recording."""

    name: str
    reference: Path
    estimate: Path


def pair_files(
    reference: Path | str,
    estimates: Sequence[Path | str],
    *,
    suffix: str = "",
    reference_suffix: str = "",
) -> tuple[list[Pair], list[str]]:
    """Find the estimate of each reference by name.

    A single reference file and a single estimate file are a pair whatever their names.
    Otherwise the estimate of a recording ``NAME`` is the file whose song, according to
    `formats.song_stem`, is ``NAME`` + `suffix`: with ``--suffix .drums``, `Punk.txt`
    goes with `Punk.drums.drums.json`, which ``adt transcribe`` makes of
    `Punk.drums.flac`, and not with `Punk.drums.json`, which it makes of `Punk.flac`.
    If there are several formats of a song, the first one in the registry is read.

    Parameters
    ----------
    reference
        A file, or a folder of files, for the song ``NAME`` + `reference_suffix`. In a
        folder, `Punk.subclass.txt` is a variant of `Punk.txt` rather than a recording
        of its own, unless `reference_suffix` selects it; and a plain `Punk.txt` is the
        reference rather than the `Punk.drums.json` beside it.
    estimates
        Files and folders.
    suffix, reference_suffix
        Text between the name of the recording and the usual ending of a format.

    Returns
    -------
    tuple
        The pairs by name, and one line for each reference without an estimate and each
        estimate file without a reference.

    Raises
    ------
    FormatError
        If a path does not exist, or nothing could be paired.
    """
    reference, given = Path(reference), [Path(path) for path in estimates]
    for path in (reference, *given):
        if not path.exists():
            raise FormatError(f"{path}: no such file or folder")
    if reference.is_file() and len(given) == 1 and given[0].is_file():
        return [Pair(formats.song_stem(reference), reference, given[0])], []
    candidates = _by_song(given)
    pairs, failures = [], []
    for name, path in _references(reference, reference_suffix).items():
        files = [f for f in candidates.get(name + suffix, ()) if not f.samefile(path)]
        if files:
            pairs.append(Pair(name, path, files[0]))
        else:
            failures.append(f"{path}: no estimate is named {name}{suffix}")
    used = {pair.name + suffix for pair in pairs}
    failures += [
        f"{path}: no reference goes by this name"
        for path in given
        if path.is_file() and formats.song_stem(path) not in used
    ]
    if not pairs:
        reason = failures[0] if failures else f"{reference}: no references in it"
        raise FormatError(reason)
    return pairs, failures


def _by_song(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Return readable files by their song, best format first."""
    ranked: list[tuple[int, Path]] = []
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            rank = _rank(file)
            if rank is not None and file.is_file():
                ranked.append((rank, file))
    songs: dict[str, list[Path]] = {}
    for _, file in sorted(ranked, key=lambda item: item[0]):
        songs.setdefault(formats.song_stem(file), []).append(file)
    return songs


def _rank(path: Path) -> int | None:
    """Return the place of a file's format in the registry; None if it cannot be read.

    A name with a bare ``.txt`` comes last.
    """
    format_id = formats.format_of_name(path)
    if format_id is None:
        plain = path.suffix.lower() == ".txt"
        return len(formats.FORMATS) if plain else None
    if formats.FORMATS[format_id].read is None:
        return None
    return list(formats.FORMATS).index(format_id)


def _references(path: Path, suffix: str) -> dict[str, Path]:
    """Return reference files by the name of their recording."""
    songs = _by_song([path])
    result = {}
    for song in sorted(songs):
        variant = any(song.startswith(f"{other}.") for other in songs)
        if song.endswith(suffix) and (suffix or not variant):
            # Last, not first: a plain .txt rather than what this package may have
            # written beside it.
            result[song.removesuffix(suffix)] = songs[song][-1]
    return result
