"""Push and pull, with the real Audacity."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from adt_plugins.annotations import Beat, Label, Onset
from adt_plugins.audacity.late_mp3 import shown_late
from adt_plugins.audacity.pull import is_rounded, pull_audio, pull_labels
from adt_plugins.audacity.push import push
from adt_plugins.audacity.script_pipe import Pipe
from adt_plugins.audacity.script_pipe_channel import PipeError
from adt_plugins.base.files import OutputExistsError
from adt_plugins.drums import Drum
from adt_plugins.formats import read as read_transcription
from adt_plugins.labels.tracks import transcription_of
from adt_plugins.transcription import Transcription
from tests.support.recordings import HITS, SECONDS, write_wave
from tests.support.tiny_model import play

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity

pytestmark = pytest.mark.needs_audacity

SONG = Transcription(
    onsets=tuple(
        Onset(k + shift, drum, 100)
        for k in range(5)
        for shift, drum in ((0.125, Drum.KD), (0.5000003, Drum.SD))
    )
)


@contextlib.contextmanager
def connected(audacity: Audacity) -> Iterator[Pipe]:
    """Connect our client while the test's own is disconnected."""
    audacity.disconnect()
    try:
        with Pipe(30) as pipe:
            yield pipe
    finally:
        audacity.connect()


@pytest.fixture
def user_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what the package writes for itself out of the real home."""
    home = tmp_path / "state"
    monkeypatch.setenv("ADT_PLUGINS_HOME", str(home))
    return home


def rename(audacity: Audacity, track: int, name: str) -> None:
    audacity.command(f"SelectTracks: Track={track} TrackCount=1 Mode=Set")
    audacity.command(f'SetTrackStatus: Name="{name}"')


def left_in(state: Path) -> set[str]:
    """Return the files that are left, without the record of written files."""
    noted = {"written.lock", "written.sqlite"}
    return {path.name for path in state.iterdir()} - noted


def track_names(audacity: Audacity) -> list[str]:
    return [track["name"] for track in audacity.info("Tracks")]


def test_push_replaces_its_own_tracks_alone(
    audacity: Audacity, user_state: Path, tmp_path: Path
) -> None:
    song = write_wave(tmp_path / "song.wav", play(HITS, SECONDS))
    audacity.start()
    audacity.command(f'Import2: Filename="{song}"')
    audacity.command("SelectTime: Start=1 End=2 RelativeTo=ProjectStart")
    audacity.command("AddLabel:")
    rename(audacity, 1, "Kick")
    with connected(audacity) as pipe:
        first = push(pipe, SONG, "name+velocity")
        assert first.added == ("Kick (adt)", "Snare (adt)")
        assert first.removed == ()
        tracks = pull_labels(pipe)
    assert track_names(audacity) == ["song", "Kick", "Kick (adt)", "Snare (adt)"]
    assert [track.name for track in tracks] == ["Kick", "Kick", "Snare"]
    assert tracks[0].labels == (Label(1.0, 2.0, ""),)
    assert [x.text for x in tracks[1].labels] == ["Kick 100"] * 5
    assert [x.start for x in tracks[2].labels] == pytest.approx(
        [k + 0.5 for k in range(5)], abs=1e-5
    )
    # A track that the user has renamed is the user's.
    rename(audacity, 3, "My snare")
    audacity.command("SelectTracks: Track=0 TrackCount=1 Mode=Set")
    with connected(audacity) as pipe:
        second = push(pipe, SONG.only(["SD"]))
    assert second.added == ("Snare (adt)",)
    assert second.removed == ("Kick (adt)",)
    assert track_names(audacity) == ["song", "Kick", "My snare", "Snare (adt)"]
    selected = [t["name"] for t in audacity.info("Tracks") if t["selected"]]
    assert selected == ["song"]
    # An empty transcription leaves none of ours.
    with connected(audacity) as pipe:
        assert push(pipe, Transcription()).removed == ("Snare (adt)",)
    assert track_names(audacity) == ["song", "Kick", "My snare"]
    assert left_in(user_state) == set()


def test_exact_times_and_odd_names(
    audacity: Audacity, user_state: Path, tmp_path: Path
) -> None:
    """What is pushed, saved and read again has not changed."""
    odd = Transcription(
        onsets=(Onset(1234.56789012345, Drum.CHC, 3), Onset(0.1, Drum.KD, 127)),
        beats=(Beat(0.1, 1), Beat(0.6, 2)),
        labels=(Label(1.0, 2.0, 'say "ah" <&> \u05d0 🥁\t.', 'his "own" <&>'),),
    )
    audacity.start()
    with connected(audacity) as pipe:
        push(pipe, odd, "name+velocity")
        tracks = pull_labels(pipe)
        assert is_rounded(tracks)
    path = tmp_path / "saved.aup3"
    audacity.save(path)
    warnings: list[str] = []
    back = read_transcription(path, warn=warnings.append)
    assert back.onsets == tuple(Onset(o.time, o.drum, o.velocity) for o in odd.onsets)
    assert [(b.time, b.position) for b in back.beats] == [(0.1, 1), (0.6, 2)]
    (label,) = back.labels
    assert (label.start, label.end) == (1.0, 2.0)
    assert label.text == odd.labels[0].text
    pulled = transcription_of(tracks, warn=warnings.append)
    assert [o.drum for o in pulled.onsets] == [Drum.KD, Drum.CHC]
    assert pulled.onsets[1].time == pytest.approx(1234.5679, abs=5.1e-3)


BACKSLASHES = ["a\\b", "end\\", 'x\\"y', 'ends", ["', 'C:\\new "x\\"', "\\u0041"]


def test_backslashes_come_and_go(
    audacity: Audacity, user_state: Path, tmp_path: Path
) -> None:
    """Audacity puts a backslash before a quotation mark, and before nothing else."""
    names = [f"N{text}" for text in BACKSLASHES]
    labels = [
        Label(n, n, text, name) for name in names for n, text in enumerate(BACKSLASHES)
    ]
    audacity.start()
    whole = Transcription((Onset(0.5, Drum.KD),), labels=tuple(labels))
    with connected(audacity) as pipe:
        for _ in range(2):  # what is there already does not break it either
            push(pipe, whole)
        tracks = {track.name: track.labels for track in pull_labels(pipe)}
    assert sorted(tracks) == sorted(["Kick", *names])
    for name in names:
        assert [label.text for label in tracks[name]] == BACKSLASHES


@pytest.mark.parametrize("rate", [44100, 22050])
def test_an_mp3_that_is_shown_late(
    audacity: Audacity, user_state: Path, tmp_path: Path, rate: int
) -> None:
    """Audacity 3.2 shows all of it 1105 samples late: the labels lie on the sound."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is missing")
    wave = write_wave(tmp_path / "wave.wav", play(HITS, SECONDS))
    song = tmp_path / "song.mp3"
    command = [ffmpeg, "-v", "error", "-i", str(wave), "-ar", str(rate), str(song)]
    subprocess.run(command, check=True)
    audacity.start()
    audacity.command(f'Import2: Filename="{song}"')
    with connected(audacity) as pipe:
        late = shown_late(pipe, song)
        assert late == pytest.approx(1105 / rate)
        assert shown_late(pipe, wave) == shown_late(pipe, None) == 0.0
        push(pipe, Transcription((Onset(0.5, Drum.KD),)), offset=late)
        tracks = pull_labels(pipe)
        assert tracks[0].labels[0].start == pytest.approx(0.5 + late, abs=1e-5)
        back = pull_labels(pipe, late=late)
        assert back[0].labels[0].start == pytest.approx(0.5, abs=1e-5)
        # Where the track is as long as the sound it is shown at its times.
        exported = pull_audio(pipe, tmp_path / "late.wav")
    samples, _ = soundfile.read(exported)
    original, _ = soundfile.read(wave)
    shift = np.argmax(np.correlate(samples[:60000], original[:40000], "valid"))
    assert shift / 44100 == pytest.approx(late, abs=0.002)
    audacity.command("SelectTracks: Track=0 TrackCount=100 Mode=Set")
    audacity.command("RemoveTracks:")
    audacity.command(f'Import2: Filename="{wave}"')
    with connected(audacity) as pipe:
        assert shown_late(pipe, song) == 0.0


def test_labels_before_zero(
    audacity: Audacity, user_state: Path, tmp_path: Path
) -> None:
    """Early labels are pushed to where they belong, with a notice, and come back."""
    audacity.start()
    with connected(audacity) as pipe:
        push(pipe, SONG, offset=-1.25)
        warnings: list[str] = []
        pulled = pull_labels(pipe, warn=warnings.append)
    assert warnings == ["3 labels lie before 0 s and are left out"]
    assert [label.start for label in pulled[1].labels] == pytest.approx(
        [k + 0.5 - 1.25 for k in range(1, 5)], abs=1e-5
    )
    labels = audacity.info("Labels")
    assert [label[0] for label in labels[0][1]][:2] == [-1.125, -0.125]
    path = tmp_path / "saved.aup3"
    audacity.save(path)
    back = read_transcription(path, warn=warnings.append)
    assert warnings[1] == f"{path}: {warnings[0]}"
    assert len(back) == sum(len(track.labels) for track in pulled) == 7


@pytest.mark.parametrize("channels", [1, 2])
def test_audio_comes_out(
    audacity: Audacity, user_state: Path, tmp_path: Path, channels: int
) -> None:
    mono = play(HITS, SECONDS, 0.4)
    samples = mono if channels == 1 else np.stack([mono, mono[::-1]], axis=1)
    song = write_wave(tmp_path / "song.wav", samples)
    target = tmp_path / 'out "quoted" ü.wav'
    audacity.start()
    with connected(audacity) as pipe, pytest.raises(PipeError, match="no audio"):
        pull_audio(pipe, target)
    assert not target.exists()
    audacity.command(f'Import2: Filename="{song}"')
    audacity.command("SelectTime: Start=1 End=1.5 RelativeTo=ProjectStart")
    audacity.command("AddLabel:")  # being edited, it is in the way of SelectAll
    with connected(audacity) as pipe:
        assert pull_audio(pipe, target) == target
        assert pull_audio(pipe, target) == target  # as it was written, it may be again
        whole = target.read_bytes()
        target.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(OutputExistsError):
            pull_audio(pipe, target)
        target.write_bytes(whole)
    out, rate = soundfile.read(target, always_2d=True)
    assert rate == 44100
    assert out.shape == (len(mono), channels)
    np.testing.assert_allclose(out, samples.reshape(len(mono), channels), atol=2e-3)
    assert left_in(user_state) == set()
    # A memo of 8 kHz leaves the project like this if it was the first file in it.
    audacity.command("SetProject: Rate=8000")
    low = tmp_path / "low.wav"
    with connected(audacity) as pipe:
        pull_audio(pipe, low)
        again = tmp_path / "again.wav"
        pipe.command(f'Export2: Filename="{again}" NumChannels=1')
    assert soundfile.info(low).samplerate == 44100
    assert soundfile.info(again).samplerate == 8000


def test_a_dialog_in_the_way(audacity: Audacity, user_state: Path) -> None:
    audacity.start()
    with pytest.raises(Exception, match="no answer"):
        # Without tracks this opens a message.
        audacity.command("Amplify:", timeout=2)
    audacity.disconnect()
    begin = time.monotonic()
    with pytest.raises(PipeError, match="a dialog is open in its window"):
        Pipe(3)
    assert time.monotonic() - begin < 6
    audacity.screen.keys("Return")
    with Pipe(10) as pipe:
        assert push(pipe, SONG).added == ("Kick (adt)", "Snare (adt)")
    audacity.connect()
    assert track_names(audacity) == ["Kick (adt)", "Snare (adt)"]


def adt(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "adt_plugins", "audacity", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_commands(
    audacity: Audacity, user_state: Path, tmp_path: Path, tiny_model: Path
) -> None:
    song = write_wave(tmp_path / "song.wav", play(HITS, SECONDS))
    without = adt("push", song)
    assert without.returncode == 2
    assert "mod-script-pipe to Enabled" in without.stderr
    audacity.start()
    audacity.command(f'Import2: Filename="{song}"')
    audacity.disconnect()
    pushed = adt("push", song, "--model", tiny_model, "--label-text", "note")
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout == "new: Kick (adt), Snare (adt), Hi-hat (adt)\n"
    assert "starts at" not in pushed.stderr
    pulled = adt("pull", tmp_path / "out", "--format", "json,labels", "--audio")
    assert pulled.returncode == 0, pulled.stderr
    assert pulled.stdout.splitlines() == [
        str(tmp_path / f"out{end}") for end in (".wav", ".drums.json", ".labels.txt")
    ]
    back = read_transcription(tmp_path / "out.drums.json")
    assert [str(o.drum.coarse) for o in back] == [
        drum
        for _, drum in sorted(HITS, key=lambda hit: (hit[0], "KSH".index(hit[1][0])))
    ]
    assert_changes_are_kept(tmp_path / "out")
    replaced = adt(
        "push", tmp_path / "out.drums.json", "--drums", "KD", "--offset", "1"
    )
    assert replaced.stdout.splitlines() == [
        "new: Kick (adt)",
        "replaced: Kick (adt), Snare (adt), Hi-hat (adt)",
    ]
    audacity.connect()
    assert track_names(audacity) == ["song", "Kick (adt)"]
    kicks = [t + 1 for t, drum in HITS if drum == "KD"]
    ((_, labels),) = audacity.info("Labels")
    assert [start for start, _, _ in labels] == pytest.approx(kicks, abs=0.03)
    # A clip that was dragged elsewhere is told, unless it was trimmed too.
    audacity.command("SetClip: At=1.0 Start=2.5")
    audacity.disconnect()
    moved = adt("push", song, "--model", tiny_model, "--drums", "KD")
    assert "its track starts at 2.5 s in Audacity" in moved.stderr
    assert "--offset 2.5 puts them there" in moved.stderr
    moved = adt("push", song, "--model", tiny_model, "--offset", "2.5")
    assert "starts at" not in moved.stderr
    audacity.connect()
    audacity.command("SelectTime: Start=3 End=4 RelativeTo=ProjectStart")
    audacity.command("SelectTracks: Track=0 TrackCount=1 Mode=Set")
    audacity.command("Trim:")
    audacity.disconnect()
    trimmed = adt("push", song, "--model", tiny_model)
    assert "starts at" not in trimmed.stderr
    audacity.connect()


def assert_changes_are_kept(song: Path) -> None:
    """Labels that a user has changed are not written over unasked."""
    labels = song.with_name(f"{song.name}.labels.txt")
    labels.write_text(labels.read_text().upper() + "9\t9\tmine\n")
    again = adt("pull", song)  # labels.txt is not among what is written
    assert again.returncode == 0
    again = adt("pull", song, "--format", "labels")
    assert again.returncode == 2
    assert "has been changed since it was written" in again.stderr
