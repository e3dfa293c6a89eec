"""Makes the levels and the folder of any rhythm game."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adt_plugins.base.files import (
    check_free,
    leaving_no_empty_folder,
    make_folder,
    replacing,
)
from adt_plugins.base.reporting import Warn, name_some
from adt_plugins.formats.chart.pads import BeatGrid, Levels, by_level, notes_of
from adt_plugins.midi.tempo_map import TempoMap
from adt_plugins.transcription import Transcription


def make_levels(
    transcription: Transcription,
    timing: TempoMap,
    path: Path,
    warn: Warn,
    *,
    place: str,
) -> Levels:
    """Return the notes of each level, and warn of what the game cannot show.

    Parameters
    ----------
    transcription, path, warn
        See `adt_plugins.formats.write`; `path` is named in the warning.
    timing
        Gives ticks and beats.
    place
        The game's word for the place of a drum, such as "pad".
    """
    notes, left_out = notes_of(
        (timing.tick(o.time), o.time, o.drum, o.velocity) for o in transcription
    )
    if left_out:
        named = name_some(str(drum) for drum in left_out)
        warn(f"{path}: hits that the game's kit has no {place} or no hand for: {named}")
    return by_level(notes, BeatGrid(timing))


@contextmanager
def filling(path: Path, *targets: Path, overwrite: bool) -> Iterator[list[Path]]:
    """Make a folder and yield drafts of its files; on failure, undo both.

    Parameters
    ----------
    path
        The folder.
    *targets, overwrite
        See `adt_plugins.base.files.replacing`.
    """
    with leaving_no_empty_folder(path):
        make_folder(path)
        with replacing(*targets, overwrite=overwrite) as drafts:
            yield drafts


@contextmanager
def without(files: Sequence[Path], *, overwrite: bool) -> Iterator[None]:
    """Remove files of an earlier run at the end, which a game would play, too.

    Parameters
    ----------
    files
        The files; they may be missing.
    overwrite
        See `adt_plugins.base.files.check_free`.
    """
    check_free(files, overwrite=overwrite)
    yield
    for file in files:
        file.unlink(missing_ok=True)
