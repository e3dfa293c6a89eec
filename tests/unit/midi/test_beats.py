"""MIDI files of transcriptions with beats: both files, their map, and their notes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.meter import Meter, meter_changes
from adt_plugins.midi.file_names import constant_path
from adt_plugins.midi.reader import Clock, parse
from adt_plugins.midi.song_files import tempo_maps
from adt_plugins.transcription import Transcription

# Drums that come back from their note as they were.
EXACT = [d for d in Drum if d not in (Drum.HH, Drum.TT, Drum.CY)]
HOUR = 3600.0


def song(bpm: float = 104.0, start: float = 0.3, bars: int = 8) -> Transcription:
    step = 60 / bpm
    times = [start + n * step for n in range(4 * bars)]
    return Transcription(
        onsets=tuple(
            Onset(t, Drum.KD if n % 2 == 0 else Drum.SD) for n, t in enumerate(times)
        ),
        beats=tuple(Beat(t, n % 4 + 1) for n, t in enumerate(times)),
    )


def metas(path: Path, kind: str) -> list[tuple[int, mido.MetaMessage]]:
    tick, ticks = 0, []
    for message in mido.MidiFile(path).tracks[0]:
        tick += message.time
        if message.type == kind:
            ticks.append((tick, message.copy(time=0)))
    return ticks


def notes(path: Path) -> list[tuple[int, int]]:
    """Return ticks and numbers of the notes."""
    file = parse(path.read_bytes())
    return [(note.tick, note.note) for track in file.tracks for note in track.notes]


def test_two_files(tmp_path: Path) -> None:
    path = tmp_path / "song.drums.mid"
    constant = tmp_path / "song.drums.120bpm.mid"
    assert formats.write(song(), path) == [path, constant]
    assert formats.possible_outputs(path, "midi") == [path, constant]
    assert constant_path(path) == constant
    assert [m.tempo for _, m in metas(constant, "set_tempo")] == [500_000]
    assert metas(constant, "marker") == []
    assert formats.song_stem(constant) == "song"
    a, b = formats.read(path), formats.read(constant)
    assert [o.drum for o in a] == [o.drum for o in b] == [o.drum for o in song()]
    for one, other, want in zip(a, b, song(), strict=True):
        assert abs(one.time - want.time) < 0.0005
        assert abs(other.time - want.time) < 0.0005


def test_without_beats_both_files_are_in_plain_time(tmp_path: Path) -> None:
    path = tmp_path / "song.drums.mid"
    written = formats.write(Transcription((Onset(1.0, Drum.KD),)), path)
    assert written == [path, constant_path(path)]
    assert path.read_bytes() == constant_path(path).read_bytes()
    assert formats.read(path).beats == ()


def test_hits_lie_on_the_bar_lines(tmp_path: Path) -> None:
    path = formats.write(song(), tmp_path / "a.mid")[0]
    lead, at = 480, 499  # an eighth, and 0.3 s
    assert [
        (tick, m.numerator, m.denominator) for tick, m in metas(path, "time_signature")
    ] == [(0, 1, 8), (lead, 4, 4)]
    assert [(tick, m.text) for tick, m in metas(path, "marker")] == [
        (0, "Lead-in"),
        *((lead + 3840 * n, f"Bar {n + 1}") for n in range(8)),
    ]
    ((tick, tempo),) = metas(path, "set_tempo")
    assert (tick, tempo.tempo) == (0, pytest.approx(60e6 / 104, abs=1))
    assert notes(path) == [(at + 960 * n, (36, 38)[n % 2]) for n in range(32)]


def test_a_pickup_is_called_so(tmp_path: Path) -> None:
    whole = song()
    counted = tuple(Beat(b.time, (b.position + 1) % 4 + 1) for b in whole.beats)
    path = formats.write(replace(whole, beats=counted), tmp_path / "a.mid")[0]
    assert [m.text for _, m in metas(path, "marker")][:3] == [
        "Lead-in",
        "Pickup",
        "Bar 1",
    ]
    assert metas(path, "marker")[2][0] == 480 + 2 * 960
    read = formats.read(path)
    assert [b.position for b in read.beats] == [b.position for b in counted]
    assert read.meter == Meter(4)


def test_hours_before_the_music_have_no_markers(tmp_path: Path) -> None:
    """A recording whose times count from midnight begins at ten in the morning."""
    path = formats.write(song(start=36_000.3), tmp_path / "a.mid")[0]
    marked = metas(path, "marker")
    assert (marked[0][0], marked[0][1].text) == (0, "Lead-in")
    assert [m.text for _, m in marked[1:]] == [f"Bar {n}" for n in range(1, 9)]
    read = formats.read(path)
    assert read.onsets[0].time == pytest.approx(36_000.3, abs=0.0005)
    assert read.beats[0].time == pytest.approx(36_000.3, abs=0.0181)


def test_six_eight(tmp_path: Path) -> None:
    whole = Transcription(
        onsets=tuple(Onset(n * 0.75, Drum.KD) for n in range(8)),
        beats=tuple(Beat(n * 0.75, n % 2 + 1) for n in range(8)),
        meters=meter_changes("6/8"),
    )
    path = formats.write(whole, tmp_path / "a.mid")[0]
    ((_, signature),) = metas(path, "time_signature")
    assert (signature.numerator, signature.denominator) == (6, 8)
    assert signature.clocks_per_click == 36
    assert [m.tempo for _, m in metas(path, "set_tempo")] == [500_000]
    assert [tick for tick, _ in notes(path)] == [1440 * n for n in range(8)]


def test_a_meter_that_is_not_known_counts_quarters(tmp_path: Path) -> None:
    whole = Transcription(beats=song().beats)
    path = formats.write(whole, tmp_path / "a.mid")[0]
    assert metas(path, "time_signature")[-1][1].numerator == 4


def test_what_is_merged_is_told_once(tmp_path: Path) -> None:
    twice = (*song().onsets, Onset(0.3, Drum.KD), Onset(0.3, Drum.KD, 1))
    got: list[str] = []
    path = tmp_path / "a.mid"
    formats.write(Transcription(twice, song().beats), path, warn=got.append)
    assert got == [f"{path}: left out hits on the tick of a louder one: 'KD' (2)"]


def test_the_order_at_one_tick(tmp_path: Path) -> None:
    path = formats.write(song(), tmp_path / "a.mid")[0]
    kinds = [m.type for m in mido.MidiFile(path).tracks[0]]
    assert kinds[:3] == ["set_tempo", "time_signature", "marker"]
    assert kinds[-1] == "end_of_track"


def test_type_0_is_the_same_on_one_track(tmp_path: Path) -> None:
    ones = formats.write(song(), tmp_path / "one.mid")
    zeros = formats.write(song(), tmp_path / "zero.mid", midi_type=0)
    for one, zero in zip(ones, zeros, strict=True):
        file = mido.MidiFile(zero)
        assert (file.type, len(file.tracks)) == (0, 1)
        assert [m.type for m in file.tracks[0]].count("end_of_track") == 1
        for kind in ("set_tempo", "time_signature", "marker"):
            assert metas(zero, kind) == metas(one, kind)
        assert notes(zero) == notes(one)
        assert formats.read(zero) == formats.read(one)


def test_there_are_two_types(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MIDI type 2"):
        formats.write(song(), tmp_path / "a.mid", midi_type=2)


@pytest.mark.parametrize("kind", [0, 1])
def test_the_type_on_the_command_line(tmp_path: Path, kind: int) -> None:
    path = formats.write(song(), tmp_path / "song.drums.json")[0]
    command = ["convert", str(path), "--format", "midi", f"--midi-type={kind}"]
    assert main(command) == 0
    assert mido.MidiFile(tmp_path / "song.drums.mid").type == kind


def test_both_files_or_none(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    constant_path(path).write_bytes(b"mine")
    with pytest.raises(formats.OutputExistsError):
        formats.write(song(), path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"mine"]


def unmerged(onsets: list[Onset], tick: Callable[[float], int]) -> tuple[Onset, ...]:
    """Leave out hits that fall on the same note and tick as another, in either file."""
    kept: dict[Any, Onset] = {}
    for key in (lambda t: round(t * 1920), tick):
        kept = {(key(o.time), o.drum.note): o for o in onsets}
        onsets = list(kept.values())
    return tuple(onsets)


def check_round_trip(whole: Transcription, folder: Path) -> None:
    """No onset moves by more than half a tick in either file."""
    timing = tempo_maps(whole)[0]
    whole = Transcription(unmerged(list(whole.onsets), timing.tick), whole.beats)
    for path in formats.write(whole, folder / "a.mid", overwrite=True):
        file = parse(path.read_bytes())
        clock = Clock(file.division, file.tracks[0].tempos)
        read = formats.read(path, warn=lambda _: None)  # of too many beats
        for drum in EXACT:
            got, want = (
                [onset for onset in each.onsets if onset.drum is drum]
                for each in (read, whole)
            )
            assert [o.velocity for o in got] == [o.velocity for o in want]
            for a, b in zip(got, want, strict=True):
                tick = min(
                    n.tick
                    for n in file.tracks[1].notes
                    if clock.seconds(n.tick) == a.time
                )
                half = (clock.seconds(tick + 1) - clock.seconds(max(tick - 1, 0))) / 2
                assert abs(a.time - b.time) <= half * 1.001


hits = st.lists(
    st.builds(Onset, st.floats(0, HOUR), st.sampled_from(EXACT), st.integers(1, 127)),
    max_size=20,
)
grids = st.lists(
    st.tuples(st.floats(0.02, 4), st.integers(1, 5)), min_size=1, max_size=30
)


@settings(deadline=None, max_examples=40)
@given(hits, grids)
def test_round_trip_over_any_tempo_map(
    tmp_path_factory: Any, onsets: list[Onset], grid: list[tuple[float, int]]
) -> None:
    time, beats = 0.0, list[Beat]()
    for step, position in grid:
        time += step
        beats.append(Beat(time, position))
    whole = Transcription(tuple(onsets), tuple(beats))
    check_round_trip(whole, tmp_path_factory.mktemp("midi"))


def test_round_trip_of_an_hour(tmp_path: Path) -> None:
    dice = random.Random(1)
    time, beats = 0.02, list[Beat]()
    while time < HOUR:
        beats.append(Beat(time, len(beats) % 4 + 1))
        time += dice.uniform(0.3, 0.8)
    onsets = [
        Onset(dice.uniform(0, HOUR), dice.choice(EXACT), dice.randint(1, 127))
        for _ in range(2000)
    ]
    whole = Transcription(tuple(onsets), tuple(beats))
    timing = tempo_maps(whole)[0]
    whole = Transcription(unmerged(onsets, timing.tick), whole.beats)
    for path in formats.write(whole, tmp_path / "a.mid"):
        read = formats.read(path)
        for drum in EXACT:
            # Half a tick at the slowest tempo of the map, 0.8 s a quarter.
            off = abs(read.times(drum) - whole.times(drum))
            assert off.max() <= 0.5 * 0.85 / 960


@pytest.mark.parametrize(("jitter", "count"), [(0, 5), (7, 0)])
def test_notes_on_a_grid_have_beats_without_a_tempo(
    jitter: int, count: int, tmp_path: Path
) -> None:
    """Standard MIDI Files 1.0: 120 BPM and 4/4, unless a file says otherwise."""
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track := mido.MidiTrack())
    for number in range(9):
        time = 240 + jitter if number else 0
        track.append(mido.Message("note_on", note=38, channel=9, time=time))
    file.save(path := tmp_path / "a.mid")
    beats = formats.read(path).beats
    assert [beat.time for beat in beats][:5] == [0.0, 0.5, 1.0, 1.5, 2.0][:count]
    assert [beat.position for beat in beats][:5] == [1, 2, 3, 4, 1][:count]


def test_notes_before_the_first_bar(tmp_path: Path) -> None:
    """Somebody moved the drums of a file of ours into its lead-in."""
    events = [
        mido.MetaMessage("marker", text="Lead-in", time=0),
        mido.MetaMessage("set_tempo", tempo=500_000, time=0),
        mido.Message("note_on", channel=9, note=38, velocity=90, time=480),
        mido.Message("note_off", channel=9, note=38, time=240),
        mido.MetaMessage("marker", text="Bar 1", time=7 * 480 + 240),
        mido.MetaMessage("end_of_track", time=4 * 480),
    ]
    path = tmp_path / "song.mid"
    file = mido.MidiFile(type=0, ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack(events))
    file.save(path)
    read = formats.read(path)
    assert [(onset.time, onset.drum) for onset in read.onsets] == [(0.5, Drum("SD"))]
    assert [beat.time for beat in read.beats] == [4.5, 5.0, 5.5, 6.0]
