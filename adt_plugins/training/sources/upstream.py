"""The projects that training takes its material from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ROOTS = ("data", "sounds")
"""Folders that files are relative to, as `adt train render` takes them."""


@dataclass(frozen=True)
class Upstream:
    """A project that training takes files from.

    Parameters
    ----------
    name, licence, homepage
        Texts for people.
    get
        Files to fetch there, and their destination.
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
        "Muldjord's songs and their guitars",
        "CC BY-SA 3.0",
        f"{_GAMES}fretsonfire/data/songs/muldjord/*.ogg",
    ),
    _debian(
        "fretsonfire-songs-sectoid",
        "1.dfsg-3.1",
        "Sectoid's songs and their guitars",
        "MIT",
        f"{_GAMES}fretsonfire/data/songs/sectoid/*.ogg",
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
    _debian(
        "marsshooter-data",
        "0.7.6-7",
        "Music of M.A.R.S. by Obsidian Shell",
        "CC BY-SA 3.0",
        f"{_GAMES}marsshooter/audio/music/*",
    ),
    _debian(
        "openclonk-data",
        "8.1-3",
        "Music of OpenClonk",
        "each CC BY 3.0 or CC0",
        f"{_GAMES}openclonk/Music.ocg/*",
    ),
    _debian(
        "warmux-data",
        "1:11.04.1+repack2-4",
        "Music of WarMUX",
        "GPL-2.0+",
        f"{_GAMES}warmux/music/*",
    ),
)
"""A file belongs to the first of them that one of its patterns fits."""
