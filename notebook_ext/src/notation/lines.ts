/** Lines of a page: the port of `adt_plugins.formats.notation.lines`. */

import { LINES } from "../core/tables";
import type { Part } from "./part";

const { BARS_A_LINE } = LINES;

/** Indices of the bars that lines begin with, but for the first of all. */
export function barsBeforeLines({ bars, sections }: Part): Set<number> {
  const found = new Set<number>();
  sections.forEach((start, n) => {
    const end = sections[n + 1] ?? bars.length;
    let at = start;
    for (const size of [0, ...linesOf(end - start)]) {
      at += size;
      if (at < end) found.add(at);
    }
  });
  const [first] = sections;
  found.delete(0);
  if (bars[0].number === 0) found.delete(first);
  // Bars before the first downbeat, of songs that begin without a beat.
  for (let n: number = BARS_A_LINE; n < first; n += BARS_A_LINE) found.add(n);
  return found;
}

/** Bars of each line of a section; none is alone on the last one. */
function linesOf(bars: number): number[] {
  const whole = Math.floor(bars / BARS_A_LINE);
  const rest = bars % BARS_A_LINE;
  const full = (count: number) => new Array<number>(count).fill(BARS_A_LINE);
  if (!whole || rest === 0 || rest === 3) return [...full(whole), ...(rest ? [rest] : [])];
  return rest === 1 ? [...full(whole - 1), BARS_A_LINE + 1] : [...full(whole - 1), 3, 3];
}
