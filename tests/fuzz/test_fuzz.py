"""Parsers against damaged and invented input, and against all that was ever found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.splice import attempt, kinds
from tests.fuzz.targets import CASES, Target, check, targets

TARGETS = targets()

# Numbers at which lengths and counts go wrong.
_EDGES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000]
_EDGES += [0xFFFFFFFF, 0xFFFFFFFE]
_TOKENS = [b"NaN", b"-1", b"1e999", b"null", b"[" * 5000, b"{}", b"\xff\xfe", b"\0"]
_TOKENS += [b"\xed\xa0\x80", b"\t", b"\r", "é".encode(), b"9" * 400, b"\xe2\x80\xa8"]

_DAMAGES = ["flip", "cut", "put", "drop", "copy", "number", "token"]


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Return a seed with some bytes changed, removed, inserted or repeated."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 8))
        kind = draw(st.sampled_from(_DAMAGES))
        if kind == "flip":
            new = draw(st.binary(min_size=1, max_size=4))
            data = data[:at] + new + data[at + len(new) :]
        elif kind == "cut":
            data = data[:at]
        elif kind == "put":
            data = data[:at] + draw(st.binary(max_size=16)) + data[at:]
        elif kind == "drop":
            data = data[:at] + data[at + length :]
        elif kind == "copy":
            data = data[: at + length] + data[at:]
        elif kind == "number":
            size = draw(st.sampled_from([2, 4, 8]))
            order = draw(st.sampled_from(["little", "big"]))
            value = draw(st.sampled_from(_EDGES)) & (256**size - 1)
            new = value.to_bytes(size, "big" if order == "big" else "little")
            data = data[:at] + new + data[at + size :]
        else:
            data = data[:at] + draw(st.sampled_from(_TOKENS)) + data[at:]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_input(name: str) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(damaged(target.seeds), st.binary(max_size=200)))
    def run(data: bytes) -> None:
        check(target, data)

    run()


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_accepted(name: str) -> None:
    for seed in TARGETS[name].seeds:
        if name != "bwf":  # an ordinary WAV does not say where it lies
            TARGETS[name].parse(seed)


@pytest.mark.parametrize(
    "path",
    sorted(path for path in CASES.rglob("*") if path.is_file()),
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_finds(path: Path) -> None:
    check(TARGETS[path.parent.name], path.read_bytes())


@pytest.mark.parametrize("case", [397, 574, 1246])
def test_finds_among_splices(case: int, tmp_path: Path) -> None:
    """Messages once listed thousands of dimensions of a tensor, or bytes of the file.

    The cases are splices of the shipped model: another model needs other numbers.
    """
    rng = random.Random(f"2026113002 tflite {case}")
    assert list(attempt(kinds()["tflite"], rng, tmp_path)) == ["refused"]


def test_the_check_finds_what_it_should() -> None:
    from tests.fuzz.targets import Find

    def fail(data: bytes) -> None:
        raise ValueError(data)

    with pytest.raises(Find, match="ValueError"):
        check(Target(fail, []), b"x")
