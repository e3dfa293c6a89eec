"""Fuzz what is read, and what is then written, with splices of valid files.

Damaged bytes mostly end in a parser's first check. These inputs keep the structure of
their format: lines and cells, trees of JSON, events of MIDI, arrays; parts of valid
files change places, and numbers take values at which work could grow without end. What
is read is written again, in formats taken at random. Each case may take so many seconds
and so much memory, and may end in one line; anything else is a find.

Usage: ``python -m tests.fuzz.splice [--cases 10000] [--seconds 600] [--seed 1]
[--first 0] [KIND …]``: so many cases of each kind, within so many seconds in all. Case
N of a seed is always the same input; ``--first N --cases 1`` tries one again.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import json
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adt_plugins import formats
from adt_plugins.activations import load_activations
from adt_plugins.batch.manifest import Manifest
from adt_plugins.card import ModelCard
from adt_plugins.errors import AdtError
from adt_plugins.labels.names import read_label_names
from adt_plugins.midi.drum_maps import read_map
from adt_plugins.picking.kit_adaptation import Adaptation
from adt_plugins.transcription import Transcription
from tests.support.paths import ROOT

GOLDEN = ROOT / "tests" / "data" / "golden"
_MOST_TOLD, _WATCHED = 5, 100
SECONDS, MEGABYTES = 20, 1500
"""Bounds of a case; those of the memory are the process's."""

WRITERS = (
    *("json", "labels", "labels-split", "midi", "csv", "adtlib"),
    *("tab", "musicxml", "reaper", "sv", "jams"),
)
_NUMBERS = (
    *("0", "1", "-1", "0.5", "1e-320", "1e5", "99999.5", "1e9", "1e300", "1e999"),
    *("139810", "2147483648", "-0.0", "NaN", "9" * 400, "0x10", "1_0", "٣", "", "null"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, 1e-320, 1e5, 1e9, 1e300, 2**31, 10**12),
    *("", "KD", "4/4", "255/32", "=1+1", "a\nb", "\x1b[2J", "\ud800", [], {}, [[]]),
)


class Find(BaseException):
    """What must not be; no `Exception`, so that nothing takes it for one of its own."""


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
    make: Callable[[random.Random], bytes]


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
    with tempfile.TemporaryDirectory() as name:
        for number, kind in enumerate(args.names):
            share = (until - time.monotonic()) / (len(args.names) - number)
            cases = range(args.first, args.first + args.cases)
            tally = run(
                kind, known[kind],
                seed=args.seed, cases=cases, seconds=share, folder=Path(name),
            )  # fmt: skip
            finds += tally["FIND"]
            total += tally["cases"]
            told = ", ".join(f"{count} {what}" for what, count in tally.items())
            print(f"{kind}: {told}", flush=True)
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
        found = kind.parse(path)
    except AdtError as error:
        _check_line(error)
        yield "refused"
        return
    yield "read"
    if not isinstance(found, Transcription):
        return
    for form in rng.sample(WRITERS, 2):
        target = folder / f"out{formats.FORMATS[form].suffix}"
        try:
            formats.write(found, target, form, overwrite=True, warn=_check_warning)
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


# Inputs


def kinds() -> dict[str, Kind]:
    """All kinds by name."""
    found = {
        name: Kind(".txt" if name == "labels" else form.suffix, _reader(name), make)
        for name, make in (
            *((name, lines_of(_golden(name))) for name in ("labels", "csv", "adtlib")),
            *((name, lines_of(_golden(name))) for name in ("reaper", "sv")),
            *((name, trees_of(_golden(name))) for name in ("json", "jams")),
            ("midi", events),
        )
        for form in (formats.FORMATS[name],)
    }
    maps = [p.read_bytes() for p in (ROOT / "adt_plugins/midi/drum_maps").glob("g*")]
    card = (ROOT / "models" / "drums.json").read_bytes()
    learnt = Adaptation("0", ("KD", "SD"), {"KD": (1.0, 0.0, 0.5)}).to_json().encode()
    return found | {
        "drum-map": Kind(".json", read_map, trees_of(maps)),
        "model-card": Kind(".json", ModelCard.read, trees_of([card])),
        "adaptation": Kind(".json", Adaptation.read, trees_of([learnt])),
        "manifest": Kind(".jsonl", _manifest, manifests),
        "label-names": Kind(
            ".names", read_label_names, lines_of([b"Bombo = KD\nx = -"])
        ),
        "activations": Kind(".npz", load_activations, archives),
    }


def _reader(name: str) -> Callable[[Path], Any]:
    return lambda path: formats.read(path, name, warn=_check_warning)


def _golden(name: str) -> list[bytes]:
    suffix = formats.FORMATS[name].suffix
    return [p.read_bytes() for p in sorted(GOLDEN.glob(f"golden{suffix}"))]


def lines_of(seeds: list[bytes]) -> Callable[[random.Random], bytes]:
    """Splices of lines and of their cells."""
    pool = [line for seed in seeds for line in seed.decode().splitlines()]
    cells = [part for line in pool for part in _cells(line) if part.strip(" \t,;=")]

    def make(rng: random.Random) -> bytes:
        made = [rng.choice(pool) for _ in range(rng.randrange(12))]
        if rng.random() < 0.8:
            made.insert(0, pool[0])  # the header, where there is one
        for _ in range(rng.randrange(4)):
            if made:
                at = rng.randrange(len(made))
                parts = _cells(made[at])
                spot = rng.randrange(len(parts))
                parts[spot] = rng.choice([rng.choice(cells), rng.choice(_NUMBERS)])
                made[at] = "".join(parts)
        end = rng.choice(["\n", "\n", "\r\n", "\r", "\n\n"])
        return (end.join(made) + rng.choice(["", end])).encode()

    return make


def _cells(line: str) -> list[str]:
    """Parts of a line, its separators among them."""
    parts, last = [""], False
    for sign in line:
        separates = sign in " \t,;="
        if separates != last and parts[-1]:
            parts.append("")
        parts[-1] += sign
        last = separates
    return parts


def trees_of(seeds: list[bytes]) -> Callable[[random.Random], bytes]:
    """Splices of JSON: subtrees change places, are repeated or become odd values."""
    documents = [json.loads(seed) for seed in seeds]
    pool = [node for document in documents for node in _nodes(document)]

    def make(rng: random.Random) -> bytes:
        tree = _copy(rng.choice(documents), rng)
        for _ in range(rng.randrange(1, 4)):
            tree = _spliced(tree, pool, rng)
        text = json.dumps(tree, ensure_ascii=rng.random() < 0.5)
        return text.encode("utf-8", "surrogatepass")

    return make


def _nodes(tree: Any) -> Iterator[Any]:
    yield tree
    inside = tree.values() if isinstance(tree, dict) else tree
    if isinstance(tree, (dict, list)):
        for node in inside:
            yield from _nodes(node)


def _copy(tree: Any, rng: random.Random) -> Any:
    """A copy with a few items of its lists, so that a case is fast."""
    if isinstance(tree, dict):
        return {key: _copy(value, rng) for key, value in tree.items()}
    if isinstance(tree, list):
        begin = rng.randrange(max(1, len(tree) - 5))
        return [_copy(item, rng) for item in tree[begin : begin + 6]]
    return tree


def _spliced(tree: Any, pool: list[Any], rng: random.Random) -> Any:
    """Walk down at random, and change what is there."""
    if not isinstance(tree, (dict, list)) or not tree or rng.random() < 0.05:
        return _copy(rng.choice([rng.choice(pool), rng.choice(_VALUES)]), rng)
    at = rng.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
    chance = rng.random()
    if chance < 0.06:
        del tree[at]
    elif chance < 0.1 and isinstance(tree, list):
        tree += tree[at:]
    else:
        tree[at] = _spliced(tree[at], pool, rng)
    return tree


def manifests(rng: random.Random) -> bytes:
    """Lines of a manifest, whole, spliced or cut."""
    line = {
        "input": "/a.wav", "status": "done", "error": None, "warnings": ["x"],
        "outputs": [{"format": "labels", "path": "a.labels.txt", "sha256": "0" * 64}],
        "onsets": {"KD": 2}, "sha256": "0" * 64, "settings": "0", "bytes": 3,
        "modified": 17,
    }  # fmt: skip
    make = trees_of([json.dumps(line).encode()])
    made = [
        make(rng) if rng.random() < 0.5 else json.dumps(line).encode()
        for _ in range(rng.randrange(4))
    ]
    return b"\n".join(made) + rng.choice([b"", b"\n", b"\n\n", b'\n{"input'])


def _manifest(path: Path) -> None:
    with Manifest(path) as manifest:
        manifest.add({"input": "/new", "status": "started", "outputs": []})
        list(manifest.lines())


def events(rng: random.Random) -> bytes:
    """MIDI files of whole events, with odd tempi, signatures, deltas and divisions."""
    division = rng.choice([1, 2, 24, 96, 480, 960, 32767, 0xE250, 0xE728, 0x8001])
    count = rng.randrange(1, 4)
    tracks = [_track(rng) for _ in range(count)]
    head = struct.pack(">4sIHHH", b"MThd", 6, int(count > 1), count, division)
    return head + b"".join(
        b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks
    )


def _track(rng: random.Random) -> bytes:
    made = bytearray()
    usual = rng.choice([0, 24, 240, 960, 100_000])
    for _ in range(rng.choice([1, 5, 20, 20, 20, 300])):
        delta = (
            usual if rng.random() < 0.9 else rng.choice([0, 1, 127, 2**14, 2**28 - 1])
        )
        made += _quantity(delta)
        chance = rng.random()
        if chance < 0.6:
            note = rng.choice([35, 36, 38, 42, 46, 49, 0, 127])
            made += bytes((0x99, note, rng.choice([0, 1, 64, 127])))
        elif chance < 0.75:
            tempo = rng.choice([1, 1000, 400_000, 500_000, 2**24 - 1])
            made += b"\xff\x51\x03" + tempo.to_bytes(3, "big")
        elif chance < 0.9:
            upper, lower = rng.choice([1, 2, 3, 4, 7, 12, 255]), rng.randrange(7)
            made += bytes((0xFF, 0x58, 4, upper, lower, 24, 8))
        else:
            text = rng.choice([b"Drums", b"Bar 1", b"\xff\xfe", b"a\nb" * 20])
            made += b"\xff" + bytes((rng.choice([1, 3, 6]), len(text))) + text
    return bytes(made) + b"\x00\xff\x2f\x00"


def _quantity(value: int) -> bytes:
    made = [value & 0x7F]
    while value := value >> 7:
        made.insert(0, value & 0x7F | 0x80)
    return bytes(made)


def archives(rng: random.Random) -> bytes:
    """Archives of whole arrays, of odd shapes, types and values."""
    odd: list[Any] = [
        *(np.zeros(0), np.zeros((3, 2), np.float16), np.array(["KD", "SD"])),
        *(
            np.zeros((2, 3), np.int8),
            np.array(100.0),
            np.array(np.nan),
            np.array(1e300),
        ),
        *(np.array("x"), np.zeros((1, 1, 1)), np.array(True), np.array(1j)),
    ]
    arrays: dict[str, Any] = {
        "values": np.zeros((rng.randrange(4), 2), np.float32),
        "outputs": np.array(["KD", "SD"]),
        "frame_rate": np.array(100.0),
        "offset": np.array(0.0),
    }
    for _ in range(rng.randrange(3)):
        name = rng.choice([*arrays, "more"])
        if rng.random() < 0.2:
            arrays.pop(name, None)
        else:
            arrays[name] = rng.choice(odd)
    file = io.BytesIO()
    rng.choice([np.savez, np.savez_compressed])(file, **arrays)
    data = bytearray(file.getvalue())
    for _ in range(rng.choice([0, 0, 1, 3])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


if __name__ == "__main__":
    sys.exit(main())
