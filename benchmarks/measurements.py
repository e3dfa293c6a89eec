"""The measurements of `bench.py`: the limit, the stages, the start and the memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from adt_plugins import formats
from adt_plugins.activations import Activations
from adt_plugins.audio import open_audio
from adt_plugins.base.hashing import sha256
from adt_plugins.card import ModelCard
from adt_plugins.errors import MissingDependencyError
from adt_plugins.features.band_levels import BandLevels
from adt_plugins.features.noise_floor import without_noise_before_hits
from adt_plugins.features.spectrogram import Spectrogram
from adt_plugins.network.brnn_sa.weights import single
from adt_plugins.network.catalogue import find_model
from adt_plugins.network.inference import Network
from adt_plugins.picking.beginnings import Beginnings
from adt_plugins.picking.onsets import pick_onsets
from adt_plugins.pipeline import transcribe
from adt_plugins.rhythm.beats import find_beats, has_beats
from adt_plugins.rhythm.chord_changes import Harmony

RATE = 44100
GROOVE = Path(__file__).resolve().parent.parent / "examples" / "groove.flac"
MATRIX_SIZE = 1024
FFT_BLOCK = 64
BLOCK_SAMPLES = 65536
MEMORY_RUNS = 3

# On Linux, ru_maxrss includes what the parent had when it forked; VmHWM does not.
_PEAK_MEMORY = """
import sys, time
from adt_plugins import formats, transcribe
started = time.process_time()
song = transcribe(sys.argv[1], model=sys.argv[2] or None)
formats.write(song, sys.argv[1] + ".mid", "midi")
if sys.platform == "linux":
    status = open("/proc/self/status").read()
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
elif sys.platform == "win32":
    import psutil
    peak = psutil.Process().memory_info().peak_wset
else:
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak, time.process_time() - started)
"""


class Cost(NamedTuple):
    """Processor and clock time in seconds, of the fastest run."""

    cpu: float
    wall: float


def measure(work: Callable[[], Any], repeats: int) -> tuple[Cost, Any]:
    """Run something several times; return its least cost and its last result."""
    costs = []
    result = None
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        costs.append(Cost(time.process_time() - cpu, time.perf_counter() - wall))
    return Cost(*map(min, zip(*costs, strict=True))), result


def write_recordings(
    folder: Path, minutes: float, song: Path = GROOVE
) -> dict[str, Path]:
    """Write a song over and over, under a little noise, in stereo and three formats."""
    samples, rate = soundfile.read(song, dtype="float32", always_2d=True)
    if rate != RATE:
        raise SystemExit(f"{song}: {rate} Hz; it must have {RATE}")
    stereo = samples[:, [0, -1]]
    repeated = np.resize(stereo, (round(minutes * 60 * RATE), 2))
    noise = np.random.default_rng(0).normal(0, 0.003, repeated.shape)
    mix = (repeated + noise).astype(np.float32)
    paths = {}
    for suffix, subtype in (
        ("wav", "PCM_16"),
        ("flac", "PCM_16"),
        ("mp3", "MPEG_LAYER_III"),
    ):
        paths[suffix] = folder / f"recording.{suffix}"
        soundfile.write(paths[suffix], mix, RATE, subtype=subtype)
    return paths


def decode(path: Path) -> None:
    """Decode a file as libsndfile does it, and nothing else."""
    buffer = np.empty((BLOCK_SAMPLES, 2), np.float32)
    with soundfile.SoundFile(path) as file:
        while len(file.read(out=buffer)) == len(buffer):
            pass


def fft(card: ModelCard, frames: int) -> None:
    """Transform as many frames as the recording has, in blocks of 64."""
    import scipy.fft

    noise = np.random.default_rng(0).normal(size=(FFT_BLOCK, card.front_end.frame_size))
    block = noise.astype(np.float32)
    for _ in range(0, frames, FFT_BLOCK):
        scipy.fft.rfft(block)


def multiply_add_rate() -> float:
    """Return multiply-adds a second of a float32 matrix product."""
    a, b = (
        np.random.default_rng(0)
        .normal(size=(2, MATRIX_SIZE, MATRIX_SIZE))
        .astype(np.float32)
    )
    cost, _ = measure(lambda: a @ b, 20)
    return MATRIX_SIZE**3 / cost.cpu


def multiply_adds(card: ModelCard) -> float:
    """Return the multiply-adds of the network for one frame, each counted once.

    Counted in the graphs of a batch; context frames, which are computed several times,
    are not part of what no program could do without.
    """
    from ai_edge_litert import schema_py_generated as schema

    assert card.path is not None
    content = (card.path.parent / card.file).read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    products = {
        schema.BuiltinOperator.FULLY_CONNECTED,
        schema.BuiltinOperator.BATCH_MATMUL,
    }
    total = 0.0
    alone = {
        item.subgraphIndex
        for item in model.signatureDefs
        if item.signatureKey.endswith(single("").encode())
    }
    for number, graph in enumerate(model.subgraphs):
        if number in alone:
            continue
        # The first output of a graph has a row for each of its frames.
        frames = graph.tensors[graph.outputs[0]].shape[0] * card.geometry.batch
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            if max(code.builtinCode, code.deprecatedBuiltinCode) in products:
                # Both multiply rows of their first input, one product for each output.
                depth = graph.tensors[operator.inputs[0]].shape[-1]
                *rows, outputs = graph.tensors[operator.outputs[0]].shape
                total += depth * outputs * min(int(np.prod(rows)), frames) / frames
    return total


def measure_limit(
    path: Path, card: ModelCard, frames: int, repeats: int
) -> dict[str, Cost]:
    """Measure the parts of the least possible cost."""
    seconds = multiply_adds(card) * frames / multiply_add_rate()
    return {
        "decode": measure(lambda: decode(path), repeats)[0],
        "fft": measure(lambda: fft(card, frames), repeats)[0],
        "network": Cost(seconds, seconds),
    }


def track_beats(
    activations: Activations, frames: list[NDArray[np.float32]], card: ModelCard
) -> None:
    """Find beats, and before that the changes of the harmony."""
    harmony = Harmony(card.front_end)
    for block in frames:
        harmony.add(block)
    find_beats(activations, changes=harmony.changes())


def measure_stages(path: Path, card: ModelCard, repeats: int) -> dict[str, Cost]:
    """Measure the stages one by one, and `measure_whole`."""
    stages = {}

    def audio() -> list[NDArray[np.float32]]:
        with open_audio(path) as reader:
            return list(reader)

    def front_end() -> list[NDArray[np.float32]]:
        spectrogram = Spectrogram(card.front_end, card.level)
        blocks = [spectrogram.process(block).values for block in samples]
        return [*blocks, spectrogram.finish().values]

    def listened() -> list[NDArray[np.float32]]:
        beginnings = Beginnings(card.front_end)
        hop = card.front_end.hop_size
        return list(without_noise_before_hits(beginnings.watch(samples), hop))

    stages["hash"], _ = measure(lambda: sha256(path), repeats)
    stages["audio"], samples = measure(audio, repeats)
    stages["beginnings"], _ = measure(listened, repeats)
    stages["front end"], frames = measure(front_end, repeats)
    bands = BandLevels(card.front_end, card.drums)
    stages["levels"], levels = measure(
        lambda: np.concatenate([bands.process(block) for block in frames]), repeats
    )
    stages["open network"], network = measure(lambda: Network(card), repeats)
    stages["network"], values = measure(
        lambda: np.concatenate(list(network.stream(frames))), repeats
    )
    activations = Activations(values, card.outputs, card.front_end.frame_rate)
    stages["peaks"], _ = measure(
        lambda: pick_onsets(activations, card, levels=levels), repeats
    )
    if has_beats(card.outputs):
        stages["beats"], _ = measure(
            lambda: track_beats(activations, frames, card), repeats
        )
    return stages | measure_whole(path, card, repeats)


def measure_whole(path: Path, card: ModelCard, repeats: int) -> dict[str, Cost]:
    """Measure writing, and the whole chain as a user runs it."""
    result = transcribe(path, model=card)
    midi = path.with_suffix(".mid")
    stages = {}
    stages["write"], _ = measure(
        lambda: formats.write(result, midi, "midi", overwrite=True), repeats
    )

    def whole(beats: bool) -> None:
        song = transcribe(path, model=card, beats=beats)
        formats.write(song, midi, "midi", overwrite=True)

    stages["whole"], _ = measure(lambda: whole(beats=False), repeats)
    if has_beats(card.outputs):
        stages["whole, with beats"], _ = measure(lambda: whole(beats=True), repeats)
    return stages


def measure_madmom(path: Path, repeats: int) -> Cost | None:
    """Time madmom's front end alone, or None where madmom is missing."""
    from adt_plugins.rhythm.madmom_backend import import_madmom

    try:
        madmom = import_madmom()
    except MissingDependencyError:
        return None
    from madmom.audio.spectrogram import LogarithmicFilteredSpectrogram

    assert madmom is not None

    def run() -> Any:
        return LogarithmicFilteredSpectrogram(
            str(path),
            num_channels=1,
            sample_rate=RATE,
            frame_size=2048,
            hop_size=441,
            num_bands=12,
            fmin=20,
            fmax=20000,
        )

    return measure(run, repeats)[0]


def measure_startup(model: str | None) -> dict[str, float]:
    """Measure the clock time of processes that do next to nothing."""
    code = (
        "import sys, numpy as np; from adt_plugins import transcribe;"
        "transcribe((np.zeros(44100, np.float32), 44100), model=sys.argv[1] or None)"
    )
    commands = {
        "bare Python": ["-c", "pass"],
        "import numpy, scipy.fft": ["-c", "import numpy, scipy.fft"],
        "adt --version": ["-m", "adt_plugins", "--version"],
        "one second of silence": ["-c", code, model or ""],
    }

    def run(arguments: list[str]) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        return time.perf_counter() - started

    return {
        name: min(run(arguments) for _ in range(3))
        for name, arguments in commands.items()
    }


def peak_memory_mb(
    folder: Path, minutes: float, model: str | None
) -> tuple[float, float]:
    """Measure peak memory and processor time of a process that transcribes a file."""
    path = folder / f"{minutes:g}.wav"
    groove, _ = soundfile.read(GROOVE, dtype="int16")
    left = round(minutes * 60 * RATE)
    with soundfile.SoundFile(path, "w", RATE, 2, subtype="PCM_16") as file:
        while left > 0:
            file.write(groove[:left])
            left -= len(groove)
    done = subprocess.run(
        [sys.executable, "-c", _PEAK_MEMORY, str(path), model or ""],
        check=True,
        capture_output=True,
        text=True,
    )
    path.unlink()
    size, seconds = done.stdout.split()
    return int(size) / 1e6, float(seconds)


def median_of_peaks(
    folder: Path, minutes: float, model: str | None
) -> tuple[float, float]:
    """Return the medians of `peak_memory_mb`: what is given back differs by 10 MB."""
    runs = [peak_memory_mb(folder, minutes, model) for _ in range(MEMORY_RUNS)]
    sizes, seconds = zip(*runs, strict=True)
    return statistics.median(sizes), statistics.median(seconds)


def run(
    model: str | None, minutes: float, repeats: int, *, memory: bool = True
) -> dict[str, Any]:
    """Measure everything; the result is ready for JSON."""
    card = find_model(model)
    frames = round(minutes * 60 * card.front_end.frame_rate)
    report: dict[str, Any] = {
        "model": card.name,
        "minutes": minutes,
        "multiply_adds_per_frame": round(multiply_adds(card)),
        "recordings": {},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for suffix, path in write_recordings(folder, minutes).items():
            limit = measure_limit(path, card, frames, repeats)
            stages = measure_stages(path, card, repeats)
            if suffix == "wav":
                madmom = measure_madmom(path, repeats)
                if madmom is not None:
                    stages["madmom's front end"] = madmom
            least = sum(cost.cpu for cost in limit.values())
            report["recordings"][suffix] = {
                "limit": {key: cost._asdict() for key, cost in limit.items()},
                "limit_total": least,
                "stages": {
                    key: {**cost._asdict(), "ratio": cost.cpu / least}
                    for key, cost in stages.items()
                },
            }
            path.unlink()
        report["startup"] = measure_startup(model)
        if memory:
            (minute, _), (song, short), (hour, long) = (
                median_of_peaks(folder, m, model) for m in (1, 5, 60)
            )
            report["memory_mb"] = {
                "minute": minute,
                "song": song,
                "hour": hour,
                "growth": hour - minute,
            }
            report["hour"] = {"ratio": long / (12 * short), "cpu": long}
    return report
