"""Hits on a grid of beats, and the tab that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from adt_plugins.formats.notation_grid import Bar, make_grid, met, tempo
from hypothesis import given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.labels.tracks import tracks_of
from adt_plugins.meter import Meters, meter_changes
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.transcription import Transcription

STEP = 0.125  # a sixteenth at 120 beats a minute


def beats(count: int, meter: int = 4, first: int = 1, at: float = 0.0) -> list[Beat]:
    return [Beat(at + n / 2, (first - 1 + n) % meter + 1) for n in range(count)]


def hits(code: str, *times: float) -> list[Onset]:
    return [Onset(time, Drum(code)) for time in times]


def whole(onsets: Sequence[Onset], counted: Sequence[Beat]) -> Transcription:
    source = Source("music/Söng.flac")
    return Transcription(tuple(onsets), tuple(counted), source)


def placed(bars: Sequence[Bar]) -> list[tuple[int, int, int, int, str]]:
    return [
        (bar.number, beat.position, step, beat.steps, str(drum))
        for bar in bars
        for beat in bar.beats
        for step in sorted(beat.hits)
        for drum in beat.hits[step]
    ]


# The grid


def test_straight_and_triplet_beats() -> None:
    straight = [n * STEP for n in range(4)]
    triplet = [0.5, 0.5 + 1 / 6 + 0.01, 0.5 + 1 / 3 - 0.01]
    bars = make_grid(whole(hits("HH", *straight, *triplet), beats(4)))
    assert placed(bars) == [
        *[(1, 1, step, 4, "HH") for step in range(4)],
        *[(1, 2, step, 3, "HH") for step in range(3)],
    ]


@pytest.mark.parametrize("late", [-0.02, -0.01, 0.0, 0.01, 0.02])
def test_loose_playing_makes_no_triplets(late: float) -> None:
    times = [0.5 + n * STEP + late * (n % 2) for n in range(16)]
    bars = make_grid(whole(hits("HH", *times), beats(12)))
    assert all(beat.steps == 4 for bar in bars for beat in bar.beats)
    assert len(placed(bars)) == 16


def test_a_hit_just_before_a_beat_belongs_to_it() -> None:
    bars = make_grid(whole(hits("KD", 0.49, 0.98), beats(4, at=0.5)))
    assert [(bar, beat, step) for bar, beat, step, *_ in placed(bars)] == [
        (1, 1, 0),
        (1, 2, 0),
    ]
    assert len(bars) == 1


def test_hits_outside_of_the_beats() -> None:
    early_and_late = hits("SD", 0.25, 5.25)
    bars = make_grid(whole(early_and_late, beats(4, at=1.0)))
    assert [bar.number for bar in bars] == [0, 1, 2, 3]
    assert [len(bar.beats) for bar in bars] == [2, 4, 4, 4]
    assert [row[:3] for row in placed(bars)] == [(0, 3, 2), (3, 1, 2)]


def test_a_pickup_bar() -> None:
    bars = make_grid(whole(hits("KD", 0.0, 0.5), beats(5, first=4)))
    assert [(bar.number, len(bar.beats)) for bar in bars] == [(0, 1), (1, 4)]


def test_finer_steps_where_hits_would_meet_and_flams_where_they_do() -> None:
    thirty_seconds = [1 + n / 8 for n in range(8)]
    slow = [Beat(float(n), n % 4 + 1) for n in range(8)]
    bars = make_grid(whole(hits("SD", *thirty_seconds), slow))
    assert [row[2:4] for row in placed(bars)] == [(n, 8) for n in range(8)]
    assert met(bars) == []
    flam = make_grid(whole(hits("SD", 0.5, 0.52), beats(4)))
    assert met(flam) == ["SD"]
    assert placed(flam) == [(1, 2, 0, 4, "SD")]


def test_meters() -> None:
    swing = [n / 2 + third / 6 for n in range(8) for third in (0, 1, 2)]
    bars = make_grid(whole(hits("HH", *swing), beats(8, meter=2)))
    assert {bar.signature for bar in bars} == {(6, 8)}
    assert [len(bar.beats) for bar in bars] == [2] * 4
    assert tempo(bars) == pytest.approx(120)
    waltz = make_grid(whole(hits("KD", 0, 1.5), beats(6, meter=3)))
    assert [len(bar.beats) for bar in waltz] == [3, 3]
    assert {bar.signature for bar in waltz} == {(3, 4)}


@pytest.mark.parametrize("counted", [[Beat(1.0, 1)], [Beat(1.0, 3), Beat(1.5, 4)]])
def test_few_beats(counted: list[Beat]) -> None:
    bars = make_grid(whole(hits("KD", 1.0, 1.5), counted))
    assert sum(len(beat.hits) for bar in bars for beat in bar.beats) == 2


def test_what_cannot_be_written() -> None:
    with pytest.raises(FormatError, match="needs beats"):
        make_grid(whole(hits("KD", 0.0), []))
    with pytest.raises(FormatError, match="too far away"):
        make_grid(whole(hits("KD", 1e9), beats(4)))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 30), st.sampled_from(Drum)), max_size=30),
    st.lists(
        st.floats(0, 30), min_size=1, max_size=20, unique_by=lambda t: round(t, 1)
    ),
    st.integers(1, 7),
)
def test_no_hit_is_lost(
    pairs: list[tuple[float, Drum]], times: list[float], meter: int
) -> None:
    onsets = tuple(Onset(time, drum) for time, drum in pairs)
    counted = [Beat(t, n % meter + 1) for n, t in enumerate(sorted(times))]
    bars = make_grid(whole(onsets, counted))
    kept = [
        onset
        for bar in bars
        for beat in bar.beats
        for step, drums in beat.hits.items()
        for found in drums.values()
        for onset in found
        if 0 <= step < beat.steps
    ]
    assert sorted(kept) == sorted(onsets)


# The tab


def written(transcription: Transcription, folder: Path) -> str:
    path = formats.output_path("song", folder, "tab")
    assert path.name == "song.tab.txt"
    formats.write(transcription, path, warn=lambda message: None)
    return path.read_text(encoding="utf-8")


def test_a_tab(tmp_path: Path) -> None:
    onsets = [
        *hits("CHH", *(n / 4 for n in range(40))),
        *hits("KD", *(0.0 + n for n in range(10))),
        *hits("SD", *(0.5 + n for n in range(10))),
    ]
    assert written(whole(onsets, beats(20)), tmp_path) == (
        "Söng\n"
        "120 beats a minute, 4/4\n"
        "\n"
        "    1                2                3                4\n"
        "    1e&a2e&a3e&a4e&a 1e&a2e&a3e&a4e&a 1e&a2e&a3e&a4e&a 1e&a2e&a3e&a4e&a\n"
        "HH |x-x-x-x-x-x-x-x-|x-x-x-x-x-x-x-x-|x-x-x-x-x-x-x-x-|x-x-x-x-x-x-x-x-|\n"
        "SD |----o-------o---|----o-------o---|----o-------o---|----o-------o---|\n"
        "KD |o-------o-------|o-------o-------|o-------o-------|o-------o-------|\n"
        "\n"
        "    5\n"
        "    1e&a2e&a3e&a4e&a\n"
        "HH |x-x-x-x-x-x-x-x-|\n"
        "SD |----o-------o---|\n"
        "KD |o-------o-------|\n"
        "\n"
        "HH hi-hat (x closed, o open), SD snare, KD kick\n"
    )


def test_a_short_piece_with_pickup_triplets_and_more_drums(tmp_path: Path) -> None:
    onsets = [
        *hits("SD", 0.0, 0.25, 1.0, 1.02),
        *hits("CRC", 0.5),
        *hits("OHH", 0.5),
        *hits("HIT", 1.5, 1.5 + 1 / 6, 1.5 + 2 / 6),
        *hits("RDB", 0.75),
        *hits("RDC", 0.5),
        *hits("SST", 1.0),
    ]
    assert written(whole(onsets, beats(4, meter=3, first=3)), tmp_path) == (
        "Söng\n"
        "120 beats a minute, 3/4\n"
        "\n"
        "          1\n"
        "     3e&a 1e&a2e&a3tl\n"
        "CC  |----|x----------|\n"
        "RD  |----|x-b--------|\n"
        "HH  |----|o----------|\n"
        "T1  |----|--------ooo|\n"
        "SST |----|----x------|\n"
        "SD  |o-o-|----d------|\n"
        "KD  |----|-----------|\n"
        "\n"
        "CC crash, RD ride (b bell), HH hi-hat (x closed, o open), T1 high tom,\n"
        "SST side stick, SD snare, KD kick, d two hits (flam or drag)\n"
    )


@pytest.mark.parametrize("drum", Drum)
def test_every_drum_has_a_place(tmp_path: Path, drum: Drum) -> None:
    text = written(whole([Onset(0.0, drum)], beats(4)), tmp_path)
    rows = [line.split("|", 1)[1] for line in text.splitlines() if "|" in line]
    assert sorted("".join(rows).replace("|", "").replace("-", "")) in (
        ["x"],
        ["o"],
        ["b"],
    )
    assert sum(row[0] != "-" for row in rows) == 1


def test_flams_are_told(tmp_path: Path) -> None:
    path, got = tmp_path / "a.tab.txt", list[str]()
    formats.write(whole(hits("SD", 0, 0.01), beats(4)), path, warn=got.append)
    assert got == [f"{path}: two hits on one step are written as d: 'SD' (1)"]


def test_without_beats(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="tab needs beats"):
        formats.write(Transcription(), tmp_path / "a.tab.txt")


def test_beats_without_hits(tmp_path: Path) -> None:
    text = written(whole([], beats(8)), tmp_path)
    assert "KD |----------------|----------------|\n" in text


@pytest.mark.parametrize(("first", "meter"), [(2, "3/4"), (3, "3/4"), (4, "4/4")])
@pytest.mark.parametrize("form", ["tab", "musicxml"])
def test_no_downbeat_at_all(first: int, meter: str, form: str, tmp_path: Path) -> None:
    counted = [Beat(n / 2, first + n) for n in range(2 if first == 2 else 1)]
    path = formats.output_path("song", tmp_path, form)
    formats.write(whole(hits("KD", 0.25), counted), path)
    text = path.read_text(encoding="utf-8")
    if form == "tab":
        assert text.splitlines()[1] == f"120 beats a minute, {meter}"
        assert text.count("o") > 0
    else:
        assert f"<beats>{meter[0]}</beats>" in text
        assert text.count("<unpitched>") == 1


# Meters


def metered(meters: Meters, counts: Sequence[tuple[int, float]]) -> Transcription:
    """Bars of so many beats of such a length, a kick on every beat."""
    time, counted = 0.0, list[Beat]()
    for count, step in counts:
        for position in range(1, count + 1):
            counted.append(Beat(time, position))
            time += step
    kicks = tuple(Onset(beat.time, Drum.KD) for beat in counted)
    return Transcription(kicks, tuple(counted), meters=meter_changes(meters))


METERS = [
    ("2/4", 2, 0.5),
    ("3/4", 3, 0.5),
    ("4/4", 4, 0.5),
    ("5/4", 5, 0.5),
    ("6/8", 2, 0.75),
    ("7/8", 7, 0.25),
    ("9/8", 3, 0.75),
    ("12/8", 4, 0.75),
    ("2/2", 2, 1.0),
]


@pytest.mark.parametrize(("meter", "count", "step"), METERS)
def test_a_meter_passes_through_every_writer(
    meter: str, count: int, step: float, tmp_path: Path
) -> None:
    song = metered(meter, [(count, step)] * 4)
    assert str(song.meter) == meter
    tab = formats.write(song, tmp_path / "song.tab.txt")[0].read_text()
    assert tab.splitlines()[1] == f"{60 / step:.0f} beats a minute, {meter}"
    xml = ET.parse(formats.write(song, tmp_path / "song.drums.musicxml")[0])
    upper, lower = meter.split("/")
    assert [e.text for e in xml.iter("beats")] == [upper]
    assert [e.text for e in xml.iter("beat-type")] == [lower]
    quarters = float(xml.find(".//sound").get("tempo"))  # type: ignore[union-attr, arg-type]
    assert quarters == pytest.approx(60 / step * song.beat_places()[1], abs=0.01)
    for measure in xml.iter("measure"):
        durations = [int(e.text or 0) for e in measure.findall("note/duration")]
        # The hands rest, the feet play.
        assert sum(durations) == 2 * 48 * 4 * int(upper) // int(lower)
    for suffix in ("drums.json", "drums.mid", "jams"):
        read = formats.read(formats.write(song, tmp_path / f"song.{suffix}")[0])
        assert read.meters == song.meters
        assert [b.position for b in read.beats][: len(song.beats)] == [
            b.position for b in song.beats
        ]
        assert read.tempo == pytest.approx(60 / step, abs=0.01)


def test_a_change_of_meter_passes_through_every_writer(tmp_path: Path) -> None:
    changes = [(1, "4/4"), (3, "6/8"), (5, "7/8")]
    bars = [*[(4, 0.5)] * 2, *[(2, 0.75)] * 2, *[(7, 0.25)] * 2]
    song = metered(changes, bars)
    xml = ET.parse(formats.write(song, tmp_path / "song.drums.musicxml")[0])
    found = [
        (measure.get("number"), time.findtext("beats"), time.findtext("beat-type"))
        for measure in xml.iter("measure")
        for time in measure.iter("time")
    ]
    assert found == [("1", "4", "4"), ("3", "6", "8"), ("5", "7", "8")]
    tab = formats.write(song, tmp_path / "song.tab.txt")[0].read_text()
    assert "3 (6/8)" in tab
    assert "5" in tab
    midi = formats.read(formats.write(song, tmp_path / "song.drums.mid")[0])
    json = formats.read(formats.write(song, tmp_path / "song.drums.json")[0])
    assert midi.meters == json.meters == song.meters
    assert midi.tempo == pytest.approx(120)


def test_bars_are_counted_alike(tmp_path: Path) -> None:
    """Two hits before the beats, a pickup of a beat: bar 1 is the first downbeat's."""
    counted = [Beat(2.0 + n / 2, (n + 3) % 4 + 1) for n in range(9)]
    song = whole(hits("KD", 0.5, 1.0, *(b.time for b in counted)), counted)
    bars = {bar.number: bar.beats[0].time for bar in make_grid(song)}
    assert bars[1] == 2.5
    assert min(bars) == 0
    timing = tempo_maps(song)[0]
    lines = dict(enumerate(timing.bars, timing.first_bar))
    assert timing.seconds(lines[1]) == pytest.approx(2.5)
    labels = {
        label.text: label.start for track in tracks_of(song) for label in track.labels
    }
    assert labels["Bar 1"] == labels["1.1"] == 2.5
    assert labels["0.4"] == 2.0
