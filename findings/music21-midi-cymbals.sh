#!/usr/bin/env bash
# music21 10.5.1 (mido 1.3.3 to look at the files), 2026-11-29, Python 3.11
#
# Guess:   a General MIDI drum track that is parsed and written again keeps its notes.
# Instead: notes on channel 10 that music21 has no percussion instrument for become note 60
#          (a high bongo), without a warning: the ride, its bell, china, splash, hand clap
#          and claves among them.
# Seen:    51 52 53 55 59 39 75 -> 60 60 60 60 60 60 60; 36 38 42 46 49 57 37 are kept
# Matters: after one pass through music21, a ride pattern is a bongo pattern. Edit drum
#          tracks with a MIDI library.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q music21==10.5.1 mido==1.3.3
env/bin/python -W ignore - <<'PY'
import sys

import mido
from music21 import converter

LOST, KEPT = [51, 52, 53, 55, 59, 39, 75], [36, 38, 42, 46, 49, 57, 37]


def notes_of(path):
    """Notes in their order."""
    return [m.note for m in mido.MidiFile(path) if m.type == "note_on" and m.velocity]


track = mido.MidiTrack()
for note in LOST + KEPT:
    track.append(mido.Message("note_on", channel=9, note=note, velocity=100, time=0))
    track.append(mido.Message("note_off", channel=9, note=note, time=480))
song = mido.MidiFile(ticks_per_beat=480)
song.tracks.append(track)
song.save("drums.mid")
assert notes_of("drums.mid") == LOST + KEPT

converter.parse("drums.mid").write("midi", "again.mid")
again = notes_of("again.mid")
print(*LOST, "->", *again[: len(LOST)], "; the others ->", *again[len(LOST) :])
sys.exit(0 if again == [60] * len(LOST) + KEPT else "CHANGED")
PY
