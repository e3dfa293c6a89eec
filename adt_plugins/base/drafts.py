"""Drafts: files that are written under another name, and moved into place when done."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def draft_of(path: Path) -> Path:
    """Return an unused name in the same folder."""
    return path.with_name(f".adt-{secrets.token_hex(8)}.tmp")


def create_private(path: Path) -> None:
    """Create an empty file that other users cannot read; it must not exist yet."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def remove_drafts(*drafts: Path) -> None:
    """Remove drafts that were not moved into place."""
    for draft in drafts:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield the name of a draft; move it into place at the end of a ``with`` block.

    For files of our own, which may be replaced without being asked; those that users
    get are written by `adt_plugins.base.files.replacing`.
    """
    draft = draft_of(path)
    try:
        yield draft
        draft.replace(path)
    finally:
        remove_drafts(draft)
