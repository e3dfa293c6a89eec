#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1), soundfile 0.14.0, 2026-11-30, Python 3.11
#
# Guess:   `frame.time` is where a frame lies in the decoded sound: where the encoder's delay
#          is cut off, times begin with 0.
# Instead: in MP3 the delay is cut off the samples, but not off the times: those begin with
#          the delay, while those of FLAC and Ogg Vorbis begin with 0.
# Seen:    MP3: sample 44100 lies at 1.025 s by its frame, at 1.000 s by counting
#          Vorbis, FLAC: 1.000 s by both
# Matters: labels made with the times of frames lie 25 ms beside those of every program that
#          counts samples, in MP3 alone; and a seek to 15 s in an MP3 arrives at 14.975 s.
#          Count samples, or subtract `stream.start_time` where there are no pictures.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q av==18.1.0 soundfile==0.14.0 numpy
env/bin/python - <<'PY'
import sys

import av
import numpy as np
import soundfile

RATE = 44100
KINDS = {
    "MP3": ("MP3", "MPEG_LAYER_III"),
    "Vorbis": ("OGG", "VORBIS"),
    "FLAC": ("FLAC", "PCM_16"),
}

late = {}
for name, (form, subtype) in KINDS.items():
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 2 * RATE)
    soundfile.write("song", noise, RATE, format=form, subtype=subtype)
    with av.open("song") as container:
        before = 0
        for frame in container.decode(audio=0):
            if before + frame.samples > RATE:
                break
            before += frame.samples
    by_frame = frame.time + (RATE - before) / RATE
    late[name] = round(by_frame - 1, 3)
    print(
        f"{name}: sample {RATE} lies at {by_frame:.3f} s by its frame,"
        " at 1.000 s by counting"
    )
wanted = {"MP3": 0.025, "Vorbis": 0, "FLAC": 0}
sys.exit(0 if late == wanted else "CHANGED")
PY
