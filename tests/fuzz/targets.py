"""The parsers, what they are fed with at first, and what they may say.

A parser may return, or raise `AdtError` with a message of one line. Anything else is
a find: its input goes into ``cases/NAME/``, and stays.
"""

from __future__ import annotations

import io
import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adt_plugins import formats
from adt_plugins.activations import load_activations
from adt_plugins.audacity.request_folder import parse_request
from adt_plugins.audio import open_audio
from adt_plugins.audio.broadcast_wave import time_reference
from adt_plugins.audio.channels import ChannelReader
from adt_plugins.batch.manifest import Manifest
from adt_plugins.card import ModelCard
from adt_plugins.errors import AdtError
from adt_plugins.formats.audacity_project import binary_xml
from adt_plugins.labels.names import read_label_names
from adt_plugins.midi.drum_maps import read_map
from adt_plugins.network.adtlib.checkpoint import read_tensors
from tests.support.audacity.make_aup3 import document, label, saved_project, track
from tests.support.checkpoints import checkpoint
from tests.support.paths import ROOT

GOLDEN = ROOT / "tests" / "data" / "golden"
CASES = Path(__file__).resolve().parent / "cases"

_ENDINGS = {"labels-split": ".labels.KD.txt"}


class Target(NamedTuple):
    """A parser.

    Parameters
    ----------
    parse
        Takes a file's content.
    seeds
        Inputs that it accepts.
    """

    parse: Callable[[bytes], Any]
    seeds: list[bytes]


class Find(Exception):  # noqa: N818
    """A parser did what it must not do."""


def check(target: Target, data: bytes) -> None:
    """Parse; raise `Find` if the parser does what it must not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.parse(data)
    except AdtError as error:
        text = str(error)
        if not text or "\n" in text:
            raise Find(f"a message of several lines: {text!r}") from error
        if len(text) > 2000:
            raise Find(f"a message of {len(text)} characters") from error
    except Exception as error:
        raise Find(f"{type(error).__name__}: {error}") from error


def targets() -> Mapping[str, Target]:
    """All parsers by name."""
    inputs = {
        f"format-{name}": Target(
            _from_file(_reader(name), _ENDINGS.get(name, form.suffix)),
            _golden(name),
        )
        for name, form in formats.FORMATS.items()
        if form.read is not None and name != "aup"
    }
    folder = ROOT / "adt_plugins/midi/drum_maps"
    maps = [p.read_bytes() for p in sorted(folder.glob("g*.json"))]
    card = (ROOT / "models" / "drums.json").read_bytes()
    inputs |= {
        "aup3": Target(_from_file(_reader("aup"), ".aup3"), _projects()),
        "aup3-xml": Target(_events, [b"".join(document([_track()]))]),
        "drum-map": Target(_from_file(read_map, ".json"), maps),
        "label-names": Target(
            _from_file(read_label_names, ".txt"), ["Bombo = KD\n# é\n".encode()]
        ),
        "model-card": Target(_from_file(ModelCard.read, ".json"), [card]),
        "checkpoint": Target(_tensors, [_join(*checkpoint(_TENSORS))]),
        "activations": Target(_from_file(load_activations, ".npz"), [_archive()]),
        "manifest": Target(_from_file(_manifest, ".jsonl"), [_LINE.encode() * 3]),
        "request": Target(_request, [_REQUEST]),
        "audio-file": Target(_from_file(_hear, ".audio"), _recordings()),
        "audio-object": Target(lambda data: _hear(io.BytesIO(data)), _recordings()),
        "audio-pipe": Target(lambda data: _hear(_Pipe(data)), _recordings()),
        "audio-channels": Target(_channels, _recordings()),
        "bwf": Target(_from_file(time_reference, ".wav"), _recordings()[:1]),
    }
    return inputs


def _reader(name: str) -> Callable[[Path], Any]:
    return lambda path: formats.read(path, name, warn=lambda _: None)


CUES = {
    "srt": "1\n00:00:00,500 --> 00:00:00,500\nKick 93\n\n",
    "chart": (
        "[Song]\n{\n  Resolution = 192\n}\n[SyncTrack]\n{\n  0 = TS 3 3\n"
        "  0 = B 104500\n}\n[ExpertDrums]\n{\n  0 = N 0 0\n  96 = N 2 0\n"
        "  96 = N 66 0\n  192 = N 1 0\n  192 = N 34 0\n}\n"
    ),
    "paradiddle": (
        '{"version": 0.7, "instruments": [{"name": "BP_Kick_C_1", "class":'
        ' "BP_Kick_C"}], "events": [{"name": "BP_Kick_C_1", "vel": 90, "loc": 0,'
        ' "time": "0.5000"}, {"bpm": 120, "time": 0}]}'
    ),
    "rx": (
        "Marker file version: 1\nTime format: Time\nKD\t00:00:00.5\nSD\t1:02,5\t1:03\n"
    ),
    "vtt": "WEBVTT\n\n1\n00:00.500 --> 00:00.500 a:b\n<i>SD</i>\n\nNOTE x\n\n",
}
"""Seeds of formats that are only read, and of those that are folders."""


def _golden(name: str) -> list[bytes]:
    if name in CUES:
        return [CUES[name].encode() * (1 if name in ("chart", "paradiddle") else 2)]
    suffix = formats.FORMATS[name].suffix
    inputs = [p.read_bytes() for p in sorted(GOLDEN.glob(f"*{suffix}"))][:2]
    return inputs or [(GOLDEN / "golden.labels.KD.txt").read_bytes()]


def _from_file(parse: Callable[[Path], Any], ending: str) -> Callable[[bytes], Any]:
    folder = tempfile.TemporaryDirectory()

    def run(data: bytes, folder: Any = folder) -> Any:
        path = Path(folder.name, f"input{ending}")
        path.write_bytes(data)
        return parse(path)

    return run


def _track() -> Any:
    return track("Drums", label(0.5, "KD"), label(1.0, "é"))


def _projects() -> list[bytes]:
    with tempfile.TemporaryDirectory() as name:
        path = saved_project(Path(name, "a.aup3"), _track())
        return [path.read_bytes()]


def _events(data: bytes) -> None:
    for _ in binary_xml.events(data):
        pass


_TENSORS = {"W": np.ones((2, 3), np.float32), "b": np.zeros(3, np.float32)}


def _join(index: bytes, data: bytes) -> bytes:
    return len(index).to_bytes(4, "little") + index + data


def _tensors(data: bytes) -> None:
    size = int.from_bytes(data[:4], "little")
    shapes = {name: values.shape for name, values in _TENSORS.items()}
    read_tensors(data[4 : 4 + size], data[4 + size :], shapes)


def _archive() -> bytes:
    file = io.BytesIO()
    values = np.zeros((5, 2), np.float32)
    np.savez_compressed(
        file,
        values=values,
        outputs=np.array(["KD", "SD"]),
        frame_rate=100.0,
        offset=0.0,
    )
    return file.getvalue()


_LINE = json.dumps({"input": "/a.wav", "status": "done", "outputs": []}) + "\n"
_REQUEST = (
    b"adt-plugins 1\nkind labels\ndrums KD,SD\nsensitivity 50\ntext name\n"
    b"start 1.5\nlead 0.2\nend\n"
)


def _manifest(path: Path) -> None:
    with Manifest(path, lambda _: None) as manifest:
        list(manifest.lines())


def _request(data: bytes) -> None:
    parse_request("1", data.decode("utf-8", "replace"))


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def _hear(source: Any) -> None:
    """Read a little of what may say that it is long."""
    with open_audio(source, end=2.0) as reader:
        for _ in reader:
            pass


def _channels(data: bytes) -> None:
    with ChannelReader(io.BytesIO(data)) as reader:
        for number, _ in enumerate(reader):
            if number > 3:
                break


def _recordings() -> list[bytes]:
    import soundfile

    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (600, 2))
    inputs = []
    for form, subtype in (
        ("WAV", "PCM_16"),
        ("WAVEX", "FLOAT"),
        ("RF64", "PCM_24"),
        ("AIFF", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", "MPEG_LAYER_III"),
        ("CAF", "PCM_16"),
    ):
        file = io.BytesIO()
        soundfile.write(file, samples, 44100, format=form, subtype=subtype)
        inputs.append(file.getvalue())
    return inputs
