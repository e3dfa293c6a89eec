"""The command that adds a missing package, for each way to install programs."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

import pytest

from adt_plugins.errors import MissingDependencyError, install_command

RECORDS = {"pipx": "pipx_metadata.json", "uv tool": "uv-receipt.toml", "pip": ""}


@pytest.fixture
def wheel(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Make an environment of one tool, with this package from a wheel."""
    tool, installer = request.param
    wheel = tmp_path / "some folder" / "adt_plugins-0.2.0-py3-none-any.whl"
    info = tmp_path / "adt_plugins-0.2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: adt-plugins\nVersion: 0.2.0\n")
    (info / "INSTALLER").write_text(f"{installer}\n")
    (info / "direct_url.json").write_text(json.dumps({"url": wheel.as_uri()}))
    if RECORDS[tool]:
        (tmp_path / RECORDS[tool]).write_text("")
    found = importlib.metadata.PathDistribution(info)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: found)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return wheel


@pytest.mark.parametrize(
    ("wheel", "with_extra", "alone"),
    [
        (
            ("pipx", "uv"),
            'pipx install --force "{wheel}[av]"',
            "pipx inject adt-plugins mir_eval",
        ),
        (
            ("uv tool", "uv"),
            'uv tool install "{wheel}[av]"',
            'uv tool install --with mir_eval "{wheel}"',
        ),
        (
            ("pip", "uv"),
            'uv pip install "adt-plugins[av]"',
            "uv pip install mir_eval",
        ),
        (("pip", "pip"), 'pip install "adt-plugins[av]"', "pip install mir_eval"),
    ],
    indirect=["wheel"],
)
def test_the_command_is_that_of_the_tool_in_use(
    wheel: Path, with_extra: str, alone: str
) -> None:
    assert install_command("PyAV", "av") == with_extra.format(wheel=wheel)
    assert install_command("mir_eval") == alone.format(wheel=wheel)
    error = MissingDependencyError.of("reading MP4", "PyAV", "av")
    cure = with_extra.format(wheel=wheel)
    assert str(error) == f"reading MP4 needs PyAV: {cure}"


@pytest.mark.parametrize("wheel", [("pipx", "pip")], indirect=True)
@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"url": 3}', '{"url": "https://example.org/a.whl"}']
)
def test_without_a_record_of_the_source(wheel: Path, content: str) -> None:
    info = wheel.parent.parent / "adt_plugins-0.2.0.dist-info"
    (info / "direct_url.json").write_text(content)
    assert install_command("PyAV", "av") == 'pipx install --force "adt-plugins[av]"'
