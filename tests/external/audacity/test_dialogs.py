"""Label files through the dialogs of the real Audacity, there and back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Label, Onset
from adt_plugins.drums import Drum
from adt_plugins.transcription import Transcription
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

pytestmark = pytest.mark.needs_audacity

SONG = Transcription(
    (
        Onset(0.125, Drum.KD, 90),
        Onset(0.5000004, Drum.CHH, 7),
        Onset(1.2345678, Drum.SD, 127),
        Onset(3599.9999999, Drum.KD, 1),
        Onset(4000.25, Drum.HIT, 12),
    )
)


def fill_in(audacity: Audacity, command: str, title: str, path: Path) -> None:
    """Choose a command that opens a dialog, and answer with a path."""
    with pytest.raises(Exception, match="no answer"):
        audacity.command(command, timeout=0.1)
    screen = audacity.screen
    screen.wait_window(title)
    time.sleep(0.5)
    screen.keys("ctrl+a")
    screen.do("type", "--delay", "5", str(path))
    screen.keys("Return", pause=0.3)
    audacity.connect(20)


def export(audacity: Audacity, path: Path) -> None:
    """Export all labels, and wait for the file."""
    fill_in(audacity, "ExportLabels:", "Export Labels", path)
    end = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < end, audacity.screen.windows()
        time.sleep(0.05)


def texts(audacity: Audacity) -> list[str]:
    """Return the texts of all labels."""
    return [text for _, labels in audacity.info("Labels") for *_, text in labels]


def test_labels_there_and_back(audacity: Audacity, tmp_path: Path) -> None:
    files = formats.write(
        SONG, tmp_path / "my song.labels.txt", "labels-split", text="name+velocity"
    )
    assert len(files) == 4
    audacity.start()
    for path in files:
        fill_in(audacity, "ImportLabels:", "containing labels", path)
    tracks = audacity.tracks(4)
    # A track is called after its file.
    assert [track["name"] for track in tracks] == [path.stem for path in files]
    assert texts(audacity) == [
        "Kick 90",
        "Kick 1",
        "Snare 127",
        "Closed hi-hat 7",
        "High tom 12",
    ]
    # Corrections: one label is moved, one renamed to something that is no drum.
    audacity.command("SetLabel: Label=0 Start=0.25 End=0.25")
    audacity.command('SetLabel: Label=2 Text="what is this"')
    exported = tmp_path / "all of them.txt"
    export(audacity, exported)
    assert_corrected(exported)
    # And once more, as one track.
    audacity.command("SelectTracks: Track=0 TrackCount=4 Mode=Set")
    audacity.command("RemoveTracks:")
    fill_in(audacity, "ImportLabels:", "containing labels", exported)
    assert len(audacity.info("Labels")) == 1
    assert texts(audacity) == [
        "Kick 90",
        "Closed hi-hat 7",
        "what is this",
        "Kick 1",
        "High tom 12",
    ]


def assert_corrected(exported: Path) -> None:
    """All tracks became one, and nothing says which label was on which."""
    got: list[str] = []
    read = formats.read(exported, warn=got.append)
    assert [(o.drum, o.velocity) for o in read] == [
        (Drum.KD, 90),
        (Drum.CHH, 7),
        (Drum.KD, 1),
        (Drum.HIT, 12),
    ]
    times = [0.25, 0.5000004, 3599.9999999, 4000.25]
    assert [o.time for o in read] == pytest.approx(times, abs=5.1e-7)
    assert read.labels == (Label(1.234568, 1.234568, "what is this"),)
    assert got == [
        f"{exported}: labels that name no drum are kept as labels: 'what is this' (1)"
    ]
