"""Hits and sound to each drum's sound, and the recording without them."""

from adt_plugins.separation.stems import Stems, separate

__all__ = ["Stems", "separate"]
