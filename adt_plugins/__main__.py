"""What ``adt`` and ``python -m adt_plugins`` start."""

from __future__ import annotations

import sys

_INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main() -> int:
    """Run the command line; a Ctrl-C while it is still being loaded ends it too."""
    try:
        from adt_plugins import cli

        return cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("adt: interrupted\n")
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
