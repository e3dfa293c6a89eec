"""The sound in a saved project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adt_plugins.errors import FormatError
from adt_plugins.formats.audacity_project.aup3_sound import read_aup3_sound
from tests.support.audacity.make_aup3 import Tag, clip, write_sound
from tests.support.audio import noise

INT16, INT24, FLOAT = 0x00020001, 0x00040001, 0x0004000F
RATE = 1000


def wave(*clips: Tag, **about: float | int) -> Tag:
    return ("wavetrack", {"rate": RATE, "gain": 1.0, **about}, list(clips))


def floats(*parts: np.ndarray) -> list[tuple[int, bytes]]:
    return [(FLOAT, part.astype("<f4").tobytes()) for part in parts]


def test_samples_of_all_formats(tmp_path: Path) -> None:
    sound = np.clip(noise(300), -1, 1).astype(np.float32)
    whole = np.rint(sound[:100] * 32767).astype("<i2")
    wide = np.rint(sound[100:200] * (2**23 - 1)).astype("<i4")
    blocks = [(INT16, whole.tobytes()), (INT24, wide.tobytes())]
    blocks += floats(sound[200:])
    path = write_sound(
        tmp_path / "a.aup3", [wave(clip([(0, 1), (100, 2), (200, 3)], 300))], blocks
    )
    read = read_aup3_sound(path)
    assert read is not None
    assert read[1] == RATE
    np.testing.assert_allclose(read[0], sound, atol=4e-5)


def test_clips_lie_where_they_are_heard(tmp_path: Path) -> None:
    """Trimmed ends are not heard, silence has no block, a clip may begin before 0."""
    one, two = noise(200), noise(100, seed=1)
    tracks = [
        wave(
            clip([(0, 1)], 200, offset=0.5, trimLeft=0.05, trimRight=0.03),
            clip([(0, 2), (100, -50)], 150, offset=-0.02),
        )
    ]
    path = write_sound(tmp_path / "a.aup3", tracks, floats(one, two))
    read = read_aup3_sound(path)
    assert read is not None
    wanted = np.zeros(670, np.float32)
    wanted[:80] += two[20:]
    wanted[550:670] += one[50:170]
    np.testing.assert_allclose(read[0], wanted, atol=1e-6)


def test_the_mix(tmp_path: Path) -> None:
    """Two sides become one; muted tracks are left out; a solo silences the others."""
    parts = [noise(50, seed=n) for n in range(4)]
    tracks = [
        wave(clip([(0, 1)], 50), channel=0, linked=1),
        wave(clip([(0, 2)], 50), channel=1),
        wave(clip([(0, 3)], 50), gain=2.0),
        wave(clip([(0, 4)], 50), mute=1),
    ]
    path = write_sound(tmp_path / "a.aup3", tracks, floats(*parts))
    read = read_aup3_sound(path)
    assert read is not None
    left, right, other, _ = parts
    wanted = (left + right) / 2 + 2 * other
    np.testing.assert_allclose(read[0], wanted, atol=1e-6)
    tracks[1] = wave(clip([(0, 2)], 50), channel=1, solo=1)
    solo = read_aup3_sound(write_sound(tmp_path / "b.aup3", tracks, floats(*parts)))
    assert solo is not None
    np.testing.assert_allclose(solo[0], right / 2, atol=1e-6)


def test_tracks_of_different_rates(tmp_path: Path) -> None:
    """A memo of another rate leaves no track out, nor its cymbals."""
    click = np.zeros(4 * 441, np.float32)
    click[441:450] = 1
    tracks = [
        wave(clip([(0, 1)], 50, offset=0.03)),
        wave(clip([(0, 2)], len(click), offset=0.1), rate=44100),
    ]
    path = write_sound(tmp_path / "a.aup3", tracks, floats(noise(50), click))
    read = read_aup3_sound(path)
    assert read is not None
    sound, rate = read
    assert rate == 44100
    np.testing.assert_allclose(sound[4410:], click, atol=1e-6)
    assert np.abs(sound[:1200]).max() < 0.1 < np.abs(sound[1400:3500]).max()


@pytest.mark.parametrize(
    ("stretched", "tempo", "ratio"),
    [
        ({"clipStretchRatio": 2.5}, 120.0, 2.5),
        ({"clipStretchRatio": 0.5, "rawAudioTempo": 0.0}, 120.0, 0.5),
        ({"clipStretchRatio": 1.0, "rawAudioTempo": 150.0}, 120.0, 1.25),
        ({"clipStretchRatio": 2.0, "rawAudioTempo": 90.0, "clipTempo": 60.0}, 1.0, 3.0),
    ],
)
def test_stretched_clips(
    tmp_path: Path, stretched: dict[str, float], tempo: float, ratio: float
) -> None:
    """Offset and trimmed ends are times after stretching, as Audacity 3.4 has it."""
    ramp = np.sin(np.arange(400) / 40).astype(np.float32)
    tracks = [
        wave(
            clip(
                [(0, 1)],
                400,
                offset=0.2,
                trimLeft=0.1 * ratio,
                trimRight=0.05 * ratio,
                **stretched,
            )
        )
    ]
    path = write_sound(tmp_path / "a.aup3", tracks, floats(ramp), tempo=tempo)
    read = read_aup3_sound(path)
    assert read is not None
    start, count = round(200 + 100 * ratio), round(250 * ratio)
    assert len(read[0]) == start + count
    assert not read[0][:start].any()
    wanted = np.sin((100 + np.arange(count) / ratio) / 40)
    np.testing.assert_allclose(read[0][start:-3], wanted[:-3], atol=1e-3)


def test_envelopes(tmp_path: Path) -> None:
    """Between its points an envelope is straight in decibels."""
    points = ((0.1, 1.0), (0.2, 0.01))
    name, about, inner = clip([(0, 1)], 300, offset=0.5, trimLeft=0.05)
    envelope: Tag = (
        "envelope",
        {"numpoints": 2},
        [("controlpoint", {"t": t, "val": value}, []) for t, value in points],
    )
    tracks = [wave((name, about, [*inner, envelope]))]
    ones = np.ones(300, np.float32)
    read = read_aup3_sound(write_sound(tmp_path / "a.aup3", tracks, floats(ones)))
    assert read is not None
    sound = read[0][500:]
    np.testing.assert_allclose(sound[50:101], 1, atol=1e-6)
    np.testing.assert_allclose(sound[[125, 150, 200, 299]], [10**-0.5, 0.1, 0.01, 0.01])


def test_cut_lines_are_not_heard(tmp_path: Path) -> None:
    kept = noise(50)
    name, about, inner = clip([(0, 1)], 50)
    outer: Tag = (name, about, [*inner, clip([(0, 2)], 50, offset=0.01)])
    path = write_sound(
        tmp_path / "a.aup3", [wave(outer)], floats(kept, noise(50, seed=1))
    )
    read = read_aup3_sound(path)
    assert read is not None
    np.testing.assert_allclose(read[0], kept, atol=1e-6)


@pytest.mark.parametrize("tracks", [[], [wave()], [wave(clip([], 0))]])
def test_no_sound(tmp_path: Path, tracks: list[Tag]) -> None:
    assert read_aup3_sound(write_sound(tmp_path / "a.aup3", tracks, [])) is None


def test_more_than_an_hour(tmp_path: Path) -> None:
    tracks = [wave(clip([(0, -3_700_000)], 3_700_000))]
    assert read_aup3_sound(write_sound(tmp_path / "a.aup3", tracks, [])) is None


@pytest.mark.parametrize(
    ("tracks", "reason"),
    [
        ([wave(clip([(0, 7)], 50))], "audio is missing in this project"),
        ([wave(clip([(0, 1)], 50), rate=3)], "a track with an impossible sample rate"),
        (
            [wave(clip([(0, 1)], 50, offset=float("inf")))],
            "a track, clip or block with an impossible offset",
        ),
        (
            [wave(clip([(0, 1)], 50, clipStretchRatio=0.0))],
            "a clip that is stretched impossibly",
        ),
    ],
)
def test_damaged_projects(tmp_path: Path, tracks: list[Tag], reason: str) -> None:
    path = write_sound(tmp_path / "a.aup3", tracks, floats(noise(50)))
    with pytest.raises(FormatError) as error:
        read_aup3_sound(path)
    assert str(error.value) == reason
