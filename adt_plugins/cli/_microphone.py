"""An audio input of the system, as blocks of samples."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins.cli import _console
from adt_plugins.errors import AudioError, MissingDependencyError

RATE = 44100
_BLOCK = 441  # samples at a time: 10 ms, a frame of the network
_TICK_S = 0.5  # on Windows, Ctrl-C does not interrupt an endless wait


class Microphone:
    """Samples of an audio input, in a ``with`` block; iterate over it.

    Parameters
    ----------
    device
        Number or name of the input; None: the system's.

    Raises
    ------
    MissingDependencyError
        If sounddevice or its PortAudio is missing.
    AudioError
        If there is no such input, it cannot be used, or it ends.
    """

    def __init__(self, device: str | None) -> None:
        try:
            import sounddevice
        except (ImportError, OSError) as error:
            raise MissingDependencyError.of(
                "a live input", "sounddevice", "live"
            ) from error
        self._label = device or "the audio input"
        self._refused = sounddevice.PortAudioError
        self._came: queue.Queue[NDArray[np.float32]] = queue.Queue()
        self._late = False
        chosen = int(device) if device is not None and device.isdecimal() else device
        try:
            self._stream = sounddevice.InputStream(
                samplerate=RATE,
                blocksize=_BLOCK,
                channels=1,
                dtype="float32",
                device=chosen,
                latency="low",
                callback=self._take,
            )
        except (self._refused, ValueError) as error:
            inputs = [
                str(device_info["name"])
                for device_info in sounddevice.query_devices()
                if device_info["max_input_channels"]
            ]
            if not inputs:
                raise AudioError("this computer has no audio input") from error
            if isinstance(error, ValueError):  # none or several have this name
                available = ", ".join(inputs)
                raise AudioError(
                    f"no input {device!r}; there are {available}"
                ) from error
            raise AudioError(f"{self._label}: {error}") from error

    def _take(self, samples: Any, _frames: int, _time: Any, status: Any) -> None:
        if status and not self._late:
            self._late = True
            _console.complain("warning: samples were lost: this computer is too slow")
        self._came.put(samples[:, 0].copy())

    def __enter__(self) -> Iterator[NDArray[np.float32]]:
        try:
            self._stream.start()
        except self._refused as error:
            self._stream.close()
            raise AudioError(f"{self._label}: {error}") from error
        return self._blocks()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stream.close()

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        while True:
            try:
                yield self._came.get(timeout=_TICK_S)
            except queue.Empty:
                if not self._stream.active:  # unplugged
                    raise AudioError(f"{self._label}: was disconnected") from None
