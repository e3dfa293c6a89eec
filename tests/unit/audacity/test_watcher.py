"""The watcher, with the test as its plug-in."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from adt_plugins.audacity import request_folder
from adt_plugins.audacity import watcher as watcher_module
from adt_plugins.audacity.lisp import lisp_string
from adt_plugins.audacity.request_folder import (
    ExchangeError,
    RequestFolder,
    exchange_folder,
)
from adt_plugins.audacity.stop import Stop
from adt_plugins.audacity.transcriber import NOTHING, Transcriber, adjusted
from adt_plugins.audacity.watcher import RESTARTED, Watcher
from adt_plugins.base.folders import HOME_VARIABLE
from adt_plugins.base.process_lock import LockedError
from adt_plugins.formats.audacity_project.aup_reader import read_aup
from adt_plugins.pipeline import open_network
from tests.support.audacity.fake_plugin import (
    NAMES,
    POSIX,
    FakePlugin,
    assert_labels,
    read_lisp,
    running,
    wait_until,
)
from tests.support.patience import PATIENCE_S
from tests.support.recordings import HITS, SECONDS, TOLERANCE_S
from tests.support.tiny_model import play


def test_labels_of_a_selection(served: Path, messages: list[str]) -> None:
    plugin = FakePlugin(served)
    assert_labels(plugin.ask(play(HITS, SECONDS)))
    # Audio is kept no longer than needed.
    wait_until(lambda: not plugin.path("wav").exists())
    assert len(plugin.path("busy").read_text()) >= 1
    plugin.write("done")
    wait_until(lambda: [path.name for path in served.iterdir()] == ["watch.lock"])
    assert len(messages) == 1
    assert messages[0].startswith("labels: ")


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


def test_hits_before_the_project_lie_there(served: Path) -> None:
    """A selection may begin before 0 s, where clips can be dragged to."""
    plugin = FakePlugin(served)
    assert plugin.ask(play(HITS, SECONDS), "tracks", start="-1.200000000") == b"tracks"
    text = plugin.path("aup").read_text()
    times = [float(time) for time in re.findall(r'<label t="([^"]*)"', text)]
    wanted = sorted(t - 1.2 for t, _ in HITS)
    np.testing.assert_allclose(sorted(times), wanted, atol=TOLERANCE_S)


def test_what_lies_before_the_selection_is_left_out(served: Path) -> None:
    """The lead is there for the network; times count from the selection."""
    lead = 0.9
    plugin = FakePlugin(served)
    labels = plugin.ask(play(HITS, SECONDS), lead=f"{lead:.9f}")
    wanted = sorted(t - lead for t, _ in HITS if t > lead)
    np.testing.assert_allclose([t for t, _, _ in labels], wanted, atol=TOLERANCE_S)
    # A hit just before the selection counts as its first moment.
    answered = FakePlugin(served).ask(play(HITS, SECONDS), drums="KD")[0][0]
    for early, kept in ((0.004, True), (0.02, False)):
        lead = answered + early
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
    # The quieter a hit, the less sure the network is of it.
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


def test_an_error_of_ours_is_shown_and_survived(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def answer(request: request_folder.Request, stop: Stop) -> str:
        if request.sensitivity == 13:
            raise ZeroDivisionError('of "ours"')
        return lisp_string("fine")

    with running(Watcher(RequestFolder(folder), answer)):
        wanted = "The drum transcriber failed: ZeroDivisionError('of \"ours\"')"
        assert FakePlugin(folder).ask(np.zeros(9), sensitivity=13) == wanted
        assert FakePlugin(folder).ask(np.zeros(9)) == "fine"
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_signs_of_life_during_long_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "BEAT_S", 0.02)
    go_on = threading.Event()

    def answer(request: request_folder.Request, stop: Stop) -> str:
        go_on.wait(PATIENCE_S)
        return lisp_string("fine")

    with running(Watcher(RequestFolder(folder), answer)):
        plugin, other = FakePlugin(folder), FakePlugin(folder)
        plugin.request()
        wait_until(lambda: len(plugin.wait("busy")) > 5)
        # Whoever comes meanwhile learns at once that a watcher is there.
        other.write("ping")
        other.wait("pong", 2)
        other.request()
        wait_until(lambda: len(other.wait("busy")) > 5)
        go_on.set()
        assert read_lisp(plugin.wait("answer")) == "fine"
        assert read_lisp(other.wait("answer")) == "fine"


def test_work_is_stopped_with_the_watcher(folder: Path) -> None:
    from adt_plugins.errors import CancelledError

    def answer(request: request_folder.Request, stop: Stop) -> str:
        wait_until(stop.is_set)
        raise CancelledError("stopped")

    plugin = FakePlugin(folder)
    with running(Watcher(RequestFolder(folder), answer)):
        plugin.request()
        plugin.wait("busy")
    assert [path.name for path in folder.iterdir()] == ["watch.lock"]


def test_what_is_forgotten_is_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "SWEEP_S", 0.0)
    place = RequestFolder(folder)
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
    RequestFolder(folder).close()
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
    place = RequestFolder(folder)
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
    RequestFolder(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "watch.lock").stat().st_mode & 0o777 == 0o600

    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(ExchangeError, match="link: is not a folder"):
        RequestFolder(tmp_path / "link")
    (tmp_path / "file").touch()
    with pytest.raises(ExchangeError, match="file: is not a folder"):
        RequestFolder(tmp_path / "file")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ExchangeError, match="open: belongs to another user"):
        RequestFolder(folder)


def test_one_watcher_at_a_time(folder: Path) -> None:
    first = RequestFolder(folder)
    with pytest.raises(LockedError, match="another process"):
        RequestFolder(folder)
    first.close()
    RequestFolder(folder).close()


def test_a_folder_that_goes_away_ends_the_watcher(folder: Path) -> None:
    import shutil

    watcher = Watcher(RequestFolder(folder), lambda *_: "")
    shutil.rmtree(folder)
    with pytest.raises(ExchangeError, match="audacity: "):
        watcher.run(Stop())


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
