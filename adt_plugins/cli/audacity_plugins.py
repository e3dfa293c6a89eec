"""``adt audacity install`` and ``watch``: commands inside Audacity's menus."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adt_plugins.cli import _console
from adt_plugins.cli._command import set_command

if TYPE_CHECKING:
    from adt_plugins.audacity.stop import Stop

SNAP = "snap"
SNAP_ADVICE = (
    "an Audacity from a Snap has a home of its own: 'adt audacity watch' serves it too"
    " if it is started after the Snap was; 'adt audacity push' and 'pull' cannot"
    " reach it"
)

ADVICE = (
    "restart Audacity; then, while 'adt audacity watch' runs, choose"
    " Analyze > Drum Labels on One Track or Tools > Drum Labels on Separate Tracks"
)

ADVICE_4 = (
    "in Audacity 4, choose Analyze > Drum Labels on One Track first, then"
    " Tools > Drum Labels on Separate Tracks"
)


@dataclass(frozen=True, kw_only=True)
class InstallOptions:
    """Options of ``adt audacity install``."""

    uninstall: bool = False
    folder: Path | None = None


@dataclass(frozen=True, kw_only=True)
class WatchOptions:
    """Options of ``adt audacity watch``."""

    model: str | None = None
    quiet: bool = False
    autostart: bool | None = None


def add_parser(subparsers: Any) -> None:
    """Add both actions to those of ``adt audacity``."""
    _add_install(subparsers)
    _add_watch(subparsers)


def _add_install(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "install",
        help="put our two commands into Audacity's menus",
        description="Copy two Nyquist plug-ins into the user's Plug-Ins folder:"
        " Analyze > Drum Labels on One Track puts one label track on the selection,"
        " Tools > Drum Labels on Separate Tracks one for each drum. They need 'adt"
        " audacity watch'. In Audacity 4 the latter is an extension, which is copied"
        " into the user's folder of extensions.",
    )
    parser.add_argument(
        "--uninstall", action="store_true", help="remove them, and the autostart"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="another Plug-Ins folder, e.g. of a portable Audacity",
    )
    set_command(parser, InstallOptions, run_install)


def _add_watch(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "watch",
        help="transcribe for the commands in Audacity's menus",
        description="Wait for the plug-ins that 'adt audacity install' puts into"
        " Audacity, and transcribe what they send, until Ctrl-C.",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="model to use; see 'adt models list'"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors")
    parser.add_argument(
        "--autostart",
        action=argparse.BooleanOptionalAction,
        help="start it whenever you log in, or stop doing so; and return",
    )
    set_command(parser, WatchOptions, run_watch)


def run_install(options: InstallOptions) -> int:
    """Copy or remove the plug-ins."""
    from adt_plugins.audacity.extension import install_extension, uninstall_extension
    from adt_plugins.audacity.install import (
        extension_folders,
        install,
        plugin_folders,
        uninstall,
    )

    folders = plugin_folders() if options.folder is None else [options.folder]
    extensions = [] if options.folder is not None else extension_folders()
    if not options.uninstall:
        written = install(folders)
        for folder in extensions:
            written += install_extension(folder)
        for path in written:
            _console.say(f"wrote {path}")
        _console.say(ADVICE)
        if extensions:
            _console.say(ADVICE_4)
        if any(SNAP in path.parts for path in folders):
            _console.say(SNAP_ADVICE)
        return 0
    from adt_plugins.audacity.autostart import autostart

    removed = uninstall(folders)
    for folder in extensions:
        removed += uninstall_extension(folder)
    for path in removed:
        _console.say(f"removed {path}")
    if not removed:
        _console.say(f"no plug-ins in {' or '.join(map(str, folders))}")
    start = autostart(watch_command(None))
    if start.file.exists():
        for line in start.disable():
            _console.say(line)
    return 0


def run_watch(options: WatchOptions) -> int:
    """Serve the plug-ins, or change what happens at login."""
    if options.autostart is not None:
        from adt_plugins.audacity.autostart import autostart
        from adt_plugins.network.catalogue import find_model

        if options.autostart:
            find_model(options.model)  # at login nobody would see an error
        start = autostart(watch_command(options.model))
        for line in start.enable() if options.autostart else start.disable():
            _console.say(line)
        return 0
    from adt_plugins.audacity.stop import Stop

    stop = Stop()

    def end(*_: Any) -> None:
        if stop.is_set():  # the second Ctrl-C stops at once
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    previous = signal.getsignal(signal.SIGINT)
    if previous is not signal.SIG_IGN:
        # An exception would be lost if it came during a library's callback.
        signal.signal(signal.SIGINT, end)
    say = (lambda _: None) if options.quiet else _console.say
    try:
        _watch(options.model, stop, say)
    except KeyboardInterrupt:
        stop.set()
    finally:
        signal.signal(signal.SIGINT, previous)
    return 0


def _watch(model: str | None, stop: Stop, say: Any) -> None:
    # Lock the folders first: a second watcher should not even load a network.
    from adt_plugins.audacity.request_folder import RequestFolder, exchange_folders

    with ExitStack() as stack:
        exchanges = []
        for folder in exchange_folders():
            exchanges.append(RequestFolder(folder))
            stack.callback(exchanges[-1].close)
        from adt_plugins.audacity.transcriber import Transcriber
        from adt_plugins.audacity.watcher import Watcher
        from adt_plugins.pipeline import open_network

        watchers = []
        for exchange in exchanges:
            transcriber = Transcriber(exchange, open_network(model))
            transcriber.warm_up()
            watchers.append(Watcher(exchange, transcriber, say))
        say("waiting for Audacity; Ctrl-C ends")
        others = [
            threading.Thread(target=watcher.run, args=(stop,), daemon=True)
            for watcher in watchers[1:]
        ]
        for thread in others:
            thread.start()
        try:
            watchers[0].run(stop)
        finally:
            stop.set()
            for thread in others:
                thread.join(10)


def watch_command(model: str | None) -> list[str]:
    """Return the command that serves the plug-ins, for the system to start."""
    program = Path(sys.executable)
    if sys.platform == "win32" and program.with_name("pythonw.exe").exists():
        program = program.with_name("pythonw.exe")  # without a window
    command = [str(program), "-m", "adt_plugins", "audacity", "watch", "--quiet"]
    if model is None:
        return command
    # The system starts it in another folder, so paths must be absolute.
    path = Path(model)
    return [*command, "--model", str(path.absolute()) if path.exists() else model]
