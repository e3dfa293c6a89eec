"""Separates a recording into the sound of each drum and the rest, guided by hits."""

from adt_plugins.separation.stems import Stems, separate

__all__ = ["Stems", "separate"]
