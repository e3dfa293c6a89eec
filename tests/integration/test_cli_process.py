"""The command line as a process of its own: signals, pipes, terminals, encodings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.patience import PATIENCE_S
from tests.support.recordings import write_wave
from tests.support.tiny_model import RATE, play

pytestmark = pytest.mark.usefixtures("user_home")

COMMAND = [sys.executable, "-m", "adt_plugins"]
TRANSCRIBE = [*COMMAND, "transcribe", "--model", "tiny"]
on_posix = pytest.mark.skipif(
    os.name == "nt", reason="not on this system: signals and terminals of POSIX"
)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_wave(tmp_path / "söng.wav", play([(0.5, "KD")], 1.0))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_but_results_goes_into_a_pipe(song: Path) -> None:
    done = subprocess.run([*TRANSCRIBE, str(song)], capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr == b""
    summary, *listed = done.stdout.decode().splitlines()
    assert summary.startswith(f"{song.stem}  0:01  ")
    endings = (".labels.txt", ".drums.mid", ".drums.120bpm.mid")
    assert [line.split("  ")[0] for line in listed] == [
        str(song.with_suffix(ending)) for ending in endings
    ]


def test_nothing_is_searched_for_cycles_at_the_end() -> None:
    """That took a tenth of the time of a short recording."""
    code = "import gc; from adt_plugins.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(gc.get_freeze_count())", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout.splitlines()[-1]) > 1000


def test_output_is_utf8_whatever_the_console_is(song: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [*TRANSCRIBE, str(song), str(song.with_name("fehlt ü.wav"))]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.returncode == 1
    assert str(song.with_suffix(".labels.txt")).encode() in done.stdout
    assert "fehlt ü.wav: ".encode() in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="not on this system")
def test_a_full_disk_below_the_results_is_no_fault_of_an_input(song: Path) -> None:
    for command, code in (
        ([*TRANSCRIBE, str(song)], 1),
        ([*COMMAND, "maps", "list"], 2),
    ):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                command, stdout=full, stderr=subprocess.PIPE, check=False
            )
        error = b"adt: standard output: No space left on device\n"
        assert (done.returncode, done.stderr) == (code, error)
    assert song.with_suffix(".labels.txt").exists()


@pytest.mark.skipif(
    sys.platform != "linux", reason="not on this system: names that are not UTF-8"
)
def test_a_name_that_is_no_text(song: Path) -> None:
    odd = os.fsencode(song.parent) + b"/\xff.wav"
    os.rename(os.fsencode(song), odd)  # noqa: PTH104
    command = [*map(os.fsencode, TRANSCRIBE), b"--format", b"labels,json", odd]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    summary, listed, _ = done.stdout.splitlines()
    assert b"1 kick" in summary
    assert b"/\xff.labels.txt  " in listed
    assert os.path.exists(odd.replace(b".wav", b".labels.txt"))  # noqa: PTH110


@on_posix
def test_a_reader_that_leaves_does_not_stop_the_work(song: Path) -> None:
    others = [
        write_wave(song.with_name(f"{i}.wav"), play([(0.5, "KD")], 1.0))
        for i in range(3)
    ]
    process = subprocess.Popen(
        [*TRANSCRIBE, "--format", "labels", *map(str, others)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        errors = process.stderr.read()
    assert (process.wait(), errors) == (0, b"")
    for i in range(3):
        assert song.with_name(f"{i}.labels.txt").exists()


@on_posix
def test_ctrl_c_leaves_whole_files_only(tmp_path: Path) -> None:
    first = write_wave(tmp_path / "first.wav", play([(0.5, "KD")], 1.0))
    noise = np.random.default_rng(0).normal(0, 0.1, 20 * 60 * RATE)
    long = write_wave(tmp_path / "long.wav", noise)
    process = subprocess.Popen(
        [*TRANSCRIBE, "--format", "labels", str(first), str(long)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A script in the background passes on that it ignores the signal.
        preexec_fn=lambda: signal.signal(  # noqa: PLW1509 - no threads here
            signal.SIGINT, signal.SIG_DFL
        ),
    )
    assert process.stdout is not None
    process.stdout.readline()  # the first is done, the second has begun
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (130, b"adt: interrupted\n")
    assert names(tmp_path) == ["first.labels.txt", "first.wav", "long.wav"]
    text = (tmp_path / "first.labels.txt").read_text()
    assert text.endswith("KD\n")


# A finder of modules that is interrupted when one is looked for. Like callbacks of the
# import system it loses exceptions.
_INTERRUPTED_IMPORT = """
import os, signal, sys
wanted = sys.argv.pop()
class Finder:
    def find_spec(self, name, *rest):
        try:
            if name == wanted:
                os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            pass
sys.meta_path.insert(0, Finder())
from adt_plugins.__main__ import main
sys.argv.append("--version")
sys.exit(main())
"""


# The first thing that the program imports, and Ctrl-C meanwhile.
_INTERRUPTED_AT_ONCE = """
import sys
class Finder:
    def find_spec(self, name, *rest):
        if name == "signal":
            raise KeyboardInterrupt
sys.modules.pop("signal", None)
sys.meta_path.insert(0, Finder())
import adt_plugins.__main__
"""


@on_posix
def test_ctrl_c_before_anything_has_begun() -> None:
    command = [sys.executable, "-c", _INTERRUPTED_AT_ONCE]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@on_posix
@pytest.mark.parametrize(
    "module", ["adt_plugins.cli", "adt_plugins.cli._parser", "adt_plugins.errors"]
)
def test_ctrl_c_while_the_program_is_loaded(module: str) -> None:
    command = [sys.executable, "-c", _INTERRUPTED_IMPORT, module]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (130, b"")
    assert done.stderr == b"adt: interrupted\n"


_INTERRUPTED_IN_A_STRING = """
import sys
import adt_plugins.__main__ as program
from adt_plugins import cli
def run(*_):
    exec("raise KeyboardInterrupt")
sys.argv = ["adt", "models", "list"]
cli.parse = lambda *_: type("Call", (), {"files": {}, "run": run})()
sys.exit(program.main())
"""


@on_posix
def test_ctrl_c_in_code_that_is_executed_from_a_string(tmp_path: Path) -> None:
    (tmp_path / "started.py").write_text(_INTERRUPTED_IN_A_STRING)
    command = [sys.executable, "-m", "started"]
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"adt: interrupted\n")


@on_posix
def test_a_terminal_shows_progress(tmp_path: Path) -> None:
    import fcntl
    import pty
    import struct
    import termios

    long = write_wave(tmp_path / "long.wav", play([(0.5, "KD")], 120.0))
    terminal, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [*TRANSCRIBE, "--format", "labels", str(long)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=child) as process:
        os.close(child)
        shown = b""
        try:
            while block := os.read(terminal, 4096):
                shown += block
        except OSError:  # how Linux says that the other side is closed
            pass
        assert process.wait() == 0
    os.close(terminal)
    assert b"long.wav:" in shown
    assert b"%|" in shown


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_the_program_starts_with_little(arguments: list[str]) -> None:
    """Count what speed follows from; speed itself is measured by the benchmark."""
    code = "import sys; from adt_plugins.cli import main; main(sys.argv[1:])"
    code += "; print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    assert "numpy" not in loaded
    assert len([name for name in loaded if name.startswith("adt_plugins")]) < 40
