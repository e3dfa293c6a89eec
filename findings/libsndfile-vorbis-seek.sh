#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), 2026-11-30, Python 3.11
#
# Guess:   `soundfile.read(path, start=n)` returns what `soundfile.read(path)[n:]` does.
#          Seeking in Ogg Vorbis is known to go wrong in its first block at times
#          (libsndfile#885); what follows is right.
# Instead: in the last page of the file (its last half second here, seconds in files of
#          low bit rates) all of it is late, by as many samples as the encoder added to
#          fill its last block, which the file leaves out. Files by FFmpeg were 416 samples
#          late (9.4 ms).
# Seen:    20 lengths: 0 of 20 seeks 2 s before the end are wrong, 20 of 20 seeks 0.1 s
#          before the end, by 2 to 124 samples
# Matters: a part of a song is labelled late, which the whole song is not. Seek further
#          back (a page has at most 255 packets), and read on from there.
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

RATE = 44100
SHOWN = 1000


def late(whole, back):
    """Samples by which a part begins too late."""
    start = len(whole) - back
    part, _ = soundfile.read("song.ogg", start=start, stop=start + SHOWN)
    for at in range(start, len(whole) - SHOWN + 1):
        if np.allclose(whole[at : at + SHOWN], part, atol=1e-4):
            return at - start
    return None


far, near = [], []
for more in range(0, 1000, 50):
    noise = np.random.default_rng(more).uniform(-0.5, 0.5, 4 * RATE + more)
    soundfile.write("song.ogg", noise, RATE, subtype="VORBIS")
    whole, _ = soundfile.read("song.ogg")
    assert len(whole) == len(noise)
    far.append(late(whole, 2 * RATE))
    near.append(late(whole, RATE // 10))
wrong = [samples for samples in near if samples]
print(
    f"{len(near)} lengths: {sum(n != 0 for n in far)} of {len(far)} seeks 2 s before the"
    f" end are wrong, {len(wrong)} of {len(near)} seeks 0.1 s before the end,"
    f" by {min(wrong)} to {max(wrong)} samples"
)
sys.exit(0 if not any(far) and len(wrong) > 10 else "CHANGED")
PY
