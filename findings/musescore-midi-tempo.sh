#!/usr/bin/env bash
# webmscore 1.2.1 (MuseScore 4.0), Node.js 20, mido 1.3.3, 2026-11-30, Python 3.11
#
# Guess:   MuseScore imports the tempo of a MIDI file as it stands there, since it has
#          tempi with decimals: MusicXML keeps them.
# Instead: every tempo of a MIDI file is rounded to whole BPM, in MuseScore 3.2.3 of Debian
#          as well (musescore#14349, still open; a pull request of 2025 was not released
#          with a version that could be had here).
# Seen:    MIDI at 109.4 BPM: the last of 440 hits at 240.77 s, out of MuseScore at 241.65 s
#          MusicXML at 109.4 BPM: out of MuseScore at 240.77 s
# Matters: sound and MIDI that MuseScore makes of a transcription drift from the recording,
#          by almost a second in four minutes. Bring parts to MuseScore as MusicXML.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/python -m pip install -q mido==1.3.3
npm install --silent --no-fund --no-audit webmscore@1.2.1
cat > convert.mjs <<'JS'
import { readFileSync, writeFileSync } from "node:fs";

// With it the engine would try to fetch its own file from the web.
delete globalThis.fetch;
const { default: engine } = await import("webmscore");

const [, , kind, score, midi] = process.argv;
await engine.ready;
const opened = await engine.load(kind, readFileSync(score));
writeFileSync(midi, await opened.saveMidi());
opened.destroy();
JS
cat > song.py <<'PY'
import sys

import mido

BARS, BPM = 110, 109.4
NOTE = (
    "<note><unpitched><display-step>F</display-step><display-octave>4</display-octave>"
    "</unpitched><duration>1</duration><voice>1</voice><type>quarter</type></note>"
)
FIRST = (
    "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type>"
    "</time><clef><sign>percussion</sign></clef></attributes><direction><direction-type>"
    "<metronome><beat-unit>quarter</beat-unit><per-minute>109.4</per-minute></metronome>"
    '</direction-type><sound tempo="109.4"/></direction>'
)


def make():
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BPM))])
    for hit in range(4 * BARS):
        wait = 240 if hit else 0
        track.append(mido.Message("note_on", channel=9, note=36, velocity=90, time=wait))
        track.append(mido.Message("note_off", channel=9, note=36, time=240))
    song = mido.MidiFile(ticks_per_beat=480)
    song.tracks.append(track)
    song.save("song.mid")
    bars = "".join(
        f'<measure number="{n + 1}">{"" if n else FIRST}{4 * NOTE}</measure>'
        for n in range(BARS)
    )
    with open("song.musicxml", "w") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0">'
            '<part-list><score-part id="P1"><part-name>Drums</part-name></score-part>'
            f'</part-list><part id="P1">{bars}</part></score-partwise>'
        )


def last(path):
    """Number of hits, and time of the last one in seconds."""
    time, times = 0.0, []
    for message in mido.MidiFile(path):
        time += message.time
        if message.type == "note_on" and message.velocity:
            times.append(time)
    return len(times), round(times[-1], 2)


if sys.argv[1] == "make":
    make()
else:
    (count, given), *rest = map(last, ("song.mid", "of-midi.mid", "of-musicxml.mid"))
    (_, of_midi), (_, of_musicxml) = rest
    print(
        f"MIDI at {BPM} BPM: the last of {count} hits at {given} s,"
        f" out of MuseScore at {of_midi} s"
    )
    print(f"MusicXML at {BPM} BPM: out of MuseScore at {of_musicxml} s")
    same = all(number == count for number, _ in rest)
    is_rounded = of_midi == round(439 * 60 / 109, 2) and of_musicxml == given
    sys.exit(0 if same and is_rounded else "CHANGED")
PY
env/bin/python song.py make
node convert.mjs midi song.mid of-midi.mid
node convert.mjs xml song.musicxml of-musicxml.mid
env/bin/python song.py compare
