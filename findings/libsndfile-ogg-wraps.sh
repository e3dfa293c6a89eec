#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), 2026-11-30, Python 3.11
#
# Guess:   `soundfile.read(path, dtype="int16")` clips what is louder than full scale, as
#          soundfile asks libsndfile to. Decoded MP3, Vorbis and Opus of loud music are.
# Instead: MP3 is clipped, but Vorbis and Opus wrap around: a peak above +1 becomes one
#          near -1, without a warning (libsndfile#194, open since 2017). With int32, too.
# Seen:    MP3: 0 of 44100 samples are wrong by more than 0.1
#          Vorbis: 2600 of 44100 samples are wrong by more than 0.1
#          Opus: 2795 of 48000 samples are wrong by more than 0.1
# Matters: each of them is a click of twice the full scale in just the loudest strokes, and
#          clicks are what an onset detector looks for. Read floats, and clip them.
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

KINDS = {
    "MP3": ("MP3", "MPEG_LAYER_III", 44100),
    "Vorbis": ("OGG", "VORBIS", 44100),
    "Opus": ("OGG", "OPUS", 48000),
}

wrong = {}
for name, (form, subtype, rate) in KINDS.items():
    # Four strokes, mastered loud: driven into a limiter at 0.99.
    decay = np.exp(-12 * (np.arange(rate) % (rate // 4)) / rate)
    noise = np.random.default_rng(0).normal(0, 1, rate)
    loud = np.clip(2 * decay * noise, -0.99, 0.99)
    soundfile.write("song", loud, rate, format=form, subtype=subtype)
    floats, _ = soundfile.read("song")
    integers, _ = soundfile.read("song", dtype="int16")
    error = np.abs(integers / 32768 - np.clip(floats, -1, 1))
    wrong[name] = int(np.sum(error > 0.1))
    print(f"{name}: {wrong[name]} of {rate} samples are wrong by more than 0.1")
is_same = wrong["MP3"] == 0 and min(wrong["Vorbis"], wrong["Opus"]) > 500
sys.exit(0 if is_same else "CHANGED")
PY
