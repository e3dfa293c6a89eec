"""Full disks, folders that cannot be written, odd names, bombs, and no network."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adt_plugins.activations import load_activations
from adt_plugins.errors import AdtError, FormatError
from tests.support.recordings import HITS, SECONDS, write_wave
from tests.support.tiny_model import play

pytestmark = [
    pytest.mark.usefixtures("user_home"),
    pytest.mark.skipif(
        sys.platform != "linux", reason="not on this system: Linux's file systems"
    ),
]

COMMAND = [sys.executable, "-m", "adt_plugins"]


def adt(*arguments: object, before: tuple[str, ...] = ()) -> tuple[int, str, str]:
    words = [*before, *COMMAND, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, check=False)
    out, errors = (
        text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr)
    )
    assert "Traceback" not in errors
    return done.returncode, out, errors


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for two small files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("not on this system: mount")
    if done.returncode:
        pytest.skip("not on this system: the right to mount a disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(song: Path, small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(8192))
    free = shutil.disk_usage(small_disk).free
    options = ("--model", "tiny", "-o", small_disk, "--format", "labels,click")
    code, _, errors = adt("transcribe", song, *options)
    target = small_disk / "song.click.wav"
    assert (code, errors) == (1, f"adt: {target}: No space left on device\n")
    # Finished files stay whole, and nothing of the others is left.
    assert left(small_disk) == ["ballast", "song.labels.txt"]
    assert len((small_disk / "song.labels.txt").read_text().splitlines()) == len(HITS)
    (small_disk / "song.labels.txt").unlink()
    assert shutil.disk_usage(small_disk).free == free


def test_a_batch_on_a_full_disk(tmp_path: Path, small_disk: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for number in range(12):
        write_wave(library / f"{number:02}.wav", play(HITS, SECONDS))
    options = ("--model", "tiny", "-q", "-j", "1", "-o")
    code, _, errors = adt("batch", library, *options, small_disk)
    assert code in (1, 2)
    assert errors.count("\n") >= 1
    assert all("No space left on device" in line for line in errors.splitlines())
    assert not [name for name in left(small_disk) if name.endswith(".tmp")]
    whole = tmp_path / "whole"
    assert adt("batch", library, *options, whole)[0] == 0
    for name in left(small_disk):
        if name.endswith((".txt", ".mid")):
            assert (small_disk / name).read_bytes() == (whole / name).read_bytes()
    # With room again, the same command does the rest.
    grow = ["mount", "-o", "remount,size=4m", str(small_disk)]
    subprocess.run(grow, check=True)
    assert adt("batch", library, *options, small_disk, "--retry")[::2] == (0, "")
    assert left(small_disk) == left(whole)
    for name in left(whole):
        if name != ".adt-batch.lock":
            assert (small_disk / name).read_bytes() == (whole / name).read_bytes()


def test_a_folder_that_cannot_be_written(song: Path, tmp_path: Path) -> None:
    # Root may write everywhere but here.
    for folder in (Path("/proc"), song):
        code, _, errors = adt("transcribe", "--model", "tiny", song, "-o", folder)
        # A file is no folder whatever is to be done: then the command is wrong.
        assert code == (2 if folder == song else 1)
        assert errors.startswith("adt: ")
        assert str(folder) in errors
        assert errors.count("\n") == 1
        code, _, errors = adt("batch", "--model", "tiny", song, "-o", folder)
        assert code == 2
        assert errors.startswith("adt: ")
        assert str(folder) in errors
        assert errors.count("\n") == 1
    assert left(tmp_path) == ["song.wav"]


NAMES = [
    "日本語 ドラム",
    "עברית",
    "🥁",
    "e\u0301 decomposed",
    "CON",
    "-o",
    "--help",
    "a" * 200,
    "two\nlines",
    "tab\there",
    "trailing. ",
    "%s {} $(reboot) `x` ';",
    "\udcff\udcfe",
]


def test_names(song: Path, tmp_path: Path) -> None:
    library, out = tmp_path / "library", tmp_path / "out"
    library.mkdir()
    for name in NAMES:
        shutil.copy(song, library / f"{name}.wav")
    code, text, errors = adt("batch", "--model", "tiny", library, "-o", out)
    assert (code, errors) == (0, "")
    assert len(text.splitlines()) == len(NAMES) + 1
    for name in NAMES:
        lines = (out / f"{name}.labels.txt").read_text().splitlines()
        assert len(lines) == len(HITS)


def test_a_name_that_is_too_long_for_its_output(song: Path, tmp_path: Path) -> None:
    long = song.with_name("é" * 125 + "b.wav")  # 255 bytes
    song.rename(long)
    code, _, errors = adt("transcribe", "--model", "tiny", long, "-o", tmp_path / "out")
    assert code == 1
    assert errors.endswith(".labels.txt: File name too long\n")
    assert not left(tmp_path / "out")


HEADERS = {
    "4 GB": {"claim": 0xFFFFFFF0},
    "0 Hz": {"rate": 0},
    "384 kHz": {"rate": 384000},
    "64 channels": {"channels": 64},
    "0 channels": {"channels": 0},
    "1024 channels at 1 MHz": {"channels": 1024, "rate": 1_000_000, "size": 204800},
    "60000 channels": {"channels": 60000, "size": 120000},
    "0 bits": {"bits": 0},
    "4 GB of fmt": {"form": 0xFFFFFFF0},
}


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize("name", HEADERS)
def test_headers(name: str, pipe: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(_wave(**HEADERS[name]))
    # 1.5 GB of address space: a block that is as large as the header says fails.
    code = "import resource as r; r.setrlimit(r.RLIMIT_DATA, (1 << 30, 1 << 30));"
    code += "import sys; from adt_plugins.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["transcribe", "--model", "tiny", "-o", str(tmp_path / "out"), "-q"]
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments]
            + (["-", "--name", "a"] if pipe else [str(path)]),
            input=file.read() if pipe else None,
            capture_output=True,
            check=False,
        )
    errors = done.stderr.decode()
    label = "standard input" if pipe else str(path)
    if done.returncode:
        assert done.returncode == 1, errors
        assert errors.startswith(f"adt: {label}: ")
        assert errors.count("\n") == 1
        assert not (tmp_path / "out").exists()
        assert name not in ("4 GB", "384 kHz", "64 channels")
    else:
        assert left(tmp_path / "out") == [
            "a.drums.120bpm.mid",
            "a.drums.mid",
            "a.labels.txt",
        ]
        assert name.startswith(("4 GB", "384", "64", "1024"))


def _wave(
    *,
    rate: int = 44100,
    channels: int = 2,
    bits: int = 16,
    size: int = 1280,
    claim: int | None = None,
    form: int = 16,
) -> bytes:
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", 1, channels, rate, rate * frame & 0xFFFFFFFF,
                       frame & 0xFFFF, bits)  # fmt: skip
    claim = size if claim is None else claim
    return (
        b"RIFF"
        + struct.pack("<I", min(claim + 36, 0xFFFFFFFF))
        + b"WAVEfmt "
        + struct.pack("<I", form)
        + head
        + b"data"
        + struct.pack("<I", claim)
        + bytes(size)
    )


def test_bombs(tmp_path: Path) -> None:
    """A small archive whose content is large is refused before it is unpacked."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("values", "outputs", "more"):
            with archive.open(f"{name}.npy", "w") as file:
                file.write(b"\x93NUMPY\x01\x00")
                for _ in range(64):
                    file.write(bytes(1 << 20))
    with pytest.raises(FormatError, match="no activations"):
        load_activations(path)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 9)}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("values.npy", header.getvalue())
    with pytest.raises(AdtError):
        load_activations(path)


def test_no_network_is_used(song: Path, tmp_path: Path) -> None:
    """Everything works in a network namespace without even a loopback."""
    alone = ("unshare", "-rn")
    try:
        subprocess.run([*alone, "true"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not on this system: the right to a network namespace")
    options = ("--model", "tiny", "-o", tmp_path / "out", "-q")
    assert adt("transcribe", song, *options, before=alone) == (0, "", "")
    assert adt(
        "batch", song, *options[:2], "-o", tmp_path / "b", "-q", before=alone
    ) == (
        0,
        "",
        "",
    )
    assert left(tmp_path / "out") == [
        "song.drums.120bpm.mid",
        "song.drums.mid",
        "song.labels.txt",
    ]


def test_private_files(song: Path, tmp_path: Path) -> None:
    """No file is open to others while it is being written, nor is the lock."""
    assert adt("batch", "--model", "tiny", song, "-o", tmp_path / "out", "-q")[0] == 0
    assert (tmp_path / "out" / ".adt-batch.lock").stat().st_mode & 0o077 == 0
