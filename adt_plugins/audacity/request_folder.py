"""The folder in which Audacity's plug-ins and the watcher meet.

A plug-in can write and read files, but nothing else: it cannot start programs, or
delete or rename files. It names all files of a request after the time of day, and
the two take turns::

    plug-in   ID.ping                  is a watcher running?
    watcher   ID.pong                  yes; removes `ping`
    plug-in   ID.wav, ID.request       the audio, then the request
    watcher   ID.busy                  grows by a character while it works
    watcher   ID.answer                in Lisp; moved into place when it is complete
    plug-in   ID.done                  all files of this ID can be removed

Requests do not name files: all paths are made from the ID, which is digits. The
folder is private to the user, and only plain files of the same user are read.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from adt_plugins.base.drafts import create_private, whole_file
from adt_plugins.base.folders import HOME_VARIABLE, user_state_folder
from adt_plugins.base.process_lock import Lock
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, reason_of
from adt_plugins.labels.names import LABEL_TEXTS

VERSION = 1
KINDS = ("labels", "tracks")

MAX_REQUEST_BYTES = 4096
UNFINISHED_S = 5.0  # by then, the writer of an incomplete file has given up
FORGOTTEN_S = 600.0  # files of a plug-in that crashed are removed after this time

# Some languages use a decimal comma.
_NAME = re.compile(r"([0-9]{1,12}[.,][0-9]{1,9})\.(\w{2,8})", re.ASCII)
_DRAFT = re.compile(r"\.adt-[0-9a-f]{16}(\.tmp|_data|_old)")
_ENDINGS = ("ping", "pong", "request", "wav", "busy", "answer", "done", "aup")


class ExchangeError(AdtError):
    """A request that cannot be served, or a folder that is not safe to use."""


class Request(NamedTuple):
    """The request of a plug-in.

    Parameters
    ----------
    id
        Name of its files, without an ending.
    kind
        ``"labels"`` for one track, ``"tracks"`` for one a drum.
    drums
        Drums to report; empty: all.
    sensitivity
        0-100; 50 leaves the thresholds as they are.
    text
        Kind of label text, one of `adt_plugins.labels.names.LABEL_TEXTS`.
    start
        Where the selection starts in the project, in seconds; may be before 0.
    lead
        How much of the audio lies before the selection, in seconds.
    """

    id: str
    kind: str
    drums: tuple[Drum, ...] = ()
    sensitivity: int = 50
    text: str = "name"
    start: float = 0.0
    lead: float = 0.0


def exchange_folder(
    env: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """Return where the plug-ins look for the watcher, by the same rule as theirs.

    Plug-ins know the environment but not the standard folders, and the environment of
    a desktop session may differ from that of a terminal. So this depends on as little
    of it as possible.
    """
    return user_state_folder(env, platform) / "audacity"


def exchange_folders(
    env: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> list[Path]:
    """Return all folders that a watcher serves: `exchange_folder`, and `other_homes`'.

    An Audacity from a Snap cannot even see the user's hidden folders.
    """
    default = exchange_folder(env, platform)
    if env.get(HOME_VARIABLE) or not platform.startswith("linux"):
        return [default]
    homes = other_homes(Path(env.get("HOME") or Path.home()))
    return [
        default,
        *(exchange_folder({"HOME": str(home)}, platform) for home in homes),
    ]


def other_homes(home: Path) -> list[Path]:
    """Return what HOME is for an Audacity in a Snap or a portable AppImage.

    An AppImage has its own if there is a folder beside it that is called like it, with
    ``.home`` at the end.
    """
    current = home / "snap" / "audacity" / "current"
    snaps = [current.resolve()] if current.is_dir() else []
    beside = sorted((home / "Applications").glob("[Aa]udacity*.AppImage.home"))
    return [*snaps, *(folder for folder in beside if folder.is_dir())]


def parse_request(request_id: str, text: str) -> Request:
    """Read a request.

    Raises
    ------
    ExchangeError
        If it is incomplete, or asks for something unknown.
    """
    lines = text.splitlines()
    if not lines or lines[0] != f"adt-plugins {VERSION}" or lines[-1] != "end":
        raise ExchangeError(
            "this plug-in and 'adt audacity watch' are of different releases:"
            " run 'adt audacity install' and restart Audacity"
        )
    values = dict(line.partition(" ")[::2] for line in lines[1:-1])
    try:
        request = Request(
            id=request_id,
            kind=values["kind"],
            drums=tuple(Drum(code) for code in values["drums"].split(",") if code),
            sensitivity=int(values["sensitivity"]),
            text=values["text"],
            start=float(values["start"].replace(",", ".")),
            lead=float(values["lead"].replace(",", ".")),
        )
    except KeyError as error:
        raise ExchangeError(f"the request does not say {error}") from None
    except ValueError as error:
        raise ExchangeError(f"the request is not understood: {error}") from None
    if (
        request.kind not in KINDS
        or request.text not in LABEL_TEXTS
        or not 0 <= request.sensitivity <= 100
        or not -1e9 < request.start < 1e9
        or not 0 <= request.lead < 1e3
    ):
        raise ExchangeError(f"the request is not understood: {request}")
    return request


class RequestFolder:
    """The folder, held by one watcher at a time.

    Parameters
    ----------
    folder
        Path of the folder; it is created if necessary.

    Raises
    ------
    ExchangeError
        If it belongs to another user, or another watcher holds it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            _make_private(folder)
            self._lock = Lock(folder / "watch.lock")
        except OSError as error:
            raise ExchangeError(f"{folder}: {reason_of(error)}") from error

    def close(self) -> None:
        """Remove all files of requests, and release the folder."""
        for request_id in {request_id for request_id, _ in self.files()}:
            self.forget(request_id)
        self._lock.release()

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield ID and ending of every file of the protocol."""
        for path in self._all():
            match = _NAME.fullmatch(path.name)
            if match and match[2] in _ENDINGS:
                yield match[1], match[2]

    def remove_drafts(self) -> None:
        """Remove unfinished projects of a watcher that was killed."""
        for path in self._all():
            if _DRAFT.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)  # follows no link
                with suppress(OSError):
                    path.unlink()

    def _all(self) -> list[Path]:
        try:
            return list(self.folder.iterdir())
        except OSError as error:
            raise ExchangeError(f"{self.folder}: {reason_of(error)}") from error

    def path(self, request_id: str, ending: str) -> Path:
        """Return the path of a request's file."""
        return self.folder / f"{request_id}.{ending}"

    def age(self, request_id: str) -> float:
        """Return the seconds since a request's youngest file was written."""
        times = [0.0]
        for ending in _ENDINGS:
            with suppress(OSError):
                times.append(self.path(request_id, ending).lstat().st_mtime)
        # Files from the future, after the clock was set back, count as old too.
        return abs(time.time() - max(times))

    def write(self, request_id: str, ending: str, text: str = "") -> None:
        """Write a file, which is complete when it appears.

        Raises
        ------
        ExchangeError
            If it cannot be written.
        """
        try:
            with whole_file(self.path(request_id, ending)) as draft:
                create_private(draft)
                draft.write_bytes(text.encode())
        except OSError as error:
            raise ExchangeError(
                f"{self.folder}: no answer: {reason_of(error)}"
            ) from error

    def beat(self, request_id: str) -> None:
        """Signal that work on the request continues."""
        path = self.path(request_id, "busy")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK
        with suppress(OSError), os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(b".")

    def read_request(self, request_id: str) -> Request | None:
        """Return the request, or None while it is still being written.

        Raises
        ------
        ExchangeError
            If it cannot be served.
        """
        with self.open(request_id, "request") as file:
            data = file.read(MAX_REQUEST_BYTES + 1)
            age = time.time() - os.fstat(file.fileno()).st_mtime
        whole = data.rstrip(b"\r\n") != data and data.rstrip(b"\r\n").endswith(b"\nend")
        if not whole and len(data) <= MAX_REQUEST_BYTES and abs(age) < UNFINISHED_S:
            return None
        text = data[:MAX_REQUEST_BYTES].decode("ascii", "replace")
        return parse_request(request_id, text)

    def open(self, request_id: str, ending: str) -> BinaryIO:
        """Open a file of a plug-in, if it is a plain file.

        Raises
        ------
        ExchangeError
            If it is missing, a link, a pipe, or another user's.
        """
        path = self.path(request_id, ending)
        try:
            if path.is_symlink():  # on systems without O_NOFOLLOW
                raise ExchangeError(f"{path.name} is a link")
            file = os.fdopen(os.open(path, os.O_RDONLY | _SAFELY), "rb")
        except OSError as error:
            raise ExchangeError(
                f"{path.name} cannot be read: {reason_of(error)}"
            ) from error
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or not _is_own(about):
            file.close()
            raise ExchangeError(f"{path.name} is not a file of yours")
        return file

    def forget(self, request_id: str) -> None:
        """Remove all files of a request."""
        for ending in _ENDINGS:
            self.remove(request_id, ending)
        with suppress(OSError):
            (self.folder / f"{request_id}_data").rmdir()

    def remove(self, request_id: str, ending: str) -> None:
        """Remove a file; of a link, only the link itself."""
        path = self.path(request_id, ending)
        try:
            path.unlink(missing_ok=True)
        except OSError:  # perhaps a folder; on Windows, open in the plug-in
            with suppress(OSError):
                path.rmdir()


_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_SAFELY = _NO_LINK | getattr(os, "O_NONBLOCK", 0)  # a pipe must not stop the watcher


def _make_private(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode):
        raise ExchangeError(f"{folder}: is not a folder")
    if not _is_own(about):
        raise ExchangeError(f"{folder}: belongs to another user")
    if os.name != "nt" and stat.S_IMODE(about.st_mode) != 0o700:
        folder.chmod(0o700)


def _is_own(about: os.stat_result) -> bool:
    # Windows has no user numbers; there, the folder inherits the access list of the
    # user's own folder.
    return os.name == "nt" or about.st_uid == os.geteuid()
