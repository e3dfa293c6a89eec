"""Measures how well drums are separated from songs, where drums and mix are known.

``RECORDINGS`` holds ``NAME.drums.flac`` and ``NAME.mix.flac``, the drums at any one
level in the mix; a mix that is not the sum of its drums and something else (its drums
explain more of it than their own level would) counts by itself. In the same run beside
this package: the same method with librosa's onsets, each taken for a kick, a snare and
a hi-hat; ``librosa.effects.hpss``; and the ideal ratio mask, which no mask on these
frames can do much better than::

    python benchmarks/separation.py RECORDINGS [--songs Britpop,Punk]

With the folder of ``adt train render`` and that of one-shots (`--oneshots`), each drum
by itself: hits of the validation split, from which no mask is learnt, are
played with the one-shots, with their accompaniment under them, 4 dB louder::

    python benchmarks/separation.py --renders RENDERS --oneshots ONESHOTS

Numbers are improvements of the scale-invariant signal-to-distortion ratio over the mix,
in dB (Le Roux et al., *SDR - half-baked or well done?*, 2019), and processor time as a
part of the recording's length.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from adt_plugins import Onset, Transcription, separate, transcribe
from adt_plugins.drums import Drum
from adt_plugins.separation.frames import Grid

RATE = 44100
MOST = 14
LOUDER_DB = 4.1  # level above the drums

Floats = NDArray[np.float64]
Method = Callable[[Floats, Floats, Transcription], Floats]


def si_sdr(estimate: Floats, truth: Floats) -> float:
    target = (estimate @ truth) / (truth @ truth) * truth
    noise = estimate - target
    return 10 * math.log10((target @ target) / (noise @ noise))


def ours(mix: Floats, _: Floats, hits: Transcription) -> Floats:
    return separate(hits, (mix.astype(np.float32), RATE)).drums[:, 0].astype(float)


def without_our_hits(mix: Floats, drums: Floats, _: Transcription) -> Floats:
    import librosa

    times = librosa.onset.onset_detect(y=mix, sr=RATE, units="time", backtrack=True)
    kinds = (Drum.KD, Drum.SD, Drum.HH)
    hits = tuple(Onset(float(time), kind) for time in times for kind in kinds)
    return ours(mix, drums, Transcription(onsets=hits))


def hpss(mix: Floats, *_: Any) -> Floats:
    import librosa

    return np.asarray(librosa.effects.hpss(mix)[1], np.float64)


def ideal_ratio_mask(mix: Floats, drums: Floats, _: Transcription) -> Floats:
    grid = Grid(RATE)
    lead = grid.size - grid.hop

    def spectra(samples: Floats) -> NDArray[np.complex64]:
        return grid.spectra(np.pad(samples, lead).astype(np.float32))

    power = np.abs(spectra(drums)) ** 2
    other = np.abs(spectra(mix - drums)) ** 2
    masked = spectra(mix) * (power / (power + other + 1e-12))
    whole = grid.samples(masked)[lead:]
    return np.pad(whole, (0, len(mix)))[: len(mix)].astype(float)


METHODS: dict[str, Method] = {
    "adt split": ours,
    "without our hits": without_our_hits,
    "librosa HPSS": hpss,
    "ideal ratio mask": ideal_ratio_mask,
}


def songs(
    folder: Path, names: list[str] | None
) -> Iterator[tuple[str, Floats, Floats]]:
    """Yield name, mix, and drums at their level in it."""
    for path in sorted(folder.glob("*.mix.flac")):
        name = path.name.removesuffix(".mix.flac")
        if names is None or name in names:
            mix, rate = soundfile.read(path)
            drums, _ = soundfile.read(path.with_name(f"{name}.drums.flac"))
            assert rate == RATE, path
            yield name, mix, drums * ((drums @ mix) / (drums @ drums))


def measure_songs(folder: Path, names: list[str] | None) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name, mix, drums in songs(folder, names):
        hits = transcribe((mix.astype(np.float32), RATE), fine=True, beats=False)
        for method, function in METHODS.items():
            started = time.process_time()
            estimate = function(mix, drums, hits)
            taken = (time.process_time() - started) / (len(mix) / RATE)
            rest = mix - drums
            results.setdefault(method, {})[name] = {
                "drums": si_sdr(estimate, drums) - si_sdr(mix, drums),
                "rest": si_sdr(mix - estimate, rest) - si_sdr(mix, rest),
                "time": taken,
            }
    return results


def played(hits: list[list[Any]], kit: dict[str, Floats], length: int) -> Any:
    """Return a track of each coarse drum, with its hits played with one-shots."""
    tracks: dict[Drum, Floats] = defaultdict(lambda: np.zeros(length))
    for start, drum, velocity in hits:
        sound = kit.get(drum, kit.get(Drum(drum).coarse.value))
        if sound is not None:
            begin = round(start * RATE)
            part = tracks[Drum(drum).coarse][begin : begin + len(sound)]
            part += (velocity / 127) ** 2 * sound[: len(part)]
    return tracks


def read_kit(folder: Path, name: str = "muldjord") -> dict[str, Floats]:
    """Return the loudest one-shot of each class."""
    classes = {"HHC": "HH", "HHO": "OHH", "HHP": "PHH", "CR": "CY", "RD": "RDC"}
    kit: dict[str, Floats] = {}
    with (folder / "oneshots.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["kit"] == name and row["level_rank"] == row["level_ranks"]:
                code = classes.get(row["class"], row["class"])
                kit.setdefault(code, soundfile.read(folder / row["file"])[0])
    return kit


def held_out(renders: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the accompaniments of the validation split, and their labels."""
    for path in sorted(renders.glob("*.accomp.npy")):
        song = json.loads(path.with_name(f"{path.name[:6]}.json").read_text())
        if song["split"] == "validation":
            yield path, song


def measure_drums(renders: Path, oneshots: Path) -> dict[str, Any]:
    kit = read_kit(oneshots)
    improvements: dict[str, list[float]] = defaultdict(list)
    for path, song in islice(held_out(renders), MOST):
        rest = np.load(path, allow_pickle=False).astype(float)
        tracks = played(song["onsets"], kit, len(rest))
        drums = np.sum(list(tracks.values()), axis=0)
        level = 10 ** (LOUDER_DB / 20)
        rest *= level * math.sqrt((drums @ drums) / max(rest @ rest, 1e-9))
        gain = 0.5 / np.abs(drums + rest).max()
        mix = gain * (drums + rest)
        hits = transcribe((mix.astype(np.float32), RATE), fine=True, beats=False)
        stems = separate(hits, (mix.astype(np.float32), RATE), by_drum=True)
        for drum, track in tracks.items():
            if drum in stems.by_drum and track.any():
                sound = stems.by_drum[drum][:, 0].astype(float)
                better = si_sdr(sound + 1e-9, track) - si_sdr(mix, track)
                improvements[drum.value].append(better)
    return {
        drum: {"median": float(np.median(values)), "songs": len(values)}
        for drum, values in sorted(improvements.items())
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", type=Path, nargs="?")
    parser.add_argument("--songs", type=lambda text: text.split(","))
    parser.add_argument("--renders", type=Path)
    parser.add_argument("--oneshots", type=Path)
    args = parser.parse_args()
    if args.recordings is not None:
        for method, by_song in measure_songs(args.recordings, args.songs).items():
            for name, values in by_song.items():
                print(f"{method:18} {name:12}", *(f"{values[k]:6.2f}" for k in values))
            mean = {k: np.mean([v[k] for v in by_song.values()]) for k in values}
            print(f"{method:18} {'mean':12}", *(f"{mean[k]:6.2f}" for k in mean))
    if args.renders is not None:
        for drum, result in measure_drums(args.renders, args.oneshots).items():
            print(f"{drum} {result['median']:6.2f} dB in {result['songs']} songs")


if __name__ == "__main__":
    main()
