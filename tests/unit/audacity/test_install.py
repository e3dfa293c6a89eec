"""Where the plug-ins go, and what starts the watcher at login."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from adt_plugins.audacity.install import PLUGINS, install, plugin_folders, uninstall
from adt_plugins.base.folders import HOME_VARIABLE, asset, user_folder
from adt_plugins.cli import main
from adt_plugins.errors import AdtError, AdtWarning

LINUX = ".local/share/audacity/Plug-Ins"
FLATPAK = ".var/app/org.audacityteam.Audacity"
TENACITY_FLATPAK = ".var/app/org.tenacityaudio.Tenacity"
IMAGE = "Applications/audacity-3.7.1.AppImage.home"
SNAP = "snap/audacity/current"


@pytest.mark.parametrize(
    ("platform", "env", "there", "wanted"),
    [
        ("linux", {}, [], [LINUX]),
        ("linux", {"XDG_DATA_HOME": "{home}/d"}, [], ["d/audacity/Plug-Ins"]),
        ("linux", {"XDG_DATA_HOME": "relative"}, [], [LINUX]),
        ("linux", {}, [f"{FLATPAK}/"], [f"{FLATPAK}/data/audacity/Plug-Ins"]),
        (
            "linux",
            {"PATH": "{home}/bin"},
            [f"{FLATPAK}/", "bin/audacity"],
            [LINUX, f"{FLATPAK}/data/audacity/Plug-Ins"],
        ),
        (
            "linux",
            {},
            [f"{FLATPAK}/", ".local/share/audacity/"],
            [LINUX, f"{FLATPAK}/data/audacity/Plug-Ins"],
        ),
        (
            "linux",
            {},
            [f"{TENACITY_FLATPAK}/"],
            [f"{TENACITY_FLATPAK}/data/tenacity/Plug-Ins"],
        ),
        ("linux", {}, [f"{SNAP}/"], [f"{SNAP}/.local/share/audacity/Plug-Ins"]),
        (
            "linux",
            {"PATH": "{home}/bin"},
            [f"{SNAP}/", f"{FLATPAK}/", "bin/audacity"],
            [
                LINUX,
                f"{FLATPAK}/data/audacity/Plug-Ins",
                f"{SNAP}/.local/share/audacity/Plug-Ins",
            ],
        ),
        (
            "linux",
            {"PATH": "{home}/snap/bin"},
            [f"{SNAP}/", "snap/bin/audacity"],
            [f"{SNAP}/.local/share/audacity/Plug-Ins"],
        ),
        (
            "linux",
            {"PATH": "{home}/stick"},
            [f"{IMAGE}/", "stick/audacity", "stick/Portable Settings/"],
            [
                LINUX,
                f"{IMAGE}/.local/share/audacity/Plug-Ins",
                "stick/Portable Settings/Plug-Ins",
            ],
        ),
        (
            "win32",
            {"ProgramFiles": "{home}/p", "APPDATA": "{home}/r"},
            ["p/Audacity/Audacity.exe", "p/Audacity/Portable Settings/"],
            ["r/audacity/Plug-Ins", "p/Audacity/Portable Settings/Plug-Ins"],
        ),
        ("darwin", {}, [], ["Library/Application Support/audacity/Plug-Ins"]),
        ("win32", {"APPDATA": "{home}/r"}, [], ["r/audacity/Plug-Ins"]),
        ("win32", {}, [], ["AppData/Roaming/audacity/Plug-Ins"]),
        (
            "linux",
            {},
            [".local/share/tenacity/"],
            [LINUX, ".local/share/tenacity/Plug-Ins"],
        ),
        (
            "win32",
            {"APPDATA": "{home}/r"},
            ["r/tenacity/"],
            ["r/audacity/Plug-Ins", "r/tenacity/Plug-Ins"],
        ),
    ],
)
def test_plugin_folders(
    tmp_path: Path,
    platform: str,
    env: dict[str, str],
    there: list[str],
    wanted: list[str],
) -> None:
    for name in there:
        if name.endswith("/"):
            (tmp_path / name).mkdir(parents=True)
        else:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch(0o755)
    env = {key: value.format(home=tmp_path) for key, value in env.items()}
    folders = plugin_folders(platform=platform, env=env, home=tmp_path)
    assert folders == [tmp_path / name for name in wanted]


def test_install_and_uninstall(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two words" / "Plug-Ins"]
    files = [folder / name for folder in folders for name in PLUGINS]
    assert install(folders) == files
    for path in files:
        assert path.read_bytes() == asset("audacity", path.name).read_bytes()
    # Again, over a file that has been changed.
    changed = files[0].read_text() + "; mine\n"
    files[0].write_text(changed)
    (folders[0] / "other.ny").write_text("of somebody else")
    with pytest.warns(AdtWarning, match="had been changed") as caught:
        assert install(folders) == files
    [kept] = (user_folder() / "replaced").glob(f"*-{files[0].name}")
    assert kept.read_text() == changed
    assert str(kept) in str(caught[0].message)
    assert files[0].read_bytes() == asset("audacity", PLUGINS[0]).read_bytes()
    assert uninstall(folders) == files
    assert [path.name for path in tmp_path.rglob("*.ny")] == ["other.ny"]
    assert uninstall(folders) == []


@pytest.mark.parametrize("act", [install, uninstall])
def test_a_file_that_is_not_ours_stays(tmp_path: Path, act: object) -> None:
    path = tmp_path / PLUGINS[1]
    path.write_text("$nyquist plug-in\nmine\n")
    with pytest.raises(AdtError, match="was not made by adt-plugins"):
        act([tmp_path])  # type: ignore[operator]
    assert path.read_text() == "$nyquist plug-in\nmine\n"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AdtError, match="file"):
        install([tmp_path / "file" / "Plug-Ins"])


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without systemd."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", HOME_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="not on this system: Linux only")
def test_commands(
    house: Path, capsys: pytest.CaptureFixture[str], tiny_model: Path
) -> None:
    assert main(["audacity", "install"]) == 0
    out = capsys.readouterr().out
    files = [house / LINUX / name for name in PLUGINS]
    assert out.splitlines()[:2] == [f"wrote {path}" for path in files]
    assert "restart Audacity" in out
    assert main(["audacity", "watch", "--autostart", "--model", str(tiny_model)]) == 0
    entry = house / ".config" / "autostart" / "adt-plugins-audacity.desktop"
    assert f"wrote {entry}" in capsys.readouterr().out
    (line,) = re.findall("^Exec=(.*)$", entry.read_text(), re.MULTILINE)
    words = shlex.split(line)
    assert words[-6:] == [
        "adt_plugins",
        "audacity",
        "watch",
        "--quiet",
        "--model",
        str(tiny_model),
    ]
    assert words[0] == sys.executable
    assert main(["audacity", "install", "--uninstall"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines() == [f"removed {path}" for path in [*files, entry]]
    assert main(["audacity", "install", "--uninstall"]) == 0
    assert capsys.readouterr().out == f"no plug-ins in {house / LINUX}\n"
    assert main(["audacity", "watch", "--no-autostart"]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_install_into_another_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audacity", "install", "--folder", str(tmp_path / "p")]) == 0
    assert sorted(p.name for p in (tmp_path / "p").iterdir()) == sorted(PLUGINS)
    assert str(tmp_path / "p") in capsys.readouterr().out


def test_autostart_of_a_model_that_is_none(
    capsys: pytest.CaptureFixture[str], house: Path
) -> None:
    assert main(["audacity", "watch", "--autostart", "--model", "no-such"]) == 2
    assert "no-such: no such model" in capsys.readouterr().err
    assert not (house / ".config").exists()


def test_plugin_headers() -> None:
    """Return the header that Audacity reads before it runs a plug-in."""
    for name, kind, title in (
        (PLUGINS[0], "analyze", "Drum Labels on One Track"),
        (PLUGINS[1], "tool", "Drum Labels on Separate Tracks"),
    ):
        text = asset("audacity", name).read_bytes().decode("ascii")
        assert text.startswith(f"$nyquist plug-in\n$version 4\n$type {kind}\n")
        assert f'$name (_ "{title}")\n' in text
        assert "\r" not in text
        assert "\t" not in text
        code = re.sub(r'"(?:[^"\\]|\\.)*"|;.*|#\\.', "", text)
        assert code.count("(") == code.count(")")


@pytest.mark.parametrize(
    ("platform", "data"),
    [
        ("linux", ".local/share/audacity4"),
        ("win32", "AppData/Roaming/Audacity/Audacity4"),
        ("darwin", "Library/Application Support/Audacity/Audacity4"),
    ],
)
def test_audacity_4_gets_what_runs_there(
    tmp_path: Path, platform: str, data: str
) -> None:
    def folders() -> list[Path]:
        return plugin_folders(platform=platform, env={}, home=tmp_path)

    assert len(folders()) == 1
    (tmp_path / data).mkdir(parents=True)
    usual, new = folders()
    assert new == tmp_path / data / "Plug-Ins"
    written = install([usual, new])
    assert [path.name for path in written if path.parent == usual] == list(PLUGINS)
    assert [path.name for path in written if path.parent == new] == ["drum-labels.ny"]
    assert sorted(uninstall([usual, new])) == sorted(written)
