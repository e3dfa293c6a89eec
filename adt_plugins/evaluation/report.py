"""The report of an evaluation: counts, F-measures, intervals; as table and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adt_plugins.drums import Drum

OTHER_WINDOW_S = 0.05
"""Wrong estimates this near to an `OT` onset of the reference are excused."""
ALL = "all"
"""Name of the score that pools all drums."""


@dataclass(frozen=True)
class Score:
    """Pooled counts of a drum, or of all drums, at one window.

    Parameters
    ----------
    drum
        A drum code, or ``"all"``.
    window
        Tolerance of a match, either way, in seconds.
    matched, false, missed
        Numbers of onsets in both, only in the estimate, only in the reference.
    interval
        95 % bootstrap interval of F over tracks; None for a single track, or
        where F is not defined.
    """

    drum: str
    window: float
    matched: int
    false: int
    missed: int
    interval: tuple[float, float] | None = None

    @property
    def precision(self) -> float | None:
        """Share of the estimates that are right; None without estimates."""
        return _ratio(self.matched, self.matched + self.false)

    @property
    def recall(self) -> float | None:
        """Share of the reference that was found; None without a reference."""
        return _ratio(self.matched, self.matched + self.missed)

    @property
    def f(self) -> float | None:
        """F-measure; None where neither side has an onset.

        mir_eval reports 0 for that case and others report 1; it is neither. Estimates
        where the reference has no onset do give 0.
        """
        return _ratio(2 * self.matched, 2 * self.matched + self.false + self.missed)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "drum": self.drum,
            "window": self.window,
            "f": self.f,
            "interval": None if self.interval is None else list(self.interval),
            "precision": self.precision,
            "recall": self.recall,
            "matched": self.matched,
            "false": self.false,
            "missed": self.missed,
        }


@dataclass(frozen=True)
class Evaluation:
    """The result of `evaluate`.

    Parameters
    ----------
    strict
        Each drum and ``"all"``, at each window: every estimate counts.
    lenient
        The same, without wrong estimates near an `OT` onset (side stick, tambourine,
        clap) of the reference.
    tracks
        Names of the recordings.
    per_track
        Strict ``"all"`` of each track at each window, in their order.
    failures
        One line for every recording that could not be compared.
    notes
        One line for every estimate that is late or early as a whole.
    """

    strict: tuple[Score, ...]
    lenient: tuple[Score, ...]
    tracks: tuple[str, ...]
    per_track: tuple[tuple[Score, ...], ...]
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def score(
        self, drum: Drum | str = ALL, window: float = 0.05, *, lenient: bool = False
    ) -> Score:
        """Return one of the scores; raises `KeyError` if it was not computed."""
        for score in self.lenient if lenient else self.strict:
            if score.drum == str(drum) and score.window == window:
                return score
        raise KeyError((str(drum), window))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object; undefined scores are null."""
        return {
            "strict": [score.to_dict() for score in self.strict],
            "lenient": [score.to_dict() for score in self.lenient],
            "tracks": [
                {"name": name, "scores": [score.to_dict() for score in scores]}
                for name, scores in zip(self.tracks, self.per_track, strict=True)
            ],
            "failures": list(self.failures),
            "notes": list(self.notes),
        }

    def table(self) -> str:
        """Return the report as text, with a line for each window and drum.

        The lenient scores are left out where they are the strict ones.
        """
        windows = dict.fromkeys(score.window for score in self.strict)
        lines = []
        starred = False
        for window in windows:
            rows = [score for score in self.strict if score.window == window]
            lines.append(_line(f"{window * 1000:g} ms", *_HEADINGS))
            lines += (_row(score.drum, score) for score in rows)
            lenient = self.score(ALL, window, lenient=True)
            if lenient != self.score(ALL, window):
                starred = True
                lines.append(_row(f"{ALL}*", lenient))
            lines.append("")
        tracks = f"{len(self.tracks)} track{'s' * (len(self.tracks) != 1)}"
        lines.append(
            f"Pooled over {tracks}; interval: bootstrap over tracks; "
            "—: a single track, or nothing to compare."
        )
        if starred:
            lines.append(
                "*: without wrong estimates within "
                f"{OTHER_WINDOW_S * 1000:g} ms of an OT onset of the reference."
            )
        lines += self.notes
        return "\n".join(lines) + "\n"


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _row(name: str, score: Score) -> str:
    def number(value: float | None) -> str:
        return "—" if value is None else f"{value:.3f}"

    interval = "—"
    if score.interval is not None:
        interval = f"{score.interval[0]:.3f}–{score.interval[1]:.3f}"
    return _line(
        name,
        number(score.f),
        interval,
        number(score.precision),
        number(score.recall),
        str(score.matched + score.missed),
        str(score.matched + score.false),
    )


_HEADINGS = ("F", "95 % interval", "precision", "recall", "reference", "estimates")


def _line(name: str, *cells: str) -> str:
    widths = (5, 13, 9, 6, 9, 9)
    columns = (f"  {c:>{width}}" for c, width in zip(cells, widths, strict=True))
    return f"{name:<6}" + "".join(columns)
