"""Recorded songs that nobody has labelled, and the guitars of some of them.

`recorded_songs.csv` lists their files below the folder of unpacked sound packages.
Songs whose guitars are held out of training are not among them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("recorded_songs.csv")


@dataclass(frozen=True)
class RecordedSong:
    """A song of the table: paths below the folder of unpacked sound packages.

    Parameters
    ----------
    file
        The song; without its guitar if that is a file of its own.
    guitar
        The guitar, or ``""``.
    """

    file: str
    guitar: str

    @property
    def files(self) -> list[str]:
        """The files of the song."""
        return [self.file, self.guitar] if self.guitar else [self.file]


def read_table(path: Path = TABLE) -> list[RecordedSong]:
    """Return the rows of the table."""
    with path.open(newline="", encoding="utf-8") as file:
        return [RecordedSong(**row) for row in csv.DictReader(file)]
