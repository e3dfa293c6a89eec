"""Renders training clips: drums, accompaniment and voices, with their labels.

A clip depends only on the seed and its number. Its ``.json`` is written last, so a clip
with a ``.json`` is complete, and a second run continues where the first one stopped.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from adt_plugins.training.render import effects, voices
from adt_plugins.training.render.accompaniment import (
    Studio,
    choose_parts,
    render_accompaniment,
)
from adt_plugins.training.render.percussion import (
    Instruments,
    find_instruments,
    play_along,
)
from adt_plugins.training.render.programming import perform
from adt_plugins.training.render.synth import ClipKit, place
from adt_plugins.training.sources import kitmaps, kits
from adt_plugins.training.sources.files import write_array, write_json
from adt_plugins.training.sources.performances import Library
from adt_plugins.training.sources.real_sounds import prepare
from adt_plugins.training.sources.sounds import find_sounds

CLIP_S = 20.0
VALIDATION_EVERY = 8
VALIDATION_AT = 5

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """Folders and seed; the same for every clip."""

    out: Path
    data: Path
    sounds: Path
    seed: int


@dataclass(frozen=True)
class Stock:
    """The material that a worker reads once."""

    library: Library
    kits: dict[bool, dict[str, dict[str, int]]]
    percussion: dict[bool, Instruments]
    studio: Studio


def is_validation(index: int) -> bool:
    """Return whether a clip is for validation: one in eight."""
    return index % VALIDATION_EVERY == VALIDATION_AT


@lru_cache(maxsize=1)
def load_stock(plan: Plan) -> Stock:
    """Read the lists of kits, performances, songs and fonts.

    Raises
    ------
    FileNotFoundError
        If a split has no complete kit.
    """
    index = kits.read_index(plan.out / "kits")
    split: dict[bool, dict[str, dict[str, int]]] = {False: {}, True: {}}
    for name, pieces in index.items():
        split[kitmaps.is_held_out(name)][name] = pieces
    for chosen in split.values():
        if not any({"KD", "SD", "CHH"} <= set(pieces) for pieces in chosen.values()):
            raise FileNotFoundError(
                f"no whole drum kit below {plan.sounds} and {plan.data}"
            )
    packages = find_sounds(plan.sounds)
    fonts = tuple(path for _, path in sorted(packages.general_fonts.items()))
    studio = Studio(fonts, packages.strums, effects.read_rooms(plan.data / "rooms"))
    percussion = {
        held_out: find_instruments(plan.out / "kits", split[held_out])
        for held_out in split
    }
    return Stock(Library.find(plan.data), split, percussion, studio)


def render_clip(plan: Plan, index: int) -> None:
    """Render a clip, unless it exists."""
    stem = plan.out / f"{index:06d}"
    label = stem.with_suffix(".json")
    if label.is_file():
        return
    stock = load_stock(plan)
    validation = is_validation(index)
    rng = np.random.default_rng([plan.seed, index])
    performance = perform(stock.library, validation, CLIP_S, rng)
    kit = ClipKit(plan.out / "kits", stock.kits[validation], rng)
    others = play_along(performance, kit, stock.percussion[validation], CLIP_S, rng)
    hits = sorted([*performance.hits, *others], key=lambda hit: hit.time)
    drums, placed = place(hits, kit, CLIP_S, rng)
    drums = effects.drum_bus(drums, stock.studio.rooms, rng)
    parts = choose_parts(stock.library, performance, validation, CLIP_S, rng)
    accompaniment = render_accompaniment(stock.studio, parts, performance, CLIP_S, rng)
    write_array(Path(f"{stem}.drums.npy"), effects.to_int16(drums))
    if accompaniment is not None:
        write_array(Path(f"{stem}.accomp.npy"), effects.to_int16(accompaniment))
    write_json(
        label,
        {
            "onsets": [[round(hit.time, 5), hit.code, hit.velocity] for hit in placed],
            "beats": [
                [round(time, 5), position] for time, position in performance.beats
            ],
            "meter": performance.meter,
            "kit": "+".join(kit.names()),
            "performance": performance.identity,
            "drummer": performance.drummer,
            "split": "validation" if validation else "train",
            "accomp_kind": parts.kind if accompaniment is not None else "none",
        },
    )


def _ignore_interrupt() -> None:
    # Only the parent reacts to Ctrl-C, and lets clips in progress finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Several processes share the cores; threads in each would compete.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _run_all(
    pool: ProcessPoolExecutor,
    tasks: Iterable[Callable[[], object]],
    ahead: int,
) -> Iterator[Exception | None]:
    """Run tasks with few of them queued, so that an interrupt takes effect soon."""
    waiting: set[Future[object]] = set()
    for task in tasks:
        waiting.add(pool.submit(task))
        if len(waiting) >= ahead:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (_failure(future) for future in done)
    for future in waiting:
        yield _failure(future)


def _failure(future: Future[object]) -> Exception | None:
    error = future.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error


def render(
    out: Path,
    *,
    data: Path,
    sounds: Path,
    hours: float,
    seed: int = 0,
    workers: int = 1,
    voice_minutes: float = 60.0,
    progress: Progress | None = None,
) -> int:
    """Render clips into a folder; existing ones are kept.

    Parameters
    ----------
    out
        Folder for the clips, ``voices/``, ``real/`` and the built ``kits/``.
    data
        Folder with ``groove``, MIDI songs, ``oneshots``, ``rooms`` and ``voices``.
    sounds
        Folder of unpacked sound packages.
    hours
        Length of all clips together.
    seed
        Seed of the clips.
    workers
        Number of processes.
    voice_minutes
        Length of all voice files together.
    progress
        Function that is called with the numbers of finished and of all clips.

    Returns
    -------
    int
        Number of clips that failed; each is reported in one line on stderr.
    """
    plan = Plan(out, data, sounds, seed)
    (out / "voices").mkdir(parents=True, exist_ok=True)
    (out / "kits").mkdir(exist_ok=True)
    prepare(data, sounds, out)
    count = math.ceil(hours * 3600 / CLIP_S)
    missing = [
        index for index in range(count) if not (out / f"{index:06d}.json").is_file()
    ]
    done, failed = count - len(missing), 0
    # Spawned workers inherit no threads of the caller.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _ignore_interrupt) as pool:
        _build_kits(pool, plan, 2 * workers)
        tasks = _interleave(
            plan, missing, voices.voice_tasks(out / "voices", seed, voice_minutes)
        )
        for number, error in enumerate(_run_all(pool, tasks, 2 * workers)):
            if number % 16 == 0:
                voices.write_index(out / "voices")
            if error is None:
                done += 1
            else:
                failed += 1
                print(f"clip failed: {type(error).__name__}: {error}", file=sys.stderr)
            if progress is not None:
                progress(min(done, count), count)
    voices.write_index(out / "voices")
    return failed


def _build_kits(pool: ProcessPoolExecutor, plan: Plan, ahead: int) -> None:
    jobs = kits.kit_jobs(plan.sounds, plan.data / "oneshots")
    building = (partial(kits.build_kit, job, plan.out / "kits") for job in jobs)
    for error in _run_all(pool, building, ahead):
        if error is not None:
            print(f"kit left out: {error}", file=sys.stderr)


def _interleave(
    plan: Plan, indices: list[int], voice_tasks: list[Callable[[], object]]
) -> Iterator[Callable[[], object]]:
    """Yield the task of a voice file after every clip, until there are enough."""
    remaining = iter(voice_tasks)
    for index in indices:
        voice = next(remaining, None)
        yield partial(_clip_and_voice, plan, index, voice)
    yield from remaining


def _clip_and_voice(plan: Plan, index: int, voice: Callable[[], object] | None) -> None:
    render_clip(plan, index)
    if voice is not None:
        voice()
