#!/usr/bin/env bash
# music21 10.5.1 (mido 1.3.3 to look at the file), 2026-11-29, Python 3.11
#
# Guess:   in MusicXML, a drum part has one <score-instrument> for each drum, with its
#          <midi-unpitched>, and each unpitched note names its instrument. Written as MIDI,
#          every note plays its drum.
# Instead: music21 plays every note of the part as the first instrument.
# Seen:    kick, hi-hat, snare, hi-hat -> 36 36 36 36 instead of 36 42 38 42
# Matters: a drum score that is turned into MIDI with music21 is a kick-drum solo. Export
#          the MIDI from the program that wrote the score.
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

DRUMS = {"K": ("Kick", 36, "F", 4), "S": ("Snare", 38, "C", 5), "H": ("Hi-hat", 42, "G", 5)}
PLAYED = "KHSH"

instruments = "".join(
    f'<score-instrument id="P1-{key}"><instrument-name>{name}</instrument-name>'
    "</score-instrument>"
    for key, (name, *_) in DRUMS.items()
)
# <midi-unpitched> counts from 1.
sounds = "".join(
    f'<midi-instrument id="P1-{key}"><midi-channel>10</midi-channel>'
    f"<midi-unpitched>{note + 1}</midi-unpitched></midi-instrument>"
    for key, (_, note, *_) in DRUMS.items()
)
notes = "".join(
    f"<note><unpitched><display-step>{DRUMS[key][2]}</display-step>"
    f"<display-octave>{DRUMS[key][3]}</display-octave></unpitched>"
    f'<duration>1</duration><instrument id="P1-{key}"/><voice>1</voice>'
    "<type>quarter</type></note>"
    for key in PLAYED
)
with open("drums.musicxml", "w") as file:
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0"><part-list>'
        f'<score-part id="P1"><part-name>Drums</part-name>{instruments}{sounds}'
        '</score-part></part-list><part id="P1"><measure number="1"><attributes>'
        "<divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
        f"<clef><sign>percussion</sign></clef></attributes>{notes}</measure></part>"
        "</score-partwise>"
    )

converter.parse("drums.musicxml").write("midi", "drums.mid")
played = [
    m.note for m in mido.MidiFile("drums.mid") if m.type == "note_on" and m.velocity
]
wanted = [DRUMS[key][1] for key in PLAYED]
print("kick, hi-hat, snare, hi-hat ->", *played, "instead of", *wanted)
sys.exit(0 if played == [36] * 4 else "CHANGED")
PY
