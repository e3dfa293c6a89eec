"""A pool of voices: speech and something like singing, from eSpeak NG.

Real sibilants and consonants are what a hi-hat is most easily confused with.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from adt_plugins.base.drafts import whole_file
from adt_plugins.training.render import effects
from adt_plugins.training.sources.files import write_array
from adt_plugins.training.sources.oneshots import (
    SAMPLE_RATE_HZ,
    Samples,
    read_mono,
    smooth_envelope,
)

FILE_S = 30.0
LANGUAGES = (
    *(
        "en-gb",
        "en-us",
        "de",
        "es",
        "fr-fr",
        "it",
        "pt-br",
        "sv",
        "nl",
        "pl",
        "cs",
        "fi",
    ),
    *(
        "ru",
        "tr",
        "el",
        "hu",
        "ro",
        "da",
        "nb",
        "id",
        "sw",
        "ja",
        "en-gb-scotland",
        "eo",
    ),
)
VARIANTS = (
    "m1",
    "m2",
    "m3",
    "m4",
    "m5",
    "m6",
    "m7",
    "f1",
    "f2",
    "f3",
    "f4",
    "f5",
    "croak",
    "whisper",
)
# Two languages are kept for validation, whatever the variant.
HELD_OUT_LANGUAGES = ("en-gb-scotland", "sv", "eo")
PHRASES = (
    "She said stay, stay with us this last summer night",
    "Sometimes the city sleeps, sometimes it sings",
    "Take it to the top, take it to the street",
    "Oh, oh, yeah, hold on to me",
    "I can't stop, I can't stop this feeling",
    "Silver stars across the sea, whisper secrets back to me",
    "Baby, baby, won't you come back home",
    "Catch the train, catch the chance, choose the choice",
    "Nothing left to lose, nothing left to say",
    "La la la, sha la la, na na na",
    "Rise and shine, the sun is in your eyes",
    "Don't think twice, just dance all night",
    "Kiss me quick, kiss me slow, let it go",
    "Six strings singing, ten ticking clocks",
    "We are the lost ones, we are the brave",
    "Fire in the sky, ashes in the snow",
    "Tell me what you see, tell me what you need",
    "Ooh, aah, mother, where is the moon",
    "Pocket full of change, heart full of pain",
    "Yes sir, this is the sound of the streets",
)


@dataclass(frozen=True)
class VoiceTask:
    """A file of the pool."""

    number: int
    voice: str
    kind: str
    split: str


def plan_voices(seed: int, minutes: float) -> list[VoiceTask]:
    """Draw voice, kind and split of every file; the same for the same seed."""
    rng = np.random.default_rng([seed, 77])
    tasks = []
    for number in range(round(minutes * 60 / FILE_S)):
        validation = number % 8 == 5
        pool = [x for x in LANGUAGES if (x in HELD_OUT_LANGUAGES) == validation]
        language = pool[int(rng.integers(len(pool)))]
        voice = f"{language}+{VARIANTS[int(rng.integers(len(VARIANTS)))]}"
        kind = str(rng.choice(["speech", "sung", "sung", "double"]))
        tasks.append(
            VoiceTask(number, voice, kind, "validation" if validation else "train")
        )
    return tasks


def voice_tasks(folder: Path, seed: int, minutes: float) -> list[Callable[[], object]]:
    """Return the missing files' tasks: calls that can run in another process."""
    if shutil.which("espeak-ng") is None:
        return []
    return [
        partial(make_voice, folder, task, seed)
        for task in plan_voices(seed, minutes)
        if not (folder / f"{task.number:04d}.json").is_file()
    ]


def speak(text: str, voice: str, speed_wpm: int, pitch: int) -> Samples:
    """Speak a text; mono, 44.1 kHz.

    Raises
    ------
    OSError, subprocess.CalledProcessError
        Where eSpeak NG is missing or fails.
    """
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "speech.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(speed_wpm), "-p", str(pitch)]
        subprocess.run(
            [*command, "-w", str(path), text], check=True, capture_output=True
        )
        return read_mono(path)


def stretch_vowels(audio: Samples, factor: float) -> Samples:
    """Make vowels longer by a factor and leave consonants as they are.

    A phase vocoder whose input position advances slowly where low frequencies
    prevail and at full speed where the sound is a hiss, a click or a rest.
    """
    size, hop = 2048, 512
    if audio.size < 2 * size:
        return audio
    window = np.hanning(size).astype(np.float32)
    low = smooth_envelope(effects.low_pass(audio, 1200), 0.03)
    full = smooth_envelope(audio, 0.03)
    vowel = (low > 0.55 * full) & (full > 0.15 * full.max())
    advance = np.where(vowel, 1 / factor, 1.0)
    positions = [0.0]
    while positions[-1] < audio.size - size - hop - 1:
        centre = min(audio.size - 1, int(positions[-1]) + size // 2)
        positions.append(positions[-1] + hop * float(advance[centre]))
    expected = 2 * np.pi * hop * np.arange(size // 2 + 1) / size
    out = np.zeros(len(positions) * hop + size, dtype=np.float32)
    phase: npt.NDArray[np.float64] | None = None
    for index, position in enumerate(positions[:-1]):
        at = int(position)
        first = np.fft.rfft(window * audio[at : at + size])
        second = np.fft.rfft(window * audio[at + hop : at + hop + size])
        if phase is None or advance[min(audio.size - 1, at + size // 2)] == 1.0:
            phase = np.angle(first)
        frame = np.fft.irfft(np.abs(first) * np.exp(1j * phase)).astype(np.float32)
        out[index * hop : index * hop + size] += window * frame
        turn = np.angle(second) - np.angle(first) - expected
        phase = phase + expected + turn - 2 * np.pi * np.round(turn / (2 * np.pi))
    return np.asarray(out / np.float32(1.5), dtype=np.float32)


def sing(audio: Samples, rng: np.random.Generator) -> Samples:
    """Sing: lengthen vowels, on stepping and vibrating pitches."""
    audio = stretch_vowels(audio, float(rng.uniform(1.8, 4.0)))
    count = max(2, round(audio.size / SAMPLE_RATE_HZ / float(rng.uniform(0.3, 0.9))))
    steps = np.clip(np.cumsum(rng.integers(-3, 4, count)), -5, 5) + float(
        rng.uniform(-3, 3)
    )
    times = np.arange(audio.size) / SAMPLE_RATE_HZ
    edges = np.linspace(0, audio.size, count, endpoint=False)
    held = np.repeat(steps, np.diff(np.append(np.round(edges), audio.size)).astype(int))
    smooth = smooth_envelope((held + 20).astype(np.float32), 0.04) - 20
    vibrato = float(rng.uniform(0, 0.4)) * np.sin(
        2 * np.pi * float(rng.uniform(4.5, 6.5)) * times
    )
    position = np.cumsum(2 ** ((smooth + vibrato) / 12))
    position = position[position < audio.size - 1]
    return np.interp(position, np.arange(audio.size), audio).astype(np.float32)


def make_voice(folder: Path, task: VoiceTask, seed: int) -> None:
    """Write ``NNNN.npy`` and, last, ``NNNN.json``: phrases with rests between."""
    rng = np.random.default_rng([seed, 78, task.number])
    length = round(FILE_S * SAMPLE_RATE_HZ)
    audio = np.zeros(length, dtype=np.float32)
    at = round(float(rng.uniform(0, 1.0)) * SAMPLE_RATE_HZ)
    pitch, speed = int(rng.integers(15, 90)), int(rng.integers(90, 190))
    while at < length:
        text = PHRASES[int(rng.integers(len(PHRASES)))]
        phrase = speak(text, task.voice, speed, pitch)
        if task.kind != "speech":
            phrase = sing(phrase, rng)
        if task.kind == "double":
            delay = round(float(rng.uniform(0.012, 0.035)) * SAMPLE_RATE_HZ)
            wobble = np.arange(phrase.size) * float(rng.uniform(0.992, 1.008))
            second = np.interp(wobble, np.arange(phrase.size), phrase)
            both = phrase + 0.8 * np.pad(second, (delay, 0))[: phrase.size]
            phrase = np.asarray(both, dtype=np.float32)
        peak = max(1e-4, float(np.abs(phrase).max(initial=0.0)))
        scale = np.float32(float(rng.uniform(0.6, 1.0)) / peak)
        phrase = np.asarray(phrase[: length - at] * scale, dtype=np.float32)
        audio[at : at + phrase.size] += phrase
        at += phrase.size + round(
            float(rng.choice([0.1, 0.6, 1.5, 3.0])) * SAMPLE_RATE_HZ
        )
    if rng.random() < 0.5:
        audio = effects.compress(audio, float(rng.uniform(-25, -10)), 4.0, 0.005, 0.1)
    if rng.random() < 0.5:
        # eSpeak ends at 11 kHz: bring the sibilants' upper part forward instead.
        audio = effects.equalise(audio, [(8000.0, float(rng.uniform(0, 9)), 0.6)])
    if rng.random() < 0.4:
        audio = effects.add_room(
            audio, effects.synthetic_room(rng), float(rng.uniform(-20, -8))
        )
    path = folder / f"{task.number:04d}.npy"
    write_array(path, effects.to_int16(audio))
    label = {
        "file": path.name,
        "voice": task.voice,
        "kind": task.kind,
        "split": task.split,
    }
    with whole_file(path.with_suffix(".json")) as draft:
        draft.write_text(json.dumps(label), encoding="utf-8")


def write_index(folder: Path) -> None:
    """Write ``index.json`` of the existing files."""
    paths = sorted(folder.glob("[0-9]*.json"))
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    with whole_file(folder / "index.json") as draft:
        draft.write_text(json.dumps({"voices": rows}, indent=1), encoding="utf-8")
