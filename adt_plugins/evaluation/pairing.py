"""Which estimate belongs to which reference, by the names of the files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adt_plugins import formats
from adt_plugins.errors import FormatError


@dataclass(frozen=True)
class Pair:
    """Two files of one recording."""

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

    One reference file and one estimate file are a pair whatever their names.
    Otherwise the estimate of a recording ``NAME`` is the file that
    `formats.song_stem` says is of the song ``NAME`` + `suffix`: with ``--suffix
    .drums``, `Punk.txt` goes with `Punk.drums.drums.json`, what ``adt
    transcribe`` makes of `Punk.drums.flac`, and not with `Punk.drums.json`, what
    it makes of `Punk.flac`. Where several formats lie side by side, the first
    of the registry is read.

    Parameters
    ----------
    reference
        A file, or a folder, of the song ``NAME`` + `reference_suffix`. In a
        folder `Punk.subclass.txt` is a variant of `Punk.txt` and no recording
        of its own, unless `reference_suffix` asks for it; and a plain
        `Punk.txt` is the reference, not the `Punk.drums.json` beside it.
    estimates
        Files and folders.
    suffix, reference_suffix
        What stands between the recording's name and a format's usual ending.

    Returns
    -------
    tuple
        The pairs by name, and a line for each reference without an estimate
        and each estimate file without a reference.

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
    found = _by_song(given)
    pairs, failures = [], []
    for name, path in _references(reference, reference_suffix).items():
        files = [f for f in found.get(name + suffix, ()) if not f.samefile(path)]
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
    """Readable files by the song they are of, best format first."""
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
    """Place of a file's format in the registry; None if it cannot be read.

    A name that says nothing but ``.txt`` comes last.
    """
    known = formats.format_of_name(path)
    if known is None:
        plain = path.suffix.lower() == ".txt"
        return len(formats.FORMATS) if plain else None
    if formats.FORMATS[known].read is None:
        return None
    return list(formats.FORMATS).index(known)


def _references(path: Path, suffix: str) -> dict[str, Path]:
    """Reference files by the name of their recording."""
    songs = _by_song([path])
    result = {}
    for song in sorted(songs):
        variant = any(song.startswith(f"{other}.") for other in songs)
        if song.endswith(suffix) and (suffix or not variant):
            # Last, not first: a plain .txt before what this package may have
            # made of the song and put beside it.
            result[song.removesuffix(suffix)] = songs[song][-1]
    return result
