"""MIDI files of other programs: on other channels, with other notes and ends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.transcription import Transcription
from tests.support.foreign_midi import BAR, hits, meta, read, save, tempo_track

# Where beats end


@pytest.mark.parametrize(
    ("ticks", "beats"),
    [
        (0, 4),  # the end of track follows the last note
        (96, 4),
        (BAR * 5000, 4),  # hours later: up to the end of the bar of the last note
    ],
)
def test_beats_end_with_the_bar_of_the_last_note(
    tmp_path: Path, ticks: int, beats: int
) -> None:
    drums = hits(36, 38, 36, 38)
    drums.append(meta("end_of_track", time=ticks))
    path = tmp_path / "a.mid"
    save(path, tempo_track(), drums)
    song, warnings = read(path)
    assert [beat.position for beat in song.beats] == list(range(1, beats + 1))
    assert warnings == []


def test_an_end_on_a_bar_line_makes_no_empty_bar(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    save(
        path, tempo_track(), hits(*[36] * 8)
    )  # the last note ends on the line of bar 3
    assert len(read(path)[0].beats) == 8
    end = meta("end_of_track", time=2 * BAR)
    save(path, tempo_track(end), hits(*[36] * 6))
    assert len(read(path)[0].beats) == 8


def test_a_marker_or_a_tempo_later_is_part_of_the_song(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    save(path, tempo_track(meta("marker", text="Coda", time=3 * BAR)), hits(36))
    assert len(read(path)[0].beats) == 4 * 3


def test_a_controller_hours_later_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    drums = hits(36, 38)
    drums.append(mido.Message("control_change", control=123, time=5000 * BAR))
    save(path, tempo_track(), drums)
    assert len(read(path)[0].beats) == 4


@pytest.mark.parametrize(
    "event",
    [
        mido.MetaMessage("marker", text="x"),
        mido.MetaMessage("lyrics", text="x"),
        mido.MetaMessage("set_tempo", tempo=400_000),
        mido.MetaMessage("time_signature", numerator=7, denominator=8),
        mido.Message("sysex", data=(1, 2)),
        mido.Message("note_off", channel=9, note=36),
    ],
    ids=lambda event: event.type,
)
@pytest.mark.parametrize("bars", [17, 20_000])
def test_nothing_hours_later_makes_bars(
    tmp_path: Path, event: mido.Message, bars: int
) -> None:
    path = tmp_path / "a.mid"
    drums = hits(36, 38)
    drums.append(event.copy(time=bars * BAR))
    save(path, tempo_track(), drums)
    song, warnings = read(path)
    assert len(song.beats) == 4
    assert warnings == []


@pytest.mark.parametrize("tail", [0, 1, 7, 40])
def test_beats_behind_the_last_hit_come_back(tmp_path: Path, tail: int) -> None:
    beats = tuple(Beat(n * 0.5, n % 4 + 1) for n in range(8 + tail))
    song = Transcription((Onset(0.0, Drum.KD), Onset(3.6, Drum.SD)), beats)
    path = formats.write(song, tmp_path / "a.mid")[0]
    assert [b.position for b in read(path)[0].beats] == [b.position for b in beats]
    one_track = formats.write(song, tmp_path / "b.mid", midi_type=0)[0]
    assert len(read(one_track)[0].beats) == len(beats)


def test_hits_behind_the_last_beat_make_no_beats(tmp_path: Path) -> None:
    beats = tuple(Beat(n * 0.5, n % 4 + 1) for n in range(8))
    song = Transcription((Onset(5.9, Drum.KD),), beats)
    path = formats.write(song, tmp_path / "a.mid")[0]
    assert len(read(path)[0].beats) == 8


# Drums on other channels


@pytest.mark.parametrize(
    "name",
    [
        "Schlagzeug",
        "Trommesett",
        "Bicí",
        "Bateri\u0301a",
        "打楽器",
        "My Kit",
        "Batterie",
        "Batería",
        "bateria",
        "Slagverk perc",
        "DRUMS",
        "Slagverk",
        "Tamburi",
        "Tambours",
        "Tobe",
        "Dob",
        "Bubnjevi",
        "Lyömäsoittimet",
        "パーカッション",
        "打击乐",
        "타악기",
        "กลองชุด",
        "Bộ trống",
        "Drm 1",
        "SSD5",
    ],
)
def test_tracks_that_are_named_after_drums(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.mid"
    with suppress(UnicodeEncodeError):  # mido writes Latin-1
        save(path, tempo_track(), hits(36, channel=0, name=name), hits(60, channel=1))
        assert read(path)[0].counts() == {"KD": 1}
    name = name.encode().decode("latin-1")
    save(path, tempo_track(), hits(36, channel=0, name=name), hits(60, channel=1))
    assert read(path)[0].counts() == {"KD": 1}


@pytest.mark.parametrize(
    "name",
    [
        "Kitchen",
        "Piano",
        "",
        "Heartbeats",
        "Steel Drums",
        "Percussive Organ",
        "Perception",
    ],
)
def test_others_are_not_guessed_and_what_there_is_is_told(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "a.mid"
    save(path, tempo_track(), hits(36, 38, channel=0, name=name), hits(60, channel=3))
    with pytest.raises(FormatError) as error:
        formats.read(path)
    shown = f" {name!r}" if name else ""
    assert str(error.value) == (
        f"{path}: no notes on channel 10 and no track named drums; it has"
        f" track 2{shown} (channel 1, 2 notes), track 3 (channel 4, 1 notes):"
        " choose with --midi-track or --midi-channel"
    )


@pytest.mark.parametrize(
    ("option", "value", "drums"),
    [
        ("--midi-channel", "1", {"KD": 1, "SD": 1}),
        ("--midi-channel", "4", {"CRC": 1}),
        ("--midi-track", "2", {"KD": 1, "SD": 1}),
        ("--midi-track", "studio", {"KD": 1, "SD": 1}),
        ("--midi-track", "Studio A", {"KD": 1, "SD": 1}),
    ],
)
def test_where_the_drums_are_can_be_said(
    tmp_path: Path, option: str, value: str, drums: dict[str, int]
) -> None:
    path = tmp_path / "a.mid"
    studio = hits(36, 38, channel=0, name="Studio A")
    save(path, tempo_track(), studio, hits(49, channel=3))
    command = ["convert", str(path), "--format", "json", option, value]
    assert main(command) == 0
    assert formats.read(tmp_path / "a.drums.json").counts() == drums


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--midi-channel", "5"], "no notes on channel 5; it has track 2 'Studio A'"),
        (["--midi-track", "1"], "no notes on track '1'; it has track 2"),
        (["--midi-track", "stduio a"], "no track 'stduio a'; did you mean Studio A?"),
        (["--midi-track", "9"], "no track '9'; it has track 2"),
    ],
)
def test_where_they_are_not_is_told(
    tmp_path: Path,
    options: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "a.mid"
    save(path, tempo_track(), hits(36, channel=0, name="Studio A"))
    assert main(["convert", str(path), "--format", "json", *options]) == 1
    assert message in capsys.readouterr().err


# Notes are kept unless a change is asked for


def written_notes(path: Path) -> list[int]:
    return [m.note for m in mido.MidiFile(path) if m.type == "note_on" and m.velocity]


def test_notes_stay_as_they_are_from_midi_to_midi(tmp_path: Path) -> None:
    toms = [50, 48, 47, 45, 43, 41, 35, 40, 59, 57, 56, 22]
    path = tmp_path / "a.mid"
    save(path, tempo_track(), hits(*toms))
    assert main(["convert", str(path), "--format", "midi"]) == 0
    assert written_notes(tmp_path / "a.drums.mid") == toms
    # Asked for a sampler in which 50 is a muted cymbal, it is not written.
    convert = ["convert", str(path), "--format", "midi", "--overwrite"]
    assert main([*convert, "--from-drum-map", "gm", "--drum-map", "superior"]) == 0
    assert written_notes(tmp_path / "a.drums.mid")[0] == 48
    # A hit that was changed to another drum gets that drum's note.
    song = formats.read(path).coarse()
    again = formats.write(song, tmp_path / "b.mid")[0]
    assert written_notes(again)[:6] == [47] * 6


def test_a_note_is_no_part_of_a_hit(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    save(path, tempo_track(), hits(50))
    (onset,) = formats.read(path)
    assert onset.note == 50
    assert onset == Onset(onset.time, Drum.HIT, 90)
    assert "50" not in Transcription((onset,)).to_json().split('"source"')[0]
    text = (
        Transcription((onset,)).to_json().replace('"velocity"', '"note": 3, "velocity"')
    )
    assert Transcription.from_json(text).onsets[0].note is None


@pytest.mark.parametrize("options", [{}, {"midi_type": 0}, {"tracks": "per-drum"}])
def test_our_own_file_comes_back_with_its_drums(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    song = Transcription(tuple(Onset(n / 4, drum) for n, drum in enumerate(Drum)))
    coarse = song.coarse()
    for whole in (coarse, song["KD", "CHH", "OHH", "RDC", "CRC", "SST"]):
        path = formats.write(whole, tmp_path / "a.mid", overwrite=True, **options)[0]
        assert [o.drum for o in read(path)[0]] == [o.drum for o in whole]
    # Where two drums share a note, the coarse one is meant: it includes the other.
    path = formats.write(song["HH"], tmp_path / "a.mid", overwrite=True, **options)[0]
    assert [o.drum for o in read(path)[0]] == ["HH", "HH", "PHH", "OHH"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7d",
        b"\x7dadt-plugins",
        b"\x7dadt-plugins end=x notes=36:KD",
        b"\x7dadt-plugins end=5 notes=36:\xff\xff",
        b"\x7dadt-plugins end=5 notes=" + b"36:KD," * 500,
        b"\x43adt-plugins end=5 notes=38:KD",
    ],
)
def test_what_only_looks_like_our_event_says_nothing(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "a.mid"
    event = mido.MetaMessage("sequencer_specific", data=tuple(data))
    save(path, tempo_track(event), hits(38, 38, 38, 38, 38))
    song, warnings = read(path)
    assert song.counts() == {"SD": 5}
    assert len(song.beats) == 5
    assert warnings == []


def test_what_pretty_midi_refuses_is_told(tmp_path: Path) -> None:
    pretty_midi = pytest.importorskip("pretty_midi")
    path, warnings = tmp_path / "a.mid", list[str]()
    last = Transcription((Onset((10_000_000 - 121) / 1920, Drum.KD),))
    formats.write(last, path, warn=warnings.append)
    assert warnings == []
    assert pretty_midi.PrettyMIDI(str(path)).instruments
    later = last.shifted(1 / 1920)
    formats.write(later, path, warn=warnings.append, overwrite=True)
    assert warnings[:1] == [
        f"{path}: has events beyond 10 million ticks, which pretty_midi and"
        " programs based on it refuse; others read it"
    ]
    with pytest.raises(ValueError, match="largest tick"):
        pretty_midi.PrettyMIDI(str(path))


def test_meters_and_tempo_stay_from_midi_to_midi(tmp_path: Path) -> None:
    """4/4, 7/8, 4/4 at 120, eighths on the hi-hat; ticks as exact as times are."""
    meters = [(0, 4, 4), (2 * BAR, 7, 8), (2 * BAR + 2 * 336, 4, 4)]
    events, before = list[mido.MetaMessage](), 0
    for tick, upper, lower in meters:
        time, before = tick - before, tick
        signature = {"numerator": upper, "denominator": lower, "time": time}
        events.append(meta("time_signature", **signature))
    path = tmp_path / "a.mid"
    tempo = meta("set_tempo", tempo=500_000)
    eighths = hits(*[42] * (8 + 8 + 7 + 7 + 8 + 8), step=48)
    save(path, mido.MidiTrack([tempo, *events]), eighths)
    assert main(["convert", str(path), "--format", "midi"]) == 0
    made = mido.MidiFile(tmp_path / "a.drums.mid").tracks[0]
    actual, tempi, tick = [], [], 0
    for message in made:
        tick += message.time
        if message.type == "time_signature":
            actual.append((tick // 10, message.numerator, message.denominator))
        elif message.type == "set_tempo":
            tempi.append((tick, message.tempo))
    assert actual == meters
    assert tempi == [(0, 500_000)]
    assert formats.read(tmp_path / "a.drums.mid") == formats.read(path)


@pytest.mark.parametrize(
    "tempi",
    [
        [500_000] * 16 + [487_805] * 16,  # 120, 123
        [500_000 - 4000 * beat for beat in range(32)],
        [500_000 + 9000 * (beat * beat % 3 - 1) for beat in range(32)],  # a live take
        [500_000, 500_000, 504_000, 504_000] * 8,
    ],
)
def test_tempi_stay_from_midi_to_midi(tempi: list[int], tmp_path: Path) -> None:
    """What lay on the beat is on the beat again, as programs show it."""
    path = tmp_path / "a.mid"
    changes = [meta("set_tempo", tempo=tempo, time=96) for tempo in tempi]
    changes[0].time = 0
    save(path, mido.MidiTrack(changes), hits(*[36, 38] * 16, step=96))
    assert main(["convert", str(path), "--format", "midi"]) == 0
    song = mido.MidiFile(tmp_path / "a.drums.mid")
    tick, places = 0, []
    for message in mido.merge_tracks(song.tracks):
        tick += message.time
        if message.type == "note_on" and message.velocity:
            places.append(tick / song.ticks_per_beat)
    np.testing.assert_allclose(places[:31], np.arange(31) + 0.5, atol=0.002)
    first, again = formats.read(path), formats.read(tmp_path / "a.drums.mid")
    for one, other in ((first.beats, again.beats), (first.onsets, again.onsets)):
        times = [event.time for event in one]
        np.testing.assert_allclose([event.time for event in other], times, atol=0.001)


@pytest.mark.parametrize(
    "signatures",
    [
        [(12, 8), (5, 8), (2, 2)],
        [(15, 16), (3, 2)],
        [(11, 8), (13, 16)],
        [(6, 8), (3, 4), (9, 8)],
    ],
)
def test_the_last_bar_keeps_its_meter_where_it_is_the_only_one(
    tmp_path: Path, signatures: list[tuple[int, int]]
) -> None:
    """Half a bar is played of it, so that its length follows from its meter."""
    metas, since = [meta("set_tempo", tempo=500_000)], 0
    drums = mido.MidiTrack()
    for number, (upper, lower) in enumerate(signatures):
        step = 4 * 96 // lower
        metas.append(
            meta("time_signature", numerator=upper, denominator=lower, time=since)
        )
        since = 2 * upper * step
        is_last = number == len(signatures) - 1
        drums += hits(*[36] * (upper // 2 if is_last else 2 * upper), step=step)
    save(tmp_path / "a.mid", mido.MidiTrack(metas), drums)
    song, _ = read(tmp_path / "a.mid")
    written = mido.MidiFile(formats.write(song, tmp_path / "b.mid")[0])
    assert signatures == [
        (message.numerator, message.denominator)
        for message in written.tracks[0]
        if message.type == "time_signature"
    ]


@pytest.mark.parametrize("bars", [1, 4, 100])
@pytest.mark.parametrize("bpm", [92.5, 99.99, 110, 127.97, 128.02, 174.37, 200.01])
def test_a_tempo_that_is_stated_is_not_rounded(
    tmp_path: Path, bpm: float, bars: int
) -> None:
    """A recording at 127.97 may be one at 127.95; a file that says 127.97 is not."""
    tempo = mido.bpm2tempo(bpm)
    start = mido.MidiTrack([meta("set_tempo", tempo=tempo), *tempo_track()[1:]])
    save(tmp_path / "a.mid", start, hits(*[42, 38] * (2 * bars)))
    song = formats.read(tmp_path / "a.mid")
    assert song.tempo_text() == f"{bpm:g} BPM 4/4"
    written = formats.write(song, tmp_path / "b.mid")[0]
    messages = mido.MidiFile(written).tracks[0]
    assert [m.tempo for m in messages if m.type == "set_tempo"] == [tempo]
