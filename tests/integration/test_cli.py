"""The command line: what is written where, what is said, and the exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from adt_plugins import __version__, formats
from adt_plugins.activations import load_activations
from adt_plugins.cli import main
from adt_plugins.errors import FormatError
from tests.support.commands import names, run, transcribe
from tests.support.recordings import HITS, SECONDS, assert_heard, write_wave
from tests.support.tiny_model import DRUMS, RATE, play

pytestmark = pytest.mark.usefixtures("user_home")


def test_labels_and_midi_lie_beside_the_song(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe(song) == 0
    labels, midi = song.with_name("song.labels.txt"), song.with_name("song.drums.mid")
    captured = capsys.readouterr()
    plain = song.with_name("song.drums.120bpm.mid")
    summary, *lines = captured.out.splitlines()
    assert re.fullmatch(
        r"song  0:03  7 hits: 3 hi-hat, 2 kick, 2 snare  \d+\.\d s", summary
    )
    assert [Path(line.split("  ")[0]) for line in lines] == [labels, midi, plain]
    assert all(line.split("  ")[-1] for line in lines)
    assert captured.err == ""
    assert names(song.parent) == [
        plain.name,
        "song.drums.mid",
        "song.labels.txt",
        "song.wav",
    ]
    assert_heard(formats.read(labels), HITS)
    assert_heard(formats.read(midi), HITS)
    lines = labels.read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[2] for line in lines[:3]] == ["KD", "SD", "HH"]


def test_formats_folder_part_drums_and_offset(song: Path, tmp_path: Path) -> None:
    out = tmp_path / "a" / "new folder"
    options = ("--start", "0:00.8", "--end", "2.3", "--drums", "kd,SD")
    moved = ("--offset", "-1.5", "--threshold", "SD=0.5")
    assert transcribe(song, "--format", "json", "-o", out, *options, *moved) == 0
    assert names(out) == ["song.drums.json"]
    result = formats.read(out / "song.drums.json")
    assert_heard(result, [(0.5, "KD")])  # SD at 1.0 s would lie before 0 s
    assert result.model["thresholds"]["SD"] == 0.5
    assert (result.source.path, result.source.offset) == (str(song), 0.8)


@pytest.mark.parametrize("offset", ["-1", "7"])
def test_files_with_the_recording_keep_its_times(song: Path, offset: str) -> None:
    forms = "aup,click,html,labels"
    assert transcribe(song, "--format", forms, "-o", song.parent / "plain") == 0
    options = ("--offset", offset, "-o", song.parent / "moved")
    assert transcribe(song, "--format", forms, *options) == 0
    plain, moved = (song.parent / folder for folder in ("plain", "moved"))
    for name, same in (("song.drums.aup", True), ("song.labels.txt", False)):
        read = [formats.read(folder / name).onsets for folder in (plain, moved)]
        assert (read[0] == read[1]) is same, name
    clicks = [(folder / "song.click.wav").read_bytes() for folder in (plain, moved)]
    assert clicks[0] == clicks[1]
    hits = [
        re.findall(
            r'id="adt-data">(.+?)<', (folder / "song.drums.html").read_text("utf-8")
        )
        for folder in (plain, moved)
    ]
    assert len(hits[0]) == 1
    assert hits[0] == hits[1]


def test_hits_moved_before_the_start_are_told(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe(song, "--offset", "-0.8") == 0
    assert capsys.readouterr().err == (
        f"adt: warning: {song}: 1 hit would lie before 0 s and is left out\n"
    )


def test_each_failure_is_one_line_and_the_rest_is_done(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("no sound here, only words\n" * 99)
    (tmp_path / "folder").mkdir()
    bad = ["missing.wav", "empty.wav", "text.wav", "folder"]
    inputs = [tmp_path / name for name in bad]
    assert transcribe(*inputs, song) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == len(bad)
    for error, path in zip(errors, inputs, strict=True):
        assert error.startswith(f"adt: {path}: ")
        assert len(error) > len(f"adt: {path}: ") + 5
    assert_heard(formats.read(song.with_name("song.labels.txt")), HITS)


def test_each_file_of_a_set_is_described(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe(song, "--format", "labels-split,adtlib") == 0
    _, *lines = capsys.readouterr().out.splitlines()
    purposes = [line.partition("  ")[2].strip() for line in lines]
    assert purposes[0] == "label file for Audacity: kick"
    assert purposes[2:] == ["label file for Audacity: hi-hat", "ADTLib's text output"]


def test_a_format_that_cannot_be_keeps_no_other_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = write_wave(tmp_path / "song.wav", play(HITS[:2], 1.0))
    options = ("--beats", "--format", "tab,labels,musicxml", "--report", "json")
    assert transcribe(song, *options) == 1
    captured = capsys.readouterr()
    errors = [
        f"{song.with_name(name)}: {form} needs beats, and there are none"
        for name, form in (("song.tab.txt", "tab"), ("song.drums.musicxml", "musicxml"))
    ]
    assert captured.err == "".join(f"adt: {error}\n" for error in errors)
    (result,) = json.loads(captured.out)["results"]
    assert (result["status"], result["error"]) == ("failed", "; ".join(errors))
    assert [item["format"] for item in result["outputs"]] == ["labels"]
    assert names(tmp_path) == ["song.labels.txt", "song.wav"]


def test_a_recording_that_cannot_be_read_is_told_once(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe(song, "--format", "json", "-q") == 0
    command = ("convert", song.with_name("song.drums.json"), "--audio", song.parent)
    assert run(*command, "--format", "click,aup,csv", "-q") == 1
    assert capsys.readouterr().err == f"adt: {song.parent}: is a folder\n"
    assert song.with_name("song.drums.csv").exists()


@pytest.mark.parametrize("folder", ["out", "out/below"])
@pytest.mark.parametrize(
    "command", ["transcribe", "convert --format csv", "split", "batch"]
)
def test_an_output_folder_that_is_a_file_is_a_wrong_command(
    song: Path,
    tmp_path: Path,
    command: str,
    folder: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "out").write_text("in the way")
    assert run(*command.split(), song, "-o", tmp_path / folder) == 2
    assert capsys.readouterr().err == f"adt: {tmp_path / 'out'}: is not a folder\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "wax"], "no format 'wax' to write; there are json, labels"),
        (["--format", "labels,,midi"], "is not a list of names"),
        (["--drums", "XX"], "unknown drum 'XX'; there are KD SD"),
        (["--drums", "RDC"], "model 'tiny' has no drum RDC; it has KD, SD, HH"),
        (["--threshold", "SD"], "'SD' is not DRUM=X"),
        (["--threshold", "SD=2"], "'SD=2' is not DRUM=X"),
        (["--threshold", "CRC=0.5"], "model 'tiny' has no drum CRC"),
        (["--start", "x"], "'x' is not a time"),
        (["--start", "3", "--end", "2"], "2 s is not after the start, 3 s"),
        (
            ["--no-beats", "--format", "midi,tab", "--quantize", "1/8", "--bpm", "90"],
            "--no-beats: beats are needed for tab, --quantize, --bpm",
        ),
        (["--no-beats", "--first-downbeat", "0"], "needed for --first-downbeat"),
        (["--model", "nothing"], "nothing: no such model; there are"),
        (["--overwrite", "--skip-existing"], "not allowed with"),
        (["--report", "xml"], "--report: no 'xml'; there is only json"),
    ],
)
def test_a_wrong_command_exits_with_2(
    song: Path,
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert transcribe(song, *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert names(song.parent) == ["song.wav"]


@pytest.mark.parametrize("arguments", [["sing"], ["transcribe"], ["models"]])
def test_an_incomplete_command_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("adt: ")
    assert error.endswith(" --help)\n")
    assert len(error.splitlines()) == 1


def test_help_and_version_exit_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"adt {__version__}\n"
    for command in ("transcribe", "convert", "evaluate", "models", "import-adtlib"):
        assert main([command, "--help"]) == 0
        assert f"usage: adt {command}" in capsys.readouterr().out
    assert main(["convert", "--list-formats"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in formats.FORMATS)


def test_the_report_is_json_and_nothing_else(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing ä.wav"
    assert transcribe("--report", "json", "--format", "json", song, missing) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert captured.out.isascii()
    assert (report["format"], report["version"]) == ("adt-plugins-report", 1)
    done, failed = report["results"]
    assert done == {
        "input": str(song),
        "status": "done",
        "error": None,
        "warnings": [],
        "outputs": [{"format": "json", "path": str(song.with_name("song.drums.json"))}],
        "onsets": {"KD": 2, "SD": 2, "HH": 3},
        "duration": pytest.approx(3.0, abs=0.5),
        **dict.fromkeys(("tempo", "steady", "meter", "beats")),
        "seconds": done["seconds"],
    }
    assert done["seconds"] > 0
    assert (failed["input"], failed["status"]) == (str(missing), "failed")
    assert captured.err == f"adt: {failed['error']}\n"


def test_quiet_says_nothing_but_errors(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert transcribe("-q", song) == 0
    assert capsys.readouterr() == ("", "")
    assert transcribe("-q", song) == 0
    assert capsys.readouterr() == ("", "")
    song.with_name("song.labels.txt").write_text("mine", encoding="utf-8")
    assert transcribe("-q", song) == 1
    assert capsys.readouterr().err != ""


def test_activations_are_saved_on_demand(song: Path) -> None:
    assert transcribe("--save-activations", "--format", "json", song) == 0
    archive = song.with_name("song.drums.npz")
    assert names(song.parent) == ["song.drums.json", "song.drums.npz", "song.wav"]
    saved = load_activations(archive)
    assert saved.values.shape == (300, 3)
    assert saved.outputs == DRUMS
    assert saved.frame_rate == 100
    # They are guarded as every other output.
    archive.write_bytes(b"something else")
    assert transcribe("--save-activations", "--format", "labels", song) == 1
    assert not song.with_name("song.labels.txt").exists()
    with pytest.raises(FormatError, match=r"song\.drums\.npz: no activations"):
        load_activations(archive)


def test_file_names_of_all_kinds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kinds = [
        "with space.wav",
        "Trommel ÄÖü 太鼓.wav",
        "-dash.wav",
        "a.b.c.wav",
        ".w.wav",
    ]
    for name in kinds:
        write_wave(Path(name), play([(0.5, "KD")], 1.0))
    assert transcribe("--format", "labels", "--", *kinds) == 0
    for name in kinds:
        written = Path(name.removesuffix(".wav") + ".labels.txt")
        assert_heard(formats.read(written), [(0.5, "KD")])


def test_convert_there_and_back(song: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert transcribe(song, "--format", "labels") == 0
    labels = song.with_name("song.labels.txt")
    assert run("convert", labels, "--format", "json,midi,csv") == 0
    assert_heard(formats.read(song.with_name("song.drums.json")), HITS)
    midi = song.with_name("song.drums.mid")
    out = song.parent / "back"
    capsys.readouterr()
    assert run("convert", midi, "--format", "labels", "--drums", "HH", "-o", out) == 0
    summary, written = capsys.readouterr().out.splitlines()
    assert "  3 hits: 3 hi-hat  " in summary
    assert (
        written == f"{out / 'song.labels.txt'}  {formats.FORMATS['labels'].description}"
    )
    back = formats.read(out / "song.labels.txt")
    assert len(back) == 3
    assert {str(onset.drum.coarse) for onset in back.onsets} == {"HH"}


def test_convert_refuses_what_would_be_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.labels.txt"
    source.write_text("1.0\t1.0\tKD\n2.0\t2.0\tSD\n")
    assert run("convert", source, "--format", "labels", "--drums", "KD") == 1
    options = ("--format", "labels", "--drums", "KD", "--overwrite")
    assert run("convert", source, *options) == 1
    assert "is read by this run, and stays as it is" in capsys.readouterr().err
    assert source.read_text() == "1.0\t1.0\tKD\n2.0\t2.0\tSD\n"
    assert run("convert", source, "--format", "json", "--from", "wax") == 2
    assert run("convert", source) == 2
    assert run("convert", source, tmp_path / "none.mid", "--format", "json") == 1
    assert (tmp_path / "a.drums.json").exists()


def test_models_are_listed_shown_and_verified(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", "list") == 0
    assert "tiny" in capsys.readouterr().out
    assert run("models", "list", "--report", "json") == 0
    listed = {item["name"]: item for item in json.loads(capsys.readouterr().out)}
    assert listed["tiny"]["drums"] == list(DRUMS)
    assert run("models", "show", "tiny") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads(tiny_model.read_text(encoding="utf-8"))
    assert run("models", "verify", "tiny") == 0
    assert capsys.readouterr().out == "tiny: tiny.tflite is intact\n"

    (tmp_path / "tiny.json").write_bytes(tiny_model.read_bytes())
    network = bytearray(tiny_model.with_suffix(".tflite").read_bytes())
    network[-1] ^= 1
    (tmp_path / "tiny.tflite").write_bytes(network)
    assert run("models", "verify", tmp_path / "tiny.json") == 1
    altered = capsys.readouterr().err
    assert altered.startswith(f"adt: {tmp_path / 'tiny.tflite'}: ")
    song = write_wave(tmp_path / "song.wav", play(HITS, SECONDS, level=0.3), RATE)
    assert run("transcribe", "--model", tmp_path / "tiny.tflite", song) == 2
    assert run("models", "show", "nothing") == 2


@pytest.mark.parametrize("time", ["1e12", "1.7e308"])
@pytest.mark.parametrize(
    "words",
    [
        ("transcribe", "song.wav", "--model", "tiny", "--start", "{time}"),
        ("transcribe", "song.wav", "--model", "tiny", "--end", "{time}"),
        ("transcribe", "song.wav", "--model", "tiny", "--offset", "{time}"),
        ("adapt", "song.wav", "a.txt", "--end", "{time}", "-o", "kit.json"),
        ("adapt", "song.wav", "a.txt", "--start", "{time}", "-o", "kit.json"),
        ("audacity", "push", "song.wav", "--offset", "{time}"),
        ("convert", "far.txt", "--format", "click,csv", "--audio", "song.wav"),
        ("split", "song.wav", "--from", "far.txt"),
    ],
)
def test_a_time_in_the_far_future_is_one_line(
    song: Path,
    words: tuple[str, ...],
    time: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(song.parent)
    Path("a.txt").write_text("0.5\t0.5\tKD\n")
    Path("far.txt").write_text(f"0.5\t0.5\tKD\n{time}\t{time}\tSD\n")
    assert run(*(word.format(time=time) for word in words)) in (0, 1, 2)
    assert len(capsys.readouterr().err.splitlines()) <= 1


@pytest.mark.parametrize(
    "words",
    [
        ["convert", "--format", "midi", "NAME.json"],
        ["convert", "--format", "aup", "hits.txt", "--audio", "NAME.wav"],
        ["transcribe", "NAME.wav"],
        ["evaluate", "NAME.json", "NAME.json"],
        ["web", "NAME.wav"],
        ["split", "NAME.wav"],
        ["batch", "NAME", "-o", "out"],
        ["adapt", "NAME.wav", "NAME.json", "-o", "kit.json"],
        ["audacity", "open", "NAME.wav"],
        ["audacity", "push", "NAME.json"],
        ["audacity", "pull", "NAME.wav"],
    ],
)
def test_a_name_that_is_too_long_is_one_line(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hits.txt").write_text("0.5\t0.5\tKD\n")
    assert main([word.replace("NAME", "n" * 300) for word in words]) in (1, 2)
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("adt: ")
    assert "n" * 300 in captured.err
    assert [path.name for path in tmp_path.iterdir()] == ["hits.txt"]
