"""The song's drums and the rest as sounds that a browser plays, to turn one down."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from adt_plugins.audio.opening import AudioSource
from adt_plugins.base.progress import Cancel, Progress
from adt_plugins.editor.sound import Sound
from adt_plugins.separation.files import DRUMLESS, DRUMS, write_stems
from adt_plugins.separation.separator import Separator
from adt_plugins.transcription import Transcription


class StemSounds:
    """A recording as two sounds that play together, in step with its own.

    Both have the pieces, rate and channels that `Sound` makes of the recording:
    ``drumless`` at full level and ``drums`` at any level are the song with its drums
    that much quieter. They lie in a temporary folder until `close`.

    Parameters
    ----------
    transcription, source
        See `adt_plugins.separate`.
    quality, duration
        See `Sound`.
    progress, cancel
        See `adt_plugins.transcribe`.

    Attributes
    ----------
    drumless, drums : Sound
        The two.

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
        duration: float | None = None,
        *,
        progress: Progress = lambda _: None,
        cancel: Cancel | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="adt-stems-")
        try:
            paths = write_stems(
                Separator(transcription, source),
                Path(os.path.realpath(self._folder.name)),
                "song",
                progress=progress,
                cancel=cancel,
            )
            self.drumless = Sound(paths[DRUMLESS], quality, duration)
            self.drums = Sound(paths[DRUMS], quality, duration)
        except BaseException:
            self._folder.cleanup()
            raise

    def close(self) -> None:
        """Let go of both."""
        self.drumless.close()
        self.drums.close()
        self._folder.cleanup()
