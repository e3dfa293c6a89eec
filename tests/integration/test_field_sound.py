"""Recordings as users have them: which hits are found in them, and where."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from adt_plugins.audio import SAMPLE_RATE, load_audio
from adt_plugins.network.inference import Network
from adt_plugins.pipeline import open_network, transcribe
from adt_plugins.streaming import transcribe_stream
from adt_plugins.transcription import Transcription
from tests.support.field_files import Pipe
from tests.support.paths import GROOVE

FIRST_HIT_S = 0.08  # the groove's first hits are at 0.088

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def network() -> Network:
    return open_network()


@pytest.fixture(scope="module")
def groove() -> Floats:
    return load_audio(GROOVE)


@pytest.fixture(scope="module")
def song(network: Network) -> Transcription:
    return transcribe(GROOVE, model=network)


def transcribed(samples: NDArray[np.floating], network: Network) -> Transcription:
    return transcribe((samples.astype(np.float32), SAMPLE_RATE), model=network)


def dithered(samples: Floats) -> Floats:
    rng = np.random.default_rng(3)
    noise = rng.random(len(samples)) - rng.random(len(samples))
    return (np.round(samples * 32768 + noise) / 32768).astype(np.float32)


def delayed(samples: Floats, seconds: float) -> Floats:
    return np.concatenate((np.zeros(round(seconds * SAMPLE_RATE), np.float32), samples))


@pytest.mark.parametrize("silence", [0.0, 0.3, 1.0])
def test_dither_before_the_first_hit_is_not_struck(
    silence: float, groove: Floats, network: Network, song: Transcription
) -> None:
    transcription = transcribed(dithered(delayed(groove, silence)), network)
    assert transcription.onsets[0].time == pytest.approx(silence + 0.088, abs=0.01)
    assert len(transcription) >= len(song) - 2


@pytest.mark.parametrize("level", [1e-4, 1e-3, 1e-2])
def test_noise_from_the_first_sample_on_is_not_struck(
    level: float, groove: Floats, network: Network
) -> None:
    whole = delayed(groove, 0.5)
    noise = np.random.default_rng(4).standard_normal(len(whole))
    transcription = transcribed(whole + level * noise, network)
    assert transcription.onsets[0].time > 0.5 + FIRST_HIT_S


def test_noise_after_digital_silence_is_not_struck(
    groove: Floats, network: Network
) -> None:
    whole = delayed(groove, 1.0)
    noise = 3e-4 * np.random.default_rng(4).standard_normal(len(whole))
    noise[: SAMPLE_RATE // 2] = 0
    transcription = transcribed(whole + noise, network)
    assert transcription.onsets[0].time > 1.0 + FIRST_HIT_S


@pytest.mark.parametrize("seconds", [0.05, 0.2, 1.0])
def test_a_fade_in_is_not_struck(
    seconds: float, groove: Floats, network: Network
) -> None:
    part = groove[round(2.05 * SAMPLE_RATE) :].copy()
    length = round(seconds * SAMPLE_RATE)
    part[:length] *= np.linspace(0, 1, length)
    assert transcribed(part, network).onsets[0].time > 0.05


# Not every beginning is told from a hit: at 7.5 s, the rattle of a snare is not.
@pytest.mark.parametrize("start", [1.75, 2.0, 2.05, 4.5, 6.5, 9.5, 13.0, 14.0, 15.5])
def test_a_beginning_in_mid_sound_is_not_struck(
    start: float, groove: Floats, network: Network, song: Transcription
) -> None:
    transcription = transcribed(groove[round(start * SAMPLE_RATE) :], network)
    first = song[start:].onsets[0].time - start
    assert transcription.onsets[0].time == pytest.approx(first, abs=0.01)


@pytest.mark.parametrize("before", [0.0, 0.001, 0.005, 0.02])
@pytest.mark.parametrize("hit", [2.395, 6.152, 9.752])
def test_a_hit_with_which_a_loop_begins_is_heard(
    hit: float, before: float, groove: Floats, network: Network
) -> None:
    start = round((hit - before) * SAMPLE_RATE)
    transcription = transcribed(groove[start : start + 4 * SAMPLE_RATE], network)
    assert "KD" in {str(hit.drum) for hit in transcription if hit.time < 0.04}


@pytest.mark.parametrize("before", [0.0, 0.002, 0.01])
def test_a_hit_on_the_first_samples_is_heard(
    before: float, groove: Floats, network: Network
) -> None:
    attack = int(np.argmax(np.abs(groove) > 0.02))  # silent until then
    start = attack - round(before * SAMPLE_RATE)
    first = [o for o in transcribed(groove[start:], network) if o.time < 0.04]
    assert {"KD"} <= {str(o.drum) for o in first}


def ringing_cymbal(seconds: float) -> Floats:
    """Return a cymbal cut at its attack: its power hardly falls within 80 ms."""
    count = round(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    hiss = np.diff(np.random.default_rng(1).standard_normal(count + 2), 2)
    fading = 10 ** (-1.0 * time) * (1 + 0.5 * np.exp(-30 * time))
    return np.asarray(0.05 * hiss * fading, np.float32)


def test_a_sample_of_a_cymbal_is_struck(network: Network) -> None:
    sound = (ringing_cymbal(2.0), SAMPLE_RATE)
    hits = transcribe(sound, model=network, song_gate=False)
    assert "CY" in {str(hit.drum) for hit in hits}
    assert all(hit.time < 0.02 for hit in hits)


def test_what_rings_on_before_the_next_stroke_is_not_struck(network: Network) -> None:
    sound = 0.5 * ringing_cymbal(4.0)
    later = SAMPLE_RATE // 2
    sound[later:] += ringing_cymbal(4.0)[:-later]
    hits = transcribe((sound, SAMPLE_RATE), model=network, song_gate=False)
    assert all(hit.time > 0.4 for hit in hits)


@pytest.mark.parametrize("noise", [0.0, 1e-3])
@pytest.mark.parametrize("place", ["before", "behind"])
def test_long_silence_hides_no_drums(
    place: str, noise: float, groove: Floats, network: Network
) -> None:
    """A recorder that runs on makes hits rare, not unlikely."""
    part = groove[: 2 * SAMPLE_RATE]
    silence = np.zeros(240 * SAMPLE_RATE, np.float32)
    both = (silence, part) if place == "before" else (part, silence)
    rng = np.random.default_rng(5)
    recording = np.concatenate(both)
    recording += noise * rng.standard_normal(len(recording), np.float32)
    start = 240.0 if place == "before" else 0.0
    found = transcribe(
        (recording, SAMPLE_RATE), model=network, beats=False, song_gate="strict"
    )
    alone = recording[round(start * SAMPLE_RATE) :][: 2 * SAMPLE_RATE]
    expected = [(o.drum, start + o.time) for o in transcribed(alone, network)]
    assert len(expected) >= 14
    assert [o.drum for o in found] == [drum for drum, _ in expected]
    times = [time for _, time in expected]
    assert [o.time for o in found] == pytest.approx(times, abs=0.011)


@pytest.mark.parametrize("seconds", [0.5, 5.0])
def test_single_strokes_far_apart_are_found(seconds: float, network: Network) -> None:
    """As a track of one drum, or a file of samples, has them."""
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    rattle = np.random.default_rng(0).standard_normal(len(time)) * np.exp(-18 * time)
    snare = 0.3 * rattle + 0.4 * np.sin(2 * np.pi * 190 * time) * np.exp(-25 * time)
    samples = np.zeros(round((8 * seconds + 1) * SAMPLE_RATE))
    for hit in range(8):
        start = round((0.5 + hit * seconds) * SAMPLE_RATE)
        samples[start : start + len(snare)] += snare
    found = transcribed(samples, network)["SD"]
    expected = [0.5 + hit * seconds for hit in range(8)]
    assert [o.time for o in found] == pytest.approx(expected, abs=0.02)


def test_toms_alone_are_found(network: Network) -> None:
    """A tom's own track, or a sample of it."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    sweep = np.sin(2 * np.pi * (120 * time - 2 * np.exp(-20 * time)))
    stick = np.random.default_rng(0).standard_normal(len(time)) * np.exp(-120 * time)
    tom = sweep * np.exp(-6 * time) + 0.1 * stick
    samples = np.zeros(5 * SAMPLE_RATE)
    for start in (0.3, 1.05, 1.8, 2.55):
        first = round(start * SAMPLE_RATE)
        samples[first : first + len(tom)] += tom
    found = transcribed(0.5 * samples / np.abs(samples).max(), network)
    assert [str(hit.drum) for hit in found] == ["TT"] * 4


@pytest.mark.parametrize(("start", "end"), [(2, 6), (2, None), (9.9, 11), (5.123, 8.5)])
def test_a_part_is_heard_as_in_the_whole(
    start: float, end: float | None, network: Network, song: Transcription
) -> None:
    part = transcribe(GROOVE, model=network, start=start, end=end)
    same = song[start:end]
    assert [o.drum for o in part] == [o.drum for o in same]
    times = [o.time for o in part]
    assert times == pytest.approx([o.time for o in same], abs=0.002)
    assert part.activations is not None
    assert part.source.duration is not None
    frames = part.source.duration * part.activations.frame_rate
    assert len(part.activations.values) == pytest.approx(frames, abs=1)


@pytest.mark.parametrize(("start", "end"), [(90.0, 94.0), (61.123, 65.0)])
def test_a_short_part_is_heard_by_what_is_around_it(
    start: float, end: float, groove: Floats, network: Network
) -> None:
    """Seconds of soft drums in noise tell no tempo, and not which drums there are."""
    song = np.concatenate([groove] * 2 + [0.03 * groove] * 4)
    song = song + 0.01 * np.random.default_rng(0).standard_normal(len(song))
    sound = (song.astype(np.float32), SAMPLE_RATE)
    same = transcribe(sound, model=network)[start:end]
    part = transcribe(sound, model=network, start=start, end=end)
    assert len(part) > 10
    assert part.onsets == same.onsets
    assert part.beats == same.beats


@pytest.mark.parametrize(("damage", "end"), [(5.0, 36.0), (5.0, None), (18.0, None)])
def test_a_part_behind_damage_is_heard_without_it(
    damage: float, end: float | None, groove: Floats, network: Network, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.flac"
    samples = np.concatenate([groove] * 3)
    sf.write(path, samples, SAMPLE_RATE)
    content = bytearray(path.read_bytes())
    at = round(len(content) * damage * SAMPLE_RATE / len(samples))
    content[at : at + 20_000] = bytes(20_000)
    path.write_bytes(content)
    part = transcribe(path, model=network, start=30, end=end)[30:36]
    same = transcribed(samples, network)[30:36]
    assert [hit.time for hit in part] == pytest.approx(
        [hit.time for hit in same], abs=0.01
    )


def test_a_pipe_is_read_half_a_minute_past_the_part(
    groove: Floats, network: Network
) -> None:
    wav = io.BytesIO()
    sf.write(wav, np.concatenate([groove] * 5), SAMPLE_RATE, "PCM_16", format="WAV")
    pipe = Pipe(wav.getvalue())
    part = transcribe(pipe, model=network, start=2, end=6)
    assert [hit.time for hit in part] == pytest.approx(
        [hit.time for hit in transcribe(GROOVE, model=network)[2:6]], abs=0.01
    )
    assert pipe.tell() < 60 * SAMPLE_RATE * 2


def test_a_stream_begins_like_a_file(groove: Floats, network: Network) -> None:
    samples = dithered(groove)
    blocks = (samples[k : k + 1000] for k in range(0, len(samples), 1000))
    first = next(transcribe_stream(blocks, SAMPLE_RATE, model=network))
    assert first.time == pytest.approx(0.088, abs=0.01)


def test_dither_alone_is_not_struck(groove: Floats, network: Network) -> None:
    """FluidSynth, for one, dithers its silence."""
    rng = np.random.default_rng(6)
    dither = rng.integers(-1, 2, 5 * SAMPLE_RATE).astype(np.float32) / 32768
    dither[SAMPLE_RATE::1000] *= 0
    transcription = transcribed(np.concatenate((dither, groove)), network)
    assert transcription.onsets[0].time > 5 + FIRST_HIT_S


def test_a_quiet_recording_keeps_its_soft_hits(
    groove: Floats, network: Network, song: Transcription
) -> None:
    quiet = 10 ** (-60 / 20) / np.abs(groove).max() * groove
    assert len(transcribed(quiet, network)) == len(song)


def test_fast_kicks_are_all_picked(network: Network) -> None:
    """Double kicks come at 12.5 a second."""
    rng = np.random.default_rng(0)
    time = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
    sweep = np.sin(2 * np.pi * (45 * time - 3 * np.exp(-35 * time)))
    click = rng.standard_normal(len(time)) * np.exp(-300 * time)
    kick = 0.8 * sweep * np.exp(-14 * time) + 0.1 * click
    samples = np.zeros(7 * SAMPLE_RATE)
    for hit in range(64):
        start = round((0.5 + 0.08 * hit) * SAMPLE_RATE)
        samples[start : start + len(kick)] += (1.0 if hit % 2 else 0.85) * kick
    transcription = transcribed(0.7 * samples / np.abs(samples).max(), network)
    assert len(transcription["KD"]) == 64


@pytest.mark.parametrize("level_db", [-70.0, -50.0])
@pytest.mark.parametrize("seconds", [0.05, 2.0])
def test_noise_of_a_microphone_hides_no_first_hit(
    groove: Floats, network: Network, level_db: float, seconds: float
) -> None:
    quiet = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    samples = np.concatenate((quiet, groove))[: 4 * SAMPLE_RATE]
    noise = np.random.default_rng(0).normal(0, 10 ** (level_db / 20), len(samples))

    def first_hits(sound: Floats) -> set[tuple[str, float]]:
        transcription = transcribe((sound, SAMPLE_RATE), model=network, beats=False)
        return {(str(hit.drum), round(hit.time, 1)) for hit in transcription.onsets[:2]}

    clean = first_hits(samples)
    assert {drum for drum, _ in clean} == {"KD", "HH"}
    assert first_hits(samples + noise.astype(np.float32)) == clean
