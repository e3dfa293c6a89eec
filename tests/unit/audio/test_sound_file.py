"""Sound is written whole or not at all, whatever interrupts it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins.audio.sound_file import write_sound
from adt_plugins.base.held_signals import HeldSignals
from adt_plugins.editor import sound as sounds
from adt_plugins.editor.sound import CHUNK, Sound

RATE = 44100
NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, (3 * CHUNK, 1)).astype(np.float32)
MAIN = pytest.mark.skipif(
    os.name == "nt", reason="not on this system: signals of POSIX"
)


def write(path: Path, form: str, subtype: str) -> int:
    return write_sound(
        path, [NOISE[:70000]], sample_rate=RATE, channels=1, form=form, subtype=subtype
    )


@pytest.mark.parametrize(
    ("form", "subtype"),
    [("WAV", "FLOAT"), ("RF64", "FLOAT"), ("OGG", "VORBIS"), ("FLAC", "PCM_16")],
)
def test_what_was_meant_is_there(tmp_path: Path, form: str, subtype: str) -> None:
    assert write(tmp_path / "a", form, subtype) == 70000
    assert len(soundfile.read(tmp_path / "a")[0]) == 70000


@MAIN
@pytest.mark.parametrize(("form", "subtype"), [("WAV", "FLOAT"), ("OGG", "VORBIS")])
def test_a_disk_that_is_full_is_told(tmp_path: Path, form: str, subtype: str) -> None:
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.unit.audio.test_sound_file import write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "try: write(Path(sys.argv[1]), *sys.argv[2:])\n"
        "except OSError as error: print('refused', error.errno)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "a"), form, subtype]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("refused "), done.stderr


@MAIN
def test_a_signal_waits_and_is_not_lost() -> None:
    steps: list[str] = []

    def interrupted() -> None:
        with HeldSignals():
            signal.raise_signal(signal.SIGINT)
            steps.append("behind the signal")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert steps == ["behind the signal"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_hold_nothing() -> None:
    def run() -> None:
        with HeldSignals():
            done.append(True)

    done: list[bool] = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert done


class _Interrupting(io.BytesIO):
    """Somebody presses Ctrl-C while libsndfile reads."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        if self.reads == 20:
            signal.raise_signal(signal.SIGINT)
        return super().read(size)


@MAIN
def test_a_signal_while_memory_is_read_is_not_lost() -> None:
    from adt_plugins.audio import load_audio

    file = io.BytesIO()
    soundfile.write(file, NOISE, RATE, format="FLAC")
    with pytest.raises(KeyboardInterrupt):
        load_audio(_Interrupting(file.getvalue()))


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError])
@pytest.mark.parametrize("place", ["read", "encode"])
def test_a_piece_that_was_interrupted_is_no_silence(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException], place: str
) -> None:
    """An error half-way must not turn the next pieces into silence."""
    song = Sound((NOISE, RATE))
    expected = [song.chunk(n) for n in range(len(song))]
    song.close()
    song = Sound((NOISE, RATE))
    song.chunk(0)
    with monkeypatch.context() as patch:
        if place == "encode":

            def fail(*_: object, **__: object) -> bytes:
                raise error

            patch.setattr(sounds, "_encode", fail)
        else:
            blocks = song._blocks

            def failing() -> Iterator[NDArray[np.float32]]:
                yield next(blocks)
                raise error

            song._blocks = failing()
        with pytest.raises(error):
            song.chunk(2)
    assert [song.chunk(n) for n in range(len(song))] == expected
    song.close()
