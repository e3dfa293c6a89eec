"""Both plug-ins in the real Audacity, with the real watcher."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins import transcribe
from adt_plugins.base.folders import asset
from adt_plugins.drums import Drum
from tests.support.audacity.studio import (
    OWN_TRACK,
    Studio,
    time_to_message,
    wait_busy,
    wait_labels,
    wait_message,
)
from tests.support.paths import GROOVE
from tests.support.recordings import HITS, SECONDS, TOLERANCE_S, write_wave
from tests.support.tiny_model import play

if TYPE_CHECKING:
    from tests.support.screen import Screen

NAMES = {"KD": "Kick", "SD": "Snare", "HH": "Hi-hat"}

pytestmark = pytest.mark.needs_audacity


@pytest.fixture(scope="module")
def studio(
    screen: Screen, audacity_profile: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    from tests.support.audacity.program import copy_profile, only_one

    home = tmp_path_factory.mktemp("plugins") / "a user's house"
    audacity = copy_profile(audacity_profile, home, screen)
    studio = Studio(audacity, screen, home)
    done = subprocess.run(
        studio.adt("audacity", "install"),
        env=studio.env,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("wrote ") == 2
    with only_one():
        try:
            audacity.start()
            yield studio
        finally:
            audacity.stop()


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """`HITS` three times over, in several kinds of files."""
    import soxr

    folder = tmp_path_factory.mktemp("songs")
    mono = play([(t + k * SECONDS, d) for k in range(3) for t, d in HITS], 3 * SECONDS)
    stereo = np.stack([mono, mono], axis=1)
    high = soxr.resample(mono, 44100, 48000)
    return {
        "mono": write_wave(folder / "mono.wav", mono),
        "stereo": write_wave(folder / "stereo.wav", stereo),
        "48 kHz": write_wave(folder / "48 kHz.wav", high, 48000),
        "silence": write_wave(folder / "silence.wav", 0 * mono),
        "long": write_wave(folder / "long.wav", np.tile(mono, 40)),
    }


def hits_within(start: float, end: float) -> dict[str, list[float]]:
    hits = [(t + k * SECONDS, d) for k in range(3) for t, d in HITS]
    return {
        name: [t for t, drum in hits if drum == code and start <= t < end]
        for code, name in NAMES.items()
    }


def assert_labels(labels: list[tuple[float, str]], start: float, end: float) -> None:
    assert labels, "no labels"
    for name, wanted in hits_within(start, end).items():
        times = [time for time, text in labels if text == name]
        np.testing.assert_allclose(times, wanted, atol=TOLERANCE_S)
    assert {text for _, text in labels} <= set(NAMES.values())


@pytest.mark.parametrize("kind", ["mono", "stereo", "48 kHz"])
@pytest.mark.parametrize("part", [(0.0, 9.0), (2.3, 7.654321)])
def test_labels_on_a_selection_of_the_second_track(
    studio: Studio,
    songs: dict[str, Path],
    tiny_model: Path,
    kind: str,
    part: tuple[float, float],
) -> None:
    start, end = part
    studio.begin(songs["silence"], songs[kind])
    with studio.watching("--model", tiny_model):
        studio.select(start, end, track=1)
        studio.do("DrumLabelsOnOneTrack: drums=all text=name sensitivity=50")
        labels = studio.labels()
        assert list(labels) == [OWN_TRACK]
        assert_labels(labels[OWN_TRACK], start, end)


def test_labels_lie_before_zero_where_the_sound_does(
    studio: Studio, songs: dict[str, Path], tiny_model: Path
) -> None:
    """Clips can be dragged to before the start of the project; hits go with them."""
    studio.begin(songs["mono"])
    studio.select(0.0, 1.0, track=0)
    studio.do("SetClip: At=0.5 Start=-2.25")
    info = studio.audacity.info("Tracks")[0]
    assert info["start"] == -2.25
    studio.select(-2.25, 3.0, track=0)
    with studio.watching("--model", tiny_model):
        studio.do("DrumLabelsOnSeparateTracks: drums=all text=name sensitivity=50")
    labels = studio.labels()
    for name, wanted in hits_within(0.0, 5.25).items():
        times = [time for time, _ in labels[name]]
        np.testing.assert_allclose(times, np.array(wanted) - 2.25, atol=TOLERANCE_S)


@pytest.mark.parametrize("kind", ["mono", "stereo", "48 kHz"])
def test_one_track_a_drum(
    studio: Studio, songs: dict[str, Path], tiny_model: Path, kind: str
) -> None:
    studio.begin(songs["silence"], songs[kind])
    studio.select(1.0, 4.0, track=0)
    studio.do("AddLabel:")  # the user's own
    start, end = 2.3, 7.654321
    with studio.watching("--model", tiny_model):
        studio.select(start, end, track=1)
        studio.do("DrumLabelsOnSeparateTracks: drums=all text=name sensitivity=50")
        labels = {**studio.labels(), OWN_TRACK: []}
        assert list(labels) == [OWN_TRACK, "Kick", "Snare", "Hi-hat"]
        for name, wanted in hits_within(start, end).items():
            assert [text for _, text in labels[name]] == [name] * len(wanted)
            times = [time for time, _ in labels[name]]
            np.testing.assert_allclose(times, wanted, atol=TOLERANCE_S)
        tracks = studio.audacity.info("Tracks")
        assert [t["name"] for t in tracks if t["selected"]] == [Path(songs[kind]).stem]
        # The selection has not changed: the other command finds the same.
        studio.do("DrumLabelsOnOneTrack: drums=all text=name sensitivity=50")
        assert_labels(studio.labels()["Labels 2"], start, end)
        studio.do("Undo:")
        names = [track["name"] for track in studio.audacity.info("Tracks")]
        assert names == ["silence", Path(songs[kind]).stem, OWN_TRACK]
        assert studio.audacity.info("Labels")[0][1] == [[1, 4, ""]]
    assert [path.name for path in studio.exchange.iterdir()] == ["watch.lock"]


def test_two_tracks_at_once(
    studio: Studio, songs: dict[str, Path], tiny_model: Path
) -> None:
    studio.begin(songs["mono"], songs["stereo"])
    with studio.watching("--model", tiny_model):
        studio.select(3.0, 6.0, track=0, count=2)
        studio.do("DrumLabelsOnOneTrack: drums=all text=name sensitivity=50")
    (labels,) = studio.labels().values()
    assert_labels(sorted(labels)[::2], 3.0, 6.0)
    assert_labels(sorted(labels)[1::2], 3.0, 6.0)


def test_controls(studio: Studio, songs: dict[str, Path], tiny_model: Path) -> None:
    studio.begin(songs["mono"])
    with studio.watching("--model", tiny_model):
        studio.select(0.0, 9.0)
        studio.do(
            "DrumLabelsOnSeparateTracks: drums=basic text=velocity sensitivity=50"
        )
        texts = {text for labels in studio.labels().values() for _, text in labels}
        assert texts
        assert all(re.fullmatch(r"(Kick|Snare|Hi-hat) \d+", text) for text in texts)
        studio.begin(songs["mono"])
        studio.select(0.0, 9.0)
        studio.do("DrumLabelsOnOneTrack: drums=snare text=note sensitivity=50")
        (labels,) = studio.labels().values()
        assert {text for _, text in labels} == {"38"}
        times = [time for time, _ in labels]
        np.testing.assert_allclose(times, hits_within(0, 9)["Snare"], atol=TOLERANCE_S)
        # The threshold is so low that the end of a hit is picked as one more.
        studio.do("DrumLabelsOnOneTrack: drums=snare text=note sensitivity=80")
        assert len(studio.labels()["Labels 2"]) > len(times)


def test_the_dialog(
    studio: Studio, songs: dict[str, Path], tiny_model: Path, tmp_path: Path
) -> None:
    studio.begin(songs["mono"])
    studio.select(3.0, 9.0)
    screen = studio.screen
    with studio.watching("--model", tiny_model):
        # Our command is the last of the menu.
        screen.keys("alt+a", "Up", "Return")
        dialog = screen.wait_window("^Drum Labels on One Track$")
        time.sleep(0.5)
        screen.screenshot(tmp_path / "dialog.png")
        screen.click(dialog, -50, 22)  # Apply
        wait_labels(studio)
        (labels,) = studio.labels().values()
        assert_labels(labels, 3.0, 9.0)
        # With nothing selected the other command takes the whole project, with what
        # lies before its start.
        studio.begin(songs["silence"], songs["mono"])
        studio.select(0.0, 1.0, track=1)
        studio.do("SetClip: At=0.5 Start=-2.25")
        # A label that is being edited is in the way of Audacity's "Select All".
        studio.do("AddLabel:", "SelectNone:")
        screen.keys("alt+o", "Up", "Return")
        dialog = screen.wait_window("^Drum Labels on Separate Tracks$")
        time.sleep(0.5)
        screen.click(dialog, -50, 22)
        wait_labels(studio, 4)
        tracks = studio.labels()
        assert list(tracks) == [OWN_TRACK, "Kick", "Snare", "Hi-hat"]
        for name, wanted in hits_within(0, 9).items():
            times = [time for time, _ in tracks[name]]
            np.testing.assert_allclose(times, np.array(wanted) - 2.25, atol=TOLERANCE_S)


@pytest.mark.parametrize(
    "name", ["Drum Labels on One Track", "Drum Labels on Separate Tracks"]
)
@pytest.mark.parametrize("left", ["nothing", "an old folder"])
def test_without_a_watcher_it_says_so_within_two_seconds(
    studio: Studio, songs: dict[str, Path], tmp_path: Path, name: str, left: str
) -> None:
    studio.begin(songs["mono"])
    studio.select(3.0, 9.0)
    old = studio.exchange.with_name("old")
    if left == "nothing" and studio.exchange.exists():
        studio.exchange.rename(old)
    try:
        seconds = time_to_message(studio, name)
    finally:
        if old.exists():
            old.rename(studio.exchange)
    studio.screen.screenshot(tmp_path / "message.png")
    studio.screen.keys("Return")
    assert seconds < 2.0
    studio.audacity.connect()
    assert studio.labels() == {}


@pytest.mark.parametrize(
    "name", ["Drum Labels on One Track", "Drum Labels on Separate Tracks"]
)
def test_watcher_killed_in_the_middle(
    studio: Studio, songs: dict[str, Path], tiny_model: Path, name: str
) -> None:
    studio.begin(songs["long"])
    studio.select(0, 360)
    command = name.replace(" ", "") + ":"
    with studio.watching("--model", tiny_model) as watcher:
        with pytest.raises(Exception, match="no answer"):
            studio.audacity.command(command, timeout=0.01)
        wait_busy(studio)
        watcher.kill()
    begin = time.monotonic()
    wait_message(studio, name)
    assert time.monotonic() - begin < 12
    studio.screen.keys("Return")
    studio.audacity.connect()
    # The next one serves, and has cleaned up.
    with studio.watching("--model", tiny_model):
        studio.select(3.0, 9.0)
        studio.do("DrumLabelsOnOneTrack: drums=all text=name sensitivity=50")
        (labels,) = studio.labels().values()
        assert_labels(labels, 3.0, 9.0)
    assert [path.name for path in studio.exchange.iterdir()] == ["watch.lock"]


def test_watcher_restarted_in_the_middle(
    studio: Studio, songs: dict[str, Path], tiny_model: Path
) -> None:
    studio.begin(songs["long"])
    studio.select(0, 360)
    with studio.watching("--model", tiny_model) as watcher:
        with pytest.raises(Exception, match="no answer"):
            studio.audacity.command("DrumLabelsOnOneTrack:", timeout=0.01)
        wait_busy(studio)
        watcher.kill()
    with studio.watching("--model", tiny_model):
        wait_message(studio, "Drum Labels on One Track")
        studio.screen.keys("Return")
        studio.audacity.connect()
        assert studio.labels() == {}


@pytest.mark.parametrize(
    "command", ["DrumLabelsOnOneTrack", "DrumLabelsOnSeparateTracks"]
)
def test_the_example_with_the_shipped_model(studio: Studio, command: str) -> None:
    """For a part of the song it finds what `transcribe` finds in that sound."""
    start, end = 4.0, 16.0
    # The plug-ins send a second more, for what sounds before, and no more than that.
    samples, rate = soundfile.read(GROOVE, dtype="float32")
    part = samples[round((start - 1) * rate) : round(end * rate)]
    song = transcribe((part, rate)).shifted(start - 1).between(start, end)
    assert {Drum.KD, Drum.SD, Drum.HH} <= {drum.coarse for drum in song.counts()}
    studio.begin(GROOVE)
    with studio.watching():
        studio.select(start, end)
        studio.do(f"{command}: drums=all text=name sensitivity=50")
    tracks_now = studio.labels()
    labels = [label for track in tracks_now.values() for label in track]
    other = 0
    for drum in Drum:
        times = np.array([t for t, text in labels if text == drum.full_name])
        other += unmatched(times, song.times(drum)) + unmatched(song.times(drum), times)
    # Audacity exports 16 bits with dither, which is another each time: times differ
    # a little, and a hit just at its threshold comes or goes.
    assert other <= 2
    assert abs(len(labels) - len(song)) <= 2
    if command == "DrumLabelsOnSeparateTracks":
        # A drum whose only hit comes or goes may have a track or not.
        tracks = [drum.full_name for drum in Drum if drum.full_name in tracks_now]
        assert list(tracks_now) == tracks
        names = {drum.full_name for drum in song.counts()}
        assert len(names.symmetric_difference(tracks_now)) <= other


def unmatched(times: NDArray[np.float64], others: NDArray[np.float64]) -> int:
    """Count the times that have no counterpart within 2 ms."""
    return sum(bool(np.all(abs(others - time) > 2e-3)) for time in times)


def test_muted_tracks(studio: Studio, songs: dict[str, Path], tiny_model: Path) -> None:
    """An export leaves muted tracks out; labels can be made of them all the same."""
    studio.begin(songs["mono"])
    studio.select(3.0, 9.0)
    studio.do("SetTrackAudio: Mute=1")
    with studio.watching("--model", tiny_model):
        studio.do("DrumLabelsOnOneTrack: drums=all text=name sensitivity=50")
        (labels,) = studio.labels().values()
        assert_labels(labels, 3.0, 9.0)


def test_what_both_plugins_share_is_the_same() -> None:
    parts = [
        re.findall(
            r"^;;; ---- From here.*^;;; ---- To here\. ----$|^\$control.*?\n\n",
            asset("audacity", name).read_text(encoding="ascii"),
            re.DOTALL | re.MULTILINE,
        )
        for name in ("drum-labels.ny", "drum-label-tracks.ny")
    ]
    # Texts are short on tracks that are named after a drum.
    assert parts[1][0].replace('(_ "Short"))) 3', '(_ "Short"))) 0') == parts[0][0]
    assert parts[0][1:] == parts[1][1:]
    assert len(parts[0]) == 2


@pytest.fixture(scope="module")
def memo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dictating machine's file gives the project its rate."""
    path = tmp_path_factory.mktemp("memo") / "memo.wav"
    return write_wave(path, np.zeros(8000, np.float32), 8000)


@pytest.mark.parametrize(
    "command", ["DrumLabelsOnOneTrack", "DrumLabelsOnSeparateTracks"]
)
def test_a_project_with_the_rate_of_a_memo(
    studio: Studio, songs: dict[str, Path], memo: Path, command: str, tiny_model: Path
) -> None:
    studio.begin()
    studio.do("SetProject: Rate=8000")
    studio.do(f'Import2: Filename="{memo}"', f'Import2: Filename="{songs["stereo"]}"')
    with studio.watching("--model", tiny_model):
        studio.select(2.3, 7.6, track=1)
        studio.do(f"{command}: drums=all text=name sensitivity=50")
        labels = [label for track in studio.labels().values() for label in track]
        assert_labels(sorted(labels), 2.3, 7.6)
    # The project's rate has not changed.
    exported = studio.home / f"{command}.wav"
    studio.do(f'Export2: Filename="{exported}" NumChannels=1')
    assert exported.read_bytes()[24:28] == (8000).to_bytes(4, "little")
