"""Which drums a recording has at all: synthetic activations, and the whole line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins import transcribe, transcribe_stream
from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat
from adt_plugins.card import FrontEnd, Geometry, ModelCard, Picker, SongGate
from adt_plugins.cli import main
from adt_plugins.cli._options import GATE_MODES
from adt_plugins.editor.edits import Layer
from adt_plugins.editor.picks import PickedSong
from adt_plugins.errors import AdtError, AdtWarning
from adt_plugins.picking import recurrence
from adt_plugins.picking.onsets import drum_peaks, pick_hits
from adt_plugins.picking.peaks import DrumPeaks
from adt_plugins.picking.song_gate import (
    MODES,
    Decision,
    clearness,
    decide,
    regularity,
)
from adt_plugins.training.learn.drum_presence import attach_gate, choose
from adt_plugins.training.learn.gate_pieces import Piece, chain
from tests.support.recordings import write_wave
from tests.support.tiny_model import RATE, play, write_tiny_model

DRUMS = ("KD", "SD", "SST", "HH", "TT")
GATE = SongGate(
    song=0.5,
    lone=dict.fromkeys(DRUMS, 0.55),
    drums=dict.fromkeys(DRUMS, 0.4),
    sure=dict.fromkeys(DRUMS, 0.6),
    unsure=0.6,
)
CARD = ModelCard(
    name="by hand",
    file="",
    sha256="",
    outputs=DRUMS,
    front_end=FrontEnd(),
    geometry=Geometry(1, 0, 1),
    picker=Picker(),
    thresholds=dict.fromkeys(DRUMS, 0.2),
    gate=GATE,
)
EVERY_SECOND = tuple(range(1, 60))
IRREGULAR = tuple(np.random.default_rng(3).uniform(1, 59, 59).round(2).tolist())

Hits = Mapping[str, Sequence[tuple[Sequence[float], float]]]


def activations(hits: Hits, seconds: float = 60.0) -> Activations:
    """Return peaks of one frame, as high above their average as given."""
    values = np.zeros((round(seconds * 100), len(DRUMS)), np.float32)
    for drum, groups in hits.items():
        for times, height in groups:
            for time in times:
                # The peak is one of the 12 frames of its own average.
                values[round(time * 100), DRUMS.index(drum)] = height * 12 / 11
    return Activations(values, DRUMS, 100.0)


def raised(hits: Hits, seconds: float = 60.0, **thresholds: float) -> set[str]:
    higher = decide(activations(hits, seconds), CARD, thresholds).raised
    assert all(higher[drum] == GATE.sure[drum] for drum in higher)
    return set(higher)


def test_heights_are_thresholds() -> None:
    result = clearness(activations({"KD": [((1.0, 2.0), 0.3), ((3.0,), 0.7)]}), CARD)
    np.testing.assert_allclose(result.heights["KD"], [0.7, 0.3, 0.3], atol=1e-6)
    assert result.drums["KD"] == pytest.approx(0.3)  # the third of a minute


CLEAR = {"KD": [(EVERY_SECOND, 0.7)], "SD": [(EVERY_SECOND[::2], 0.6)]}


@pytest.mark.parametrize(
    ("hits", "seconds", "expected"),
    [
        pytest.param(CLEAR, 60, set(), id="clear drums"),
        pytest.param(
            {"KD": [(IRREGULAR, 0.4)], "SD": [((3, 9), 0.5)], "TT": [((5,), 0.5)]},
            *(60, {"KD", "SD", "TT"}),
            id="nothing clear",
        ),
        pytest.param(
            {**CLEAR, "TT": [((5, 6, 7, 8, 9), 0.35)]}, 60, {"TT"}, id="toms invented"
        ),
        pytest.param(
            {**CLEAR, "TT": [((5, 6), 0.45)]}, 60, {"TT"}, id="too few to count"
        ),
        pytest.param({**CLEAR, "TT": [((5, 6, 7), 0.45)]}, 60, set(), id="a fill"),
        pytest.param(
            {**CLEAR, "TT": [((5, 6), 0.65)]}, 60, set(), id="few but so clear"
        ),
        pytest.param({"KD": [((0.5,), 0.55)]}, 1, set(), id="one kick in a second"),
        pytest.param({"KD": [((0.5,), 0.38)]}, 3, {"KD"}, id="nothing clear in three"),
        pytest.param({"KD": [(EVERY_SECOND, 0.54)]}, 60, set(), id="quiet and regular"),
        pytest.param({"KD": [(IRREGULAR, 0.54)]}, 60, {"KD"}, id="as quiet, irregular"),
        pytest.param({"HH": [(IRREGULAR, 0.56)]}, 60, set(), id="a hat alone"),
        pytest.param(
            {"HH": [(IRREGULAR[:9], 0.56)]}, 60, {"HH"}, id="hardly a hat alone"
        ),
        pytest.param({}, 60, set(), id="silence"),
        pytest.param({}, 0, set(), id="nothing at all"),
    ],
)
def test_drums_that_are_absent(hits: Hits, seconds: float, expected: set[str]) -> None:
    assert raised(hits, seconds) == expected


def test_a_long_recording_has_no_more_chances() -> None:
    pieces = [activations({"SD": [((3,), 0.7), ((4, 5), 0.3)]}) for _ in range(10)]
    joined = replace(pieces[0], values=np.concatenate([p.values for p in pieces]))
    assert set(decide(joined, CARD).raised) == {"SD"}


def test_silence_has_no_chances() -> None:
    hits: Hits = {"KD": [((1, 2, 4), 0.7)], "SD": [((3,), 0.6)]}
    assert raised(hits, 6) == set()
    assert raised(hits, 180) == {"SD"}
    rare = activations(hits, 180)
    assert clearness(rare, CARD, sounding=6.0).drums["SD"] == pytest.approx(0.6)
    assert decide(rare, CARD, sounding=6.0).raised == {}


def test_what_the_user_chose_stays() -> None:
    hits: Hits = {"SD": [((3,), 0.3)], "SST": [((7,), 0.3)], "KD": [((5,), 0.3)]}
    assert raised(hits) == {"SD", "SST", "KD"}
    assert raised(hits, SD=0.2) == {"SST", "KD"}
    assert raised(hits, OT=0.25) == {"SD", "KD"}  # the side stick's coarse drum


def test_a_card_without_a_gate() -> None:
    card = replace(CARD, gate=None)
    raw = activations({"SD": [((3,), 0.3)]})
    assert decide(raw, card) == Decision({}, False)


UNCLEAR: Hits = {"KD": [(EVERY_SECOND, 0.54)]}


def test_what_is_not_sure_is_kept_unless_strict() -> None:
    raw = activations(UNCLEAR)
    assert 0.5 < clearness(raw, CARD).evidence < 0.6
    assert decide(raw, CARD) == Decision({}, True)
    assert decide(raw, CARD, mode="strict") == Decision({"KD": 0.6}, False)
    assert decide(raw, CARD, mode="off") == Decision({}, False)
    for nothing in ({}, {"KD": [(IRREGULAR, 0.3)]}):
        assert not decide(activations(nothing), CARD).unsure  # nothing is left


def test_much_that_is_left_out_is_told() -> None:
    raw = activations(UNCLEAR)
    strict = decide(raw, CARD, mode="strict")
    count = len(EVERY_SECOND)
    assert strict.left_out({"KD": 0}) == (
        f"{count} unclear hits were left out as other instruments: {count} kick"
        " (with the song gate off they stay)"
    )
    assert strict.left_out({"KD": count - 7}) is None
    assert strict.left_out({"KD": 2, "SD": 8 * count}) is None  # little of all
    assert decide(activations(CLEAR), CARD).left_out({}) is None


def test_clear_drums_leave_no_doubt() -> None:
    for mode in MODES:
        assert decide(activations(CLEAR), CARD, mode=mode) == Decision({}, False)
    assert MODES == GATE_MODES


def test_regularity() -> None:
    grid = np.arange(10, 6000, 25)
    assert regularity([grid], 6000, 100.0) == pytest.approx(1.0)
    # Two drums by turns are as regular as one; together they are one hit.
    assert regularity([grid[::2], grid[1::2] + 1], 6000, 100.0) > 0.9
    assert regularity([grid, grid + 2], 6000, 100.0) == pytest.approx(1.0)
    # Another tempo after the first block changes nothing.
    faster = np.concatenate([grid[grid < 1200], np.arange(1210, 6000, 31)])
    assert regularity([faster], 6000, 100.0) > 0.97
    scattered = np.sort(np.random.default_rng(0).choice(6000, 240, replace=False))
    assert 0 <= regularity([scattered], 6000, 100.0) < 0.25
    few = [np.arange(0, 500, 100)]
    assert regularity(few, 1200, 100.0) == 0.0
    assert regularity([], 1200, 100.0) == regularity([np.zeros(0, int)], 0, 100.0) == 0


def test_the_gate_is_in_the_card(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(CARD.to_json(), encoding="utf-8")
    assert ModelCard.read(path).gate == GATE
    data = json.loads(CARD.to_json())
    del data["gate"]
    path.write_text(json.dumps(data), encoding="utf-8")
    assert ModelCard.read(path).gate is None


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Open the tiny network: loud hits stand 0.72 above their average, quiet 0.57."""
    path = write_tiny_model(tmp_path / "models")
    card = ModelCard.read(path)
    each = dict.fromkeys(card.drums, 0.65)
    gate = SongGate(song=0.4, lone=each, drums=each, sure=each)
    path.write_text(replace(card, gate=gate).to_json(), encoding="utf-8")
    return path


def song() -> np.ndarray:
    """Loud kicks and snares, and hi-hats that the network is less sure of."""
    loud = play([(t, d) for t in (0.5, 1.5, 2.5) for d in ("KD", "SD")], 4.0, 0.4)
    return loud + play([(1.0, "HH"), (2.0, "HH"), (3.0, "HH")], 4.0, 0.06)


def test_transcribing_with_and_without(model: Path, tmp_path: Path) -> None:
    transcription = transcribe((song(), RATE), model=model)
    free = transcribe((song(), RATE), model=model, song_gate=False)
    assert free.counts() == {"KD": 3, "SD": 3, "HH": 3}
    assert transcription.onsets == free.only(("KD", "SD")).onsets
    assert transcription.model["gated"] == ["HH"]
    assert transcription.model["thresholds"] == {"KD": 0.4, "SD": 0.4, "HH": 0.65}
    assert "gated" not in free.model
    chosen = transcribe((song(), RATE), model=model, thresholds={"HH": 0.45})
    assert chosen.counts() == {"KD": 3, "SD": 3, "HH": 3}
    assert chosen.model["thresholds"]["HH"] == 0.45

    path = write_wave(tmp_path / "song.wav", song())
    with pytest.raises(ValueError, match="loose"):
        transcribe((song(), RATE), model=model, song_gate="loose")  # type: ignore[arg-type]
    for options, hats in (
        ([], 0),
        (["--song-gate", "normal"], 0),
        (["--song-gate", "off"], 3),
        (["--no-song-gate"], 3),
    ):
        command = ["transcribe", str(path), "--format", "json", "--overwrite", "-q"]
        assert main([*command, "--model", str(model), *options]) == 0
        written = json.loads((tmp_path / "song.drums.json").read_text())
        assert sum(o["drum"] == "HH" for o in written["onsets"]) == hats


def test_doubt_is_said_in_one_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = ModelCard.read(model)
    none, highest = dict.fromkeys(card.drums, 0.0), dict.fromkeys(card.drums, 1.0)
    doubtful = SongGate(0.1, highest, none, highest, unsure=0.9)
    model.write_text(replace(card, gate=doubtful).to_json(), encoding="utf-8")
    kicks = play([(t, "KD") for t in (0.5, 1.3, 2.5)], 4.0, 0.4)
    with pytest.warns(AdtWarning, match="may be other instruments"):
        transcription = transcribe((kicks, RATE), model=model)
    assert transcription.counts() == {"KD": 3}
    assert not transcribe((kicks, RATE), model=model, song_gate="strict").counts()

    path = write_wave(tmp_path / "song.wav", kicks)
    command = ["transcribe", str(path), "--format", "json", "--model", str(model)]
    assert main(command) == 0
    (line,) = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "other instruments" in line
    ]
    assert "song.wav" in line


def test_a_stream_has_no_gate(model: Path) -> None:
    free = transcribe((song(), RATE), model=model, song_gate=False)
    streamed = list(transcribe_stream([song()], RATE, model=model))
    assert [(o.time, o.drum) for o in streamed] == [(o.time, o.drum) for o in free]


def test_the_widget_moves_a_gated_threshold(model: Path) -> None:
    score = PickedSong(transcribe((song(), RATE), model=model))
    assert score.thresholds["HH"] == 0.65
    assert {hit.onset.drum for hit in score.hits(Layer())} == {"KD", "SD"}
    opened = [hit.onset.drum for hit in score.hits(Layer(thresholds={"HH": 0.4}))]
    assert opened.count("HH") == 3  # type: ignore[arg-type]


def pieces(levels: Mapping[str, tuple[float, int]], true: bool) -> list[Piece]:
    """Return twelve pieces of 20 s, each with a number of hits a drum."""
    rng = np.random.default_rng(1)
    return [
        Piece(
            {d: top + 0.1 * rng.random(levels[d][1]) for d, (top, _) in levels.items()},
            {d: np.full(levels[d][1], true) for d in levels},
            20.0,
        )
        for _ in range(12)
    ]


def test_learning_a_gate() -> None:
    card = replace(CARD, outputs=("KD", "SD"), thresholds={"KD": 0.2, "SD": 0.2})
    speech = pieces({"KD": (0.2, 1), "SD": (0.3, 5)}, true=False)
    music = pieces({"KD": (0.4, 20), "SD": (0.2, 3)}, true=False)
    drums = pieces({"KD": (0.6, 30), "SD": (0.5, 9)}, true=True)
    gate = choose(speech, music, [drums], card)
    assert gate.song <= gate.unsure
    # The bounds between what is heard without drums and with them.
    assert 0.5 <= gate.sure["KD"] <= 0.68
    assert 0.4 <= gate.sure["SD"] <= 0.58
    for kind, absent in ((speech, ["KD", "SD"]), (music, ["KD", "SD"]), (drums, [])):
        assert [piece.clearness.absent(gate) for piece in kind] == [absent] * 12


def test_the_gate_is_below_the_quietest_songs() -> None:
    card = replace(CARD, outputs=("KD", "SD"), thresholds={"KD": 0.2, "SD": 0.2})
    music = pieces({"KD": (0.4, 20), "SD": (0.2, 3)}, true=False)
    loud = pieces({"KD": (0.7, 30), "SD": (0.6, 20)}, true=True)
    quiet = pieces({"KD": (0.3, 30), "SD": (0.3, 9)}, true=True)
    without, gate = (choose([], music, some, card) for some in ([loud], [loud, quiet]))
    assert gate.song < without.song
    assert gate.unsure == without.unsure > gate.song
    for kind in (loud, quiet, chain(quiet, 0)):
        assert not any(piece.clearness.absent(gate) for piece in kind)


def test_teaching_a_model_that_has_no_level_rule(model: Path, tmp_path: Path) -> None:
    card = ModelCard.read(model)
    with pytest.raises(AdtError, match="level rule"):
        attach_gate(card, tmp_path)


@pytest.mark.parametrize(("faint", "raised"), [(0.9, 0), (0.3, 4)])
def test_peaks_are_picked_once(
    faint: float, raised: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for drums whose threshold the gate has raised; with beats as well."""
    raw = activations(
        {drum: [(EVERY_SECOND, 0.9 if drum == "KD" else faint)] for drum in DRUMS}
    )
    beats = [Beat(second, n % 4 + 1) for n, second in enumerate(EVERY_SECOND)]
    weighed, _ = recurrence.weigh(raw, beats, CARD)
    assert weighed is not raw
    expected = decide(raw, CARD).raised
    fresh = pick_hits(weighed, CARD, thresholds=expected)
    picked: list[float] = []
    pick = DrumPeaks._pick

    def count(self: DrumPeaks, threshold: float) -> NDArray[np.int64]:
        picked.append(threshold)
        return pick(self, threshold)

    monkeypatch.setattr(DrumPeaks, "_pick", count)
    peaks = drum_peaks(weighed, CARD)
    decision = decide(raw, CARD, peaks=peaks)
    again = pick_hits(weighed, CARD, thresholds=decision.raised, peaks=peaks)
    assert decision.raised == expected, "weighed peaks are no clearer"
    assert len(decision.raised) == raised
    assert len(picked) == len(DRUMS) + raised
    for one, other in zip(fresh, again, strict=True):
        np.testing.assert_array_equal(one.positions, other.positions)
