"""Shows where a model errs: its missed and extra onsets, and what is around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adt_plugins import formats
from adt_plugins.annotations import Onset
from adt_plugins.audio import open_audio
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, MissingDependencyError
from adt_plugins.network.inference import Network
from adt_plugins.picking.onsets import pick_onsets
from adt_plugins.pipeline import listen
from adt_plugins.transcription import Transcription

WINDOW_S = 0.05
TOGETHER_S = 0.03
"""Hits of two hands and feet within this time count as simultaneous."""

DRUMS = (Drum.KD, Drum.SD, Drum.HH, Drum.TT, Drum.CY)
OUTCOMES = ("hit", "missed", "extra")
_AUDIO = (".wav", ".flac", ".ogg", ".mp3")

# Upper limits; the last group has none.
_LEVELS_DB = (-12.0, -6.0, 0.0)
_GAPS_S = (0.06, 0.12, 0.25, 0.5)


@dataclass(frozen=True)
class Case:
    """An onset in the reference, the estimate or both.

    Parameters
    ----------
    recording, drum, time
        The onset; the reference's time if it has one.
    outcome
        ``"hit"``, ``"missed"`` or ``"extra"``.
    level
        Level of the drum's frequency range there, in dB relative to the median of the
        reference's onsets of that drum, or of all drums if there are none.
    gap
        Seconds since the reference's last hit of any drum, at most 10.
    beside
        The other drums that the reference has within `TOGETHER_S`.
    """

    recording: str
    drum: Drum
    time: float
    outcome: str
    level: float
    gap: float
    beside: tuple[Drum, ...]


def find_recordings(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield recordings ``NAME.wav`` or ``NAME.KIND.wav`` with their ``NAME.txt``.

    Raises
    ------
    AdtError
        If there are none.
    """
    is_empty = True
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if path.suffix.lower() not in _AUDIO:
            continue
        for stem in (path.stem, path.stem.rpartition(".")[0]):
            reference = folder / f"{stem}.txt"
            if stem and reference.is_file():
                is_empty = False
                yield path, reference
                break
    if is_empty:
        raise AdtError(f"{folder}: no recording with a reference NAME.txt beside it")


def analyse_file(audio: Path, reference: Path, network: Network) -> list[Case]:
    """Transcribe a recording, and compare it with its reference.

    Parameters
    ----------
    audio
        The recording.
    reference
        File with its true onsets, in any format that can be read.
    network
        An open model.

    Returns
    -------
    list of Case
        Every onset of either; see `compare`.
    """
    with open_audio(audio) as reader:
        activations, levels, _ = listen(reader, network)
    card = network.card
    estimate = Transcription(pick_onsets(activations, card, levels=levels))
    columns = {drum: Drum(name).coarse for drum, name in enumerate(card.drums)}
    rate = activations.frame_rate

    def level(drum: Drum, time: float) -> float:
        members = [column for column, coarse in columns.items() if coarse is drum]
        # A hit is loudest within 30 ms of its onset.
        start = min(max(0, round(time * rate)), len(levels) - 1)
        return float(levels[start : start + 4, members].max()) if members else 0.0

    return compare(audio.stem, formats.read(reference), estimate, level)


def compare(
    recording: str,
    reference: Transcription,
    estimate: Transcription,
    level: Callable[[Drum, float], float],
) -> list[Case]:
    """List every onset of two transcriptions of one recording.

    Parameters
    ----------
    recording
        Name of the recording.
    reference, estimate
        Transcriptions, compared as coarse drums, strictly, within `WINDOW_S`.
    level
        Function that returns the level in dB of a drum's frequency range at a time.

    Returns
    -------
    list of Case
        Sorted by drum, then by time.

    Raises
    ------
    MissingDependencyError
        If mir_eval is missing.
    """
    true, estimated = reference.coarse(), estimate.coarse()
    every = np.unique([onset.time for onset in true])
    cases = []
    for drum in DRUMS:
        wanted, detected = true.times(drum), estimated.times(drum)
        pairs = _matching()(wanted, detected, WINDOW_S)
        hit, used = {i for i, _ in pairs}, {j for _, j in pairs}
        timed = [(t, "hit" if i in hit else "missed") for i, t in enumerate(wanted)]
        timed += [(t, "extra") for j, t in enumerate(detected) if j not in used]
        levels = [level(drum, t) for t in (wanted if len(wanted) else every)]
        median = float(np.median(levels)) if levels else 0.0
        for time, outcome in sorted(timed):
            earlier = every[every < time - TOGETHER_S]
            cases.append(
                Case(
                    recording,
                    drum,
                    float(time),
                    outcome,
                    level(drum, time) - median,
                    min(10.0, float(time - earlier[-1])) if len(earlier) else 10.0,
                    _beside(true, drum, float(time)),
                )
            )
    return cases


def _beside(true: Iterable[Onset], drum: Drum, time: float) -> tuple[Drum, ...]:
    near = {o.drum for o in true if abs(o.time - time) <= TOGETHER_S}
    return tuple(sorted(near - {drum}))


def _matching() -> Callable[..., list[tuple[int, int]]]:
    try:
        from mir_eval.util import match_events
    except ImportError as error:
        raise MissingDependencyError.of("analysing", "mir_eval") from error
    matching: Callable[..., list[tuple[int, int]]] = match_events
    return matching


def level_group(case: Case) -> str:
    """Name the level of a case, e.g. ``"-12 to -6 dB"``."""
    return _group(case.level, _LEVELS_DB, "{:g}", "dB")


def gap_group(case: Case) -> str:
    """Name the time since the last hit, e.g. ``"60 to 120 ms"``."""
    return _group(1e3 * case.gap, [1e3 * s for s in _GAPS_S], "{:g}", "ms")


def beside_group(case: Case) -> str:
    """Name the simultaneous hits, e.g. ``"with KD HH"``."""
    return f"with {' '.join(case.beside)}" if case.beside else "alone"


def _group(value: float, ends: Sequence[float], form: str, unit: str) -> str:
    names = [form.format(end) for end in ends]
    place = int(np.searchsorted(ends, value, side="right"))
    if place == 0:
        return f"below {names[0]} {unit}"
    if place == len(ends):
        return f"above {names[-1]} {unit}"
    return f"{names[place - 1]} to {names[place]} {unit}"


GROUPS: dict[str, Callable[[Case], str]] = {
    "recording": lambda case: case.recording,
    "level": level_group,
    "time since the last hit": gap_group,
    "what sounds with it": beside_group,
}
"""Groupings of cases: the title of each, and the name of a case's group."""


def count(
    cases: Iterable[Case], group: Callable[[Case], str]
) -> dict[Drum, dict[str, Counter[str]]]:
    """Count the outcomes of cases, by drum and name of the group."""
    result: dict[Drum, dict[str, Counter[str]]] = {}
    for case in cases:
        groups = result.setdefault(case.drum, {})
        groups.setdefault(group(case), Counter())[case.outcome] += 1
    return result


def table(cases: Sequence[Case]) -> str:
    """Return all counts as text; groups with the most errors come first."""
    lines = []
    for title, group in GROUPS.items():
        lines.append(f"By {title}")
        for drum, groups in count(cases, group).items():
            for name, outcomes in sorted(groups.items(), key=_errors, reverse=True):
                numbers = "".join(f"{outcomes[key]:6d} {key}" for key in OUTCOMES)
                lines.append(f"  {drum:3} {name:26}{numbers}")
        lines.append("")
    return "\n".join(lines)


def _errors(item: tuple[str, Counter[str]]) -> int:
    return item[1]["missed"] + item[1]["extra"]


def plot(cases: Sequence[Case], path: Path) -> None:
    """Draw missed and extra onsets by group, a row for each drum.

    Raises
    ------
    MissingDependencyError
        If matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError.of("a plot", "matplotlib", "plot") from error
    titles = list(GROUPS)
    figure = Figure(figsize=(4 * len(titles), 2.4 * len(DRUMS)), layout="constrained")
    axes: Any = figure.subplots(len(DRUMS), len(titles), squeeze=False)
    for column, (title, group) in enumerate(GROUPS.items()):
        counts = count(cases, group)
        for row, drum in enumerate(DRUMS):
            _bars(axes[row][column], counts.get(drum, {}))
            axes[row][column].set_title(f"{drum}: {title}", fontsize=8)
    figure.savefig(path)


def _bars(axis: Any, groups: dict[str, Counter[str]]) -> None:
    """Draw the six groups with the most errors: missed left, extra right."""
    worst = sorted(groups.items(), key=_errors)
    names = [name for name, _ in worst[-6:]]
    # Blue and orange can be told apart with any colour vision.
    for outcome, sign, colour in (("missed", -1, "#0072b2"), ("extra", 1, "#d55e00")):
        widths = [sign * outcomes[outcome] for _, outcomes in worst[-6:]]
        axis.barh(names, widths, color=colour, label=outcome)
    axis.axvline(0, color="black", linewidth=0.5)
    axis.tick_params(labelsize=6)
    axis.legend(fontsize=6)
