"""Inputs that keep the structure of their format: splices of valid files.

Lines and cells, trees of JSON and XML, events of MIDI, arrays and chunks of sound
change places, and numbers take values at which work could grow without end.
"""

from __future__ import annotations

import io
import json
import random
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from tests.support.audacity.make_aup3 import Document, Tag, label, track

Make = Callable[[random.Random], bytes]
"""Makes the content of a case."""

NUMBERS = (
    *("0", "1", "-1", "0.5", "1e-320", "1e5", "99999.5", "1e9", "1e300", "1e999"),
    *("139810", "2147483648", "-0.0", "NaN", "9" * 400, "0x10", "1_0", "٣", "", "null"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, 1e-320, 1e5, 1e9, 1e300, 2**31, 10**12),
    *("", "KD", "4/4", "255/32", "=1+1", "a\nb", "\x1b[2J", "\ud800", [], {}, [[]]),
)
_MOST_LINES = 40
SIZES = (0, 1, 3, 16, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def lines_of(seeds: list[bytes]) -> Make:
    """Return a maker of splices of lines and of their cells."""
    pool = [line for seed in seeds for line in seed.decode().splitlines()]
    cells = [part for line in pool for part in _cells(line) if part.strip(" \t,;=")]

    def make(rng: random.Random) -> bytes:
        if rng.random() < 0.4:  # whole, as far as it is not changed below
            made = rng.choice(seeds).decode().splitlines()[:_MOST_LINES]
            del made[rng.randrange(1, len(made) + 1) :]
        else:
            made = [rng.choice(pool) for _ in range(rng.randrange(12))]
        if rng.random() < 0.8 and pool[0] not in made:
            made.insert(0, pool[0])  # the header, where there is one
        for _ in range(rng.randrange(4)):
            if made:
                at = rng.randrange(len(made))
                parts = _cells(made[at])
                spot = rng.randrange(len(parts))
                parts[spot] = rng.choice([rng.choice(cells), rng.choice(NUMBERS)])
                made[at] = "".join(parts)
        end = rng.choice(["\n", "\n", "\r\n", "\r", "\n\n"])
        return (end.join(made) + rng.choice(["", end])).encode()

    return make


def _cells(line: str) -> list[str]:
    """Return the parts of a line, separators included."""
    parts, last = [""], False
    for sign in line:
        separates = sign in " \t,;="
        if separates != last and parts[-1]:
            parts.append("")
        parts[-1] += sign
        last = separates
    return parts


def trees_of(seeds: list[bytes]) -> Make:
    """Return a maker of JSON whose subtrees move, are repeated or become odd values."""
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
    """Return a copy with a few items of its lists, so that a case is fast."""
    if isinstance(tree, dict):
        return {key: _copy(value, rng) for key, value in tree.items()}
    if isinstance(tree, list):
        begin = rng.randrange(max(1, len(tree) - 5))
        return [_copy(item, rng) for item in tree[begin : begin + 6]]
    return tree


def _spliced(tree: Any, pool: list[Any], rng: random.Random) -> Any:
    """Walk down the tree at random, and change the node that is reached."""
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
    """Return lines of a manifest: whole, spliced or cut."""
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


def events(rng: random.Random) -> bytes:
    """Return a MIDI file of whole events with odd tempi, signatures and deltas."""
    division = rng.choice([24, 96, 480, 480, 960, 32767, 0xE250, 0xE728, 0x8001])
    if not rng.randrange(20):
        division = rng.choice([1, 2])
    count = rng.randrange(1, 4)
    tracks = [_track(rng) for _ in range(count)]
    head = struct.pack(">4sIHHH", b"MThd", 6, int(count > 1), count, division)
    return head + b"".join(
        b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks
    )


def _track(rng: random.Random) -> bytes:
    made = bytearray()
    usual = rng.choice([0, 24, 24, 240, 240, 960])
    if not rng.randrange(40):
        usual = 100_000
    for _ in range(300 if not rng.randrange(50) else rng.choice([1, 5, 20, 20])):
        delta = usual if rng.random() < 0.9 else rng.choice([0, 1, 127, 500])
        if not rng.randrange(200):
            delta = rng.choice([2**14, 2**28 - 1])
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
    """Return an archive of whole arrays of odd shapes, types and values."""
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


_PROJECT: list[Any] = [
    "project",
    {"version": "1.3.0", "audacityversion": "3.2.4"},
    [
        ["tags", {}, []],
        ["wavetrack", {"name": "song", "rate": 44100, "gain": 1.0}, []],
        list(track("Drums", label(0.5, "KD"), label(1.0, "é"), label(2.0, "x", 3.0))),
        list(track("Snare", label(0.0, "SD"), label(-1.0, ""))),
    ],
]


def tags(rng: random.Random) -> Tag:
    """Return the tree of an Audacity project with elements and attributes moved."""
    document: Any = json.loads(json.dumps(_PROJECT))
    pool = list(_nodes(document))
    for _ in range(rng.randrange(1, 5)):
        document = _spliced(document, pool, rng)
    return _as_tag(document) or ("project", {}, [])


def _as_tag(node: Any) -> Tag | None:
    """Return as much of a tree as both forms of a project can hold."""
    if not isinstance(node, list) or len(node) != 3 or not isinstance(node[0], str):
        return None
    name, about, inside = node
    values = about if isinstance(about, dict) else {}
    held = {
        key: value
        for key, value in values.items()
        if isinstance(value, (str, float, bool))
        or (isinstance(value, int) and abs(value) < 1 << 31)
    }
    children = map(_as_tag, inside if isinstance(inside, list) else [])
    return _plain(name), held, [child for child in children if child is not None]


def _plain(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum()) or "x"


def project_text(rng: random.Random) -> bytes:
    """Return a project of Audacity 2, which is XML."""
    return b'<?xml version="1.0"?>\n' + _xml(tags(rng)).encode("utf-8", "replace")


def _xml(tag: Tag) -> str:
    name, about, inside = tag
    attributes = "".join(f" {_plain(k)}={quoteattr(str(v))}" for k, v in about.items())
    return f"<{name}{attributes}>{''.join(map(_xml, inside))}</{name}>\n"


def project_columns(rng: random.Random) -> tuple[bytes, bytes]:
    """Return the columns of a project of Audacity 3: names, and tags."""
    made = Document(rng.choice([1, 2, 4]))
    name, about, inside = _encodable(tags(rng))
    made.tag(name, about, *inside)
    return made.names, made.body


def _encodable(tag: Tag) -> Tag:
    name, about, inside = tag
    plain: Mapping[str, Any] = {
        key.encode("utf-8", "replace").decode(): value.encode("utf-8", "replace")
        .decode() if isinstance(value, str) else value
        for key, value in about.items()
    }  # fmt: skip
    return name, plain, [_encodable(child) for child in inside]


def project_document(rng: random.Random) -> bytes:
    """Return both columns, one after the other, with some bytes changed."""
    data = bytearray(b"".join(project_columns(rng)))
    for _ in range(rng.choice([0, 0, 1, 2])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def requests(rng: random.Random) -> bytes:
    """Return a request of a plug-in whose lines move and change values."""
    seed = (
        b"adt-plugins 1\nkind labels\ndrums KD,SD\nsensitivity 50\ntext name\n"
        b"start 1.5\nlead 0.2\nend\n"
    )
    lines = seed.decode().splitlines()
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(lines))
        lines[at] = rng.choice(
            [rng.choice(lines), f"{lines[at].split(' ')[0]} {rng.choice(NUMBERS)}"]
        )
    return "\n".join([*lines, ""]).encode()
