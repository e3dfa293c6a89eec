#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), PyAV 18.1.0 (FFmpeg 8.1), 2026-11-30, Python 3.11
#
# Guess:   floats in Sony Wave64 are read as floats, as they are in WAV, also where their
#          format is WAVE_FORMAT_EXTENSIBLE, which FFmpeg writes above 48 kHz, for more than
#          two channels, and (5.1) for more than 16 bits.
# Instead: libsndfile looks no further than to the number of bits there: it takes the
#          floats for integers of 32 bits, silently. The same header in WAV is read well.
# Seen:    WAV: subtype FLOAT, peak 0.250; W64: subtype PCM_32, peak 0.570
# Matters: what is read is loud and distorted, but has the rhythm of the recording. Where
#          the subformat is 3, write that into the format tag before libsndfile reads it.
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

tone = 0.25 * np.sin(np.arange(44100) * 0.05, dtype=np.float32)
seen = []
for kind in ("wav", "w64"):
    with av.open(f"sound.{kind}", "w") as container:
        stream = container.add_stream("pcm_f32le", rate=96000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone[None], "flt", "mono")
        frame.sample_rate = 96000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    samples, _ = soundfile.read(f"sound.{kind}")
    subtype, peak = soundfile.info(f"sound.{kind}").subtype, np.abs(samples).max()
    seen.append((subtype, round(float(peak), 3)))
    print(f"{kind}: subtype {subtype}, peak {peak:.3f}")
wav, w64 = seen
sys.exit(0 if wav == ("FLOAT", 0.25) and w64[0] == "PCM_32" else "CHANGED")
PY
