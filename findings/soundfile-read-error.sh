#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), 2026-11-29, Python 3.11
#
# Guess:   an OSError that a Python file object raises while it is read, because a share
#          or a connection is gone, reaches the caller of `soundfile.read`.
# Instead: it is printed and swallowed. `read` returns what came before it, as if the
#          recording ended there. Only standard error knows.
# Seen:    28672 of 44100 samples, and no exception
# Matters: a transcription of half a song looks like one of a whole song. Compare the
#          number of samples with `frames`, or keep the exception in the file object and
#          raise it afterwards.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q soundfile==0.14.0
env/bin/python - 2> errors <<'PY'
import io
import sys

import numpy as np
import soundfile

whole = io.BytesIO()
noise = np.random.default_rng(0).uniform(-0.5, 0.5, 44100)
soundfile.write(whole, noise, 44100, format="WAV")


class Lost(io.BytesIO):
    """A file whose second half cannot be read any more."""

    def readinto(self, buffer):
        if self.tell() > 50000:
            raise OSError("the connection is lost")
        return super().readinto(buffer)


try:
    samples, _ = soundfile.read(Lost(whole.getvalue()))
except OSError as error:
    sys.exit(f"CHANGED: the error is raised: {error}")
print(f"{len(samples)} of {len(noise)} samples, and no exception")
sys.exit(0 if 0 < len(samples) < len(noise) else "CHANGED: all samples are there")
PY
grep -q "the connection is lost" errors && echo "standard error has the traceback"
