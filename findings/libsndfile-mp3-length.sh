#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), PyAV 18.1.0, lameenc 1.9.0, 2026-11-30, Python 3.11
#
# Guess:   an MP3 of variable bit rate without a Xing tag is read to its end; only the
#          length stated beforehand is a guess (libsndfile#1001).
# Instead: reading stops at the guess, which is the size divided by the bit rate of the
#          first frame, without a warning. If the song begins loud, the rest is missing.
#          FFmpeg reads all of it.
# Seen:    loud, then quiet: soundfile states 3.71 s and reads 3.71 s, PyAV reads 10.03 s
#          quiet, then loud: soundfile states 22.72 s and reads 10.03 s, PyAV reads 10.03 s
# Matters: two thirds of a song have no hits. Encoders that write to a stream cannot write
#          the tag, nor does lameenc. Decode with FFmpeg, or give libsndfile a file object
#          that claims to be larger: it then reads to the real end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q soundfile==0.14.0 av==18.1.0 lameenc==1.9.0 numpy
env/bin/python - 2> errors <<'PY'
import sys

import av
import lameenc
import numpy as np
import soundfile

RATE = 44100
LOUD = np.random.default_rng(0).uniform(-0.5, 0.5, 5 * RATE)
QUIET = np.zeros(5 * RATE)


def lengths(*parts):
    """Seconds: what soundfile states, what it reads, what PyAV reads."""
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_vbr(3)  # vbr_rh
    encoder.set_vbr_quality(2)
    samples = (np.concatenate(parts) * 32767).astype(np.int16)
    with open("song.mp3", "wb") as file:
        file.write(encoder.encode(samples.tobytes()))
        file.write(encoder.flush())
    stated = soundfile.info("song.mp3").frames
    read = len(soundfile.read("song.mp3")[0])
    with av.open("song.mp3") as container:
        whole = sum(frame.samples for frame in container.decode(audio=0))
    return [n / RATE for n in (stated, read, whole)]


results = lengths(LOUD, QUIET), lengths(QUIET, LOUD)
for name, (stated, read, whole) in zip(("loud, then quiet", "quiet, then loud"), results):
    print(
        f"{name}: soundfile states {stated:.2f} s and reads {read:.2f} s,"
        f" PyAV reads {whole:.2f} s"
    )
(_, cut, whole), (stated, read, _) = results
sys.exit(0 if cut < 5 and whole > 10 and read > 10 and stated > 20 else "CHANGED")
PY
