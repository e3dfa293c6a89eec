"""First attempts at the command line: it helps, completes and corrects names."""

from __future__ import annotations

import argparse
import io
import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import adt_plugins
from adt_plugins import formats
from adt_plugins.cli import build_parser, main
from adt_plugins.cli._command import parse
from adt_plugins.cli._parser import Parser
from tests.support.recordings import HITS, SECONDS, write_wave
from tests.support.tiny_model import RATE, play

pytestmark = pytest.mark.usefixtures("user_home")
TINY = ("--model", "tiny")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_wave(tmp_path / "song.wav", play(HITS, SECONDS))
    return tmp_path


def parsers() -> Iterator[Parser]:
    waiting = [build_parser()]
    while waiting:
        parser = waiting.pop()
        assert isinstance(parser, Parser)
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting += action.choices.values()


def test_alone_it_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: adt COMMAND ... [OPTIONS]\n\nexamples:\n  adt song")
    assert "transcribe" in out
    assert err == ""


def test_examples_come_first_and_are_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with_examples = [parser for parser in parsers() if parser.examples]
    assert len(with_examples) >= 10
    for parser in with_examples:
        assert len(parser.examples) == 3
        usage, examples = parser.format_help().split("\n\n")[:2]
        assert usage.startswith(f"usage: {parser.prog} ")
        assert len(usage.splitlines()) == 1
        for (command, does), line in zip(
            parser.examples, examples.splitlines()[1:], strict=True
        ):
            assert line.split() == [*command.split(), *does.split()]
            words = shlex.split(command.rpartition("| ")[2])[1:]
            if "." in words[0]:
                words.insert(0, "transcribe")
            assert callable(parse(build_parser(), words).run), command
    assert capsys.readouterr() == ("", "")


def test_help_has_its_options_in_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transcribe", "--help"]) == 0
    out = capsys.readouterr().out
    titles = ("what is written:", "labels:", "MIDI files:", "beats and bars:")
    for title in (*titles, "what is read:", "what counts as a hit:"):
        assert f"\n\n{title}\n" in out


def test_a_recording_alone_is_transcribed(folder: Path) -> None:
    assert main(["song.wav", *TINY]) == 0
    assert (folder / "song.labels.txt").exists()
    assert main(["-o", "b", *TINY, "song.wav"]) == 0
    assert (folder / "b" / "song.labels.txt").exists()


def test_options_alone_are_those_of_transcribing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--list-formats"]) == 0
    assert "midi" in capsys.readouterr().out
    assert main(["--format", "midi"]) == 2
    assert "required: FILE (see adt transcribe --help)" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["-v", "-V", "version"])
def test_the_version_by_other_names(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word]) == 0
    assert capsys.readouterr().out == f"adt {adt_plugins.__version__}\n"


def test_the_list_of_formats_names_their_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--list-formats"]) == 0
    lines = capsys.readouterr().out.splitlines()[::2]
    files = {line.split()[0]: line[line.index("song.") :] for line in lines}
    assert files["midi"].startswith("song.drums.mid  ")
    assert files["labels-split"].startswith("song.labels.KD.txt …  label files")
    assert files["chart"].startswith("song.chart  ")
    # Nothing is longer than its column.
    descriptions = [formats.FORMATS[name].description for name in files]
    ends = {line.index(d) for line, d in zip(lines, descriptions, strict=True)}
    assert len(ends) == 1


def test_help_is_a_word_too(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["help"], ["help", "audacity", "open"]):
        assert main(words) == 0
        usage = " ".join(["usage: adt", *words[1:]])
        assert capsys.readouterr().out.startswith(usage)


@pytest.mark.parametrize("before", [[], ["transcribe"], ["transcribe", *TINY, "--"]])
def test_a_name_with_a_dash_is_a_file(folder: Path, before: list[str]) -> None:
    (folder / "song.wav").rename(folder / "-dash.wav")
    after = [] if "--" in before else TINY
    assert main([*before, "-dash.wav", *after]) == 0
    assert (folder / "-dash.labels.txt").exists()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("sing", "no command 'sing'; there are transcribe, batch"),
        ("transcibe song.wav", "no command 'transcibe'; did you mean transcribe?"),
        ("audacity opne x", "no action 'opne'; did you mean open? (see adt audacity"),
        ("models", "which ACTION? list, show, verify (see adt models --help)"),
        ("transcribe", "required: FILE (see adt transcribe --help)"),
        ("transcribe song.wav --drumms KD", "no option --drumms; did you mean --drums"),
        ("transcribe --drumms KD", "no option --drumms; did you mean --drums"),
        ("--nosuch", "no option --nosuch (see adt transcribe --help)"),
        ("batch . --fromat midi", "no option --fromat; did you mean --format?"),
        ("transcribe song.wav --report xml", "--report: no 'xml'; there is only json"),
        ("song.wav --midi-type 2", "--midi-type: no 2; there are 0, 1 (see adt"),
        (
            "song.wav --drumless",
            "--drumless: has no effect on labels, midi; it is for --format html, chart",
        ),
        ("song.wav --format json --label-text name", "has no effect on json; it is"),
        ("convert a.json --format tab --velocity fixed:9", "effect on tab; it is for"),
        ("batch . -o out --format csv --tempo follow", "for --format midi"),
        ("audacity open song.wav --quantize 1/8", "has no effect on aup; it is"),
        ("web -o drums.pdf", "-o: drums.pdf: the page is HTML: -o drums.html"),
        ("web -o .", "-o: .: is a folder; name the page: -o drums.html"),
        ("web -o ..", "-o: ..: is a folder; name the page: -o ../drums.html"),
        (
            "transcribe song.wav --drums snair",
            "did you mean snare? (see adt transcribe",
        ),
        ("transcribe song.wav --threshold kik", "'kik' is not DRUM=X"),
        ("transcribe song.wav --label-text nmae", "'nmae'; did you mean name?"),
        ("transcribe song.wav --format labls", "'labls' to write; did you mean labels"),
        ("convert song.wav --format midi --from jsn", "did you mean json?"),
        ("transcribe song.wav --drum-map EZDrumer", "did you mean ezdrummer?"),
        ("transcribe song.wav --drum-map drummer", "did you mean ni-studio-drummer or"),
        ("maps show roland", "did you mean roland-td or roland-td11?"),
        ("audacity pull .", ".: is a folder; name the song in it"),
        ("batch .", "required: -o (see adt batch --help)"),
        ("song.wav --format midi labels", "without a space: --format midi,labels (see"),
        ("song.wav --drums KD SD", "without a space: --drums KD,SD (see adt tr"),
        ("song.wav --threshold KD=0 SD=1", "each: --threshold KD=0 --threshold SD=1"),
        ("song.wav \N{EM DASH}format midi", "long dash, as text programs make one of"),
        ("song.wav \N{EN DASH}format=midi", "two hyphens; type --format=midi"),
        ("song.wav --output x", "no option --output; did you mean -o DIR?"),
        ("song.wav -f midi", "no option -f; did you mean --format A,B?"),
        ("song.wav --force", "no option --force; did you mean --overwrite?"),
        ("song.wav --midi", "--midi-tracks; did you mean --format midi?"),
        ("song.wav --jams", "no option --jams; did you mean --format jams?"),
        ("song.wav --tempo 120", "to give the tempo: --bpm 120 (see adt transcribe"),
        ("convert song.wav", "required: --format A,B, such as --format midi (see"),
        ("song.wav -o result.mid", "-o: 'result.mid' must be a folder"),
        ("song.wav -o song.drums.pdf", "must be a folder"),
        ("batch . -o song.mp3", "must be a folder"),
    ],
)
def test_a_slip_is_told_in_one_line(
    folder: Path, command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert len(err.splitlines()) == 1
    assert out == ""
    assert [path.name for path in folder.iterdir()] == ["song.wav"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "transcribe .",
            ".: is a folder; to transcribe all recordings in it: adt batch . -o",
        ),
        ("transcribe *.flac", "to transcribe all that match: adt batch '*.flac' -o"),
        ("transcribe song.flac", "no such file; did you mean song.wav?"),
        (
            "song.labels.txt",
            "(labels), not a recording; to convert it: adt convert song.labels.txt",
        ),
        (
            "transcribe song.drums.mid",
            "(midi), not a recording; to convert it: adt convert",
        ),
        ("transcribe list.m3u", "if it lists some: adt batch list.m3u -o"),
        ("transcribe https://a.bc/song.mp3", "only files on this computer"),
        ("convert song.wav --format csv", "adt transcribe song.wav"),
        ("convert . --format midi", "is a folder; name the files in it"),
        ("convert *.json --format csv", "no such file, and none that matches"),
        ("import-adtlib .", ".: is a folder, not an archive"),
        ("convert song.labels --format csv", "did you mean song.labels.txt?"),
        (
            "audacity open --program true .",
            "recordings in it: adt batch . -o DIR --format aup",
        ),
        ("web .", "recordings in it: adt batch . -o DIR --format html"),
        ("transcribe . --format pdf", "adt batch . -o DIR --format pdf"),
        ("split .", ".: is a folder; name the recordings in it"),
        ("split *.flac", "*.flac: no such file; nothing matches"),
        (
            "split song.labels.txt",
            "hits: adt split RECORDING --from song.labels.txt",
        ),
        ("split list.m3u", "is not a recording; name what it lists"),
        ("audacity push .", ".: is a folder; name the recordings in it"),
        ("audacity push sing.wav", "sing.wav: no such file; did you mean song.wav?"),
        ("audacity push nothing.mid", "nothing.mid: no such file"),
        ("adapt song.labels.txt song.wav -o kit.json", "adt transcribe song.wav"),
        ("adapt song.wav words.txt -o kit.json", "its first line is 'one two'"),
        ("evaluate song.wav song.labels.txt", "adt transcribe song.wav"),
        ("evaluate song.labels.txt song.wav", "adt transcribe song.wav"),
        ("evaluate song.labels.txt words.txt", "its first line is 'one two'"),
        ("batch *.ogg -o out", "*.ogg: nothing matches"),
        ("batch song.labels.txt -o out", "adt convert song.labels.txt --format midi"),
        ("convert list.m3u --format midi", "is a list, not a transcription"),
        ("audacity push words.txt", "is not a recording; name what it lists"),
        ("batch nowhere -o out", "nowhere: no such file or folder"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="cmd.exe quotes otherwise")
def test_the_right_command_is_named(
    folder: Path, command: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("song.labels.txt").write_text("0.5\t0.5\tSD\n")
    formats.convert("song.labels.txt", ["midi"])
    Path("list.m3u").write_text("song.wav\n")
    Path("words.txt").write_text("one two\n")
    words = command.split()
    if words[0] in ("transcribe", "song.labels.txt"):
        words += [*TINY, "-o", "out"]
    is_list = words[0] == "batch"
    assert main(words) == (2 if is_list else 1)
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["transcribe", ""],
        [""],
        ["transcribe", "song.wav", "-o", ""],
        ["convert", "", "--format", "midi"],
        ["batch", "", "-o", "out"],
        ["evaluate", "", "song.wav"],
        ["adapt", "song.wav", "", "-o", "kit.json"],
        ["split", "song.wav", "--from", ""],
        ["web", ""],
        ["audacity", "open", ""],
        ["audacity", "push", ""],
        ["audacity", "pull", ""],
        ["maps", "show", ""],
    ],
)
def test_an_empty_name_is_not_this_folder(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    err = capsys.readouterr().err
    command = " ".join(["adt", *words[: 1 + (words[0] in ("audacity", "maps"))]])
    assert (
        f": the name is empty (see {command if words[0] else 'adt transcribe'} " in err
    )
    assert len(err.splitlines()) == 1
    assert [path.name for path in folder.iterdir()] == ["song.wav"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
@pytest.mark.parametrize(
    "command",
    [
        "convert pipe --format csv",
        "evaluate pipe song.labels.txt",
        "evaluate song.labels.txt pipe",
        "audacity open pipe",
        "web pipe",
        "split song.wav --from pipe",
        "convert song.labels.txt --format html --audio pipe",
        "import-adtlib pipe",
    ],
)
def test_a_pipe_is_not_read_twice(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its second reader would find nothing: no hits, without a word."""
    os.mkfifo(folder / "pipe")
    (folder / "song.labels.txt").write_text("1\t1\tKD\n")
    for name in ("pipe", "-"):
        words = [name if word == "pipe" else word for word in command.split()]
        assert main(words) == 1
        err = capsys.readouterr().err
        assert err.startswith(f"adt: {name}: is a pipe, which can be read only once")
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "command",
    [
        "transcribe X -o out",
        "batch X -o out",
        "convert X --format csv",
        "convert song.labels.txt --format tab --audio X",
        "split X",
        "split song.wav --from X",
        "evaluate X song.labels.txt",
        "evaluate song.labels.txt X",
        "adapt X song.labels.txt -o kit.json",
        "adapt song.wav X -o kit.json",
        "web X",
        "audacity open X --program true",
        "audacity push X",
    ],
)
def test_an_input_that_fails_is_no_wrong_command(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scripts tell the two by the exit code, whatever the command."""
    Path("song.labels.txt").write_text("1\t1\tKD\n")
    Path("empty.wav").write_bytes(b"")
    Path("damaged.wav").write_bytes(b"\xff\xfe rubbish \x80" * 20)
    Path("picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    for name in ("missing.wav", "empty.wav", "damaged.wav", "picture.png"):
        assert main([name if word == "X" else word for word in command.split()]) == 1
        err = capsys.readouterr().err
        assert f"{name}: " in err
        assert len(err.splitlines()) == 1


def test_an_empty_file_is_called_empty(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.mid", "a.drums.json", "a.jams"):
        Path(name).write_bytes(b"")
        assert main(["convert", name, "--format", "csv"]) == 1
        assert capsys.readouterr().err == f"adt: {name}: is empty\n"


@pytest.mark.parametrize("columns", [200, 80, 50])
def test_a_summary_fits_the_terminal(
    folder: Path,
    columns: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drums = ["HH", "HH", "HH", "KD", "KD", "SD", "SD", "OHH", "CHH", "PHH"]
    Path("a.labels.txt").write_text(
        "".join(f"{time}\t{time}\t{drum}\n" for time, drum in enumerate(drums, 1))
    )
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["convert", "a.labels.txt", "--format", "csv"]) == 0
    first, *others, file = capsys.readouterr().out.splitlines()
    kinds = "3 hi-hat, 2 kick, 2 snare, 1 closed hi-hat, 1 pedal hi-hat, 1 open hi-hat"
    if columns == 200:
        assert first.startswith(f"a  10 hits: {kinds}  ")
    else:
        assert first.startswith("a  10 hits  ")
        assert "".join(others).replace(",  ", ", ") == f"  {kinds}"
    assert len(others) == {200: 0, 80: 1, 50: 2}[columns]
    assert max(map(len, (first, *others))) <= columns
    assert file.startswith("a.drums.csv  ")


def test_nothing_found_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wave(folder / "quiet.wav", 0 * play(HITS, SECONDS)[:RATE])
    assert main(["quiet.wav", *TINY, "--format", "labels"]) == 0
    assert capsys.readouterr().err == (
        "adt: warning: quiet.wav: silent: all of its samples are zero\n"
        "adt: warning: quiet.wav: no drum hits were found\n"
    )
    Path("empty.labels.txt").write_text("")
    assert main(["convert", "empty.labels.txt", "--format", "midi"]) == 0
    assert "empty.labels.txt: no drum hits were found" in capsys.readouterr().err
    Path("one.labels.txt").write_text("0.5\t0.5\tSD\n")
    only = ["--only", "kick,Hi-hat", "--format", "midi"]
    assert main(["convert", "one.labels.txt", *only]) == 0
    assert "no hits were found of kick or hi-hat" in capsys.readouterr().err
    gone = ["--offset", "-3", "--format", "csv"]
    assert main(["convert", "one.labels.txt", *gone]) == 0
    assert "no hits are left to be written" in capsys.readouterr().err
    Path("verse.labels.txt").write_text("0.1\t0.9\tverse\n0.5\t0.5\tSD\n")
    assert main(["convert", "verse.labels.txt", "--offset", "-0.2", *gone[2:]]) == 0
    assert "1 label would lie before 0 s and is left out" in capsys.readouterr().err


def odd_recordings() -> Iterator[tuple[str, bytes, str]]:
    """Return names and contents of recordings, with the message for each."""
    song = play(HITS, SECONDS)

    def made(samples: NDArray[np.floating], form: str = "WAV") -> bytes:
        file = io.BytesIO()
        soundfile.write(file, samples, RATE, format=form)
        return file.getvalue()

    yield "silent.wav", made(0 * song), "silent: all of its samples are zero"
    yield "quiet.flac", made(song / 1000, "FLAC"), "very quiet: its peak is at"
    yield "loud.wav", made(song * 20), "clipped: "
    yield "side.wav", made(np.stack((song, -song), 1)), "channels cancel each other"
    yield "short.wav", made(song)[:-RATE], "cut short or damaged: only"
    yield "twice.ogg", made(song, "OGG") * 2, "several streams, one after the other"


@pytest.mark.parametrize(
    ("name", "content", "warning"), [*odd_recordings()], ids=lambda item: str(item)[:10]
)
def test_what_is_odd_of_a_recording_is_said_once(
    folder: Path,
    name: str,
    content: bytes,
    warning: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path(name).write_bytes(content)
    command = ["transcribe", name, *TINY, "--format", "labels,click,aup"]
    assert main([*command, "--report", "json"]) == 0
    out, err = capsys.readouterr()
    (result,) = json.loads(out)["results"]
    assert [text for text in result["warnings"] if warning in text] == [
        line.removeprefix("adt: warning: ")
        for line in err.splitlines()
        if f"{name}: {warning}" in line
    ]
    assert err.count(warning) == 1


@pytest.mark.parametrize("asked", ["snare", "Snare drum", "sd", "38"])
def test_drums_are_asked_for_by_name(folder: Path, asked: str) -> None:
    assert main(["song.wav", *TINY, "--drums", asked, "--format", "JSON"]) == 0
    song = formats.read("song.drums.json")
    assert set(song.counts()) == {"SD"}
    assert len(song[asked]) == len(song.times(asked)) == len(song) > 0
    kick = ["--threshold", "kick=0.4", "--threshold", f"{asked}=0.6"]
    assert main(["song.wav", *TINY, *kick, "--format", "json", "--overwrite"]) == 0
    thresholds = formats.read("song.drums.json").model["thresholds"]
    assert (thresholds["KD"], thresholds["SD"]) == (0.4, 0.6)
