"""Errors and warnings that a user may see, each with a message of one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

_NAME = "adt-plugins"  # on the package index


class AdtError(Exception):
    """An input that cannot be used; the message is one line for the user."""


class AudioError(AdtError):
    """A recording that cannot be read."""


class ModelError(AdtError):
    """A model file or card that is missing, altered or not understood."""


class FormatError(AdtError):
    """A file that is not what its format says, or a format that cannot do this."""


class MissingDependencyError(AdtError):
    """A package that is needed but missing; the message says how to install it."""

    @classmethod
    def of(cls, what: str, package: str, extra: str = "") -> MissingDependencyError:
        """Return the error for a package.

        Parameters
        ----------
        what
            What needs it.
        package
            Its name on the package index.
        extra
            The extra of this package that installs it; empty if there is none.

        >>> print(MissingDependencyError.of("evaluating", "mir_eval"))
        evaluating needs mir_eval: ...pip install mir_eval
        """
        return cls(f"{what} needs {package}: {install_command(package, extra)}")


def install_command(package: str, extra: str = "") -> str:
    """Return the command that adds a package where this one is installed.

    pipx and ``uv tool`` keep an environment for each program, which pip is not told of,
    and leave their records in it. They look for an extra where this package came from.

    Parameters
    ----------
    package, extra
        See `MissingDependencyError.of`.
    """
    environment = Path(sys.prefix)
    ours = f"{_source()}[{extra}]"
    if (environment / "pipx_metadata.json").exists():
        inject = f"pipx inject {_NAME} {package}"
        return f'pipx install --force "{ours}"' if extra else inject
    if (environment / "uv-receipt.toml").exists():
        add = f'uv tool install --with {package} "{_source()}"'
        return f'uv tool install "{ours}"' if extra else add
    tool = "uv pip" if _record("INSTALLER").strip() == "uv" else "pip"
    wanted = f'"{_NAME}[{extra}]"' if extra else package
    return f"{tool} install {wanted}"


def _source() -> str:
    """Return the wheel or folder that this package was installed from, or its name."""
    import json
    import os
    import re

    # Python's own function for this is in a module that reaches into the network.
    escaped, byte = re.compile(rb"%([0-9A-Fa-f]{2})"), bytes.fromhex
    try:
        kind, _, path = json.loads(_record("direct_url.json"))["url"].partition("://")
        if kind != "file":
            return _NAME
        plain = escaped.sub(lambda m: byte(m[1].decode()), os.fsencode(path))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _NAME
    path = os.fsdecode(plain)
    return path.removeprefix("/") if os.name == "nt" else path


def _record(name: str) -> str:
    """Return a file in which an installer tells what it did; empty if there is none."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(_NAME).read_text(name) or ""
    except (PackageNotFoundError, OSError):
        return ""


class CancelledError(AdtError):
    """The caller asked for the work to stop."""


def reason_of(error: BaseException) -> str:
    """Return the reason of an error, without a file name: messages begin with one."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, FileNotFoundError):
        return "no such file or folder"
    return getattr(error, "strerror", None) or str(error)


class AdtWarning(UserWarning):
    """A problem with an input that did not stop the work; the message is one line."""
