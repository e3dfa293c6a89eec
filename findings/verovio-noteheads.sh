#!/usr/bin/env bash
# verovio 6.4.1, 2026-11-30, Python 3.11
#
# Guess:   Verovio draws the heads that MusicXML has, or says that it cannot. The issue about
#          heads of percussion (verovio#4314: circle-x, triangle) is closed.
# Instead: circle-x is right now; triangle, square, slashed and circled are drawn as plain
#          heads, inverted triangles as slashes, without a message.
# Seen:    triangle, square, slashed, circled: as normal; inverted triangle: as slash;
#          x, diamond, circle-x, cross: heads of their own
# Matters: a head is often all that tells two drums of one line apart: MuseScore and Guitar
#          Pro write cowbells as triangles, and side sticks may be slashed. On the page
#          they are toms and snares. Give such a drum a line of its own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q verovio==6.4.1
env/bin/python - <<'PY' 2> messages
import re
import sys

import verovio

SCORE = """<score-partwise version="4.0"><part-list><score-part id="P1"><part-name/>
</score-part></part-list><part id="P1"><measure number="1"><attributes>
<divisions>1</divisions><time><beats>1</beats><beat-type>4</beat-type></time><clef>
<sign>percussion</sign></clef></attributes><note><unpitched><display-step>E</display-step>
<display-octave>5</display-octave></unpitched><duration>1</duration><voice>1</voice>
<type>quarter</type><notehead>{head}</notehead></note></measure></part>
</score-partwise>"""


def drawn(head):
    """Code point of the head in the music font."""
    toolkit = verovio.toolkit()
    assert toolkit.loadData(SCORE.format(head=head))
    svg = toolkit.renderToSVG(1)
    return re.search(r'class="notehead".*?#(E[0-9A-F]{3})-', svg, re.DOTALL)[1]


normal, slash = drawn("normal"), drawn("slash")
heads = {
    head: drawn(head)
    for head in "triangle,square,slashed,circled,inverted triangle,"
    "x,diamond,circle-x,cross".split(",")
}
groups = {"normal": [], "slash": [], "a head of its own": []}
for head, code in heads.items():
    name = {normal: "normal", slash: "slash"}.get(code, "a head of its own")
    groups[name].append(head)
for name, members in groups.items():
    print(f"drawn as {name}: {', '.join(members)}")
wanted = [["triangle", "square", "slashed", "circled"], ["inverted triangle"]]
sys.exit(0 if list(groups.values())[:2] == wanted else "CHANGED")
PY
[ ! -s messages ] || { cat messages; echo "CHANGED: it says so"; exit 1; }
