"""What the command line makes of MIDI files, and beats that come back from them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset, Source
from adt_plugins.audio.broadcast_wave import time_reference
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.errors import AdtError
from adt_plugins.formats.dynamics import velocity_curve
from adt_plugins.meter import meter_changes
from adt_plugins.midi.reader import parse
from adt_plugins.transcription import Transcription
from tests.support.paths import GROOVE

STEP = 0.5


def song(first: float = 0.0, bar: int = 4, beats: int = 17) -> Transcription:
    """Return kick and hats a little late, with a flam on the second beat."""
    times = [first + n * STEP for n in range(beats)]
    hits = [Onset(t + 0.012, Drum.KD, 100) for t in times]
    hits += [Onset(t + 0.26, Drum.CHH, 60) for t in times]
    hits += [Onset(times[1] - 0.02, Drum.SD, 40), Onset(times[1] + 0.01, Drum.SD, 110)]
    return Transcription(
        tuple(hits),
        tuple(Beat(t, n % bar + 1) for n, t in enumerate(times)),
        meters=meter_changes(f"{bar}/4"),
    )


def in_meter(meter: str, beats: tuple[Beat, ...]) -> Transcription:
    return Transcription(beats=beats, meters=meter_changes(meter))


def converted(folder: Path, *options: str, whole: Transcription | None = None) -> Path:
    path = folder / "song.drums.json"
    formats.write(whole or song(), path, overwrite=True)
    command = ["convert", str(path), "--format", "midi", "--overwrite", *options]
    assert main(command) == 0
    return folder / "song.drums.mid"


def notes(path: Path, number: int) -> list[tuple[int, int]]:
    file = parse(path.read_bytes())
    return [
        (note.tick, note.velocity)
        for track in file.tracks
        for note in track.notes
        if note.note == number
    ]


def test_quantize(tmp_path: Path) -> None:
    path = converted(tmp_path, "--quantize", "1/16")
    assert [tick for tick, _ in notes(path, 36)] == [960 * n for n in range(17)]
    assert [tick for tick, _ in notes(path, 42)] == [960 * n + 480 for n in range(17)]
    # The grace note keeps its 30 ms, which are 57.6 ticks.
    assert notes(path, 38) == [(903, 40), (960, 110)]
    # The second file holds the same times.
    both = (path, tmp_path / "song.drums.120bpm.mid")
    first, second = ([o.time for o in formats.read(file)] for file in both)
    assert first == pytest.approx(second, abs=0.0006)


def test_a_drum_of_its_own_grid_with_strength_and_swing(tmp_path: Path) -> None:
    options = ("--quantize", "1/8", "--quantize", "KD=off", "--strength", "0.5")
    path = converted(tmp_path, *options, "--swing", "0.6")
    assert notes(path, 36)[0][0] == 23
    line = round(0.6 * 960)
    assert notes(path, 42)[0][0] == pytest.approx((499 + line) / 2, abs=1)


def test_shift_moves_notes_and_not_bars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, early = (
        mido.MidiFile(converted(tmp_path, *options)).tracks
        for options in ((), ("--shift-ms", "-20"))
    )
    assert early[0] == plain[0]
    path = tmp_path / "song.drums.mid"
    assert [o.time for o in formats.read(path)["KD"]] == pytest.approx(
        [max(n * STEP + 0.012 - 0.02, 0) for n in range(17)], abs=0.0006
    )
    assert "hits that would lie before 0 s were moved to it: 'KD' (1)" in (
        capsys.readouterr().err
    )


def test_velocities(tmp_path: Path) -> None:
    path = converted(tmp_path, "--velocity", "fixed:90")
    assert {v for number in (36, 38, 42) for _, v in notes(path, number)} == {90}
    path = converted(tmp_path, "--velocity", "curve:40=60,110=120")
    assert [v for _, v in notes(path, 38)] == [60, 120]
    assert {v for _, v in notes(path, 42)} == {77}


def test_a_curve() -> None:
    curve = velocity_curve("curve:20=127,60=27")
    assert [curve(v) for v in (1, 20, 40, 60, 127)] == [127, 127, 77, 27, 27]


def test_a_track_for_each_drum(tmp_path: Path) -> None:
    path = converted(tmp_path, "--midi-tracks", "per-drum")
    tracks = mido.MidiFile(path).tracks
    assert [t.name for t in tracks] == ["", "Kick", "Snare", "Closed hi-hat"]
    one = converted(tmp_path / "..", whole=song())
    assert formats.read(path) == formats.read(one)
    for file in (one, one.with_name("song.drums.120bpm.mid"), one.with_suffix(".json")):
        file.unlink()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--quantize", "1/5"], "'1/5' is not a grid"),
        (["--quantize", "XX=1/8"], "unknown drum 'XX'"),
        (["--quantize", "KD,SD=1/8"], "unknown drum 'KD,SD'"),
        (["--quantize", "1/8t", "--swing", "0.6"], "triplets does not swing"),
        (["--quantize", "1/8", "--strength", "2"], "a strength of 2"),
        (["--strength", "0.5"], "need a grid"),
        (["--velocity", "loud"], "'loud' is neither"),
        (["--velocity", "fixed:200"], "velocities are 1 to 127"),
        (["--velocity", "curve:9=1,9=2"], "do not ascend"),
        (["--shift-ms", "nan"], "not a number of milliseconds"),
        (["--midi-type", "0", "--midi-tracks", "per-drum"], "has one track"),
        (["--offset", "noon"], "'noon' is neither seconds nor bwf"),
    ],
)
def test_what_cannot_be(
    options: list[str],
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = formats.write(song(), tmp_path / "song.drums.json")[0]
    assert main(["convert", str(path), "--format", "midi", *options]) == 2
    assert reason in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


def test_what_several_files_lack_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = [Onset(0.0, drum) for drum in (Drum.SD, Drum.CRC, Drum.HIT, Drum.CHH)]
    whole = Transcription(tuple(many), tuple(Beat(n / 2, n + 1) for n in range(4)))
    path = formats.write(whole, tmp_path / "a.drums.json")[0]
    command = ["convert", str(path), "--format", "tab,midi,musicxml", "--report"]
    assert main([*command, "json"]) == 0
    out, err = capsys.readouterr()
    warning = (
        f"{tmp_path / 'a.tab.txt'}, {tmp_path / 'a.drums.musicxml'}: left out 2 hits"
        " heard twice or too much for two hands: closed hi-hat 1, high tom 1"
    )
    assert err == f"adt: warning: {warning}\n"
    (result,) = json.loads(out)["results"]
    assert result["warnings"] == [warning]


def test_quantizing_needs_beats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = formats.write(Transcription(song().onsets), tmp_path / "a.drums.json")[0]
    command = ["convert", str(path), "--format", "midi", "--quantize", "1/16"]
    assert main(command) == 1
    warning, error = capsys.readouterr().err.splitlines()
    assert (
        warning == f"adt: warning: {path}: has no beats; --audio RECORDING finds them"
    )
    assert "quantizing needs beats, and there are none" in error


# Broadcast Wave


def write_bwf(path: Path, reference: int | None, rate: int = 48000) -> None:
    """Return one second of silence with a bext chunk as in EBU Tech 3285."""
    soundfile.write(path, np.zeros(rate), rate, subtype="PCM_16")
    if reference is not None:
        data = path.read_bytes()
        bext = bytes(338) + struct.pack("<Q", reference) + bytes(256)
        chunk = b"bext" + struct.pack("<I", len(bext)) + bext
        size = struct.pack("<I", len(data) - 8 + len(chunk))
        path.write_bytes(b"RIFF" + size + b"WAVE" + chunk + data[12:])


def test_the_time_reference(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    write_bwf(path, 48000 * 3600 + 24000)
    assert soundfile.info(path).frames == 48000
    assert time_reference(path) == 3600.5


@pytest.mark.parametrize("form", [b"RF64", b"BW64"])
def test_the_time_reference_behind_the_samples(form: bytes, tmp_path: Path) -> None:
    """Return RF64 after EBU Tech 3306: the chunk ds64 has the size of the samples."""
    path = tmp_path / "take.wav"
    soundfile.write(path, np.zeros(48000), 48000, format="RF64", subtype="PCM_16")
    bext = bytes(338) + struct.pack("<Q", 48000 * 60) + bytes(256)
    whole = path.read_bytes() + b"bext" + struct.pack("<I", len(bext)) + bext
    path.write_bytes(form + whole[4:])
    assert whole[whole.index(b"data") + 4 :][:4] == b"\xff" * 4
    assert time_reference(path) == 60.0


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"RIFF\0\0\0\0WAVEbext\xff"])
def test_no_time_reference(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "take.wav"
    if content is None:
        write_bwf(path, None)
    else:
        path.write_bytes(content)
    with pytest.raises(AdtError, match="no Broadcast Wave file with a time reference"):
        time_reference(path)
    with pytest.raises(AdtError, match="no such file"):
        time_reference(tmp_path / "gone.wav")


def test_offset_by_the_time_reference(tmp_path: Path) -> None:
    take = tmp_path / "take.wav"
    write_bwf(take, 10 * 48000)
    whole = Transcription(song().onsets, song().beats, Source(path=str(take)))
    path = converted(tmp_path, "--offset", "bwf", whole=whole)
    read = formats.read(path)
    assert [o.time for o in read["KD"]][:2] == pytest.approx([10.012, 10.512], abs=6e-4)
    beats = {round(beat.time, 3): beat.position for beat in read.beats}
    assert (beats[10.0], beats[10.5], beats[12.0]) == (1, 2, 1)


def test_the_offset_needs_a_time_reference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = formats.write(song(), tmp_path / "a.drums.json")[0]
    command = ["convert", str(path), "--format", "csv", "--offset", "bwf"]
    assert main(command) == 1
    assert "--offset bwf needs the recording" in capsys.readouterr().err


# Beats that come back


@pytest.mark.parametrize(
    "whole",
    [
        song(),
        song(first=0.3),  # a lead-in has no beats
        song(first=0.5),
        song(first=2.7),
        song(bar=3),
        in_meter("6/8", song(bar=2).beats),
        in_meter("4/4", song().beats[2:]),
        in_meter("7/8", song(bar=7, beats=29).beats),
        in_meter("5/4", song(bar=5, beats=29).beats),
    ],
)
def test_beats_come_back(tmp_path: Path, whole: Transcription) -> None:
    first, second = formats.write(whole, tmp_path / "a.mid")
    got = formats.read(first)
    want = whole.beats
    assert [b.position for b in got.beats][: len(want)] == [b.position for b in want]
    assert [b.time for b in got.beats][: len(want)] == pytest.approx(
        [b.time for b in want], abs=0.0181
    )
    assert len(got.beats) <= len(want) + 1  # one beat may lie under the last hit
    assert got.meters == whole.meters
    again = formats.write(got, tmp_path / "b.mid")[0]
    assert formats.read(again) == got
    assert formats.read(second).beats == ()


def test_a_foreign_file_has_the_beats_of_its_meters(tmp_path: Path) -> None:
    file = mido.MidiFile(type=0, ticks_per_beat=96)
    file.tracks.append(
        mido.MidiTrack(
            [
                mido.MetaMessage("time_signature", numerator=7, denominator=8),
                mido.MetaMessage("set_tempo", tempo=1_000_000),
                mido.MetaMessage(
                    "time_signature", numerator=12, denominator=8, time=14 * 48
                ),
                mido.Message("note_on", note=36, channel=9, velocity=9, time=12 * 48),
            ]
        )
    )
    path = tmp_path / "a.mid"
    file.save(path)
    beats = formats.read(path).beats
    assert [b.position for b in beats] == [*range(1, 8)] * 2 + [1, 2, 3, 4, 1]
    assert [b.time for b in beats] == pytest.approx(
        [*np.arange(14) * 0.5, *(7 + 1.5 * np.arange(5))]
    )


def test_so_many_beats_that_they_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    track = b"\x00\xff\x51\x03\x07\xa1\x20\xff\xff\xff\x7f\x99\x24\x64"
    path.write_bytes(
        b"MThd\0\0\0\6\0\0\0\1\0\1MTrk" + struct.pack(">I", len(track)) + track
    )
    warnings: list[str] = []
    assert formats.read(path, warn=warnings.append).beats == ()
    assert warnings == [f"{path}: more than 100000 beats: left out"]


@pytest.mark.parametrize("meter", [(7, 8), (2, 2), (5, 4), (12, 8), (9, 16)])
def test_a_foreign_file_keeps_its_meter_and_tempo(
    meter: tuple[int, int], tmp_path: Path
) -> None:
    """Late sixteenths lie on the same ticks when they are quantized."""
    bar = 4 * 960 * meter[0] // meter[1]
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=400_000)])
    track.append(
        mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])
    )
    for late in range(4 * bar // 240):
        gap = 240 - late % 7 + (late - 1) % 7 if late else 0
        track.append(mido.Message("note_on", channel=9, note=36, time=gap))
    path, out = tmp_path / "foreign.mid", tmp_path / "out"
    file = mido.MidiFile(ticks_per_beat=960)
    file.tracks.append(track)
    file.save(path)
    command = ["convert", str(path), "--format", "midi", "-o", str(out)]
    assert main([*command, "--quantize", "1/16"]) == 0
    parsed = parse((out / "foreign.drums.mid").read_bytes())
    assert parsed.tracks[0].signatures == [(0, *meter)]
    assert [tempo for _, tempo in parsed.tracks[0].tempos] == [400_000]
    ticks = [note.tick for note in parsed.tracks[1].notes]
    assert ticks == [240 * n for n in range(4 * bar // 240)]


def test_quantize_swing_and_fine_drums_on_paper(tmp_path: Path) -> None:
    """Options for notation reach the tab of four bars of a shuffle."""
    onsets = [Onset(n / 2 + late, Drum.CHH) for n in range(16) for late in (0.0, 0.31)]
    beats = [Beat(n / 2, n % 4 + 1) for n in range(16)]
    song = tmp_path / "song.drums.json"
    formats.write(Transcription(tuple(onsets), tuple(beats)), song)

    def tab(*options: str) -> str:
        command = ["convert", "--overwrite", "--format", "tab", *options, str(song)]
        assert main(command) == 0
        return (tmp_path / "song.tab.txt").read_text(encoding="utf-8")

    plain = tab()
    assert "4/4, swing" in plain
    assert "HH |x-x-x-x-x-x-x-x-|" in plain
    triplets = tab("--swing-notation", "triplets")
    assert "swing" not in triplets
    assert "HH |x-xx-xx-xx-x|" in triplets
    straight = tab("--quantize", "1/8")
    assert "swing" not in straight
    assert "HH |x-x-x-x-x-x-x-x-|" in straight


@pytest.mark.slow
def test_paper_has_fine_drums_where_the_model_tells_them(tmp_path: Path) -> None:
    command = ["transcribe", "-q", "--end", "6", str(GROOVE), "-o", str(tmp_path)]
    kinds = {}
    for name, options in {
        "paper": ["--format", "json,tab"],
        "coarse": ["--format", "json,tab", "--no-fine"],
        "plain": ["--format", "json"],
    }.items():
        assert main([*command, "--overwrite", *options]) == 0
        back = formats.read(tmp_path / "groove.drums.json")
        kinds[name] = {str(drum) for drum in back.counts()}
    assert "CHH" in kinds["paper"]
    assert kinds["coarse"] == kinds["plain"] == {"KD", "SD", "HH"}
