"""The renderer of training clips, on hits and songs made here."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import mido
import numpy as np
import pytest

from adt_plugins.training.render import clip, effects, programming, synth, voices
from adt_plugins.training.sources import (
    fluid,
    grooves,
    kitmaps,
    kits,
    oneshots,
    patterns,
    performances,
    songs,
)

RATE = oneshots.SAMPLE_RATE_HZ
FIELDS = ("file", "kit", "class", "instrument", "level_rank", "level_ranks")
PIECES = (
    ("KD", "kick", 60.0, 0.3),
    ("SD", "snare", 200.0, 0.2),
    ("HHC", "hat_closed", 9000.0, 0.05),
    ("HHO", "hat_open", 8000.0, 1.5),
    ("TT", "tom1", 150.0, 0.4),
    ("CR", "crash", 5000.0, 2.0),
    ("RD", "ride", 6000.0, 1.5),
    ("SS", "stick", 1500.0, 0.05),
)


def hit(frequency_hz: float, decay_s: float, lead_s: float = 0.05) -> oneshots.Samples:
    """A decaying tone after faint noise, like a hit on tape."""
    times = np.arange(round((decay_s * 3 + 0.2) * RATE)) / RATE
    tone = np.cos(2 * np.pi * frequency_hz * times) * np.exp(-times * 4 / decay_s)
    rng = np.random.default_rng(1)
    whole = np.concatenate([np.zeros(round(lead_s * RATE)), tone])
    return (0.5 * whole + 1e-4 * rng.standard_normal(whole.size)).astype(np.float32)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two kits, one of them held out, six grooves and no songs."""
    import soundfile

    data = tmp_path_factory.mktemp("data")
    rows = []
    for kit, pitch in (("muldjord", 1.0), ("sams_sonor", 1.3)):
        folder = data / "oneshots" / kit
        folder.mkdir(parents=True)
        for code, instrument, frequency, decay in PIECES:
            name = f"{kit}/{instrument}.wav"
            audio = hit(frequency * pitch, decay)
            soundfile.write(data / "oneshots" / name, audio, RATE)
            rows.append(
                dict(zip(FIELDS, (name, kit, code, instrument, 1, 1), strict=True))
            )
    with (data / "oneshots" / "oneshots.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    (data / "groove").mkdir()
    grooves = []
    for number in range(6):
        track = mido.MidiTrack()
        for step in range(16):
            note = (36, 42, 38, 42)[step % 4]
            track.append(mido.Message("note_on", note=note, velocity=90, time=0))
            track.append(mido.Message("note_on", note=note, velocity=0, time=240))
        file_name = f"groove{number}.mid"
        mido.MidiFile(tracks=[track]).save(data / "groove" / file_name)
        grooves.append(
            {
                "drummer": f"drummer{number}",
                "id": f"groove{number}",
                "bpm": "120",
                "beat_type": "beat",
                "time_signature": "4-4",
                "midi_filename": file_name,
                "duration": "4",
                "split": "train" if number < 4 else "test",
            }
        )
    with (data / "groove" / "info.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, grooves[0].keys())
        table.writeheader()
        table.writerows(grooves)
    return data


@pytest.fixture(scope="module")
def plan(material: Path, tmp_path_factory: pytest.TempPathFactory) -> clip.Plan:
    out = tmp_path_factory.mktemp("out")
    sounds = tmp_path_factory.mktemp("sounds")
    for job in kits.kit_jobs(sounds, material / "oneshots"):
        kits.build_kit(job, out / "kits")
    return clip.Plan(out, material, sounds, seed=3)


def clip_kit(plan: clip.Plan, seed: int = 0) -> synth.ClipKit:
    index = kits.read_index(plan.out / "kits")
    return synth.ClipKit(
        plan.out / "kits", {"muldjord": index["muldjord"]}, np.random.default_rng(seed)
    )


@pytest.mark.parametrize("lead_s", [0.0, 0.01, 0.3])
@pytest.mark.parametrize(
    ("frequency", "decay"), [(60.0, 0.3), (200.0, 0.2), (8e3, 1.0)]
)
def test_samples_begin_at_their_attack(
    lead_s: float, frequency: float, decay: float
) -> None:
    at = oneshots.attack_sample(hit(frequency, decay, lead_s))
    assert abs(at / RATE - lead_s) < 0.001


def test_attack_after_a_noise_before_it() -> None:
    noise = 0.06 * np.random.default_rng(0).standard_normal(round(0.02 * RATE))
    audio = np.concatenate([noise, hit(5000, 0.5, 0.0)]).astype(np.float32)
    assert abs(oneshots.attack_sample(audio) / RATE - 0.02) < 0.001


@pytest.mark.parametrize("audio", [np.zeros(9000), np.full(9000, np.nan), np.zeros(0)])
def test_broken_samples_are_left_out(audio: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    assert oneshots.prepare(audio.astype(np.float32), "KD", rng) is None


def test_cut_cymbals_ring_on() -> None:
    times = np.arange(2 * RATE) / RATE
    rng = np.random.default_rng(0)
    cut = (rng.standard_normal(times.size) * np.exp(-times)).astype(np.float32)
    long = oneshots.extend_tail(cut, 6 * RATE, rng)
    level = [
        float(np.sqrt(np.square(long[i * RATE : (i + 1) * RATE]).mean()))
        for i in range(5)
    ]
    ratios = np.diff(20 * np.log10(level))
    assert np.all(ratios < -4)
    assert np.all(ratios > -14)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Kick 1", "KD"),
        ("BassDrum", "KD"),
        ("Snare Rimshot", "SD"),
        ("Stick", "SST"),
        ("Rim Click (Pearl)", "SST"),
        ("Closed HH", "CHH"),
        ("Hat Closed", "CHH"),
        ("Pedal HH", "PHH"),
        ("Hi-Hat Pedal (Paiste)", "PHH"),
        ("Hat Semi-Open", "OHH"),
        ("Open Hat", "OHH"),
        ("Tom Hi", "HIT"),
        ("Tom 1", "HIT"),
        ("Tom Mid", "MHT"),
        ("Pearl Tom Floor", "LFT"),
        ("Crash/Ride Bow (Paiste)", "RDC"),
        ("Ride Bell", "RDB"),
        ("Crash Jazz", "CRC"),
        ("Splash", "SPC"),
        ("China (Paiste)", "CHC"),
        ("Cowbell", "OT"),
        ("Snare Roll", ""),
        ("17", ""),
    ],
)
def test_instrument_names(name: str, code: str) -> None:
    assert kitmaps.code_of_name("any", name) == code


@pytest.mark.parametrize("code", ["KD", "SD", "CHH", "CRC", "HIT", "LFT"])
def test_hits_sound_where_their_labels_are(plan: clip.Plan, code: str) -> None:
    rng = np.random.default_rng(4)
    wanted = [performances.Stroke(time, code, 110) for time in (0.5, 2.25, 4.0)]
    audio, placed = synth.place(wanted, clip_kit(plan), 6.0, rng)
    assert [h.time for h in placed] == pytest.approx([0.5, 2.25, 4.0], abs=1e-4)
    for one in placed:
        at = round(one.time * RATE)
        near = np.abs(audio[at - 400 : at + 1300])
        before = near[:380].max()
        first = int(np.argmax(near > before + 0.1 * (near.max() - before))) - 400
        assert abs(first / RATE) < 0.0015


def test_early_hits_ring_into_the_clip(plan: clip.Plan) -> None:
    rng = np.random.default_rng(4)
    hits = [performances.Stroke(-0.5, "CRC", 120)]
    audio, placed = synth.place(hits, clip_kit(plan), 2.0, rng)
    assert not placed
    assert np.abs(audio[:2000]).max() > 1e-4


def test_a_hat_chokes_the_open_hat(plan: clip.Plan) -> None:
    open_hat = performances.Stroke(0.2, "OHH", 120)
    late = slice(round(0.8 * RATE), round(1.0 * RATE))
    levels = []
    for hits in ([open_hat], [open_hat, performances.Stroke(0.5, "PHH", 1)]):
        rng = np.random.default_rng(0)
        audio, _ = synth.place(hits, clip_kit(plan), 2.0, rng)
        levels.append(float(np.sqrt(np.square(audio[late]).mean())))
    assert levels[1] < 0.1 * levels[0]


def test_velocity_is_level(plan: clip.Plan) -> None:
    levels = []
    for velocity in (15, 60, 120):
        hits = [performances.Stroke(0.1, "SD", velocity)]
        audio, _ = synth.place(hits, clip_kit(plan), 1.0, np.random.default_rng(0))
        levels.append(oneshots.loudness(audio))
    assert 10 * levels[0] < 3 * levels[1] < 3 * levels[2]


@pytest.mark.parametrize("style", grooves.STYLES, ids=lambda style: style.name)
def test_patterns_are_well_formed(style: grooves.Style) -> None:
    numerator, denominator = (int(part) for part in style.meter.split("/"))
    assert style.quarters == numerator * 4 / denominator
    assert set("".join(style.lines.values())) <= {".", *patterns.LEVELS}
    assert set(style.lines) <= set(kitmaps.DRUM_CODES)
    assert all(len(line) in (12, 16) for line in style.lines.values())


def test_programmed_beats_fall_on_the_grid() -> None:
    for seed in range(20):
        made = programming.programmed(20.0, np.random.default_rng(seed))
        times = np.array([time for time, _ in made.beats])
        positions = [position for _, position in made.beats]
        assert np.ptp(np.diff(times)) < 1e-6
        assert set(np.diff(positions)) <= {1, 1 - max(positions)}
        assert all(-performances.PREROLL_S < h.time < 20 for h in made.hits)


def test_every_effect_leaves_the_attack_in_place() -> None:
    rooms = [effects.synthetic_room(np.random.default_rng(0))]
    click = np.zeros(RATE, dtype=np.float32)
    click[20000:20600] = np.hanning(1200)[600:] * np.cos(np.arange(600))
    for seed in range(30):
        bus = effects.drum_bus(click, rooms, np.random.default_rng(seed))
        assert bus.size == click.size
        assert np.isfinite(bus).all()
        envelope = np.abs(bus)
        first = int(np.argmax(envelope > 0.2 * envelope.max()))
        assert abs(first - 20000) < 0.002 * RATE


def test_clips_depend_on_seed_and_number_alone(plan: clip.Plan, tmp_path: Path) -> None:
    again = clip.Plan(tmp_path, plan.data, plan.sounds, plan.seed)
    (tmp_path / "kits").symlink_to(plan.out / "kits")
    clip.render_clip(plan, 0)
    clip.render_clip(plan, 1)
    clip.render_clip(again, 1)
    for name in ("000001.drums.npy", "000001.json"):
        assert (plan.out / name).read_bytes() == (tmp_path / name).read_bytes()
    first = np.load(plan.out / "000000.drums.npy")
    assert first.dtype == np.int16
    assert first.shape == (round(20 * RATE),)
    assert not np.array_equal(first, np.load(plan.out / "000001.drums.npy"))


def test_finished_clips_are_kept(plan: clip.Plan) -> None:
    clip.render_clip(plan, 2)
    audio = plan.out / "000002.drums.npy"
    audio.write_bytes(b"kept")
    clip.render_clip(plan, 2)
    assert audio.read_bytes() == b"kept"
    (plan.out / "000002.json").unlink()
    clip.render_clip(plan, 2)
    assert np.load(audio).size


def test_splits_share_neither_kits_nor_performances(plan: clip.Plan) -> None:
    seen: dict[str, set[str]] = {"train": set(), "validation": set()}
    for index in range(24):
        clip.render_clip(plan, index)
        label = json.loads((plan.out / f"{index:06d}.json").read_text())
        assert label["onsets"] == sorted(label["onsets"], key=lambda o: o[0])
        assert all(1 <= o[2] <= 127 and 0 <= o[0] < 20 for o in label["onsets"])
        seen[label["split"]].update(label["kit"].split("+"))
        if label["drummer"].startswith("drummer"):
            seen[label["split"]].add(label["performance"])
    assert seen["train"] & seen["validation"] == set()
    assert "muldjord" in seen["train"]
    assert "sams_sonor" in seen["validation"]


def test_a_second_run_makes_what_is_missing(plan: clip.Plan, tmp_path: Path) -> None:
    reports: list[tuple[int, int]] = []
    for hours in (1 / 180, 2 / 180):
        failed = clip.render(
            tmp_path,
            data=plan.data,
            sounds=plan.sounds,
            hours=hours,
            seed=3,
            voice_minutes=0,
            progress=lambda done, count: reports.append((done, count)),
        )
        assert not failed
    assert reports == [(1, 1), (2, 2)]
    assert json.loads((tmp_path / "voices" / "index.json").read_text()) == {
        "voices": []
    }
    assert not list(tmp_path.glob(".*tmp"))


def song_file(path: Path) -> Path:
    """Write bass and drums in 3/4 at 150, then 90 beats a minute."""
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4))
    track.append(mido.MetaMessage("set_tempo", tempo=400_000))
    track.append(mido.Message("program_change", channel=0, program=33))
    for beat in range(24):
        if beat == 12:
            track.append(mido.MetaMessage("set_tempo", tempo=666_667))
        track.append(mido.Message("note_on", channel=9, note=36, velocity=100))
        track.append(mido.Message("note_on", channel=0, note=40, velocity=100))
        track.append(mido.Message("note_off", channel=0, note=40, time=480))
    mido.MidiFile(tracks=[track]).save(path)
    return path


def test_songs_beats_follow_the_tempo_map(tmp_path: Path) -> None:
    song = songs.read_song(song_file(tmp_path / "song.mid"))
    times = [time for time, _ in song.beats]
    assert times[:13] == pytest.approx([0.4 * i for i in range(13)], abs=1e-6)
    assert times[13] - times[12] == pytest.approx(0.666667, abs=1e-6)
    assert [position for _, position in song.beats[:4]] == [1, 2, 3, 1]
    assert [note.time for note in song.drums] == pytest.approx(times)
    assert set(song.programs) == {33}
    assert song.meter == "3/4"


def test_percussion_programs_are_no_accompaniment(tmp_path: Path) -> None:
    track = mido.MidiTrack()
    for program in (0, 117):
        track.append(mido.Message("program_change", channel=1, program=program))
        track.append(mido.Message("note_on", channel=1, note=60, velocity=90))
        track.append(mido.Message("note_off", channel=1, note=60, time=480))
    mido.MidiFile(tracks=[track]).save(tmp_path / "song.mid")
    assert songs.read_song(tmp_path / "song.mid").programs == [0]


def test_midi_of_a_render_is_in_milliseconds(tmp_path: Path) -> None:
    notes = [fluid.Note(0.25, 0.75, 0, 60, 90), fluid.Note(1.0, 1.5, 9, 38, 90)]
    fluid.write_midi(tmp_path / "n.mid", notes, [], 2.0)
    file = mido.MidiFile(tmp_path / "n.mid")
    now, starts = 0.0, []
    for message in file:
        now += message.time
        if message.type == "note_on":
            starts.append(round(now, 4))
    assert starts == [0.25, 1.0]
    assert file.length == pytest.approx(2.0)


@pytest.mark.needs_sounds
def test_fluidsynth_renders_notes_in_time() -> None:
    font = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
    if not fluid.available() or not font.is_file():
        pytest.skip("needs fluidsynth and timgm6mb-soundfont")
    audio = fluid.render_notes(font, [fluid.Note(1.0, 1.5, 9, 38, 120)], [], 3.0)
    assert audio.size == 3 * RATE
    first = int(np.argmax(np.abs(audio) > 0.1 * np.abs(audio).max()))
    assert abs(first / RATE - 1.0) < 0.01


@pytest.mark.needs_sounds
def test_voices_are_made_once(tmp_path: Path) -> None:
    tasks = voices.voice_tasks(tmp_path, 0, 0.5)
    if not tasks:
        pytest.skip("needs espeak-ng")
    tasks[0]()
    voices.write_index(tmp_path)
    rows = json.loads((tmp_path / "index.json").read_text())["voices"]
    assert rows[0]["file"] == "0000.npy"
    assert rows[0]["split"] == "train"
    assert np.abs(np.load(tmp_path / "0000.npy")).max() > 20000
    assert voices.voice_tasks(tmp_path, 0, 0.5) == []


def test_voices_of_the_splits_differ() -> None:
    split: dict[str, set[str]] = {"train": set(), "validation": set()}
    for task in voices.plan_voices(0, 60):
        split[task.split].add(task.voice.split("+")[0])
    assert split["train"]
    assert split["validation"]
    assert not split["train"] & split["validation"]
