"""All formats, in the order in which they are listed.

A new format is a module in this folder with its functions, and an entry in `FORMATS`.
The modules are imported late, when a function of theirs is first called: most runs use
two formats, but names of files are compared with the endings of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adt_plugins.base.late import LateModule
from adt_plugins.drums import Drum
from adt_plugins.formats.format import (
    LABEL_OPTIONS,
    LABEL_READER_OPTIONS,
    Format,
    Write,
)
from adt_plugins.midi.file_names import CONSTANT_SUFFIX, SUFFIX, both_paths

if TYPE_CHECKING:
    from adt_plugins.formats import (
        adtlib,
        audacity_project,
        chart,
        click,
        csv,
        guitar_pro,
        html,
        jams,
        json,
        labels,
        midi,
        musicxml,
        paradiddle,
        pdf,
        reaper,
        rx,
        sonic_visualiser,
        subtitles,
        tab,
    )
else:

    def _late(name: str) -> LateModule:
        return LateModule(f"{__package__}.{name}")

    adtlib = _late("adtlib")
    audacity_project = _late("audacity_project")
    chart = _late("chart")
    click = _late("click")
    csv = _late("csv")
    guitar_pro = _late("guitar_pro")
    html = _late("html")
    jams = _late("jams")
    json = _late("json")
    labels = _late("labels")
    midi = _late("midi")
    musicxml = _late("musicxml")
    paradiddle = _late("paradiddle")
    pdf = _late("pdf")
    reaper = _late("reaper")
    rx = _late("rx")
    sonic_visualiser = _late("sonic_visualiser")
    subtitles = _late("subtitles")
    tab = _late("tab")


def _on_paper(
    format_id: str,
    description: str,
    suffix: str,
    write: Write,
    *,
    endings: tuple[str, ...] = (),
) -> Format:
    """Describe a format of the part that `notation.part.make_part` makes."""
    return Format(
        id=format_id,
        description=description,
        suffix=suffix,
        write=write,
        needs=("beats",),
        wants=("fine",),
        endings=endings,
        options=("quantize", "swing_notation"),
    )


_ALL = (
    Format(
        id="json",
        description="everything, for programs (JSON)",
        suffix=".drums.json",
        write=json.write,
        read=json.read,
        endings=(".json",),
        looks_like=json.looks_like,
    ),
    Format(
        id="labels",
        description="label file for Audacity",
        suffix=".labels.txt",
        write=labels.write,
        read=labels.read,
        looks_like=labels.looks_like,
        options=LABEL_OPTIONS,
        reader_options=LABEL_READER_OPTIONS,
        tracks=labels.read_label_tracks,
    ),
    Format(
        id="labels-split",
        description="label files for Audacity, one a drum",
        suffix=".labels.txt",
        write=labels.write_split,
        read=labels.read_split,
        endings=tuple(f".labels.{drum.lower()}.txt" for drum in Drum),
        outputs=labels.split_paths,
        purpose=labels.split_purpose,
        options=LABEL_OPTIONS,
        reader_options=LABEL_READER_OPTIONS,
        tracks=labels.read_split_tracks,
    ),
    Format(
        id="midi",
        description="drum track for a DAW (MIDI)",
        suffix=SUFFIX,
        write=midi.write,
        read=midi.read,
        wants=("beats",),  # one of the two files follows the song's own bars
        endings=(CONSTANT_SUFFIX, ".mid", ".midi", ".smf"),
        looks_like=midi.looks_like,
        outputs=both_paths,
        purpose=midi.purpose,
        options=(
            *("drum_map", "midi_type", "tracks", "tempo"),
            *("quantize", "velocity", "shift"),
        ),
        reader_options=("drum_map", "assumed_map", "channel", "track"),
    ),
    Format(
        id="csv",
        description="table for spreadsheets (CSV)",
        suffix=".drums.csv",
        write=csv.write,
        read=csv.read,
        endings=(".csv",),
        looks_like=csv.looks_like,
    ),
    Format(
        id="adtlib",
        description="ADTLib's text output; reads MDB Drums annotations too",
        suffix=".ADT.txt",
        write=adtlib.write,
        read=adtlib.read,
        looks_like=adtlib.looks_like,
        purpose=lambda *_: "ADTLib's text output",
    ),
    Format(
        id="aup",
        description="project for Audacity with the audio; reads .aup3 and .aup4",
        suffix=".drums.aup",
        write=audacity_project.write,
        read=audacity_project.read,
        needs=("audio",),
        endings=(".drums.aup3", ".drums.aup4", ".aup3", ".aup4", ".aup"),
        check=audacity_project.check,
        options=LABEL_OPTIONS,
        reader_options=LABEL_READER_OPTIONS,
        tracks=audacity_project.read_project,
        sound=audacity_project.read_sound,
        purpose=lambda *_: "project for Audacity, with the audio",
    ),
    Format(
        id="reaper",
        description="markers and regions for Reaper",
        suffix=".reaper.csv",
        write=reaper.write,
        read=reaper.read,
        looks_like=reaper.looks_like,
        options=LABEL_OPTIONS,
        reader_options=LABEL_READER_OPTIONS,
    ),
    Format(
        id="sv",
        description="time instants for Sonic Visualiser",
        suffix=".sv.csv",
        write=sonic_visualiser.write,
        read=sonic_visualiser.read,
        looks_like=sonic_visualiser.looks_like,
        options=LABEL_OPTIONS,
        reader_options=LABEL_READER_OPTIONS,
    ),
    Format(
        id="jams",
        description="annotations for music research (JAMS)",
        suffix=".jams",
        write=jams.write,
        read=jams.read,
        looks_like=jams.looks_like,
    ),
    Format(
        id="click",
        description="the song with a sound on every hit (WAV)",
        suffix=".click.wav",
        write=click.write,
        needs=("audio",),
    ),
    _on_paper("tab", "drum tablature (text)", ".tab.txt", tab.write),
    _on_paper("pdf", "drum notation to print (PDF)", ".drums.pdf", pdf.write),
    _on_paper(
        "musicxml",
        "drum notation for MuseScore and others (MusicXML)",
        ".drums.musicxml",
        musicxml.write,
        endings=(".musicxml",),
    ),
    _on_paper(
        "gp5",
        "drum part for Guitar Pro, TuxGuitar and MuseScore (Guitar Pro 5)",
        ".drums.gp5",
        guitar_pro.write,
    ),
    Format(
        id="html",
        description="a page to hear, see and correct the hits in a browser",
        suffix=".drums.html",
        write=html.write,
        needs=("audio",),
        wants=("activations",),
        options=("drumless",),
        endings=(".html",),
    ),
    Format(
        id="chart",
        description="folder for rhythm games, Clone Hero and YARG (Pro Drums)",
        suffix=".chart",
        write=chart.write,
        read=chart.read,
        needs=("audio", "beats"),
        outputs=chart.outputs,
        purpose=chart.purpose,
        options=("drumless",),
        endings=("notes.mid", ".sng"),
        looks_like=chart.looks_like,
    ),
    Format(
        id="paradiddle",
        description="folder for the drumming game Paradiddle (.rlrr)",
        suffix=".paradiddle",
        write=paradiddle.write,
        read=paradiddle.read,
        needs=("audio", "beats"),
        outputs=paradiddle.files,
        purpose=paradiddle.purpose,
        options=("drumless",),
        endings=(".rlrr",),
    ),
    Format(
        id="srt",
        description="labels as subtitles (SubRip), as Audacity exports them",
        suffix=".srt",
        read=subtitles.read,
        looks_like=subtitles.looks_like_subrip,
        options=LABEL_OPTIONS,
        reader_options=LABEL_READER_OPTIONS,
    ),
    Format(
        id="vtt",
        description="labels as subtitles (WebVTT), as Audacity exports them",
        suffix=".vtt",
        read=subtitles.read,
        looks_like=subtitles.looks_like_webvtt,
        options=LABEL_OPTIONS,
        reader_options=LABEL_READER_OPTIONS,
    ),
    Format(
        id="rx",
        description="marker lists of iZotope RX",
        suffix=".rx.txt",
        read=rx.read,
        looks_like=rx.looks_like,
        options=LABEL_OPTIONS,
        reader_options=LABEL_READER_OPTIONS,
    ),
)
FORMATS: dict[str, Format] = {form.id: form for form in _ALL}
