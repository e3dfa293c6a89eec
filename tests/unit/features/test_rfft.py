"""The FFT, as its compiled part and as SciPy's public function."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.fft
from numpy.typing import NDArray

from adt_plugins.features import rfft

FRAMES = np.random.default_rng(0).normal(size=(5, 2048)).astype(np.float32)


def transformed(frames: NDArray[np.float32]) -> NDArray[np.complex64]:
    out = np.full((len(frames), frames.shape[1] // 2 + 1), np.nan, np.complex64)
    rfft.rfft(frames, out)
    return out


@pytest.fixture
def fresh() -> None:
    rfft._fastest.cache_clear()


@pytest.mark.usefixtures("fresh")
class TestRfft:
    def test_equals_scipy(self) -> None:
        assert rfft._fastest() is not rfft._public
        np.testing.assert_array_equal(
            transformed(FRAMES), scipy.fft.rfft(FRAMES, axis=1)
        )

    @pytest.mark.parametrize("error", [ImportError, AttributeError, OSError])
    def test_falls_back(
        self, error: type[Exception], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(name: str, path: Path) -> None:
            raise error("moved")

        monkeypatch.setattr(rfft, "_load", fail)
        assert rfft._fastest() is rfft._public
        np.testing.assert_array_equal(
            transformed(FRAMES), scipy.fft.rfft(FRAMES, axis=1)
        )

    def test_a_part_that_answers_otherwise_is_not_used(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def twice(frames: NDArray[np.float32], out: NDArray[np.complex64]) -> None:
            out[:] = scipy.fft.rfft(2 * frames)

        monkeypatch.setattr(rfft, "_compiled", lambda _: twice)
        assert rfft._fastest() is rfft._public

    def test_scipy_stays_out(self) -> None:
        code = (
            "import sys, numpy as np; from adt_plugins.features.rfft import rfft;"
            "rfft(np.ones((2, 8), np.float32), np.empty((2, 5), np.complex64));"
            "print([name for name in sys.modules if name.startswith('scipy')])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        name, path = rfft._find()
        assert done.stdout.strip() == f"['{name}']"
        assert path.is_file()

    @pytest.mark.parametrize(
        "order", [("ours", "SciPy's"), ("SciPy's", "ours")], ids=" ".join
    )
    def test_it_is_loaded_once(self, order: tuple[str, str]) -> None:
        # Twice, it made Python 3.10 abort at its end.
        steps = {"ours": "ours = rfft._fastest()", "SciPy's": "import scipy.fft"}
        code = [
            "import gc, sys, numpy as np; from adt_plugins.features import rfft",
            *(steps[name] for name in order),
            f"from {rfft._find()[0].rpartition('.')[0]}.basic import pfft",
            "assert ours is not rfft._public",
            "assert ours.__closure__[0].cell_contents is pfft",
            "assert scipy.fft.rfft(np.ones(8))[0] == 8",
        ]
        subprocess.run([sys.executable, "-c", "\n".join(code)], check=True)
