"""Separates a recording block by block, in whole numbers that sum to it.

Each channel's spectra are multiplied with a mask, so that all stems keep the mixture's
phase and its stereo image; but in the lowest bins, what returns with every hit of a
kick, a snare or a tom is taken out with its own phase. Stems are integers of the
recording's own bit depth: the rest is the recording minus the drums, and they sum to it
exactly.
"""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adt_plugins.audio import LATEST_S
from adt_plugins.audio.channels import ChannelReader
from adt_plugins.audio.opening import AudioSource
from adt_plugins.base.progress import Cancel, Progress
from adt_plugins.base.reporting import past_the_end
from adt_plugins.drums import Drum, as_drum
from adt_plugins.errors import AdtWarning, CancelledError
from adt_plugins.separation import templates
from adt_plugins.separation.features import FEATURES
from adt_plugins.separation.frames import Floats, Grid, Spectra
from adt_plugins.separation.hit_waves import LENGTHS
from adt_plugins.separation.learnt import read_learnt, shipped_learnt
from adt_plugins.separation.low_band import HOP, LOW_BINS, READ_BINS, low_place
from adt_plugins.separation.masks import drum_mask, shares
from adt_plugins.separation.second_pass import SECOND_FEATURES
from adt_plugins.separation.templates import EPSILON, Hits, Mixture, hits_between
from adt_plugins.separation.waveforms import (
    Strokes,
    Waveform,
    beside_predicted,
    learn_waveforms,
    low_share,
    predict,
)
from adt_plugins.transcription import Transcription, check_transcription

Whole = NDArray[np.int32]

STRETCH = 860
"""Frames that are separated, or learnt from, at a time: 10 s."""

_LEARNT_FROM = 12  # stretches at most, with as many hits of each drum as
_ENOUGH_HITS = 24  # if there are that many
_BEFORE = templates.LONGEST + 10
_AFTER = 24
_LEARNING = 0.3  # share of the work
# Full scale is 1. No stem can hold more than a few times that, and samples of damaged
# floats would overflow where spectra are squared, and take the whole stretch with them.
_LOUDEST = np.float32(100)


@dataclass(frozen=True)
class _Song:
    """What was learnt from the recording: templates, waveforms, and its level."""

    templates: Mapping[Drum, Floats]
    waveforms: Mapping[Drum, Waveform]
    level: float


@dataclass(frozen=True)
class StemBlock:
    """A block of the stems, shape (n, channels) each.

    Parameters
    ----------
    parts
        The drums, separately if several were asked for; silence if there are none.
    drumless
        The rest.
    """

    parts: list[Whole]
    drumless: Whole

    @property
    def drums(self) -> Whole:
        """Sum of the parts."""
        return np.asarray(np.sum(self.parts, axis=0), np.int32)


class Separator:
    """Separates a recording in blocks, in bounded memory.

    Parameters
    ----------
    transcription, audio, drums, by_drum, learnt
        See `separate`. The recording is read twice.

    Attributes
    ----------
    label : str
        Name of the recording.
    sample_rate, channels, bits : int
        Rate in Hz, channels and bits per sample of the stems.
    parts : tuple of Drum
        Drums of the parts of a block, where they are separate.
    """

    def __init__(
        self,
        transcription: Transcription,
        audio: AudioSource,
        *,
        drums: Iterable[Drum | str] | None = None,
        by_drum: bool = False,
        learnt: Path | str | None = None,
    ) -> None:
        check_transcription(transcription)
        self._audio = audio
        self._learnt = (
            read_learnt(learnt, FEATURES, SECOND_FEATURES)
            if learnt
            else shipped_learnt()
        )
        names = [drums] if isinstance(drums, str) else drums
        wanted = None if names is None else [as_drum(drum) for drum in names]
        with ChannelReader(audio) as reader:
            self.label = reader.label
            self.sample_rate, self.channels = reader.info.sample_rate, reader.channels
            self.bits = 16 if (reader.bits or 24) <= 16 else 24
        self._grid = Grid(self.sample_rate)
        self._times = [onset.time for onset in transcription]
        self._is_clipped = False
        kinds = templates.kinds_of((o.drum for o in transcription), wanted or ())
        self._hits: dict[Drum, list[int]] = {}
        self._strokes: dict[Drum, list[float]] = {}
        for onset in transcription:
            # A hit appears in the frames that it lies in the first half of.
            frame = self._grid.frame(onset.time) - 1
            kind = kinds[onset.drum]
            self._hits.setdefault(kind, []).append(frame)
            if kind.coarse in LENGTHS and self._grid.bins >= READ_BINS:
                place = low_place(min(onset.time, LATEST_S), self._grid)
                self._strokes.setdefault(kind, []).append(place)
        self._part_of = _parts(self._hits, wanted, by_drum=by_drum)
        if not self._part_of:  # nothing to take out, whatever else is played
            self._hits = {}
        self.parts = tuple(sorted(set(self._part_of.values()), key=list(Drum).index))

    @property
    def full_scale(self) -> int:
        """Integer that stands for 1.0."""
        return 1 << (self.bits - 1)

    def blocks(
        self, progress: Progress = lambda _: None, cancel: Cancel | None = None
    ) -> Iterator[StemBlock]:
        """Separate the recording, ten seconds at a time."""
        stop = cancel.is_set if isinstance(cancel, threading.Event) else cancel

        def report(reader: ChannelReader, begin: float, end: float) -> None:
            if stop is not None and stop():
                raise CancelledError(f"{reader.label}: cancelled")
            progress(begin + (end - begin) * (reader.position or 0.0))

        song = self._learn(lambda reader: report(reader, 0, _LEARNING))
        hop = self._grid.hop
        lead = self._grid.size - hop
        skip = lead
        with ChannelReader(self._audio) as reader:
            carried = np.zeros((max(len(self.parts), 1), lead, self.channels))
            for first, samples in self._stretches(reader, STRETCH, _BEFORE, _AFTER):
                report(reader, _LEARNING, 1)
                sounds = self._sounds(first, samples, song)
                sounds[:, :lead] += carried
                done = sounds.shape[1] - lead
                carried = sounds[:, done:]
                mixed = samples[_BEFORE * hop :][:done]
                inside = slice(skip, min(done, self._received - (first * hop - lead)))
                yield self._whole(mixed[inside], sounds[:, inside])
                skip = 0
            self._warn(reader)

    def _warn(self, reader: ChannelReader) -> None:
        """Warn about problems of the recording, once it has been read."""
        late = past_the_end(self._times, self._received / self.sample_rate)
        clipped = ["too loud for whole numbers: its stems are clipped"]
        for text in (*reader.warnings, *late, *(clipped * self._is_clipped)):
            warnings.warn(f"{reader.label}: {text}", AdtWarning, stacklevel=3)

    def _stretches(
        self, reader: ChannelReader, length: int, before: int, after: int
    ) -> Iterator[tuple[int, Floats]]:
        """Cut a recording into stretches of frames, with frames before and after.

        Yields the first frame, and the samples from the first frame of `before` on,
        shape (n, channels), padded with silence.
        """
        hop = self._grid.hop
        lead = self._grid.size - hop
        need = (before + length + after) * hop + lead
        pending = np.zeros((before * hop + lead, self.channels), np.float32)
        blocks: Iterator[Floats] = iter(reader)
        self._received, first, ended = 0, 0, False
        while True:
            pieces, there = [pending], len(pending)
            while there < need and not ended:
                block = next(blocks, None)
                ended = block is None
                if block is not None:
                    pieces.append(block.clip(-_LOUDEST, _LOUDEST))
                    there += len(block)
                    self._received += len(block)
            if there < need:
                left = -(-(self._received + lead) // hop) - first
                if left <= 0:
                    return
                need = (before + min(left, length) + after) * hop + lead
                missing = max(0, need - there)
                pieces.append(np.zeros((missing, self.channels), np.float32))
            pending = np.concatenate(pieces)
            yield first, pending[:need]
            pending = pending[length * hop :]
            first += length

    def _learn(self, report: Callable[[ChannelReader], None]) -> _Song:
        """Learn from some stretches of the recording."""
        chosen = _stretches_with_hits(self._hits)
        stretches: list[tuple[Floats, Hits]] = []
        low: list[tuple[Spectra, Strokes]] = []
        power, count = 0.0, 0
        if not chosen:
            return _Song({}, {}, 0.0)
        with ChannelReader(self._audio) as reader:
            for first, samples in self._stretches(reader, STRETCH, 0, 0):
                report(reader)
                if first // STRETCH in chosen:
                    spectra = [self._grid.spectra(channel) for channel in samples.T]
                    values: Floats = np.mean(np.abs(spectra), 0, np.float32)
                    power += float(np.square(values).sum(dtype=np.float64))
                    count += values.size
                    end = first + STRETCH
                    stretches.append((values, hits_between(self._hits, first, end)))
                    lowest = [channel[:, :READ_BINS] for channel in spectra]
                    low.append((np.mean(lowest, axis=0), self._struck(first, end)))
                if first // STRETCH >= max(chosen):
                    break
        level = 0.5 * float(np.log(power / max(count, 1) + EPSILON**2))
        shares: list[Floats] = []
        learnt = templates.learn(
            stretches,
            list(self._hits),
            self._grid,
            self._learnt,
            lambda mixture: shares.append(low_share(mixture, READ_BINS)),
        )
        masked = [
            (share * spectra, strokes)
            for share, (spectra, strokes) in zip(shares, low, strict=True)
        ]
        return _Song(learnt, learn_waveforms(masked), level)

    def _struck(self, begin: int, end: int) -> dict[Drum, list[float]]:
        """Return the strokes of low drums in frames, counted from the first."""
        first, last = begin * HOP, end * HOP
        inside = {
            drum: [place - first for place in places if first <= place < last]
            for drum, places in self._strokes.items()
        }
        return {drum: places for drum, places in inside.items() if places}

    def _sounds(self, first: int, samples: Floats, song: _Song) -> NDArray[np.float64]:
        """Return the sound of each part of a stretch, shape (parts, n, channels)."""
        grid = self._grid
        begin = first - _BEFORE
        around = (_BEFORE + _AFTER) * grid.hop
        end = begin + len(samples) // grid.hop
        hits = hits_between(self._hits, begin, end)
        strokes = self._struck(begin, end)
        shape = (max(len(self.parts), 1), len(samples) - around, self.channels)
        sounds = np.zeros(shape)
        if not hits:
            return sounds
        for channel in range(self.channels):
            same = channel and np.array_equal(samples[:, channel], samples[:, 0])
            if same:
                sounds[:, :, channel] = sounds[:, :, 0]
                continue
            spectra = grid.spectra(np.ascontiguousarray(samples[:, channel]))
            for index, part in enumerate(self._drums(spectra, hits, strokes, song)):
                sounds[index, :, channel] = grid.samples(part[_BEFORE:-_AFTER])
        return sounds

    def _drums(
        self, spectra: Spectra, hits: Hits, strokes: Strokes, song: _Song
    ) -> Iterator[Spectra]:
        """Yield the spectra of each part."""
        mixture = Mixture(np.abs(spectra), hits, song.templates)
        mixture.settle(song.templates)
        mask = drum_mask(mixture, spectra, self._grid, song.level, self._learnt)
        masked = spectra * mask
        predicted = predict(masked, strokes, song.waveforms)
        if predicted:
            left = spectra[:, :LOW_BINS] - np.sum(list(predicted.values()), axis=0)
            beside = beside_predicted(mask, spectra, predicted, song.waveforms)
            masked[:, :LOW_BINS] = left * beside
        of_drums = None
        if len(self.parts) > 1 or len(self._part_of) < len(self._hits):
            of_drums = shares(mixture.drums)
        for part in self.parts:
            own = masked.copy()
            if of_drums is not None:
                share = np.zeros_like(mask)
                for drum, values in of_drums.items():
                    if self._part_of.get(drum) is part:
                        share += values
                own *= share
            for drum, wave in predicted.items():
                if self._part_of.get(drum) is part:
                    own[:, :LOW_BINS] += wave
            yield own

    def _whole(self, mixed: Floats, sounds: NDArray[np.float64]) -> StemBlock:
        """Round so that the stems sum to the recording, carrying errors over."""
        most = self.full_scale

        def held(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.clip(values, -most, most - 1)

        song = np.rint(mixed.astype(np.float64) * most)
        parts = held(np.rint(np.cumsum(sounds, axis=0) * most))
        drums = parts[-1].copy()
        before = np.zeros_like(song)  # sum of the parts so far, which is held, too
        for part in parts[:-1]:
            part[:] = held(part - before)
            before += part
        # A remainder that one file cannot hold stays in the other.
        drumless = held(song - before - held(drums - before))
        parts[-1] = held(held(song - drumless) - before)
        self._is_clipped |= bool((parts.sum(axis=0) + drumless != song).any())
        return StemBlock([x.astype(np.int32) for x in parts], drumless.astype(np.int32))


def _parts(hits: Hits, wanted: list[Drum] | None, *, by_drum: bool) -> dict[Drum, Drum]:
    """Return the part that each drum with a template belongs to, if any."""
    parts: dict[Drum, Drum] = {}
    for drum in hits:
        if wanted is None:
            part: Drum | None = drum.coarse
        else:
            part = next((d for d in (drum, drum.coarse) if d in wanted), None)
        if part is not None:
            parts[drum] = part
    if not by_drum and parts:  # all in one part
        only = next(iter(parts.values()))
        parts = dict.fromkeys(parts, only)
    return parts


def _stretches_with_hits(hits: Hits) -> set[int]:
    """Choose stretches to learn from, preferring those with hits of rare drums."""
    counts: dict[int, Counter[Drum]] = {}
    for drum, frames in hits.items():
        for frame in frames:
            counts.setdefault(max(frame, 0) // STRETCH, Counter())[drum] += 1
    needed = {drum: min(len(frames), _ENOUGH_HITS) for drum, frames in hits.items()}
    chosen: set[int] = set()
    while len(chosen) < min(_LEARNT_FROM, len(counts)):

        def worth(number: int) -> float:
            return sum(
                min(count, needed[drum]) / (1 + len(hits[drum]))
                for drum, count in counts[number].items()
            )

        best = max((n for n in counts if n not in chosen), key=worth)
        chosen.add(best)
        for drum, count in counts[best].items():
            needed[drum] = max(0, needed[drum] - count)
    return chosen
