"""The song that other programs are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


LEAD_IN_S = 0.3


BARS = 8
