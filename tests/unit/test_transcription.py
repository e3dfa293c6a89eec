"""The data types: strict values, order, slices, JSON, tables."""

from __future__ import annotations

import json
import math
import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adt_plugins import formats
from adt_plugins.activations import Activations
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError, MissingDependencyError
from adt_plugins.evaluation import evaluate, time_errors
from adt_plugins.meter import Meter, meter_changes
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.model_info import ModelInfo
from adt_plugins.plot import plot
from adt_plugins.recording import source_audio
from adt_plugins.separation import separate
from adt_plugins.transcription import Transcription
from tests.support.make_golden import golden
from tests.support.transcriptions import small

# Values


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"time": -0.001}, ValueError),
        ({"time": math.nan}, ValueError),
        ({"time": math.inf}, ValueError),
        ({"time": 10**400}, ValueError),
        ({"time": "1.0"}, TypeError),
        ({"time": True}, TypeError),
        ({"time": None}, TypeError),
        ({"drum": "XX"}, ValueError),
        ({"drum": 999}, ValueError),
        ({"drum": None}, ValueError),
        ({"velocity": 0}, ValueError),
        ({"velocity": 128}, ValueError),
        ({"velocity": 64.0}, TypeError),
        ({"velocity": True}, TypeError),
        ({"velocity": "64"}, TypeError),
        ({"confidence": 1.0000001}, ValueError),
        ({"confidence": -0.1}, ValueError),
        ({"confidence": math.nan}, ValueError),
        ({"confidence": False}, TypeError),
    ],
)
def test_an_onset_refuses_what_is_out_of_range(
    values: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        Onset(**{"time": 1.0, "drum": "KD", **values})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Beat(-1.0, 1),
        lambda: Beat(math.nan, 1),
        lambda: Beat(1.0, 0),
        lambda: Beat(1.0, 1.0),  # type: ignore[arg-type]
        lambda: Source(sample_rate=0),
        lambda: Source(channels=1.5),  # type: ignore[arg-type]
        lambda: Source(duration=-1.0),
        lambda: Source(duration=math.inf),
        lambda: Source(offset=math.nan),
        lambda: Source(path=3),  # type: ignore[arg-type]
        lambda: Source(sha256=b"00"),  # type: ignore[arg-type]
        lambda: Transcription(model=ModelInfo.from_dict({"a": math.nan})),
        lambda: Transcription(model=ModelInfo.from_dict({"a": {1}})),
        lambda: Transcription(model=ModelInfo.from_dict({1: "a"})),  # type: ignore[dict-item]
    ],
)
def test_beats_sources_and_models_refuse_what_is_out_of_range(
    make: Callable[[], object],
) -> None:
    with pytest.raises((TypeError, ValueError)):
        make()


def test_numpy_numbers_become_plain_ones() -> None:
    onset = Onset(np.float32(0.5), "KD", np.int64(9), np.float64(1))  # type: ignore[arg-type]
    assert onset == Onset(0.5, Drum.KD, 9, 1.0)
    kinds = {type(v) for v in (onset.time, onset.velocity, onset.confidence)}
    assert kinds == {float, int}
    assert onset.drum is Drum.KD
    model = ModelInfo.from_dict({"t": np.float32(0.5), "v": np.arange(2)})
    assert model == {"t": 0.5, "v": [0, 1]}
    json.dumps(model.to_dict())


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1, Onset(-0.0, Drum.KD).time) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda path: separate(path, "song.flac"),
        lambda path: formats.write(path, "song.mid"),
        plot,
        lambda path: evaluate(path, path),
        lambda path: evaluate([path], [path]),
        lambda path: time_errors(path, path),
        source_audio,
    ],
)
def test_functions_of_transcriptions_refuse_paths_in_one_line(
    call: Callable[[Any], Any],
) -> None:
    with pytest.raises(TypeError, match=r"not str; adt_plugins\.load reads one"):
        call("song.drums.json")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"onsets": [(0.5, "KD")]}, "onsets: (0.5, 'KD') is not an Onset"),
        ({"onsets": Onset(0.5, Drum.KD)}, "onsets are a sequence, not Onset("),
        ({"onsets": "KD"}, "onsets are a sequence, not 'KD'"),
        ({"beats": [1, 2]}, "beats: 1 is not a Beat"),
        ({"labels": ["verse"]}, "labels: 'verse' is not a Label"),
        ({"source": "song.wav"}, "source: 'song.wav' is not a Source"),
        ({"activations": 3}, "activations: 3 is not an Activations"),
    ],
)
def test_parts_of_other_types_are_refused(parts: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        Transcription(**parts)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda t: t["1:00":], "start is a number, not '1:00'"),
        (lambda t: t.between(1, None), "end is a number, not None"),
        (lambda t: t.between(math.nan), "start is a number, not nan"),
        (lambda t: t.shifted("1"), "seconds is a number, not '1'"),
        (lambda t: t.shifted(math.nan), "seconds is a number, not nan"),
    ],
)
def test_times_that_are_none_are_refused(
    call: Callable[[Transcription], object], error: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=error):
        call(small())


def test_a_drum_is_named_as_anywhere() -> None:
    names: list[Any] = ["Snare drum", "sd", 38]
    assert {Onset(0.5, name).drum for name in names} == {Drum.SD}
    song = small()
    assert song.only("snare") == song.only(["SD"]) == song["snare"] != song
    assert "snare" in song
    assert Drum.SD in song
    assert "splash" not in song
    assert song.onsets[0] in song
    with pytest.raises(ValueError, match="unknown drum 'nothing'"):
        "nothing" in song  # noqa: B015


def test_equal_ones_have_one_hash() -> None:
    model = ModelInfo(name="drums", thresholds={"KD": 0.2})
    one, same = (replace(small(), model=model) for _ in range(2))
    assert {one, same} == {one}
    assert len({one, small().shifted(1)}) == 2


def test_nothing_can_be_changed() -> None:
    model = {"thresholds": {"KD": 0.5}}
    whole = Transcription(
        onsets=(Onset(1.0, Drum.KD),),
        model=model,  # type: ignore[arg-type]
    )
    with pytest.raises(FrozenInstanceError):
        whole.onsets[0].time = 2.0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        whole.onsets = ()  # type: ignore[misc]
    model["thresholds"]["KD"] = 0.9
    assert whole.model == {"thresholds": {"KD": 0.5}}


def test_pickling_keeps_everything() -> None:
    assert pickle.loads(pickle.dumps(golden())) == golden()


# Order, slices, views


def test_onsets_and_beats_are_in_order() -> None:
    whole = small()
    assert [(o.time, o.drum) for o in whole] == [
        (1.0, "CHH"),
        (1.0, "KD"),
        (2.0, "SD"),
        (3.0, "HH"),
    ]
    assert [b.time for b in whole.beats] == [0.5, 2.5]
    assert len(whole) == 4


@pytest.mark.parametrize(
    ("key", "times", "beats"),
    [
        (slice(1.0, 3.0), [1.0, 1.0, 2.0], [2.5]),
        (slice(None, 1.0), [], [0.5]),
        (slice(2, None), [2.0, 3.0], [2.5]),
        (slice(None), [1.0, 1.0, 2.0, 3.0], [0.5, 2.5]),
        ("HH", [1.0, 3.0], [0.5, 2.5]),
        (Drum.CHH, [1.0], [0.5, 2.5]),
        (("KD", "SD"), [1.0, 2.0], [0.5, 2.5]),
        (["HH", Drum.CHH], [1.0, 3.0], [0.5, 2.5]),
        ("LFT", [], [0.5, 2.5]),
    ],
)
def test_slices(key: Any, times: list[float], beats: list[float]) -> None:
    part = small()[key]
    assert [o.time for o in part.onsets] == times
    assert [b.time for b in part.beats] == beats
    assert part.source == small().source


@pytest.mark.parametrize(
    ("key", "error"),
    [(slice(0, 1, 2), ValueError), ("XX", ValueError), (0, TypeError)],
)
def test_other_keys_are_refused(key: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        small()[key]


def test_times_counts_and_coarse_drums() -> None:
    whole = small()
    np.testing.assert_array_equal(whole.times("HH"), [1.0, 3.0])
    np.testing.assert_array_equal(whole.times(Drum.CHH), [1.0])
    assert whole.times("TT").dtype == np.float64
    assert list(whole.counts().items()) == [
        ("KD", 1),
        ("SD", 1),
        ("HH", 1),
        ("CHH", 1),
    ]
    assert whole.coarse().counts() == {"KD": 1, "SD": 1, "HH": 2}


def test_shifting_moves_all_times_and_drops_what_falls_before_zero() -> None:
    values = Activations(np.zeros((4, 1), np.float32), ("KD",), 100.0, 2.0)
    moved = replace(small(), activations=values).shifted(-1.5)
    assert [(o.time, o.drum, o.velocity) for o in moved] == [
        (0.5, "SD", 90),
        (1.5, "HH", 60),
    ]
    assert moved.beats == (Beat(1.0, 2),)
    assert moved.activations is not None
    assert moved.activations.offset == 0.5


def test_repr_says_what_is_there() -> None:
    assert repr(small()) == (
        "<Transcription of 'song.wav', 4.00 s, about 30 BPM: KD 1, SD 1, HH 1, CHH 1,"
        " 2 beats>"
    )
    assert repr(Transcription()) == "<Transcription: no onsets>"


def test_the_html_form_is_escaped() -> None:
    page = replace(small(), source=Source('<img src="x">&.wav'))._repr_html_()
    assert "<img" not in page
    assert "&lt;img src=&quot;x&quot;&gt;&amp;.wav" in page
    assert "<tr><td>CHH</td><td>Closed hi-hat</td><td>1</td></tr>" in page


# Tables and files


def test_a_data_frame_has_one_row_an_onset() -> None:
    pytest.importorskip("pandas")
    table = small().to_dataframe()
    assert list(table.columns) == ["time", "drum", "velocity", "confidence"]
    assert table.iloc[2].tolist() == [2.0, "SD", 90, 1.0]
    assert type(table.drum[0]) is str
    empty = Transcription().to_dataframe()
    assert [str(t) for t in empty.dtypes] == [str(t) for t in table.dtypes]


def test_without_pandas_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        MissingDependencyError, match=r"pip install .adt-plugins\[pandas"
    ):
        small().to_dataframe()


def test_saving_and_reading_by_name(tmp_path: Path) -> None:
    path = tmp_path / "song.drums.json"
    assert small().save(path) == [path]
    assert Transcription.read(path) == small()
    small().save(path)  # nobody has changed it
    path.write_text(small().to_json() + "\n")
    with pytest.raises(FileExistsError):
        small().save(path)
    small()["KD"].save(path, overwrite=True)
    assert Transcription.read(path) == small()["KD"]
    with pytest.raises(FormatError, match="does not indicate a format"):
        small().save(tmp_path / "song.xyz")


def test_thin_methods(tmp_path: Path) -> None:
    small().to_labels(tmp_path / "a.txt", text="name")
    assert "Closed hi-hat" in (tmp_path / "a.txt").read_text()
    small().to_midi(tmp_path / "a.mid")
    assert (tmp_path / "a.mid").read_bytes()[:4] == b"MThd"
    assert Transcription.read(tmp_path / "a.txt", "labels").times("SD") == [2.0]


# Meter and tempo


def counted(*bars: int, step: float = 0.5) -> tuple[Beat, ...]:
    positions = [n for bar in bars for n in range(1, bar + 1)]
    return tuple(Beat(n * step, position) for n, position in enumerate(positions))


def test_meter_and_its_changes_are_in_the_json() -> None:
    song = Transcription(beats=counted(4, 4), meters=meter_changes("4/4"))
    assert song.to_dict()["meter"] == "4/4"
    assert Transcription.from_json(song.to_json()) == song
    changes = [(1, "4/4"), (2, "7/8")]
    song = Transcription(beats=counted(4, 7), meters=meter_changes(changes))
    assert song.to_dict()["meter"] == [
        {"bar": 1, "meter": "4/4"},
        {"bar": 2, "meter": "7/8"},
    ]
    assert Transcription.from_json(song.to_json()) == song
    assert "meter" not in Transcription(beats=counted(4)).to_dict()


def test_files_of_earlier_builds_have_the_meter_in_the_model() -> None:
    data = Transcription(beats=counted(2, 2)).to_dict()
    read = Transcription.from_dict(data | {"model": {"name": "x", "meter": "6/8"}})
    assert read.meter == Meter(6, 8)
    assert "meter" not in read.model
    odd = Transcription.from_dict(data | {"model": {"meter": "four"}})
    assert odd.meter is None


@pytest.mark.parametrize(
    "meter",
    [7, "four", "4/5", ["4/4"], [{"bar": 0, "meter": "4/4"}], [{"meter": 4}],
     [{"bar": 1, "meter": "4/4"}, {"bar": 1, "meter": "3/4"}],
     [{"bar": 1.5, "meter": "4/4"}]],
)  # fmt: skip
def test_a_meter_that_is_not_valid_is_refused(meter: object) -> None:
    data = Transcription(beats=counted(4)).to_dict()
    with pytest.raises(FormatError, match="not a whole transcription"):
        Transcription.from_dict(data | {"meter": meter})


def test_tempo_counts_as_the_meter_does() -> None:
    assert Transcription().tempo is None
    assert Transcription(beats=counted(4, 4)).tempo == pytest.approx(120)
    waltz = Transcription(beats=counted(3, 3), meters=meter_changes("3/8"))
    # Eighths are counted, and quarters are stated, as sequencers do.
    assert waltz.tempo == pytest.approx(60)
    seven = Transcription(
        beats=tuple(Beat(n / 5, n % 7 + 1) for n in range(22)),
        meters=meter_changes("7/8"),
    )
    assert seven.tempo_text() == "150 BPM 7/8"
    jig = Transcription(beats=counted(2, 2, 2), meters=meter_changes("6/8"))
    assert jig.tempo == pytest.approx(120)
    assert jig.beat_places().tolist() == [0, 1.5, 3, 4.5, 6, 7.5]
    assert jig.tempo_text() == "120 BPM 6/8"
    faster = tuple(Beat(n**0.9, n % 4 + 1) for n in range(40))
    assert Transcription(beats=faster).tempo_text() == "81 to 94 BPM"


def sped(*stretches: tuple[int, float]) -> Transcription:
    """Return beats of a song: numbers of beats, and their tempi."""
    times = [0.0]
    for count, bpm in stretches:
        times += [times[-1] + 60 / bpm * n for n in range(1, count + 1)]
    beats = tuple(Beat(time, n % 4 + 1) for n, time in enumerate(times))
    return Transcription(beats=beats, meters=meter_changes("4/4"))


def test_a_selection_keeps_the_tempo_of_all() -> None:
    """Files of single drums lie in one project of a DAW."""
    late = np.random.default_rng(3)
    times = np.arange(72) * 60 / 149.95
    beats = tuple(Beat(round(time, 2), n % 4 + 1) for n, time in enumerate(times))
    kicks = [Onset(time, Drum.KD) for time in times]
    snares = [Onset(time + late.normal(0, 0.004), Drum.SD) for time in times[1::2]]
    song = Transcription((*kicks, *snares), beats)
    alone = Transcription(tuple(snares), beats)
    assert alone.tempo != song.tempo
    for part in (song["snare"], song["snare"].only(["SD"]), song[["kick"]]):
        assert part.tempo == song.tempo
        assert tempo_maps(part) == tempo_maps(song)
    later = song["snare"].shifted(2.5)[2.5:]
    assert later.tempo == song.tempo
    assert song["snare"] == alone
    assert Transcription.from_json(song["snare"].to_json()) == alone


def test_a_slower_end_is_not_the_tempo() -> None:
    song = sped((100, 110), (2, 100), (2, 90), (2, 80), (2, 70))
    assert song.tempo == pytest.approx(110)
    assert song.tempo_text() == "about 110 BPM 4/4"


def test_a_song_at_two_tempi_has_both() -> None:
    song = sped((56, 110), (60, 124))
    assert not song.has_steady_tempo
    assert song.tempo == pytest.approx(124, rel=0.05)
    assert song.tempo_text() == "110 to 124 BPM 4/4"
    assert sped((56, 110), (60, 113)).tempo_text().startswith("about 11")


def test_a_slice_counts_its_bars_anew() -> None:
    changes = [(1, "4/4"), (3, "3/4"), (4, "4/4")]
    song = Transcription(beats=counted(4, 4, 3, 4), meters=meter_changes(changes))
    assert song[2.0:].meters == meter_changes([(1, "4/4"), (2, "3/4"), (3, "4/4")])
    assert song[4.0:].meters == meter_changes([(1, "3/4"), (2, "4/4")])
    assert song[4.5:].meters == meter_changes([(1, "4/4")])
    assert song.shifted(1.0).meters == song.meters
    assert song.shifted(-4.0).meters == song[4.0:].meters


def test_a_steady_tempo_is_the_number_that_a_person_set() -> None:
    beats = tuple(Beat(0.1 + n * 60 / 104, n % 4 + 1) for n in range(40))
    assert Transcription(beats=beats, meters=meter_changes("4/4")).tempo == 104
