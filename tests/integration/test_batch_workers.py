"""Processes that do tasks: crashes, refusals and stopping."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from adt_plugins.batch.workers import Worker, run_tasks
from adt_plugins.errors import AdtError

AnyWorker = Worker[dict[str, Any], dict[str, Any]]

MODULE = """
import json, os, sys, time

def main():
    greeting = json.loads(sys.stdin.readline())
    if "refuse" in greeting:
        print(json.dumps({"refused": greeting["refuse"]}), flush=True)
        return
    if "fail" in greeting:
        raise ValueError(greeting["fail"])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        if task.get("kill"):
            os.kill(os.getpid(), task["kill"])
        if task.get("raise"):
            raise ValueError(task["raise"])
        time.sleep(task.get("sleep", 0))
        answer = {"pid": os.getpid(), "n": task["n"]}
        if "ask" in task:
            answer["is"] = os.environ.get(task["ask"])
        print(json.dumps(answer), flush=True)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "a_module_of_tests.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "a_module_of_tests"


def test_a_crash_costs_one_task(module: str) -> None:
    tasks: list[dict[str, Any]] = [{"n": n} for n in range(6)]
    tasks[2]["raise"] = "no such luck"
    if os.name != "nt":
        tasks[4]["kill"] = 9
    workers = [AnyWorker(module, {})]
    replies: dict[int, Any] = {
        task["n"]: reply for task, reply in run_tasks(workers, iter(tasks))
    }
    assert replies[2] == {
        "crashed": "its process ended with code 1: ValueError: no such luck"
    }
    if os.name != "nt":
        assert replies[4]["crashed"] == (
            "its process was ended by signal 9; there may be too little memory"
        )
    assert [replies[n]["n"] for n in (0, 1, 3, 5)] == [0, 1, 3, 5]
    assert replies[0]["pid"] == replies[1]["pid"] != replies[3]["pid"]


def test_tasks_are_taken_when_there_is_somebody_to_do_them(module: str) -> None:
    taken = []

    def tasks() -> Iterator[dict[str, Any]]:
        for n in range(5):
            taken.append(n)
            yield {"n": n}

    workers = [AnyWorker(module, {}) for _ in range(2)]
    ahead = [len(taken) - done for done, _ in enumerate(run_tasks(workers, tasks()), 1)]
    assert taken == [0, 1, 2, 3, 4]
    assert max(ahead) == 2


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        ({"refuse": "no model"}, "no model"),
        ({"fail": "ouch"}, "its process ended with code 1: ValueError: ouch"),
    ],
)
def test_who_can_do_nothing_says_so(
    greeting: dict[str, str], reason: str, module: str
) -> None:
    workers = [AnyWorker(module, greeting) for _ in range(2)]
    with pytest.raises(AdtError) as caught:
        list(run_tasks(workers, iter([{"n": 1}, {"n": 2}])))
    assert str(caught.value) == reason


def test_no_process_is_left(module: str) -> None:
    others = {child.pid for child in psutil.Process().children()}  # of other tests
    workers = [AnyWorker(module, {}) for _ in range(2)]
    answers = run_tasks(workers, iter([{"n": 1}, {"n": 2, "sleep": 1}, {"n": 3}]))
    reply: Any = next(answers)[1]
    children = {child.pid for child in psutil.Process().children()} - others
    assert reply["pid"] in children
    started = time.monotonic()
    answers.close()
    assert time.monotonic() - started < 10
    assert not children & {child.pid for child in psutil.Process().children()}


def test_memory_is_kept_from_one_recording_to_the_next_unless_told_otherwise(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = {"n": 1, "ask": "MALLOC_TRIM_THRESHOLD_"}
    usual: Any
    told: Any
    ((_, usual),) = run_tasks([AnyWorker(module, {})], iter([task]))
    assert int(usual["is"]) == 128 << 20
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "4096")
    ((_, told),) = run_tasks([AnyWorker(module, {})], iter([task]))
    assert told["is"] == "4096"


def test_files_in_the_working_folder_are_not_run(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = tmp_path / "downloads"
    hostile.mkdir()
    (hostile / "json.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(hostile)
    ((_, reply),) = run_tasks([AnyWorker(module, {})], iter([{"n": 7}]))
    assert reply == {"n": 7, "pid": reply.get("pid")}
    assert sys.modules["json"].__file__ != str(hostile / "json.py")
