"""Where Audacity is found on each system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adt_plugins.audacity.launch import find_audacity
from tests.support.audacity.executable import executable


@pytest.mark.skipif(os.name == "nt", reason="not on this system: other paths")
@pytest.mark.parametrize(
    ("platform", "there", "command"),
    [
        ("linux", [], None),
        ("linux", ["usr/bin/audacity"], ["{root}/usr/bin/audacity"]),
        (
            "linux",
            ["home/.local/share/flatpak/app/org.audacityteam.Audacity/x"],
            ["flatpak", "run", "org.audacityteam.Audacity"],
        ),
        (
            "linux",
            ["var/lib/flatpak/app/org.audacityteam.Audacity/x", "snap/bin/audacity"],
            ["flatpak", "run", "org.audacityteam.Audacity"],
        ),
        (
            "linux",
            ["var/lib/flatpak/app/org.tenacityaudio.Tenacity/x"],
            ["flatpak", "run", "org.tenacityaudio.Tenacity"],
        ),
        ("linux", ["snap/bin/audacity"], ["{root}/snap/bin/audacity"]),
        ("linux", ["usr/bin/audacity4"], ["{root}/usr/bin/audacity4"]),
        ("linux", ["usr/bin/tenacity"], ["{root}/usr/bin/tenacity"]),
        (
            "linux",
            [f"home/Applications/audacity-linux-3.{n}.AppImage" for n in (2, 7, 4)],
            ["{root}/home/Applications/audacity-linux-3.7.AppImage"],
        ),
        ("darwin", [], None),
        (
            "darwin",
            ["Applications/Audacity.app/x"],
            ["open", "-a", "{root}/Applications/Audacity.app"],
        ),
        (
            "darwin",
            ["home/Applications/Audacity.app/x"],
            ["open", "-a", "{root}/home/Applications/Audacity.app"],
        ),
        (
            "darwin",
            ["Applications/Audacity 4.app/x"],
            ["open", "-a", "{root}/Applications/Audacity 4.app"],
        ),
        (
            "win32",
            ["files/Audacity 4/bin/Audacity4.exe"],
            ["{root}/files/Audacity 4/bin/Audacity4.exe"],
        ),
        ("win32", [], None),
        (
            "win32",
            ["files/Audacity/Audacity.exe"],
            ["{root}/files/Audacity/Audacity.exe"],
        ),
        (
            "win32",
            ["local/Programs/Audacity/Audacity.exe"],
            ["{root}/local/Programs/Audacity/Audacity.exe"],
        ),
    ],
)
def test_the_program_is_found(
    tmp_path: Path, platform: str, there: list[str], command: list[str] | None
) -> None:
    for name in there:
        executable(tmp_path / name)
    env = {
        "HOME": f"{tmp_path}/home",
        "PATH": f"{tmp_path}/bin:{tmp_path}/usr/bin",
        "ProgramFiles": f"{tmp_path}/files",
        "LOCALAPPDATA": f"{tmp_path}/local",
    }
    wanted = command and [part.replace("{root}", str(tmp_path)) for part in command]
    assert find_audacity(env, platform, tmp_path) == wanted


@pytest.mark.skipif(os.name == "nt", reason="not on this system: other paths")
@pytest.mark.parametrize("data", ["home/.local/share", "relative"])
def test_a_relative_folder_for_data_is_ignored(
    tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    executable(tmp_path / data / "flatpak" / "app" / "org.audacityteam.Audacity" / "x")
    env = {"HOME": f"{tmp_path}/home", "PATH": "", "XDG_DATA_HOME": "relative"}
    is_found = find_audacity(env, "linux", tmp_path) is not None
    assert is_found == (data != "relative")
