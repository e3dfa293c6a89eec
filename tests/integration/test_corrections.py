"""Labels that come back are whole transcriptions again, whatever became of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from adt_plugins import corrections, formats, transcribe
from adt_plugins.annotations import Label, Onset
from adt_plugins.audacity.saved_projects import find_saved
from adt_plugins.base.folders import HOME_VARIABLE
from adt_plugins.cli import main
from adt_plugins.drums import Drum
from adt_plugins.labels import originals
from adt_plugins.labels.originals import Original, remember, remembered
from adt_plugins.labels.tracks import LabelTrack, tracks_of
from adt_plugins.transcription import Transcription
from tests.support.audacity.make_aup3 import Tag, clip, label, track, write_sound
from tests.support.label_edits import make_song
from tests.support.paths import GROOVE
from tests.support.recordings import copy_groove

FLOAT = 0x0004000F


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the package an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv(HOME_VARIABLE, str(home / "state"))
    for name in ("HOME", "USERPROFILE", "APPDATA"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return home


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return copy_groove(tmp_path)


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def saved(
    path: Path,
    tracks: list[LabelTrack],
    sound: np.ndarray | None = None,
    rate: int = 44100,
) -> Path:
    """Write a project as Audacity saves it, with its sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tags: list[Tag] = [
        track(one.name, *(label(x.start, x.text, x.end) for x in one.labels))
        for one in tracks
    ]
    if sound is None:
        return write_sound(path, tags, [])
    wave: Tag = ("wavetrack", {"rate": rate}, [clip([(0, 1)], len(sound))])
    return write_sound(path, [wave, *tags], [(FLOAT, sound.astype("<f4").tobytes())])


def edited(
    transcription: Transcription, change: Callable[[list[Label]], None], drum: str
) -> list[LabelTrack]:
    """Return label tracks with one drum's track changed."""
    tracks = []
    for one in tracks_of(transcription):
        labels = list(one.labels)
        if one.name == drum:
            change(labels)
        tracks.append(LabelTrack(one.name, tuple(labels)))
    return tracks


def test_from_labels_and_back(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`convert` reads all of what `transcribe` wrote into labels."""
    assert run("transcribe", "--format", "json,labels", song) == 0
    labels = song.with_name("groove.labels.txt")
    other = tmp_path / "exported.txt"
    shutil.move(labels, other)
    whole = song.with_name("groove.drums.json").read_text()
    song.with_name("groove.drums.json").unlink()
    capsys.readouterr()
    assert run("convert", "--format", "json", other) == 0
    assert "corrected" not in capsys.readouterr().out
    assert (tmp_path / "exported.drums.json").read_text() == whole


def test_a_project_elsewhere_under_any_name(
    song: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """MIDI, tablature and notation with the velocities, tempo and bars of the song."""
    assert run("transcribe", "--format", "aup,json", "--beats", song) == 0
    whole = formats.read(song.with_name("groove.drums.json"))
    # The original lies in the project's folder; it is found by what labels say too.
    shutil.rmtree(song.with_name("groove.drums_data"))
    song.with_name("groove.drums.json").unlink()
    snare = next(o for o in whole if o.drum is Drum.SD)

    def rename(labels: list[Label]) -> None:
        labels[0] = replace(labels[0], text="Tom")

    project = saved(tmp_path / "else where" / "x.aup3", edited(whole, rename, "Snare"))
    capsys.readouterr()
    out = tmp_path / "out"
    assert run("convert", "--format", "json,midi,tab,musicxml", "-o", out, project) == 0
    assert capsys.readouterr().out.startswith(f"{project}: 1 hit corrected\n")
    corrected = formats.read(out / "x.drums.json")
    assert set(corrected.onsets) - set(whole.onsets) == {replace(snare, drum=Drum.TT)}
    assert set(whole.onsets) - set(corrected.onsets) == {snare}
    assert (corrected.beats, corrected.meters, corrected.model, corrected.source) == (
        whole.beats,
        whole.meters,
        whole.model,
        whole.source,
    )
    notes = formats.read(out / "x.drums.mid")
    assert sorted(o.velocity for o in notes) == sorted(o.velocity for o in whole)
    assert len(notes.beats) >= len(whole.beats) - 1


def test_beats_are_found_where_there_are_none(song: Path, tmp_path: Path) -> None:
    """Whether the recording is known, is named, or lies in the project."""
    assert run("transcribe", "--format", "labels", song) == 0
    labels = song.with_name("groove.labels.txt")
    wanted = transcribe(song, beats=True)
    assert run("convert", "--format", "json", "--beats", labels) == 0
    back = formats.read(song.with_name("groove.drums.json"))
    assert (back.beats, back.meters) == (wanted.beats, wanted.meters)
    assert run("convert", "--format", "tab", "-o", tmp_path, labels) == 0
    assert (tmp_path / "groove.tab.txt").exists()
    sound, rate = soundfile.read(song, dtype="float32", always_2d=True)
    project = saved(
        tmp_path / "a.aup3", tracks_of(wanted.only(["KD"])), sound.mean(axis=1), rate
    )
    shutil.rmtree(tmp_path / "home" / "state" / originals.FOLDER)
    song.unlink()
    assert run("convert", "--format", "musicxml", project) == 0
    assert (tmp_path / "a.drums.musicxml").exists()


def test_nothing_is_known_but_the_sound(song: Path, tmp_path: Path) -> None:
    """Velocities are those that the same model hears."""
    wanted = transcribe(song)
    sound, rate = soundfile.read(song, dtype="float32", always_2d=True)
    project = saved(tmp_path / "a.aup3", tracks_of(wanted), sound.mean(axis=1), rate)
    read = corrections.read_whole(project)
    assert read.corrections is None
    assert [(o.drum, o.velocity) for o in read.transcription] == [
        (o.drum, o.velocity) for o in wanted
    ]
    # A label file has no sound, until somebody names it.
    plain = tmp_path / "b.txt"
    formats.write(wanted, plain, "labels")
    assert {o.velocity for o in corrections.read_whole(plain).transcription} == {100}
    read_back = corrections.read_whole(plain, audio=song).transcription
    assert [o.velocity for o in read_back] == [o.velocity for o in wanted]


def test_new_hits_are_measured(song: Path, tmp_path: Path) -> None:
    """Hits that were left out come back with their measured velocities."""
    whole = transcribe(song, keep_activations=False)
    some = [o for o in whole if o.drum is Drum.SD][::3]
    less = replace(whole, onsets=tuple(o for o in whole if o not in some))
    remember(less)
    sound, rate = soundfile.read(song, dtype="float32", always_2d=True)
    project = saved(tmp_path / "a.aup3", tracks_of(whole), sound.mean(axis=1), rate)
    recalled = corrections.read_whole(project)
    assert recalled.corrections == len(some)
    velocities = {
        o.time: o.velocity for o in recalled.transcription if o.drum is Drum.SD
    }
    assert all(abs(velocities[o.time] - o.velocity) <= 3 for o in some)
    assert {o.confidence for o in recalled.transcription if o in some} <= {1.0}
    # And in the recording, if there is no sound with the labels.
    labels = tmp_path / "b.txt"
    formats.write(whole, labels, "labels")
    again = corrections.read_whole(labels).transcription
    assert [o.velocity for o in again] == [o.velocity for o in recalled.transcription]


def test_labels_of_several_selections(tmp_path: Path) -> None:
    song = make_song(120.0)
    for start, end in ((10.0, 40.0), (60.0, 80.0), (90.0, 95.0)):
        remember(replace(song.between(start, end), beats=(), labels=()))
    remember(make_song(120.0, seed=5))
    shown = [o for o in song if 10 <= o.time < 40 or 60 <= o.time < 80 or o.time >= 90]
    shown = [o for o in shown if o.time < 95]
    labels = [Label(o.time, o.time, o.drum.full_name) for o in shown]
    project = saved(tmp_path / "a.aup3", [LabelTrack("Labels 1", tuple(labels))])
    read = corrections.read_whole(project)
    assert read.transcription.onsets == tuple(shown)
    assert read.corrections == 0


def test_another_song_is_not_taken_for_this_one(tmp_path: Path) -> None:
    remember(make_song(60.0, seed=1))
    project = saved(tmp_path / "a.aup3", tracks_of(make_song(60.0, seed=2)))
    read = corrections.read_whole(project)
    assert read.corrections is None
    assert {o.velocity for o in read.transcription} == {100}


def test_labels_that_were_pushed_later(song: Path, tmp_path: Path) -> None:
    """New hits are measured where they are in the recording."""
    whole = transcribe(song, keep_activations=False)
    one = next(o for o in whole if o.drum is Drum.KD and o.time > 3)
    less = replace(whole, onsets=tuple(o for o in whole if o != one))
    remember(less.shifted(30.0), moved=30.0)
    labels = tmp_path / "b.txt"
    formats.write(whole.shifted(30.0), labels, "labels")
    read = corrections.read_whole(labels)
    (corrected,) = (o for o in read.transcription if abs(o.time - one.time - 30) < 1e-6)
    assert abs(corrected.velocity - one.velocity) <= 3
    beats = corrections.with_beats(read).beats
    assert beats[0].time >= 30


@pytest.mark.parametrize("name", ["groove.labels.txt", "groove.drums.json"])
def test_moved_times_are_moved_back_beside_the_recording(
    song: Path, tmp_path: Path, name: str
) -> None:
    plain = transcribe(song, keep_activations=False)
    assert run(song, "--offset", "0.5", "--format", "labels,json", "-q") == 0
    out = tmp_path / "out"
    forms = ("--format", "aup,csv,json", "-q", "-o", out)
    assert run("convert", song.with_name(name), *forms) == 0
    again = ("--format", "aup,csv", "-q", "-o", out / "again")
    assert run("convert", out / "groove.drums.json", *again) == 0
    for folder in (out, out / "again"):
        for written, moved in (("groove.drums.aup", 0.0), ("groove.drums.csv", 0.5)):
            times = [o.time - moved for o in formats.read(folder / written)]
            assert times == pytest.approx([o.time for o in plain], abs=2e-6), written
    assert formats.read(out / "groove.drums.json").source.moved == 0.5


@pytest.mark.parametrize(
    ("command", "output"),
    [("adapt {song} {hits} -o", "kit.json"), ("split {song} --from {hits} -o", "out")],
)
def test_moved_times_are_moved_back_to_work_on_the_recording(
    tmp_path: Path, command: str, output: str
) -> None:
    samples, rate = soundfile.read(GROOVE)
    song = tmp_path / "part.wav"
    soundfile.write(song, samples[: 3 * rate], rate)
    results = []
    for offset in ("0", "0.5"):
        folder = tmp_path / offset
        write = ("--offset", offset, "--format", "json", "-o", folder, "-q")
        assert run(song, *write) == 0
        hits = folder / "part.drums.json"
        words = [word.format(song=song, hits=hits) for word in command.split()]
        assert run(*words, folder / output, "-q") == 0
        path = folder / output
        made = sorted(path.iterdir()) if path.is_dir() else [path]
        results.append([file.read_bytes() for file in made])
    assert results[0] == results[1]


def test_an_offset_of_foreign_labels_corrects_them(song: Path, tmp_path: Path) -> None:
    labels = tmp_path / "truth.ADT.txt"
    labels.write_text("1.0\tKD\n2.0\tSD\n")
    forms = ("--format", "aup", "--audio", song, "--offset", "0.025", "-q")
    assert run("convert", labels, *forms) == 0
    read = formats.read(tmp_path / "truth.drums.aup")
    assert [o.time for o in read] == pytest.approx([1.025, 2.025])


def test_beats_before_the_start_of_moved_labels(song: Path) -> None:
    moved = ("--no-beats", "--offset", "-5", "--format", "labels")
    assert run(song, *moved, "-q") == 0
    labels = song.with_name("groove.labels.txt")
    assert run("convert", labels, "--format", "tab,json", "-q") == 0
    plain = transcribe(song, keep_activations=False)
    beats = formats.read(song.with_name("groove.drums.json")).beats
    kept = [b for b in plain.beats if b.time >= 5]
    assert [b.position for b in beats] == [b.position for b in kept]
    assert [b.time for b in beats] == pytest.approx([b.time - 5 for b in kept])


def test_only_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(originals, "MOST_KEPT", 3)
    for n in range(5):
        remember(Transcription((Onset(n, Drum.KD),)), moved=n)
    remember(Transcription())
    assert [o.moved for o in remembered()] == [4.0, 3.0, 2.0]
    folder = home / "state" / originals.FOLDER
    assert len(list(folder.iterdir())) == 3
    next(folder.iterdir()).write_text("{")
    assert len(list(remembered())) == 2


def test_what_cannot_be_kept_is_no_error(home: Path) -> None:
    (home / "state").write_text("a file")
    remember(Transcription((Onset(1.0, Drum.KD),)))
    assert list(remembered()) == []


SETTINGS = ".config/audacity"


def settings(home: Path, *lines: str, folder: str = SETTINGS) -> None:
    file = home / folder / "audacity.cfg"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "folder",
    [
        SETTINGS,
        f"snap/audacity/current/{SETTINGS}",
        f"Applications/Audacity.AppImage.home/{SETTINGS}",
        "stick/Portable Settings",
    ],
)
def test_saved_projects_are_found(home: Path, tmp_path: Path, folder: str) -> None:
    """By their names where nothing else is known; else by their labels."""
    whole = make_song(20.0)
    tracks, others = tracks_of(whole), tracks_of(make_song(20.0, seed=3))
    one = saved(tmp_path / "disk" / "mine.aup3", tracks)
    two = saved(home / "Documents" / "song.aup3", others)
    three = saved(tmp_path / "music" / "song.drums.aup3", tracks)
    settings(
        home,
        "[Directories/Save]",
        f"LastUsed={tmp_path / 'nowhere'}",
        "[RecentFiles]",
        f"file01={one}",
        f"file02={tmp_path / 'gone.aup3'}",
        f"file03={tmp_path / 'song.drums.aup'}",
        folder=folder,
    )
    program = home / "stick" / "audacity"
    program.parent.mkdir(exist_ok=True)
    program.touch(0o755)
    env = {"PATH": str(program.parent)}
    for age, path in enumerate((two, one, three)):
        os.utime(path, (2e9 - 100 * age, 2e9 - 100 * age))

    def find(*known: Original) -> list[Path]:
        return list(
            find_saved(
                "song", tmp_path / "music", known, platform="linux", home=home, env=env
            )
        )

    assert find() == [two, three]
    assert find(Original(whole)) == [one, three]


def test_pull_without_a_pipe(
    song: Path,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The project of the song that was saved last is found wherever it is."""
    from adt_plugins.audacity import script_pipe
    from adt_plugins.audacity.script_pipe_channel import NoAudacityError

    def no_audacity() -> None:
        raise NoAudacityError("pipe")

    monkeypatch.setattr(script_pipe, "_open_soon", no_audacity)
    assert run("transcribe", "--format", "aup", song) == 0
    assert run("audacity", "pull", song) == 1
    errors = capsys.readouterr().err
    assert "there is no saved project of groove: save it in Audacity" in errors
    whole = transcribe(song)

    def drop(labels: list[Label]) -> None:
        del labels[3]

    project = saved(home / "Documents" / "take.aup3", edited(whole, drop, "Kick"))
    capsys.readouterr()
    assert run("audacity", "pull", song, "--format", "json,midi") == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0].endswith(f"groove was saved last: {project}")
    assert captured.out.splitlines() == [
        "groove: 1 hit corrected",
        *(
            str(song.with_name(f"groove.drums.{end}"))
            for end in ("json", "mid", "120bpm.mid")
        ),
    ]
    corrected = formats.read(song.with_name("groove.drums.json"))
    assert len(corrected) == len(whole) - 1
    assert {o.velocity for o in corrected} <= {o.velocity for o in whole}


def test_convert_tells_which_project_was_meant(
    song: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = song.with_name("groove.drums.aup3")
    assert run("convert", "--format", "midi", missing) == 1
    errors = capsys.readouterr().err
    assert f"{missing}: no such file; save the project in Audacity" in errors
    project = saved(home / "groove.aup3", tracks_of(make_song(9.0)))
    assert run("convert", "--format", "midi", missing) == 1
    errors = capsys.readouterr().err
    assert errors.endswith(f"the project of groove that was saved last is {project}\n")
