"""Starts a command whenever the user logs in.

Linux: a systemd user unit; without systemd an entry in ``~/.config/autostart``.
macOS: a LaunchAgent. Windows: a script in the Startup folder. Nothing needs an
administrator, and each is a file that can be read and removed.
"""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adt_plugins.base.folders import HOME_VARIABLE, windows_menu, xdg_config_home
from adt_plugins.errors import AdtError, reason_of

NAME = "adt-plugins-audacity"
LABEL = "adt-plugins.audacity"
DESCRIPTION = "Drum transcription for Audacity (adt-plugins)"

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN = re.compile(r"[\w:\\./-]+", re.ASCII)

Run = Callable[[Sequence[str]], bool]
"""Runs a command; returns whether it succeeded."""


def run_quietly(command: Sequence[str]) -> bool:
    """Run a command; False if it fails, is missing or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def autostart(
    command: Sequence[str],
    *,
    platform: str = sys.platform,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> Autostart:
    """Return how this system starts a command at login.

    Parameters
    ----------
    command
        Program and arguments; the program as an absolute path.
    platform
        As in ``sys.platform``.
    env
        Environment: folders, and the package's own variable, which is kept.
    home
        The user's home folder; None: of this user.
    """
    kind: type[Autostart] = _DesktopEntry
    if platform == "win32":
        kind = _StartupScript
    elif platform == "darwin":
        kind = _LaunchAgent
    elif _has_program("systemctl", env):
        kind = _SystemdUnit
    return kind(command, env, home or Path.home())


@dataclass(frozen=True)
class Autostart(ABC):
    """A file that makes the system start a command at login.

    Parameters
    ----------
    command, env, home
        See `autostart`.
    """

    command: Sequence[str]
    env: Mapping[str, str]
    home: Path

    @property
    @abstractmethod
    def file(self) -> Path:
        """The file."""

    @abstractmethod
    def content(self) -> bytes:
        """Return its content."""

    def enable(self, run: Run = run_quietly) -> list[str]:
        """Write the file and start the command now, where that can be done.

        Returns
        -------
        list of str
            What was done, a line each.

        Raises
        ------
        AdtError
            If the file cannot be written.
        """
        self._write()
        for command in self.stop_commands:
            run(command)
        started = [run(command) for command in self.start_commands]
        return [
            f"wrote {self.file}",
            "it starts whenever you log in, and runs now"
            if started and all(started)
            else "it starts the next time that you log in",
        ]

    def disable(self, run: Run = run_quietly) -> list[str]:
        """Remove the file and stop what it started.

        Returns
        -------
        list of str
            What was done, a line each.

        Raises
        ------
        AdtError
            If the file cannot be removed.
        """
        if not os.path.lexists(self.file):
            return [f"there is no {self.file}: nothing to remove"]
        for command in self.stop_commands:
            run(command)
        try:
            self._remove()
        except OSError as error:
            raise AdtError(f"{self.file}: {reason_of(error)}") from error
        return [f"removed {self.file}"]

    @property
    def start_commands(self) -> Sequence[Sequence[str]]:
        """Commands that start it now; empty if it can only start at login."""
        return ()

    @property
    def stop_commands(self) -> Sequence[Sequence[str]]:
        """Commands that stop it; they fail if it does not run."""
        return ()

    @property
    def own_home(self) -> str | None:
        """Value of ``ADT_PLUGINS_HOME``, where plug-ins and watcher meet."""
        return self.env.get(HOME_VARIABLE)

    def _check(self) -> None:
        """Raise `AdtError` for words that cannot be written safely into such a file.

        A line break in a path, for example, would begin another directive.
        """
        for text in (*self.command, self.own_home or ""):
            if _CONTROL.search(text):
                raise AdtError(
                    f"{text!r}: a name with a line break or another control character"
                    " cannot be started at login"
                )

    def _write(self) -> None:
        from adt_plugins.base.own_files import write_own

        self._check()
        try:
            content = self.content()
        except UnicodeEncodeError as error:
            raise AdtError(
                f"{error.object!a}: a name that is not Unicode cannot be started at"
                " login"
            ) from error
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AdtError(f"{self.file.parent}: {reason_of(error)}") from error
        write_own({self.file: content})

    def _remove(self) -> None:
        self.file.unlink()


class _SystemdUnit(Autostart):
    @property
    def start_commands(self) -> Sequence[Sequence[str]]:
        return (
            ("systemctl", "--user", "daemon-reload"),
            ("systemctl", "--user", "start", f"{NAME}.service"),
        )

    @property
    def stop_commands(self) -> Sequence[Sequence[str]]:
        return (("systemctl", "--user", "stop", f"{NAME}.service"),)

    @property
    def file(self) -> Path:
        config = xdg_config_home(self.env, self.home)
        return config / "systemd" / "user" / f"{NAME}.service"

    @property
    def link(self) -> Path:
        """The link that ``systemctl enable`` would make if there were a session bus."""
        return self.file.parent / "default.target.wants" / self.file.name

    def content(self) -> bytes:
        custom_home = self.own_home
        variable = (
            f"Environment={_in_unit(f'{HOME_VARIABLE}={custom_home}')}\n"
            if custom_home
            else ""
        )
        # systemd expands $NAME in command lines, though not in variables.
        command = (_in_unit(word).replace("$", "$$") for word in self.command)
        return (
            f"[Unit]\nDescription={DESCRIPTION}\n\n"
            f"[Service]\n{variable}ExecStart={' '.join(command)}\n"
            "Restart=on-failure\nRestartSec=1\n\n"
            "[Install]\nWantedBy=default.target\n"
        ).encode(errors="surrogateescape")

    def _write(self) -> None:
        super()._write()
        try:
            self.link.parent.mkdir(exist_ok=True)
            self.link.unlink(missing_ok=True)
            self.link.symlink_to(self.file)
        except OSError as error:
            raise AdtError(f"{self.link}: {reason_of(error)}") from error

    def _remove(self) -> None:
        self.link.unlink(missing_ok=True)
        super()._remove()


class _DesktopEntry(Autostart):
    @property
    def file(self) -> Path:
        config = xdg_config_home(self.env, self.home)
        return config / "autostart" / f"{NAME}.desktop"

    def content(self) -> bytes:
        custom_home = self.own_home
        words = [
            *(["env", f"{HOME_VARIABLE}={custom_home}"] if custom_home else []),
            *self.command,
        ]
        quoted = (re.sub(r'(["`$\\])', r"\\\1", word) for word in words)
        # Quoted first as a command, then as a value of this format.
        line = " ".join(f'"{word}"' for word in quoted).replace("\\", "\\\\")
        return (
            f"[Desktop Entry]\nType=Application\nName={DESCRIPTION}\n"
            f"Exec={line.replace('%', '%%')}\nNoDisplay=true\n"
        ).encode(errors="surrogateescape")


class _LaunchAgent(Autostart):
    @property
    def file(self) -> Path:
        return self.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def content(self) -> bytes:
        custom_home = self.own_home
        variables = (
            {"EnvironmentVariables": {HOME_VARIABLE: custom_home}}
            if custom_home
            else {}
        )
        return plistlib.dumps(
            {
                "Label": LABEL,
                "ProgramArguments": list(self.command),
                "RunAtLoad": True,
                "KeepAlive": {"SuccessfulExit": False},
                "ProcessType": "Interactive",  # the user waits for its answers
                **variables,
            }
        )

    @property
    def start_commands(self) -> Sequence[Sequence[str]]:
        return (("launchctl", "bootstrap", _domain(), str(self.file)),)

    @property
    def stop_commands(self) -> Sequence[Sequence[str]]:
        return (("launchctl", "bootout", f"{_domain()}/{LABEL}"),)


class _StartupScript(Autostart):
    @property
    def file(self) -> Path:
        return windows_menu(self.env, self.home) / "Startup" / f"{NAME}.cmd"

    def content(self) -> bytes:
        custom_home = self.own_home
        lines = ["@echo off", "chcp 65001 >nul"]  # what follows is UTF-8
        if custom_home:
            if '"' in custom_home:
                raise AdtError(f"{custom_home!r}: is not a path on Windows")
            lines.append(f'set "{HOME_VARIABLE}={custom_home.replace("%", "%%")}"')
        lines.append(f'start "" {" ".join(map(_in_script, self.command))}')
        return "\r\n".join([*lines, ""]).encode()


def _has_program(name: str, env: Mapping[str, str]) -> bool:
    folders = env.get("PATH", "").split(os.pathsep)
    return any((Path(folder) / name).is_file() for folder in folders)


def _domain() -> str:
    """Return launchctl's name of the user's graphical session."""
    return f"gui/{os.getuid()}" if hasattr(os, "getuid") else "gui/501"


def _in_script(word: str) -> str:
    """Quote a word for a Windows script: unquoted, ``&`` begins another command."""
    if '"' in word:
        raise AdtError(f"{word!r}: a quotation mark cannot be in a Windows script")
    if not _PLAIN.fullmatch(word):
        backslashes = len(word) - len(word.rstrip("\\"))
        word = f'"{word}{backslashes * chr(92)}"'  # else the last escapes the quote
    return word.replace("%", "%%")


def _in_unit(text: str) -> str:
    """Quote text for a systemd unit, where ``%`` is special too."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
