"""``adt batch``: damaged manifests, and runs that were stopped or failed."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from adt_plugins import formats
from adt_plugins.base.process_lock import Lock
from tests.support.batch import COMMAND, batch, files, lines, lines_of, times
from tests.support.recordings import HITS, assert_heard, write_wave
from tests.support.tiny_model import play

pytestmark = pytest.mark.usefixtures("user_home")


def test_a_manifest_that_is_none_and_one_that_is_cut(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert batch(library / "one", "-o", out, "-q") == 0
    manifest = out / "manifest.jsonl"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole + b'{"input": "cut by a k')
    assert batch(library / "one", "-o", out) == 0
    printed = capsys.readouterr()
    assert "0 done, 1 done before" in printed.out
    assert len(printed.err.splitlines()) == 1
    assert "line 2 is not of a manifest" in printed.err
    assert manifest.read_bytes() == whole
    manifest.write_bytes(b"Dear diary\n")
    assert batch(library / "one", "-o", out) == 2
    expected = f"adt: {manifest}: line 1 is not of a manifest: not JSON: "
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(expected)
    assert manifest.read_bytes() == b"Dear diary\n"


def test_a_line_that_was_spoilt_by_hand_is_done_again(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert batch(library, "-o", out, "-q") == 1  # one is damaged
    capsys.readouterr()
    manifest = out / "manifest.jsonl"
    whole = manifest.read_bytes()
    first, *others = whole.splitlines(keepends=True)
    manifest.write_bytes(first.replace(b'"bytes": ', b'"bytes": x') + b"".join(others))
    assert batch(library, "-o", out) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].startswith("1 done, ")
    warnings = [text for text in printed.err.splitlines() if "warning" in text]
    assert len(warnings) == 1
    assert f"{manifest}: line 1 is not of a manifest" in warnings[0]
    assert manifest.read_bytes() == whole


def test_two_at_a_time_are_refused(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    left = tmp_path / "out" / ".adt-batch.lock"
    left.write_text("4194304\n")  # the number of another process, and a long one
    lock = Lock(left)
    assert batch(library, "-o", tmp_path / "out") == 2
    lock.release()
    assert f"another process (number {os.getpid()}) has it" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="not on this system: signals of POSIX")
@pytest.mark.parametrize(
    ("sent", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
)
def test_a_run_that_is_stopped_is_continued(
    sent: signal.Signals, code: int, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for number in range(8):
        hits = [(0.5 + number / 10, "KD"), (25.0, "SD")]
        write_wave(library / f"{number}.wav", play(hits, 30.0))
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert batch(library, "-o", whole, "-q") == 0
    with subprocess.Popen(
        [*COMMAND, str(library), "-o", str(out), "-j", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A script in the background passes on that it ignores the signal.
        preexec_fn=lambda: signal.signal(  # noqa: PLW1509 - no threads here
            signal.SIGINT, signal.SIG_DFL
        ),
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(sent)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert b"Traceback" not in errors
    before = times(out)
    assert 6 <= len(before) < 16
    expected = files(whole)
    for name, content in files(out).items():
        # Of a process that is killed, others may still be at work for a moment.
        is_draft = sent == signal.SIGKILL and name.startswith(".adt-")
        if name != "manifest.jsonl" and not is_draft:
            assert content == expected[name]
    done = [line for line in lines_of(out) if line["status"] == "done"]
    assert len(done) >= 3

    assert batch(library, "-o", out, "-q") == 0
    assert files(out) == expected
    after = times(out)
    for line in done:
        for item in line["outputs"]:
            assert after[item["path"]] == before[item["path"]]


def test_what_was_written_stays_ours_after_a_failure(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song, out = library / "one" / "söng.wav", tmp_path / "out"
    away = song.with_name("away")
    (library / "list.txt").write_text("one/söng.wav", encoding="utf-8")
    command = (library / "list.txt", "-o", out, "-q")
    assert batch(*command) == 0
    whole = song.read_bytes()

    song.rename(away)  # a drive that is not there today
    assert batch(*command) == 1
    away.rename(song)
    assert batch(*command) == 0

    song.write_bytes(b"broken")
    assert batch(*command) == 1
    song.write_bytes(whole)
    assert batch(*command) == 0

    (out / "söng.drums.csv").write_text("mine")
    assert batch(*command, "--format", "labels,csv") == 1
    assert batch(*command) == 0
    assert (out / "söng.drums.csv").read_text() == "mine"
    assert_heard(formats.read(out / "söng.labels.txt"), HITS)


def test_what_was_skipped_is_looked_for_again(library: Path, tmp_path: Path) -> None:
    out, mine = tmp_path / "out", tmp_path / "out" / "söng.labels.txt"
    out.mkdir()
    mine.write_text("mine")
    command = (library / "one", "-o", out, "-q", "--format", "labels")
    assert batch(*command, "--skip-existing") == 0
    assert [line["outputs"] for line in lines(out).values()] == [[]]
    assert batch(*command) == 1
    assert mine.read_text() == "mine"
    mine.unlink()
    assert batch(*command, "--skip-existing") == 0
    assert_heard(formats.read(mine), HITS)
