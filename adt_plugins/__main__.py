"""Starts the command line, for ``adt`` and ``python -m adt_plugins``."""

from __future__ import annotations

TYPE_CHECKING = False
INTERRUPTED = 130  # 128 + SIGINT, as shells count

try:
    import gc
    import signal
    import sys
except KeyboardInterrupt:  # before anything has begun
    raise SystemExit(INTERRUPTED) from None

if TYPE_CHECKING:
    from types import FrameType


def main() -> int:
    """Run the command line; a Ctrl-C while it is being loaded ends it too."""
    pressed = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True

    # Not where it is ignored, as in a script's background.
    heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heeded:
        # KeyboardInterrupt would be lost in a callback of the import system.
        signal.signal(signal.SIGINT, remember)
    from adt_plugins import cli

    try:
        if heeded:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = cli.interrupted() if pressed else cli.main()
    except KeyboardInterrupt:  # before or behind what `cli.main` catches
        code = cli.interrupted()
    # All is done: a signal while Python ends changes nothing, and needs no traceback.
    if heeded:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if code == INTERRUPTED:
        # An interrupt within code that is executed from a string, as SciPy does while
        # it is imported, makes `python -m` end by the signal although it was caught.
        # The next string that is executed takes that back.
        exec("")
    # Python ends with searches for cycles in all that is left, a tenth of the time of a
    # short recording. None are needed: files are closed by those who open them.
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(main())
