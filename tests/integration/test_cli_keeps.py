"""The command line overwrites nothing unasked; no file name steers a terminal."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from adt_plugins import formats
from tests.support.commands import names, run, transcribe
from tests.support.recordings import HITS, SECONDS, assert_heard, write_wave
from tests.support.tiny_model import play

pytestmark = pytest.mark.usefixtures("user_home")


def test_an_existing_file_is_kept_replaced_or_skipped(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = song.with_name("song.labels.txt")
    labels.write_text("mine", encoding="utf-8")
    assert transcribe(song) == 1
    captured = capsys.readouterr()
    assert captured.err == f"adt: {labels}: exists; use --overwrite\n"
    assert captured.out == ""
    assert labels.read_text(encoding="utf-8") == "mine"
    assert names(song.parent) == ["song.labels.txt", "song.wav"]

    # Only what is missing is written.
    assert transcribe("--skip-existing", song) == 0
    assert labels.read_text(encoding="utf-8") == "mine"
    assert_heard(formats.read(song.with_name("song.drums.mid")), HITS)
    capsys.readouterr()
    assert transcribe("--skip-existing", song) == 0
    assert capsys.readouterr().out == f"{song}: skipped, its outputs exist\n"

    assert transcribe("--overwrite", song) == 0
    assert_heard(formats.read(labels), HITS)


def test_half_of_the_midi_files_is_no_reason_to_skip(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = song.with_name("song.drums.120bpm.mid")
    second.write_bytes(b"mine")
    options = ("--format", "midi", "--skip-existing")
    assert transcribe(song, *options) == 1
    assert capsys.readouterr().err == f"adt: {second}: exists; use --overwrite\n"
    assert names(song.parent) == sorted(["song.wav", second.name])


def test_an_existing_file_is_found_before_the_work(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transcribe(song) == 0
    song.with_name("song.labels.txt").write_text("1.0\t1.0\tSD\n", encoding="utf-8")

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("worked in vain")

    monkeypatch.setattr("adt_plugins.pipeline.transcribe", fail)
    assert transcribe(song) == 1
    assert transcribe("--skip-existing", song) == 0
    with pytest.raises(AssertionError):
        transcribe("--overwrite", song)


def test_inputs_that_meet_keep_their_extension(
    song: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(song.parent)
    other = song.with_name("song.wave")
    write_wave(other, play([(0.5, "KD")], 1.0))
    third = write_wave(song.with_name("else.wav"), play([(0.5, "SD")], 1.0))
    again = ("else.wav", Path("..") / song.parent.name / song.name)
    assert transcribe(song, other, third, *again, "--format", "labels") == 0
    written = [f"{name}.labels.txt" for name in ("song.wav", "song.wave", "else")]
    assert names(song.parent) == sorted(["song.wav", "song.wave", "else.wav", *written])
    assert_heard(formats.read(song.with_name(written[0])), HITS)
    assert_heard(formats.read(song.with_name(written[1])), [(0.5, "KD")])
    # A file that is named twice is done once.
    assert len(capsys.readouterr().out.splitlines()) == 2 * 3


def test_a_set_of_label_files_is_one_input(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(song.parent)
    assert transcribe(song, "--format", "labels-split", "-q") == 0
    names_of_set = [f"song.labels.{drum}.txt" for drum in ("HH", "KD", "SD")]
    assert names(song.parent) == [*names_of_set, "song.wav"]
    assert run("convert", *names_of_set, "--format", "csv", "-o", "out", "-q") == 0
    assert names(Path("out")) == ["song.drums.csv"]
    assert_heard(formats.read("out/song.drums.csv"), HITS)


def test_one_name_in_two_folders_cannot_go_into_one(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b").mkdir()
    other = write_wave(tmp_path / "b" / "Song.wav", play([(0.5, "KD")], 1.0))
    out = tmp_path / "out"
    assert transcribe(song, other, "-o", out, "--format", "labels") == 1
    assert names(out) == ["song.wav.labels.txt"]
    assert_heard(formats.read(out / "song.wav.labels.txt"), HITS)
    assert capsys.readouterr().err == (
        f"adt: {other}: its outputs would replace those of {song}; run it alone, with"
        " another -o\n"
    )


def test_a_later_input_is_not_written_over(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = song.with_name("song.click.wav")
    later.write_bytes(song.read_bytes())
    assert transcribe("--format", "click", "--overwrite", song, later) == 1
    assert capsys.readouterr().err == (
        f"adt: {later}: is read by this run, and stays as it is; -o writes elsewhere\n"
    )
    assert later.read_bytes() == song.read_bytes()


@pytest.mark.parametrize("command", ["adapt", "maps", "web"])
def test_no_command_writes_over_a_recording(song: Path, command: str) -> None:
    commands: dict[str, tuple[str | Path, ...]] = {
        "adapt": ("adapt", song, song.with_name("a.txt"), "-o", song),
        "maps": ("maps", "export", "gm", "-o", song),
        "web": ("web", "-o", song),
    }
    arguments = commands[command]
    song.with_name("a.txt").write_text("1.0\t1.0\tSD\n")
    before = song.read_bytes()
    assert run(*arguments, "--overwrite") == 2
    assert song.read_bytes() == before


@pytest.mark.parametrize("name", ["tiny.json", "tiny.tflite"])
def test_a_model_that_is_used_is_not_written_over(
    song: Path, user_home: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = user_home / "models" / name
    before = model.read_bytes()
    reference = song.with_name("a.labels.txt")
    reference.write_text("1.0\t1.0\tSD\n")
    for given in ("tiny", model):
        words = ("adapt", song, reference, "--model", given, "-o", model)
        assert run(*words, "--overwrite") == 2
        assert capsys.readouterr().err == (
            f"adt: {model}: is read by this run, and stays as it is; -o writes"
            " elsewhere\n"
        )
    assert model.read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="not on this system: links")
def test_one_output_is_no_link_to_another(
    song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, table = song.with_name("song.labels.txt"), song.with_name("song.drums.csv")
    table.symlink_to(labels)
    assert transcribe(song, "--format", "labels,csv", "--overwrite") == 1
    assert "song.drums.csv: was written by this run" in capsys.readouterr().err
    assert_heard(formats.read(labels), HITS)


def test_a_reference_is_not_written_over(song: Path) -> None:
    reference = song.with_name("a.labels.txt")
    reference.write_text("1.0\t1.0\tSD\n")
    assert run("adapt", song, reference, "-o", reference, "--overwrite") == 2
    assert reference.read_text() == "1.0\t1.0\tSD\n"


def test_no_name_steers_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = tmp_path / "a\x1b]0;owned\x07\nadt: warning: forged.wav"
    write_wave(name, play(HITS, SECONDS))
    assert transcribe(name) == 0
    assert transcribe(tmp_path / "b\x9b2J\nadt: forged.wav") == 1
    assert run("models", "show", "\x1b[2Jx") == 2
    assert run("convert", "\x1b[2J", "--what") == 2
    captured = capsys.readouterr()
    for stream in captured:
        assert not any(c < " " and c != "\n" for c in stream)
        assert "\x9b" not in stream
        assert not any(
            line.startswith(("adt: warning: forged", "adt: forged"))
            for line in stream.split("\n")
        )
    assert "owned" in captured.out


@pytest.mark.skipif(sys.platform != "linux", reason="not on this system: odd names")
def test_a_name_that_one_format_cannot_hold(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    song = tmp_path / os.fsdecode(b"a\xff.wav")
    write_wave(song, play(HITS, SECONDS))
    options = ("--format", "aup,labels,midi", "--report", "json")
    assert transcribe(song, *options) == 1
    report = json.loads(capfdbinary.readouterr().out)["results"][0]
    written = [item["format"] for item in report["outputs"]]
    assert written == ["labels", "midi", "midi"]
    assert "Audacity cannot open files whose names are not UTF-8" in report["error"]
    assert_heard(formats.read(song.with_name(os.fsdecode(b"a\xff.labels.txt"))), HITS)


@pytest.mark.parametrize("text", ["=1+1", "+1", "@SUM(A1)", "-2"])
def test_cells_that_spreadsheets_take_for_formulas(tmp_path: Path, text: str) -> None:
    """Audio programs read labels as they are; the CSV table has only hits."""
    source = tmp_path / "a.labels.txt"
    source.write_text(f"1.0\t1.0\tKD\n2.0\t2.0\t{text}\n")
    assert run("convert", source, "--format", "reaper,sv,csv") == 0
    assert f",{text}," in (tmp_path / "a.reaper.csv").read_text()
    assert (tmp_path / "a.sv.csv").read_text().endswith(f",{text}\n")
    table = (tmp_path / "a.drums.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in table] == ["drum", "KD"]
