"""Finer drums: a network set by hand, and how open hi-hats are recognised."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adt_plugins import formats, transcribe, transcribe_stream
from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat, Onset
from adt_plugins.card import Attached, FrontEnd, Geometry, ModelCard, Picker
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.errors import ModelError
from adt_plugins.evaluation import evaluate
from adt_plugins.features.spectrogram import spectrogram
from adt_plugins.network.catalogue import find_model
from adt_plugins.picking.fine_drums import (
    EDGES_HZ,
    MOST,
    WEIGHT,
    WINDOWS,
    BroadBands,
    FineDrumModel,
    FineDrumTagger,
    Kinds,
    agreeing,
    attack_frames,
    describe,
)
from adt_plugins.picking.onsets import pick_hits
from adt_plugins.picking.recurrence import weigh
from adt_plugins.transcription import Transcription
from tests.support.hats import SECONDS, ring
from tests.support.paths import GROOVE
from tests.support.recordings import write_wave
from tests.support.tiny_model import RATE, play, write_tiny_model

CLOSED, OPEN = (0.5, 1.5, 2.5, 3.5, 4.5), (1.0, 2.0, 4.0)
OTHERS = ((0.5, "KD"), (2.5, "KD"), (3.0, "SD"))
HATS_HZ = EDGES_HZ.index(9500)  # the broad band that the hi-hat of `play` lies in


def samples() -> np.ndarray:
    hats = [(time, "HH") for time in (*CLOSED, *OPEN)]
    return np.clip(play([*hats, *OTHERS], SECONDS) * 0.7 + ring(OPEN) * 0.5, -1, 1)


def by_hand(surenesses: tuple[float, ...] = (0.5, 0.9, 2.0)) -> Kinds:
    """Open is what has not faded in the band of the hi-hats after 0.1 s."""
    bands = len(EDGES_HZ) - 1
    fading = [k for k in range(len(WINDOWS)) if k != 2].index(5)
    features = bands + 1 + 7 * bands
    count = 2 * features + 4 * 3 + 3
    hidden = np.zeros((count, 1), np.float32)
    hidden[bands + 1 + fading * bands + HATS_HZ] = 4.0
    return Kinds(
        ("CHH", "OHH", "PHH"),
        np.array(surenesses, np.float32),
        np.zeros(count, np.float32),
        np.ones(count, np.float32),
        hidden,
        np.array([0.8], np.float32),
        np.array([[-8.0, 8.0, 0.0]], np.float32),
        np.zeros(3, np.float32),
    )


def attach(card: Path, finer: FineDrumModel) -> Path:
    content = finer.to_bytes()
    (card.parent / "tiny.finer.npz").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    made = replace(ModelCard.read(card), finer=Attached("tiny.finer.npz", digest))
    card.write_text(made.to_json(), encoding="utf-8")
    return card


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Write the tiny model, and a fine drum model for its hi-hats beside it."""
    card = write_tiny_model(tmp_path / "models")
    return attach(card, FineDrumModel(("KD", "SD", "HH"), {Drum.HH: by_hand()}))


def test_open_hats_are_told_from_closed_ones(model: Path) -> None:
    transcription = transcribe((samples(), RATE), model=model, fine=True)
    np.testing.assert_allclose(transcription.times("CHH"), CLOSED, atol=0.03)
    np.testing.assert_allclose(transcription.times("OHH"), OPEN, atol=0.03)
    assert transcription.model["finer"] == ModelCard.read(model).finer.sha256  # type: ignore[union-attr]
    # The coarse drums are those that are found without it, to the last digit.
    coarse = transcribe((samples(), RATE), model=model)
    assert transcription.coarse().onsets == coarse.onsets
    assert "finer" not in coarse.model


def test_what_is_not_sure_stays_coarse(tmp_path: Path) -> None:
    card = write_tiny_model(tmp_path)
    for surenesses, kinds_named in (
        ((0.5, 2.0, 2.0), {"CHH": 5, "HH": 3}),
        ((2.0, 0.9, 2.0), {"OHH": 3, "HH": 5}),
        ((0.9999999, 0.9999999, 2.0), {"HH": 8}),
    ):
        attach(card, FineDrumModel(("KD", "SD", "HH"), {Drum.HH: by_hand(surenesses)}))
        transcription = transcribe((samples(), RATE), model=card, fine=True)
        counts = {str(drum): n for drum, n in transcription.counts().items()}
        assert counts == {"KD": 2, "SD": 1, **kinds_named}


@pytest.mark.parametrize(
    ("drums", "counts"),
    [
        (["OHH"], {"OHH": 3}),
        (["HH"], {"CHH": 5, "OHH": 3}),
        (["KD", "CHH"], {"KD": 2, "CHH": 5}),
    ],
)
def test_only_some_drums(model: Path, drums: list[str], counts: dict[str, int]) -> None:
    transcription = transcribe((samples(), RATE), model=model, drums=drums, fine=True)
    assert {str(drum): n for drum, n in transcription.counts().items()} == counts


def test_drums_that_are_never_told_are_refused(model: Path) -> None:
    with pytest.raises(ModelError, match="no drum PHH; it has KD, SD, HH, CHH, OHH"):
        transcribe((samples(), RATE), model=model, drums=["PHH"], fine=True)
    with pytest.raises(ModelError, match=r"OHH, unless finer drums are told apart; it"):
        transcribe((samples(), RATE), model=model, drums=["OHH"])
    with pytest.raises(ModelError, match="no drum OHH"):
        transcribe((samples(), RATE), model=model, thresholds={"OHH": 0.2}, fine=True)


def test_models_that_cannot_tell_say_so(model: Path, tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="'tiny' does not distinguish finer drums"):
        transcribe((samples(), RATE), model=tiny_model, fine=True)
    with pytest.raises(ModelError, match="finer drums need the whole recording"):
        transcribe_stream([samples()], RATE, model=model, fine=True)
    file = model.with_name("tiny.finer.npz")
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    with pytest.raises(ModelError, match="not the one that its card describes"):
        transcribe((samples(), RATE), model=model, fine=True)
    file.unlink()
    with pytest.raises(ModelError, match="no such file"):
        transcribe((samples(), RATE), model=model, fine=True)
    attach(model, FineDrumModel(("SD", "KD", "HH"), {Drum.HH: by_hand()}))
    with pytest.raises(ModelError, match="it was made for another network"):
        transcribe((samples(), RATE), model=model, fine=True)
    for content in (b"no arrays", b"", b"PK\x03\x04 no archive"):
        digest = hashlib.sha256(content).hexdigest()
        file.write_bytes(content)
        card = replace(ModelCard.read(model), finer=Attached(file.name, digest))
        with pytest.raises(ModelError, match=r"tiny\.finer\.npz: "):
            FineDrumTagger(card)


def test_the_file_is_verified(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify", str(model)]) == 0
    file = model.with_name("tiny.finer.npz")
    file.write_bytes(file.read_bytes()[:-1])
    assert main(["models", "verify", str(model)]) == 1
    assert "not the one that its card describes" in capsys.readouterr().err


def test_the_file_gives_back_what_was_put_into_it() -> None:
    finer = FineDrumModel(("KD", "SD", "HH"), {Drum.HH: by_hand()})
    again = FineDrumModel.from_bytes(finer.to_bytes())
    assert again.outputs == finer.outputs
    assert again.kinds == (Drum.CHH, Drum.OHH)
    (mine,), (theirs,) = finer.families.values(), again.families.values()
    for name, value in vars(mine).items():
        np.testing.assert_array_equal(getattr(theirs, name), value)
    assert again.to_bytes() == finer.to_bytes()


def test_unsure_kinds_follow_other_bars() -> None:
    """A clear open hat off the beat makes a doubtful one there open, and no other."""
    values = np.full((4900, 2), 0.01, np.float32)
    values[::100, 0] = values[50::100, 1] = 0.9
    card = ModelCard(
        "", "", "", ("KD", "SD"), FrontEnd(), Geometry(1, 0, 1), Picker(),
        {"KD": 0.3, "SD": 0.3},
    )  # fmt: skip
    beats = [Beat(0.5 * n, n % 4 + 1) for n in range(97)]
    _, bars = weigh(Activations(values, card.outputs, 100.0), beats, card)
    assert bars is not None
    frames = np.arange(0, 4800, 25)
    own = np.tile(np.array([[0.9, 0.05, 0.05]], np.float32), (len(frames), 1))
    own[3::4] = 0.05, 0.9, 0.05
    doubtful, contrary = 43, 42
    own[[doubtful, contrary]] = 0.5, 0.4, 0.1
    agreed = agreeing(own, frames, bars)
    assert agreed[doubtful].argmax() == 1
    assert agreed[contrary].argmax() == 0
    assert agreed[contrary, 0] > 0.8
    np.testing.assert_allclose(agreed.sum(axis=1), 1, rtol=1e-5)
    # Whatever other bars say, odds change by a bounded factor.
    change = np.log(agreed / own) - np.log(agreed / own).mean(axis=1, keepdims=True)
    assert np.abs(change).max() <= 2 * WEIGHT * MOST


def test_bands_do_not_depend_on_blocks_and_are_small() -> None:
    frames = spectrogram(samples())
    whole, parts = BroadBands(FrontEnd()), BroadBands(FrontEnd())
    whole.add(frames)
    for block in np.array_split(frames, [1, 7, 7, 300]):
        parts.add(block)
    np.testing.assert_array_equal(parts.values(), whole.values())
    assert len(whole.values()) == len(frames)
    hour = whole.values().nbytes / len(frames) * 3600 * FrontEnd().frame_rate
    assert hour < 5e6


def test_features_of_a_hit_do_not_depend_on_hits_far_away() -> None:
    rng = np.random.default_rng(1)
    bands = rng.integers(0, 200, (6000, len(EDGES_HZ) - 1)).astype(np.uint8)
    values = rng.random((6000, 3), np.float32)
    near = np.array([2000, 2050, 2900])
    alone = describe(near, bands, values, 100.0)
    more = describe(np.array([0, 900, *near, 5999]), bands, values, 100.0)
    # Except before the first and after the last.
    np.testing.assert_allclose(more[2:5, :-3], alone[:, :-3], atol=1e-6)
    np.testing.assert_allclose(more[3, -3:], alone[1, -3:])
    # A hit alone, at the very ends of a recording, is no special case.
    edge = describe(np.array([5999]), bands, values, 100.0)
    assert np.isfinite(edge).all()
    assert edge.shape == (1, alone.shape[1])


def test_attacks_are_at_the_frames_that_were_picked() -> None:
    card = find_model()
    rng = np.random.default_rng(2)
    values = rng.random((800, len(card.outputs)), np.float32) ** 8
    activations = Activations(values, card.outputs, 100.0, offset=3.0)
    (hats,) = [hits for hits in pick_hits(activations, card) if hits.drum is Drum.HH]
    frames = attack_frames(hats, len(values))
    assert len(frames) > 20
    # A vertex half-way between two frames may be rounded to the other one.
    assert (np.abs(frames - hats.frames) <= 1).all()
    assert np.mean(frames == hats.frames) > 0.9


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_wave(tmp_path / "song.wav", samples())


def test_writers_write_them(
    song: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = [
        name
        for name, form in formats.FORMATS.items()
        if form.write
        and "beats" not in form.needs
        and "activations" not in (*form.needs, *form.wants)
    ]
    assert {"labels", "midi", "json", "csv", "aup", "click"} <= set(written)
    command = ["transcribe", "--fine", "--no-beats", "--model", str(model), str(song)]
    assert (
        main([*command, "--format", ",".join(written), "-o", f"{song.parent}/o"]) == 0
    )
    out = song.parent / "o"
    for name, file in (
        ("json", "song.drums.json"),
        ("csv", "song.drums.csv"),
        ("midi", "song.drums.mid"),
        ("labels", "song.labels.txt"),
    ):
        back = formats.read(out / file, name)
        assert len(back.times("CHH")) == len(CLOSED), name
        np.testing.assert_allclose(back.times("OHH"), OPEN, atol=0.03)
        assert not len(back.only([Drum.HH]).times("PHH"))
    import mido

    notes = [
        m.note for m in mido.MidiFile(out / "song.drums.mid") if m.type == "note_on"
    ]
    assert [notes.count(note) for note in (36, 38, 42, 44, 46)] == [2, 1, 5, 0, 3]
    texts = (out / "song.labels.txt").read_text(encoding="utf-8")
    assert texts.count("\tOHH\n") == len(OPEN)
    # Without the option everything stays as it was.
    command.remove("--fine")
    assert main([*command, "--format", "json", "-o", f"{song.parent}/coarse"]) == 0
    coarse = formats.read(song.parent / "coarse" / "song.drums.json")
    assert {str(drum) for drum in coarse.counts()} == {"KD", "SD", "HH"}
    assert coarse.onsets == formats.read(out / "song.drums.json").coarse().onsets


def test_scores_show_them(model: Path, tmp_path: Path) -> None:
    transcription = transcribe((samples(), RATE), model=model, fine=True)
    beats = tuple(Beat(0.5 * n, n % 4 + 1) for n in range(13))
    scored = replace(transcription, beats=beats)
    texts = {}
    for name, one in (("fine", scored), ("coarse", scored.coarse())):
        for form in ("tab", "musicxml"):
            (path,) = formats.write(one, tmp_path / f"{name}.{form}", form)
            texts[name, form] = path.read_text(encoding="utf-8")
    assert texts["fine", "tab"] != texts["coarse", "tab"]
    rows = [t for t in texts["fine", "tab"].splitlines() if t.startswith("HH |")]
    assert sum(row.count("o") for row in rows) == len(OPEN)
    assert sum(row.count("x") for row in rows) == len(CLOSED)
    assert texts["fine", "musicxml"] != texts["coarse", "musicxml"]


def test_the_command_line_says_what_a_model_cannot(
    song: Path,
    model: Path,
    tiny_model: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["transcribe", "--fine", "--model", str(tiny_model), str(song)]) == 2
    assert "does not distinguish finer drums" in capsys.readouterr().err
    only = ["--drums", "OHH", "--format", "json", "--model", str(model), str(song)]
    assert main(["transcribe", "--no-fine", *only]) == 2
    assert "OHH, unless finer drums are told apart; it has" in capsys.readouterr().err
    for fine in (["--fine"], []):  # that a drum is asked for is enough
        assert main(["transcribe", *fine, "--overwrite", *only]) == 0
        back = formats.read(song.with_name("song.drums.json"))
        assert {str(drum) for drum in back.counts()} == {"OHH"}


def test_a_library_in_other_processes(song: Path, model: Path) -> None:
    out = song.parent / "library"
    options = [
        "--fine",
        "--model",
        str(model),
        "--format",
        "json",
        "-q",
        "-o",
        str(out),
    ]
    assert main(["batch", str(song), *options, "-j", "1"]) == 0
    assert len(formats.read(out / "song.drums.json").times("OHH")) == len(OPEN)


def test_they_can_be_evaluated(model: Path) -> None:
    transcription = transcribe((samples(), RATE), model=model, fine=True)
    truth = [Onset(time, Drum.CHH) for time in (*CLOSED, 4.0)]
    truth += [Onset(time, Drum.OHH) for time in OPEN[:2]]
    reference = Transcription(tuple(truth))
    fine = evaluate(reference, transcription, ["HH"], fine=True)
    closed, opened = fine.score("CHH", 0.05), fine.score("OHH", 0.05)
    assert (closed.matched, closed.false, closed.missed) == (5, 0, 1)
    assert (opened.matched, opened.false, opened.missed) == (2, 1, 0)
    coarse = evaluate(reference, transcription, ["HH"]).score("HH", 0.05)
    assert (coarse.matched, coarse.false, coarse.missed) == (8, 0, 0)


def test_the_widget_shows_them(model: Path) -> None:
    from adt_plugins.editor.edits import Layer
    from adt_plugins.editor.payload import payload
    from adt_plugins.editor.picks import PickedSong

    transcription = transcribe((samples(), RATE), model=model, fine=True)
    score = PickedSong(transcription)
    assert score.corrected(Layer()).onsets == transcription.onsets
    assert score.lanes == ["KD", "SD", "HH", "CHH", "OHH"]
    header = payload(score, None, "song", "song").header
    assert [lane["drum"] for lane in header["lanes"]] == score.lanes
    assert sum(hit["drum"] == "OHH" for hit in header["extras"]) == len(OPEN)
    # Other thresholds change other hits: those that are named stay.
    moved = score.corrected(Layer(thresholds={"HH": 0.9, "KD": 0.999}))
    counts = {str(drum): n for drum, n in moved.counts().items()}
    assert counts == {"SD": 1, "CHH": 5, "OHH": 3}


def test_the_shipped_model_tells_some() -> None:
    card = find_model()
    ear = FineDrumTagger(card)
    assert {Drum.CHH} <= set(ear.kinds)
    assert card.finer is not None
    assert card.path is not None
    assert card.path.with_name(card.finer.file).stat().st_size < 120_000
    assert ear.sha256 == card.finer.sha256
    example = GROOVE
    transcription = transcribe(example, fine=True, end=12.0)
    coarse = transcribe(example, end=12.0)
    assert transcription.coarse().onsets == coarse.coarse().onsets
    truth = formats.read(example.with_suffix(".txt"))
    score = evaluate(truth.between(0, 12), transcription, ["CHH"], fine=True)
    closed = score.score("CHH", 0.05)
    assert closed.matched > 2 * closed.false
    assert closed.matched > 5
