"""The command line in the home of an Audacity."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.audacity.program import Audacity


def adt(audacity: Audacity, *arguments: str | Path) -> str:
    """Run the command line with the home of this Audacity."""
    done = subprocess.run(
        [sys.executable, "-m", "adt_plugins", *map(str, arguments)],
        env=audacity.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
