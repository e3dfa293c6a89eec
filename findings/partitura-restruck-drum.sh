#!/usr/bin/env bash
# partitura 1.9.0 (mido 1.3.3), 2026-11-29, Python 3.11
#
# Guess:   a drum that is struck again while its last note still sounds gives two notes.
# Instead: `load_performance_midi` keeps the second and drops the first, without a
#          warning. It is enough that the second note begins on the tick where the first
#          ends, if the file has the note-on first. symusic 0.6.0 keeps both.
# Seen:    2 strokes written; partitura reads 1 at 0.25 s, symusic 2
# Matters: in a file whose drum notes fill the grid, every stroke but the last is gone. Let
#          a note end before the next of the same drum begins.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q partitura==1.9.0 symusic==0.6.0 mido==1.3.3
env/bin/python -W ignore - <<'PY'
import sys

import mido
import partitura
import symusic

track = mido.MidiTrack()
for kind, wait in (("on", 0), ("on", 240), ("off", 0), ("off", 240)):
    velocity = 100 if kind == "on" else 0
    track.append(
        mido.Message(f"note_{kind}", channel=9, note=38, velocity=velocity, time=wait)
    )
song = mido.MidiFile(ticks_per_beat=480)
song.tracks.append(track)
song.save("snare.mid")

notes = partitura.load_performance_midi("snare.mid").note_array()
times = [float(time) for time in notes["onset_sec"]]
others = sum(len(track.notes) for track in symusic.Score("snare.mid").tracks)
at = ", ".join(f"{time:g}" for time in times)
print(f"2 strokes written; partitura reads {len(times)} at {at} s, symusic {others}")
sys.exit(0 if times == [0.25] and others == 2 else "CHANGED")
PY
