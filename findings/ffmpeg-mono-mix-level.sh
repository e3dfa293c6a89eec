#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1, libswresample), 2026-11-29, Python 3.11
#
# Guess:   mixing down to mono gives the same level whatever the sample format is.
# Instead: for integers the mixing coefficients are scaled so that nothing can clip, for
#          floats they are not. The same sound is louder as float: by 3.0 dB from stereo,
#          by 10.7 dB from 5.1.
# Seen:    stereo: float is 3.0 dB louder; 5.1: float is 10.7 dB louder
# Matters: a FLAC is decoded to integers and an AAC to floats, so the same song comes out
#          at two levels, and thresholds on loudness stop fitting. Mix the channels
#          yourself. (The LFE channel is left out in both cases.)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q av==18.1.0 numpy
env/bin/python - <<'PY'
import sys

import av
import numpy as np

TONE = 0.2 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)


def level(layout, channels, sample_format, full_scale, dtype):
    """Root mean square of the mix of the same tone in all channels."""
    planes = np.tile(TONE * full_scale, (channels, 1)).astype(dtype)
    frame = av.AudioFrame.from_ndarray(planes, format=sample_format, layout=layout)
    frame.sample_rate = 44100
    mixer = av.AudioResampler(format=sample_format, layout="mono", rate=44100)
    parts = [*mixer.resample(frame), *mixer.resample(None)]
    mixed = np.concatenate([part.to_ndarray().ravel() for part in parts]) / full_scale
    return np.sqrt(np.mean(mixed.astype(float) ** 2))


seen = []
for layout, channels in (("stereo", 2), ("5.1", 6)):
    as_float = level(layout, channels, "fltp", 1, np.float32)
    as_integer = level(layout, channels, "s16p", 32767, np.int16)
    seen.append(round(20 * np.log10(as_float / as_integer), 1))
    print(f"{layout}: float is {seen[-1]} dB louder")
sys.exit(0 if seen == [3.0, 10.7] else "CHANGED")
PY
