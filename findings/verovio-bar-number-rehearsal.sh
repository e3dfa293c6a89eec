#!/usr/bin/env bash
# verovio 6.4.1, 2026-11-29, Python 3.11
#
# Guess:   with "mnumInterval" 1 every bar gets its number.
# Instead: a bar with a rehearsal mark gets none.
# Seen:    numbers of bars 1 to 4: 1 2 4 with a mark at bar 3, 1 2 3 4 without
# Matters: lines of a part begin at rehearsal marks, and just these lose their number.
#          Draw the numbers yourself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q verovio==6.4.1
env/bin/python - <<'PY'
import re
import sys

import verovio

BAR = """<measure number="{n}">{attributes}{mark}
<note><rest measure="yes"/><duration>4</duration></note></measure>"""
ATTRIBUTES = """<attributes><divisions>1</divisions><time><beats>4</beats>
<beat-type>4</beat-type></time></attributes>"""
MARK = """<direction placement="above"><direction-type><rehearsal>B</rehearsal>
</direction-type></direction>"""
SCORE = """<score-partwise version="4.0"><part-list><score-part id="P1"><part-name/>
</score-part></part-list><part id="P1">{bars}</part></score-partwise>"""


def numbers(marked):
    bars = "".join(
        BAR.format(
            n=n,
            attributes=ATTRIBUTES if n == 1 else "",
            mark=MARK if n == marked else "",
        )
        for n in range(1, 5)
    )
    toolkit = verovio.toolkit()
    toolkit.setOptions({"mnumInterval": 1})
    toolkit.loadData(SCORE.format(bars=bars))
    drawn = re.findall('<g [^>]*class="mNum.*?</g>', toolkit.renderToSVG(1), re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>|\s", "", text) for text in drawn)


with_mark, without = numbers(3), numbers(None)
print(f"numbers of bars 1 to 4: {with_mark} with a mark at bar 3, {without} without")
sys.exit(0 if (with_mark, without) == ("1 2 4", "1 2 3 4") else "CHANGED")
PY
