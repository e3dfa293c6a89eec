"""Writes the files of training, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from adt_plugins.base.drafts import whole_file


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an array under a temporary name and move it into place."""
    with whole_file(path) as draft, draft.open("wb") as file:
        np.save(file, array)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON under a temporary name and move it into place."""
    with whole_file(path) as draft:
        draft.write_text(json.dumps(content), encoding="utf-8")
