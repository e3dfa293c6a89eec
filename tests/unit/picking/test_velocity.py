"""Band levels, and the velocities made from them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from adt_plugins.card import FrontEnd, LevelRule
from adt_plugins.features.band_levels import RANGES_HZ, BandLevels
from adt_plugins.features.spectrogram import spectrogram
from adt_plugins.picking.velocity import strengths, velocities
from tests.support.audio import RATE

FRAMES = 100.0  # a second
LOG = FrontEnd()
LINEAR = FrontEnd(kind="linear", hop_size=441)
DRUMS = ("KD", "SD", "HH", "TT", "CY", "SST")

Floats = NDArray[np.float32]


def tone(frequency: float, amplitude: float = 0.1, seconds: float = 1.0) -> Floats:
    times = np.arange(int(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def levels(samples: Floats, front_end: FrontEnd = LOG, drums: object = DRUMS) -> Floats:
    frames = spectrogram(samples, front_end)
    return BandLevels(front_end, drums).process(frames)  # type: ignore[arg-type]


def hits(
    frequency: float, amplitudes: list[float], decay: float = 30.0, gap: float = 0.5
) -> Floats:
    """Decaying tones, one every `gap` seconds from 0.25 s on."""
    out = np.zeros(int((0.25 + gap * len(amplitudes)) * RATE), np.float32)
    for i, amplitude in enumerate(amplitudes):
        start = int((0.25 + gap * i) * RATE)
        times = np.arange(len(out) - start) / RATE
        out[start:] += (
            amplitude * np.exp(-decay * times) * np.sin(2 * np.pi * frequency * times)
        ).astype(np.float32)
    return out


def places(count: int, gap: float = 0.5) -> NDArray[np.int64]:
    frames: NDArray[np.int64] = np.rint(
        (0.25 + gap * np.arange(count)) * FRAMES
    ).astype(np.int64)
    return frames


class TestBandLevels:
    @pytest.mark.parametrize("front_end", [LOG, LINEAR], ids=["log", "linear"])
    @pytest.mark.parametrize(
        ("frequency", "expected"),
        [
            (45, {"KD"}),
            (105, {"KD", "TT"}),
            (300, {"SD", "TT"}),
            (800, {"SD"}),
            (1500, {"SD", "SST"}),
            (3500, {"SST"}),
            (6000, {"CY", "SST"}),
            (13000, {"HH", "CY"}),
        ],
    )
    def test_a_tone_is_heard_by_the_drums_of_its_range(
        self, front_end: FrontEnd, frequency: float, expected: set[str]
    ) -> None:
        level = levels(tone(frequency), front_end)[30:70].mean(axis=0)
        loud = {
            drum
            for drum, value in zip(DRUMS, level, strict=True)
            if value > level.max() - 12
        }
        assert loud == expected

    @pytest.mark.parametrize("front_end", [LOG, LINEAR], ids=["log", "linear"])
    def test_is_in_decibels(self, front_end: FrontEnd) -> None:
        loud, soft = (levels(tone(60, a), front_end, ["KD"])[50] for a in (0.5, 0.05))
        assert loud - soft == pytest.approx(20, abs=0.05)

    def test_shape_and_type(self) -> None:
        band_levels = BandLevels(LOG, ["KD", "CHH"])
        frames = spectrogram(tone(60, seconds=0.2))
        result = band_levels.process(frames)
        assert result.shape == (20, 2)
        assert result.dtype == np.float32
        assert band_levels.process(frames[:0]).shape == (0, 2)
        assert BandLevels(LOG, []).process(frames).shape == (20, 0)

    def test_finer_drums_share_the_range(self) -> None:
        result = levels(tone(10000), LOG, ["HH", "CHH", "OHH", "RDC", "CY"])
        assert np.array_equal(result[:, 0], result[:, 1])
        assert np.array_equal(result[:, 0], result[:, 2])
        assert np.array_equal(result[:, 3], result[:, 4])

    def test_blocks_make_no_difference(self) -> None:
        frames = spectrogram(hits(60, [0.5, 0.2]))
        band_levels = BandLevels(LOG, DRUMS)
        parts = [band_levels.process(part) for part in np.array_split(frames, 7)]
        np.testing.assert_allclose(
            np.concatenate(parts), band_levels.process(frames), atol=1e-4
        )

    def test_leaves_the_frames_alone(self) -> None:
        for front_end in (LOG, LINEAR):
            frames = spectrogram(tone(60), front_end)
            before = frames.copy()
            BandLevels(front_end, DRUMS).process(frames)
            assert np.array_equal(frames, before)

    def test_silence_is_minus_70_db(self) -> None:
        silent = levels(np.zeros(RATE, np.float32))
        assert silent == pytest.approx(-70)

    def test_a_known_gain_is_undone(self) -> None:
        rule = LevelRule(target=10.0, decay_db_per_second=20.0, floor=0.01)
        samples = hits(60, [0.5, 0.05, 0.2])
        plain, levelled = spectrogram(samples), spectrogram(samples, level=rule)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (10.0**levelled - 1).sum(axis=1) / (10.0**plain - 1).sum(axis=1)
        gains = np.nan_to_num(ratio, nan=1.0).astype(np.float32)
        band_levels = BandLevels(LOG, ["KD"])
        expected = band_levels.process(plain)
        loud = expected[:, 0] > -40
        assert np.abs(band_levels.process(levelled) - expected)[loud].max() > 10
        np.testing.assert_allclose(
            band_levels.process(levelled, gains)[loud], expected[loud], atol=0.1
        )

    def test_ranges_are_heard_by_the_front_end(self) -> None:
        assert all(
            low >= 20 and high >= 1.5 * low and high <= 20000
            for low, high in RANGES_HZ.values()
        )


AMPLITUDES = [0.5, 0.25, 0.1, 0.4, 0.05, 0.3, 0.2, 0.5, 0.02, 0.35]


class TestVelocities:
    def velocities(self, samples: Floats, count: int, drum: str = "KD") -> list[int]:
        level = levels(samples, LOG, [drum])[:, 0]
        return [int(v) for v in velocities(level, places(count), FRAMES)]

    def test_follow_the_square_law(self) -> None:
        measured = self.velocities(hits(60, AMPLITUDES), 10)
        loudest = measured[0]
        expected = [loudest * (a / 0.5) ** 0.5 for a in AMPLITUDES]
        assert measured == pytest.approx(expected, abs=2)
        assert loudest == pytest.approx(110, abs=1)

    def test_rise_with_the_hit(self) -> None:
        measured = self.velocities(hits(60, AMPLITUDES), 10)
        by_amplitude = [measured[i] for i in np.argsort(AMPLITUDES)]
        assert by_amplitude == sorted(by_amplitude)

    @pytest.mark.parametrize("gain_db", [-40, -20, 6])
    def test_do_not_depend_on_the_recordings_level(self, gain_db: float) -> None:
        samples = hits(60, AMPLITUDES)
        measured = self.velocities(samples, 10)
        scaled = self.velocities(samples * np.float32(10 ** (gain_db / 20)), 10)
        assert scaled == pytest.approx(measured, abs=1)

    def test_an_only_hit_is_an_ordinary_loud_one(self) -> None:
        assert self.velocities(hits(60, [0.01]), 1) == [110]

    def test_one_wild_hit_moves_the_others_little(self) -> None:
        calm = self.velocities(hits(60, [0.1] * 30), 30)
        wild = self.velocities(hits(60, [0.1] * 29 + [1.0]), 30)
        assert wild[-1] == 127
        assert wild[:29] == pytest.approx(calm[:29], abs=1)

    def test_what_rings_is_not_counted_again(self) -> None:
        """A soft hit in the tail of a loud one is soft."""
        ringing = hits(60, [0.5, 0.1, 0.5, 0.1], decay=3.0, gap=0.4)
        level = levels(ringing, LOG, ["KD"])[:, 0]
        at = places(4, 0.4)
        measured = velocities(level, at, FRAMES)
        plain = level[at[1] : at[1] + 4].max() - level[at[0] : at[0] + 4].max()
        rise = np.diff(strengths(level, at, FRAMES))[0]
        assert rise < plain - 2
        assert measured[1] < measured[0] - 40

    def test_other_drums_do_not_matter(self) -> None:
        kick = hits(60, AMPLITUDES)
        hat = hits(12000, [0.3] * 10, decay=60)
        alone, together = (self.velocities(s, 10) for s in (kick, kick + hat))
        assert together == pytest.approx(alone, abs=3)

    def test_range(self) -> None:
        level = np.full(1000, -70.0, np.float32)
        at = np.arange(10, 1000, 20)
        level[at] = np.linspace(-60, 60, len(at))
        measured = velocities(level, at, FRAMES)
        assert measured.min() == 1
        assert measured.max() == 127
        assert (np.diff(measured) >= 0).all()
        assert measured.dtype == np.int64

    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_at_the_ends(self, count: int) -> None:
        level = np.linspace(0, 3, count).astype(np.float32)
        for frame in (-2, 0, count - 1, count + 3):
            assert velocities(level, np.array([frame]), FRAMES).tolist() == [110]
        assert velocities(level, np.zeros(0, np.int64), FRAMES).tolist() == []

    def test_the_first_frame_has_nothing_before_it(self) -> None:
        level = np.full(100, -70.0, np.float32)
        level[[0, 50]] = 0
        measured = strengths(level, np.array([0, 50]), FRAMES)
        assert measured == pytest.approx([0, 0], abs=1e-5)

    def test_does_not_depend_on_the_frame_rate(self) -> None:
        samples = hits(60, AMPLITUDES)
        front_end = FrontEnd(kind="linear", hop_size=512)
        level = levels(samples, front_end, ["KD"])[:, 0]
        rate = front_end.frame_rate
        at = np.rint((0.25 + 0.5 * np.arange(10)) * rate).astype(np.int64)
        actual = velocities(level, at, rate).tolist()
        assert actual == pytest.approx(self.velocities(samples, 10), abs=3)
