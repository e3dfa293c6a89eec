"""What other programs make of our MIDI and MusicXML files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import mido
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image

from adt_plugins import formats
from adt_plugins.annotations import Beat, Onset
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.meter import meter_changes
from adt_plugins.midi.reader import parse
from adt_plugins.transcription import Transcription
from tests.support.daw import BARS
from tests.support.screen import Screen

RATE = 44100
SOUNDS = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")


def needs(program: str) -> str:
    actual = shutil.which(program)
    if actual is None:
        pytest.skip(f"not installed: {program}")
    return actual


def pitches(path: Path) -> Counter[int]:
    file = mido.MidiFile(path)
    return Counter(
        message.note
        for track in file.tracks
        for message in track
        if message.type == "note_on" and message.velocity
    )


# Libraries


def test_pretty_midi_hears_the_same(song: Transcription, tmp_path: Path) -> None:
    pretty_midi = pytest.importorskip("pretty_midi", reason="pretty_midi is missing")
    for path in formats.write(song, tmp_path / "song.drums.mid"):
        read = pretty_midi.PrettyMIDI(str(path))
        (drums,) = read.instruments
        assert drums.is_drum
        want = sorted((o.drum.note, o.time, o.velocity) for o in song)
        got = sorted((n.pitch, n.start, n.velocity) for n in drums.notes)
        assert [g[::2] for g in got] == [w[::2] for w in want]
        off = [abs(g[1] - w[1]) for g, w in zip(got, want, strict=True)]
        assert max(off) < 0.0005
    first = pretty_midi.PrettyMIDI(str(tmp_path / "song.drums.mid"))
    # Bars of 4/4 begin with the first beat, behind the lead-in.
    signatures = [(c.numerator, c.time) for c in first.time_signature_changes]
    assert signatures[-1] == (4, pytest.approx(song.beats[0].time, abs=0.0181))


def test_mido_plays_the_same(song: Transcription, tmp_path: Path) -> None:
    path = formats.write(song, tmp_path / "song.drums.mid")[0]
    elapsed, got = 0.0, []
    for message in mido.MidiFile(path):
        elapsed += message.time
        if message.type == "note_on":
            got.append((message.note, elapsed))
    want = sorted((o.drum.note, o.time) for o in song)
    for a, b in zip(sorted(got), want, strict=True):
        assert a == (b[0], pytest.approx(b[1], abs=0.0005))


# A synthesiser


def rendered(path: Path) -> NDArray[np.float64]:
    """Return the sound of a file, played without effects."""
    program = needs("fluidsynth")
    if not SOUNDS.exists():
        pytest.skip("not installed: timgm6mb-soundfont")
    sound = path.with_suffix(".wav")
    options = ["-ni", "-R", "0", "-C", "0", "-g", "1", "-r", str(RATE)]
    command = [program, *options, "-F", str(sound), str(SOUNDS), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    samples, rate = soundfile.read(sound, always_2d=True)
    assert rate == RATE
    mono: NDArray[np.float64] = samples.mean(axis=1)
    return mono


def attack(sound: NDArray[np.float64], start: float, end: float) -> float:
    """Return when a sound first reaches a fifth of its peak, in seconds."""
    part = abs(sound[round(start * RATE) : round(end * RATE)])
    return start + int((part >= 0.2 * part.max()).argmax()) / RATE


@pytest.mark.parametrize("which", [0, 1])
def test_every_kick_and_snare_sounds_where_it_was(
    song: Transcription, tmp_path: Path, which: int
) -> None:
    """Hits sound within 10 ms of their times, after the sound font's own attack."""
    hits = song["KD", "SD"]
    fixed = {}
    for drum in (Drum.KD, Drum.SD):
        alone = Transcription((Onset(0.5, drum, 100),))
        path = formats.write(alone, tmp_path / f"{drum}.mid")[0]
        fixed[drum] = attack(rendered(path), 0.4, 0.9) - 0.5
    path = formats.write(hits, tmp_path / "song.drums.mid")[which]
    sound = rendered(path)
    errors = [
        attack(sound, onset.time - 0.1, onset.time + 0.3) - fixed[onset.drum]
        - onset.time
        for onset in hits
    ]  # fmt: skip
    assert len(errors) == 4 * BARS
    assert max(map(abs, errors)) < 0.01


def test_the_track_of_one_microphone(song: Transcription, tmp_path: Path) -> None:
    """A kick with the rest of the kit 20 dB below: ``--only KD`` gives its kicks."""
    parts = [song["KD"], song["SD", "HH"]]
    stems = [
        rendered(formats.write(part, tmp_path / f"{n}.mid")[0])
        for n, part in enumerate(parts)
    ]
    stem = np.zeros(max(map(len, stems)))
    for samples, gain in zip(stems, (1.0, 0.1), strict=True):
        stem[: len(samples)] += gain * samples
    path = tmp_path / "kick.wav"
    soundfile.write(path, stem, RATE)
    command = ["transcribe", str(path), "--only", "KD", "--format", "csv"]
    assert main(command) == 0
    back = formats.read(tmp_path / "kick.drums.csv")
    assert set(back.counts()) == {Drum.KD}
    times, wanted = back.times("KD"), song.times("KD")
    assert len(times) == len(wanted)
    assert abs(times - wanted).max() < 0.03


# Notation


def mscore(*arguments: str | Path, home: Path) -> None:
    """Run MuseScore without a screen."""
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(home)}
    env["XDG_RUNTIME_DIR"] = str(home)
    command = [needs("mscore3"), *map(str, arguments)]
    subprocess.run(command, env=env, check=True, capture_output=True, timeout=120)


def test_musescore_keeps_every_note_of_the_midi_file(
    song: Transcription, tmp_path: Path
) -> None:
    path = formats.write(song, tmp_path / "song.drums.mid")[0]
    back = tmp_path / "back.mid"
    mscore("-o", back, path, home=tmp_path)
    assert pitches(back) == pitches(path) == Counter(o.drum.note for o in song)


@pytest.mark.parametrize("ending", ["musicxml", "gp5"])
def test_musescore_keeps_every_note(
    song: Transcription, ending: str, tmp_path: Path
) -> None:
    """Every note has its place in its bar, as MuseScore's own MIDI file shows."""
    if ending == "gp5":
        pytest.importorskip("guitarpro", reason="PyGuitarPro is missing")
    path = formats.write(song, tmp_path / f"song.drums.{ending}")[0]
    back = tmp_path / "back.mid"
    mscore("-o", back, path, home=tmp_path)
    file = parse(back.read_bytes())
    eighth = file.division // 2
    got = sorted((n.tick, n.note) for track in file.tracks for n in track.notes)
    want = [(2 * n * eighth, 38 if n % 2 else 36) for n in range(4 * BARS)]
    want += [(n * eighth, 42) for n in range(8 * BARS)]
    assert got == sorted(want)


def test_musescore_draws_a_page(song: Transcription, tmp_path: Path) -> None:
    path = formats.write(song, tmp_path / "song.drums.musicxml")[0]
    mscore("-r", "150", "-o", tmp_path / "page.png", path, home=tmp_path)
    with Image.open(tmp_path / "page-1.png") as image:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
    rows = (alpha > 60).mean(axis=1)
    # A line of the staff goes across most of the page; there are two staves or more.
    assert (rows > 0.6).sum() >= 10
    assert not (tmp_path / "page-2.png").exists()


def test_verovio_plays_and_draws_every_note(
    song: Transcription, tmp_path: Path
) -> None:
    verovio = pytest.importorskip("verovio")
    path = formats.write(song, tmp_path / "song.drums.musicxml")[0]
    toolkit = verovio.toolkit()
    assert toolkit.loadFile(str(path))
    back = tmp_path / "back.mid"
    toolkit.renderToMIDIFile(str(back))
    assert pitches(back) == Counter(o.drum.note for o in song)
    heads = len(re.findall('class="notehead"', toolkit.renderToSVG(1)))
    assert heads == len(song)


# A DAW


@pytest.mark.slow
def test_rosegarden_imports_the_midi_file(
    song: Transcription, screen: Screen, tmp_path: Path
) -> None:
    """Import by the menu: notes are ours, and the matrix has the hits on the bars."""
    from tests.support.rosegarden import rosegarden, saved, saved_notes

    path = formats.write(song, tmp_path / "song.drums.mid")[0]
    project, picture = tmp_path / "saved.rg", tmp_path / "matrix.png"
    with rosegarden(tmp_path / "home", screen) as program:
        program.import_midi(path)
        program.save_as(project)
        program.show_notes(project.name, (1270, 700))
        screen.screenshot(picture)
    root = saved(project)
    file = parse(path.read_bytes())
    want = [(n.tick, n.note, n.velocity) for t in file.tracks for n in t.notes]
    assert [tuple(note) for note in saved_notes(root)] == sorted(want)
    check_tempi(root, file.tracks[0].tempos)
    check_matrix(picture)


def check_tempi(root: ET.Element, tempi: list[tuple[int, int]]) -> None:
    """Rosegarden keeps tempi in quarters a minute times 100 000."""
    got = [
        (int(t.get("time", "")), int(t.get("tempo", ""))) for t in root.iter("tempo")
    ]
    assert [tick for tick, _ in got] == [tick for tick, _ in tempi]
    for (_, actual), (_, wanted) in zip(got, tempi, strict=True):
        assert actual / 1e5 == pytest.approx(60e6 / wanted, rel=1e-4)


def check_matrix(picture: Path) -> None:
    """Every bar line has a hit on it, and every kick lies on a line or between two."""
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)[140:580, 132:1250]
    dark = (pixels.max(axis=2) < 100).mean(axis=0) > 0.9
    lines = [int(run.mean()) for run in runs(dark)]
    assert len(lines) >= BARS - 1
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    rows, columns = np.nonzero((red > 180) & (green < red - 60) & (blue < 80))
    assert len(rows)
    kicks = columns[rows > rows.max() - 6]  # the lowest row of diamonds
    actual = [run.mean() for run in runs(np.isin(np.arange(dark.size), kicks))]
    for line in lines[1:-1]:
        assert min(abs(line - at) for at in actual) <= 2
    bar = np.median(np.diff(lines))
    for at in actual:
        place = (at - lines[0]) / (bar / 2)
        assert abs(place - round(place)) < 0.1


def runs(marked: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the middle of each group of neighbouring marks."""
    places = np.nonzero(marked)[0]
    return [
        p for p in np.split(places, np.nonzero(np.diff(places) > 1)[0] + 1) if p.size
    ]


# Tempo and meter


def at_110_bpm(start: float) -> Transcription:
    """Return a song whose recording begins `start` seconds before its first beat."""
    times = [start + n * 60 / 110 for n in range(4 * BARS + 1)]
    onsets = tuple(Onset(t, (Drum.KD, Drum.SD)[n % 2]) for n, t in enumerate(times))
    beats = tuple(Beat(t, n % 4 + 1) for n, t in enumerate(times))
    return Transcription(onsets, beats, meters=meter_changes("4/4"))


@pytest.mark.parametrize("start", [0.0, 0.09, 15 / 110])
def test_musescore_has_one_tempo_mark(start: float, tmp_path: Path) -> None:
    """It is the right one; hits off the grid count as played without a click."""
    path = formats.write(at_110_bpm(start), tmp_path / "song.drums.mid")[0]
    back = tmp_path / "back.musicxml"
    mscore("-o", back, path, home=tmp_path)
    root = ET.parse(back).getroot()
    (tempo,) = (float(e.get("tempo", "")) for e in root.iter("sound"))
    actual = [(t.findtext("beats"), t.findtext("beat-type")) for t in root.iter("time")]
    if start != 0.09:
        assert tempo == 110
        assert actual[-1] == ("4", "4")
    assert pitches(path) == Counter({36: 2 * BARS + 1, 38: 2 * BARS})


def test_musescore_plays_the_tempi_of_the_score(tmp_path: Path) -> None:
    """A mark at the jump, a word where it slows down, nothing for what follows."""
    tempi = [110.0] * 32 + [124.0] * 32 + [122.0 - 4 * n for n in range(12)]
    times = [0.5, *(0.5 + np.cumsum(60 / np.array(tempi))).tolist()][:-1]
    onsets = tuple(Onset(t, (Drum.KD, Drum.SD)[n % 2]) for n, t in enumerate(times))
    beats = tuple(Beat(t, n % 4 + 1) for n, t in enumerate(times))
    song = Transcription(onsets, beats, meters=meter_changes("4/4"))
    path = formats.write(song, tmp_path / "song.drums.musicxml")[0]
    midi, score = tmp_path / "back.mid", tmp_path / "back.mscx"
    for back in (midi, score):
        mscore("-o", back, path, home=tmp_path)
    sounds = [float(e.get("tempo", "")) for e in ET.parse(path).iter("sound")]
    tempos = parse(midi.read_bytes()).tracks[0].tempos
    played = [mido.tempo2bpm(tempo) for _, tempo in tempos]
    assert played == pytest.approx(sounds, abs=0.01)
    assert sounds[:2] == [110, 124]
    texts = ET.parse(score).iterfind(".//Tempo/text")
    shown = ["".join(text.itertext()).split()[-1:] for text in texts]
    assert shown == [["110"], ["124"], ["rit."], *[[]] * (len(sounds) - 3)]


@pytest.mark.slow
def test_rosegarden_has_one_tempo_and_the_meter(screen: Screen, tmp_path: Path) -> None:
    from tests.support.rosegarden import rosegarden, saved

    path = formats.write(at_110_bpm(0.09), tmp_path / "song.drums.mid")[0]
    project, picture = tmp_path / "saved.rg", tmp_path / "screen.png"
    with rosegarden(tmp_path / "home", screen) as program:
        program.import_midi(path)
        program.save_as(project)
        screen.screenshot(picture)
    root = saved(project)
    check_tempi(root, parse(path.read_bytes()).tracks[0].tempos)
    (tempo,) = root.iter("tempo")
    assert int(tempo.get("tempo", "")) / 1e5 == pytest.approx(110, abs=0.001)
    meters = [
        (int(t.get("time", "")), t.get("numerator"), t.get("denominator"))
        for t in root.iter("timesignature")
    ]
    assert meters[-1] == (
        parse(path.read_bytes()).tracks[0].signatures[-1][0],
        "4",
        "4",
    )
