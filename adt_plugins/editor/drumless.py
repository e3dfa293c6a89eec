"""Encodes a recording without its drums, so that a browser can turn them down."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from adt_plugins.audio.opening import AudioSource
from adt_plugins.base.progress import Cancel, Progress
from adt_plugins.editor.sound import Sound, duration_of
from adt_plugins.errors import CancelledError, reason_of
from adt_plugins.separation.files import DRUMLESS, DRUMS, write_stems
from adt_plugins.separation.separator import Separator
from adt_plugins.transcription import Transcription


class DrumlessSound(Sound):
    """A recording without its drums, in step with `Sound` of the recording.

    It has the same pieces, rate and channels. Played at a level of 1 - g, beside
    the recording at g, the drums have the level g and all else stays. It lies in a
    temporary folder until `close`.

    Parameters
    ----------
    transcription, source
        See `adt_plugins.separate`.
    quality
        See `Sound`.
    progress, cancel
        See `adt_plugins.transcribe`.

    Raises
    ------
    AdtError
        If the recording cannot be read, or has more channels than FLAC can hold.
    """

    def __init__(
        self,
        transcription: Transcription,
        source: AudioSource,
        quality: str = "lossless",
        *,
        progress: Progress = lambda _: None,
        cancel: Cancel | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="adt-drumless-")
        try:
            paths = write_stems(
                Separator(transcription, source),
                Path(os.path.realpath(self._folder.name)),
                "song",
                progress=progress,
                cancel=cancel,
            )
            paths[DRUMS].unlink()
            super().__init__(paths[DRUMLESS], quality, duration_of(transcription))
        except BaseException:
            self._folder.cleanup()
            raise

    def close(self) -> None:
        """Close it, and delete the files."""
        super().close()
        self._folder.cleanup()


class DrumlessMaker:
    """Makes the sound in the background, and again when the hits have changed.

    Parameters
    ----------
    source, quality
        See `DrumlessSound`.
    """

    def __init__(self, source: AudioSource, quality: str) -> None:
        self._source = source
        self._quality = quality
        self._made: dict[int, DrumlessSound] = {}
        self._job: _Job | None = None
        self._count = 0

    def state(self, transcription: Transcription, *, anew: bool) -> dict[str, Any]:
        """Return the progress, for a browser that waits.

        Parameters
        ----------
        transcription
            The hits as they are now.
        anew
            Whether to start, if it was never made or was made of other hits.

        Returns
        -------
        dict
            ``progress``, 0-1; when it is done ``made``, its number, and ``audio``,
            see `Sound.describe`; or a ``reason`` why there is none.
        """
        job = self._job
        onsets = transcription.onsets
        if job is None or (anew and (job.onsets != onsets or job.reason is not None)):
            self._start(transcription)
            return {"progress": 0.0}
        if job.reason is not None:
            return {"reason": job.reason}
        if job.sound is None:
            return {"progress": job.progress}
        if self._count not in self._made:
            # A browser may still play the one before.
            for number in [n for n in self._made if n < self._count - 1]:
                self._made.pop(number).close()
            self._made[self._count] = job.sound
        return {"progress": 1.0, "made": self._count, "audio": job.sound.describe()}

    def sound(self, number: object) -> Sound | None:
        """Return the sound of a version that `state` returned, if it still exists."""
        return self._made.get(number) if isinstance(number, int) else None

    def close(self) -> None:
        """Stop, and release everything that was made."""
        if self._job is not None:
            self._job.stop()
            self._job = None
        for sound in self._made.values():
            sound.close()
        self._made.clear()

    def _start(self, transcription: Transcription) -> None:
        if self._job is not None and self._job.sound is None:
            self._job.stop()
        self._count += 1
        self._job = _Job(transcription, _own(self._source), self._quality)


class _Job:
    """One run, in a thread of its own."""

    def __init__(
        self, transcription: Transcription, source: AudioSource, quality: str
    ) -> None:
        self.onsets = transcription.onsets
        self.progress = 0.0
        self.sound: DrumlessSound | None = None
        self.reason: str | None = None
        self._ended = threading.Event()
        work = (transcription, source, quality)
        threading.Thread(target=self._run, args=work, daemon=True).start()

    def stop(self) -> None:
        """Let it end soon; what it has made by then is discarded."""
        self._ended.set()

    def _run(
        self, transcription: Transcription, source: AudioSource, quality: str
    ) -> None:
        try:
            sound = DrumlessSound(
                transcription,
                source,
                quality,
                progress=self._report,
                cancel=self._ended,
            )
            if len(sound):
                sound.chunk(len(sound) - 1)  # encodes all of them
        except CancelledError:
            return
        except Exception as error:  # nobody would see it: the browser shows it
            self.reason = reason_of(error)
            return
        if self._ended.is_set():
            sound.close()
        else:
            self.sound = sound

    def _report(self, part: float) -> None:
        self.progress = part


def _own(source: AudioSource) -> AudioSource:
    """Return a source for a thread of its own: two cannot read one file object."""
    if isinstance(source, io.IOBase):
        source.seek(0)
        return io.BytesIO(source.read())
    return source
