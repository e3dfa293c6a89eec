"""MIDI files of other programs, and hostile ones."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import mido
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adt_plugins import formats
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.midi.beats import beats_of
from adt_plugins.midi.reader import Clock, parse
from tests.support.midi_files import (
    midi_bytes,
    on,
    read_bytes,
    save,
    tempo,
    track,
)

END = b"\x00\xff\x2f\x00"
KICK = b"\x00\x99\x24\x64"


@pytest.mark.parametrize(
    ("data", "times"),
    [
        (save(0, 480, track(on(36, 480), on(36, 480))), [0.5, 1.0]),
        (save(1, 96, track(tempo(1_000_000)), track(on(36, 96))), [1.0]),
        (
            # Two beats at 60 BPM, then 240 BPM: the map lies on another track.
            save(1, 100, track(tempo(1_000_000), tempo(250_000, 200)),
                 track(on(36, 100), on(36, 100), on(36, 100), on(36, 200))),
            [1.0, 2.0, 2.25, 2.75],
        ),
        (
            # The last of two tempos at one tick counts, and one on a note track.
            save(1, 100, track(tempo(1), tempo(1_000_000)),
                 track(on(36, 100), tempo(500_000), on(36, 100))),
            [1.0, 1.5],
        ),
        (midi_bytes(b"\x19" + KICK[1:] + END, division=0xE728), [25 / 1000]),
        (midi_bytes(b"\x1e" + KICK[1:] + END, division=0xE201), [1.0]),
        (midi_bytes(b"\x1e" + KICK[1:] + END, division=0xE301), [1.001]),
        (
            midi_bytes(b"\x00\xff\x51\x03\x00\x00\x01\x18" + KICK[1:] + END,
                       division=0xE801),
            [1.0],  # 24 frames; the tempo means nothing in SMPTE time
        ),
        # Running status, also across a meta event; velocity 0 is no hit.
        (midi_bytes(b"\x00\x99\x24\x64\x60\x24\x00\x60\x24\x64\x00\xff\x01\x01a"
                    b"\x60\x24\x64" + END, division=96), [0.0, 1.0, 1.5]),
        # No end of track; bytes after it; a foreign chunk; a longer header.
        (midi_bytes(KICK), [0.0]),
        (midi_bytes(KICK + END + b"\xff\xff"), [0.0]),
        (midi_bytes(KICK + END) + b"trailing", [0.0]),
        (midi_bytes()[:11] + b"\1\3\xc0XFIH\0\0\0\2ab" + midi_bytes(KICK)[14:], [0.0]),
        (b"MThd\0\0\0\7\0\0\0\1\3\xc0!" + midi_bytes(KICK)[14:], [0.0]),
        # Events that do not matter: system exclusive, an odd key signature (mido
        # refuses the file), a tempo without a value, pitch bend, a system message.
        (midi_bytes(b"\x00\xf0\x03\x01\x02\xf7\x00\xff\x59\x02\x20\x00"
                    b"\x00\xff\x51\x00\x00\xe9\x00\x40\x00\xc9\x00\x00\xf2\x00\x00"
                    + KICK + END), [0.0]),
    ],
)  # fmt: skip
def test_times(tmp_path: Path, data: bytes, times: list[float]) -> None:
    read = read_bytes(data, tmp_path)
    assert [o.drum for o in read] == [Drum.KD] * len(times)
    assert [o.time for o in read] == pytest.approx(times, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_times_are_mido_s(tmp_path: Path, seed: int) -> None:
    """The same notes at the same times, in random files with tempo maps."""
    dice = random.Random(seed)
    tracks = []
    for _ in range(dice.randint(1, 3)):
        messages: list[Any] = []
        for _ in range(dice.randint(0, 40)):
            ticks = dice.choice([0, 1, 100, 20_000])
            messages.append(
                tempo(dice.randint(1, 2_000_000), ticks)
                if dice.random() < 0.3
                else on(dice.randint(35, 81), ticks, 9, dice.randint(0, 127))
            )
        tracks.append(track(*messages))
    data = save(1, dice.choice([24, 96, 480, 960]), *tracks)
    elapsed, want = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        elapsed += message.time
        if message.type == "note_on" and message.velocity:
            want.append((elapsed, message.note, message.velocity))
    file = parse(data)
    clock = Clock(file.division, (t for part in file.tracks for t in part.tempos))
    got = [
        (clock.seconds(n.tick), n.note, n.velocity)
        for part in file.tracks
        for n in part.notes
    ]
    assert sorted(n[1:] for n in got) == sorted(n[1:] for n in want)
    assert sorted(n[0] for n in got) == pytest.approx(sorted(n[0] for n in want))


def named(name: str) -> mido.MetaMessage:
    return mido.MetaMessage("track_name", name=name)


@pytest.mark.parametrize(
    ("tracks", "notes"),
    [
        ([track(on(36, 0), on(38, 0, channel=0))], [Drum.KD]),
        (
            [
                track(named("Bass"), on(38, 0, 1)),
                track(named("My DRUMS"), on(36, 0, 2)),
            ],
            [Drum.KD],
        ),
        (
            [track(named("Drums"), on(38, 0, 1)), track(named("Other"), on(36, 0, 9))],
            [Drum.KD],
        ),
        ([track(named("Percussion"), on(36, 0, 0), on(38, 9, 3))], [Drum.KD, Drum.SD]),
    ],
)
def test_which_notes_are_drums(
    tmp_path: Path, tracks: list[mido.MidiTrack], notes: list[Drum]
) -> None:
    told: list[str] = []
    content = save(1, 96, *tracks)
    assert [o.drum for o in read_bytes(content, tmp_path, told.append)] == notes


def test_notes_that_are_no_drums_are_listed(tmp_path: Path) -> None:
    data = save(0, 96, track(on(27, 0), on(36, 0), on(27, 5), on(100, 5)))
    got: list[str] = []
    assert len(read_bytes(data, tmp_path, got.append)) == 1
    path = tmp_path / "b.mid"
    assert got == [
        f"{path}: notes that are not drums were left out: 'note 27' (2), 'note 100' (1)"
    ]


ENDLESS = b"\xff" * 3_000_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"MThd", "not a MIDI file"),
        (b"MTrk\0\0\0\0", "not a MIDI file"),
        (b"RIFF" + midi_bytes(KICK), "not a MIDI file"),
        (midi_bytes(KICK, kind=3), "of type 3"),
        (midi_bytes(KICK, kind=0xFFFF), "of type 65535"),
        (midi_bytes(KICK, division=0), "without a time division"),
        (midi_bytes(KICK, division=0x8000), "without a time division"),
        (midi_bytes(KICK, division=0xE700), "without a time division"),
        (midi_bytes(KICK)[:-1], "track 1 is cut off"),
        (midi_bytes(KICK)[:14], "cut off in track 1 of 1"),
        (midi_bytes(KICK)[:20], "cut off in track 1 of 1"),
        (midi_bytes(KICK)[:10] + b"\xff\xff\3\xc0", "cut off in track 1 of 65535"),
        (b"MThd\xff\xff\xff\xff\0\0\0\1\3\xc0", "cut off in track 1"),
        (midi_bytes(b"\x00"), "track 1 is cut off"),
        (midi_bytes(b"\x00\x99"), "track 1 is cut off"),
        (midi_bytes(b"\x00\x99\x24"), "track 1 is cut off"),
        (midi_bytes(b"\x00\xff\x03\x7fabc"), "track 1 is cut off"),
        (midi_bytes(b"\x00\xff"), "track 1 is cut off"),
        (midi_bytes(b"\x00\xf0\xff\xff\xff\x7f"), "track 1 is cut off"),
        (midi_bytes(b"\x00\x24\x64"), "data without a status"),
        (midi_bytes(ENDLESS), "more than four bytes"),
        (midi_bytes(b"\x00\xff\x01" + ENDLESS), "more than four bytes"),
        (midi_bytes(b"\x00\x90\x24\x64"), "no notes on channel 10"),
        (midi_bytes(b"\x00\x99\x1b\x64"), "none of its notes is a drum: 'note 27'"),
    ],
)
def test_hostile_files_are_refused(
    tmp_path: Path, data: bytes, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "b.mid"
    path.write_bytes(data)
    with pytest.raises(FormatError) as error:
        formats.read(path, "midi")
    assert str(error.value).startswith(f"{path}: ")
    assert reason in str(error.value)
    assert str(error.value).isprintable()
    assert capfd.readouterr() == ("", "")


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_files_are_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(
        save(
            1, 96, track(tempo(400_000)), track(on(36, 0), on(38, 300), on(42, 20_000))
        )
    )
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    reason = ""
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        file = parse(cut)
        Clock(file.division, (t for part in file.tracks for t in part.tempos))
    except FormatError as error:
        reason = str(error)
    assert reason.isprintable()


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200), st.integers(1, 0xFFFF))
def test_random_tracks_are_read_or_refused(content: bytes, division: int) -> None:
    try:
        file = parse(midi_bytes(content, division=division))
    except FormatError:
        return
    clock = Clock(division, file.tracks[0].tempos)
    times = [clock.seconds(note.tick) for note in file.tracks[0].notes]
    assert times == sorted(times)
    assert all(t >= 0 for t in times)
    beats, _ = beats_of(file, clock, lambda _: None)
    assert list(beats) == sorted(beats)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 127), st.binary(max_size=4)), max_size=8),
    st.integers(1, 0x7FFF),
)
@example([(0, b"\x04\x06\x18\x08")], 96)  # 4/64
@example([(0, b"\x02\x03")], 1)  # 2/8 with half a tick for a beat
@example([(1, b"\x02\x04"), (115, b""), (127, b""), (127, b"\x01\x00")], 134)
def test_random_time_signatures_make_beats_or_none(
    signatures: list[tuple[int, bytes]], division: int
) -> None:
    content = b"".join(
        bytes([delta]) + b"\xff\x58" + bytes([len(data)]) + data
        for delta, data in signatures
    )
    file = parse(midi_bytes(content + b"\x7f\x99\x24\x64", division=division))
    beats, meters = beats_of(file, Clock(division), lambda _: None)
    assert beats or not meters
    assert list(beats) == sorted(beats)
