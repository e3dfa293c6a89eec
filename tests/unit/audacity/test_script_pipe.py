"""The client of the pipe, with the test as its peer."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from adt_plugins.annotations import Label, Onset
from adt_plugins.audacity import script_pipe as pipe_module
from adt_plugins.audacity import script_pipe_posix
from adt_plugins.audacity.push import push, quoted
from adt_plugins.audacity.script_pipe import MAX_COMMAND_BYTES, Pipe
from adt_plugins.audacity.script_pipe_channel import PipeError
from adt_plugins.drums import Drum
from adt_plugins.labels.tracks import MARK
from adt_plugins.transcription import Transcription
from tests.support.audacity.fake_audacity import FAILED, OK, FakeAudacity, echo, fake
from tests.support.screen import Screen

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="not on this system: the pipes of Windows are others"
)

SONG = Transcription((Onset(0.125, Drum.KD, 100), Onset(0.5, Drum.SD, 100)))


class NoScreen(Screen):
    """The part of a program that these tests need."""

    def __init__(self) -> None:
        self.env = {}

    def windows(self) -> list[str]:
        return []


@pytest.fixture
def pipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder that the client looks for pipes in."""
    monkeypatch.setattr(script_pipe_posix, "fifo", lambda way: tmp_path / way)
    return tmp_path


def test_commands_and_answers(pipes: Path) -> None:
    with fake(pipes) as audacity, Pipe() as pipe:
        assert pipe.command("SelectAll:").strip() == "SelectAll done"
        assert pipe.command("RemoveTracks:").strip() == "RemoveTracks done"
    assert audacity.commands[1:] == ["SelectAll:", "RemoveTracks:"]
    assert re.fullmatch("Message: Text=[0-9a-f]{16}", audacity.commands[0])


def test_no_pipes(pipes: Path) -> None:
    with pytest.raises(PipeError, match="mod-script-pipe to Enabled") as caught:
        Pipe()
    assert "\n" not in str(caught.value)


def test_pipes_that_nobody_reads(pipes: Path) -> None:
    for way in ("to", "from"):
        os.mkfifo(pipes / way)
    with pytest.raises(PipeError, match="no running Audacity"):
        Pipe()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_pipe_of_ours_is_not_opened(pipes: Path, kind: str) -> None:
    for way in ("to", "from"):
        os.mkfifo(pipes / f"real-{way}")
        if kind == "link":
            (pipes / way).symlink_to(pipes / f"real-{way}")
        else:
            (pipes / way).touch()
    with pytest.raises(PipeError, match="not a pipe of yours"):
        Pipe()


def test_pipes_of_another_user(pipes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake(pipes):
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        with pytest.raises(PipeError, match="not a pipe of yours"):
            Pipe()


def test_silence_ends_in_time(pipes: Path) -> None:
    with fake(pipes, lambda _: None):
        begin = time.monotonic()
        with pytest.raises(PipeError, match="a dialog is open"):
            Pipe(timeout=0.5)
        assert time.monotonic() - begin > 0.4


def test_commands_that_are_swallowed(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe_module, "_PINGS_S", (0.1,))
    commands: list[str] = []

    def answer(command: str) -> str | None:
        commands.append(command)
        return None if len(commands) < 4 else echo(command)

    with fake(pipes, answer), Pipe() as pipe:
        assert pipe.command("SelectAll:").strip() == "SelectAll done"
    assert commands.count("SelectAll:") == 1


def test_answers_to_others_are_passed_over(pipes: Path) -> None:
    first = True

    def answer(command: str) -> str | None:
        nonlocal first
        late = f"an old answer{OK}another{FAILED}" if first else ""
        first = False
        return late + (echo(command) or "")

    with fake(pipes, answer), Pipe() as pipe:
        assert pipe.command("SelectAll:").strip() == "SelectAll done"


def test_in_step_again_after_a_late_answer(pipes: Path) -> None:
    def answer(command: str) -> str | None:
        if command == "Slow:":
            time.sleep(0.6)
        return echo(command)

    with fake(pipes, answer), Pipe() as pipe:
        with pytest.raises(PipeError, match="has not answered"):
            pipe.command("Slow:", timeout=0.1)
        assert pipe.command("Fast:").strip() == "Fast done"
        assert pipe.command("Other:").strip() == "Other done"


def test_a_command_that_fails(pipes: Path) -> None:
    def answer(command: str) -> str | None:
        return f"no\nway{FAILED}" if command == "Bad:" else echo(command)

    with fake(pipes, answer), Pipe() as pipe:
        with pytest.raises(PipeError, match=r"^Audacity refused Bad: no way$"):
            pipe.command("Bad:")
        assert pipe.command("Good:").strip() == "Good done"


@pytest.mark.parametrize("pause", [0.0, 0.003, 0.02])
def test_one_client_after_the_other(
    pipes: Path, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    """Pipes may go away at any moment while they are opened and written to."""
    from tests.support.audacity import program

    monkeypatch.setattr(program, "_PIPES", {w: pipes / w for w in ("to", "from")})
    other = program.Audacity(pipes, NoScreen())
    with fake(pipes, pause=pause):
        for turn in range(12):
            # Each time at another point of what the peer does.
            time.sleep(pause * turn / 2)
            with Pipe() as pipe:
                assert pipe.command(f"Turn{turn}:").strip() == f"Turn{turn} done"
            time.sleep(pause * turn / 2)
            other.connect(5)
            assert other.command(f"Other{turn}:").strip() == f"Other{turn} done"
            other.disconnect()


def test_a_pipe_that_goes_while_it_is_opened(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, tries = (
        script_pipe_posix.PosixChannel.send,
        [BrokenPipeError(), OSError(5, "x")],
    )

    def fail_at_first(channel: script_pipe_posix.PosixChannel, data: bytes) -> None:
        if tries:
            raise tries.pop()
        send(channel, data)

    monkeypatch.setattr(script_pipe_posix.PosixChannel, "send", fail_at_first)
    with fake(pipes), Pipe() as pipe:
        assert pipe.command("SelectAll:").strip() == "SelectAll done"
    tries = [BrokenPipeError(32, "Broken pipe")] * 1000
    with fake(pipes), pytest.raises(PipeError, match=r"has gone: Broken pipe$"):
        Pipe(timeout=0.2)


@pytest.mark.parametrize("text", ["x" * (MAX_COMMAND_BYTES + 1), "ü" * 600, "a\nb"])
def test_commands_that_do_not_fit(pipes: Path, text: str) -> None:
    with fake(pipes) as audacity, Pipe() as pipe:
        with pytest.raises(PipeError, match="too long"):
            pipe.command(text)
        pipe.command("x" * MAX_COMMAND_BYTES)
    assert audacity.commands[1:] == ["x" * MAX_COMMAND_BYTES]


def test_an_answer_in_pieces(pipes: Path) -> None:
    long = json.dumps([[1, [[n, n, "Kick ü"] for n in range(20000)]]])

    def answer(command: str) -> str | None:
        return long + OK if command.startswith("GetInfo") else echo(command)

    with fake(pipes, answer), Pipe() as pipe:
        assert pipe.info("Labels") == json.loads(long)


@pytest.mark.parametrize("text", ["", "no JSON", '[{"name": "a"b"}]'])
def test_an_answer_that_is_not_understood(pipes: Path, text: str) -> None:
    def answer(command: str) -> str | None:
        return text + OK if command.startswith("GetInfo") else echo(command)

    refused = pytest.raises(PipeError, match="not understood")
    with fake(pipes, answer), Pipe() as pipe, refused:
        pipe.info("Tracks")


def test_pipes_that_are_replaced(pipes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe_module, "_PINGS_S", (0.2,))
    for way in ("to", "from"):
        os.mkfifo(pipes / way)
    old = os.open(pipes / "to", os.O_RDONLY | os.O_NONBLOCK)  # reads, and is silent
    started: list[FakeAudacity] = []
    timer = threading.Timer(0.5, lambda: started.append(FakeAudacity(pipes, echo)))
    timer.start()
    try:
        with Pipe() as pipe:
            assert pipe.command("SelectAll:").strip() == "SelectAll done"
    finally:
        timer.join()
        os.close(old)
        started[0].close()


def test_audacity_ends_meanwhile(pipes: Path) -> None:
    os.mkfifo(pipes / "to")
    os.mkfifo(pipes / "from")
    reader = os.open(pipes / "to", os.O_RDONLY | os.O_NONBLOCK)
    channel = script_pipe_posix.PosixChannel()
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        channel.send(b"x\n")
    assert channel.receive(0.05) == b""
    channel.close()
    channel.close()


@pytest.mark.parametrize("tracks", [[{"name": "a"}], {"a": 1}, [1]])
def test_push_to_somebody_odd(pipes: Path, tracks: object) -> None:
    def answer(command: str) -> str | None:
        if command.startswith("GetInfo"):
            return json.dumps(tracks) + OK
        return echo(command)

    refused = pytest.raises(PipeError, match="not understood")
    with fake(pipes, answer), Pipe() as pipe, refused:
        push(pipe, SONG)


@pytest.mark.parametrize(
    "name", ["a\\b", 'a"b', "a\nb", "a\tb\\\r", "a\x01b", "\ud800", "x" * 5000, "<&>'"]
)
def test_push_of_a_track_with_an_odd_name(
    pipes: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Names are as Audacity reads and tells them: it escapes quotation marks alone."""
    monkeypatch.setenv("ADT_PLUGINS_HOME", str(pipes))
    names: list[str] = []

    def answer(command: str) -> str | None:
        if command.startswith("Import2"):
            project = ElementTree.parse(command.split('"')[1])
            names.extend(e.get("name", "") for e in project.iter() if "label" in e.tag)
        if command.startswith("GetInfo"):
            escaped = [text.replace('"', '\\"') for text in names if text]
            lines = [
                f'  {{ "name":"{text}", "focused":0, "selected":0, "kind":"label" }}'
                for text in escaped
            ]
            return "\n[ \n" + ",\n".join(lines) + " ]\n" + OK
        return echo(command)

    song = Transcription(labels=(Label(1.0, 2.0, "x", name),))
    with fake(pipes, answer), Pipe() as pipe:
        (added,) = push(pipe, song).added
    assert added.endswith(MARK)
    assert added[0] == (name[0] if name != "\ud800" else "\ufffd")


def test_push_removes_nothing_if_the_selection_is_another(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody clicks on the user's own track at the worst moment."""
    monkeypatch.setenv("ADT_PLUGINS_HOME", str(pipes))
    names = ["mine", "Kick" + MARK]
    commands: list[str] = []

    def answer(command: str) -> str | None:
        commands.append(command)
        if command.startswith("Import2"):
            names.extend(["Kick" + MARK, "Snare" + MARK])
        if command.startswith("GetInfo"):
            labels = [
                {"name": n, "kind": "label", "selected": n == "mine"} for n in names
            ]
            return json.dumps(labels) + OK
        return echo(command)

    refused = pytest.raises(PipeError, match="changed meanwhile")
    with fake(pipes, answer), Pipe() as pipe, refused:
        push(pipe, SONG)
    assert not [c for c in commands if c.startswith("RemoveTracks")]


@pytest.mark.parametrize("name", ['a"b', "a\nb"])
def test_names_that_no_command_can_hold(name: str) -> None:
    with pytest.raises(PipeError, match="cannot take this name"):
        quoted(Path(name))
