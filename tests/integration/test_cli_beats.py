"""Beats from the recording to the files, with the shipped model and the example."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.audio.decoder import BlockDecoder
from adt_plugins.base.folders import HOME_VARIABLE
from adt_plugins.cli import main
from adt_plugins.errors import AudioError, ModelError
from adt_plugins.meter import Meter
from adt_plugins.midi.reader import parse
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.pipeline import transcribe
from tests.support.paths import GROOVE

pytest.importorskip("ai_edge_litert", reason="LiteRT is missing")

STEP = 60 / 104  # it was programmed at 104 BPM


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(find_model("drums"))


def run(*arguments: str | Path) -> int:
    return main(["transcribe", *map(str, arguments)])


def test_a_downbeat_past_the_end_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(GROOVE, "-o", tmp_path, "--first-downbeat", "1:30") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("the first downbeat, at 90 s, is past its end at 20.06 s")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("downbeat", "message"),
    [("0:02", "at 2 s, is before the start at 3 s"),
     ("0:12", "at 12 s, is past the end of the part at 9 s")],
)  # fmt: skip
def test_a_downbeat_outside_the_part_is_refused(
    downbeat: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = ("--start", "3", "--end", "9", "--first-downbeat")
    assert run(GROOVE, "-o", tmp_path, *part, downbeat) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"the first downbeat, {message}")
    assert not list(tmp_path.iterdir())
    assert run(GROOVE, "-o", tmp_path, *part, "0:03") == 0


def test_a_stream_tells_at_its_end_that_the_downbeat_is_past_it(
    network: Network,
) -> None:
    blocks = BlockDecoder([np.zeros(44100, np.float32)], 44100)
    with pytest.raises(AudioError, match=r"at 2 s, is past its end at 1\.00 s"):
        transcribe(blocks, model=network, first_downbeat=2.0)


@pytest.mark.parametrize("time", [-1.0, float("nan"), float("inf")])
def test_a_downbeat_at_no_time_is_refused(network: Network, time: float) -> None:
    silence = np.zeros(44100, np.float32), 44100
    with pytest.raises(ValueError, match="first downbeat"):
        transcribe(silence, model=network, first_downbeat=time)


def steps(path: Path) -> float:
    return float(np.median(np.diff([b.time for b in formats.read(path).beats])))


def test_both_midi_files_and_a_line_that_says_which(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    options = ("--format", "midi,json", "-o", tmp_path, "--bpm", "104")
    assert run(GROOVE, *options, "--first-downbeat", "0:00.1") == 0
    captured = capsys.readouterr()
    names = ("groove.drums.mid", "groove.drums.120bpm.mid", "groove.drums.json")
    paths = [tmp_path / name for name in names]
    summary, *lines = captured.out.splitlines()
    assert summary.startswith("groove  0:20  104 BPM 4/4  ")
    assert [line.split("  ")[0] for line in lines] == [str(path) for path in paths]
    assert "with the song's tempo, for a new project" in lines[0]
    assert "a project that stays at 120 BPM" in lines[1]
    assert captured.err == ""
    whole = formats.read(paths[2])
    assert whole.meter == Meter(4)
    assert steps(paths[2]) == pytest.approx(STEP, abs=0.006)
    near = min(whole.beats, key=lambda beat: abs(beat.time - 0.1))
    assert near.position == 1
    assert near.time == pytest.approx(0.1, abs=0.03)
    for path in paths[:2]:
        times = [onset.time for onset in formats.read(path)]
        assert times == pytest.approx([onset.time for onset in whole], abs=0.0005)


def test_no_beats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--format", "midi,json", "-o", tmp_path, "--no-beats", "--end", "4")
    assert run(GROOVE, *options) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "BPM 4/4" not in captured.out
    assert "no steady beat" not in captured.out
    assert "MIDI at 120 BPM, as no tempo is known" in captured.out
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "groove.drums.120bpm.mid",
        "groove.drums.json",
        "groove.drums.mid",
    ]
    whole = formats.read(tmp_path / "groove.drums.json")
    assert (whole.beats, whole.meter) == ((), None)


@pytest.mark.parametrize(
    ("options", "has_beats"),
    [([], True), (["--no-beats"], False), (["--format", "tab"], True)],
)
def test_beats_are_found_when_they_are_wanted(
    tmp_path: Path, options: list[str], has_beats: bool
) -> None:
    command = ["--end", "6", "-o", str(tmp_path), "--format", "json", *options]
    assert run(GROOVE, *command) == 0
    written = {path.name for path in tmp_path.iterdir()}
    if "tab" in options:
        assert written == {"groove.tab.txt"}
    else:
        beats = formats.read(tmp_path / "groove.drums.json").beats
        assert bool(beats) == has_beats


def test_meter_and_bpm(tmp_path: Path) -> None:
    options = ("--format", "json", "-o", tmp_path, "--meter", "6/8", "--bpm", "104")
    assert run(GROOVE, *options) == 0
    whole = formats.read(tmp_path / "groove.drums.json")
    assert whole.meter == Meter(6, 8)
    assert {beat.position for beat in whole.beats} == {1, 2}


@pytest.mark.parametrize(
    ("option", "value"),
    [("--bpm", "5"), ("--bpm", "nan"), ("--bpm", "fast"), ("--meter", "4"),
     ("--meter", "0/4"), ("--first-downbeat", "-1")],
)  # fmt: skip
def test_what_is_no_tempo_meter_or_time(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(GROOVE, f"{option}={value}") == 2
    assert option in capsys.readouterr().err


def test_a_part_has_its_beats_at_the_recording_s_times(network: Network) -> None:
    part = transcribe(GROOVE, model=network, start=8.0, end=16.0, bpm=104)
    assert 8.0 <= part.beats[0].time < 8.0 + STEP
    assert 16.0 - 2 * STEP < part.beats[-1].time < 16.0


def test_silence_has_no_beats(network: Network) -> None:
    silence = (np.zeros(44100, np.float32), 44100)
    assert transcribe(silence, model=network).beats == ()


def test_a_model_that_hears_no_beats(tiny_model: Path) -> None:
    silence = (np.zeros(44100, np.float32), 44100)
    assert transcribe(silence, model=tiny_model).beats == ()
    with pytest.raises(ModelError, match="does not detect beats"):
        transcribe(silence, model=tiny_model, bpm=120)


def test_what_has_no_beat_is_told_and_nothing_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sounds as of a voice: nothing in them comes again."""
    dice = np.random.default_rng(3)
    seconds = np.arange(15 * 44100) / 44100
    pitch = 200 + 60 * np.sin(seconds * 1.7) + 30 * np.sin(seconds * 0.61)
    swell = np.clip(np.sin(seconds * 0.9) + np.sin(seconds * 2.3), 0, 1)
    sound = 0.2 * swell * np.sin(2 * np.pi * np.cumsum(pitch) / 44100)
    sound += dice.normal(0, 0.002, len(sound))
    soundfile.write(tmp_path / "voice.wav", sound, 44100)
    assert run(tmp_path / "voice.wav") == 0
    assert "voice  0:15  no steady beat  0 hits  " in capsys.readouterr().out
    assert run(tmp_path / "voice.wav", "--format", "json", "--report", "json") == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["beats"], result["tempo"], result["meter"]) == (0, None, None)


def test_beats_are_found_for_what_has_none(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(GROOVE, "--format", "labels", "-o", tmp_path, "--no-beats") == 0
    # Where nothing is known of what they were made from.
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "another home"))
    labels = str(tmp_path / "groove.labels.txt")
    command = ["convert", labels, "--format", "tab"]
    assert main(command) == 1
    assert "needs beats" in capsys.readouterr().err
    assert main([*command, "--audio", str(GROOVE)]) == 0
    assert "104 BPM 4/4" in capsys.readouterr().out
    command = ["convert", labels, "--beats", "--format", "json"]
    assert main(command) == 1
    assert "--audio names it" in capsys.readouterr().err
    assert main([*command, "--audio", str(GROOVE)]) == 0
    song = formats.read(tmp_path / "groove.drums.json")
    assert song.meter == Meter(4)
    assert song.tempo == pytest.approx(104)


def test_the_tempo_can_be_followed(tmp_path: Path) -> None:
    command = ("--format", "midi", "-o", tmp_path, "--overwrite", "--end", "10")
    numbers = {}
    for how in ("auto", "constant", "follow"):
        assert run(GROOVE, *command, "--tempo", how) == 0
        file = parse((tmp_path / "groove.drums.mid").read_bytes())
        numbers[how] = len(file.tracks[0].tempos)
    assert numbers["auto"] == numbers["constant"] == 1 < numbers["follow"]
