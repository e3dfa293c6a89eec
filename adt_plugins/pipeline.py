"""The straight line from a recording to a transcription, in bounded memory."""

from __future__ import annotations

import math
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.audio import SAMPLE_RATE, AudioReader, open_audio
from adt_plugins.audio.decoder import BlockDecoder
from adt_plugins.audio.reader import AudioSource
from adt_plugins.base.hashing import sha256
from adt_plugins.base.progress import Progress, progress_bar
from adt_plugins.card import ModelCard
from adt_plugins.drums import Drum, as_drum
from adt_plugins.errors import AdtWarning, CancelledError, ModelError
from adt_plugins.features.frame_blocks import frame_blocks
from adt_plugins.meter import Meter, MeterChange, meter_changes
from adt_plugins.model_info import ModelInfo
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.picking.beginnings import Beginnings
from adt_plugins.picking.exclusive import DrumPicks
from adt_plugins.picking.fine_drums import FineDrumTagger
from adt_plugins.picking.onsets import onsets_of, pick_hits, thresholds_in_force
from adt_plugins.picking.song_gate import MODES, UNSURE, Decision, Mode, decide
from adt_plugins.rhythm.beats import KnownBeats, are_clear, find_beats, has_beats
from adt_plugins.rhythm.chord_changes import Harmony
from adt_plugins.transcription import Transcription

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from adt_plugins.picking.kit_adaptation import Adaptation

Cancel = threading.Event | Callable[[], bool]
Model = str | os.PathLike[str] | ModelCard | Network


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
) -> Transcription:
    """Find the drum hits of a recording, and its beats if the model detects them.

    Memory does not grow with the length but for the activations, 4 bytes for
    each output and frame: about 15 MB an hour; while beats are found, for more. Calls
    in several threads do not disturb each other, unless they share one `Network`.

    Parameters
    ----------
    source
        Path of an audio file, a binary file object, or samples of shape (n,)
        or (n, channels) together with their rate in Hz.
    model
        Name of a model, path of its card or `.tflite` file, its card, or an
        open `Network` (which saves opening it for each of many recordings).
        None: the default model.
    start, end
        Part of the recording to read, in seconds. Times of the result count
        from the first sample of the recording all the same.
    audio_track
        Which audio track of a film, from 1; None: the one that players choose.
    drums
        Report only these; a coarse drum includes its finer kinds.
    thresholds
        Drum to threshold, 0-1, instead of those of the model.
    song_gate
        ``"normal"``: thresholds are raised for drums that the recording, taken as a
        whole, does not have, see `adt_plugins.picking.song_gate`; not those of
        `thresholds`. ``"strict"``: also where that is not sure. ``"off"``, or False:
        never.
    adaptation
        What was learnt of this kit with the same model, see
        `adt_plugins.picking.kit_adaptation.learn`.
    fine
        Whether to distinguish finer drums, open from closed hi-hats, where that is
        sure; see `adt_plugins.picking.fine_drums`. Takes 4 MB more for an hour.
    beats
        Whether to find beats, if the model detects them; where none is clear, as in
        speech, there are none.
    bpm, meter, first_downbeat
        What is known of them, see `adt_plugins.rhythm.beats.find_beats`.
    keep_activations
        Whether the result carries what the network said.
    progress
        True: show a bar on a terminal and in a notebook. Or a function that is
        called with the fraction done, 0-1.
    cancel
        Asked between blocks, about once for every second of audio: an event
        that is set or a function that returns True stops the work.

    Returns
    -------
    Transcription
        Silence gives one without onsets.

    Raises
    ------
    AudioError
        If the recording cannot be read.
    ModelError
        If the model cannot be used, or has no drum of `drums` or `thresholds`, or
        does not hear the beats of which something is said.
    ValueError
        If `bpm`, `meter` or `song_gate` is not valid.
    MissingDependencyError
        If a package is missing that this recording or model needs.
    CancelledError
        If `cancel` said so.

    Warns
    -----
    AdtWarning
        If the recording is damaged but most of it could be read, or if what was found
        may be other instruments.
    """
    network = open_network(model)
    tagger = FineDrumTagger(network.card) if fine else None
    kinds = () if tagger is None else tagger.kinds
    wanted = check_request(network.card, drums, thresholds, kinds)
    known = KnownBeats(bpm, meter, first_downbeat)
    mode = _mode(song_gate)
    chords = _chord_listener(network.card) if beats else None
    taps = [part.hear for part in (tagger, chords) if part is not None]
    with _reporting(progress) as report:
        around = _around(network.card, start, end)
        with open_audio(
            source, start=start, end=end, track=audio_track, around=around
        ) as reader:
            heard = listen(
                reader,
                network,
                offset=(round(start * SAMPLE_RATE) - reader.lead) / SAMPLE_RATE,
                progress=report,
                cancel=cancel,
                taps=taps,
            )
        picked = _pick(heard, network.card, thresholds, mode, adaptation)
        for text in (*reader.warnings, *reader.level.remarks(), *picked.remarks()):
            warnings.warn(f"{reader.label}: {text}", AdtWarning, 2)
        finer = None
        if tagger is not None:
            finer = tagger.kinds_of(picked.hits, heard.activations)
        onsets = onsets_of(
            picked.hits, picked.activations, network.card.delay, heard.levels, finer
        )
        bars = _find_beats(picked.activations, chords, known) if beats else ()
        recording = _describe_source(source, reader, start)
        report(1.0)
    whole = Transcription(
        onsets=_only(onsets, wanted),
        beats=bars,
        meters=_meters(bars, meter),
        source=recording,
        model=_describe_model(
            network.card,
            picked,
            finer=None if tagger is None else tagger.sha256,
            adaptation=adaptation,
        ),
    )
    part = whole.between(start, math.inf if end is None else end)
    if keep_activations:
        activations = picked.activations.part(start, reader.duration)
        part = replace(part, activations=activations)
    return part


def _around(card: ModelCard, start: float, end: float | None) -> tuple[int, int]:
    """How many samples around a part to hear too, so that it sounds as in the whole.

    The network hears each chunk with its context. The part is heard in the chunks of
    the whole recording, and the level rule knows what was loud a chunk before.
    """
    if not (math.isfinite(start) and start >= 0):
        return 0, 0  # which the reader refuses
    hop, geometry = card.front_end.hop_size, card.geometry
    chunk = geometry.core * hop
    first = round(start * SAMPLE_RATE)
    before = first - max(0, first // chunk - 1) * chunk
    if end is None or not math.isfinite(end):
        return before, 0
    last = round(end * SAMPLE_RATE)
    stop = (last // chunk + 1) * chunk + geometry.context * hop
    return before, stop - last + card.front_end.frame_size


class Heard(NamedTuple):
    """What front end and network said of a recording.

    Parameters
    ----------
    activations
        Their values have the shape (frames, outputs).
    levels
        Shape (frames, drums of the model), dB: how loud each drum's bands are.
    """

    activations: Activations
    levels: NDArray[np.float32]


class _Picked(NamedTuple):
    """The picks of a recording, and what they were picked from and with."""

    hits: list[DrumPicks]
    activations: Activations
    thresholds: Mapping[str, float]
    decision: Decision

    def remarks(self) -> Iterator[str]:
        """Say in a line what the song gate has doubts about, or took away."""
        kept = {str(drum.drum): len(drum.frames) for drum in self.hits}
        if self.decision.unsure and any(kept.values()):
            yield UNSURE
        if text := self.decision.left_out(kept):
            yield text


def _chord_listener(card: ModelCard) -> Harmony | None:
    return Harmony(card.front_end) if has_beats(card.outputs) else None


def _pick(
    heard: Heard,
    card: ModelCard,
    thresholds: Mapping[str, float] | None,
    mode: Mode,
    adaptation: Adaptation | None,
) -> _Picked:
    """Pick the hits, of the kit that was learnt and of the drums that are there."""
    activations = heard.activations
    if adaptation is not None:
        activations = adaptation.apply(activations, card)
    decision = decide(activations, card, thresholds, mode)
    wanted = {**decision.raised, **(thresholds or {})}
    in_force = thresholds_in_force(activations, card, wanted)
    hits = pick_hits(activations, card, thresholds=in_force)
    return _Picked(hits, activations, in_force, decision)


def _only(onsets: tuple[Onset, ...], wanted: set[Drum] | None) -> tuple[Onset, ...]:
    if wanted is None:
        return onsets
    return tuple(o for o in onsets if wanted & {o.drum, o.drum.coarse})


def _find_beats(
    activations: Activations, chords: Harmony | None, known: KnownBeats
) -> tuple[Beat, ...]:
    """Find beats, if the model detects them or the caller relies on it."""
    if not known and not has_beats(activations.outputs):
        return ()
    changes = None if chords is None else chords.changes()
    found = find_beats(
        activations,
        changes=changes,
        bpm=known.bpm,
        meter=known.meter,
        first_downbeat=known.first_downbeat,
    )
    return found if known or are_clear(activations, found) else ()


def _describe_source(source: AudioSource, reader: AudioReader, start: float) -> Source:
    return Source(
        path=reader.info.path,
        sha256=_hash(source),
        sample_rate=reader.info.sample_rate,
        channels=reader.info.channels,
        duration=reader.duration,
        offset=start,
    )


def _describe_model(
    card: ModelCard,
    picked: _Picked,
    *,
    finer: str | None,
    adaptation: Adaptation | None,
) -> ModelInfo:
    thresholds = {drum: round(value, 6) for drum, value in picked.thresholds.items()}
    return ModelInfo(
        name=card.name,
        sha256=card.sha256,
        thresholds=thresholds,
        picker=card.picker,
        gated=tuple(picked.decision.raised),
        finer=finer,
        adapted=None if adaptation is None else tuple(adaptation.weights),
    )


def _meters(beats: Sequence[Beat], meter: str | None) -> tuple[MeterChange, ...]:
    """The meter that beats were found in."""
    if not beats:
        return ()
    return meter_changes(meter or Meter(max(beat.position for beat in beats)))


def open_network(model: Model | None = None) -> Network:
    """Open a model, whichever way it is named; see `transcribe`."""
    if isinstance(model, Network):
        return model
    if isinstance(model, ModelCard):
        return Network(model)
    if isinstance(model, os.PathLike):
        model = Path(model)
    return Network(find_model(model))


def listen(
    reader: AudioReader,
    network: Network,
    *,
    offset: float = 0.0,
    progress: Progress = lambda _: None,
    cancel: Cancel | None = None,
    taps: Iterable[Callable[[NDArray[np.float32]], None]] = (),
) -> Heard:
    """Run front end and network over a recording.

    Parameters
    ----------
    reader
        The recording.
    network
        The network.
    offset
        Where the reader starts in the recording, in seconds.
    progress, cancel
        See `transcribe`.
    taps
        Each gets the frames too, block by block.

    Returns
    -------
    Heard
        Activations, and the levels of the drums.
    """
    card = network.card
    levels = [np.zeros((0, len(card.drums)), np.float32)]
    beginnings = Beginnings(card.front_end)
    stop = cancel.is_set if isinstance(cancel, threading.Event) else cancel

    def frames() -> Iterator[NDArray[np.float32]]:
        samples = beginnings.heard(reader)
        for block in frame_blocks(samples, card.front_end, card.level, card.drums):
            if stop is not None and stop():
                raise CancelledError(f"{reader.label}: cancelled")
            levels.append(block.levels)
            for tap in taps:
                tap(block.frames)
            yield block.frames
            if reader.position is not None:
                progress(reader.position)

    values = [np.zeros((0, len(card.outputs)), np.float32), *network.stream(frames())]
    said = beginnings.silence(np.concatenate(values), card.drum_columns)
    activations = Activations(said, card.outputs, card.front_end.frame_rate, offset)
    return Heard(activations, np.concatenate(levels))


def check_request(
    card: ModelCard,
    drums: Iterable[Drum | str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    kinds: Iterable[Drum] = (),
) -> set[Drum] | None:
    """Refuse drums that a model cannot report: they would just never occur.

    Parameters
    ----------
    card
        Card of the model.
    drums, thresholds
        See `transcribe`.
    kinds
        Finer drums that are reported as well.

    Returns
    -------
    set of Drum or None
        `drums`, checked.

    Raises
    ------
    ModelError
        If the model has no drum of `drums` or of `thresholds`.
    """
    known = {Drum(name) for name in card.drums}
    known |= {drum.coarse for drum in known}
    wanted = [drums] if isinstance(drums, str) else drums
    told = known.union(kinds)
    try:
        chosen = None if wanted is None else {as_drum(name) for name in wanted}
        moved = {as_drum(name) for name in thresholds or ()}
    except ValueError as error:
        raise ModelError(str(error)) from None
    for asked, allowed in ((chosen or (), told), (moved, known)):
        for drum in sorted(asked):
            if drum not in allowed:
                raise ModelError(
                    f"model {card.name!r} has no drum {drum};"
                    f" it has {', '.join([*card.drums, *kinds])}"
                )
    return chosen


def _reporting(progress: bool | Progress) -> AbstractContextManager[Progress]:
    if callable(progress):
        return nullcontext(progress)
    return progress_bar("Transcribing", quiet=not progress)


def _mode(song_gate: Mode | bool) -> Mode:
    """What `song_gate` of `transcribe` means."""
    if isinstance(song_gate, bool):
        return "normal" if song_gate else "off"
    if song_gate not in MODES:
        raise ValueError(f"song gate {song_gate!r}: there are {', '.join(MODES)}")
    return song_gate


def _hash(source: AudioSource) -> str | None:
    if isinstance(source, tuple | BlockDecoder):
        return None
    if isinstance(source, str | bytes | os.PathLike):
        # A pipe has been read, and would wait for ever.
        return None if Path(os.fsdecode(source)).is_fifo() else sha256(source)
    return sha256(source) if source.seekable() else None
