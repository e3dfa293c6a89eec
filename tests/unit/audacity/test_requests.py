"""Malformed and hostile requests, which the watcher survives."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from adt_plugins.audacity import request_folder
from adt_plugins.audacity.transcriber import EMPTY
from tests.support.audacity.fake_plugin import (
    POSIX,
    FakePlugin,
    assert_labels,
    read_lisp,
    wait_until,
)
from tests.support.recordings import HITS, SECONDS
from tests.support.tiny_model import play

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
    monkeypatch.setattr(request_folder, "UNFINISHED_S", 0.3)
    content, reason = BAD_REQUESTS[name]
    plugin = FakePlugin(served)
    plugin.write("request", content)
    answer = read_lisp(plugin.wait("answer"))
    assert isinstance(answer, str)
    assert reason in answer
    wait_until(lambda: not plugin.path("request").exists())
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
