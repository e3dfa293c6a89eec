"""The pipe: with a peer that the test plays, and with the real Audacity."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from adt_plugins.audacity import pipe as pipe_module
from adt_plugins.audacity import pipe_posix
from adt_plugins.audacity.pipe import MAX_COMMAND_BYTES, Pipe, PipeError
from adt_plugins.audacity.pull import is_rounded, pull_audio, pull_labels
from adt_plugins.audacity.push import push, quoted
from adt_plugins.drums import Drum
from adt_plugins.formats import read as read_transcription
from adt_plugins.formats._files import OutputExistsError
from adt_plugins.formats.label_tracks import MARK, transcription_of
from adt_plugins.transcription import Beat, Label, Onset, Transcription

from ..test_transcribe import HITS, SECONDS, write_wave
from ..tiny_model import play

if TYPE_CHECKING:
    from .program import Audacity

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="not on this system: the pipes of Windows are others"
)

OK = "\nBatchCommand finished: OK\n\n"
FAILED = "\nBatchCommand finished: Failed!\n\n"
Answer = Callable[[str], str | None]


class FakeAudacity:
    """Both pipes, and a thread that answers as Audacity's module does.

    Parameters
    ----------
    folder
        Where the pipes are.
    answer
        Gives the answer to a command; None: swallow it.
    """

    def __init__(self, folder: Path, answer: Answer) -> None:
        self.folder, self.answer = folder, answer
        self.heard: list[str] = []
        self.make_pipes()
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def make_pipes(self) -> None:
        for way in ("to", "from"):
            (self.folder / way).unlink(missing_ok=True)
            os.mkfifo(self.folder / way)

    def close(self) -> None:
        self._stop = True
        # It may be waiting for somebody to open the one or the other.
        for way, mode in (("to", os.O_WRONLY), ("from", os.O_RDONLY)):
            with contextlib.suppress(OSError):
                os.close(os.open(self.folder / way, mode | os.O_NONBLOCK))
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stop:
            with (
                (self.folder / "to").open() as to,
                (self.folder / "from").open("w") as back,
            ):
                for line in to:
                    self.heard.append(line.rstrip("\n"))
                    text = self.answer(self.heard[-1])
                    if text is not None:
                        with contextlib.suppress(BrokenPipeError):
                            back.write(text)
                            back.flush()


def echo(command: str) -> str | None:
    """Answer as Audacity does."""
    name, _, rest = command.partition(":")
    return rest.partition("Text=")[2] + OK if name == "Message" else f"{name} done{OK}"


@pytest.fixture
def pipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder that the client looks for pipes in."""
    monkeypatch.setattr(pipe_posix, "fifo", lambda way: tmp_path / way)
    return tmp_path


@contextlib.contextmanager
def fake(folder: Path, answer: Answer = echo) -> Iterator[FakeAudacity]:
    audacity = FakeAudacity(folder, answer)
    try:
        yield audacity
    finally:
        audacity.close()


def test_commands_and_answers(pipes: Path) -> None:
    with fake(pipes) as audacity, Pipe() as pipe:
        assert pipe.command("SelectAll:").strip() == "SelectAll done"
        assert pipe.command("RemoveTracks:").strip() == "RemoveTracks done"
    assert audacity.heard[1:] == ["SelectAll:", "RemoveTracks:"]
    assert re.fullmatch("Message: Text=[0-9a-f]{16}", audacity.heard[0])


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
        assert 0.4 < time.monotonic() - begin < 2


def test_commands_that_are_swallowed(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe_module, "_PING_S", 0.1)
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


@pytest.mark.parametrize("text", ["x" * (MAX_COMMAND_BYTES + 1), "ü" * 600, "a\nb"])
def test_commands_that_do_not_fit(pipes: Path, text: str) -> None:
    with fake(pipes) as audacity, Pipe() as pipe:
        with pytest.raises(PipeError, match="too long"):
            pipe.command(text)
        pipe.command("x" * MAX_COMMAND_BYTES)
    assert audacity.heard[1:] == ["x" * MAX_COMMAND_BYTES]


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
    monkeypatch.setattr(pipe_module, "_PING_S", 0.2)
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
    channel = pipe_posix.PosixChannel()
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
            found = [
                {"name": n, "kind": "label", "selected": n == "mine"} for n in names
            ]
            return json.dumps(found) + OK
        return echo(command)

    refused = pytest.raises(PipeError, match="changed meanwhile")
    with fake(pipes, answer), Pipe() as pipe, refused:
        push(pipe, SONG)
    assert not [c for c in commands if c.startswith("RemoveTracks")]


@pytest.mark.parametrize("name", ['a"b', "a\nb"])
def test_names_that_no_command_can_hold(name: str) -> None:
    with pytest.raises(PipeError, match="takes no such name"):
        quoted(Path(name))


# The real Audacity.

NOT_YET = pytest.mark.xfail(
    run=False, reason="the tests' own client does not always get the pipe back"
)

SONG = Transcription(
    onsets=tuple(
        Onset(k + shift, drum, 100)
        for k in range(5)
        for shift, drum in ((0.125, Drum.KD), (0.5000003, Drum.SD))
    )
)


@contextlib.contextmanager
def connected(audacity: Audacity) -> Iterator[Pipe]:
    """Our client, while the test's own is away."""
    audacity.disconnect()
    try:
        with Pipe(30) as pipe:
            yield pipe
    finally:
        audacity.connect()


@pytest.fixture
def user_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what the package writes for itself out of the real home."""
    home = tmp_path / "state"
    monkeypatch.setenv("ADT_PLUGINS_HOME", str(home))
    return home


def rename(audacity: Audacity, track: int, name: str) -> None:
    audacity.command(f"SelectTracks: Track={track} TrackCount=1 Mode=Set")
    audacity.command(f'SetTrackStatus: Name="{name}"')


def track_names(audacity: Audacity) -> list[str]:
    return [track["name"] for track in audacity.info("Tracks")]


@pytest.mark.needs_audacity
@NOT_YET
def test_push_replaces_its_own_tracks_alone(
    audacity: Audacity, user_state: Path, tmp_path: Path
) -> None:
    song = write_wave(tmp_path / "song.wav", play(HITS, SECONDS))
    audacity.start()
    audacity.command(f'Import2: Filename="{song}"')
    audacity.command("SelectTime: Start=1 End=2 RelativeTo=ProjectStart")
    audacity.command("AddLabel:")
    rename(audacity, 1, "Kick")
    with connected(audacity) as pipe:
        first = push(pipe, SONG, "name+velocity")
        assert first.added == ("Kick (adt)", "Snare (adt)")
        assert first.removed == ()
        tracks = pull_labels(pipe)
    assert track_names(audacity) == ["song", "Kick", "Kick (adt)", "Snare (adt)"]
    assert [track.name for track in tracks] == ["Kick", "Kick", "Snare"]
    assert tracks[0].labels == (Label(1.0, 2.0, ""),)
    assert [x.text for x in tracks[1].labels] == ["Kick 100"] * 5
    assert [x.start for x in tracks[2].labels] == pytest.approx(
        [k + 0.5 for k in range(5)], abs=1e-5
    )
    # What the user has renamed is the user's.
    rename(audacity, 3, "My snare")
    audacity.command("SelectTracks: Track=0 TrackCount=1 Mode=Set")
    with connected(audacity) as pipe:
        second = push(pipe, SONG.only(["SD"]))
    assert second.added == ("Snare (adt)",)
    assert second.removed == ("Kick (adt)",)
    assert track_names(audacity) == ["song", "Kick", "My snare", "Snare (adt)"]
    selected = [t["name"] for t in audacity.info("Tracks") if t["selected"]]
    assert selected == ["song"]
    # An empty transcription leaves none of ours.
    with connected(audacity) as pipe:
        assert push(pipe, Transcription()).removed == ("Snare (adt)",)
    assert track_names(audacity) == ["song", "Kick", "My snare"]
    assert list(user_state.iterdir()) == []


@pytest.mark.needs_audacity
@NOT_YET
def test_exact_times_and_odd_names(
    audacity: Audacity, user_state: Path, tmp_path: Path
) -> None:
    """What is pushed, saved and read again is what it was."""
    odd = Transcription(
        onsets=(Onset(1234.56789012345, Drum.CHC, 3), Onset(0.1, Drum.KD, 127)),
        beats=(Beat(0.1, 1), Beat(0.6, 2)),
        labels=(Label(1.0, 2.0, 'say "ah" <&> \u05d0 🥁\t.', 'his "own" <&>'),),
    )
    audacity.start()
    with connected(audacity) as pipe:
        push(pipe, odd, "name+velocity")
        tracks = pull_labels(pipe)
        assert is_rounded(tracks)
    path = tmp_path / "saved.aup3"
    audacity.save(path)
    warnings: list[str] = []
    back = read_transcription(path, warn=warnings.append)
    assert back.onsets == tuple(Onset(o.time, o.drum, o.velocity) for o in odd.onsets)
    assert [(b.time, b.position) for b in back.beats] == [(0.1, 1), (0.6, 2)]
    (label,) = back.labels
    assert (label.start, label.end) == (1.0, 2.0)
    assert label.text == odd.labels[0].text
    pulled = transcription_of(tracks, warn=warnings.append)
    assert [o.drum for o in pulled.onsets] == [Drum.KD, Drum.CHC]
    assert pulled.onsets[1].time == pytest.approx(1234.5679, abs=5.1e-3)


@pytest.mark.needs_audacity
@NOT_YET
@pytest.mark.parametrize("channels", [1, 2])
def test_audio_comes_out(
    audacity: Audacity, user_state: Path, tmp_path: Path, channels: int
) -> None:
    mono = play(HITS, SECONDS, 0.4)
    samples = mono if channels == 1 else np.stack([mono, mono[::-1]], axis=1)
    song = write_wave(tmp_path / "song.wav", samples)
    target = tmp_path / 'out "quoted" ü.wav'
    audacity.start()
    with connected(audacity) as pipe, pytest.raises(PipeError, match="no audio"):
        pull_audio(pipe, target)
    assert not target.exists()
    audacity.command(f'Import2: Filename="{song}"')
    audacity.command("SelectTime: Start=1 End=1.5 RelativeTo=ProjectStart")
    audacity.command("AddLabel:")  # being edited, it is in the way of SelectAll
    with connected(audacity) as pipe:
        assert pull_audio(pipe, target) == target
        with pytest.raises(OutputExistsError):
            pull_audio(pipe, target)
    out, rate = soundfile.read(target, always_2d=True)
    assert rate == 44100
    assert out.shape == (len(mono), channels)
    np.testing.assert_allclose(out, samples.reshape(len(mono), channels), atol=2e-3)
    assert list(user_state.iterdir()) == []


@pytest.mark.needs_audacity
@NOT_YET
def test_a_dialog_in_the_way(audacity: Audacity, user_state: Path) -> None:
    audacity.start()
    with pytest.raises(Exception, match="no answer"):
        # Without tracks this opens a message.
        audacity.command("Amplify:", timeout=2)
    audacity.disconnect()
    begin = time.monotonic()
    with pytest.raises(PipeError, match="a dialog is open in its window"):
        Pipe(3)
    assert time.monotonic() - begin < 6
    audacity.screen.keys("Return")
    with Pipe(10) as pipe:
        assert push(pipe, SONG).added == ("Kick (adt)", "Snare (adt)")
    audacity.connect()
    assert track_names(audacity) == ["Kick (adt)", "Snare (adt)"]


@pytest.mark.needs_audacity
@NOT_YET
def test_commands(
    audacity: Audacity, user_state: Path, tmp_path: Path, tiny_model: Path
) -> None:
    def adt(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "adt_plugins", "audacity", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    song = write_wave(tmp_path / "song.wav", play(HITS, SECONDS))
    without = adt("push", song)
    assert without.returncode == 2
    assert "mod-script-pipe to Enabled" in without.stderr
    audacity.start()
    audacity.command(f'Import2: Filename="{song}"')
    audacity.disconnect()
    pushed = adt("push", song, "--model", tiny_model, "--label-text", "note")
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout == "new: Kick (adt), Snare (adt), Hi-hat (adt)\n"
    pulled = adt("pull", tmp_path / "out", "--format", "json,labels", "--audio")
    assert pulled.returncode == 0, pulled.stderr
    assert pulled.stdout.splitlines() == [
        str(tmp_path / f"out{end}") for end in (".wav", ".drums.json", ".labels.txt")
    ]
    found = read_transcription(tmp_path / "out.drums.json")
    assert [str(o.drum.coarse) for o in found] == [
        drum
        for _, drum in sorted(HITS, key=lambda hit: (hit[0], "KSH".index(hit[1][0])))
    ]
    again = adt("pull", tmp_path / "out")
    assert again.returncode == 2
    assert "exists; use --overwrite" in again.stderr
    replaced = adt(
        "push", tmp_path / "out.drums.json", "--drums", "KD", "--offset", "1"
    )
    assert replaced.stdout.splitlines() == [
        "new: Kick (adt)",
        "replaced: Kick (adt), Snare (adt), Hi-hat (adt)",
    ]
    audacity.connect()
    assert track_names(audacity) == ["song", "Kick (adt)"]
    kicks = [t + 1 for t, drum in HITS if drum == "KD"]
    ((_, labels),) = audacity.info("Labels")
    assert [start for start, _, _ in labels] == pytest.approx(kicks, abs=0.03)
