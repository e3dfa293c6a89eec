"""Checks the material of the shipped model: which upstream files are there.

The list, `material.json`, names every file that rendering reads, with its hash. It is
made from complete folders (``adt train check-data DATA --sounds SOUNDS --write FILE``),
and `check` compares other folders with it.
"""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from adt_plugins.base.hashing import sha256
from adt_plugins.errors import AdtError, FormatError, reason_of
from adt_plugins.training.sources.upstream import ROOTS, UPSTREAM, Upstream

FORMAT = "adt-plugins-material"
VERSION = 1
LIST = Path(__file__).with_name("material.json")


@dataclass(frozen=True)
class Finding:
    """The state of an upstream project's files.

    Parameters
    ----------
    upstream
        The project, from the list.
    found
        Number of its files that are there and unchanged.
    missing, differs
        Paths of the others.
    """

    upstream: Upstream
    found: int
    missing: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether all files are there and unchanged."""
        return not self.missing and not self.differs

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object for a report, without hashes."""
        named = asdict(self.upstream)
        del named["files"]
        return {
            **named,
            "files": len(self.upstream.files),
            "found": self.found,
            "missing": list(self.missing),
            "differs": list(self.differs),
        }


def read_by_training(data: Path, sounds: Path) -> dict[str, list[Path]]:
    """List the files that `adt train render` and `songs` read, sorted, by root."""
    from adt_plugins.training.sources import kitmaps, recorded_songs
    from adt_plugins.training.sources.kits import hydrogen_layers
    from adt_plugins.training.sources.performances import Library
    from adt_plugins.training.sources.real_sounds import read_table
    from adt_plugins.training.sources.sounds import find_sounds

    library = Library.find(data)
    read = {data / "groove" / "info.csv", *(groove.path for groove in library.grooves)}
    read.update(path for path, _ in library.songs)
    read.update((data / "rooms").glob("*.wav"))
    table = data / "oneshots" / "oneshots.csv"
    if table.is_file():
        with table.open(newline="", encoding="utf-8") as file:
            read.update(table.parent / row["file"] for row in csv.DictReader(file))
    packages = find_sounds(sounds)
    played = {
        *packages.strums,
        *packages.drum_fonts.values(),
        *packages.general_fonts.values(),
    }
    for kit in packages.drumkits:
        if kit.name not in kitmaps.LEFT_OUT_KITS:
            played.add(kit / "drumkit.xml")
            played.update(path for _, _, _, path in hydrogen_layers(kit))
    for row in read_table():
        path = row.find(data, sounds)
        if path is not None and row.split != "test":
            (read if row.kind == "voice" else played).add(path)
    for song in recorded_songs.read_table():
        played.update(sounds / file for file in song.files)
    # A package links to its soundfont from a second place; the list has the first.
    real = {path.resolve() for path in played}
    return {
        "data": sorted({*read, table}),
        "sounds": sorted(path for path in real if path.is_file()),
    }


def list_material(data: Path, sounds: Path) -> list[Upstream]:
    """Make the list from complete folders.

    Raises
    ------
    AdtError
        If training reads a file that is missing, or that no upstream project has.
    """
    roots = {"data": data, "sounds": sounds.resolve()}
    owned: dict[str, dict[str, str]] = {upstream.name: {} for upstream in UPSTREAM}
    for root, paths in read_by_training(data, sounds).items():
        for path in paths:
            name = path.relative_to(roots[root]).as_posix()
            try:
                owned[_owner(root, name)][name] = sha256(path)
            except OSError as error:
                raise AdtError(f"{path}: {reason_of(error)}") from error
    return [replace(upstream, files=owned[upstream.name]) for upstream in UPSTREAM]


def _owner(root: str, name: str) -> str:
    for upstream in UPSTREAM:
        fits = any(fnmatchcase(name, pattern) for pattern in upstream.files)
        if upstream.root == root and fits:
            return upstream.name
    raise AdtError(
        f"{name}: training reads it, but no upstream project is named for it"
    )


def write_list(material: list[Upstream]) -> str:
    """Return the text of the list's file."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "upstream": [asdict(upstream) for upstream in material],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_list(path: Path = LIST) -> list[Upstream]:
    """Read a list.

    Raises
    ------
    FormatError
        If the file is not valid.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT or data["version"] != VERSION:
            raise ValueError("another format")
        material = [Upstream(**entry) for entry in data["upstream"]]
        if not all(upstream.root in ROOTS for upstream in material):
            raise ValueError("an unknown root")
    except OSError as error:
        raise FormatError(f"{path}: {reason_of(error)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path}: not a list of training material") from error
    return material


def check(data: Path, sounds: Path, material: list[Upstream]) -> list[Finding]:
    """Compare folders with a list.

    Parameters
    ----------
    data, sounds
        The folders of `adt train render`; they need not exist.
    material
        List from `read_list`.

    Returns
    -------
    list of Finding
        One for each upstream project.
    """
    roots = {"data": data, "sounds": sounds}
    findings = []
    for upstream in material:
        missing, differs = [], []
        for name, digest in upstream.files.items():
            path = roots[upstream.root] / name
            if not path.is_file():
                missing.append(name)
            elif sha256(path) != digest:
                differs.append(name)
        same = len(upstream.files) - len(missing) - len(differs)
        findings.append(Finding(upstream, same, tuple(missing), tuple(differs)))
    return findings


def table(findings: list[Finding]) -> str:
    """Return a text table: which files are there, and where to get the rest."""
    lines = []
    for finding in findings:
        upstream = finding.upstream
        state = "missing" if not finding.found and not finding.differs else "in part"
        state = "found" if finding.complete else state
        lines.append(
            f"{state:8}{finding.found:5} of {len(upstream.files):4} files"
            f"  {upstream.name} ({upstream.licence})"
        )
        if finding.complete:
            continue
        lines.append(f"{'':8}get {upstream.get}")
        lines.append(f"{'':8}from {upstream.homepage}")
        for what, names in (("missing", finding.missing), ("differs", finding.differs)):
            if names:
                more = f" and {len(names) - 1} more" if len(names) > 1 else ""
                lines.append(f"{'':8}{what}: {names[0]}{more}")
    return "\n".join(lines)
