"""Fixtures that several test modules use."""

from __future__ import annotations

from types import ModuleType

import pytest

from adt_plugins.errors import MissingDependencyError
from adt_plugins.madmom_compat import import_madmom


@pytest.fixture(scope="session")
def madmom() -> ModuleType:
    """madmom, for tests marked `needs_madmom`; skipped where it is missing."""
    try:
        return import_madmom()
    except MissingDependencyError as error:
        pytest.skip(str(error))
