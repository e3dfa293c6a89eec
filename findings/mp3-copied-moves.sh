#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1), lameenc 1.9.0, 2026-11-29, Python 3.11
#
# Guess:   copying the packets of an MP3 into another MP3 (`ffmpeg -i a.mp3 -c copy b.mp3`),
#          as tag editors and cutters do, moves nothing.
# Instead: if the MP3 has no LAME tag, the copy gets one that states an encoder delay of 0.
#          Decoders now take away the decoder's own 529 samples, which they leave alone
#          where there is no tag.
# Seen:    the burst begins at sample 45205, in the copy at 44676: 529 samples (12.0 ms)
#          earlier
# Matters: labels made for the one file lie beside the hits of the other, by more than half
#          of the strictest tolerance in use (20 ms).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q av==18.1.0 lameenc==1.9.0 numpy
env/bin/python - 2> errors <<'PY'
import sys

import av
import lameenc
import numpy as np

samples = np.zeros(88200)
samples[44100:44400] = np.random.default_rng(0).uniform(-0.8, 0.8, 300)
encoder = lameenc.Encoder()
encoder.set_in_sample_rate(44100)
encoder.set_channels(1)
encoder.set_bit_rate(192)
with open("plain.mp3", "wb") as file:
    file.write(encoder.encode((samples * 32767).astype(np.int16).tobytes()))
    file.write(encoder.flush())

with av.open("plain.mp3") as source, av.open("copied.mp3", "w") as target:
    stream = target.add_stream_from_template(source.streams.audio[0])
    for packet in source.demux(audio=0):
        if packet.dts is not None:
            packet.stream = stream
            target.mux(packet)


def start(path):
    """First sample of the burst."""
    with av.open(path) as container:
        parts = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    loud = np.abs(np.concatenate(parts))
    return int(np.argmax(loud > 0.1 * loud.max()))


plain, copied = start("plain.mp3"), start("copied.mp3")
moved = plain - copied
print(
    f"the burst begins at sample {plain}, in the copy at {copied}:"
    f" {moved} samples ({moved / 44.1:.1f} ms) earlier"
)
sys.exit(0 if moved == 529 else "CHANGED")
PY
