"""Times every stage from a file to its MIDI track, relative to the least possible.

The limit, measured in the same run on one thread, is the sum of what no program could
do without: libsndfile's decoding of the file, SciPy's float32 FFT of all
frames, and the network's multiply-adds at the rate of a large float32 matrix
product.

Usage: ``python benchmarks/bench.py [--json] [--check] [--model NAME] [--minutes 5]``
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

BOUNDS = {
    "WAV, times the limit": 2.5,
    "WAV with beats, times the limit": 3.5,
    "start: adt --version, s": 0.3,
    "start: first work, s": 0.3,
    "song, MB": 115.0,
    "hour, MB": 155.0,
    "hour, times twelve songs": 1.2,
}
"""Bounds; those of starts are beyond the time of ``import numpy, scipy.fft``."""


def measured(report: dict[str, Any]) -> dict[str, float]:
    """Return the figures of a report that have `BOUNDS`, as far as it has them."""
    stages, startup = report["recordings"]["wav"]["stages"], report["startup"]
    imports = startup["import numpy, scipy.fft"]
    figures = {
        "WAV, times the limit": stages["whole"]["ratio"],
        "start: adt --version, s": startup["adt --version"] - imports,
        "start: first work, s": startup["one second of silence"] - imports,
    }
    if "whole, with beats" in stages:
        figures["WAV with beats, times the limit"] = stages["whole, with beats"][
            "ratio"
        ]
    if "memory_mb" in report:
        figures["song, MB"] = report["memory_mb"]["song"]
        figures["hour, MB"] = report["memory_mb"]["hour"]
        figures["hour, times twelve songs"] = report["hour"]["ratio"]
    return figures


def print_table(report: dict[str, Any]) -> None:
    print(
        f"{report['minutes']:g} minutes, 44.1 kHz, 16 bit, stereo; model"
        f" {report['model']}, {report['multiply_adds_per_frame']} multiply-adds a"
        " frame; one thread"
    )
    for suffix, recording in report["recordings"].items():
        print(f"\n{suffix.upper():24} processor    clock  of limit")
        for name, cost in recording["limit"].items():
            share = cost["cpu"] / recording["limit_total"]
            print(
                f"  limit: {name:15} {cost['cpu']:8.3f} s {cost['wall']:6.3f} s"
                f" {share:8.2f}"
            )
        print(f"  limit {'':16} {recording['limit_total']:8.3f} s {'':8} {1:8.2f}")
        for name, cost in recording["stages"].items():
            print(
                f"  {name:22} {cost['cpu']:8.3f} s {cost['wall']:6.3f} s"
                f" {cost['ratio']:8.2f}"
            )
        if suffix == "wav" and "madmom's front end" not in recording["stages"]:
            print("  madmom's front end: madmom is not installed")
    print("\nStart of a process")
    for name, seconds in report["startup"].items():
        print(f"  {name:22} {seconds:8.3f} s")
    if "memory_mb" in report:
        print("\nPeak memory")
        for name, size in report["memory_mb"].items():
            print(f"  {name:22} {size:8.0f} MB")
        print(
            f"\nAn hour takes {report['hour']['cpu']:.1f} s of processor time,"
            f" {report['hour']['ratio']:.2f} times that of twelve five-minute files"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON, no table")
    parser.add_argument("--no-memory", action="store_true", help="skip the hour")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 beyond the bounds"
    )
    args = parser.parse_args()
    # Before NumPy starts its threads.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    from measurements import run

    report = run(args.model, args.minutes, args.repeats, memory=not args.no_memory)
    report["bounds"] = {
        name: {"measured": value, "most": BOUNDS[name]}
        for name, value in measured(report).items()
    }
    report["passed"] = all(
        row["measured"] <= row["most"] for row in report["bounds"].values()
    )
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        print_table(report)
        print(f"\n{'Bounds':34} measured     most")
        for name, row in report["bounds"].items():
            beyond = "" if row["measured"] <= row["most"] else "  BEYOND"
            print(f"  {name:32} {row['measured']:8.2f} {row['most']:8.2f}{beyond}")
    return int(args.check and not report["passed"])


if __name__ == "__main__":
    sys.exit(main())
