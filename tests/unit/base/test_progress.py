"""Who gets a progress bar: terminals and notebooks, nobody else."""

from __future__ import annotations

import io
import sys
from types import ModuleType

import pytest

from adt_plugins.base import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(label: str = "song.wav", **options: bool) -> None:
    with progress.progress_bar(label, **options) as report:
        for step in range(5):
            report(step / 4)
        report(7.0)  # never beyond the whole


def in_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = type("ZMQInteractiveShell", (), {})()
    module = ModuleType("IPython")
    module.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run()
    assert "song.wav:   0%|" in terminal.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_a_pipe_and_no_stream_show_nothing(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    run()
    assert stream is None or stream.getvalue() == ""


def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(quiet=True)
    assert terminal.getvalue() == ""


def test_a_notebook_without_widgets_shows_text(monkeypatch: pytest.MonkeyPatch) -> None:
    in_notebook(monkeypatch)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    run()
    assert "song.wav:" in stream.getvalue()


def test_a_notebook_with_widgets_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    in_notebook(monkeypatch)
    seen: list[float] = []

    class Bar:
        n = 0.0

        def __init__(self, **options: object) -> None:
            assert options["desc"] == "song.wav"

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, step: float) -> None:
            self.n += step
            seen.append(self.n)

    module = ModuleType("tqdm.notebook")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.notebook", module)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    run()
    assert seen == [0, 0.25, 0.5, 0.75, 1, 1]
