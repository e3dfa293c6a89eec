"""From a song into Audacity, a correction there, and out to MIDI, tablature, paper."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adt_plugins import formats, transcribe
from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription
from tests.support.audacity.command_line import adt
from tests.support.audacity.start import stopping_at_the_end, write_program
from tests.support.recordings import copy_groove

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

pytestmark = pytest.mark.needs_audacity

FORMATS = "json,midi,tab,pdf"
MOVED_S = 0.021


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return copy_groove(tmp_path)


@contextmanager
def watching(audacity: Audacity) -> Iterator[None]:
    command = [sys.executable, "-m", "adt_plugins", "audacity", "watch"]
    with subprocess.Popen(
        command, env=audacity.environment, stdout=subprocess.PIPE, text=True
    ) as watcher:
        assert watcher.stdout is not None
        assert "waiting for Audacity" in watcher.stdout.readline()
        try:
            yield
        finally:
            watcher.terminate()


def correct(audacity: Audacity, mark: str = "") -> tuple[float, float]:
    """Turn a snare into a tom and move a kick; return where both were."""
    tracks = [track["name"] for track in audacity.info("Tracks")]
    before, at = 0, {}
    for index, labels in audacity.info("Labels"):
        at[tracks[index]] = (before, labels)
        before += len(labels)
    first, snares = at[f"Snare{mark}"]
    audacity.command(f'SetLabel: Label={first + 3} Text="Tom"')
    first, kicks = at[f"Kick{mark}"]
    start = kicks[5][0] + MOVED_S
    audacity.command(f"SetLabel: Label={first + 5} Start={start:.9f} End={start:.9f}")
    shot = os.environ.get("ADT_SCREENSHOTS")
    if shot:
        audacity.screen.screenshot(Path(shot) / f"{audacity.home.parent.name}.png")
    return snares[3][0], kicks[5][0]


def check(
    folder: Path, stem: str, whole: Transcription, edits: tuple[float, float]
) -> None:
    """Check that only what was corrected has changed, and that all files are there."""
    pulled = formats.read(folder / f"{stem}.drums.json")
    snare, kick = edits

    def near(drum: Drum, time: float) -> Onset:
        own = (o for o in whole if o.drum is drum)
        return min(own, key=lambda o: abs(o.time - time))

    gone = {near(Drum.SD, snare), near(Drum.KD, kick)}
    key: Any = lambda o: (round(o.time, 6), o.drum, o.velocity, o.confidence)  # noqa: E731
    kept = {key(o) for o in whole if o not in gone}
    assert len(pulled) == len(whole)
    new = {key(o) for o in pulled} - kept
    assert {(drum, velocity) for _, drum, velocity, _ in new} == {
        (Drum.TT, near(Drum.SD, snare).velocity),
        (Drum.KD, near(Drum.KD, kick).velocity),
    }
    notes = formats.read(folder / f"{stem}.drums.mid")
    velocities = sorted(o.velocity for o in notes)
    assert velocities == sorted(o.velocity for o in whole)
    assert len(set(velocities)) > 20
    assert notes.tempo == pytest.approx(104, abs=0.5)
    assert "|" in (folder / f"{stem}.tab.txt").read_text()
    pages = list(folder.glob(f"{stem}*.pdf"))
    assert [page.read_bytes()[:5] for page in pages] == [b"%PDF-"]


def test_open(audacity: Audacity, song: Path, tmp_path: Path) -> None:
    """A project is saved where and as Audacity proposes, and pulled."""
    pids = write_program(tmp_path / "audacity")
    audacity.clear()
    with stopping_at_the_end(pids):
        adt(audacity, "audacity", "open", "--program", tmp_path / "audacity", song)
        audacity.connect()
        audacity.tracks(6)
        edits = correct(audacity)
        audacity.save(audacity.home / "groove.aup3")
        audacity.stop()
    printed = adt(audacity, "audacity", "pull", song, "--format", FORMATS)
    assert printed.startswith("groove: 2 hits corrected\n")
    check(song.parent, "groove", transcribe(song), edits)


def test_the_menu_command(audacity: Audacity, song: Path, tmp_path: Path) -> None:
    adt(audacity, "audacity", "install")
    audacity.start()
    audacity.command(f'Import2: Filename="{song}"')
    with watching(audacity):
        audacity.command(
            "DrumLabelsOnSeparateTracks: drums=all text=short sensitivity=50", 120
        )
    edits = correct(audacity)
    saved = tmp_path / "elsewhere.aup3"
    audacity.save(saved)
    printed = adt(audacity, "convert", saved, "--format", FORMATS)
    assert printed.startswith(f"{saved}: 2 hits corrected\n")
    kept = list((audacity.home / ".local/state/adt-plugins/originals").iterdir())
    (whole,) = (formats.read(path, "json") for path in [_plain(kept[0], tmp_path)])
    check(tmp_path, "elsewhere", whole, edits)


def _plain(original: Path, folder: Path) -> Path:
    import json

    path = folder / "original.json"
    data = json.loads(original.read_text())["transcription"]
    path.write_text(json.dumps(data))
    return path


def test_push_and_pull(audacity: Audacity, song: Path, tmp_path: Path) -> None:
    audacity.start()
    audacity.command(f'Import2: Filename="{song}"')
    audacity.disconnect()
    adt(audacity, "audacity", "push", song)
    audacity.connect()
    edits = correct(audacity, " (adt)")
    audacity.disconnect()
    printed = adt(audacity, "audacity", "pull", song, "--format", FORMATS)
    assert printed.startswith("groove: 2 hits corrected\n")
    check(song.parent, "groove", transcribe(song), edits)
