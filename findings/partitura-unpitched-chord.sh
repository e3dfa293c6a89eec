#!/usr/bin/env bash
# partitura 1.9.0 and 1.8.0, 2026-11-29, Python 3.11
#
# Guess:   kick and hi-hat struck together are a chord of two unpitched notes in MusicXML,
#          as in every drum score, and partitura loads it.
# Instead: partitura 1.9.0 refuses such a file, 1.8.0 loads it. (1.8.0 needs pandas, and does
#          not say so.)
# Seen:    1.8.0: loaded, 2 notes
#          1.9.0: AttributeError: 'UnpitchedNote' object has no attribute 'is_grace_chord'
# Matters: drum scores cannot be loaded with the current version; pin 1.8.0 for them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > score.py <<'PY'
import sys

import partitura
from partitura.score import UnpitchedNote

NOTE = (
    "<note>{chord}<unpitched><display-step>{step}</display-step>"
    "<display-octave>{octave}</display-octave></unpitched><duration>4</duration>"
    "<voice>1</voice><type>whole</type></note>"
)
together = NOTE.format(chord="", step="G", octave=5)
together += NOTE.format(chord="<chord/>", step="F", octave=4)
with open("drums.musicxml", "w") as file:
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0"><part-list>'
        '<score-part id="P1"><part-name>Drums</part-name></score-part></part-list>'
        '<part id="P1"><measure number="1"><attributes><divisions>1</divisions>'
        "<time><beats>4</beats><beat-type>4</beat-type></time><clef>"
        f"<sign>percussion</sign></clef></attributes>{together}</measure></part>"
        "</score-partwise>"
    )
version, refuses = partitura.__version__, sys.argv[1] == "refuses"
try:
    part = partitura.load_musicxml("drums.musicxml").parts[0]
except AttributeError as error:
    print(f"{version}: AttributeError: {error}")
    sys.exit(0 if refuses else "CHANGED")
notes = len(list(part.iter_all(UnpitchedNote)))
print(f"{version}: loaded, {notes} notes")
sys.exit("CHANGED" if refuses or notes != 2 else 0)
PY
for version in 1.8.0 1.9.0; do
    python3 -m venv "env-$version"
    "env-$version/bin/python" -m pip install -q "partitura==$version" pandas
done
env-1.8.0/bin/python -W ignore score.py loads
env-1.9.0/bin/python -W ignore score.py refuses
