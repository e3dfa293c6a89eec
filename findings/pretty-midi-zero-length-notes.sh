#!/usr/bin/env bash
# pretty_midi 0.2.11 (mido 1.3.3), 2026-11-29, Python 3.11
#
# Guess:   a drum note whose note-off lies on the tick of its note-on is a hit: a drum has
#          no length, and drum machines write such notes.
# Instead: pretty_midi drops every one of them, without a warning. miditoolkit 1.0.1, which
#          has the same interface, keeps them.
# Seen:    8 notes written; pretty_midi reads 0, miditoolkit 8
# Matters: a drum track reads as empty. Give drum notes a length of at least one tick.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q "setuptools<81" pretty_midi==0.2.11 miditoolkit==1.0.1 mido==1.3.3
env/bin/python -W ignore - <<'PY'
import sys

import mido
import miditoolkit
import pretty_midi

track = mido.MidiTrack()
for hit in range(8):
    wait = 240 if hit else 0
    track.append(mido.Message("note_on", channel=9, note=38, velocity=100, time=wait))
    track.append(mido.Message("note_off", channel=9, note=38, time=0))
song = mido.MidiFile(ticks_per_beat=480)
song.tracks.append(track)
song.save("hits.mid")

pretty = sum(len(i.notes) for i in pretty_midi.PrettyMIDI("hits.mid").instruments)
kit = sum(len(i.notes) for i in miditoolkit.MidiFile("hits.mid").instruments)
print(f"8 notes written; pretty_midi reads {pretty}, miditoolkit {kit}")
sys.exit(0 if (pretty, kit) == (0, 8) else "CHANGED")
PY
