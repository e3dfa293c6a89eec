"""Hits played on a MIDI port."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from adt_plugins.annotations import Onset
from adt_plugins.errors import AdtError, MissingDependencyError
from adt_plugins.midi.writer import DRUM_CHANNEL


class MidiPort:
    """A MIDI port that is played on, in a ``with`` block.

    Parameters
    ----------
    name
        Name of the port, or what it begins with.

    Raises
    ------
    MissingDependencyError
        If python-rtmidi is missing.
    AdtError
        If there is no such port; with those that there are.
    """

    def __init__(self, name: str) -> None:
        import mido

        try:
            names = list(dict.fromkeys(mido.get_output_names()))
        except ImportError as error:
            raise MissingDependencyError.of(
                "--midi-port", "python-rtmidi", "live"
            ) from error
        wanted = name.casefold()
        found = [port for port in names if port.casefold().startswith(wanted)]
        if not found:
            there = f"there are {', '.join(names)}" if names else "there are none"
            raise AdtError(f"--midi-port: no port {name!r}; {there}")
        self._message = mido.Message
        self._port: Any = mido.open_output(found[0])

    def hit(self, onset: Onset) -> None:
        """Play a hit."""
        note = {"channel": DRUM_CHANNEL, "note": onset.drum.note}
        self._port.send(self._message("note_on", velocity=onset.velocity, **note))
        self._port.send(self._message("note_off", **note))

    def __enter__(self) -> MidiPort:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._port.close()
