"""The line from a recording to a transcription, with a network set by hand."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adt_plugins
from adt_plugins import AdtWarning, pipeline, transcribe
from adt_plugins.errors import AudioError, CancelledError, ModelError
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.transcription import Transcription
from tests.support.paths import EXAMPLES
from tests.support.recordings import HITS, SECONDS, assert_heard, hits_of, write_wave
from tests.support.tiny_model import DRUMS, RATE, play


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wave(
        tmp_path_factory.mktemp("audio") / "song.wav", play(HITS, SECONDS)
    )


def test_hits_source_and_model_of_a_file(song: Path, tiny_model: Path) -> None:
    result = transcribe(song, model=tiny_model)
    assert_heard(result, HITS)
    assert result.source.path == str(song)
    assert result.source.sha256 == hashlib.sha256(song.read_bytes()).hexdigest()
    assert (result.source.sample_rate, result.source.channels) == (RATE, 1)
    assert result.source.duration == pytest.approx(SECONDS)
    assert result.source.offset == 0
    assert result.model["name"] == "tiny"
    assert result.model["sha256"] == find_model(tiny_model).sha256
    assert result.model["thresholds"] == dict.fromkeys(DRUMS, 0.4)
    assert result.model["picker"]["kind"] == "madmom"
    assert Transcription.from_json(result.to_json()) == result


def test_path_file_object_and_samples_are_heard_alike(
    song: Path, tiny_model: Path
) -> None:
    expected = hits_of(transcribe(song, model=tiny_model))
    with song.open("rb") as file:
        from_file = transcribe(file, model=tiny_model)
        assert not file.closed
    assert hits_of(from_file) == expected
    assert from_file.source.sha256 == hashlib.sha256(song.read_bytes()).hexdigest()
    pcm = np.round(play(HITS, SECONDS) * 32767) / 32768
    from_samples = transcribe((pcm, RATE), model=tiny_model)
    np.testing.assert_allclose(
        [time for time, _ in hits_of(from_samples)],
        [time for time, _ in expected],
        atol=1e-3,
    )
    assert from_samples.source.sha256 is None
    assert from_samples.source.path is None


def test_a_part_keeps_the_times_of_the_whole(song: Path, tiny_model: Path) -> None:
    result = transcribe(song, model=tiny_model, start=0.8, end=2.3)
    assert_heard(result, [hit for hit in HITS if 0.8 < hit[0] < 2.3])
    assert result.source.offset == 0.8
    assert result.source.duration == pytest.approx(1.5)
    assert result.activations is not None
    assert result.activations.offset == 0.8


def test_drums_are_filtered_and_unknown_ones_refused(
    song: Path, tiny_model: Path
) -> None:
    only = transcribe(song, model=tiny_model, drums=["KD", "SD"])
    assert_heard(only, [hit for hit in HITS if hit[1] != "HH"])
    assert_heard(
        transcribe(song, model=tiny_model, drums="HH"),
        [hit for hit in HITS if hit[1] == "HH"],
    )
    for options in ({"drums": ["RDC"]}, {"thresholds": {"RDC": 0.5}}):
        with pytest.raises(ModelError, match=r"'tiny' has no drum RDC; it has KD"):
            transcribe(song, model=tiny_model, **options)


def test_a_threshold_replaces_that_of_the_model(song: Path, tiny_model: Path) -> None:
    result = transcribe(song, model=tiny_model, thresholds={"SD": 1.0})
    assert_heard(result, [hit for hit in HITS if hit[1] != "SD"])
    assert result.model["thresholds"] == {"KD": 0.4, "SD": 1.0, "HH": 0.4}


def test_louder_hits_have_higher_velocities(tiny_model: Path) -> None:
    samples = play([(0.5, "KD")], 2.0, level=0.05) + play([(1.0, "KD")], 2.0, level=0.8)
    soft, loud = transcribe((samples, RATE), model=tiny_model).onsets
    assert loud.velocity > soft.velocity + 10


@pytest.mark.parametrize("seconds", [0.001, 1.0, 30.0])
def test_silence_has_no_hits(tiny_model: Path, seconds: float) -> None:
    silence = np.zeros(round(seconds * RATE), np.float32)
    result = transcribe((silence, RATE), model=tiny_model)
    assert result.onsets == ()
    assert result.activations is not None
    assert result.activations.values.shape == (-(-len(silence) // 441), 3)


def test_activations_are_kept_only_if_wanted(song: Path, tiny_model: Path) -> None:
    kept = transcribe(song, model=tiny_model).activations
    assert kept is not None
    assert kept.values.shape == (300, 3)
    assert kept.values.dtype == np.float32
    assert kept.outputs == DRUMS
    assert (kept.frame_rate, kept.offset) == (100, 0)
    without = transcribe(song, model=tiny_model, keep_activations=False)
    assert without.activations is None
    assert_heard(without, HITS)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_of_its_own_is_gone_before_beats_are_searched(
    song: Path, tiny_model: Path, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Network]] = []
    left: list[Network | None] = []

    def open_network(model: Path) -> Network:
        network = Network(find_model(model))
        made.append(weakref.ref(network))
        return network

    def find_beats(*_: object) -> tuple[()]:
        left.extend(one() for one in made)
        return ()

    monkeypatch.setattr(pipeline, "open_network", open_network)
    monkeypatch.setattr(pipeline, "_find_beats", find_beats)
    transcribe(song, model=tiny_model, threads=threads)
    assert left == [None]


def test_progress_rises_to_one(tiny_model: Path) -> None:
    seen: list[float] = []
    transcribe((play(HITS, 40.0), RATE), model=tiny_model, progress=seen.append)
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert 0 <= seen[0] < 0.5
    assert seen[-1] == 1


def test_progress_ends_at_one_where_the_length_is_not_known(
    song: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adt_plugins.audio.AudioReader.position", None)
    seen: list[float] = []
    transcribe(song, model=tiny_model, progress=seen.append)
    assert seen == [1]


def test_cancelling_stops_between_blocks(tiny_model: Path) -> None:
    event = threading.Event()
    seen: list[float] = []

    def stop_at_a_third(fraction: float) -> None:
        seen.append(fraction)
        if fraction > 1 / 3:
            event.set()

    recording = (play(HITS, 60.0), RATE)
    with pytest.raises(CancelledError, match="samples: cancelled"):
        transcribe(recording, model=tiny_model, progress=stop_at_a_third, cancel=event)
    assert seen[-1] < 0.5
    with pytest.raises(CancelledError):
        transcribe(recording, model=tiny_model, cancel=lambda: True)
    # Nothing is left behind in the network.
    assert_heard(transcribe(recording, model=tiny_model), HITS)


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_what_is_found_does_not_depend_on_threads(
    song: Path, tiny_model: Path, threads: int
) -> None:
    alone = transcribe(song, model=tiny_model, fine=False, threads=1)
    beside = transcribe(song, model=tiny_model, fine=False, threads=threads)
    assert alone.to_json() == beside.to_json()
    assert alone.activations is not None
    assert beside.activations is not None
    assert np.array_equal(alone.activations.values, beside.activations.values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": "0:01"}, "start is a number, not '0:01'"),
        ({"end": "2"}, "end is a number, not '2'"),
        ({"bpm": "120"}, "bpm is a number, not '120'"),
        ({"first_downbeat": "1"}, "first_downbeat is a number, not '1'"),
        ({"meter": 4}, "4 is not a meter such as 4/4"),
        ({"threads": "2"}, "threads is a whole number, not '2'"),
        ({"thresholds": 0.5}, "thresholds are a mapping such as {'snare': 0.4}, not"),
        ({"source": (44100, np.zeros(44100))}, "ndarray is no sample"),
    ],
)
def test_arguments_of_other_types_are_refused(
    song: Path, tiny_model: Path, arguments: dict[str, Any], message: str
) -> None:
    given = {"source": song, "model": tiny_model, **arguments}
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        transcribe(given.pop("source"), **given)


def test_with_threads_errors_are_those_without(
    song: Path, tiny_model: Path, tmp_path: Path
) -> None:
    broken = np.zeros(30 * RATE, np.float32)
    broken[20 * RATE] = np.nan
    missing = tmp_path / "missing.wav"
    for source in ((broken, RATE), missing, tmp_path):
        texts = []
        for threads in (1, 2):
            with pytest.raises(AudioError) as caught:
                transcribe(source, model=tiny_model, threads=threads)
            texts.append(str(caught.value))
        assert texts[0] == texts[1]
    with pytest.raises(ValueError, match="threads is at least 1, not 0"):
        transcribe(song, model=tiny_model, threads=0)
    before = threading.active_count()

    def interrupt(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transcribe(song, model=tiny_model, threads=2, progress=interrupt)
    assert threading.active_count() == before


@pytest.mark.parametrize("shared", [False, True])
def test_threads_do_not_disturb_each_other(tiny_model: Path, shared: bool) -> None:
    recordings = [play(HITS[i:], SECONDS) for i in range(len(HITS))] * 2
    network = Network(find_model(tiny_model))

    def run(samples: Any) -> list[tuple[float, str]]:
        return hits_of(
            transcribe((samples, RATE), model=network if shared else tiny_model)
        )

    expected = [run(samples) for samples in recordings]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, recordings)) == expected


def test_a_damaged_recording_warns_and_is_heard(
    song: Path, tiny_model: Path, tmp_path: Path
) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = np.random.default_rng(0).normal(0, 0.1, 4 * RATE)
    soundfile.write(tmp_path / "whole.flac", samples, RATE)
    data = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 2])
    with pytest.warns(AdtWarning, match=r"cut\.flac: "):
        result = transcribe(tmp_path / "cut.flac", model=tiny_model)
    assert result.source.duration is not None
    assert 1.5 < result.source.duration < 2.1
    pipe = io.BytesIO(data[: len(data) // 2])
    pipe.name = "<stdin>"
    with pytest.warns(AdtWarning, match=r"^standard input: damaged"):
        assert transcribe(pipe, model=tiny_model).onsets == result.onsets


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_importing_is_silent_and_loads_nothing_heavy() -> None:
    out = run_python(
        "import sys, adt_plugins, adt_plugins.cli\n"
        "heavy = {'numpy', 'scipy', 'soundfile', 'tqdm', 'mido', 'ai_edge_litert'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    assert out == "[]\n"


def test_public_names_survive_the_import_of_every_submodule() -> None:
    out = run_python(
        "import importlib, pkgutil, types, adt_plugins\n"
        "for module in pkgutil.iter_modules(adt_plugins.__path__):\n"
        "    if not module.name.startswith('__'):\n"
        "        importlib.import_module('adt_plugins.' + module.name)\n"
        "modules = [name for name in adt_plugins.__all__\n"
        "           if isinstance(getattr(adt_plugins, name), types.ModuleType)]\n"
        "from adt_plugins import transcribe\n"
        "print(modules, callable(transcribe))"
    )
    assert out == "[] True\n"


def test_public_names_are_listed_and_others_are_not_there() -> None:
    assert set(adt_plugins.__all__) <= set(dir(adt_plugins))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        adt_plugins.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_the_shipped_model_hears_the_example() -> None:
    from adt_plugins.evaluation import evaluate

    examples = EXAMPLES
    result = transcribe(examples / "groove.flac")
    assert result.source.duration == pytest.approx(20.06, abs=0.01)
    truth = adt_plugins.load(examples / "groove.txt")
    for drums in (["KD", "SD", "HH"], ["KD", "SD", "HH", "TT", "CY"]):
        evaluation = evaluate(truth, result, drums, [0.05])
        assert (evaluation.score().f or 0) >= 0.97
    # What its page says of the shipped model.
    page = (examples / "README.md").read_text(encoding="utf-8")
    claim = re.search(r"finds (\d+) of its (\d+) hits .*?\(F ([\d.]+)", page)
    assert claim is not None
    score = evaluation.score()
    assert int(claim[2]) == score.matched + score.missed
    assert int(claim[1]) == pytest.approx(score.matched, abs=2)
    assert float(claim[3]) == pytest.approx(score.f, abs=0.01)
    assert result.tempo == pytest.approx(104, abs=0.05)
