"""Channels that cancel each other out for a part of a recording."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from adt_plugins.audio import load_audio, open_audio
from adt_plugins.audio.decoder import BlockDecoder
from tests.support.audio import RATE
from tests.support.field_files import SOUND


@pytest.mark.parametrize("turns", [(2.0,), (0.5, 1.9), (1.2, 2.4), (0.0, 2.5)])
def test_a_side_that_is_inverted_for_a_part(turns: tuple[float, ...]) -> None:
    sides = np.stack((SOUND, SOUND), axis=1)
    for turn in turns:
        sides[round(turn * RATE) :, 1] *= -1
    with open_audio((sides, RATE)) as reader:
        samples = np.concatenate(list(reader))
    wrong = np.flatnonzero(np.abs(samples - SOUND) > 1e-4) / RATE
    # A turn is found to 0.2 s in a block, and late at a seam of blocks.
    near = [min(abs(time - turn) for turn in (*turns, 2.9)) for time in wrong]
    assert max(near, default=0) < 0.2
    assert reader.warnings == ["channels cancel each other out: 2 inverted"]


def test_sides_that_agree_again_after_small_blocks() -> None:
    sides = np.stack((SOUND, np.where(np.arange(len(SOUND)) < RATE, -1, 1) * SOUND))
    blocks = BlockDecoder(iter(np.split(sides.T, 98)), RATE)
    with open_audio(blocks) as reader:
        samples = np.concatenate(list(reader))
    np.testing.assert_allclose(samples[2 * RATE :], SOUND[2 * RATE :], atol=1e-6)
    np.testing.assert_allclose(samples[8192:43000], SOUND[8192:43000], atol=1e-6)


@pytest.mark.parametrize("size", [64, 1024, 4096])
def test_a_live_stream_is_mended_soon(size: int) -> None:
    """At its beginning at once, and 0.3 s after a cable was changed."""
    sides = np.stack((SOUND, -SOUND), axis=1)
    sides[RATE : 3 * RATE, 1] *= -1
    parts = (sides[at : at + size] for at in range(0, len(sides), size))
    with open_audio(BlockDecoder(parts, RATE)) as reader:
        samples = np.concatenate(list(reader))
    wrong = np.flatnonzero(np.abs(samples - SOUND) > 1e-4) / RATE
    # The block in which a turn is found is turned as a whole.
    near = [time < 0.03 or 0.9 < time < 1.2 or 2.9 < time < 3.3 for time in wrong]
    assert all(near)


@pytest.mark.parametrize(("subtype", "rate"), [("PCM_16", RATE), ("FLOAT", 48000)])
def test_a_pipe_is_heard_like_a_file_however_it_arrives(
    subtype: str, rate: int
) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def read1(self, size: int | None = -1) -> bytes:
            return super().read1(min(size or 0, 5001))

    sides = np.stack((SOUND, SOUND), axis=1)
    sides[RATE : 2 * RATE, 1] *= -1
    file = io.BytesIO()
    soundfile.write(file, sides, rate, subtype, format="WAV")
    expected = load_audio(io.BytesIO(file.getvalue()))
    np.testing.assert_array_equal(load_audio(Pipe(file.getvalue())), expected)
    with open_audio(Pipe(file.getvalue())) as reader:
        assert len(next(iter(reader))) <= 5001
