"""Transcribes a recording: one straight line, in bounded memory."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.audio import SAMPLE_RATE, AudioReader
from adt_plugins.audio.opening import AudioSource
from adt_plugins.base.checks import number
from adt_plugins.base.progress import Cancel, Progress, progress_bar
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtWarning
from adt_plugins.meter import MeterChange, meter_changes
from adt_plugins.model_info import ModelInfo
from adt_plugins.network.inference import Network
from adt_plugins.picking import recurrence
from adt_plugins.picking.exclusive import DrumPicks
from adt_plugins.picking.fine_drums import FineDrumTagger
from adt_plugins.picking.onsets import (
    drum_peaks,
    onsets_of,
    pick_hits,
    thresholds_in_force,
)
from adt_plugins.picking.recurrence import SimilarBars
from adt_plugins.picking.request import check_request
from adt_plugins.picking.song_gate import UNSURE, Decision, Mode, decide
from adt_plugins.pipeline.hashing import hashing
from adt_plugins.pipeline.listening import Listened, listen
from adt_plugins.pipeline.request import (
    Model,
    Part,
    check_downbeat,
    open_network,
    song_gate_mode,
)
from adt_plugins.pipeline.surroundings import heard_around
from adt_plugins.rhythm.beats import has_beats, meter_of
from adt_plugins.rhythm.chord_changes import Harmony
from adt_plugins.rhythm.clear_beats import find_clear_beats
from adt_plugins.rhythm.known_beats import KnownBeats
from adt_plugins.transcription import Transcription

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from adt_plugins.picking.kit_adaptation import Adaptation

__all__ = [
    "Listened",
    "Model",
    "listen",
    "open_network",
    "transcribe",
]


def transcribe(
    source: AudioSource,
    *,
    model: Model | None = None,
    start: float = 0.0,
    end: float | None = None,
    audio_track: int | None = None,
    drums: Iterable[Drum | str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    song_gate: Mode | bool = "normal",
    adaptation: Adaptation | None = None,
    fine: bool = False,
    beats: bool = True,
    bpm: float | None = None,
    meter: str | None = None,
    first_downbeat: float | None = None,
    keep_activations: bool = True,
    progress: bool | Progress = False,
    cancel: Cancel | None = None,
    threads: int | None = None,
) -> Transcription:
    """Find the drum hits of a recording, and its beats if the model detects them.

    Only activations and levels grow with the length, by 4 bytes for each output, drum
    and frame: about 25 MB an hour, and 65 while beats are decoded. Calls in several
    threads are independent, unless they share a `Network`.

    Parameters
    ----------
    source
        Path of an audio file, a binary file object, or samples of shape (n,)
        or (n, channels) with their sample rate in Hz.
    model
        Name of a model, path of its card or `.tflite` file, its card, or an
        open `Network` (which saves opening it for each of many recordings).
        None: the default model.
    start, end
        Part of the recording to read, in seconds. Times of the result still count
        from the first sample of the recording. Five minutes before and behind the part
        are heard as well, so that it is the same as in the whole; of a pipe, half a
        minute behind it. What lies further away does not count, so beats, weak hits
        where there are beats, and the drums that the song gate leaves out may differ.
    audio_track
        Number of the audio track of a film, from 1; None: the one that players choose.
    drums
        Report only these; a coarse drum includes its finer kinds.
    thresholds
        Drum to threshold, 0-1, instead of the model's.
    song_gate
        ``"normal"``: raise the thresholds, except for those in `thresholds`, of drums
        that the recording as a whole does not have, see
        `adt_plugins.picking.song_gate`. ``"strict"``: also in cases of doubt. ``"off"``
        or False: never.
    adaptation
        Adaptation to this kit, learnt with the same model, see
        `adt_plugins.picking.kit_adaptation.learn`.
    fine
        Whether to distinguish finer drums, such as open from closed hi-hats, where that
        is certain; see `adt_plugins.picking.fine_drums`. Takes 4 MB more an hour.
    beats
        Whether to find beats, if the model detects them; unclear ones, as in speech,
        are left out. With them, similar bars help to tell weak hits from other sounds,
        see `adt_plugins.picking.recurrence`.
    bpm, meter, first_downbeat
        Known properties of the beats, see `adt_plugins.rhythm.beats.find_beats`.
    keep_activations
        Whether the result includes the activations.
    progress
        True: show a bar on a terminal and in a notebook. A function: call it with the
        fraction done, 0-1.
    cancel
        An event that is set, or a function that returns True, stops the work. Checked
        between blocks, about once for every three seconds of audio.
    threads
        1: one step after the other. More: decoding, front end and network in parallel,
        with the same result. None: in parallel if this process may use several
        processor cores.

    Returns
    -------
    Transcription
        The transcription; that of silence has no onsets.

    Raises
    ------
    AudioError
        If the recording cannot be read, or `first_downbeat` is not in the part.
    ModelError
        If the model cannot be used, lacks a drum of `drums` or `thresholds`, or does
        not detect beats although something is known about them.
    TypeError, ValueError
        If `bpm`, `meter`, `song_gate` or `threads` is not valid, or an argument has the
        wrong type.
    MissingDependencyError
        If this recording or model needs a package that is missing.
    CancelledError
        If `cancel` asked for it.

    Warns
    -----
    AdtWarning
        If the recording is damaged but most of it could be read, or if the hits may be
        other instruments.
    """
    network = open_network(model)
    card = network.card
    anew = partial(_listeners, card, fine=fine, beats=beats)
    first = anew()
    wanted = check_request(card, drums, thresholds, first.kinds)
    # Others only if the recording has to be read again.
    listeners = chain([first], iter(anew, None))
    choice = _Choice(thresholds, song_gate_mode(song_gate))
    known = KnownBeats(bpm, meter, first_downbeat) if beats else KnownBeats()
    start = number("start", start)
    end = None if end is None else number("end", end)
    part = Part(start, end, audio_track, known.first_downbeat)
    run = partial(_listen_to, source, part, network, listeners)
    with _reporting(progress) as report, hashing(source, threads) as digest:
        heard = run(progress=report, cancel=cancel, threads=threads)
        listened, reader, used = heard
        # A network of ours takes 15 MB, which the search for beats can use.
        del network, run, heard
        adapted = _adapted(listened.activations, card, adaptation)
        bars = _find_beats(adapted, used.chords, known) if beats else ()
        picked = _pick(adapted, listened.sounding, bars, card, choice)
        _warn(reader, picked)
        onsets = _onsets(picked, listened, card, used.tagger)
        recording = _describe_source(digest(), reader, start)
        report(1.0)
    info = _describe_model(card, picked, used.tagger, adaptation)
    whole = Transcription(onsets, bars, recording, info, meters=_meters(bars, meter))
    whole = whole if wanted is None else whole.only(wanted)
    kept = picked.activations if keep_activations else None
    return _cut(whole, kept, part, reader.duration)


class _Listeners(NamedTuple):
    """Collectors of frames, while the network runs over them."""

    tagger: FineDrumTagger | None
    chords: Harmony | None

    @property
    def kinds(self) -> Iterable[Drum]:
        """Finer drums that are distinguished."""
        return () if self.tagger is None else self.tagger.kinds

    @property
    def taps(self) -> list[Callable[[NDArray[np.float32]], None]]:
        """Functions to call with each block of frames."""
        return [part.add for part in self if part is not None]


class _Heard(NamedTuple):
    """What was heard of a recording, or of a part of it."""

    listened: Listened
    reader: AudioReader
    listeners: _Listeners


def _listeners(card: ModelCard, *, fine: bool, beats: bool) -> _Listeners:
    needs_chords = beats and has_beats(card.outputs)
    return _Listeners(
        FineDrumTagger(card) if fine else None,
        Harmony(card.front_end) if needs_chords else None,
    )


def _listen_to(
    source: AudioSource,
    part: Part,
    network: Network,
    listeners: Iterator[_Listeners],
    *,
    progress: Progress,
    cancel: Cancel | None,
    threads: int | None,
) -> _Heard:
    """Run the network over a part, with the activations of the whole recording."""

    def hear(reader: AudioReader) -> _Heard:
        used = next(listeners)
        check_downbeat(part, reader)
        listened = listen(
            reader,
            network,
            offset=(round(part.start * SAMPLE_RATE) - reader.lead) / SAMPLE_RATE,
            progress=progress,
            cancel=cancel,
            taps=used.taps,
            threads=threads,
        )
        check_downbeat(part, reader)
        return _Heard(listened, reader, used)

    return heard_around(source, part, network.card, hear)


class _Choice(NamedTuple):
    """How the user wants hits to be picked."""

    thresholds: Mapping[str, float] | None
    song_gate: Mode


class _Picked(NamedTuple):
    """The picks of a recording, and what they were picked from and with."""

    hits: list[DrumPicks]
    activations: Activations
    thresholds: Mapping[str, float]
    decision: Decision
    bars: SimilarBars | None

    def remarks(self) -> Iterator[str]:
        """Yield warnings about hits that the song gate doubts, or left out."""
        kept = {str(drum.drum): len(drum.frames) for drum in self.hits}
        if self.decision.unsure and any(kept.values()):
            yield UNSURE
        if text := self.decision.left_out(kept):
            yield text


def _adapted(
    raw: Activations, card: ModelCard, adaptation: Adaptation | None
) -> Activations:
    return raw if adaptation is None else adaptation.apply(raw, card)


def _pick(
    raw: Activations,
    sounding: float,
    bars: Sequence[Beat],
    card: ModelCard,
    choice: _Choice,
) -> _Picked:
    """Pick the hits: weighed by other bars, with the song gate applied."""
    activations, similar = recurrence.weigh(raw, bars, card)
    peaks = drum_peaks(activations, card)
    decision = decide(
        raw, card, choice.thresholds, choice.song_gate, peaks, sounding=sounding
    )
    wanted = {**decision.raised, **(choice.thresholds or {})}
    in_force = thresholds_in_force(raw, card, wanted)
    hits = pick_hits(activations, card, thresholds=in_force, peaks=peaks)
    return _Picked(hits, activations, in_force, decision, similar)


def _warn(reader: AudioReader, picked: _Picked) -> None:
    """Warn the caller of `transcribe` of what is wrong with a recording or its hits."""
    for text in (*reader.warnings, *reader.level.remarks(), *picked.remarks()):
        warnings.warn(f"{reader.label}: {text}", AdtWarning, 3)


def _onsets(
    picked: _Picked, listened: Listened, card: ModelCard, tagger: FineDrumTagger | None
) -> tuple[Onset, ...]:
    """Turn hits into onsets; finer drums follow from the unadapted activations."""
    kinds = None
    if tagger is not None:
        kinds = tagger.kinds_of(picked.hits, listened.activations, picked.bars)
    return onsets_of(
        picked.hits, picked.activations, card.delay, listened.levels, kinds
    )


def _find_beats(
    activations: Activations, chords: Harmony | None, known: KnownBeats
) -> tuple[Beat, ...]:
    """Find beats, if the model detects them or something is known about them."""
    changes = None if chords is None else chords.changes()
    return find_clear_beats(activations, known, changes=changes)


def _cut(
    whole: Transcription, activations: Activations | None, part: Part, duration: float
) -> Transcription:
    """Leave out what was read around a part, and attach the activations of the part."""
    cut = whole.between(part.start, math.inf if part.end is None else part.end)
    if activations is None:
        return cut
    return replace(cut, activations=activations.part(part.start, duration))


def _describe_source(digest: str | None, reader: AudioReader, start: float) -> Source:
    return Source(
        path=reader.info.path,
        sha256=digest,
        sample_rate=reader.info.sample_rate,
        channels=reader.info.channels,
        duration=reader.duration,
        offset=start,
    )


def _describe_model(
    card: ModelCard,
    picked: _Picked,
    tagger: FineDrumTagger | None,
    adaptation: Adaptation | None,
) -> ModelInfo:
    thresholds = {drum: round(value, 6) for drum, value in picked.thresholds.items()}
    return ModelInfo(
        name=card.name,
        sha256=card.sha256,
        thresholds=thresholds,
        picker=card.picker,
        gated=tuple(picked.decision.raised),
        finer=None if tagger is None else tagger.sha256,
        adapted=None if adaptation is None else tuple(adaptation.weights),
    )


def _meters(beats: Sequence[Beat], meter: str | None) -> tuple[MeterChange, ...]:
    """Return the meter that the beats were found in."""
    return meter_changes(meter or meter_of(beats)) if beats else ()


def _reporting(progress: bool | Progress) -> AbstractContextManager[Progress]:
    if callable(progress):
        return nullcontext(progress)
    return progress_bar("Transcribing", quiet=not progress)
