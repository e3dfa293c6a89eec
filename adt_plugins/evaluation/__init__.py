"""Compares transcriptions with references: F-measures with bootstrap intervals.

Onsets are matched as in ``mir_eval.onset``: a maximum matching of estimates and
reference onsets of the same drum that are at most a window apart. Counts are pooled
over tracks and drums (micro average).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adt_plugins import formats
from adt_plugins.base.reporting import NoHitLost, Warn, default_warn
from adt_plugins.drums import Drum, as_drum
from adt_plugins.errors import AdtError, MissingDependencyError
from adt_plugins.evaluation.pairing import Pair, pair_files
from adt_plugins.evaluation.report import ALL, OTHER_WINDOW_S, Evaluation, Score
from adt_plugins.evaluation.shift import constant_shift
from adt_plugins.transcription import Transcription, check_transcription

DEFAULT_DRUMS = ("KD", "SD", "HH")
DEFAULT_WINDOWS_S = (0.05, 0.02)

# Gain of F, and F without the delay, from which on a delay is reported.
_WORTH_A_NOTE, _LIKE_THE_REFERENCE = 0.1, 0.5

_Counts = NDArray[np.int64]  # (..., 3): true positives, false positives, misses


def evaluate(
    references: Transcription | Sequence[Transcription],
    estimates: Transcription | Sequence[Transcription],
    drums: Iterable[Drum | str] | None = DEFAULT_DRUMS,
    windows: Sequence[float] = DEFAULT_WINDOWS_S,
    *,
    fine: bool = False,
    names: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Compare estimates with references, track by track, and pool.

    Parameters
    ----------
    references, estimates
        One or several transcriptions, in the same order.
    drums
        Drums to compare; onsets of others are left out. With `fine`, a coarse drum
        stands for all of its kinds that occur. None: every drum that occurs on either
        side.
    windows
        Tolerances of a match, either way, in seconds.
    fine
        False: every onset counts as its coarse drum (CHH as HH). True: codes
        must be equal.
    names
        Names of the tracks for the report; None: their numbers.
    resamples, seed
        Number of bootstrap samples over tracks, and seed of their generator.

    Returns
    -------
    Evaluation
        Scores in the order of `windows`, then `drums`, then ``"all"``.

    Raises
    ------
    AdtError
        If a drum is unknown, or fine although coarse drums are compared.
    MissingDependencyError
        If mir_eval is not installed.
    TypeError
        If one of them is not a `Transcription`; `evaluate_files` reads files.
    """
    refs, ests = _tracks(references, fine=fine), _tracks(estimates, fine=fine)
    if len(refs) != len(ests):
        raise ValueError(f"{len(refs)} references, but {len(ests)} estimates")
    tracks = tuple(names or (str(i + 1) for i in range(len(refs))))
    if len(tracks) != len(refs):
        raise ValueError(f"{len(refs)} tracks, but {len(tracks)} names")
    compared = _drums(drums, [*refs, *ests], fine=fine)
    counts = _count_all(list(zip(refs, ests, strict=True)), compared, windows)
    weights = _resampled(len(refs), resamples, seed)
    strict, lenient = (
        tuple(
            _score(row, window, kind[:, j, k], weights)
            for j, window in enumerate(windows)
            for k, row in enumerate([*map(str, compared), ALL])
        )
        for kind in counts
    )
    per_track = tuple(
        tuple(
            _score(ALL, window, track[None, j, -1], None)
            for j, window in enumerate(windows)
        )
        for track in counts[0]
    )
    return Evaluation(strict, lenient, tracks, per_track)


def time_errors(
    reference: Transcription,
    estimate: Transcription,
    drums: Iterable[Drum | str] | None = None,
    window: float = 0.05,
) -> NDArray[np.float64]:
    """Return the estimated minus the true time of every onset that was found.

    Parameters
    ----------
    reference, estimate
        Transcriptions of the same recording; drums are compared as coarse ones.
    drums
        Coarse drums; None: all that the reference has.
    window
        Greatest distance in seconds of a reference onset from the nearest estimate of
        its drum.

    Returns
    -------
    NDArray[np.float64]
        Errors in seconds, shape (onsets found,). Their median is the bias, the median
        of their absolute values the accuracy.
    """
    (reference,), (estimate,) = (_tracks(t, fine=False) for t in (reference, estimate))
    errors = [np.zeros(0)]
    for drum in _drums(drums, [reference], fine=False):
        true, estimated = reference.times(drum), estimate.times(drum)
        if len(estimated):
            between = 0.5 * (estimated[1:] + estimated[:-1])
            error = estimated[np.searchsorted(between, true)] - true
            errors.append(error[np.abs(error) <= window])
    return np.concatenate(errors)


def evaluate_files(
    reference: Path | str,
    estimates: Sequence[Path | str],
    *,
    suffix: str = "",
    reference_suffix: str = "",
    warn: Warn = default_warn,
    **options: Any,
) -> Evaluation:
    """Read files in pairs (see `pair_files`) and `evaluate` them.

    Parameters
    ----------
    reference, estimates, suffix, reference_suffix
        As in `pair_files`.
    warn
        Called with a warning of a reader after which no hit is missing. A file of
        which a reader may have left hits out is a failure.
    **options
        Options of `evaluate`.

    Returns
    -------
    Evaluation
        Evaluation of the pairs that could be read; the others are its `failures`. Its
        `notes` tell which estimates are late or early as a whole.

    Raises
    ------
    AdtError
        If there is no pair at all, or as in `evaluate`.
    """
    pairs, failures = pair_files(
        reference, estimates, suffix=suffix, reference_suffix=reference_suffix
    )
    read: list[tuple[str, Transcription, Transcription]] = []
    for pair in pairs:
        both = _read(pair, warn)
        if isinstance(both, str):
            failures.append(both)
        else:
            read.append((pair.name, *both))
    result = evaluate(
        [ref for _, ref, _ in read],
        [est for _, _, est in read],
        names=[name for name, _, _ in read],
        **options,
    )
    notes = (
        _note_of_shift(*some, scores[0], options)
        for some, scores in zip(read, result.per_track, strict=True)
    )
    return replace(
        result,
        failures=tuple(failures),
        notes=tuple(note for note in notes if note is not None),
    )


def _note_of_shift(
    name: str,
    reference: Transcription,
    estimate: Transcription,
    score: Score,
    options: Mapping[str, Any],
) -> str | None:
    """Return a line if all hits of an estimate are late, or early, and it matters."""
    shift = constant_shift(reference, estimate)
    if shift is None or abs(shift) < score.window / 4:
        return None
    options = {**options, "windows": (score.window,)}
    moved = evaluate(reference, estimate.shifted(-shift), **options).strict[-1].f or 0.0
    if moved < max((score.f or 0.0) + _WORTH_A_NOTE, _LIKE_THE_REFERENCE):
        return None
    way = "later" if shift > 0 else "earlier"
    return (
        f"{name}: the estimate is {abs(shift) * 1000:.0f} ms {way} than the reference;"
        f" without that F would be {moved:.3f}"
    )


def _read(pair: Pair, warn: Warn) -> tuple[Transcription, Transcription] | str:
    """Read both files, or return the reason of a failure in one line."""

    def refuse(message: str) -> None:
        # Hits that a reader would skip with a warning must not improve a score.
        if not isinstance(message, NoHitLost):
            raise AdtError(f"{message}; a comparison needs all of them")
        warn(message)

    try:
        return (
            formats.read(pair.reference, warn=refuse),
            formats.read(pair.estimate, warn=refuse),
        )
    except AdtError as error:
        return str(error)


def _tracks(
    given: Transcription | Sequence[Transcription], *, fine: bool
) -> list[Transcription]:
    tracks = [given] if isinstance(given, Transcription | str | PathLike) else given
    for track in tracks:
        check_transcription(track)
    return [track if fine else track.coarse() for track in tracks]


def _drums(
    drums: Iterable[Drum | str] | None,
    transcriptions: Iterable[Transcription],
    *,
    fine: bool,
) -> tuple[Drum, ...]:
    """Return the drums to compare; None: all that occur, in the order of `Drum`."""
    occurring = {onset.drum for t in transcriptions for onset in t.onsets}
    if drums is None:
        return tuple(drum for drum in Drum if drum in occurring)
    result: list[Drum] = []
    for code in drums:
        try:
            drum = as_drum(code)
        except ValueError as error:
            raise AdtError(str(error)) from None
        if not fine and drum is not drum.coarse:
            raise AdtError(
                f"{drum} is a finer drum: compare fine drums (--fine, or fine=True "
                f"in Python), or {drum.coarse}"
            )
        if fine and drum is drum.coarse:
            kinds = [d for d in Drum if d.coarse is drum and d in occurring]
            result += kinds or [drum]
        else:
            result.append(drum)
    return tuple(dict.fromkeys(result))


_Matching = Callable[..., list[tuple[int, int]]]


def _mir_eval_matching() -> _Matching:
    try:
        from mir_eval.util import match_events
    except ImportError as error:
        raise MissingDependencyError.of("evaluating", "mir_eval") from error
    matching: _Matching = match_events
    return matching


def _count_all(
    tracks: Sequence[tuple[Transcription, Transcription]],
    drums: Sequence[Drum],
    windows: Sequence[float],
) -> _Counts:
    """Return counts, shape (strict and lenient, tracks, windows, drums + all, 3)."""
    matching = _mir_eval_matching()
    shape = (2, len(tracks), len(windows), len(drums), 3)
    counts = np.zeros(shape, dtype=np.int64)
    for i, j, k in np.ndindex(shape[1:4]):
        reference, estimate = tracks[i]
        counts[:, i, j, k] = _count(reference, estimate, drums[k], windows[j], matching)
    return np.concatenate((counts, counts.sum(axis=3, keepdims=True)), axis=3)


def _count(
    reference: Transcription,
    estimate: Transcription,
    drum: Drum,
    window: float,
    matching: _Matching,
) -> _Counts:
    """Return strict and lenient counts of a drum, shape (2, 3)."""
    true, estimated = (
        np.array([onset.time for onset in t.onsets if onset.drum is drum])
        for t in (reference, estimate)
    )
    matched = len(matching(true, estimated, window))
    strict = (matched, len(estimated) - matched, len(true) - matched)
    other = reference.times(Drum.OT)
    if drum.coarse is Drum.OT or not len(other) or not len(estimated):
        return np.array([strict, strict])
    distance = np.abs(estimated[:, None] - other).min(axis=1)
    # Only false estimates are excused. Of all maximum matchings, the one that uses the
    # most estimates far from OT onsets leaves the fewest of them unmatched.
    others = estimated[distance > OTHER_WINDOW_S + 1e-9]
    wrong = len(others) - len(matching(true, others, window))
    return np.array([strict, (matched, wrong, len(true) - matched)])


def _resampled(tracks: int, resamples: int, seed: int) -> NDArray[np.int64] | None:
    """Return how often each track is drawn, shape (resamples, tracks)."""
    if tracks < 2:
        return None
    drawn = np.random.default_rng(seed).integers(tracks, size=(resamples, tracks))
    weights: NDArray[np.int64] = np.stack(
        [np.bincount(draw, minlength=tracks) for draw in drawn]
    )
    return weights


def _score(
    drum: str, window: float, counts: _Counts, weights: NDArray[np.int64] | None
) -> Score:
    """Pool the counts of the tracks, shape (tracks, 3)."""
    matched, false, missed = (int(n) for n in counts.sum(axis=0))
    interval = None
    if weights is not None and len(weights):
        sums = weights @ counts
        whole = sums @ np.array([2, 1, 1])
        # F is not defined for a draw without any onset of the drum.
        values = 2 * sums[whole > 0, 0] / whole[whole > 0]
        if len(values):
            low, high = np.percentile(values, [2.5, 97.5])
            interval = (float(low), float(high))
    return Score(drum, window, matched, false, missed, interval)
