"""Hits reported while they are played: `listen_live` and ``adt listen``."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mido
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from adt_plugins import Transcription, transcribe
from adt_plugins.cli import _console, main
from adt_plugins.errors import ModelError, install_command
from adt_plugins.evaluation import evaluate
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.streaming.live import LIVE_MODEL, listen_live, live_delay
from tests.support.paths import EXAMPLES

RATE = 44100
BLOCK = 441
MOST_DELAY_S = 0.15


@pytest.fixture(scope="module")
def groove() -> NDArray[np.float32]:
    samples, rate = soundfile.read(EXAMPLES / "groove.flac", dtype="float32")
    assert rate == RATE
    return np.asarray(samples[: 8 * RATE])


def test_hits_are_told_soon_and_are_those_of_the_recording(
    groove: NDArray[np.float32],
) -> None:
    sent = 0

    def played() -> Iterator[NDArray[np.float32]]:
        nonlocal sent
        for start in range(0, len(groove), BLOCK):
            sent = min(start + BLOCK, len(groove))
            yield groove[start : start + BLOCK]

    onsets = []
    for onset in listen_live(played()):
        onsets.append(onset)
        assert sent / RATE - onset.time < MOST_DELAY_S
    assert live_delay(find_model(LIVE_MODEL)) + BLOCK / RATE < MOST_DELAY_S
    transcription = transcribe((groove, RATE), beats=False)
    result = evaluate(
        [transcription], [Transcription(tuple(onsets))], ("KD", "SD", "HH")
    )
    assert (result.score("all", 0.02).f or 0.0) > 0.9


def test_blocks_of_any_size_give_the_same(groove: NDArray[np.float32]) -> None:
    def listened(size: int) -> list[Any]:
        start = groove[: 3 * RATE]
        parts = (start[k : k + size] for k in range(0, len(start), size))
        return list(listen_live(parts))

    few, many = listened(64), listened(5000)
    assert [(o.time, o.drum) for o in few] == [(o.time, o.drum) for o in many]
    assert few


def test_models_are_not_taken_for_the_other_kind() -> None:
    with pytest.raises(ModelError, match="reads 10 s at a time"):
        listen_live([], model="drums")
    with pytest.raises(ModelError, match="reads a frame at a time: it is for adt li"):
        Network(find_model(LIVE_MODEL))


def wave_pipe(samples: NDArray[np.float32]) -> Any:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="WAV", subtype="PCM_16")

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    return SimpleNamespace(buffer=Pipe(file.getvalue()), isatty=lambda: False)


def test_a_pipe_becomes_labels(
    groove: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(sys, "stdin", wave_pipe(groove))
    assert main(["listen", "-", "--drums", "kick,snare"]) == 0
    path = tmp_path / "take.labels.txt"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    song = Transcription.read(path)
    assert set(song.counts()) == {"KD", "SD"}
    assert len(song) > 10


def test_hits_are_played_on_a_port(
    groove: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent: list[Any] = []
    port = SimpleNamespace(send=sent.append, close=lambda: sent.append("closed"))
    monkeypatch.setattr(mido, "get_output_names", lambda: ["Synth 14:0"])
    monkeypatch.setattr(mido, "open_output", lambda name: port)
    monkeypatch.setattr(sys, "stdin", wave_pipe(groove))
    words = ["listen", "-", "-q", "--only", "snare", "--midi-port", "synth"]
    assert main(words) == 0
    assert sent.pop() == "closed"
    assert {message.type for message in sent} == {"note_on", "note_off"}
    assert {(message.channel, message.note) for message in sent} == {(9, 38)}
    assert all(message.velocity for message in sent[::2])
    assert not capsys.readouterr().out
    assert main(["listen", "-", "--midi-port", "Organ"]) == 2
    assert "no port 'Organ'; there are Synth 14:0" in capsys.readouterr().err


def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert main(["listen"]) == 2
    cure = install_command("sounddevice", "live")
    assert f"needs sounddevice: {cure}" in capsys.readouterr().err


@pytest.mark.parametrize("call", ["get_output_names", "open_output", "send"])
@pytest.mark.parametrize("error", [OSError, RuntimeError, ValueError])
def test_a_port_that_is_refused_is_one_line(
    groove: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    call: str,
    error: type[Exception],
) -> None:
    def refuse(*_: Any) -> Any:
        raise error("the system is busy")

    port = SimpleNamespace(send=lambda message: None, close=lambda: None)
    monkeypatch.setattr(mido, "get_output_names", lambda: ["Synth"])
    monkeypatch.setattr(mido, "open_output", lambda name: port)
    monkeypatch.setattr(port if call == "send" else mido, call, refuse)
    monkeypatch.setattr(sys, "stdin", wave_pipe(groove[:RATE]))
    assert main(["listen", "-", "-q", "--midi-port", "Synth"]) == 2
    assert capsys.readouterr().err == "adt: --midi-port Synth: the system is busy\n"


@pytest.mark.parametrize("way", ["open", "start", "unplugged"])
def test_an_input_that_is_refused_or_ends_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    class PortAudioError(Exception):
        pass

    class InputStream:
        active = False

        def __init__(self, **_: Any) -> None:
            if way == "open":
                raise PortAudioError("no such\ndevice")

        def start(self) -> None:
            if way == "start":
                raise PortAudioError("no such\ndevice")

        def close(self) -> None:
            pass

    fake = SimpleNamespace(
        PortAudioError=PortAudioError,
        InputStream=InputStream,
        query_devices=lambda: [{"name": "Desk", "max_input_channels": 1}],
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    assert main(["listen", "Desk"]) == 2
    reason = "was disconnected" if way == "unplugged" else "no such device"
    assert capsys.readouterr().err == f"adt: Desk: {reason}\n"


def test_audio_inputs_are_named_and_files_are_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: Any) -> None:
        raise ValueError("No input device matching 'Desk'")

    devices = [
        {"name": "Mic", "max_input_channels": 1},
        {"name": "Speakers", "max_input_channels": 0},
        {"name": "Interface", "max_input_channels": 2},
    ]
    fake = SimpleNamespace(
        PortAudioError=OSError, InputStream=refuse, query_devices=lambda: devices
    )
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    assert main(["listen", "Desk"]) == 2
    message = "adt: no input 'Desk'; there are Mic, Interface\n"
    assert capsys.readouterr().err == message
    devices.clear()
    assert main(["listen"]) == 2
    assert capsys.readouterr().err == "adt: this computer has no audio input\n"
    assert main(["listen", str(EXAMPLES / "groove.flac")]) == 2
    assert "is a file, not an audio input; 'adt transcribe'" in capsys.readouterr().err


def test_it_ends_when_nobody_reads_on(
    groove: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(_console, "say", lines.append)  # None: nobody is there
    monkeypatch.setattr(sys, "stdin", wave_pipe(groove))
    assert main(["listen", "-"]) == 0
    assert len(lines) == 1


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_what_is_no_live_wav_is_sent_to_transcribe(
    groove: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    kind: str,
) -> None:
    path = tmp_path / "take"
    soundfile.write(path, groove[:RATE], RATE, format=kind)
    with path.open("rb") as file:
        stdin = SimpleNamespace(buffer=file, isatty=lambda: False)
        monkeypatch.setattr(sys, "stdin", stdin)
        assert main(["listen", "-"]) == 2
    assert "takes WAV from a pipe; for a file" in capsys.readouterr().err
