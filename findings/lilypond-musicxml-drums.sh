#!/usr/bin/env bash
# LilyPond 2.25.12 (the newest that PyPI has), mido 1.3.3, 2026-11-30, Python 3.11
#
# Guess:   LilyPond's own `musicxml2ly` turns a drum part into one: each drum on its line,
#          and with its sound in MIDI. It makes a DrumStaff, which looks right.
# Instead: the notes in that DrumStaff have pitches and not the names of drums. LilyPond
#          draws them all on the middle line, and writes a MIDI file without a note. The
#          only message is that instruments but the first are ignored. In 2.24.1, too.
# Seen:    kick, snare, hi-hat, crash, which belong at -3 1 5 6 are drawn at 0 0 0 0;
#          notes in the MIDI file: 0
# Matters: the part looks like one for a single drum. Write LilyPond's drum mode yourself,
#          or draw MusicXML with MuseScore or Verovio.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q lilypond==2.25.12 mido==1.3.3
env/bin/python - <<'PY'
import os
import re
import subprocess
import sys

import lilypond
import mido

# Name, MIDI note, step, octave, steps above the middle line.
DRUMS = {
    "kick": (36, "F", 4, -3),
    "snare": (38, "C", 5, 1),
    "hi-hat": (42, "G", 5, 5),
    "crash": (49, "A", 5, 6),
}
# Prints where each head is drawn.
PRINT = r"""\layout { \context { \DrumVoice \override NoteHead.after-line-breaking =
#(lambda (head) (format #t "head ~a\n" (ly:grob-staff-position head))) } }
\score {"""


def run(program, *arguments):
    path = str(lilypond.executable(program))
    env = {**os.environ, "PATH": os.path.dirname(path) + ":" + os.environ["PATH"]}
    return subprocess.run(
        [path, *arguments], env=env, check=True, capture_output=True, text=True
    )


instruments = sounds = notes = ""
for name, (note, step, octave, _) in DRUMS.items():
    instruments += f'<score-instrument id="P1-{name}"><instrument-name>{name}'
    instruments += "</instrument-name></score-instrument>"
    sounds += f'<midi-instrument id="P1-{name}"><midi-channel>10</midi-channel>'
    sounds += f"<midi-unpitched>{note + 1}</midi-unpitched></midi-instrument>"
    notes += f"<note><unpitched><display-step>{step}</display-step><display-octave>"
    notes += f"{octave}</display-octave></unpitched><duration>1</duration>"
    notes += f'<instrument id="P1-{name}"/><voice>1</voice><type>quarter</type></note>'
with open("drums.musicxml", "w") as file:
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0"><part-list>'
        f'<score-part id="P1"><part-name>Drums</part-name>{instruments}{sounds}'
        '</score-part></part-list><part id="P1"><measure number="1"><attributes>'
        "<divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
        f"<clef><sign>percussion</sign></clef></attributes>{notes}</measure></part>"
        "</score-partwise>"
    )
run("musicxml2ly", "-m", "-o", "drums.ly", "drums.musicxml")
text = open("drums.ly").read()
assert r"\new DrumStaff" in text
with open("drums.ly", "w") as file:
    file.write(text.replace(r"\score {", PRINT, 1))
done = run("lilypond", "drums.ly")
drawn = [int(place) for place in re.findall(r"head (-?\d+)", done.stdout)]
(midi,) = [name for name in os.listdir() if name.endswith((".mid", ".midi"))]
played = sum(m.type == "note_on" for track in mido.MidiFile(midi).tracks for m in track)
wanted = [place for *_, place in DRUMS.values()]
print(f"{', '.join(DRUMS)}, which belong at", *wanted, "are drawn at", *drawn)
print(f"notes in the MIDI file: {played}")
sys.exit(0 if drawn == [0] * 4 and not played else "CHANGED")
PY
