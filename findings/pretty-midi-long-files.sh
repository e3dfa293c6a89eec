#!/usr/bin/env bash
# pretty_midi 0.2.11 (mido 1.3.3), 2026-11-29, Python 3.11
#
# Guess:   a MIDI file may be as long as a concert; delta times have 28 bits.
# Instead: a file that reaches 10 million ticks is refused as corrupt. At 960 ticks per
#          quarter and 120 BPM, the resolution of many DAWs, that is 87 minutes.
# Seen:    88 minutes: ValueError: MIDI file has a largest tick of 10100201, it is likely
#          corrupt
# Matters: transcriptions of concerts and DJ sets cannot be read back. `MAX_TICK` of the
#          module can be raised; a lower resolution helps as well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q "setuptools<81" pretty_midi==0.2.11 mido==1.3.3
env/bin/python -W ignore - <<'PY'
import sys

import mido
import pretty_midi

track = mido.MidiTrack()
for wait in (0, 10_100_000):
    track.append(mido.Message("note_on", channel=9, note=36, velocity=100, time=wait))
    track.append(mido.Message("note_off", channel=9, note=36, time=100))
song = mido.MidiFile(ticks_per_beat=960)
song.tracks.append(track)
song.save("concert.mid")

try:
    pretty_midi.PrettyMIDI("concert.mid")
except ValueError as error:
    print(f"{song.length / 60:.0f} minutes: ValueError: {error}")
else:
    sys.exit("CHANGED: it is read")
pretty_midi.pretty_midi.MAX_TICK = 1e9
read = pretty_midi.PrettyMIDI("concert.mid")
print(f"with another MAX_TICK: {len(read.instruments[0].notes)} notes")
PY
