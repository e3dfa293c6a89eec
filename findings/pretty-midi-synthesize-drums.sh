#!/usr/bin/env bash
# pretty_midi 0.2.11, 2026-11-29, Python 3.11
#
# Guess:   `PrettyMIDI.synthesize` of a drum track is silence, or some sound.
# Instead: every sample is NaN. Drums are left out, the rest is silent, and the silence is
#          normalised by its own peak, 0 / 0.
# Seen:    114660 samples, 114660 of them NaN
# Matters: NaN spreads through whatever is computed from it (a mix, a spectrogram, a loss).
#          Use `fluidsynth`, or leave drum-only files out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q "setuptools<81" pretty_midi==0.2.11
env/bin/python -W ignore - <<'PY'
import sys

import numpy as np
import pretty_midi

drums = pretty_midi.Instrument(program=0, is_drum=True)
for hit in range(4):
    drums.notes.append(pretty_midi.Note(100, 36, hit * 0.5, hit * 0.5 + 0.1))
song = pretty_midi.PrettyMIDI()
song.instruments.append(drums)

samples = song.synthesize()
wrong = int(np.isnan(samples).sum())
print(f"{len(samples)} samples, {wrong} of them NaN")
sys.exit(0 if wrong == len(samples) > 0 else "CHANGED")
PY
