"""Corrections in the real Audacity come back whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Source
from adt_plugins.base.hashing import sha256
from adt_plugins.transcription import Transcription
from tests.support.audacity.command_line import adt
from tests.support.label_edits import Edit, Edits, make_song

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

pytestmark = pytest.mark.needs_audacity


def write_song(folder: Path, seconds: float) -> tuple[Transcription, Path]:
    """A transcription as JSON, and its recording: quiet noise that grows louder."""
    recording = folder / "song.wav"
    noise = np.random.default_rng(0).standard_normal(round(seconds * 44100)) * 0.1
    soundfile.write(recording, noise * np.linspace(0.1, 1, len(noise)), 44100)
    song = make_song(seconds)
    source = Source(str(recording), sha256(recording), 44100, 1, seconds)
    song = replace(song, source=source)
    path = folder / "song.drums.json"
    formats.write(song, path)
    return formats.read(path), path


class Desk:
    """Carries out edits, each with one command of the pipe."""

    def __init__(self, audacity: Audacity) -> None:
        self._audacity = audacity
        self._names = [track["name"] for track in audacity.info("Tracks")]
        self._order = [self._names[index] for index, _ in audacity.info("Labels")]
        self._labels = {
            self._names[index]: sorted(start for start, *_ in labels)
            for index, labels in audacity.info("Labels")
        }

    def do(self, edit: Edit) -> None:
        name, was = edit.before.home, edit.before.time
        labels = self._labels[name]
        at = min(range(len(labels)), key=lambda i: abs(labels[i] - was))
        if edit.kind == "add":
            self._select(name, edit.after.time, edit.after.time)
            # A label goes to the track that has the focus.
            self._audacity.command("SetTrackStatus: Focused=1")
            self._audacity.command("AddLabel:")
            labels.append(edit.after.time)
            labels.sort()
            return
        if edit.kind == "delete":
            self._select(name, was - 0.002, was + 0.002)
            self._audacity.command("SplitDelete:")
            del labels[at]
            return
        before = sum(
            len(self._labels[n]) for n in self._order[: self._order.index(name)]
        )
        time = edit.after.time
        text = f'Text="{edit.after.text}"' if edit.after.text else ""
        self._audacity.command(
            f"SetLabel: Label={before + at} {text} Start={time:.9f} End={time:.9f}"
        )
        labels[at] = time
        labels.sort()

    def _select(self, name: str, start: float, end: float) -> None:
        track = self._names.index(name)
        self._audacity.command(f"SelectTracks: Track={track} TrackCount=1 Mode=Set")
        self._audacity.command(
            f"SelectTime: Start={start:.9f} End={end:.9f} RelativeTo=ProjectStart"
        )


def test_without_an_edit_nothing_changes(audacity: Audacity, tmp_path: Path) -> None:
    _, path = write_song(tmp_path, 60.0)
    adt(audacity, "convert", "--format", "aup", path)
    audacity.start(tmp_path / "song.drums.aup")
    audacity.tracks(6)
    elsewhere = tmp_path / "some where" / "mine.aup3"
    elsewhere.parent.mkdir()
    audacity.save(elsewhere)
    printed = adt(audacity, "convert", "--format", "json", "-o", tmp_path, elsewhere)
    assert "corrected" not in printed
    assert (tmp_path / "mine.drums.json").read_text() == path.read_text()


@pytest.mark.parametrize("count", [50, pytest.param(500, marks=pytest.mark.slow)])
def test_exactly_the_edits(audacity: Audacity, tmp_path: Path, count: int) -> None:
    song, path = write_song(tmp_path, 30.0 + 0.4 * count)
    adt(audacity, "convert", "--format", "aup", path)
    audacity.start(tmp_path / "song.drums.aup")
    audacity.tracks(6)
    desk, edits = Desk(audacity), Edits(song)
    added = []
    for edit in edits.make(count):
        desk.do(edit)
        added += [edit.after.wanted] if edit.kind == "add" else []
    saved = tmp_path / "corrected.aup3"
    audacity.save(saved)
    printed = adt(audacity, "convert", "--format", "json", saved)
    assert printed.splitlines()[0] == f"{saved}: {count} hits corrected"
    back = formats.read(tmp_path / "corrected.drums.json")
    new = {(o.time, o.drum): o.velocity for o in added}
    differing = {
        onset
        for onset in set(back.onsets) ^ edits.wanted()
        if (onset.time, onset.drum) not in new
    }
    assert differing == set()
    assert (back.beats, back.meters, back.model) == (
        song.beats,
        song.meters,
        song.model,
    )
    assert back.labels == song.labels
    # New hits are measured in the project's sound, which grows louder.
    hits = [o for o in back if (o.time, o.drum) in new]
    assert len(hits) == len(added)
    assert len({o.velocity for o in hits}) > min(10, len(hits) // 2)
