"""``python -m adt_plugins`` is the same as ``adt``."""

import sys

from adt_plugins.cli import main

if __name__ == "__main__":
    sys.exit(main())
