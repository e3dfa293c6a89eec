"""Plays hits on a MIDI port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from adt_plugins.annotations import Onset
from adt_plugins.errors import AdtError, MissingDependencyError, reason_of
from adt_plugins.midi.kits import DRUM_CHANNEL


class MidiPort:
    """An open MIDI output port, in a ``with`` block.

    Parameters
    ----------
    name
        Name of the port, or its beginning.

    Raises
    ------
    MissingDependencyError
        If python-rtmidi is missing.
    AdtError
        If there is no such port, or the system refuses it.
    """

    def __init__(self, name: str) -> None:
        import mido

        with _named_errors(name):
            names = list(dict.fromkeys(mido.get_output_names()))
        prefix = name.casefold()
        matches = [port for port in names if port.casefold().startswith(prefix)]
        if not matches:
            available = f"there are {', '.join(names)}" if names else "there are none"
            raise AdtError(f"--midi-port: no port {name!r}; {available}")
        self._message = mido.Message
        self._name = matches[0]
        with _named_errors(self._name):
            self._port: Any = mido.open_output(self._name)

    def hit(self, onset: Onset) -> None:
        """Play a hit."""
        note = {"channel": DRUM_CHANNEL, "note": onset.drum.note}
        with _named_errors(self._name):
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


@contextmanager
def _named_errors(port: str) -> Iterator[None]:
    """Raise errors of mido and RtMidi as `AdtError`."""
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError.of(
            "--midi-port", "python-rtmidi", "live"
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise AdtError(f"--midi-port {port}: {reason_of(error)}") from error
