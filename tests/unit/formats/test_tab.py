"""Hits on a grid of beats, and the tab that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.notation.part import make_part
from adt_plugins.labels.tracks import tracks_of
from adt_plugins.meter import Meter, Meters, meter_changes
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.transcription import Transcription


def beats(count: int, meter: int = 4, first: int = 1, at: float = 0.0) -> list[Beat]:
    return [Beat(at + n / 2, (first - 1 + n) % meter + 1) for n in range(count)]


def hits(code: str, *times: float) -> list[Onset]:
    return [Onset(time, Drum(code)) for time in times]


def whole(onsets: Sequence[Onset], counted: Sequence[Beat]) -> Transcription:
    source = Source("music/Söng.flac")
    return Transcription(tuple(onsets), tuple(counted), source)


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
        "HH hi-hat (x closed), SD snare, KD kick\n"
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
        "CC crash, RD ride (b bell), T1 high tom, SD snare, f flam\n"
        "\n"
        "         1\n"
        "    3e&a 1e&a2e&a3tl\n"
        "CC |----|x---------- |\n"
        "RD |----|x-b-------- |\n"
        "T1 |----|--------ooo |\n"
        "SD |o-o-|----f------ |\n"
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


def test_what_is_left_out_is_counted_in_one_line(tmp_path: Path) -> None:
    path, got = tmp_path / "a.tab.txt", list[str]()
    many = [Onset(0.0, drum) for drum in (Drum.SD, Drum.CRC, Drum.HIT, Drum.CHH)]
    formats.write(whole(many, beats(4)), path, warn=got.append)
    assert got == [
        f"{path}: left out 2 hits heard twice or too much for two hands:"
        " closed hi-hat 1, high tom 1"
    ]


def test_bar_lines_stand_below_each_other(tmp_path: Path) -> None:
    """Bars 2 and 7 have triplets, bar 6 has 32nds."""
    slow = [Beat(float(n), n % 4 + 1) for n in range(32)]
    times = [
        n + k / parts
        for n in range(32)
        for parts in [3 if n // 4 in (1, 6) else 8 if n // 4 == 5 else 2]
        for k in range(parts)
    ]
    lines = written(whole(hits("SD", *times), slow), tmp_path).splitlines()
    places = {
        tuple(n for n, sign in enumerate(line) if sign == "|")
        for line in lines
        if line.startswith("SD |")
    }
    assert len(places) == 1
    assert len(places.pop()) == 3  # of two bars: four would be too wide


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
    """Return bars of beats of a length, with a kick on every beat."""
    time, counted = 0.0, list[Beat]()
    for count, step in counts:
        for position in range(1, count + 1):
            counted.append(Beat(time, position))
            time += step
    kicks = tuple(Onset(beat.time, Drum.KD) for beat in counted)
    return Transcription(kicks, tuple(counted), meters=meter_changes(meters))


def test_the_last_bar_has_its_own_meter(tmp_path: Path) -> None:
    changes: Meters = [(1, "5/4"), (2, "3/4"), (3, "2/4")]
    song = metered(changes, [(5, 0.5), (3, 0.5), (2, 0.5)])
    text = written(song, tmp_path)
    assert "3 (2/4)" in text
    assert "KD |o---o---o---o---o---|o---o---o---|o---o---|\n" in text
    # Whose beats end before it does.
    song = metered([(1, "4/4"), (3, "3/4")], [(4, 0.5), (4, 0.5), (2, 0.5)])
    assert "|o---o-------|\n" in written(song, tmp_path)


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
    unit = Meter.parse(meter).tempo_unit
    stated = 60 / step * song.beat_places()[1] / unit
    beats = "quarters" if meter == "7/8" else "beats"
    assert tab.splitlines()[1] == f"{stated:.0f} {beats} a minute, {meter}"
    xml = ET.parse(formats.write(song, tmp_path / "song.drums.musicxml")[0])
    upper, lower = meter.split("/")
    assert [e.text for e in xml.iter("beats")] == [upper]
    assert [e.text for e in xml.iter("beat-type")] == [lower]
    quarters = float(xml.find(".//sound").get("tempo"))  # type: ignore[union-attr, arg-type]
    assert quarters == pytest.approx(stated * unit, abs=0.01)
    assert xml.findtext(".//per-minute") == f"{stated:.0f}"
    assert xml.findtext(".//beat-unit") == ("half" if meter == "2/2" else "quarter")
    assert (xml.find(".//beat-unit-dot") is not None) == (unit == 1.5)
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
        assert read.tempo == pytest.approx(stated, abs=0.01)


def test_a_change_of_meter_passes_through_every_writer(tmp_path: Path) -> None:
    changes = [(1, "4/4"), (3, "6/8"), (5, "7/8")]
    bars = [*[(4, 0.5)] * 2, *[(2, 0.75)] * 2, *[(7, 0.25)] * 2]
    song = metered(changes, bars)
    xml = ET.parse(formats.write(song, tmp_path / "song.drums.musicxml")[0])
    headings = [
        (measure.get("number"), time.findtext("beats"), time.findtext("beat-type"))
        for measure in xml.iter("measure")
        for time in measure.iter("time")
    ]
    assert headings == [("1", "4", "4"), ("3", "6", "8"), ("5", "7", "8")]
    tab = formats.write(song, tmp_path / "song.tab.txt")[0].read_text()
    assert "3 (6/8)" in tab
    assert "5 (7/8)" in tab  # at the beginning of a line, too
    midi = formats.read(formats.write(song, tmp_path / "song.drums.mid")[0])
    json = formats.read(formats.write(song, tmp_path / "song.drums.json")[0])
    assert midi.meters == json.meters == song.meters
    assert midi.tempo == pytest.approx(120)


def test_bars_are_counted_alike(tmp_path: Path) -> None:
    """Two hits before the beats, a pickup of a beat: bar 1 is the first downbeat's."""
    counted = [Beat(2.0 + n / 2, (n + 3) % 4 + 1) for n in range(9)]
    song = whole(hits("KD", 0.5, 1.0, *(b.time for b in counted)), counted)
    bars = {bar.number: bar.beats[0].time for bar in make_part(song).bars}
    assert bars[1] == pytest.approx(2.5)
    assert min(bars) == 0
    timing = tempo_maps(song)[0]
    lines = dict(enumerate(timing.bars, timing.first_bar))
    assert timing.seconds(lines[1]) == pytest.approx(2.5)
    labels = {
        label.text: label.start for track in tracks_of(song) for label in track.labels
    }
    assert labels["Bar 1"] == labels["1.1"] == 2.5
    assert labels["0.4"] == 2.0
