"""What the shipped model was trained from: which upstream files, and are they there.

The list, `material.json`, names every file that rendering reads, with its hash. It is
made from complete folders (``adt train check-data DATA --sounds SOUNDS --write FILE``),
and `check` compares other folders with it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from adt_plugins.base.hashing import sha256
from adt_plugins.errors import AdtError, FormatError, reason_of

FORMAT = "adt-plugins-material"
VERSION = 1
LIST = Path(__file__).with_name("material.json")
ROOTS = ("data", "sounds")


@dataclass(frozen=True)
class Upstream:
    """A project that training takes files from.

    Parameters
    ----------
    name, licence, homepage
        For people.
    get
        What to fetch there, and where to put it.
    root
        ``"data"`` or ``"sounds"``: the folder that `files` are relative to.
    files
        Path with forward slashes to SHA-256; in `UPSTREAM`, patterns to "".
    """

    name: str
    licence: str
    homepage: str
    get: str
    root: str
    files: Mapping[str, str] = field(default_factory=dict)


_KITS = "usr/share/hydrogen/data/drumkits/"
_FONTS = "usr/share/sounds/"
_GAMES = "usr/share/games/"


def _converted(name: str, licence: str, homepage: str, pattern: str) -> Upstream:
    get = (
        "the recordings, one hit a file, as mono 44.1 kHz FLAC with the levels of a kit"
        " kept, named as in oneshots/oneshots.csv"
    )
    return Upstream(name, licence, homepage, get, "data", {pattern: ""})


def _debian(
    package: str, version: str, what: str, licence: str, *patterns: str
) -> Upstream:
    return Upstream(
        f"{what} (Debian package {package})",
        licence,
        "https://www.debian.org",
        f"{package} {version}, unpacked: dpkg -x PACKAGE.deb SOUNDS",
        "sounds",
        dict.fromkeys(patterns, ""),
    )


UPSTREAM = (
    Upstream(
        "Groove MIDI Dataset 1.0.0",
        "CC BY 4.0",
        "https://magenta.tensorflow.org/datasets/groove",
        "groove-v1.0.0-midionly.zip, unpacked as DATA/groove",
        "data",
        {"groove/*": ""},
    ),
    Upstream(
        "Freedoom",
        "BSD-3-Clause",
        "https://freedoom.github.io",
        "the folder musics of the sources, as DATA/freedoom_midi/musics",
        "data",
        {"freedoom_midi/*": ""},
    ),
    Upstream(
        "OpenMSX",
        "GPL-2.0",
        "https://github.com/OpenTTD/OpenMSX",
        "the folder src of the sources, as DATA/openmsx_midi/src",
        "data",
        {"openmsx_midi/*": ""},
    ),
    Upstream(
        "OpenAIR impulse responses",
        "CC BY 4.0",
        "https://www.openair.hosted.york.ac.uk",
        "four rooms of the University of York, as DATA/rooms/*.wav",
        "data",
        {"rooms/*": ""},
    ),
    Upstream(
        "Table of the single hits",
        "those of the hits",
        "https://freepats.zenvoid.org",
        "file, kit, class, instrument, level_rank and level_ranks of every hit below",
        "data",
        {"oneshots/oneshots.csv": ""},
    ),
    _converted(
        "FreePats MuldjordKit",
        "CC BY 4.0",
        "https://freepats.zenvoid.org/Percussion/acoustic-drum-kit.html",
        "oneshots/muldjord/*",
    ),
    _converted(
        "Sam's Sonor",
        "CC BY-SA 4.0",
        "https://github.com/sfzinstruments/SamsSonor",
        "oneshots/sams_sonor/*",
    ),
    _converted(
        "Gogodze Phu vol II",
        "CC0",
        "https://github.com/sfzinstruments/karoryfer.gogodze-phu-vol-ii",
        "oneshots/gogodze_*",
    ),
    _converted(
        "Frankensnare",
        "CC0",
        "https://github.com/sfzinstruments/karoryfer.frankensnare",
        "oneshots/frankensnare_*",
    ),
    _converted(
        "Drum machines",
        "public domain",
        "https://github.com/oramics/sampled",
        "oneshots/drum_machine_*",
    ),
    _debian(
        "hydrogen-data",
        "1.2.0~beta1+dfsg-1",
        "GMRockKit and TR-808 kit of Hydrogen",
        "GPL-2.0+, CC BY-SA 3.0, CC BY 3.0 or CC0",
        f"{_KITS}GMRockKit/*",
        f"{_KITS}TR808EmulationKit/*",
    ),
    _debian(
        "hydrogen-drumkits-effects",
        "2017.09.19~dfsg-1",
        "Guitar strums by Gabriel Verdugo Soto",
        "CC BY 3.0",
        f"{_KITS}belofilms_GuitarStrums/*",
    ),
    _debian(
        "hydrogen-drumkits",
        "2017.09.19~dfsg-1",
        "Hydrogen drum kits",
        "each GPL-2.0, GPL-2.0+, CC BY-SA 3.0, CC BY 3.0 or CC0",
        f"{_KITS}*",
    ),
    _debian(
        "avldrums.lv2-soundfont",
        "0.5.2-2",
        "AVL Drumkits",
        "CC BY-SA 3.0",
        f"{_FONTS}sf2/*_LV2.sf2",
    ),
    _debian(
        "fluid-soundfont-gm",
        "3.1-5.3",
        "FluidR3 GM",
        "MIT",
        f"{_FONTS}sf2/FluidR3_GM.sf2",
    ),
    _debian(
        "timgm6mb-soundfont",
        "1.3-5",
        "TimGM6mb",
        "GPL-2.0",
        f"{_FONTS}sf2/TimGM6mb.sf2",
    ),
    _debian(
        "musescore-general-soundfont",
        "0.2.1-1",
        "MuseScore General",
        "MIT",
        f"{_FONTS}sf3/MuseScore_General*",
    ),
    _debian(
        "csound-soundfont",
        "1:6.18.1+dfsg-1",
        "sf_GMbank",
        "public domain",
        f"{_FONTS}sf2/sf_GMbank.sf2",
    ),
    Upstream(
        "everythingisremixed, voices",
        "CC0",
        "https://github.com/ichbinsoftware/everythingisremixed",
        "the stems named VOX and BGVOX, as DATA/voices/SONG-STEM.m4a",
        "data",
        {"voices/*": ""},
    ),
    _debian(
        "fretsonfire-songs-muldjord",
        "2.dfsg-2.1",
        "Guitars of Muldjord's songs",
        "CC BY-SA 3.0",
        f"{_GAMES}fretsonfire/data/songs/muldjord/*/guitar.ogg",
    ),
    _debian(
        "fretsonfire-songs-sectoid",
        "1.dfsg-3.1",
        "Guitars of Sectoid's songs",
        "MIT",
        f"{_GAMES}fretsonfire/data/songs/sectoid/*/guitar.ogg",
    ),
    _debian(
        "wesnoth-1.16-music",
        "1:1.16.9-1",
        "Music of Battle for Wesnoth",
        "GPL-2.0+",
        f"{_GAMES}wesnoth/1.16/data/core/music/*",
    ),
    _debian(
        "unknown-horizons",
        "2019.1-6",
        "Music of Unknown Horizons",
        "CC BY-SA 3.0",
        "usr/share/unknown-horizons/content/audio/*",
    ),
    _debian(
        "colobot-common-sounds",
        "0.2.0-2",
        "Music of Colobot",
        "GPL-3.0+",
        f"{_GAMES}colobot/music/*",
    ),
    _debian(
        "naev-data",
        "0.8.2-1",
        "Music of Naev",
        "each GPL-2.0+, GPL-3.0, CC BY 3.0 or CC BY-SA 3.0",
        "usr/share/naev/dat/snd/music/*",
    ),
    _debian(
        "pushover-data",
        "0.0.5+git20180909-4",
        "Music of Pushover",
        "GPL-3.0+",
        "usr/share/pushover/themes/*",
    ),
)
"""A file belongs to the first of them that one of its patterns fits."""


@dataclass(frozen=True)
class Finding:
    """What is there of an upstream project.

    Parameters
    ----------
    upstream
        As the list has it.
    found
        How many of its files are there, and are the same.
    missing, differs
        Paths of the others.
    """

    upstream: Upstream
    found: int
    missing: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether all of it is there."""
        return not self.missing and not self.differs

    def to_dict(self) -> dict[str, Any]:
        """For a report, without the hashes."""
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
    """List the files that `adt train render` reads, sorted, by root."""
    from adt_plugins.training.sources import kitmaps
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
    found = find_sounds(sounds)
    heard = {*found.strums, *found.drum_fonts.values(), *found.general_fonts.values()}
    for kit in found.drumkits:
        if kit.name not in kitmaps.LEFT_OUT_KITS:
            heard.add(kit / "drumkit.xml")
            heard.update(path for _, _, _, path in hydrogen_layers(kit))
    for row in read_table():
        path = row.find(data, sounds)
        if path is not None and row.split != "test":
            (read if row.kind == "voice" else heard).add(path)
    # A package links to its soundfont from a second place; the list has the first.
    real = {path.resolve() for path in heard}
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
    """Return the list as the text of its file."""
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
        As `adt train render` takes them; they need not exist.
    material
        Of `read_list`.

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
        found = len(upstream.files) - len(missing) - len(differs)
        findings.append(Finding(upstream, found, tuple(missing), tuple(differs)))
    return findings


def table(findings: list[Finding]) -> str:
    """For people: what is there, and where to get the rest."""
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
