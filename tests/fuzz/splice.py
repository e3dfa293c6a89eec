"""Fuzz what is read, and what is then written, with splices of valid files.

Damaged bytes mostly end in a parser's first check. These inputs keep the structure of
their format, see `tests.fuzz.spliced`. What is read is written again, in formats taken
at random. Each case may take so many seconds
and so much memory, and may end in one line; anything else is a find.

Usage: ``python -m tests.fuzz.splice [--cases 10000] [--seconds 600] [--seed 1]
[--first 0] [KIND …]``: so many cases of each kind, within so many seconds in all. Case
N of a seed is always the same input; ``--first N --cases 1`` tries one again.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adt_plugins import formats
from adt_plugins.activations import load_activations
from adt_plugins.audacity.request_folder import parse_request
from adt_plugins.audio import open_audio
from adt_plugins.audio.broadcast_wave import time_reference
from adt_plugins.audio.mp3_tag import encoder_delay
from adt_plugins.batch.manifest import Manifest
from adt_plugins.card import ModelCard
from adt_plugins.errors import AdtError
from adt_plugins.formats.audacity_project import binary_xml
from adt_plugins.formats.audacity_project.label_elements import label_tracks
from adt_plugins.labels.names import read_label_names
from adt_plugins.labels.originals import Original, original_text, read_original
from adt_plugins.midi.drum_maps import read_map
from adt_plugins.network.numpy_backend.tflite_file import read_tflite
from adt_plugins.picking.kit_adaptation import Adaptation
from adt_plugins.transcription import Transcription
from tests.fuzz.spliced import (
    Make,
    archives,
    events,
    lines_of,
    manifests,
    project_document,
    project_text,
    requests,
    trees_of,
)
from tests.fuzz.spliced_bytes import graphs, sounds, streams
from tests.fuzz.targets import CUES
from tests.support.paths import ROOT
from tests.support.tiny_model import write_tiny_model

GOLDEN = ROOT / "tests" / "data" / "golden"
_MOST_TOLD, _WATCHED, _WITH_SOUND_IN = 5, 100, 60
_MEMORY = Path("/dev/shm")  # faster than a disk
SECONDS, MEGABYTES = 20, 1500
"""Bounds of a case; those of the memory are the process's."""

WRITERS = (
    *("json", "labels", "labels-split", "midi", "csv", "adtlib"),
    *("tab", "musicxml", "reaper", "sv", "jams"),
)
WITH_SOUND = ("aup", "click", "chart", "html", "pdf")
"""Slow writers: each runs in one of so many cases, see `_SHARES`."""
_SHARES = (10, 10, 10, 10, 1)  # a page of a part takes a second


class Find(BaseException):
    """A find. Not an `Exception`, so that no handler catches it as its own."""


class Kind(NamedTuple):
    """Inputs of a format.

    Parameters
    ----------
    suffix
        Of the file.
    parse
        Reads it; what is a transcription is written then.
    make
        Makes the content of a case.
    """

    suffix: str
    parse: Callable[[Path], Any]
    make: Make


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    known = kinds()
    parser.add_argument("names", nargs="*", metavar="KIND", default=list(known))
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    _bound_memory()
    # Nothing is noted: a thousand cases a second would wait for the disk.
    os.environ["ADT_PLUGINS_HOME"] = os.devnull
    finds = total = 0
    until = time.monotonic() + args.seconds
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        for number, kind in enumerate(args.names):
            share = (until - time.monotonic()) / (len(args.names) - number)
            cases = range(args.first, args.first + args.cases)
            tally = run(
                kind, known[kind],
                seed=args.seed, cases=cases, seconds=share, folder=Path(name),
            )  # fmt: skip
            finds += tally["FIND"]
            total += tally["cases"]
            summary = ", ".join(f"{count} {what}" for what, count in tally.items())
            print(f"{kind}: {summary}", flush=True)
    print(f"{total} cases, {finds} finds")
    return int(finds > 0)


def run(
    name: str, kind: Kind, *, seed: int, cases: range, seconds: float, folder: Path
) -> Counter[str]:
    """Try cases until the time is over; count how they ended."""
    tally: Counter[str] = Counter(cases=0)
    end = time.monotonic() + seconds
    warnings.simplefilter("ignore")
    for case in cases:
        if time.monotonic() > end:
            break
        if not tally["cases"] % _WATCHED:  # where no signal is heeded, this ends it
            print(f"{name} from {case}", file=sys.stderr, flush=True)
            faulthandler.dump_traceback_later(2 * SECONDS * _WATCHED, exit=True)
        tally["cases"] += 1
        rng = random.Random(f"{seed} {name} {case}")
        try:
            with _bounded():
                tally.update(attempt(kind, rng, folder))
        except (Exception, Find) as error:
            tally["FIND"] += 1
            if tally["FIND"] <= _MOST_TOLD:
                print(f"FIND {name} {case}: {type(error).__name__}: {error}"[:300])
    return tally


def attempt(kind: Kind, rng: random.Random, folder: Path) -> Iterator[str]:
    """Read one input, write what it gives; say how both ended."""
    path = folder / f"input{kind.suffix}"
    path.write_bytes(kind.make(rng))
    try:
        parsed = kind.parse(path)
    except AdtError as error:
        _check_line(error)
        yield "refused"
        return
    yield "read"
    if not isinstance(parsed, Transcription):
        return
    chosen = [rng.choice(WRITERS)]
    if not rng.randrange(_WITH_SOUND_IN):
        chosen += rng.choices(WITH_SOUND, _SHARES)
    for form in chosen:
        target = folder / f"out{formats.FORMATS[form].suffix}"
        audio = {"audio": _sound()} if form in WITH_SOUND else {}
        try:
            formats.write(
                parsed, target, form, overwrite=True, warn=_check_warning, **audio
            )
        except AdtError as error:
            _check_line(error)
            yield "not written"
        else:
            yield "written"


def _check_line(error: AdtError) -> None:
    text = str(error)
    if not text or "\n" in text or len(text) > 2000:
        raise Find(f"no line: {text[:100]!r}") from error


def _check_warning(text: str) -> None:
    if "\n" in text or len(text) > 2000:
        raise Find(f"no line: {text[:100]!r}")


@contextmanager
def _bounded() -> Iterator[None]:
    """Stop a case that takes more time of the processor."""

    def late(*_: object) -> None:
        raise Find(f"takes longer than {SECONDS} s")

    signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _bound_memory() -> None:
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = now + (MEGABYTES << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


# Kinds


def kinds() -> dict[str, Kind]:
    """All kinds by name."""
    lines = ("labels", "csv", "adtlib", "reaper", "sv")
    golden = [(name, lines_of(_golden(name))) for name in lines]
    golden += [(name, trees_of(_golden(name))) for name in ("json", "jams")]
    golden += [(name, lines_of([CUES[name].encode()])) for name in CUES]
    inputs = {
        name: Kind(".txt" if name == "labels" else form.suffix, _reader(name), make)
        for name, make in (*golden, ("midi", events))
        for form in (formats.FORMATS[name],)
    }
    maps = [p.read_bytes() for p in (ROOT / "adt_plugins/midi/drum_maps").glob("g*")]
    card = (ROOT / "models" / "drums.json").read_bytes()
    learnt = Adaptation("0", ("KD", "SD"), {"KD": (1.0, 0.0, 0.5)}).to_json().encode()
    original = original_text(Original(formats.read(GOLDEN / "golden.drums.json")))
    names = lines_of([b"Bombo = KD\nx = -"])
    return inputs | {
        "drum-map": Kind(".json", read_map, trees_of(maps)),
        "model-card": Kind(".json", ModelCard.read, trees_of([card])),
        "adaptation": Kind(".json", Adaptation.read, trees_of([learnt])),
        "original": Kind(".json", _original, trees_of([original.encode()])),
        "manifest": Kind(".jsonl", _manifest, manifests),
        "label-names": Kind(".names", read_label_names, names),
        "activations": Kind(".npz", load_activations, archives),
        "aup": Kind(".aup", _reader("aup"), project_text),
        "aup3-document": Kind(".bin", _document, project_document),
        "request": Kind(".request", _request, requests),
        "chunks": Kind(".audio", _hear, sounds()),
        "streams": Kind(".audio", _hear, streams()),
        "tflite": Kind(".tflite", _graph, graphs(_tiny())),
    }


def _reader(name: str) -> Callable[[Path], Any]:
    return lambda path: formats.read(path, name, warn=_check_warning)


def _golden(name: str) -> list[bytes]:
    suffix = formats.FORMATS[name].suffix
    return [p.read_bytes() for p in sorted(GOLDEN.glob(f"golden{suffix}"))]


def _original(path: Path) -> Transcription:
    return read_original(path).transcription


def _manifest(path: Path) -> None:
    with Manifest(path, _check_warning) as manifest:
        manifest.add({"input": "/new", "status": "started", "outputs": []})
        list(manifest.lines())


def _document(path: Path) -> None:
    label_tracks(binary_xml.events(path.read_bytes())).early.tell(_check_warning)


def _request(path: Path) -> None:
    parse_request("1", path.read_bytes().decode("ascii", "replace"))


def _hear(path: Path) -> None:
    """Read a little of what may say that it is long."""
    encoder_delay(path)
    with suppress(AdtError):
        time_reference(path)
    with open_audio(path, end=2.0) as reader:
        for _ in reader:
            pass
        for text in reader.warnings:
            _check_warning(text)


def _graph(path: Path) -> None:
    try:
        read_tflite(path.read_bytes())
    except ValueError as error:
        raise AdtError(str(error)) from error


def _tiny() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        return write_tiny_model(Path(name)).with_suffix(".tflite").read_bytes()


@cache
def _sound() -> tuple[NDArray[np.float32], int]:
    return np.zeros(4410, np.float32), 44100


if __name__ == "__main__":
    sys.exit(main())
