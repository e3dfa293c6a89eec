"""Folders for rhythm games."""

from __future__ import annotations

import configparser
import warnings
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from adt_plugins import AdtWarning, formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.formats.chart.chart_text import clock_of, read_chart
from adt_plugins.formats.chart.pads import BeatGrid, Note, by_level, notes_of
from adt_plugins.midi.tempo_map import TempoMap, tempo_map
from adt_plugins.transcription import Transcription

RATE = 44100

# Numbers of the text format: pad, cymbal, accent, ghost.
WANTED = {
    0.5: {0},
    1.0: {1},
    1.5: {2, 66},
    2.0: {3, 67},
    2.5: {4, 68},
    3.0: {2},
    3.5: {3},
    4.0: {4},
    4.5: {1, 34},
    5.0: {1, 40},
}
SONG = Transcription(
    tuple(
        Onset(time, drum, velocity)
        for time, drum, velocity in (
            (0.5, Drum.KD, 90),
            (1.0, Drum.SD, 90),
            (1.5, Drum.CHH, 90),
            (2.0, Drum.RDC, 90),
            (2.5, Drum.CRC, 90),
            (3.0, Drum.HIT, 90),
            (3.5, Drum.MHT, 90),
            (4.0, Drum.LFT, 90),
            (4.5, Drum.SD, 120),
            (5.0, Drum.SD, 30),
        )
    ),
    tuple(Beat(n / 2, n % 4 + 1) for n in range(13)),
)


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    times = np.arange(6 * RATE) / RATE
    left = 0.3 * np.sin(2 * np.pi * 440 * times)
    soundfile.write(path, np.stack([left, 0 * left], axis=1), RATE)
    return path


@pytest.fixture
def folder(tmp_path: Path, audio: Path) -> Path:
    paths = formats.write(SONG, tmp_path / "song.chart", "chart", audio=audio)
    assert {path.name for path in paths} == {
        "song.ini",
        "notes.chart",
        "notes.mid",
        "song.opus",
    }
    return tmp_path / "song.chart"


def test_the_text_form(folder: Path) -> None:
    text = (folder / "notes.chart").read_text()
    assert "Resolution = 960" in text
    expert = text.partition("[ExpertDrums]")[2].partition("}")[0]
    actual: dict[float, set[int]] = {}
    for line in expert.splitlines():
        if "=" in line:
            tick, _, value = line.partition("=")
            actual.setdefault(int(tick) / 1920, set()).add(int(value.split()[1]))
    assert actual == WANTED
    assert "0 = B 120000" in text
    assert "0 = TS 4\n" in text.replace("\r", "")


def test_the_midi_form_holds_the_same_notes(folder: Path) -> None:
    file = mido.MidiFile(folder / "notes.mid")
    assert [track.name for track in file.tracks] == ["song", "PART DRUMS", "EVENTS"]
    drums = file.tracks[1]
    assert "[ENABLE_CHART_DYNAMICS]" in [m.text for m in drums if m.type == "text"]
    tick, played = 0, []
    for message in drums:
        tick += message.time
        if message.type == "note_on" and 95 <= message.note <= 112:
            played.append((tick / 1920, message.note, message.velocity))
    assert [(t, n) for t, n, _ in played if n <= 100] == [
        (0.5, 96),
        (1.0, 97),
        (1.5, 98),
        (2.0, 99),
        (2.5, 100),
        (3.0, 98),
        (3.5, 99),
        (4.0, 100),
        (4.5, 97),
        (5.0, 97),
    ]
    assert [v for _, n, v in played if n == 97] == [100, 127, 1]
    toms = [(t, n) for t, n, _ in played if n >= 110]
    assert toms == [(3.0, 110), (3.5, 111), (4.0, 112)]


def test_the_sound_and_what_the_game_shows(folder: Path, audio: Path) -> None:
    samples, rate = soundfile.read(folder / "song.opus")
    assert rate == 48000
    assert samples.shape[1] == 2
    assert len(samples) == pytest.approx(6 * 48000, abs=2)
    assert np.abs(samples[48000:-48000, 0]).max() == pytest.approx(0.3, abs=0.05)
    assert np.abs(samples[48000:-48000, 1]).max() < 0.05  # the sides stay apart
    ini = configparser.ConfigParser()
    ini.read(folder / "song.ini")
    assert ini["song"]["pro_drums"] == "True"
    assert ini["song"]["name"] == "song"
    assert int(ini["song"]["song_length"]) == pytest.approx(6000, abs=1)
    assert not {"album", "genre", "year"} & set(ini["song"])  # none are known


def test_it_reads_back(folder: Path) -> None:
    for path in (folder, folder / "notes.chart", folder / "notes.mid"):
        song = formats.read(path)
        assert [o.time for o in song] == pytest.approx([o.time for o in SONG], abs=1e-4)
        assert [o.drum for o in song] == [
            *(Drum.KD, Drum.SD, Drum.HH, Drum.RDC, Drum.CRC),
            *(Drum.HIT, Drum.MHT, Drum.LFT, Drum.SD, Drum.SD),
        ]
        assert [o.velocity for o in song][-3:] == [90, 120, 35]
        assert [beat.position for beat in song.beats[:5]] == [1, 2, 3, 4, 1]


def test_the_midi_form_is_read_where_there_is_no_other(folder: Path) -> None:
    both = formats.read(folder)
    (folder / "notes.chart").unlink()
    assert formats.read(folder).onsets == both.onsets


def test_other_midi_files_of_that_name_are_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "My notes.mid"
    formats.write(SONG, path, "midi")
    assert formats.format_of_file(path) == "midi"
    assert len(formats.read(path)) == len(SONG)
    with pytest.raises(FormatError, match="no track PART DRUMS"):
        formats.read(path, "chart")


@pytest.mark.parametrize("kept", [0, 20, 100])
def test_a_midi_form_that_was_cut_is_refused(folder: Path, kept: int) -> None:
    path = folder / "notes.mid"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FormatError):
        formats.read(path, "chart")


def test_dynamics_count_only_where_they_are_switched_on(folder: Path) -> None:
    file = mido.MidiFile(folder / "notes.mid")
    drums = file.tracks[1]
    drums[:] = [message for message in drums if message.type != "text"]
    file.save(folder / "notes.mid")
    song = formats.read(folder / "notes.mid")
    assert {onset.velocity for onset in song} == {90}


@pytest.mark.parametrize("form", ["mix_3_drums0{}", '"[mix 3 drums2{}]"'])
def test_a_disco_flip_is_put_back(form: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.chart"
    drums = [
        "0 = N 1 0",
        "0 = N 0 0",
        f"192 = E {form.format('d')}",
        "192 = N 1 0",
        "384 = N 2 0",
        "384 = N 66 0",
        "576 = N 2 0",
        "768 = N 3 0",
        f"960 = E {form.format('dnoflip')}",
        "960 = N 1 0",
        f"1000 = E {form.format('d').replace('3', '2')}",
        "1152 = N 1 0",
    ]
    head = "[Song]\n{\n}\n[SyncTrack]\n{\n}\n[ExpertDrums]\n{\n"
    path.write_text(head + "\n".join(drums) + "\n}\n")
    wanted = [
        *(Drum.KD, Drum.SD, Drum.HH, Drum.SD, Drum.SD, Drum.MHT, Drum.SD, Drum.SD),
    ]
    assert [onset.drum for onset in formats.read(path)] == wanted


def test_a_disco_flip_of_the_midi_form_is_put_back(folder: Path) -> None:
    file = mido.MidiFile(folder / "notes.mid")
    file.tracks[1].insert(2, mido.MetaMessage("text", text="[mix 3 drums3d]"))
    file.save(folder / "notes.mid")
    drums = [onset.drum for onset in formats.read(folder / "notes.mid")]
    assert drums[:3] == [Drum.KD, Drum.HH, Drum.SD]
    assert drums[5] is Drum.SD
    assert drums[-2:] == [Drum.HH, Drum.HH]


@pytest.mark.parametrize("name", ["notes.chart", "notes.mid", "."])
def test_a_delay_of_the_song_counts(name: str, folder: Path) -> None:
    ini = folder / "song.ini"
    ini.write_text(ini.read_text().replace("[song]", "[Song]") + "Delay = -600\n")
    song = formats.read(folder / name)
    assert song.onsets[0].time == pytest.approx(0.4, abs=1e-3)  # 0.5 is before all
    assert song.beats[0].time == pytest.approx(0.4)
    assert song.beats[0].position == 3


def test_an_offset_of_the_chart_counts(folder: Path) -> None:
    path = folder / "notes.chart"
    path.write_text(path.read_text().replace("Offset = 0", "Offset = 0.25"))
    assert formats.read(path).onsets[0].time == pytest.approx(0.75, abs=1e-3)


def test_nothing_is_left_behind_without_a_recording(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="needs the recording"):
        formats.write(SONG, tmp_path / "other.chart", "chart")
    assert not (tmp_path / "other.chart").exists()


def test_a_chart_of_five_minutes_that_follows_a_tempo_is_exact() -> None:
    """Tempi of thousandths of a BPM would be milliseconds off by then."""
    rng = np.random.default_rng(5)
    steps = 60 / (np.linspace(101.3, 117.9, 540) + rng.normal(0, 1.5, 540))
    beats = [Beat(float(time), n % 4 + 1) for n, time in enumerate(np.cumsum(steps))]
    clock = clock_of(tempo_map(beats, how="follow"))
    assert beats[-1].time > 280
    times = np.sort(rng.uniform(0, beats[-1].time, 3000))
    back = np.array([clock.seconds(clock.tick(float(time))) for time in times])
    assert np.abs(back - times).max() < 0.0005
    bars = [beat.time for beat in beats if beat.position == 1]
    assert len(clock.tempos) > 100
    assert bars


def test_two_hands_and_two_feet() -> None:
    hits = [
        (960 * n, 0.5 * n, drum, 90)
        for n in range(2)
        for drum in (Drum.KD, Drum.SD, Drum.CHH, Drum.CRC, Drum.PHH)
    ]
    notes, left_out = notes_of(hits)
    assert [(note.tick, note.pad) for note in notes] == [
        *((0, 0), (0, 1), (0, 4)),
        *((960, 0), (960, 1), (960, 4)),
    ]
    assert sorted(left_out) == sorted([Drum.PHH, Drum.HH] * 2)
    run = [(100 * n, 0.1 * n, Drum.KD, 90) for n in range(5)]
    assert [note.double for note in notes_of(run)[0]] == [
        *(False, True, False, True, False)
    ]


def test_levels_are_thinned_by_rule() -> None:
    hits = []
    for n in range(16):  # sixteenths of one bar
        hits.append((240 * n, 0.125 * n, Drum.CHH, 90))
        if n % 8 == 4:
            hits.append((240 * n, 0.125 * n, Drum.SD, 100))
        if n % 8 in (0, 3):
            hits.append((240 * n, 0.125 * n, Drum.KD, 100))
    hits.append((240 * 15, 0.125 * 15, Drum.SD, 20))
    notes, _ = notes_of(hits)
    levels = by_level(notes, BeatGrid(TempoMap()))
    sizes = {level: len(some) for level, some in levels.items()}
    assert sizes == {"Expert": 23, "Hard": 22, "Medium": 10, "Easy": 4}
    assert all(not note.ghost for note in levels["Hard"])
    assert {note.tick % 960 for note in levels["Easy"]} == {0}
    easy = [note.tick for note in levels["Easy"]]
    assert len(easy) == len(set(easy))


def test_levels_count_from_the_bar_lines() -> None:
    """The first bar of most songs is a rest of any length."""
    timing = TempoMap(
        signatures=((0, 11, 64), (660, 4, 4)), bars=(0, 660, 4500), first=660
    )
    late = 40  # as people play
    hits = [
        (660 + 480 * n + late, 0.02 + 0.25 * n, (Drum.KD, Drum.SD)[n % 2], 100)
        for n in range(8)
    ]
    early = (650, 0.0, Drum.CRC, 100)
    levels = by_level(notes_of([early, *hits])[0], BeatGrid(timing))
    assert len(levels["Medium"]) == 9
    assert [note.pad for note in levels["Easy"]] == [4, 0, 0, 0]


def test_the_beat_of_six_eight_is_a_dotted_quarter() -> None:
    timing = TempoMap(signatures=((0, 6, 8),), bars=(0, 2880))
    hits = [(480 * n, 0.2 * n, Drum.SD, 90) for n in range(6)]
    levels = by_level(notes_of(hits)[0], BeatGrid(timing))
    assert [note.tick for note in levels["Medium"]] == [480 * n for n in range(6)]
    assert [note.tick for note in levels["Easy"]] == [0, 1440]


def test_sections_to_practise(folder: Path) -> None:
    text = (folder / "notes.chart").read_text()
    assert '= E "section Bar 1"' in text
    tracks = mido.MidiFile(folder / "notes.mid").tracks
    (events,) = (track for track in tracks if track.name == "EVENTS")
    assert [m.text for m in events if m.type == "text"] == ["[section Bar 1]", "[end]"]


NOTE = "[ExpertDrums]\n{\n0 = N 0 0\n}\n"

BAD = {
    "other text": ("hello", "not a chart"),
    "no drums": ("[Song]\n{\n}\n[SyncTrack]\n{\n}\n", "without drums"),
    "a tempo of 0": (
        "[Song]\n{\n}\n[SyncTrack]\n{\n0 = B 0\n}\n[ExpertDrums]\n{\n0 = N 0 0\n}\n",
        "a tempo of 0",
    ),
    "a number that is none": (
        "[Song]\n{\nResolution = x\n}\n[SyncTrack]\n{\n}\n" + NOTE,
        "not a whole number",
    ),
    "a resolution of 0": (
        "[Song]\n{\nResolution = 0\n}\n[SyncTrack]\n{\n}\n" + NOTE,
        "a resolution of 0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_chart(name: str, tmp_path: Path) -> None:
    text, reason = BAD[name]
    path = tmp_path / "notes.chart"
    path.write_text(text)
    with pytest.raises(FormatError, match=reason):
        formats.read(path)


@given(st.text(alphabet="[]{}=NBTS SongyncTrackExpertDrums0123456789\n", max_size=400))
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    head = (
        "[Song]\n{\n}\n[SyncTrack]\n{\n0 = B 120000\n}\n[ExpertDrums]\n{\n0 = N 0 0\n"
    )
    for content in (text, head + text):
        try:
            chart = read_chart(content)
        except FormatError:
            continue
        assert all(isinstance(note, Note) for note in chart.notes)


def test_a_far_note_does_not_make_a_million_beats(tmp_path: Path) -> None:
    path = tmp_path / "notes.chart"
    path.write_text(
        "[Song]\n{\n}\n[SyncTrack]\n{\n}\n[ExpertDrums]\n{\n999999999 = N 0 0\n}\n"
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        song = formats.read(path)
    assert song.beats == ()
    assert [str(w.message) for w in caught if w.category is AdtWarning]
    assert clock_of(TempoMap()).tempos == [(0, 120_000)]
