"""Answers requests: with labels for one track, or a project with a track per drum."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import BinaryIO, TypeVar

import numpy as np

from adt_plugins.annotations import Beat, Onset
from adt_plugins.audacity.extension import hand_over, is_installed
from adt_plugins.audacity.lisp import lisp_labels, lisp_string
from adt_plugins.audacity.request_folder import Request, RequestFolder
from adt_plugins.audacity.stop import Stop
from adt_plugins.audio import SAMPLE_RATE, open_audio
from adt_plugins.base.progress import Cancel
from adt_plugins.formats.audacity_project.writer import write_project
from adt_plugins.labels.names import user_label_names
from adt_plugins.labels.originals import remember
from adt_plugins.labels.tracks import DEFAULT_TEXT, moved, tracks_of
from adt_plugins.meter import meter_changes
from adt_plugins.network.inference import Network
from adt_plugins.picking import recurrence
from adt_plugins.picking.onsets import pick_onsets, thresholds_in_force
from adt_plugins.picking.request import check_request
from adt_plugins.pipeline import listen
from adt_plugins.rhythm.beats import has_beats, meter_of
from adt_plugins.rhythm.chord_changes import Harmony
from adt_plugins.rhythm.clear_beats import find_clear_beats
from adt_plugins.transcription import Transcription

NOTHING = "No drum hits were found. A higher sensitivity finds weaker ones."

EMPTY = "There is no sound in the selection. Muted tracks are left out."

# A hit found this little before the selection probably belongs to it.
EDGE_S = 0.005

_HEADER_BYTES = 44
"""Size of a WAV file's header: Audacity exports nothing else if there is no sound."""

# The slider's ends make a hit nine times as likely, or unlikely, to be reported:
# a threshold of 0.3 becomes 0.05 and 0.79.
SENSITIVITY_SPAN = 9.0


def adjusted(thresholds: Mapping[str, float], sensitivity: float) -> dict[str, float]:
    """Return the thresholds for a setting of the slider.

    Parameters
    ----------
    thresholds
        Thresholds of the model, 0-1.
    sensitivity
        0-100. The odds ``t / (1 - t)`` are multiplied by 9 at 0, by 1 at 50 and
        by 1/9 at 100, so that a threshold stays between 0 and 1 and high ones
        move as well as low ones.
    """
    factor = SENSITIVITY_SPAN ** ((50 - sensitivity) / 50)
    return {
        drum: value * factor / (1 - value + value * factor)
        for drum, value in thresholds.items()
    }


def transcribe_request(
    network: Network,
    audio: BinaryIO,
    request: Request,
    cancel: Cancel | None = None,
) -> Transcription:
    """Transcribe the audio of a request, with its beats if they get a track.

    Without the song gate: a selection says little about the song, and a user who finds
    too many hits moves the slider.

    Parameters
    ----------
    network
        An open model.
    audio
        The audio file.
    request
        The request, for its drums, sensitivity and lead.
    cancel
        See `adt_plugins.transcribe`.

    Returns
    -------
    Transcription
        Times count from the start of the selection.

    Raises
    ------
    AdtError
        If the audio cannot be read, or the model has none of these drums.
    CancelledError
        If `cancel` was set.
    """
    drums = check_request(network.card, request.drums or None)
    chords = (
        Harmony(network.card.front_end) if has_beats(network.card.outputs) else None
    )
    taps = () if chords is None else (chords.add,)
    with open_audio(audio) as reader:
        activations, levels, _ = listen(reader, network, cancel=cancel, taps=taps)
    changes = None if chords is None else chords.changes()
    beats = find_clear_beats(activations, changes=changes)
    weighed, _ = recurrence.weigh(activations, beats, network.card)
    onsets = pick_onsets(
        weighed,
        network.card,
        thresholds=adjusted(
            thresholds_in_force(activations, network.card), request.sensitivity
        ),
        levels=levels,
        drums=drums,
    )
    if request.kind == "labels" and not is_installed():
        beats = ()  # Audacity 3 has one track, for the hits
    return Transcription(
        _moved(onsets, -request.lead),
        _moved(beats, -request.lead),
        meters=meter_changes(meter_of(beats)),
    )


_Timed = TypeVar("_Timed", Onset, Beat)


def _moved(items: Iterable[_Timed], seconds: float) -> tuple[_Timed, ...]:
    """Move hits or beats; those just before the selection are moved into it."""
    moved = ((item, item.time + seconds) for item in items)
    return tuple(
        replace(item, time=max(0.0, time)) for item, time in moved if time >= -EDGE_S
    )


class Transcriber:
    """Answers requests with one open network.

    Parameters
    ----------
    exchange
        The folder with the audio, which gets the project.
    network
        An open model.
    """

    def __init__(self, exchange: RequestFolder, network: Network) -> None:
        self._exchange = exchange
        self._network = network

    def warm_up(self) -> None:
        """Transcribe some silence, so that the first request is as fast as others."""
        silence = np.zeros(SAMPLE_RATE // 10, np.float32)
        with open_audio((silence, SAMPLE_RATE)) as reader:
            listen(reader, self._network)

    def __call__(self, request: Request, stop: Stop) -> str:
        """Return the answer to a request; `stop` ends the work early."""
        with self._exchange.open(request.id, "wav") as audio:
            if os.fstat(audio.fileno()).st_size <= _HEADER_BYTES:
                return lisp_string(EMPTY) + "\n"
            transcription = transcribe_request(
                self._network, audio, request, stop.is_set
            )
        if not transcription.onsets:
            return lisp_string(NOTHING) + "\n"
        # The labels may be read again later, except those before the project's start.
        remember(transcription.shifted(request.start))
        if request.kind == "labels":
            # Audacity 4 can put them on separate tracks afterwards.
            hand_over(
                moved(tracks_of(transcription, DEFAULT_TEXT), request.start),
                "selection",
            )
            text = user_label_names().writer(request.text)
            return lisp_labels((onset.time, text(onset)) for onset in transcription)
        project = self._exchange.path(request.id, "aup")
        # The selection may begin before 0 s, and labels may lie there too.
        tracks = moved(tracks_of(transcription, request.text), request.start)
        write_project(project, tracks)
        return "tracks\n"
