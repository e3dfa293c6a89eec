"""The benchmark runs, and the bounds that the project promises are kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

BENCH = ROOT / "benchmarks" / "bench.py"


def test_it_reports_every_stage(tiny_model: Path) -> None:
    command = [sys.executable, BENCH, "--json", "--minutes", "0.1", "--repeats", "1"]
    done = subprocess.run(
        [*map(str, command), "--model", str(tiny_model), "--no-memory"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    report = json.loads(done.stdout)
    assert report["model"] == "tiny"
    # 2 layers of 2 directions of 3 units, attention over one frame, 3 outputs.
    layers = 2 * 12 * (168 + 3) + 2 * 12 * (6 + 3)
    assert layers <= report["multiply_adds_per_frame"] < 1.1 * layers
    for suffix in ("wav", "flac", "mp3"):
        recording = report["recordings"][suffix]
        parts = [cost["cpu"] for cost in recording["limit"].values()]
        assert recording["limit_total"] == pytest.approx(sum(parts))
        stages = recording["stages"]
        assert {"audio", "front end", "network", "peaks", "write", "whole"} <= set(
            stages
        )
        assert stages["whole"]["cpu"] > stages["front end"]["cpu"] > 0


@pytest.mark.slow
def test_the_whole_chain_keeps_within_its_bounds() -> None:
    command = [sys.executable, str(BENCH), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    )
    report = json.loads(done.stdout)
    assert report["recordings"]["wav"]["stages"]["whole"]["ratio"] <= 5
    # The median of three runs; 63 to 70 MB are measured.
    assert report["memory_mb"]["growth"] <= 100
