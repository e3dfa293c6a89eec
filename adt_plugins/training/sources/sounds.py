"""Finds (and fetches) the sounds that training material is rendered from.

The sounds are Debian packages unpacked into any folder; nothing is installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    "hydrogen-drumkits",
    "hydrogen-data",
    "hydrogen-drumkits-effects",
    "avldrums.lv2-soundfont",
    "fluid-soundfont-gm",
    "musescore-general-soundfont",
    "timgm6mb-soundfont",
    "csound-soundfont",
    "fretsonfire-songs-muldjord",
    "fretsonfire-songs-sectoid",
    "wesnoth-1.16-music",
    "unknown-horizons",
    "colobot-common-sounds",
    "naev-data",
    "pushover-data",
)


@dataclass(frozen=True)
class Sounds:
    """The content of a folder of unpacked packages.

    Attributes
    ----------
    drumkits
        Folders with a ``drumkit.xml``, sorted by name.
    drum_fonts
        Soundfonts that hold a drum kit and nothing else (stem to path).
    general_fonts
        General MIDI soundfonts (stem to path).
    strums
        Recorded guitar strums.
    """

    drumkits: tuple[Path, ...]
    drum_fonts: dict[str, Path]
    general_fonts: dict[str, Path]
    strums: tuple[Path, ...]


def find_sounds(folder: Path) -> Sounds:
    """Walk through a folder, and sort its sounds by kind.

    A soundfont that stands in two places (packages link to it) counts once.
    """
    drumkits: dict[str, Path] = {}
    fonts: dict[str, Path] = {}
    strums: list[Path] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".sf2", ".sf3") and path.is_file():
            fonts.setdefault(path.stem, path)
        elif path.name == "drumkit.xml" and "Strums" not in path.parent.name:
            drumkits.setdefault(path.parent.name, path.parent)
        elif "Strums" in path.parent.name and path.suffix == ".flac":
            strums.append(path)
    drum_fonts = {name: path for name, path in fonts.items() if name.endswith("_LV2")}
    general = {name: path for name, path in fonts.items() if name not in drum_fonts}
    return Sounds(tuple(drumkits.values()), drum_fonts, general, tuple(strums))


def fetch(folder: Path, packages: tuple[str, ...] = PACKAGES) -> None:
    """Download the Debian packages and unpack them into a folder.

    Raises
    ------
    RuntimeError
        Where ``apt-get`` or ``dpkg`` is missing or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        for package in packages:
            print(f"fetching {package}", file=sys.stderr)
            try:
                subprocess.run(["apt-get", "download", package], cwd=name, check=True)
                for archive in sorted(Path(name).glob("*.deb")):
                    subprocess.run(
                        ["dpkg", "-x", str(archive), str(folder)], check=True
                    )
                    archive.unlink()
            except (OSError, subprocess.CalledProcessError) as error:
                raise RuntimeError(
                    f"{package} could not be fetched ({error}); "
                    "get it from Debian and unpack it there yourself"
                ) from error


def main() -> None:
    """Run ``python -m adt_plugins.training.sources.sounds --fetch DIR``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fetch", type=Path, required=True, metavar="DIR")
    fetch(parser.parse_args().fetch)


if __name__ == "__main__":
    main()
