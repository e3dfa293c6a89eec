"""Files of ours in folders of other programs, which a user may have changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from adt_plugins.base import written
from adt_plugins.base.drafts import whole_file
from adt_plugins.base.files import make_folder, read_bytes, write_files
from adt_plugins.base.folders import user_folder
from adt_plugins.base.reporting import Warn, default_warn
from adt_plugins.errors import AdtError, reason_of


def write_own(
    contents: Mapping[Path, bytes], *, warn: Warn = default_warn
) -> list[Path]:
    """Write files that belong to us, such as plug-ins, over what is there.

    A file that a user has changed is kept in the user's folder, and `warn` says where.

    Raises
    ------
    AdtError
        If one cannot be written, or what is there cannot be kept.
    """
    for path, data in contents.items():
        if not os.path.isfile(path) or written.is_ours(path):  # noqa: PTH113
            continue
        if read_bytes(path) != data:
            keep_changed(path, warn)
    return write_files(contents, overwrite=True)


def keep_changed(path: Path, warn: Warn) -> Path:
    """Copy a file that is going to be replaced to the user's folder, and say so.

    Raises
    ------
    AdtError
        If it cannot be kept.
    """
    data = read_bytes(path)
    digest = hashlib.sha256(data).hexdigest()[:8]
    folder = user_folder().absolute() / "replaced"
    make_folder(folder)
    kept = folder / f"{digest}-{path.name}"
    try:
        with whole_file(kept) as draft:
            draft.write_bytes(data)
    except OSError as error:
        raise AdtError(f"{kept}: {reason_of(error)}") from error
    warn(f"{path}: had been changed; the changed file is now {kept}")
    return kept
