"""``adt audacity open``: finding the program, starting it, and what is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Onset, Source
from adt_plugins.audacity import launch
from adt_plugins.audacity.launch import start_audacity
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.formats.audacity_project.writer import write_project
from adt_plugins.labels.tracks import tracks_of
from adt_plugins.transcription import Transcription
from tests.support.audacity.executable import executable
from tests.support.audacity.make_aup3 import label, saved_project, track
from tests.support.patience import PATIENCE_S
from tests.support.tiny_model import play

NOT_WINDOWS = "not on this system: the program that is started is a shell script"
ON_LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="not on this system: it is Linux's"
)
AGE_OF_RUNNING = launch._age_of_running


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no Audacity of another test be seen."""
    monkeypatch.setattr(launch, "_age_of_running", lambda: None)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Path]:
    """Return a program that writes down its arguments and keeps running."""
    if os.name == "nt":
        pytest.skip(NOT_WINDOWS)
    path = executable(
        tmp_path / "bin" / "audacity",
        f'echo $$ > "{tmp_path}/pid"\n'
        f'printf "%s\\n" "$@" > "{tmp_path}/arguments"\nexec sleep 60',
    )
    yield path
    pid = tmp_path / "pid"
    if pid.exists():
        os.kill(int(pid.read_text()), 9)


def arguments(fake: Path) -> list[str]:
    """Return the arguments of the fake, which may still be starting."""
    path = fake.parent.parent / "arguments"
    end = time.monotonic() + PATIENCE_S
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < end
        time.sleep(0.01)
    return path.read_text().splitlines()


def test_it_runs_on_when_we_end(tmp_path: Path, fake: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from adt_plugins.audacity.launch import start_audacity\n"
        "start_audacity([sys.argv[1]], Path(sys.argv[2]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, fake, tmp_path / "a b.aup"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert arguments(fake) == [str(tmp_path / "a b.aup")]
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, 0)
    assert os.getsid(pid) != os.getsid(0)


@pytest.mark.skipif(os.name == "nt", reason=NOT_WINDOWS)
def test_a_program_that_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = executable(tmp_path / "bad", "exit 3")
    monkeypatch.setenv("DISPLAY", ":0")
    with pytest.raises(AdtError, match=r"bad: ended at once with code 3$"):
        start_audacity([str(bad)], tmp_path / "a.aup")
    with pytest.raises(AdtError, match="nothing: no such file"):
        start_audacity([str(tmp_path / "nothing")], tmp_path / "a.aup")


@ON_LINUX
def test_no_screen_or_another_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = executable(tmp_path / "bad", "exit 255")
    monkeypatch.setattr(launch, "_age_of_running", lambda: None)
    with pytest.raises(AdtError, match=r"bad: ended at once; is there a screen"):
        start_audacity([str(bad)], tmp_path / "a.aup")
    monkeypatch.setattr(launch, "_age_of_running", lambda: 9.0)
    start_audacity([str(bad)], tmp_path / "a.aup")


@ON_LINUX
def test_a_running_one_is_seen(tmp_path: Path) -> None:
    # A name that no test beside this one can have.
    copy = tmp_path / "audacity-test"
    shutil.copy("/bin/sleep", copy)
    with subprocess.Popen([copy, "60"]) as process:
        try:
            time.sleep(0.3)
            age = AGE_OF_RUNNING()
            assert age is not None
            assert 0.2 < age < 5
        finally:
            process.kill()
            time.sleep(0.1)
            # It has ended, though nobody has asked for its code.
            assert AGE_OF_RUNNING() != pytest.approx(age, abs=2)


@pytest.mark.skipif(os.name == "nt", reason=NOT_WINDOWS)
def test_another_one_may_take_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that ends at once without an error has passed the file on."""
    monkeypatch.setattr(launch, "_WATCHED_SECONDS", 3600.0)
    passed_on = tmp_path / "passed on"
    program = executable(tmp_path / "ok", f'echo "$1" > "{passed_on}"')
    start_audacity([str(program)], tmp_path / "a.aup")
    assert passed_on.read_text() == f"{tmp_path / 'a.aup'}\n"


@ON_LINUX
@pytest.mark.parametrize(
    ("age", "name", "given"),
    [
        (None, "a.aup", "a_data/a.lof"),
        (9.0, "a.aup", "a.aup"),  # one that runs opens projects alone
        (None, 'a".aup', 'a".aup'),  # such a name ends too early in a list
        (None, "a\nb.aup", "a\nb.aup"),
    ],
)
def test_audacity_3_with_gtk_gets_a_list(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    age: float | None,
    name: str,
    given: str,
) -> None:
    calls = tmp_path / "calls"
    text = f'# links libwx_gtk3u_core-3.2.so.0\necho "$@" >> "{calls}"; exit 0'
    command = [str(executable(tmp_path / "audacity", text))]
    project = write_project(tmp_path / name, [])
    monkeypatch.setattr(launch, "_age_of_running", lambda: age)
    start_audacity(command, project)
    assert calls.read_text() == f"{tmp_path / given}\n"
    if given.endswith(".lof"):
        assert (tmp_path / given).read_text(encoding="utf-8") == (
            'window offset 0 duration 8\nfile "../a.aup"\n'
        )
    write_project(project, [], overwrite=True)  # the list is no file of the user's


@ON_LINUX
def test_one_that_is_starting_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(launch, "_age_of_running", lambda: 1.5)
    monkeypatch.setattr(time, "sleep", waits.append)
    good = executable(tmp_path / "good", "exit 0")
    start_audacity([str(good)], tmp_path / "a.aup")
    assert waits[0] == 3.5


@pytest.fixture
def song(tmp_path: Path, user_home: Path) -> Path:
    path = tmp_path / "music" / 'so "n" & ä.wav'
    path.parent.mkdir()
    samples = play([(0.5, "KD"), (1.0, "SD"), (1.5, "HH")], 3.0)
    soundfile.write(path, samples, 44100)
    return path


def run(*arguments: str | Path) -> int:
    return main(["audacity", "open", *map(str, arguments)])


def test_a_recording_is_opened(
    song: Path, fake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(song, "--model", "tiny", "--program", fake) == 0
    path = song.with_name('so "n" & ä.drums.aup')
    assert arguments(fake) == [str(path)]
    captured = capsys.readouterr()
    _, written, opened = captured.out.splitlines()
    assert written.startswith(f"{path}  ")
    assert opened == f"opened it in Audacity ({fake})"
    assert captured.err == ""
    read = formats.read(path)
    assert [str(o.drum) for o in read] == ["KD", "SD", "HH"]
    assert np.abs(np.array([o.time for o in read]) - [0.5, 1.0, 1.5]).max() < 0.02
    (audio,) = path.with_name('so "n" & ä.drums_data').glob("audio-*")
    assert audio.samefile(song)


def test_the_report(
    song: Path, fake: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ["--model", "tiny", "--program", str(fake), "-o", str(tmp_path / "out")]
    options += ["--label-text", "name+velocity", "--format", "labels"]
    assert run(song, *options, "--report", "json") == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert [output["format"] for output in result["outputs"]] == ["labels", "aup"]
    labels = Path(result["outputs"][0]["path"]).read_text().splitlines()
    assert labels[0].split("\t")[2].startswith("Kick ")
    assert arguments(fake) == [result["outputs"][1]["path"]]


def test_a_transcription_is_opened_as_it_is(
    song: Path, fake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corrected = Transcription((Onset(0.25, Drum.RDB),), source=Source(path=str(song)))
    path = song.with_name("song.drums.json")
    formats.write(corrected, path)
    assert run(path, "--program", fake) == 0
    assert arguments(fake) == [str(song.with_name("song.drums.aup"))]
    assert formats.read(song.with_name("song.drums.aup")).onsets == corrected.onsets


def test_a_project_that_exists(
    song: Path, fake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--model", "tiny", "--program", str(fake)]
    assert run(song, *options, "-q") == 0
    path = song.with_name('so "n" & ä.drums.aup')
    assert run(song, *options, "-q") == 0  # nobody has changed it
    before = path.read_bytes() + b"\n"
    path.write_bytes(before)
    (fake.parent.parent / "arguments").unlink()
    # As it is, it is opened again.
    assert run(song, *options) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: exists; --overwrite transcribes {song.stem} again",
        f"opened it in Audacity ({fake})",
    ]
    assert arguments(fake) == [str(path)]
    assert path.read_bytes() == before
    (fake.parent.parent / "arguments").unlink()
    # What is asked for otherwise would have to replace it.
    assert run(song, *options, "--threshold", "KD=0.5") == 1
    changed = "has been changed since it was written; --overwrite discards the changes"
    assert capsys.readouterr().err == f"adt: {path}: {changed}\n"
    assert not (fake.parent.parent / "arguments").exists()
    assert run(song, *options, "--skip-existing") == 0  # but it is opened
    assert arguments(fake) == [str(path)]
    assert path.read_bytes() == before
    path.write_text("<project/>")
    assert run(song, *options, "--overwrite") == 1
    assert "was not made by adt-plugins, so it is left alone" in capsys.readouterr().err
    assert path.read_text() == "<project/>"


def test_what_the_user_has_saved_of_it_is_opened_again(
    song: Path, fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is, and whatever its name."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    options = ["--model", "tiny", "--program", str(fake)]
    assert run(song, *options, "-q") == 0
    arguments(fake)
    (fake.parent.parent / "arguments").unlink()
    hits = formats.read(song.with_name('so "n" & ä.drums.aup'))
    tags = [
        track(one.name, *(label(x.start, x.text) for x in one.labels))
        for one in tracks_of(hits)
    ]
    saved = tmp_path / "home" / "Documents" / "mine.aup3"
    saved.parent.mkdir(parents=True)
    saved_project(saved, *tags[1:])
    assert run(song, *options, "-q") == 0
    assert arguments(fake) == [str(saved)]
    # Of another recording of that name it is not.
    (fake.parent.parent / "arguments").unlink()
    soundfile.write(song, play([(0.7, "KD")], 2.0), 44100)
    before = saved.read_bytes()
    assert run(song, *options, "-q") == 0
    assert arguments(fake) == [str(song.with_name('so "n" & ä.drums.aup'))]
    assert saved.read_bytes() == before


def test_no_audacity(
    song: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(launch, "find_audacity", lambda: None)
    assert run(song, "--model", "tiny") == 1
    path = song.with_name('so "n" & ä.drums.aup')
    assert capsys.readouterr().err == (
        f"adt: {path}: is written, but no Audacity was found to open it: install it, or"
        " name it with --program\n"
    )
    assert len(formats.read(path)) == 3
    assert run(song, "--program", tmp_path / "none") == 2
    assert "is not a program" in capsys.readouterr().err


def test_options_that_are_wrong(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Bombo = Kck\n")
    for options, reason in [
        (["--label-text", "colour"], "no label text 'colour'; there are name,"),
        (["--label-names", str(names)], "names.txt: line 1: unknown drum 'Kck'"),
        (["--label-names", str(tmp_path / "no")], "no such file"),
        (["--format", "xyz"], "no format 'xyz'"),
    ]:
        assert run(song, *options) == 2
        assert reason in capsys.readouterr().err


def test_names_of_ones_own(song: Path, fake: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Bombo = KD\n")
    options = ["--model", "tiny", "--program", str(fake), "--label-names", str(names)]
    assert run(song, *options, "-q") == 0
    path = song.with_name('so "n" & ä.drums.aup')
    assert '<labeltrack name="Bombo"' in path.read_text(encoding="utf-8")
    convert = ["convert", str(path), "--format", "csv", "-o", str(tmp_path), "-q"]
    assert main([*convert, "--label-names", str(names)]) == 0
    table = (tmp_path / 'so "n" & ä.drums.csv').read_text()
    assert ",KD," in table
