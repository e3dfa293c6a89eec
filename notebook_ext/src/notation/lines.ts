/** Breaks a page into lines: the port of `adt_plugins.formats.notation.lines`. */

import { LINES } from "../core/tables";
import type { Bar } from "./bars";
import type { Part } from "./part";
import { repeated } from "./sections";

const { BARS_A_LINE, MOST_ROOM, GHOST_ROOM, GRACE_ROOM, SIMILE_ROOM } = LINES;

/** Return the indices of the bars at which lines begin, except for the first line. */
export function barsBeforeLines({ bars, sections }: Part): Set<number> {
  const breaks = new Set<number>();
  sections.forEach((start, n) => {
    const end = sections[n + 1] ?? bars.length;
    let at = start;
    for (const size of [0, ...linesOf(end - start)]) {
      at += size;
      if (at < end) breaks.add(at);
    }
  });
  const [first] = sections;
  breaks.delete(0);
  if (bars[0].number === 0) breaks.delete(first);
  // Bars before the first downbeat, of songs that begin without a beat.
  for (let n: number = BARS_A_LINE; n < first; n += BARS_A_LINE) breaks.add(n);
  const starts = [0, ...[...breaks].sort((a, b) => a - b), bars.length];
  for (const start of halvesOf(bars, starts)) breaks.add(start);
  return breaks;
}

/** Return the bars that the second halves of full lines begin with. */
function halvesOf(bars: readonly Bar[], starts: readonly number[]): number[] {
  const alike = repeated(bars);
  return starts.slice(1).flatMap((end, line) => {
    const first = starts[line];
    const room = bars
      .slice(first, end)
      .reduce((all, bar, n) => all + (n && alike[first + n] ? SIMILE_ROOM : roomOf(bar)), 0);
    return end - first > 1 && room > MOST_ROOM ? [first + ((end - first + 1) >> 1)] : [];
  });
}

/** Return the room that a bar takes, in notes. */
const roomOf = ({ beats }: Bar): number =>
  beats
    .flatMap(({ strokes }) => [...strokes.values()].map((chord) => [...chord.values()]))
    .reduce((room, chord) => {
      const graces = Math.max(...chord.map((stroke) => stroke.graces));
      const ghost = chord.some(({ isGhost }) => isGhost) ? GHOST_ROOM : 0;
      return room + 1 + GRACE_ROOM * graces + ghost;
    }, 0);

/** Return the number of bars in each line of a section; no bar is alone on the last one. */
function linesOf(bars: number): number[] {
  const whole = Math.floor(bars / BARS_A_LINE);
  const rest = bars % BARS_A_LINE;
  const full = (count: number) => new Array<number>(count).fill(BARS_A_LINE);
  if (!whole || rest === 0 || rest === 3) return [...full(whole), ...(rest ? [rest] : [])];
  return rest === 1 ? [...full(whole - 1), BARS_A_LINE + 1] : [...full(whole - 1), 3, 3];
}
