"""The watcher, with a plug-in that is played by the test."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from adt_plugins.audacity import exchange, watch
from adt_plugins.audacity.answer import EMPTY, NOTHING, Transcriber, adjusted
from adt_plugins.audacity.aup import read_aup
from adt_plugins.audacity.exchange import Exchange, ExchangeError, exchange_folder
from adt_plugins.audacity.lisp import lisp_string
from adt_plugins.audacity.lock import LockedError
from adt_plugins.audacity.watch import RESTARTED, Watcher
from adt_plugins.network import HOME_VARIABLE
from adt_plugins.pipeline import open_network

from ..test_transcribe import HITS, SECONDS, TOLERANCE_S
from ..tiny_model import play
from .fake_plugin import FakePlugin, read_lisp

NAMES = {"KD": "Kick", "SD": "Snare", "HH": "Hi-hat"}
POSIX = pytest.mark.skipif(os.name == "nt", reason="not on this system: needs POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An exchange folder whose name is not simple."""
    return tmp_path / "a house" / "Jürgen's" / "audacity"


@contextlib.contextmanager
def running(watcher: Watcher) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        watcher.exchange.close()
        assert not thread.is_alive()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def served(folder: Path, tiny_model: Path, said: list[str]) -> Iterator[Path]:
    """The folder of a watcher that runs."""
    place = Exchange(folder)
    transcriber = Transcriber(place, open_network(tiny_model))
    with running(Watcher(place, transcriber, said.append)):
        yield folder


def assert_labels(labels: Any, start: float = 0.0) -> None:
    """Compare with `HITS`; hits of one moment may come in any order."""
    assert isinstance(labels, list), labels
    for code, name in NAMES.items():
        times = [t for t, _, text in labels if text == name]
        wanted = [t + start for t, drum in HITS if drum == code]
        np.testing.assert_allclose(times, wanted, atol=TOLERANCE_S)
    assert len(labels) == len(HITS)
    assert all(start == end for start, end, _ in labels)


def test_labels_of_a_selection(served: Path, said: list[str]) -> None:
    plugin = FakePlugin(served)
    assert_labels(plugin.ask(play(HITS, SECONDS)))
    assert not plugin.path("wav").exists()  # audio is kept no longer than needed
    assert len(plugin.path("busy").read_text()) >= 1
    plugin.write("done")
    wait_until(lambda: [path.name for path in served.iterdir()] == ["watch.lock"])
    assert len(said) == 1
    assert said[0].startswith("labels: ")


def test_stereo_at_another_rate(served: Path) -> None:
    import soxr

    mono = soxr.resample(play(HITS, SECONDS), 44100, 48000)
    plugin = FakePlugin(served)
    plugin.write("ping")
    plugin.wait("pong")
    plugin.write_audio(np.stack([mono, mono], axis=1), 48000)
    plugin.request("labels")
    assert_labels(read_lisp(plugin.wait("answer")))


@pytest.mark.parametrize("start", ["0.000000000", "3600.123456000", "12,500000000"])
def test_tracks_count_from_the_start_of_the_project(served: Path, start: str) -> None:
    plugin = FakePlugin(served)
    assert plugin.ask(play(HITS, SECONDS), "tracks", start=start) == b"tracks"
    tracks = read_aup(plugin.path("aup"), warn=pytest.fail)
    assert [track.name for track in tracks] == ["Kick", "Snare", "Hi-hat"]
    offset = float(start.replace(",", "."))
    labels = [(x.start, x.end, x.text) for track in tracks for x in track.labels]
    assert_labels(labels, offset)
    plugin.write("done")
    wait_until(lambda: [path.name for path in served.iterdir()] == ["watch.lock"])


def test_hits_before_the_project_are_left_out(served: Path) -> None:
    plugin = FakePlugin(served)
    assert plugin.ask(play(HITS, SECONDS), "tracks", start="-1.200000000") == b"tracks"
    times = [
        label.start
        for track in read_aup(plugin.path("aup"), warn=pytest.fail)
        for label in track.labels
    ]
    wanted = sorted(t - 1.2 for t, _ in HITS if t > 1.2)
    np.testing.assert_allclose(sorted(times), wanted, atol=TOLERANCE_S)


def test_what_lies_before_the_selection_is_left_out(served: Path) -> None:
    """The lead is there for the network; times count from the selection."""
    lead = 0.9
    plugin = FakePlugin(served)
    labels = plugin.ask(play(HITS, SECONDS), lead=f"{lead:.9f}")
    wanted = sorted(t - lead for t, _ in HITS if t > lead)
    np.testing.assert_allclose([t for t, _, _ in labels], wanted, atol=TOLERANCE_S)
    # A hit that is found just before counts as the first moment.
    found = FakePlugin(served).ask(play(HITS, SECONDS), drums="KD")[0][0]
    for early, kept in ((0.004, True), (0.02, False)):
        lead = found + early
        labels = FakePlugin(served).ask(
            play(HITS, SECONDS), drums="KD", lead=f"{lead:.9f}"
        )
        assert (labels[0][0] == 0.0) is kept
        assert len(labels) == (2 if kept else 1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name", {"Kick", "Snare", "Hi-hat"}),
        ("note", {"36", "38", "42"}),
    ],
)
def test_label_text(served: Path, text: str, wanted: set[str]) -> None:
    labels = FakePlugin(served).ask(play(HITS, SECONDS), text=text)
    assert {text for _, _, text in labels} == wanted


def test_label_text_with_velocity(served: Path) -> None:
    labels = FakePlugin(served).ask(play(HITS, SECONDS), text="name+velocity")
    for _, _, text in labels:
        name, velocity = text.rsplit(" ", 1)
        assert name in NAMES.values()
        assert 1 <= int(velocity) <= 127


@pytest.mark.parametrize("drums", ["KD", "KD,SD", "HH"])
def test_only_some_drums(served: Path, drums: str) -> None:
    labels = FakePlugin(served).ask(play(HITS, SECONDS), drums=drums)
    wanted = sorted(NAMES[drum] for _, drum in HITS if drum in drums.split(","))
    assert sorted(text for _, _, text in labels) == wanted


def test_a_drum_that_the_model_lacks_is_named(served: Path) -> None:
    answer = FakePlugin(served).ask(play(HITS, SECONDS), drums="TT")
    assert answer == "model 'tiny' has no drum TT; it has KD, SD, HH"


def test_sensitivity_finds_more_or_less(served: Path) -> None:
    # The quieter, the less sure the network is of a hit.
    levels = np.geomspace(0.0003, 0.4, 16)
    song = np.concatenate([play([(0.3, "KD")], 1.0, float(x)) for x in levels])
    counts = []
    for sensitivity in (0, 25, 50, 75, 100):
        answer = FakePlugin(served).ask(song, drums="KD", sensitivity=sensitivity)
        counts.append(len(answer) if isinstance(answer, list) else 0)
    assert counts == sorted(counts)
    assert counts[0] < counts[2] < counts[-1], counts


def test_thresholds_of_the_slider() -> None:
    own = {"KD": 0.3, "SD": 0.5, "HH": 0.02}
    assert adjusted(own, 50) == pytest.approx(own)
    # Odds of 3/7 times 9, and divided by 9.
    assert adjusted(own, 0)["KD"] == pytest.approx(27 / 34)
    assert adjusted(own, 100)["KD"] == pytest.approx(3 / 66)
    assert adjusted({"KD": 0.0, "SD": 1.0}, 100) == {"KD": 0.0, "SD": 1.0}


def test_silence_says_so(served: Path) -> None:
    assert FakePlugin(served).ask(np.zeros(44100)) == NOTHING


GOOD = (
    "adt-plugins 1\nkind labels\ndrums \nsensitivity 50\ntext name\n"
    "start 0\nlead 0\nend\n"
)
BAD_REQUESTS = {
    "empty": ("", "different releases"),
    "another protocol": (GOOD.replace("1", "2", 1), "different releases"),
    "no end": (GOOD.replace("end", ""), "different releases"),
    "nothing in it": ("adt-plugins 1\nend\n", "does not say 'kind'"),
    "no such drum": (GOOD.replace("drums ", "drums XX"), "unknown drum 'XX'"),
    "not a number": (GOOD.replace("50", "x"), "not understood"),
    "out of range": (GOOD.replace("50", "101"), "not understood"),
    "not finite": (GOOD.replace("start 0", "start nan"), "not understood"),
    "negative": (GOOD.replace("lead 0", "lead -1"), "not understood"),
    "unknown kind": (GOOD.replace("labels", "../x"), "not understood"),
    "unknown text": (GOOD.replace("name", "x"), "not understood"),
    "too long": (GOOD.replace("start", "x y\n" * 5000 + "start"), "different releases"),
    "not text": ("\x00\x01\x02\nend\n", "different releases"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_bad_requests_are_answered_and_survived(
    served: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "UNFINISHED_S", 0.3)
    content, reason = BAD_REQUESTS[name]
    plugin = FakePlugin(served)
    plugin.write("request", content)
    answer = read_lisp(plugin.wait("answer"))
    assert isinstance(answer, str)
    assert reason in answer
    assert not plugin.path("request").exists()
    assert_labels(FakePlugin(served).ask(play(HITS, SECONDS)))


def test_a_request_in_the_middle_of_being_written_is_waited_for(served: Path) -> None:
    plugin = FakePlugin(served)
    plugin.write_audio(play(HITS, SECONDS))
    for size in (0, 10, 30, len(GOOD) - 1, len(GOOD)):
        plugin.write("request", GOOD[:size])
        time.sleep(0.1)
    assert_labels(read_lisp(plugin.wait("answer")))


def test_a_selection_without_sound(served: Path) -> None:
    assert FakePlugin(served).ask(np.zeros(0)) == EMPTY


def test_audio_that_is_none(served: Path) -> None:
    for content in (b"", b"RIFF", os.urandom(5000)):
        plugin = FakePlugin(served)
        plugin.path("wav").write_bytes(content)
        plugin.request()
        assert isinstance(read_lisp(plugin.wait("answer")), str)
    plugin = FakePlugin(served)
    plugin.request()
    assert "wav cannot be read" in read_lisp(plugin.wait("answer"))
    assert_labels(FakePlugin(served).ask(play(HITS, SECONDS)))


@POSIX
@pytest.mark.parametrize("ending", ["wav", "request"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_plain_files_are_read(
    served: Path, tmp_path: Path, ending: str, kind: str
) -> None:
    secret = tmp_path / "secret.wav"
    plugin = FakePlugin(served)
    plugin.write_audio(play(HITS, SECONDS))
    plugin.path("wav").rename(secret)
    path = plugin.path(ending)
    if kind == "link":
        path.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    if ending == "wav":
        plugin.request()
    answer = read_lisp(plugin.wait("answer"))
    assert isinstance(answer, str)
    assert f"{plugin.id}.{ending} " in answer
    wait_until(lambda: not os.path.lexists(path))
    assert secret.exists()
    assert_labels(FakePlugin(served).ask(play(HITS, SECONDS)))


@POSIX
def test_files_of_other_users_are_not_read(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = FakePlugin(served)
    plugin.write_audio(play(HITS, SECONDS))
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    plugin.request()
    assert "not a file of yours" in read_lisp(plugin.wait("answer"))


def test_names_that_are_not_of_the_protocol_are_left_alone(served: Path) -> None:
    names = ["x.request", "1.2.request.bak", "1.2.ping ", "note.txt", "-1.5.request"]
    for name in names:
        (served / name).write_text("adt-plugins 1\nend\n")
    assert_labels(FakePlugin(served).ask(play(HITS, SECONDS)))
    assert {path.name for path in served.iterdir()} > set(names)


def test_an_error_of_ours_is_shown_and_survived(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def answer(request: exchange.Request, stop: threading.Event) -> str:
        if request.sensitivity == 13:
            raise ZeroDivisionError('of "ours"')
        return lisp_string("fine")

    with running(Watcher(Exchange(folder), answer)):
        wanted = "The drum transcriber failed: ZeroDivisionError('of \"ours\"')"
        assert FakePlugin(folder).ask(np.zeros(9), sensitivity=13) == wanted
        assert FakePlugin(folder).ask(np.zeros(9)) == "fine"
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_signs_of_life_during_long_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "BEAT_S", 0.02)
    go_on = threading.Event()

    def answer(request: exchange.Request, stop: threading.Event) -> str:
        go_on.wait(20)
        return lisp_string("fine")

    with running(Watcher(Exchange(folder), answer)):
        plugin, other = FakePlugin(folder), FakePlugin(folder)
        plugin.request()
        wait_until(lambda: len(plugin.wait("busy")) > 5)
        # Whoever comes meanwhile hears at once that somebody is there.
        other.write("ping")
        other.wait("pong", 2)
        other.request()
        wait_until(lambda: len(other.wait("busy")) > 5)
        go_on.set()
        assert read_lisp(plugin.wait("answer")) == "fine"
        assert read_lisp(other.wait("answer")) == "fine"


def test_work_is_stopped_with_the_watcher(folder: Path) -> None:
    from adt_plugins.errors import CancelledError

    def answer(request: exchange.Request, stop: threading.Event) -> str:
        assert stop.wait(20)
        raise CancelledError("stopped")

    plugin = FakePlugin(folder)
    with running(Watcher(Exchange(folder), answer)):
        plugin.request()
        plugin.wait("busy")
    assert [path.name for path in folder.iterdir()] == ["watch.lock"]


def test_what_is_forgotten_is_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SWEEP_S", 0.0)
    place = Exchange(folder)
    watcher = Watcher(place, lambda *_: lisp_string(""))
    old, young, future = (FakePlugin(folder) for _ in range(3))
    for plugin, age in ((old, 601.0), (young, 10.0), (future, -900.0)):
        for ending in ("wav", "answer", "pong"):
            plugin.write(ending)
            then = time.time() - age
            os.utime(plugin.path(ending), (then, then))
    watcher.turn()
    assert {name for name, _ in place.files()} == {young.id}
    place.close()


def test_what_an_earlier_watcher_left(folder: Path, tiny_model: Path) -> None:
    Exchange(folder).close()
    waiting, new, old = (FakePlugin(folder) for _ in range(3))
    for plugin in (waiting, old):  # killed in the middle
        plugin.write_audio(play(HITS, SECONDS))
        plugin.request()
        plugin.write("busy", "...")
    for path in folder.glob(f"{old.id}.*"):
        os.utime(path, (1e9, 1e9))
    new.write("ping")
    draft = folder / ".adt-0123456789abcdef_data"
    draft.mkdir()
    (draft / "audio.wav").touch()
    place = Exchange(folder)
    with running(Watcher(place, Transcriber(place, open_network(tiny_model)))):
        new.wait("pong")
        assert read_lisp(waiting.wait("answer")) == RESTARTED
        assert not list(folder.glob(f"{old.id}.*"))
        assert not draft.exists()
        assert_labels(FakePlugin(folder).ask(play(HITS, SECONDS)))


@POSIX
def test_the_folder_is_the_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    Exchange(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "watch.lock").stat().st_mode & 0o777 == 0o600

    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(ExchangeError, match="link: is not a folder"):
        Exchange(tmp_path / "link")
    (tmp_path / "file").touch()
    with pytest.raises(ExchangeError, match="file: is not a folder"):
        Exchange(tmp_path / "file")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ExchangeError, match="open: belongs to another user"):
        Exchange(folder)


def test_one_watcher_at_a_time(folder: Path) -> None:
    first = Exchange(folder)
    with pytest.raises(LockedError, match="another process"):
        Exchange(folder)
    first.close()
    Exchange(folder).close()


def test_a_folder_that_goes_away_ends_the_watcher(folder: Path) -> None:
    import shutil

    watcher = Watcher(Exchange(folder), lambda *_: "")
    shutil.rmtree(folder)
    with pytest.raises(ExchangeError, match="audacity: "):
        watcher.run(threading.Event())


@pytest.mark.parametrize(
    ("platform", "env", "wanted"),
    [
        ("linux", {"HOME": "/h"}, "/h/.local/state/adt-plugins/audacity"),
        # A session may not have what a terminal has: it must not count.
        (
            "linux",
            {"HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_DATA_HOME": "/d"},
            "/h/.local/state/adt-plugins/audacity",
        ),
        ("darwin", {"HOME": "/h"}, "/h/.local/state/adt-plugins/audacity"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/adt-plugins/audacity"),
        ("linux", {"HOME": "/h", HOME_VARIABLE: "/o"}, "/o/audacity"),
        ("win32", {"LOCALAPPDATA": "/l", HOME_VARIABLE: "/o"}, "/o/audacity"),
        (
            "linux",
            {"HOME": "/h", HOME_VARIABLE: ""},
            "/h/.local/state/adt-plugins/audacity",
        ),
    ],
)
def test_where_they_meet(platform: str, env: dict[str, str], wanted: str) -> None:
    assert exchange_folder(env, platform) == Path(wanted)


# The real process.


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def process(home: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """``adt audacity watch``; entered when it serves."""
    command = [sys.executable, "-m", "adt_plugins", "audacity", "watch"]
    with subprocess.Popen(
        [*command, *map(str, arguments)],
        env={**os.environ, HOME_VARIABLE: str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A script in the background passes on that it ignores the signal.
        preexec_fn=_heed_interrupts if os.name != "nt" else None,  # noqa: PLW1509
    ) as started:
        try:
            assert started.stdout is not None
            assert "waiting for Audacity" in started.stdout.readline()
            yield started
        finally:
            started.kill()


def test_process_serves_and_ends(tmp_path: Path, tiny_model: Path) -> None:
    folder = tmp_path / "audacity"
    with process(tmp_path, "--model", tiny_model) as started:
        plugin = FakePlugin(folder)
        assert_labels(plugin.ask(play(HITS, SECONDS)))
        second = subprocess.run(
            [sys.executable, "-m", "adt_plugins", "audacity", "watch"],
            env={**os.environ, HOME_VARIABLE: str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 2
        assert f"another process (number {started.pid}) has it" in second.stderr
        assert second.stderr.count("\n") == 1
        started.terminate()
        assert started.wait(20) == (1 if os.name == "nt" else 0)
        assert started.stderr is not None
        assert started.stderr.read() == ""
    if os.name != "nt":
        assert [path.name for path in folder.iterdir()] == ["watch.lock"]


@POSIX
@pytest.mark.parametrize("sign", ["SIGINT", "SIGTERM"])
def test_process_ends_in_the_middle_of_work(
    tmp_path: Path, tiny_model: Path, sign: str
) -> None:
    with process(tmp_path, "--model", tiny_model) as started:
        plugin = FakePlugin(tmp_path / "audacity")
        plugin.write_audio(np.tile(play(HITS, SECONDS), 400))
        plugin.request()
        plugin.wait("busy")
        begin = time.monotonic()
        started.send_signal(getattr(signal, sign))
        assert started.wait(20) == 0
        assert time.monotonic() - begin < 5
    assert [p.name for p in (tmp_path / "audacity").iterdir()] == ["watch.lock"]


@POSIX
def test_killed_in_the_middle_of_a_request(tmp_path: Path, tiny_model: Path) -> None:
    plugin = FakePlugin(tmp_path / "audacity")
    with process(tmp_path, "--model", tiny_model) as started:
        plugin.write_audio(np.tile(play(HITS, SECONDS), 400))
        plugin.request()
        plugin.wait("busy")
        started.kill()
        started.wait()
    assert not plugin.path("answer").exists()
    with process(tmp_path, "--model", tiny_model):
        assert read_lisp(plugin.wait("answer")) == RESTARTED
        assert_labels(FakePlugin(plugin.folder).ask(play(HITS, SECONDS)))


def test_idle_costs_next_to_nothing(tmp_path: Path, tiny_model: Path) -> None:
    with process(tmp_path, "--model", tiny_model) as started:
        about = psutil.Process(started.pid)
        before = about.cpu_times()
        time.sleep(2.0)
        after = about.cpu_times()
        used = after.user + after.system - before.user - before.system
        assert used < 0.1, f"{used / 2:.1%} of a core while idle"
        begin = time.monotonic()
        plugin = FakePlugin(tmp_path / "audacity")
        plugin.write("ping")
        plugin.wait("pong", 2)
        assert time.monotonic() - begin < 1.0


def wait_until(condition: Any, timeout: float = 10.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)
