"""A picture and a table of a transcription, for places where no editor runs."""

from __future__ import annotations

import html

from adt_plugins.drums import Drum
from adt_plugins.editor.html_page import base64_text
from adt_plugins.transcription import Transcription

_WIDTH, _LANE, _LEFT, _FOOT = 960, 26, 110, 18
COLOURS = {
    Drum.KD: "#c8500f",
    Drum.SD: "#1273b4",
    Drum.HH: "#967400",
    Drum.TT: "#00805f",
    Drum.CY: "#a9477f",
    Drum.OT: "#5c6674",
}


def static_html(transcription: Transcription, title: str, note: str) -> str:
    """Return HTML without scripts: a picture of all hits, and their counts.

    Parameters
    ----------
    transcription
        The transcription to show.
    title, note
        Texts to show.
    """
    picture = base64_text(_svg(transcription).encode())
    counts = transcription.counts()
    rows = "".join(
        f"<tr><td>{html.escape(drum.full_name)}</td><td>{drum.value}</td>"
        f"<td>{count}</td></tr>"
        for drum, count in counts.items()
    )
    total = sum(counts.values())
    hits = "1 hit" if total == 1 else f"{total} hits"
    return (
        f"<p><b>{html.escape(title)}</b>: {hits}. {html.escape(note)}</p>"
        f'<img alt="The hits of {html.escape(title)}, drum by drum"'
        f' src="data:image/svg+xml;base64,{picture}" style="max-width:100%">'
        f"<table><thead><tr><th>Drum</th><th>Code</th><th>Hits</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _svg(transcription: Transcription) -> str:
    lanes = list(transcription.counts())
    end = _end(transcription)
    height = _LANE * len(lanes) + _FOOT
    scale = (_WIDTH - _LEFT - 8) / end

    def x(time: float) -> str:
        return f"{_LEFT + time * scale:.1f}"

    bars = "".join(
        f"M{x(beat.time)} 0V{_LANE * len(lanes)}"
        for beat in transcription.beats
        if beat.position == 1
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<path d="{bars}" stroke="#d9dee5"/>',
    ]
    for lane, drum in enumerate(lanes):
        foot = _LANE * (lane + 1) - 3
        hits = "".join(
            f"M{x(onset.time)} {foot}v-{max(onset.velocity / 127 * 20, 2):.0f}"
            for onset in transcription.onsets
            if onset.drum == drum
        )
        colour = COLOURS[drum.coarse]
        parts.append(
            f'<path d="M{_LEFT} {foot + 0.5}H{_WIDTH - 8}" stroke="#e5e9ee"/>'
            f'<path d="{hits}" stroke="{colour}" stroke-width="1.5"/>'
            f'<text x="6" y="{foot - 5}" fill="{colour}">{drum.full_name}</text>'
        )
    for k in range(11):
        time = end * k / 10
        parts.append(
            f'<text x="{x(time)}" y="{height - 4}" fill="#5d6877" font-size="10"'
            f' text-anchor="middle">{int(time // 60)}:{time % 60:04.1f}</text>'
        )
    return "".join([*parts, "</svg>"])


def _end(transcription: Transcription) -> float:
    """Return the seconds that the picture covers."""
    last = [onset.time + 0.5 for onset in transcription.onsets]
    return max(transcription.source.duration or 0.0, *last, 1.0)
