"""F-measures: the matching, the counts, the intervals, the report."""

from __future__ import annotations

import builtins
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError, MissingDependencyError
from adt_plugins.evaluation import evaluate, time_errors
from adt_plugins.evaluation.report import Evaluation
from tests.support.scores import counts, track


def best_matching(
    true: Sequence[float], estimated: Sequence[float], window: float
) -> int:
    """Return the size of the greatest matching by trying every assignment."""
    if not true:
        return 0
    best = best_matching(true[1:], estimated, window)
    for i, time in enumerate(estimated):
        if abs(time - true[0]) <= window:
            rest = [*estimated[:i], *estimated[i + 1 :]]
            best = max(best, 1 + best_matching(true[1:], rest, window))
    return best


def fewest_wrong(
    true: Sequence[float], estimated: Sequence[float], excused: set[int], window: float
) -> tuple[int, int]:
    """Return the greatest matching, and the fewest unexcused estimates it leaves."""
    most = best_matching(true, estimated, window)
    wrong = len(estimated)
    for size in range(len(estimated) + 1):
        for used in itertools.combinations(range(len(estimated)), size):
            if (
                best_matching(true, [estimated[i] for i in used], window)
                == size
                == most
            ):
                left = set(range(len(estimated))) - set(used) - excused
                wrong = min(wrong, len(left))
    return most, wrong


class TestMatching:
    @pytest.mark.parametrize("seed", range(50))
    def test_by_brute_force(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        # Odd milliseconds against even ones, so that no time is on the edge.
        true, estimated, other = (
            (np.sort(rng.choice(150, size=rng.integers(0, 7))) * 2 + odd) / 1000
            for odd in (0, 1, 0)
        )
        excused = {
            i
            for i, t in enumerate(estimated)
            if len(other) and min(abs(other - t)) <= 0.05
        }
        result = evaluate(
            track(KD=true.tolist(), OT=other.tolist()), track(KD=estimated.tolist())
        )
        for window in (0.05, 0.02):
            most, wrong = fewest_wrong(
                true.tolist(), estimated.tolist(), excused, window
            )
            assert counts(result.score("KD", window)) == (
                most,
                len(estimated) - most,
                len(true) - most,
            )
            lenient = result.score("KD", window, lenient=True)
            assert counts(lenient) == (most, wrong, len(true) - most)

    @pytest.mark.parametrize("seed", range(20))
    def test_equals_mir_eval(self, seed: int) -> None:
        mir_eval = pytest.importorskip("mir_eval")
        rng = np.random.default_rng(seed)
        true = np.sort(rng.uniform(0, 20, size=200))
        estimated = np.sort(np.abs(true + rng.normal(0, 0.03, size=200)))[::2]
        result = evaluate(track(SD=true.tolist()), track(SD=estimated.tolist()))
        for window in (0.05, 0.02):
            expected = mir_eval.onset.f_measure(true, estimated, window=window)
            score = result.score("SD", window)
            assert (score.f, score.precision, score.recall) == pytest.approx(expected)

    def test_an_estimate_counts_once(self) -> None:
        result = evaluate(track(KD=[1.0, 1.03]), track(KD=[1.01]))
        assert counts(result.score("KD")) == (1, 0, 1)
        result = evaluate(track(KD=[1.01]), track(KD=[1.0, 1.03]))
        assert counts(result.score("KD")) == (1, 1, 0)


# A song counted by hand: 4 KD (one missed, one estimate 30 ms late), 2 SD (one of
# them found, one false), hats that are closed or open.
REFERENCE = track(KD=[1, 2, 3, 4], SD=[1.5, 2.5], CHH=[1, 2], OHH=[3], SST=[3.5, 5])
ESTIMATE = track(KD=[1.01, 2.03, 3.0], SD=[1.5, 3.51], CHH=[1, 3], OHH=[2, 2.7], CY=[1])


class TestCounts:
    def test_by_hand_coarse(self) -> None:
        result = evaluate(REFERENCE, ESTIMATE)
        wide = {drum: counts(result.score(drum)) for drum in ("KD", "SD", "HH", "all")}
        assert wide == {
            "KD": (3, 0, 1),
            "SD": (1, 1, 1),
            "HH": (3, 1, 0),
            "all": (7, 2, 2),
        }
        assert counts(result.score("KD", 0.02)) == (2, 1, 2)
        assert counts(result.score("all", 0.02)) == (6, 3, 3)
        score = result.score()
        assert score.f == pytest.approx(14 / 18)
        assert score.precision == pytest.approx(7 / 9)
        assert score.recall == pytest.approx(7 / 9)

    def test_by_hand_fine(self) -> None:
        result = evaluate(REFERENCE, ESTIMATE, fine=True)
        assert [s.drum for s in result.strict[:5]] == ["KD", "SD", "CHH", "OHH", "all"]
        assert counts(result.score("CHH")) == (1, 1, 1)
        assert counts(result.score("OHH")) == (0, 2, 1)
        assert counts(result.score("all")) == (5, 4, 4)

    def test_a_snare_on_a_side_stick(self) -> None:
        result = evaluate(REFERENCE, ESTIMATE)
        assert counts(result.score("SD")) == (1, 1, 1)
        assert counts(result.score("SD", lenient=True)) == (1, 0, 1)
        assert counts(result.score("all", lenient=True)) == (7, 1, 2)

    def test_right_estimates_on_a_side_stick_stay_right(self) -> None:
        reference = track(KD=[1.0], SST=[1.0])
        result = evaluate(reference, track(KD=[1.0, 1.04]))
        assert counts(result.score("KD")) == (1, 1, 0)
        assert counts(result.score("KD", lenient=True)) == (1, 0, 0)

    def test_the_side_stick_itself_is_never_excused(self) -> None:
        result = evaluate(track(SST=[1.0]), track(SST=[1.0, 1.04]), ["OT"])
        assert counts(result.score("OT", lenient=True)) == (1, 1, 0)

    def test_any_order_of_drums_and_every_drum(self) -> None:
        some = evaluate(REFERENCE, ESTIMATE, ["HH", Drum.KD, "HH"])
        assert [s.drum for s in some.strict[:3]] == ["HH", "KD", "all"]
        assert counts(some.score()) == (6, 1, 1)
        every = evaluate(REFERENCE, ESTIMATE, None)
        assert [s.drum for s in every.strict[:6]] == [
            "KD",
            "SD",
            "HH",
            "CY",
            "OT",
            "all",
        ]
        assert counts(every.score("CY")) == (0, 1, 0)

    def test_windows(self) -> None:
        result = evaluate(REFERENCE, ESTIMATE, windows=(0.005, 0.5))
        assert counts(result.score("KD", 0.005)) == (1, 2, 3)
        assert counts(result.score("KD", 0.5)) == (3, 0, 1)
        with pytest.raises(KeyError):
            result.score("KD", 0.05)

    def test_nothing_is_neither_right_nor_wrong(self) -> None:
        result = evaluate(track(KD=[1]), track(KD=[1]))
        empty = result.score("SD")
        assert (empty.f, empty.precision, empty.recall) == (None, None, None)
        assert result.score().f == 1
        wrong = evaluate(track(), track(SD=[1])).score("SD")
        assert (wrong.f, wrong.precision, wrong.recall) == (0, 0, None)
        missed = evaluate(track(SD=[1]), track()).score("SD")
        assert (missed.f, missed.precision, missed.recall) == (0, None, 0)

    def test_pooled_not_averaged(self) -> None:
        pairs = [(track(KD=[1]), track(KD=[1])), (track(KD=range(9)), track())]
        result = evaluate([r for r, _ in pairs], [e for _, e in pairs], names="ab")
        assert counts(result.score()) == (1, 0, 9)
        assert result.score().f == pytest.approx(2 / 11)
        assert [scores[0].f for scores in result.per_track] == [1, 0]
        assert result.tracks == ("a", "b")


class TestInterval:
    """Return twelve tracks of 20 kicks, of which different shares are detected."""

    times = np.arange(1, 21) / 2
    shares = np.random.default_rng(0).uniform(0.3, 1, size=12)

    def evaluate(self, seed: int, resamples: int = 1000) -> Evaluation:
        references = [track(KD=self.times)] * 12
        estimates = [track(KD=self.times[: int(20 * share)]) for share in self.shares]
        return evaluate(references, estimates, seed=seed, resamples=resamples)

    def test_against_a_plain_bootstrap(self) -> None:
        result = self.evaluate(3, 500)
        estimated = (20 * self.shares).astype(int)
        rng = np.random.default_rng(3)
        values = []
        for draw in rng.integers(12, size=(500, 12)):
            matched = estimated[draw].sum()
            values.append(2 * matched / (matched + 20 * 12))
        expected = np.percentile(values, [2.5, 97.5])
        assert result.score().interval == pytest.approx(tuple(expected))
        f, interval = result.score().f, result.score().interval
        assert f is not None
        assert interval is not None
        assert interval[0] < f < interval[1]

    def test_is_seeded(self) -> None:
        first, again, other = (
            self.evaluate(seed).score().interval for seed in (1, 1, 2)
        )
        assert first == again
        assert first != other

    def test_none_for_one_track_or_an_empty_class(self) -> None:
        assert evaluate(REFERENCE, ESTIMATE).score().interval is None
        result = self.evaluate(0)
        assert result.score("SD").interval is None
        assert all(s.interval is None for scores in result.per_track for s in scores)

    def test_draws_without_the_class_are_left_out(self) -> None:
        references = [track(KD=[1], SD=[1]), *[track(KD=[1])] * 5]
        estimates = [track(KD=[1], SD=[1]), *[track(KD=[1])] * 5]
        assert evaluate(references, estimates).score("SD").interval == (1, 1)


class TestReport:
    def test_json(self) -> None:
        result = evaluate([REFERENCE, track()], [ESTIMATE, track()], names=["a", "b"])
        report = json.loads(json.dumps(result.to_dict(), allow_nan=False))
        assert report["strict"][3] == {
            "drum": "all",
            "window": 0.05,
            "f": 14 / 18,
            "interval": list(result.score().interval or ()),
            "precision": 7 / 9,
            "recall": 7 / 9,
            "matched": 7,
            "false": 2,
            "missed": 2,
        }
        assert report["lenient"][3]["false"] == 1
        assert [t["name"] for t in report["tracks"]] == ["a", "b"]
        assert report["tracks"][0]["scores"][0]["matched"] == 7
        assert report["tracks"][1]["scores"][0]["f"] is None
        assert report["failures"] == []

    def test_table(self) -> None:
        result = evaluate([REFERENCE, REFERENCE], [ESTIMATE, ESTIMATE])
        lines = result.table().splitlines()
        assert lines[0].startswith("50 ms")
        assert lines[4].split() == [
            *("all", "0.778", "0.778–0.778", "0.778", "0.778", "18", "18"),
        ]
        assert lines[5].split()[:2] == ["all*", "0.824"]
        assert lines[7].startswith("20 ms")
        assert "Pooled over 2 tracks" in result.table()
        assert len({len(line) for line in lines[:6] + lines[7:13]}) == 1

    def test_a_star_is_explained_where_there_is_one(self) -> None:
        explained = evaluate(REFERENCE, ESTIMATE).table()
        assert "all*" in explained
        assert "\n*: without wrong estimates within" in explained
        assert "*" not in evaluate(REFERENCE, REFERENCE).table()

    def test_table_of_nothing(self) -> None:
        lines = evaluate(track(), track()).table().splitlines()
        assert lines[1].split() == ["KD", "—", "—", "—", "—", "0", "0"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"drums": ["XX"]}, AdtError, "unknown drum 'XX'; there are KD SD"),
        ({"drums": ["CHH"]}, AdtError, r"CHH is a finer drum.*--fine.*or HH"),
        ({"names": ["a", "b"]}, ValueError, "1 tracks, but 2 names"),
        ({"estimates": [ESTIMATE] * 2}, ValueError, "1 references, but 2 estimates"),
    ],
)
def test_errors(
    options: Mapping[str, Any], error: type[Exception], message: str
) -> None:
    given = {"references": REFERENCE, "estimates": ESTIMATE, **options}
    with pytest.raises(error, match=message):
        evaluate(**given)


def test_without_mir_eval(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("mir_eval"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match="pip install mir_eval"):
        evaluate(REFERENCE, ESTIMATE)


class TestTimeErrors:
    def test_by_hand(self) -> None:
        errors = time_errors(REFERENCE, ESTIMATE, ["KD"])
        assert np.sort(errors) == pytest.approx([0, 0.01, 0.03], abs=1e-9)
        # All drums of the reference, finer ones as the coarse drum.
        assert len(time_errors(REFERENCE, ESTIMATE)) == 7
        assert len(time_errors(REFERENCE, ESTIMATE, ["KD"], window=0.02)) == 2

    def test_nearest_of_several(self) -> None:
        errors = time_errors(track(SD=[1, 2]), track(SD=[0.97, 1.02, 1.98, 5]))
        assert errors == pytest.approx([0.02, -0.02])

    def test_nothing(self) -> None:
        assert time_errors(track(KD=[1]), track()).shape == (0,)
        assert time_errors(track(), track(KD=[1]), ["KD"]).shape == (0,)


# --- files ----------------------------------------------------------------------
