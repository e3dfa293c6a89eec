/** The help page behind `?`: all keys and gestures. */

import { addStyle, button, make } from "./dom";
import css from "./help.css";
import type { Extras } from "./stage";

/** One line for each: keys, a tab, and their effect. */
const KEYS = `
Space	play, pause
L	loop the selection
B	select this bar, one bar more
H	half speed, pitch kept
T C	metronome, count in a bar
D	a bar starts here
X	twice the tempo (Shift: half)
R	tap the beats, starting on a 1
← →	a beat back, on
Home End	start, end
I O	selection from, to here
V	notation
+ −, Z	zoom (Shift+Z: out)
0 F	whole song, selection
PgUp PgDn	scroll
↑ ↓	drum above, below
P N, or , .	hit before, after
J K, or [ ]	threshold down, up (Shift: more)
A	add a hit here
Del	delete hits
Alt ← →	move hits by 1 ms (Shift: 10)
Alt ↑ ↓	velocity up, down
1 … 9	give hits that lane's drum
G	snap: peak, grid, off
M S	mute, solo the drum
Ctrl+Z Ctrl+Y	undo, redo
Ctrl+A	all hits of the drum
Esc	choose nothing
double-click, double-tap	add a hit
drag a hit (touch: a chosen one)	move; louder; other drum
drag a line	threshold
drag above lanes	select time
Ctrl+wheel, pinch	zoom
Shift+wheel	scroll
`;

const TITLE = "Keys and gestures";

/** Show or hide the help in an element of a view; while it is open, all else is inert. */
export const toggleHelp: Extras["toggleHelp"] = (place, view) => {
  if (!place.firstChild) {
    addStyle(place.getRootNode() as ShadowRoot, css);
    place.append(helpPage(() => toggleHelp(place, view)));
  }
  const open = place.hidden;
  for (const other of view.root.children) (other as HTMLElement).inert = open && other !== place;
  place.hidden = !open;
  (open ? place.querySelector("button") : view.timeLine)?.focus();
};

/** Build the help page, whose button calls `close`. */
function helpPage(close: () => void): HTMLElement {
  const list = make("dl");
  for (const line of KEYS.trim().split("\n")) {
    const [keys, does] = line.split("\t");
    list.append(make("dt", {}, make("kbd", {}, keys)), make("dd", {}, does));
  }
  return make(
    "div",
    { role: "dialog", "aria-modal": "true", "aria-label": TITLE },
    make("h2", {}, TITLE, button("Close help", "✕", close)),
    list,
  );
}
