"""The watcher is started at login, on every system."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from adt_plugins.audacity.autostart import Autostart, autostart, run_quietly
from adt_plugins.base.folders import HOME_VARIABLE, user_folder
from adt_plugins.errors import AdtError, AdtWarning

POSIX = pytest.mark.skipif(os.name == "nt", reason="not on this system: needs POSIX")


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
    """Return a folder for PATH with a program of that name in it."""
    folder = home / "bin"
    folder.mkdir(parents=True)
    (folder / "systemctl").touch()
    return str(folder)


class Ran:
    """Records the commands of the system; all of them succeed or fail."""

    def __init__(self, succeed: bool = True) -> None:
        self.commands: list[Sequence[str]] = []
        self._succeed = succeed

    def __call__(self, command: Sequence[str]) -> bool:
        self.commands.append(tuple(command))
        return self._succeed


def unquote_unit(line: str) -> list[str]:
    """Split a line of a unit file into words, after systemd.syntax(7)."""
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
    with pytest.warns(AdtWarning, match="had been changed"):
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
