"""Coverage-guided fuzzing of the parsers, with atheris.

Usage: ``python -m tests.fuzz.run [--seconds 60] [--inputs N] [--seed 1] [--corpus DIR]
[NAME …]``: that long in all, and so many inputs a parser at most. A find stops its
parser, and lies in ``tests/fuzz/cases/NAME/`` then. The same seed tries the same inputs
again, as far as the time reaches.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_INPUTS = re.compile(r"stat::number_of_executed_units: (\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--inputs", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="kept between runs")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args, rest = parser.parse_known_args()
    if args.one:
        _fuzz(args.one, [*rest, *args.names])  # the corpus's folder
    from tests.fuzz.targets import targets

    names = args.names or list(targets())
    each = max(1, round(args.seconds / len(names)))
    with tempfile.TemporaryDirectory() as folder:
        corpus = args.corpus or Path(folder)
        limits = [
            f"-max_total_time={each}",
            f"-runs={args.inputs}",
            f"-seed={args.seed}",
        ]
        finds = [name for name in names if not _run(name, limits, corpus / name)]
    return int(bool(finds))


def _run(name: str, limits: list[str], corpus: Path) -> bool:
    from tests.fuzz.targets import CASES, targets

    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets()[name].seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    cases = CASES / name
    cases.mkdir(parents=True, exist_ok=True)
    options = [*limits, f"-artifact_prefix={cases}/", "-timeout=20"]
    options += ["-print_final_stats=1", "-rss_limit_mb=2048", "-max_len=65536"]
    command = [sys.executable, "-m", "tests.fuzz.run", "--one", name, *options]
    done = subprocess.run(
        [*command, str(corpus)], capture_output=True, text=True, check=False,
        errors="replace", env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    match = _INPUTS.search(done.stderr)
    count = match[1] if match else "?"
    ending = "no find" if done.returncode == 0 else "FIND"
    print(f"{name}: {count} inputs, {ending}", flush=True)
    if done.returncode:
        print(done.stderr[-3000:])
    elif not any(cases.iterdir()):
        cases.rmdir()
    return done.returncode == 0


def _fuzz(name: str, options: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["adt_plugins", "mido"]):
        from tests.fuzz.targets import check, targets
    target = targets()[name]
    atheris.Setup([sys.argv[0], *options], lambda data: check(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
