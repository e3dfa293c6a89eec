"""Imports ADTLib's networks from its own release.

ADTLib 2.1.2 (C. Southall, BSD licence) contains three trained networks, for kick,
snare and hi-hat; none of it is part of this project.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path

from adt_plugins.base.files import write_files
from adt_plugins.base.folders import user_model_folder
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.errors import ModelError
from adt_plugins.network.adtlib.graph import (
    RELEASED_WIDTH,
    TRAINED_WIDTH,
    build_adtlib,
    read_net,
)

__all__ = ["import_adtlib"]

FILES = {"KD": "Kick", "SD": "Snare", "HH": "Hihat"}
"""Drum to the name in ADTLib's files."""

# ADTLib's chunks. The time of a frame hardly depends on the batch, and a small one
# wastes less on short recordings.
GEOMETRY = Geometry(core=1000, context=0, batch=4, padding="first")

_FRONT_END = FrontEnd(kind="linear", hop_size=512)
# From its PPParams.npy: lambda, minimum and maximum of the threshold.
_ROWS = {"KD": (0.0, 0.3, 0.0), "SD": (3.0, 0.05, 0.0), "HH": (3.1, 0.0, 0.0)}
_LARGEST_MEMBER_BYTES = 16 << 20
_MOST_MEMBERS = 1000
# Name to width, description, and F-measure on drum tracks and on songs.
_KINDS = {
    "adtlib": (
        TRAINED_WIDTH,
        "ADTLib 2.1.2 with the attention that it was trained with (3 frames each way)",
        (0.827, 0.587),
    ),
    "adtlib-released": (
        RELEASED_WIDTH,
        "ADTLib 2.1.2 as released (2 frames each way, at the wrong offsets)",
        (0.822, 0.572),
    ),
}


def import_adtlib(
    archive: Path, folder: Path | None = None, *, overwrite: bool = False
) -> list[ModelCard]:
    """Convert ADTLib's networks into models.

    Parameters
    ----------
    archive
        ``ADTLib-2.1.2.tar.gz``, the source distribution of ADTLib.
    folder
        Folder for ``adtlib.tflite`` and ``adtlib-released.tflite`` with their cards;
        None: the user's model folder.
    overwrite
        Whether to replace models of these names that were changed since.

    Returns
    -------
    list of ModelCard
        The networks as trained, and as released.

    Raises
    ------
    ModelError
        If the archive is not that of ADTLib 2.1.2.
    OutputExistsError
        If there is such a model, and it was changed since it was written.
    MissingDependencyError
        If the LiteRT runtime is missing.
    """
    folder = user_model_folder() if folder is None else folder
    checkpoints = _checkpoints(archive)
    cards = []
    for name, (width, description, scores) in _KINDS.items():
        try:
            nets = [read_net(*checkpoints[drum], width) for drum in FILES]
        except ModelError as error:
            raise ModelError(f"{archive}: not ADTLib 2.1.2: {error}") from error
        content = build_adtlib(nets, GEOMETRY)
        digest = hashlib.sha256(content).hexdigest()
        card = replace(
            _card(name, digest),
            description=description,
            measured={
                "F, 3 drums, 50 ms, five recordings of MDB Drums": dict(
                    zip(("drum tracks", "songs"), scores, strict=True)
                ),
            },
        )
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        write_files(
            {folder / card.file: content, path: card.to_json().encode()},
            overwrite=overwrite,
        )
        cards.append(ModelCard.read(path))
    return cards


def _card(name: str, digest: str) -> ModelCard:
    return ModelCard(
        name=name,
        file=f"{name}.tflite",
        sha256=digest,
        outputs=tuple(FILES),
        front_end=_FRONT_END,
        geometry=GEOMETRY,
        picker=Picker(kind="adtlib", rows=_ROWS),
        # Thresholds of outputs without a row in the picker.
        thresholds={"KD": 0.3, "SD": 0.1, "HH": 0.1},
        # ADTLib reports the frame after the peak.
        delay=-1 / _FRONT_END.frame_rate,
        licence=(
            "BSD (C. Southall, ADTLib); its setup.py also says: free for "
            "non-commercial use"
        ),
        training={
            "by": "C. Southall, R. Stables and J. Hockman, ISMIR 2017",
            "data": "not documented; MDB Drums cannot be excluded",
        },
    )


def _checkpoints(archive: Path) -> dict[str, tuple[bytes, bytes]]:
    """Return index and data of each drum's checkpoint."""
    wanted = {
        f"{stem}ADTLibAll{suffix}": (drum, position)
        for drum, stem in FILES.items()
        for position, suffix in enumerate((".index", ".data-00000-of-00001"))
    }
    contents: dict[str, dict[int, bytes]] = {drum: {} for drum in FILES}
    try:
        with tarfile.open(archive) as file:
            for number, member in enumerate(file):
                if number >= _MOST_MEMBERS or member.size > _LARGEST_MEMBER_BYTES:
                    raise ModelError(f"{archive}: not ADTLib 2.1.2: too large")
                parts = member.name.split("/")
                if parts[-3:-1] != ["ADTLib", "files"] or parts[-1] not in wanted:
                    continue
                drum, position = wanted[parts[-1]]
                content = file.extractfile(member) if member.isreg() else None
                if content is not None:
                    contents[drum][position] = content.read()
    except FileNotFoundError:
        raise ModelError(f"{archive}: no such file") from None
    except IsADirectoryError:
        raise ModelError(f"{archive}: is a folder, not an archive") from None
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        reason = str(error).partition("\n")[0].rstrip(":")
        raise ModelError(f"{archive}: not an archive: {reason}") from error
    for drum, stem in FILES.items():
        if len(contents[drum]) != 2:
            raise ModelError(f"{archive}: not ADTLib 2.1.2: no {stem}ADTLibAll")
    return {drum: (parts[0], parts[1]) for drum, parts in contents.items()}
