"""Labels recorded songs with what models are certain of.

Pseudo-labels [1]_: the mean activation of several networks, run on the original songs,
decides what is a hit, what is none, and what is uncertain. The network in training gets
the same songs equalised, at other levels and under other sounds, with the guitar where
that is a file of its own, and learns only from what is certain.

.. [1] D.-H. Lee, "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning
   Method for Deep Neural Networks", ICML workshop on challenges in representation
   learning, 2013.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from adt_plugins.activations import Activations
from adt_plugins.audio import SAMPLE_RATE, load_audio, open_audio
from adt_plugins.errors import AdtError
from adt_plugins.network.inference import Network
from adt_plugins.picking.peaks import pick_peaks, refine
from adt_plugins.pipeline import listen
from adt_plugins.training.learn.clips import SONGS
from adt_plugins.training.learn.configuration import PICKER
from adt_plugins.training.sources.files import write_array, write_json
from adt_plugins.training.sources.real_sounds import with_peak
from adt_plugins.training.sources.recorded_songs import RecordedSong, read_table

LABELLED = ("KD", "SD", "HH", "TT", "CY")
"""Outputs with labels; claps and side sticks are recognised too rarely."""
UNLABELLED = ("SST", "OT", "beat", "downbeat")

SURE = 0.3
"""A peak this far from its threshold to 1, or farther, is a hit."""
SILENT = 0.4
"""A peak below this share of its threshold is silence; others are uncertain."""

CLIP_S = 20.0
"""Length of the clips that songs are cut into; the rest is dropped."""
_CLIP = round(CLIP_S * SAMPLE_RATE)
_VELOCITY = 100
"""Velocity of all hits, which training does not use."""


@dataclass(frozen=True)
class Labels:
    """Onsets (seconds, drum, velocity), and uncertain ones (seconds, drum)."""

    onsets: list[tuple[float, str, int]]
    unsure: list[tuple[float, str]]

    def part(self, start: float, end: float) -> Labels:
        """Return those from `start` to `end` in seconds, with times from `start` on."""
        return Labels(
            [(t - start, drum, v) for t, drum, v in self.onsets if start <= t < end],
            [(t - start, drum) for t, drum in self.unsure if start <= t < end],
        )


def label_songs(
    sounds: Path,
    renders: Path,
    teachers: Sequence[Network],
    *,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> int:
    """Label the songs of the table that exist, and write them as clips.

    Parameters
    ----------
    sounds
        Folder of unpacked sound packages.
    renders
        Folder of the rendered clips, which gets a folder `SONGS`.
    teachers
        Networks whose mean activation gives the labels.
    progress
        Function that is called with the numbers of finished and of all songs.

    Returns
    -------
    int
        Number of clips.

    Raises
    ------
    AdtError
        If none of the table's songs exists.
    """
    songs = [song for song in read_table() if (sounds / song.file).is_file()]
    if not songs:
        raise AdtError(f"{sounds}: has none of the songs to label")
    out = renders / SONGS
    out.mkdir(parents=True, exist_ok=True)
    number = 0
    for done, song in enumerate(songs):
        progress(done, len(songs))
        labels = label(sounds / song.file, teachers)
        samples = with_peak(load_audio(sounds / song.file))
        guitar = None
        if song.guitar:
            guitar = with_peak(load_audio(sounds / song.guitar))
        for first in range(0, len(samples) - _CLIP + 1, _CLIP):
            start = first / SAMPLE_RATE
            part = labels.part(start, start + CLIP_S)
            path = out / f"{number:06d}"
            write_array(path.with_suffix(".drums.npy"), samples[first : first + _CLIP])
            if guitar is not None and len(guitar) >= first + _CLIP:
                write_array(
                    path.with_suffix(".accomp.npy"), guitar[first : first + _CLIP]
                )
            _write(path.with_suffix(".json"), song, start, part)
            number += 1
    progress(len(songs), len(songs))
    return number


def label(path: Path, teachers: Sequence[Network]) -> Labels:
    """Label a recording by the mean activation of the networks.

    Parameters
    ----------
    path
        The recording.
    teachers
        Networks with the same outputs; the thresholds are those of the first one.
    """
    runs = []
    for teacher in teachers:
        with open_audio(path) as reader:
            runs.append(listen(reader, teacher).activations)
    frames = min(len(run.values) for run in runs)
    mean = np.mean([run.values[:frames] for run in runs], axis=0)
    return sort_peaks(replace(runs[0], values=mean), teachers[0].card.thresholds)


def sort_peaks(activations: Activations, thresholds: Mapping[str, float]) -> Labels:
    """Sort the peaks of each drum into hits and uncertain ones."""
    labels = Labels([], [])
    for drum in LABELLED:
        column = activations.values[:, activations.outputs.index(drum)]
        threshold = thresholds[drum]
        sure = threshold + SURE * (1 - threshold)
        peaks = pick_peaks(column, SILENT * threshold, PICKER, activations.frame_rate)
        times = (peaks + refine(column, peaks)) / activations.frame_rate
        for peak, time in zip(peaks, times, strict=True):
            at = round(float(time) + activations.offset, 5)
            if column[peak] >= sure:
                labels.onsets.append((at, drum, _VELOCITY))
            else:
                labels.unsure.append((at, drum))
    labels.onsets.sort()
    labels.unsure.sort()
    return labels


def _write(path: Path, song: RecordedSong, start: float, labels: Labels) -> None:
    content = {
        "onsets": labels.onsets,
        "beats": [],
        "split": "train",
        "unsure": labels.unsure,
        "unlabelled": UNLABELLED,
        "song": song.file,
        "start": start,
    }
    write_json(path, content)
