/** Breaks a page into lines: the port of `adt_plugins.formats.notation.lines`. */

import { LINES } from "../core/tables";
import type { Part } from "./part";

const { BARS_A_LINE } = LINES;

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
  return breaks;
}

/** Return the number of bars in each line of a section; no bar is alone on the last one. */
function linesOf(bars: number): number[] {
  const whole = Math.floor(bars / BARS_A_LINE);
  const rest = bars % BARS_A_LINE;
  const full = (count: number) => new Array<number>(count).fill(BARS_A_LINE);
  if (!whole || rest === 0 || rest === 3) return [...full(whole), ...(rest ? [rest] : [])];
  return rest === 1 ? [...full(whole - 1), BARS_A_LINE + 1] : [...full(whole - 1), 3, 3];
}
