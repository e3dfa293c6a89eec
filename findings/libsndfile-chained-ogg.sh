#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), PyAV 18.1.0 (FFmpeg 8.1), 2026-11-29, Python 3.11
#
# Guess:   an Ogg file with two streams one after the other, as recorders of internet radio
#          and `cat a.ogg b.ogg` make it (a "chained" file, RFC 3533), is read whole.
# Instead: libsndfile reads the first stream, and reports its length as that of the file,
#          without a warning. FFmpeg reads both.
# Seen:    soundfile: 1.00 s, PyAV: 2.00 s
# Matters: the rest of the recording has no hits, whichever way it is analysed. Compare
#          the length with another decoder's, or look for a second `OggS` page with the
#          first-page flag behind the last page of the first stream.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q soundfile==0.14.0 av==18.1.0
env/bin/python - <<'PY'
import sys

import av
import numpy as np
import soundfile

noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 44100))
for name, samples in zip("ab", noise):
    soundfile.write(f"{name}.ogg", samples, 44100, subtype="VORBIS")
with open("both.ogg", "wb") as both:
    for name in "ab":
        both.write(open(f"{name}.ogg", "rb").read())

first = soundfile.info("both.ogg").duration
with av.open("both.ogg") as container:
    whole = sum(frame.samples for frame in container.decode(audio=0)) / 44100
print(f"soundfile: {first:.2f} s, PyAV: {whole:.2f} s")
sys.exit(0 if first == 1.0 and whole > 1.9 else "CHANGED")
PY
