"""ADTLib's networks: reading its checkpoints, and running them as it does."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import ModelCard
from adt_plugins.errors import ModelError
from adt_plugins.features.spectrogram import spectrogram
from adt_plugins.network.adtlib import FILES, import_adtlib
from adt_plugins.network.adtlib.checkpoint import read_tensors
from adt_plugins.network.inference import Network
from adt_plugins.network.litert import BACKEND_VARIABLE, backend
from tests.support.checkpoints import checkpoint

Tensors = dict[str, NDArray[np.float32]]
CELL = "{}/bidirectional_rnn/{}/multi_rnn_cell/cell_{}/lstm_cell/{}"


# A checkpoint as TensorFlow writes it ------------------------------------------


def adtlib_tensors(seed: int) -> Tensors:
    rng = np.random.default_rng(seed)
    tensors: dict[str, NDArray[Any]] = {
        "Variable": rng.normal(size=2),
        "Variable_1": rng.normal(size=(40, 2)),
        "Adam": np.zeros((3, 3)),
    }
    for number in range(2, 16, 2):
        tensors[f"Variable_{number}"] = rng.normal(size=(80, 40)) / 3
        tensors[f"Variable_{number + 1}"] = rng.normal(size=(40, 40))
    for stack, inputs in (("1", 1024), ("2", 40)):
        for direction in ("fw", "bw"):
            for layer, size in enumerate((inputs, 20)):
                kernel = 2.5 * rng.normal(size=(size + 20, 80))
                kernel /= np.sqrt(size + 20)
                tensors[CELL.format(stack, direction, layer, "kernel")] = kernel
                bias = rng.normal(size=80) / 5
                tensors[CELL.format(stack, direction, layer, "bias")] = bias
    return {name: value.astype(np.float32) for name, value in tensors.items()}


def pack(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"ADTLib-2.1.2/ADTLib/files/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def archive_files(nets: Mapping[str, Mapping[str, NDArray[Any]]]) -> dict[str, bytes]:
    files = {}
    for drum, stem in FILES.items():
        index, data = checkpoint(nets[drum])
        files[f"{stem}ADTLibAll.index"] = index
        files[f"{stem}ADTLibAll.data-00000-of-00001"] = data
    return files


# ADTLib 2.1.2 in NumPy, after its source ------------------------------------------


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def softmax(x: NDArray[Any], axis: int) -> NDArray[Any]:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def multi_rnn(
    tensors: Tensors, stack: str, direction: str, x: NDArray[Any]
) -> NDArray[Any]:
    """MultiRNNCell of two LSTMCells under dynamic_rnn."""
    for layer in (0, 1):
        kernel = tensors[CELL.format(stack, direction, layer, "kernel")].astype(float)
        bias = tensors[CELL.format(stack, direction, layer, "bias")].astype(float)
        projected = x @ kernel[:, :-20] + bias[:, None]
        h, c = np.zeros((2, len(x), 20))
        x = np.zeros((*projected.shape[:2], 20))
        for t in range(x.shape[1]):
            gates = projected[:, t] + (h[:, None] @ kernel[:, -20:])[:, 0]
            i, j, f, o = np.split(gates, 4, axis=-1)
            c = sigmoid(f + 1.0) * c + sigmoid(i) * np.tanh(j)
            h = x[:, t] = sigmoid(o) * np.tanh(c)
    return x


def bidirectional(tensors: Tensors, stack: str, x: NDArray[Any]) -> NDArray[Any]:
    forward = multi_rnn(tensors, stack, "fw", x)
    backward = multi_rnn(tensors, stack, "bw", x[:, ::-1])[:, ::-1]
    return np.concatenate([forward, backward], axis=-1)


def attention(
    tensors: Tensors, first: NDArray[Any], second: NDArray[Any], number: int
) -> NDArray[Any]:
    padded = np.pad(second, ((0, 0), (number, number), (0, 0)))
    around = [padded[:, j : j + first.shape[1]] for j in range(2 * number + 1)]
    scores = [
        np.tanh(
            np.concatenate([part, first], axis=-1) @ tensors[f"Variable_{2 + 2 * j}"]
        )
        @ tensors[f"Variable_{3 + 2 * j}"]
        for j, part in enumerate(around)
    ]
    mixed = (softmax(np.stack(scores), 0) * np.stack(around)).sum(axis=0)
    scored = mixed @ tensors["Variable_1"] + tensors["Variable"][:, None]
    return np.asarray(softmax(scored, -1)[..., 0].T)


def adtlib(
    nets: Mapping[str, Tensors], frames: NDArray[Any], numbers: tuple[int, ...]
) -> list[NDArray[Any]]:
    """Activations (frames, nets), for each `attention_number` of its class SA.

    The three networks lie along the first axis of every array.
    """
    names = next(iter(nets.values()))
    tensors = {name: np.stack([nets[drum][name] for drum in FILES]) for name in names}
    count = len(frames)
    locations = np.arange(count)
    if count % 1000:
        locations = np.append(locations, np.zeros(1000 - count % 1000, int))
    out: list[list[NDArray[Any]]] = [[] for _ in numbers]
    for chunk in locations.reshape(-1, 1000):
        batch = np.stack([frames[chunk].astype(float)] * len(nets))
        first = bidirectional(tensors, "1", batch)
        second = bidirectional(tensors, "2", first)
        for parts, number in zip(out, numbers, strict=True):
            parts.append(attention(tensors, first, second, number))
    return [np.concatenate(parts)[:count] for parts in out]


# Tests ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nets() -> dict[str, Tensors]:
    return {drum: adtlib_tensors(seed) for seed, drum in enumerate(FILES)}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, nets: dict[str, Tensors]) -> Path:
    return pack(
        tmp_path_factory.mktemp("sdist") / "ADTLib-2.1.2.tar.gz", archive_files(nets)
    )


@pytest.fixture(scope="module")
def cards(archive: Path) -> list[ModelCard]:
    pytest.importorskip("ai_edge_litert.interpreter")
    return import_adtlib(archive, archive.parent / "models")


def test_activations_are_those_of_adtlib(
    cards: list[ModelCard], nets: dict[str, Tensors]
) -> None:
    rng = np.random.default_rng(7)
    frames = rng.normal(size=(1200, 1024)).astype(np.float32)
    wanted = adtlib(nets, frames, (3, 2))
    for card, expected in zip(cards, wanted, strict=True):
        result = Network(card).activations(frames)
        assert result.shape == (1200, 3)
        assert np.all(expected.std(axis=0) > 0.05)
        np.testing.assert_allclose(result, expected, atol=1e-4)
    assert np.abs(wanted[0] - wanted[1]).max() > 0.1


def test_activations_without_litert(
    cards: list[ModelCard],
    nets: dict[str, Tensors],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(BACKEND_VARIABLE, "numpy")
    assert backend().startswith("NumPy")
    test_activations_are_those_of_adtlib(cards, nets)


def test_cards(cards: list[ModelCard]) -> None:
    assert [card.name for card in cards] == ["adtlib", "adtlib-released"]
    for card in cards:
        assert card.outputs == card.drums == ("KD", "SD", "HH")
        assert (card.front_end.kind, card.front_end.hop_size) == ("linear", 512)
        assert card.picker.kind == "adtlib"
        assert tuple(card.picker.rows["HH"]) == (3.1, 0, 0)
        assert card.delay == pytest.approx(-512 / 44100)
    assert cards[0].sha256 != cards[1].sha256


def test_importing_again_replaces(archive: Path, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert.interpreter")
    folder = tmp_path / "deep" / "models"
    first = import_adtlib(archive, folder)
    assert import_adtlib(archive, folder) == first
    assert sorted(path.name for path in folder.iterdir()) == [
        "adtlib-released.json",
        "adtlib-released.tflite",
        "adtlib.json",
        "adtlib.tflite",
    ]


def test_user_model_folder_is_the_default(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ai_edge_litert.interpreter")
    monkeypatch.setenv("ADT_PLUGINS_HOME", str(tmp_path))
    import_adtlib(archive)
    assert (tmp_path / "models" / "adtlib.tflite").is_file()


SMALL = {
    "Variable": np.array([1.5, -2.0]),
    "Variable_1": np.arange(6.0).reshape(3, 2),
    "other/name": np.zeros((4, 4)),
    **{f"long/shared/name_{k}": np.full(3, float(k)) for k in range(20)},
}


def test_read_tensors() -> None:
    index, data = checkpoint(SMALL)
    shapes = {name: value.shape for name, value in SMALL.items()}
    tensors = read_tensors(index, data, shapes)
    assert set(tensors) == set(SMALL)
    for name, value in SMALL.items():
        assert tensors[name].dtype == np.float32
        np.testing.assert_array_equal(tensors[name], value)


@pytest.mark.parametrize(
    ("name", "shape", "reason"),
    [
        ("Variable_9", (2,), "no tensor Variable_9"),
        ("Variable_1", (2, 3), "not float32 of shape"),
        ("Variable_1", (6,), "not float32 of shape"),
    ],
)
def test_other_tensors(name: str, shape: tuple[int, ...], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        read_tensors(*checkpoint(SMALL), {name: shape})


def test_values_that_are_not_finite() -> None:
    index, data = checkpoint({"Variable": np.array([1.0, np.nan])})
    with pytest.raises(ModelError, match="not finite"):
        read_tensors(index, data, {"Variable": (2,)})


def test_damaged_checkpoints_end_in_one_error() -> None:
    """A damaged index yields the tensors or `ModelError`."""
    index, data = checkpoint(SMALL)
    shapes = {name: value.shape for name, value in SMALL.items()}
    rng = np.random.default_rng(3)
    broken = [index[:k] for k in range(0, len(index), 13)]
    for _ in range(2000):
        damaged = bytearray(index)
        for place in rng.integers(0, len(index), size=rng.integers(1, 4)):
            damaged[place] = rng.integers(0, 256)
        broken.append(bytes(damaged))
    refused, reasons = 0, set()
    for content in broken:
        try:
            read_tensors(content, data, shapes)
        except ModelError as error:
            refused += 1
            reasons.add(str(error))
    assert refused > 1000
    assert not any("\n" in reason for reason in reasons)
    with pytest.raises(ModelError, match="cut off"):
        read_tensors(index, data[:-1], shapes)


def test_compressed_index() -> None:
    index, data = checkpoint({"Variable": np.zeros(2)})
    footer = index[-48:]
    at = footer[2]  # where the top block starts; both handles are short here
    spoilt = bytearray(index)
    spoilt[at - 5] = 1
    with pytest.raises(ModelError, match="compressed"):
        read_tensors(bytes(spoilt), data, {"Variable": (2,)})


def test_archives_that_are_something_else(
    tmp_path: Path, nets: dict[str, Tensors]
) -> None:
    text = tmp_path / "text.tar.gz"
    text.write_text("no archive", encoding="utf-8")
    files = archive_files(nets)
    whole = pack(tmp_path / "whole.tar.gz", files).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    less = {name: data for name, data in files.items() if "Snare" not in name}
    pack(tmp_path / "less.tar.gz", less)
    swapped = {
        name: files[name.replace(".index", ".data-00000-of-00001")] for name in files
    }
    pack(tmp_path / "swapped.tar.gz", swapped)
    huge = tmp_path / "huge.tar"
    member = tarfile.TarInfo("ADTLib-2.1.2/ADTLib/files/KickADTLibAll.index")
    member.size = 1 << 40
    huge.write_bytes(member.tobuf())
    link = tmp_path / "link.tar"
    with tarfile.open(link, "w") as archive:
        for name in files:
            member = tarfile.TarInfo(f"ADTLib-2.1.2/ADTLib/files/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member)
    for name, reason in {
        "missing.tar.gz": "no such file",
        "text.tar.gz": "not an archive",
        "cut.tar.gz": "not an archive",
        "less.tar.gz": "no SnareADTLibAll",
        "swapped.tar.gz": "not the index of a checkpoint",
        "huge.tar": "too large",
        "link.tar": "no KickADTLibAll",
    }.items():
        with pytest.raises(ModelError, match=reason) as caught:
            import_adtlib(tmp_path / name, tmp_path / "models")
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "models").exists()


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("download")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
    command += ["--no-binary", ":all:", "--dest", str(folder), "ADTLib==2.1.2"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    folders = list(folder.glob("ADTLib-2.1.2*"))
    if not folders:
        pytest.skip(f"ADTLib could not be downloaded: {done.stderr.strip()[-200:]}")
    return folders[0]


def drum_loop(seconds: int) -> NDArray[np.float32]:
    """Return low thuds, noise bursts and hisses at changing levels."""
    rng = np.random.default_rng(11)
    out = np.zeros(seconds * 44100 + 44100, np.float32)
    t = np.arange(22050) / 44100
    noise = rng.normal(size=22050)
    sounds = [
        np.sin(2 * np.pi * 55 * t) * np.exp(-t / 0.1),
        (noise + np.sin(2 * np.pi * 190 * t)) * np.exp(-t / 0.06) / 2,
        np.diff(noise, prepend=0) * np.exp(-t / 0.02) / 3,
    ]
    for step in range(seconds * 4):
        for sound, chance in zip(sounds, (0.4, 0.3, 0.9), strict=True):
            if rng.random() < chance:
                start = step * 11025 + int(rng.integers(0, 400))
                out[start : start + 22050] += rng.uniform(0.05, 0.6) * sound
    return out[: seconds * 44100]


@pytest.mark.needs_network
def test_the_release(release: Path, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert.interpreter")
    with tarfile.open(release) as file:
        content = {
            Path(member.name).name: source.read()
            for member in file
            if (source := file.extractfile(member)) is not None
        }
    cards = import_adtlib(release, tmp_path)
    rows = np.load(io.BytesIO(content["PPParams.npy"]))
    for card in cards:
        np.testing.assert_array_equal([card.picker.rows[d] for d in FILES], rows)
    frames = spectrogram(drum_loop(60), cards[0].front_end)
    shapes = {name: value.shape for name, value in adtlib_tensors(0).items()}
    del shapes["Adam"]
    nets = {
        drum: read_tensors(
            content[f"{stem}ADTLibAll.index"],
            content[f"{stem}ADTLibAll.data-00000-of-00001"],
            shapes,
        )
        for drum, stem in FILES.items()
    }
    for card, expected in zip(cards, adtlib(nets, frames, (3, 2)), strict=True):
        network = Network(card)
        assert np.all(expected.max(axis=0) > 0.3)
        np.testing.assert_allclose(network.activations(frames), expected, atol=1e-3)
