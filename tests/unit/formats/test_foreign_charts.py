"""Charts as other editors and games write them."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from adt_plugins import AdtWarning, formats
from adt_plugins.annotations import Onset
from adt_plugins.drums import Drum
from adt_plugins.errors import FormatError
from adt_plugins.midi.reader import parse
from adt_plugins.transcription import Transcription

HEAD = "[Song]\n{\n  Resolution = 192\n}\n[SyncTrack]\n{\n  0 = B 120000\n}\n"
TICK_S = 0.5 / 192
PLAIN = "does not tell cymbals from toms"


def chart(path: Path, *lines: str, more: str = "") -> Path:
    text = HEAD + "[ExpertDrums]\n{\n" + "\n".join(lines) + "\n}\n" + more
    path.write_text(text, encoding="utf-8", newline="\r\n")
    return path


def track(name: str, *events: mido.Message | mido.MetaMessage) -> mido.MidiTrack:
    """Return a track whose events tell their tick as time."""
    out, before = mido.MidiTrack([mido.MetaMessage("track_name", name=name)]), 0
    for event in sorted(events, key=lambda event: event.time):
        out.append(event.copy(time=event.time - before))
        before = event.time
    return out


def hit(tick: int, note: int, velocity: int = 100, length: int = 10) -> list[object]:
    return [
        mido.Message("note_on", note=note, velocity=velocity, time=tick),
        mido.Message("note_off", note=note, time=tick + length),
    ]


def midi(path: Path, *tracks: mido.MidiTrack) -> Path:
    file = mido.MidiFile(type=1, ticks_per_beat=192)
    file.tracks += [track("any name"), *tracks]
    file.save(path)
    return path


def drums_of(song: Transcription) -> list[Drum]:
    return [onset.drum for onset in song]


FIVE = [Drum.KD, Drum.SD, Drum.HH, Drum.MHT, Drum.CY, Drum.LFT]


def test_five_lanes(tmp_path: Path) -> None:
    """The yellow and the orange pad of such kits are cymbals."""
    pads = [f"{192 * pad} = N {pad} 0" for pad in range(6)]
    assert drums_of(formats.read(chart(tmp_path / "notes.chart", *pads))) == FIVE
    hits = [event for pad in range(6) for event in hit(192 * pad, 96 + pad)]
    path = midi(tmp_path / "notes.mid", track("PART DRUMS", *hits))
    assert drums_of(formats.read(path)) == FIVE


@pytest.mark.parametrize("name", ["song.ini", "Song.ini"])
def test_the_song_says_which_kit_it_is(name: str, tmp_path: Path) -> None:
    path = chart(tmp_path / "notes.chart", "0 = N 2 0", "192 = N 4 0")
    ini = tmp_path / name
    ini.write_text("; by hand\nno tag\n[Song]\n  Five_Lane_Drums=1\n", "utf-8")
    assert drums_of(formats.read(path)) == [Drum.HH, Drum.CY]
    ini.write_text("[song]\nname = Köln\npro_drums = True\n", "cp1252")
    assert drums_of(formats.read(path)) == [Drum.HIT, Drum.LFT]


def test_where_nothing_tells_cymbals_from_toms(tmp_path: Path) -> None:
    pads = [f"{192 * pad} = N {pad} 0" for pad in range(5)]
    with pytest.warns(AdtWarning, match=PLAIN):
        song = formats.read(chart(tmp_path / "notes.chart", *pads))
    want = [Drum.KD, Drum.SD, Drum.HH, Drum.RDC, Drum.CRC]
    assert drums_of(song) == want
    hits = [event for pad in range(5) for event in hit(192 * pad, 96 + pad)]
    path = midi(tmp_path / "notes.mid", track("PART DRUMS", *hits))
    assert drums_of(formats.read(path)) == want  # what that form says of them


def test_every_kick_counts(tmp_path: Path) -> None:
    once = [*hit(0, 96), *hit(192, 96)]
    twice = [*hit(0, 96), *hit(96, 95), *hit(192, 96), *hit(192, 95)]
    path = midi(
        tmp_path / "notes.mid",
        track("PART GUITAR", *hit(0, 97)),
        track("PART DRUMS", *once),
        track("PART DRUMS_2X", *twice),
    )
    song = formats.read(path)
    assert [o.time for o in song] == pytest.approx([0, 96 * TICK_S, 192 * TICK_S])
    lines = ["0 = N 0 0", "0 = N 32 0", "96 = N 32 0", "192 = N 0 0"]
    assert formats.read(chart(tmp_path / "notes.chart", *lines)).onsets == song.onsets


@pytest.mark.parametrize("name", ["PART DRUM", "PART REAL_DRUMS_PS", "PART DRUMS "])
def test_other_names_of_the_track(name: str, tmp_path: Path) -> None:
    empty = track("PART DRUMS_2X", *hit(0, 116))  # star power alone
    path = midi(tmp_path / "notes.mid", empty, track(name, *hit(0, 97)))
    assert drums_of(formats.read(path)) == [Drum.SD]


def test_a_name_before_the_name_that_counts(tmp_path: Path) -> None:
    drums = track("Song of mine", *hit(0, 97))
    drums.insert(1, mido.MetaMessage("track_name", name="PART DRUMS"))
    assert drums_of(formats.read(midi(tmp_path / "notes.mid", drums))) == [Drum.SD]


def test_what_else_a_chart_holds_is_no_hit(tmp_path: Path) -> None:
    lines = [
        *("0 = N 1 0", "0 = N 34 0", "96 = N 2 96", "96 = N 66 0", "96 = N 41 0"),
        *(
            "0 = S 2 192",
            "0 = S 64 192",
            "96 = S 65 96",
            "0 = E solo",
            "96 = E soloend",
        ),
    ]
    more = (
        '[Events]\n{\n  0 = E "section Verse"\n  0 = E "lyric Oh-"\n}\n'
        "[ExpertSingle]\n{\n  0 = N 0 0\n  0 = N 5 0\n}\n"
    )
    song = formats.read(chart(tmp_path / "notes.chart", *lines, more=more))
    pairs = [(onset.drum, onset.velocity) for onset in song]
    assert pairs == [(Drum.SD, 120), (Drum.HH, 35)]
    others = (24, 31, 51, 103, 105, 106, 109, 116, 120, 124, 126, 127)
    hits = [
        *hit(0, 97, 127),
        *hit(96, 98, 1),
        *hit(400, 100),
        *hit(400, 112),
        *(event for note in others for event in hit(0, note, length=300)),
        mido.MetaMessage("text", text="[idle_realtime]", time=0),
        mido.MetaMessage("text", text="ENABLE_CHART_DYNAMICS", time=0),
        mido.MetaMessage("lyrics", text="Oh-", time=0),
        mido.Message("sysex", data=(0x50, 0x53, 0, 0, 3, 5, 1), time=96),
    ]
    lyrics = mido.MetaMessage("lyrics", text="Oh-", time=5)
    path = midi(
        tmp_path / "notes.mid",
        track("PART DRUMS", *hits),
        track("PART VOCALS", lyrics, *hit(0, 96)),
        track("EVENTS", mido.MetaMessage("text", text="[section Verse]", time=0)),
        track("BEAT", *hit(0, 12)),
    )
    pairs = [(onset.drum, onset.velocity) for onset in formats.read(path)]
    assert pairs == [(Drum.SD, 120), (Drum.HH, 35), (Drum.LFT, 90)]


def test_a_mark_holds_until_it_ends(tmp_path: Path) -> None:
    spans = ((100, 92), (192, 8), (300, 0))
    marks = [e for tick, length in spans for e in hit(tick, 110, length=length)]
    notes = [e for tick in (0, 100, 192, 199, 200, 300, 301) for e in hit(tick, 98)]
    path = midi(tmp_path / "notes.mid", track("PART DRUMS", *marks, *notes))
    tom, hat = Drum.HIT, Drum.HH
    assert drums_of(formats.read(path)) == [hat, tom, tom, tom, hat, tom, hat]


def test_events_that_a_strict_reader_refuses(tmp_path: Path) -> None:
    """A key of 20 sharps; and a status that goes on behind a system message."""
    path = midi(tmp_path / "notes.mid", track("PART DRUMS", *hit(0, 97)))
    name = b"\x00\xff\x03\x0aPART DRUMS"
    data = path.read_bytes()
    start = data.index(name)
    body = (
        name
        + b"\x00\xff\x59\x02\x14\x00"
        + b"\x00\x90\x61\x64\x00\xf0\x08PS\x00\x00\x03\x05\x01\xf7"
        + b"\x60\x60\x64\x00\xff\x2f\x00"
    )
    path.write_bytes(data[: start - 4] + len(body).to_bytes(4, "big") + body)
    assert drums_of(formats.read(path)) == [Drum.SD, Drum.KD]


def test_an_old_encoding(tmp_path: Path) -> None:
    path = tmp_path / "notes.chart"
    text = HEAD.replace("{", '{\n  Name = "Köln"', 1) + "[HardDrums]\n{\n0 = N 1 0\n}\n"
    path.write_bytes(text.encode("cp1252"))
    assert drums_of(formats.read(path)) == [Drum.SD]
    path.write_bytes(text.encode("utf-16"))
    assert drums_of(formats.read(path)) == [Drum.SD]


def test_what_kind_of_midi_file_it_is(tmp_path: Path) -> None:
    """Games call theirs notes.mid; those of Rock Band have the name of the song."""
    path = midi(tmp_path / "mysong.mid", track("PART DRUMS", *hit(0, 97)))
    assert formats.format_of_file(path) == "chart"
    assert drums_of(formats.read(path)) == [Drum.SD]
    many = [e for tick in range(4000) for e in hit(10 * tick, 97)]
    path = midi(
        tmp_path / "notes.mid",
        track("PART GUITAR", *many),
        track("PART DRUMS", *hit(0, 97)),
    )
    assert path.read_bytes().index(b"PART DRUMS") > 1 << 14
    assert drums_of(formats.read(path)) == [Drum.SD]
    other = tmp_path / "other.mid"
    formats.write(Transcription((Onset(0.5, Drum.SD, 90),)), other, "midi")
    assert formats.format_of_file(other) == "midi"


def packed(path: Path, tags: dict[str, str], **files: bytes) -> Path:
    """Write the package that the format's description asks for."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, "little")

    def section(items: list[bytes]) -> bytes:
        data = number(len(items), 8) + b"".join(items)
        return number(len(data), 8) + data

    mask = bytes(range(3, 51, 3))
    pairs = [
        b"".join(number(len(x.encode()), 4) + x.encode() for x in pair)
        for pair in tags.items()
    ]
    head = b"SNGPKG" + number(1, 4) + mask + section(pairs)
    names = [name.replace("_", ".").encode() for name in files]
    index = sum(1 + len(name) + 16 for name in names)
    start, entries = len(head) + 16 + index + 8, []
    for name, content in zip(names, files.values(), strict=True):
        entries.append(
            number(len(name), 1) + name + number(len(content), 8) + number(start, 8)
        )
        start += len(content)
    masked = [
        bytes(byte ^ mask[i % 16] ^ i & 0xFF for i, byte in enumerate(content))
        for content in files.values()
    ]
    body = number(sum(map(len, masked)), 8) + b"".join(masked)
    path.write_bytes(head + section(entries) + body)
    return path


def test_a_package(tmp_path: Path) -> None:
    lines = [f"{48 * n} = N 2 0" for n in range(100)]
    notes = chart(tmp_path / "notes.chart", *lines).read_bytes()
    tags = {"name": "Köln", "Pro_Drums": "True", "delay": "250"}
    path = packed(
        tmp_path / "song.sng", tags, song_opus=b"sound" * 99, Notes_chart=notes
    )
    song = formats.read(path)
    assert drums_of(song) == [Drum.HIT] * 100
    assert song.onsets[0].time == pytest.approx(0.25)
    midi(tmp_path / "notes.mid", track("PART DRUMS", *hit(0, 97)))
    data = (tmp_path / "notes.mid").read_bytes()
    assert drums_of(formats.read(packed(path, {}, notes_mid=data))) == [Drum.SD]


def test_what_is_no_package(tmp_path: Path) -> None:
    path = packed(tmp_path / "song.sng", {}, song_opus=b"sound")
    with pytest.raises(FormatError, match=r"without notes\.chart or notes\.mid"):
        formats.read(path)
    whole = packed(path, {"name": "x"}, notes_chart=HEAD.encode()).read_bytes()
    for kept in (7, 40, 70, len(whole) - 1):
        path.write_bytes(whole[:kept])
        with pytest.raises(FormatError, match="cut off"):
            formats.read(path)
    path.write_bytes(whole[:6] + b"\2" + whole[7:])
    with pytest.raises(FormatError, match="of another version"):
        formats.read(path)


def test_a_file_that_was_cut_is_told(tmp_path: Path) -> None:
    hits = [event for n in range(50) for event in hit(192 * n, 97)]
    path = midi(tmp_path / "notes.mid", track("PART DRUMS", *hits))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.warns(AdtWarning, match="read up to the damage: track 2"):
        assert 0 < len(formats.read(path)) < 50
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(FormatError):
        formats.read(path)


def test_the_reader_keeps_where_notes_end(tmp_path: Path) -> None:
    drums = track("one", *hit(0, 97), mido.MetaMessage("text", text="two", time=5))
    read = parse(midi(tmp_path / "x.mid", drums).read_bytes()).tracks[1]
    assert read.offs == [(10, 97)]
    assert read.texts == [(5, "two")]
    assert (read.name, read.names) == ("one", ["one"])
