#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), 2026-11-30, Python 3.11
#
# Guess:   floats written as 16 bits are rounded to the nearest integer, or not at all; in
#          any case WAV and FLAC of the same floats hold the same integers.
# Instead: in WAV and AIFF they are rounded down, in FLAC to the nearest. soundfile turns
#          clipping on, and with it libsndfile converts to 32 bits and drops the lower 16
#          (libsndfile#362). Corrected upstream in 2023 (#959), after the last release.
# Seen:    WAV   0.6 -> 0, -0.1 -> -1, 1.9 -> 1; mean error -0.50 of a step
#          AIFF  0.6 -> 0, -0.1 -> -1, 1.9 -> 1; mean error -0.50 of a step
#          FLAC  0.6 -> 1, -0.1 -> 0, 1.9 -> 2; mean error 0.00 of a step
# Matters: the FLAC and the WAV of one recording differ in half of their samples: hashes of
#          decoded sound do not match, and what was around zero gets an offset of half a
#          step. Round, and write integers.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q soundfile==0.14.0
env/bin/python - <<'PY'
import sys

import numpy as np
import soundfile

STEPS = np.array([0.6, -0.1, 1.9])
noise = np.random.default_rng(0).uniform(-10000, 10000, 100000)
steps = np.concatenate((STEPS, noise))
rounded, errors = [], []
for kind in ("WAV", "AIFF", "FLAC"):
    soundfile.write("sound", steps / 32768, 44100, subtype="PCM_16", format=kind)
    stored, _ = soundfile.read("sound", dtype="int16")
    rounded.append(stored[: len(STEPS)].tolist())
    errors.append(round(float(np.mean(stored - steps)), 2) + 0.0)
    pairs = ", ".join(f"{a:g} -> {b}" for a, b in zip(STEPS, rounded[-1]))
    print(f"{kind:5} {pairs}; mean error {errors[-1]:.2f} of a step")
down, nearest = [0, -1, 1], [1, 0, 2]
is_same = rounded == [down, down, nearest] and errors[:2] == [-0.5, -0.5]
sys.exit(0 if is_same and errors[2] == 0 else "CHANGED")
PY
