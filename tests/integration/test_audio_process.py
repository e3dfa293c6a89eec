"""What reading audio does to the process: descriptors, threads, memory."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins.audio import load_audio, open_audio
from adt_plugins.errors import AudioError
from tests.support.audio import RATE, Floats, damage


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )


def test_libmpg123_is_kept_quiet_and_nobody_else(
    audio_files: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp3"
    damage(path, audio_files / "a.mp3")
    loud = run("import soundfile, sys; soundfile.SoundFile(sys.argv[1])", path)
    assert loud.stderr == ""  # opening it says nothing; reading it does
    code = """
import os, sys
from adt_plugins.audio import load_audio
from adt_plugins.audio.quiet import quiet_mpg123
load_audio(sys.argv[1])
with quiet_mpg123():
    os.write(2, b"Note: gone\\nkept\\n")
    with quiet_mpg123():
        print("kept too", file=sys.stderr, flush=True)
print("afterwards", file=sys.stderr)
"""
    assert run(code, path).stderr == "kept\nkept too\nafterwards\n"


def test_without_standard_error(audio_files: Path) -> None:
    code = """
import os, sys
os.close(2)
from adt_plugins.audio import load_audio
print(len(load_audio(sys.argv[1])))
"""
    assert run(code, audio_files / "a.mp3").stdout == "441000\n"


@pytest.mark.parametrize("name", ["a.wav", "a.mp3"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_exceptions_of_file_objects_arrive(
    name: str, error: type[BaseException], audio_files: Path, capfd: Any
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 50_000:
                raise error
            return super().read(size)

    with pytest.raises(error):
        load_audio(Broken((audio_files / name).read_bytes()))
    assert capfd.readouterr() == ("", "")


def test_a_disk_that_fails(audio_files: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 50_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(AudioError, match=r"^audio: Input/output error$"):
        load_audio(Failing((audio_files / "a.wav").read_bytes()))


def test_threads(audio_files: Path, tmp_path: Path) -> None:
    broken = tmp_path / "a.mp3"
    damage(broken, audio_files / "a.mp3")
    sources = [
        audio_files / "a.mp3",
        broken,
        audio_files / "a.flac",
        audio_files / "a.wav",
    ] * 3
    expected = [load_audio(source) for source in sources]
    results: dict[int, Floats] = {}

    def work(index: int) -> None:
        results[index] = load_audio(sources[index])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(sources))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, samples in enumerate(expected):
        np.testing.assert_array_equal(results[index], samples)


def test_files_are_closed(audio_files: Path, tmp_path: Path) -> None:
    """Windows refuses to delete an open file; here, descriptors are counted."""
    psutil = pytest.importorskip("psutil")
    count: Callable[[], int] = getattr(
        psutil.Process(), "num_handles" if os.name == "nt" else "num_fds"
    )
    load_audio(audio_files / "a.mp3")
    before = count()
    for name in ("a.mp3", "a.wav", "a.flac"):
        load_audio(audio_files / name)
        with open_audio(audio_files / name) as reader:
            next(iter(reader))
        with pytest.raises(AudioError):
            load_audio(audio_files / name, start=100.0)
    assert count() == before


def test_a_closed_reader_is_at_its_end(audio_files: Path) -> None:
    with open_audio(audio_files / "a.wav") as reader:
        assert len(next(iter(reader))) > 0
    assert list(reader) == []


# Cost


def test_import_is_silent_and_light() -> None:
    code = """
import sys
import adt_plugins.audio
heavy = {"soundfile", "soxr", "av", "scipy", "ai_edge_litert"}
print(sorted(heavy & set(sys.modules)))
"""
    result = run(code)
    assert (result.stdout, result.stderr) == ("[]\n", "")


# Linux counts in ru_maxrss what the parent had when it forked; not so in VmHWM.
PEAK = """
import sys
from adt_plugins.audio import open_audio
with open_audio(sys.argv[1]) as reader:
    seconds = sum(len(block) for block in reader) / 44100
if sys.platform == "linux":
    status = open("/proc/self/status").read()
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
elif sys.platform == "win32":
    import psutil
    peak = psutil.Process().memory_info().peak_wset
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds, peak)
"""


def sparse_wav(path: Path, seconds: int, rate: int) -> None:
    """Write a stereo file of zeros that takes no room on most disks."""
    size = seconds * rate * 4
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 2, rate, rate * 4, 4, 16),
        *(b"data", size),
    )
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + size)


@pytest.mark.parametrize(("rate", "length"), [(RATE, 3600), (48000, 1200)])
def test_memory_does_not_grow_with_length(
    rate: int, length: int, tmp_path: Path
) -> None:
    peaks = []
    for seconds in (60, length):
        path = tmp_path / f"{seconds}.wav"
        sparse_wav(path, seconds, rate)
        read, peak = run(PEAK, path).stdout.split()
        assert float(read) == seconds
        peaks.append(int(peak))
        path.unlink()
    assert peaks[1] - peaks[0] < 5e6
