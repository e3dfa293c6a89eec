#!/usr/bin/env bash
# mido 1.3.3, miditoolkit 1.0.1, symusic 0.6.0, 2026-11-30, Python 3.11
#
# Guess:   a MIDI file whose header counts time in frames (SMPTE) and not in quarters is
#          read in that time, or refused. 25 frames of 40 ticks are milliseconds, and handy
#          for times in seconds.
# Instead: mido takes the two bytes for one number, which is negative, and goes on: time
#          runs backwards (mido#457). miditoolkit does the same. symusic refuses the file.
# Seen:    a hit at 1.00 s: mido: at -0.079 s, ticks_per_beat -6360; miditoolkit: -6360;
#          symusic: RuntimeError: MiniMidi: Division type is not ticks per quarter!
# Matters: hits lie before zero, in another order, and no exception says so. Refuse files
#          whose `ticks_per_beat` is not positive.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q "setuptools<81" mido==1.3.3 miditoolkit==1.0.1 symusic==0.6.0
env/bin/python -W ignore - <<'PY'
import struct
import sys

import mido
import miditoolkit
import symusic

wait = bytes([0x80 | 1000 >> 7, 1000 & 0x7F])  # 1000 ms
events = wait + bytes([0x99, 38, 100, 100, 0x89, 38, 0, 0, 0xFF, 0x2F, 0])
with open("snare.mid", "wb") as file:
    file.write(struct.pack(">4sIHHbB", b"MThd", 6, 0, 1, -25, 40))
    file.write(struct.pack(">4sI", b"MTrk", len(events)) + events)

song, time = mido.MidiFile("snare.mid"), 0.0
for message in song:
    time += message.time
    if message.type == "note_on":
        break
other = miditoolkit.MidiFile("snare.mid").ticks_per_beat
print(
    f"a hit at 1.00 s: mido: at {time:.3f} s, ticks_per_beat {song.ticks_per_beat};"
    f" miditoolkit: {other}"
)
try:
    symusic.Score("snare.mid")
except RuntimeError as error:
    print(f"symusic: RuntimeError: {error}")
else:
    sys.exit("CHANGED: symusic reads it")
sys.exit(0 if time < 0 and song.ticks_per_beat == other == -6360 else "CHANGED")
PY
