"""``adt split``: the command, its files and its report."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import load
from adt_plugins.audio.sound_file import SoundWriter
from adt_plugins.cli import main
from tests.support.drum_tracks import HITS, RATE, chords, drum_track

OUTPUTS = ["song.drumless.flac", "song.drums.flac"]


def run(*arguments: object) -> int:
    return main(["split", *map(str, arguments)])


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    hits = HITS.between(0, 3)
    soundfile.write(path, drum_track(hits, RATE, 3) + chords(RATE, 3), RATE)
    hits.save(tmp_path / "hits.json")
    return path


def whole(path: Path) -> np.ndarray:
    samples: np.ndarray = soundfile.read(path, dtype="int16")[0]
    return samples.astype(int)


def test_a_song_is_split_by_the_hits_of_a_file(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hits = song.with_name("hits.json")
    assert run(song, "--from", hits, "--by-drum") == 0
    printed = capsys.readouterr().out
    assert "song: 12 hits: 6 hi-hat, 3 kick, 3 snare taken out" in printed
    assert "to play along with" in printed
    folder = song.parent
    drumless, drums = (whole(folder / name) for name in OUTPUTS)
    np.testing.assert_array_equal(drumless + drums, whole(song))
    parts = [whole(folder / f"song.drums.{drum}.flac") for drum in ("KD", "SD", "HH")]
    np.testing.assert_array_equal(np.sum(parts, axis=0), drums)
    assert run("-q", song, "--from", hits, "--by-drum") == 0  # they are ours
    assert run("-q", song, "--from", hits, "--skip-existing") == 0
    assert capsys.readouterr().out == ""


def test_hits_are_found_where_none_are_given(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--report", "json", "-o", tmp_path / "out", song, "--only", "KD") == 0
    [result] = json.loads(capsys.readouterr().out)["results"]
    assert result["status"] == "done"
    assert set(result["onsets"]) == {"KD"}
    assert [Path(x["path"]).name for x in result["outputs"]] == OUTPUTS
    assert [x["format"] for x in result["outputs"]] == ["drumless", "drums"]
    drums = whole(tmp_path / "out" / OUTPUTS[1])
    assert np.abs(drums).max() > 3000
    assert not (tmp_path / OUTPUTS[0]).exists()


def test_labels_that_were_corrected_say_what_is_taken_out(song: Path) -> None:
    labels = song.with_name("song.labels.txt")
    load(song.with_name("hits.json")).only(["SD"]).save(labels, "labels")
    assert run("-q", song, "--from", labels) == 0
    drums = whole(song.with_name(OUTPUTS[1]))
    at = round(0.2 * RATE)  # a kick and a hat
    assert np.abs(drums[at : at + 4000]).max() < 1000
    assert np.abs(drums[round(0.7 * RATE) :][:4000]).max() > 3000


def test_what_is_in_the_way_stays(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = song.with_name(OUTPUTS[1])
    soundfile.write(other, chords(RATE, 1), RATE)
    content = other.read_bytes()
    assert run(song, "--from", song.with_name("hits.json")) == 1
    assert "song.drums.flac: exists; use --overwrite" in capsys.readouterr().err
    assert other.read_bytes() == content
    assert not song.with_name(OUTPUTS[0]).exists()


def test_an_input_is_never_an_output(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(song, song.with_name("song.drums.wav"))
    flac = song.with_name(OUTPUTS[1])
    soundfile.write(flac, *soundfile.read(song))
    content = flac.read_bytes()
    hits = song.with_name("hits.json")
    assert run("--overwrite", song, flac) == 1
    assert "is read by this run" in capsys.readouterr().err
    assert flac.read_bytes() == content
    assert run(song, flac, "--from", hits) == 2
    assert "--from: is for one input" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere.wav"], "nowhere.wav: no such file"),
        (["hits.json"], "is a transcription"),
        (["song.wav", "--from", "nowhere.json"], "nowhere.json: no such file"),
        (["song.wav", "--from", "song.wav"], "is a recording"),
    ],
)
def test_wrong_input_is_one_line(
    song: Path,
    arguments: list[str],
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(song.parent)
    assert run(*arguments) == 1
    err = capsys.readouterr().err
    assert line in err
    assert err.count("\n") == 1


def test_a_full_disk_leaves_no_new_folder(
    song: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(SoundWriter, "write", full)
    out = song.parent / "new" / "folder"
    words = ["-q", song, "--from", song.with_name("hits.json"), "-o", out]
    assert run(*words) == 1
    assert "space" in capsys.readouterr().err.lower()
    assert not out.parent.exists()
    out.mkdir(parents=True)
    assert run(*words) == 1
    assert list(out.iterdir()) == []  # it was there before


def test_drums_one_by_one_are_missed_too(song: Path) -> None:
    words = ["-q", song, "--from", song.with_name("hits.json"), "--skip-existing"]
    assert run(*words) == 0
    kick = song.with_name("song.drums.KD.flac")
    assert run(*words, "--by-drum", "--only", "KD") == 0
    assert kick.exists()
    assert run(*words, "--by-drum", "--only", "SD") == 0
    assert song.with_name("song.drums.SD.flac").exists()
    assert not song.with_name("song.drums.HH.flac").exists()
    before = kick.stat().st_mtime_ns
    assert run(*words, "--by-drum") == 0
    assert kick.stat().st_mtime_ns == before


@pytest.mark.parametrize("words", [["--only", "OHH"], []])
def test_no_hits_by_drum_leave_the_song_as_it_is(song: Path, words: list[str]) -> None:
    song.with_name("none.json").write_text(
        '{"format": "adt-plugins", "version": 1, "onsets": []}'
    )
    hits = "hits.json" if words else "none.json"
    assert run("-q", song, "--from", song.with_name(hits), "--by-drum", *words) == 0
    drumless, drums = (whole(song.with_name(name)) for name in OUTPUTS)
    np.testing.assert_array_equal(drumless, whole(song))
    assert not drums.any()
    assert not list(song.parent.glob("song.drums.*.flac"))


def test_hits_behind_the_end_are_told(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    HITS.between(0, 4).save(song.with_name("other.json"))
    more = len(HITS.between(3.1, 4))
    assert more
    words = [song, "--from", song.with_name("other.json"), "--report", "json"]
    assert run(*words) == 0
    out, err = capsys.readouterr()
    message = f"{more} of {12 + more} hits are past its end; are they another"
    assert message in err
    assert message in json.loads(out)["results"][0]["warnings"][0]


def test_a_damaged_recording_is_told_whoever_gives_the_hits(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = song.read_bytes()
    song.write_bytes(content[: len(content) // 2])
    message = "adt: warning: song.wav: cut short or damaged"
    for words in ([], ["--from", song.with_name("hits.json")]):
        assert run(song, "--only", "KD", *words) == 0
        err = capsys.readouterr().err.replace(f"{song.parent}{os.sep}", "")
        assert err.count(message) == 1, err


@pytest.mark.parametrize(
    "option", ["--model drums", "--threshold SD=0.9", "--song-gate off", "--no-fine"]
)
def test_options_of_finding_hits_are_refused_with_hits(
    song: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(song, "--from", song.with_name("hits.json"), *option.split()) == 2
    name = option.partition(" ")[0]
    assert f"{name}: has no effect, since --from gives" in capsys.readouterr().err


def test_what_no_stem_can_hold_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adt_plugins.pipeline.transcribe", pytest.fail)
    path = tmp_path / "song.wav"
    for rate, channels, message in (
        (8000, 9, "9 channels; stems (FLAC) have 8 at most"),
        (700_000, 1, "700000 Hz; stems (FLAC) have 655350 Hz at most"),
    ):
        soundfile.write(path, np.zeros((rate // 10, channels)), rate)
        assert run(path, "-o", tmp_path / "out") == 1
        assert capsys.readouterr().err == f"adt: {path}: {message}\n"
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given", [True, False])
def test_what_can_be_read_once_is_refused(
    tmp_path: Path, given: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    hits = tmp_path / "hits.json"
    HITS.save(hits)
    pipes = ["-"]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.wav")
        pipes.append(str(tmp_path / "pipe.wav"))
    for pipe in pipes:
        assert run(pipe, *(["--from", hits] if given else [])) == 1
        assert f"{pipe}: can be read only once" in capsys.readouterr().err


def test_a_folder_of_songs_leaves_stems_out(song: Path, tmp_path: Path) -> None:
    from adt_plugins.batch.recordings import find_recordings

    for name in (*OUTPUTS, "song.drums.KD.flac", "other.drums.flac"):
        shutil.copy(song, tmp_path / name)
    recordings = find_recordings([str(tmp_path)], warn=print)[1]
    assert [Path(path).name for path in recordings] == ["other.drums.flac", "song.wav"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_leaves_nothing(song: Path) -> None:
    soundfile.write(song, np.tile(soundfile.read(song)[0], 100), RATE)
    command = [sys.executable, "-m", "adt_plugins", "split", song, "--from"]
    process = subprocess.Popen(
        [*map(str, command), str(song.with_name("hits.json"))], stderr=subprocess.PIPE
    )
    for _ in range(2400):  # two minutes: others may keep the machine busy
        if list(song.parent.glob(".adt-*")) or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1].decode().endswith("adt: interrupted\n")
    assert process.returncode == 130
    left = sorted(path.name for path in song.parent.iterdir())
    assert left == ["hits.json", "song.wav"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(song: Path) -> None:
    """Memory is what the system counts for processes of their own."""
    peaks = []
    for times in (20, 60):
        path = song.with_name(f"{times}.wav")
        soundfile.write(path, np.tile(soundfile.read(song)[0], times), RATE)
        hits = load(song.with_name("hits.json"))
        longer = [onset for n in range(times) for onset in hits.shifted(3.0 * n).onsets]
        type(hits)(onsets=tuple(longer)).save(song.with_name(f"{times}.json"))
        code = (
            "import resource, sys; from adt_plugins.cli import main;"
            "main(sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        pytest.importorskip("resource")
        arguments = ["split", "-q", path, "--from", song.with_name(f"{times}.json")]
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.6 * peaks[0]
