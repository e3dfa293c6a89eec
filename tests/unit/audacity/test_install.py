"""Where the plug-ins go, and what starts the watcher at login."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from adt_plugins.audacity.autostart import Autostart, autostart, run_quietly
from adt_plugins.audacity.install import PLUGINS, install, plugin_folders, uninstall
from adt_plugins.base.folders import HOME_VARIABLE, asset, user_folder
from adt_plugins.cli import main
from adt_plugins.errors import AdtError, AdtWarning

LINUX = ".local/share/audacity/Plug-Ins"
FLATPAK = ".var/app/org.audacityteam.Audacity"
SNAP = "snap/audacity/current"
POSIX = pytest.mark.skipif(os.name == "nt", reason="not on this system: needs POSIX")


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
            (tmp_path / name).touch()
    env = {key: value.format(home=tmp_path) for key, value in env.items()}
    found = plugin_folders(platform=platform, env=env, home=tmp_path)
    assert found == [tmp_path / name for name in wanted]


def test_install_and_uninstall(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two words" / "Plug-Ins"]
    files = [folder / name for folder in folders for name in PLUGINS]
    assert install(folders) == files
    for path in files:
        assert path.read_bytes() == asset("audacity", path.name).read_bytes()
    # Again, over what somebody has changed.
    changed = files[0].read_text() + "; mine\n"
    files[0].write_text(changed)
    (folders[0] / "other.ny").write_text("of somebody else")
    with pytest.warns(AdtWarning, match="somebody has changed it") as told:
        assert install(folders) == files
    [kept] = (user_folder() / "replaced").glob(f"*-{files[0].name}")
    assert kept.read_text() == changed
    assert str(kept) in str(told[0].message)
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


# A program and arguments with everything that some system takes for its own.
COMMAND = [
    "/opt/a b/100%/py$HOME",
    "-m",
    "adt_plugins",
    'say "ah"',
    "back\\slash",
    "`tick` %n ü",
]


def start_of(platform: str, home: Path, **env: str) -> Autostart:
    return autostart(COMMAND, platform=platform, env={"PATH": "", **env}, home=home)


def with_systemctl(home: Path) -> str:
    """A folder for PATH with a program of that name in it."""
    folder = home / "bin"
    folder.mkdir(parents=True)
    (folder / "systemctl").touch()
    return str(folder)


class Ran:
    """Notes the commands of the system; all of them succeed or fail."""

    def __init__(self, succeed: bool = True) -> None:
        self.commands: list[Sequence[str]] = []
        self._succeed = succeed

    def __call__(self, command: Sequence[str]) -> bool:
        self.commands.append(tuple(command))
        return self._succeed


def unquote_unit(line: str) -> list[str]:
    """Words of a line of a unit file, as systemd.syntax(7) has it."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    assert " ".join(f'"{word}"' for word in words) == line
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in words]


@POSIX
def test_systemd_unit(tmp_path: Path) -> None:
    own = 'my "own" 50% $HOME'
    env = {"PATH": with_systemctl(tmp_path), HOME_VARIABLE: own}
    start = start_of("linux", tmp_path, **env)
    ran = Ran()
    file = tmp_path / ".config/systemd/user/adt-plugins-audacity.service"
    assert start.enable(ran) == [
        f"wrote {file}",
        "it starts whenever you log in, and runs now",
    ]
    unit = configparser.RawConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(file.read_text(encoding="utf-8"))
    words = unquote_unit(unit["Service"]["ExecStart"])
    assert [word.replace("$$", "$") for word in words] == COMMAND
    assert words[0].count("$$") == 1
    assert unquote_unit(unit["Service"]["Environment"]) == [f"{HOME_VARIABLE}={own}"]
    assert unit["Service"]["Restart"] == "on-failure"
    assert unit["Install"]["WantedBy"] == "default.target"
    link = file.parent / "default.target.wants" / file.name
    assert link.resolve() == file
    assert ran.commands[-1] == ("systemctl", "--user", "start", file.name)
    assert ("systemctl", "--user", "daemon-reload") in ran.commands

    assert start.enable(Ran(succeed=False))[1] == (
        "it starts the next time that you log in"
    )
    assert start.disable(ran) == [f"removed {file}"]
    assert ran.commands[-1] == ("systemctl", "--user", "stop", file.name)
    assert not file.exists()
    assert not os.path.lexists(link)
    assert start.disable(ran) == [f"there is no {file}: nothing to remove"]


@POSIX
@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="not on this system: no systemd-analyze",
)
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    env = {"PATH": with_systemctl(tmp_path)}
    command = [sys.executable, *COMMAND[1:]]
    start = autostart(command, platform="linux", env=env, home=tmp_path)
    start.enable(Ran())
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(start.file)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert start.file.name not in done.stderr, done.stderr


def test_desktop_entry(tmp_path: Path) -> None:
    start = start_of("linux", tmp_path, XDG_CONFIG_HOME=str(tmp_path / "c"))
    file = tmp_path / "c" / "autostart" / "adt-plugins-audacity.desktop"
    assert start.enable(Ran())[0] == f"wrote {file}"
    text = file.read_text(encoding="utf-8")
    assert text.startswith("[Desktop Entry]\nType=Application\n")
    (line,) = re.findall("^Exec=(.*)$", text, re.MULTILINE)
    # First what holds for all texts of such a file, then the quotes of a command.
    line = line.replace("\\\\", "\\").replace("%%", "%")
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    assert [re.sub(r"\\(.)", r"\1", word) for word in words] == COMMAND
    assert start.disable(Ran()) == [f"removed {file}"]
    assert not file.exists()


def test_launch_agent(tmp_path: Path) -> None:
    start = start_of("darwin", tmp_path, **{HOME_VARIABLE: "/own"})
    file = tmp_path / "Library" / "LaunchAgents" / "adt-plugins.audacity.plist"
    ran = Ran()
    start.enable(ran)
    agent = plistlib.loads(file.read_bytes())
    assert agent["ProgramArguments"] == COMMAND
    assert agent["RunAtLoad"] is True
    assert agent["EnvironmentVariables"] == {HOME_VARIABLE: "/own"}
    assert ran.commands[-1][:2] == ("launchctl", "bootstrap")
    assert ran.commands[-1][-1] == str(file)
    start.disable(ran)
    assert ran.commands[-1][:2] == ("launchctl", "bootout")
    assert not file.exists()


def test_startup_script(tmp_path: Path) -> None:
    env = {"APPDATA": str(tmp_path / "r"), HOME_VARIABLE: r"C:\own 50%"}
    command = [r"C:\Program Files\a & b\pythonw.exe", "-m", "x;y", "50%", "C:\\d\\"]
    start = autostart(command, platform="win32", env=env, home=tmp_path)
    ran = Ran()
    assert start.enable(ran)[1] == "it starts the next time that you log in"
    assert ran.commands == []
    programs = "r/Microsoft/Windows/Start Menu/Programs/Startup"
    file = tmp_path / programs / "adt-plugins-audacity.cmd"
    lines = file.read_bytes().decode().split("\r\n")
    assert lines[:2] == ["@echo off", "chcp 65001 >nul"]
    assert lines[2] == rf'set "{HOME_VARIABLE}=C:\own 50%%"'
    wanted = r'"C:\Program Files\a & b\pythonw.exe" -m "x;y" "50%%" C:\d' + "\\"
    assert lines[3] == f'start "" {wanted}'
    assert lines[4:] == [""]


@pytest.mark.parametrize("platform", ["linux", "systemd", "darwin", "win32"])
@pytest.mark.parametrize("sign", ["\n", "\r", "\x00", "\x1b", "\x85", "\u2028"])
@pytest.mark.parametrize("place", ["command", "home"])
def test_a_line_break_in_a_path_begins_no_directive(
    tmp_path: Path, platform: str, sign: str, place: str
) -> None:
    env = {"APPDATA": str(tmp_path / "r"), "PATH": str(tmp_path)}
    if platform == "systemd":
        env["PATH"], platform = with_systemctl(tmp_path), "linux"
    odd = f"/a{sign}ExecStartPre=touch owned"
    command = [odd if place == "command" else "/usr/bin/adt", "audacity", "watch"]
    if place == "home":
        env[HOME_VARIABLE] = odd
    before = sorted(tmp_path.rglob("*"))
    start = autostart(command, platform=platform, env=env, home=tmp_path)
    with pytest.raises(AdtError, match="cannot be started at login") as error:
        start.enable(Ran())
    assert sign not in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("platform", ["darwin", "win32"])
@pytest.mark.parametrize("place", ["command", "home"])
def test_a_name_that_is_no_unicode_is_one_line(
    tmp_path: Path, platform: str, place: str
) -> None:
    env = {HOME_VARIABLE: "/\ud800"} if place == "home" else {}
    command = ["/\udcff" if place == "command" else "/usr/bin/adt"]
    start = autostart(command, platform=platform, env=env, home=tmp_path)
    with pytest.raises(AdtError, match="cannot be started at login"):
        start.enable(Ran())


@pytest.mark.parametrize("platform", ["linux", "systemd", "darwin", "win32"])
def test_what_a_user_changed_at_login_is_kept(tmp_path: Path, platform: str) -> None:
    env = {"APPDATA": str(tmp_path / "r"), "PATH": str(tmp_path)}
    if platform == "systemd":
        env["PATH"], platform = with_systemctl(tmp_path), "linux"
    start = autostart(["/usr/bin/adt"], platform=platform, env=env, home=tmp_path)
    start.enable(Ran())
    start.enable(Ran())  # as it was written: no word
    start.file.write_bytes(b"mine")
    with pytest.warns(AdtWarning, match="somebody has changed it"):
        start.enable(Ran())
    kept = (user_folder() / "replaced").glob(f"*-{start.file.name}")
    assert b"mine" in [path.read_bytes() for path in kept]
    assert start.file.read_bytes() == start.content()


@pytest.mark.parametrize("name", ['a" & calc & "', "a&b", "a^b", "a|b", "a (b)", "%x%"])
def test_a_name_starts_no_other_command_of_windows(tmp_path: Path, name: str) -> None:
    start = autostart([name], platform="win32", env={}, home=tmp_path)
    if '"' in name:
        with pytest.raises(AdtError, match="quotation mark"):
            start.enable(Ran())
        return
    start.enable(Ran())
    last = start.file.read_text(encoding="utf-8").splitlines()[-1]
    doubled = name.replace("%", "%%")
    assert last == f'start "" "{doubled}"'


def test_a_command_of_the_system_that_is_missing() -> None:
    assert run_quietly(["no-such-program-of-anybody"]) is False
    assert run_quietly([sys.executable, "-c", ""]) is True
    assert run_quietly([sys.executable, "-c", "raise SystemExit(3)"]) is False


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
    """What Audacity reads before it runs a plug-in."""
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
