"""Writes stems as FLAC files that sum to the recording."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from adt_plugins.audio.sound_file import SoundWriter
from adt_plugins.base.files import replacing
from adt_plugins.base.progress import Cancel, Progress
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.separation.separator import Separator

DRUMLESS, DRUMS = "drumless", "drums"

_MOST_CHANNELS = 8  # limits of FLAC
_MOST_RATE = 655_350


def stem_paths(folder: Path, stem: str, drums: Sequence[Drum] = ()) -> dict[str, Path]:
    """Return the paths of the rest, the drums, and each single drum.

    Parameters
    ----------
    folder, stem
        Folder of the files, and stem of their names.
    drums
        Drums that have a file of their own.
    """
    names = [DRUMLESS, DRUMS, *(f"{DRUMS}.{drum}" for drum in drums)]
    return {name: folder / f"{stem}.{name}.flac" for name in names}


def check_stems(label: str, channels: int, sample_rate: int) -> None:
    """Refuse a recording that no stem can hold.

    Parameters
    ----------
    label
        Name of the recording.
    channels, sample_rate
        Its number of channels, and its sample rate in Hz.

    Raises
    ------
    AdtError
        If one of them is too high.
    """
    if channels > _MOST_CHANNELS:
        raise AdtError(
            f"{label}: {channels} channels; stems (FLAC) have {_MOST_CHANNELS} at most"
        )
    if sample_rate > _MOST_RATE:
        raise AdtError(
            f"{label}: {sample_rate} Hz; stems (FLAC) have {_MOST_RATE} Hz at most"
        )


def write_stems(
    separator: Separator,
    folder: Path,
    stem: str,
    *,
    by_drum: bool = False,
    overwrite: bool = False,
    progress: Progress = lambda _: None,
    cancel: Cancel | None = None,
) -> dict[str, Path]:
    """Separate a recording, and write all of its stems or none.

    FLAC holds integers of 16 or 24 bits: as many as the recording has, or 24 if it
    has floats or was compressed, in which case its samples are rounded first. The stems
    sum to these integers exactly.

    Parameters
    ----------
    separator
        The recording.
    folder, stem, by_drum
        See `stem_paths`; each drum that occurs has a file.
    overwrite
        See `adt_plugins.base.files.replacing`.
    progress, cancel
        See `adt_plugins.transcribe`.

    Returns
    -------
    dict
        Name of each stem to its path.

    Raises
    ------
    AdtError
        If a file is in the way or cannot be written, or the recording cannot be read.
    """
    check_stems(separator.label, separator.channels, separator.sample_rate)
    paths = stem_paths(folder, stem, separator.parts if by_drum else ())
    with (
        replacing(*paths.values(), overwrite=overwrite) as drafts,
        ExitStack() as stack,
    ):
        writers = [
            stack.enter_context(
                SoundWriter(
                    draft,
                    separator.sample_rate,
                    separator.channels,
                    "FLAC",
                    f"PCM_{separator.bits}",
                )
            )
            for draft in drafts
        ]
        for block in separator.blocks(progress, cancel):
            stems = (block.drumless, block.drums, *block.parts)
            # Parts may have no file: all of them, or the silence of no hits.
            for writer, samples in zip(writers, stems[: len(writers)], strict=True):
                # libsndfile reads the highest bits of 32.
                writer.write(samples << (32 - separator.bits))
    return paths
