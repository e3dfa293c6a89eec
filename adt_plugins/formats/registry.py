"""All formats, in the order in which they are listed.

A new format is a module in this folder with a `Format`, and a line in `FORMATS`.
"""

from __future__ import annotations

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
from adt_plugins.formats.format import Format

FORMATS: dict[str, Format] = {
    form.id: form
    for form in (
        json.JSON,
        labels.LABELS,
        labels.LABELS_SPLIT,
        midi.MIDI,
        csv.CSV,
        adtlib.ADTLIB,
        audacity_project.AUP,
        reaper.REAPER,
        sonic_visualiser.SONIC_VISUALISER,
        jams.JAMS,
        click.CLICK,
        tab.TAB,
        pdf.PDF,
        musicxml.MUSICXML,
        guitar_pro.GUITAR_PRO,
        html.HTML,
        chart.CHART,
        paradiddle.PARADIDDLE,
        subtitles.SUBRIP,
        subtitles.WEBVTT,
        rx.RX,
    )
}
