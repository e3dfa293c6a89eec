"""A screen for the DAW, and a song to give to other programs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.meter import meter_changes
from adt_plugins.transcription import Transcription
from tests.support.daw import BARS, LEAD_IN_S

if TYPE_CHECKING:
    from tests.support.screen import Screen


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """An X display with a window manager."""
    from tests.support.rosegarden import missing
    from tests.support.screen import open_screen

    yield from open_screen(tmp_path_factory.mktemp("screen"), missing())


@pytest.fixture(scope="session")
def song() -> Transcription:
    """A beat with hats that speeds up from 90 to 110 BPM, after a short lead-in."""
    count = 4 * BARS
    steps = 60 / np.linspace(90, 110, count)
    times = LEAD_IN_S + np.concatenate([[0], np.cumsum(steps)])
    onsets = []
    for index, (at, after) in enumerate(pairwise(times)):
        drum = Drum.SD if index % 2 else Drum.KD
        onsets += [
            Onset(at, drum, 80 + index),
            Onset(at, Drum.CHH, 70),
            Onset((at + after) / 2, Drum.CHH, 50),
        ]
    beats = tuple(Beat(at, index % 4 + 1) for index, at in enumerate(times))
    return Transcription(tuple(onsets), beats, meters=meter_changes("4/4"))
