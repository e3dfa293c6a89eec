#!/usr/bin/env bash
# mido 1.3.3, pretty_midi 0.2.11.post0, partitura 1.9.0, 2026-11-30, Python 3.11
#
# Guess:   a chunk of an unknown kind is skipped: the specification of Standard MIDI Files
#          tells programs to expect such chunks, and to treat them as if they were not
#          there. Files by phones of Sony Ericsson begin with one (SEM1, python-midi#88),
#          Yamaha's song files end with some (XFIH, XFKM).
# Instead: mido refuses the file if such a chunk comes before the last track, and with it
#          everything that reads MIDI through mido. After the last track they do no harm
#          (mido#599 asks for what is in them). symusic 0.6.0 skips them. FluidSynth 2.3.1
#          of Debian renders such a file as silence, with exit status 0.
# Seen:    mido, pretty_midi, miditoolkit, partitura: OSError: no MTrk header at start of
#          track; symusic: 4 notes
# Matters: a good file is called a bad one. Take out all chunks but MThd and MTrk first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q "setuptools<81" mido==1.3.3 pretty_midi==0.2.11.post0 \
    miditoolkit==1.0.1 partitura==1.9.0 symusic==0.6.0
env/bin/python -W ignore - <<'PY'
import struct
import sys

import mido
import miditoolkit
import partitura
import pretty_midi
import symusic

READERS = {
    "mido": lambda path: [
        m for m in mido.MidiFile(path) if m.type == "note_on" and m.velocity
    ],
    "pretty_midi": lambda path: pretty_midi.PrettyMIDI(path).instruments[0].notes,
    "miditoolkit": lambda path: miditoolkit.MidiFile(path).instruments[0].notes,
    "partitura": lambda path: partitura.load_performance_midi(path).note_array(),
    "symusic": lambda path: symusic.Score(path).tracks[0].notes,
}


def chunk(name, content):
    return struct.pack(">4sI", name, len(content)) + content


head = chunk(b"MThd", struct.pack(">HHH", 1, 1, 480))
stroke = bytes([0, 0x99, 38, 100, 120, 0x89, 38, 0])
track = chunk(b"MTrk", 4 * stroke + bytes([0, 0xFF, 0x2F, 0]))
foreign = chunk(b"SEM1", bytes([0, 0xFF, 0x2F, 0]))

refusals = {}
for place, parts in (("before", (foreign, track)), ("after", (track, foreign))):
    with open("song.mid", "wb") as file:
        file.write(head + b"".join(parts))
    for name, read in READERS.items():
        try:
            print(f"{place} the track: {name}: {len(read('song.mid'))} notes")
        except OSError as error:
            refusals[name, place] = str(error)
            print(f"{place} the track: {name}: OSError: {error}")
refused = {(name, "before") for name in READERS if name != "symusic"}
same = set(refusals.values()) == {"no MTrk header at start of track"}
sys.exit(0 if refusals.keys() == refused and same else "CHANGED")
PY
