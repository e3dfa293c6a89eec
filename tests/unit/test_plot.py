"""Pictures of transcriptions: what is drawn where, and that it reaches the pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.base.hashing import sha256
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.transcription import Transcription

RATE = 44100


@pytest.fixture
def axes() -> Iterator[Any]:
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is missing")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3), dpi=100)
    yield axes
    pyplot.close(figure)


@pytest.fixture
def song(tmp_path: Path) -> Transcription:
    """Silence, then a second of a tone; two bars of kick and snare."""
    path = tmp_path / "song.wav"
    tone = 0.5 * np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)
    soundfile.write(path, np.concatenate([np.zeros(3 * RATE), tone]), RATE)
    hits = [Onset(n * 0.5, (Drum.KD, Drum.SD)[n % 2], 127 - 60 * (n % 2))
            for n in range(8)]  # fmt: skip
    return Transcription(
        tuple(hits),
        tuple(Beat(n * 0.5, n % 4 + 1) for n in range(8)),
        Source(str(path), sha256(path), RATE, 1, 4.0),
    )


def lanes(axes: Any) -> dict[str, list[tuple[float, float]]]:
    """Times and lengths of the hits of each lane, by its name."""
    from matplotlib.collections import LineCollection

    names = [label.get_text() for label in axes.get_yticklabels()]
    drawn: dict[str, list[tuple[float, float]]] = {}
    for lines in axes.collections:
        if isinstance(lines, LineCollection):
            for segment in lines.get_segments():
                (time, low), (_, high) = segment
                lane = names[round((low + high) / 2)]
                drawn.setdefault(lane, []).append((time, high - low))
    return drawn


def test_lanes_hold_the_hits(song: Transcription, axes: Any) -> None:
    assert song.plot(axes) is axes
    drawn = lanes(axes)
    assert list(drawn) == ["Kick", "Snare"]  # from below
    assert [time for time, _ in drawn["Kick"]] == [0.0, 1.0, 2.0, 3.0]
    assert [time for time, _ in drawn["Snare"]] == [0.5, 1.5, 2.5, 3.5]
    # As long as they are hard.
    assert drawn["Snare"][0][1] / drawn["Kick"][0][1] == pytest.approx(67 / 127)
    assert axes.get_xlim() == (0.0, 4.0)


def test_beats_are_lines_and_downbeats_have_numbers(
    song: Transcription, axes: Any
) -> None:
    song.plot(axes)
    assert [line.get_xdata()[0] for line in axes.lines] == [n * 0.5 for n in range(8)]
    widths = [line.get_linewidth() for line in axes.lines]
    assert widths[0] == widths[4] > max(widths[1:4] + widths[5:])
    numbers = [(text.get_position()[0], text.get_text()) for text in axes.texts]
    assert numbers == [(0.0, " 1"), (2.0, " 2")]


def test_a_part(song: Transcription, axes: Any) -> None:
    song.plot(axes, start=1.0, end=2.25)
    assert [time for time, _ in lanes(axes)["Kick"]] == [1.0, 2.0]
    assert axes.get_xlim() == (1.0, 2.25)
    assert [text.get_text() for text in axes.texts] == [" 2"]


def test_the_waveform_is_where_the_sound_is(song: Transcription, axes: Any) -> None:
    song.plot(axes)
    figure = axes.figure
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
    grey = (abs(pixels - 153).max(axis=2) < 3).sum(axis=0)
    bottom = pixels.shape[0]
    (tone, _), (silence, _) = (axes.transData.transform((at, 0)) for at in (3.7, 2.7))
    assert grey[int(tone)] > 0.1 * bottom
    assert grey[int(silence)] < 0.02 * bottom


def test_without_the_recording_the_rest_is_drawn(
    song: Transcription, axes: Any
) -> None:
    assert song.source.path is not None
    Path(song.source.path).unlink()
    song.plot(axes)
    assert len(lanes(axes)["Kick"]) == 4
    with pytest.raises(AdtError, match="no such file"):
        song.plot(axes, audio=song.source.path)


def test_nothing_to_draw(axes: Any) -> None:
    Transcription().plot(axes)
    assert lanes(axes) == {}
