/**
 * Finds where a piece changes its groove, and which bars repeat the one before: the port of
 * `adt_plugins.formats.notation.sections`.
 */

import { SECTIONS } from "../core/tables";
import { type Bar, placeOf, signatureOfBar, stepsOf } from "./bars";
import { type Counts, count } from "./counts";
import { usualOf } from "./staff";

const { WINDOW_BARS, LEAST_BARS, LEAST_CHANGE, LEAST_MORE } = SECTIONS;

/** The strokes of a bar, each with its place. */
type Pattern = ReadonlySet<string>;

function patternOf({ beats }: Bar): Pattern {
  const pattern = new Set<string>();
  let start = 0;
  for (const beat of beats) {
    for (const [step, strokes] of beat.strokes)
      for (const drum of strokes.keys())
        pattern.add(`${start + placeOf(beat, step)} ${usualOf(drum)}`);
    start += beat.ticks;
  }
  return pattern;
}

/** Return the indices of the bars at which sections begin, including the first. */
export function findSections(bars: readonly Bar[]): number[] {
  const first = Math.max(
    bars.findIndex(({ number }) => number > 0),
    0,
  );
  const patterns = bars.map(patternOf);
  const change = bars.map((bar, n) => {
    if (n < first + LEAST_BARS || n > bars.length - LEAST_BARS) return 0;
    if (bar.feel !== bars[n - 1].feel) return 1;
    const before = patterns.slice(Math.max(n - WINDOW_BARS, first), n);
    const after = patterns.slice(n, n + WINDOW_BARS);
    const far = difference(before, after);
    return far > LEAST_MORE + Math.max(unrest(before), unrest(after)) ? far : 0;
  });
  const starts = [first];
  const order = bars.map((_, n) => n).sort((a, b) => change[b] - change[a]);
  for (const n of order) {
    if (change[n] < LEAST_CHANGE) break;
    if (starts.every((other) => Math.abs(n - other) >= LEAST_BARS)) starts.push(n);
  }
  return starts.sort((a, b) => a - b);
}

/** Return the difference between two stretches of equal length, 0-1. */
function difference(before: readonly Pattern[], after: readonly Pattern[]): number {
  const [one, other] = [counted(before), counted(after)];
  let [shared, all] = [0, 0];
  for (const hit of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(hit) ?? 0, other.get(hit) ?? 0];
    shared += Math.min(a, b);
    all += Math.max(a, b);
  }
  return all ? 1 - shared / all : 0;
}

function counted(bars: readonly Pattern[]): Counts {
  const counts: Counts = new Map();
  for (const bar of bars) for (const hit of bar) count(counts, hit);
  return counts;
}

/** Return the difference between the halves of a stretch, 0-1, due to fills and errors. */
function unrest(bars: readonly Pattern[]): number {
  const half = bars.length >> 1;
  const every = (odd: number) => bars.filter((_, n) => n % 2 === odd);
  return Math.min(
    difference(bars.slice(0, half), bars.slice(half)),
    difference(every(0), every(1)),
  );
}

/** Return whether each bar looks the same as the one before it. */
export function repeated(bars: readonly Bar[]): boolean[] {
  const signs = bars.map((bar) => `${bar.feel} ${signatureOfBar(bar)} ${signsOf(bar)}`);
  return bars.map(
    (bar, n) => n > 0 && bar.number > 1 && signs[n] === signs[n - 1] && patternOf(bar).size > 0,
  );
}

const signsOf = ({ beats }: Bar): string =>
  JSON.stringify(
    beats.map((beat) => [
      beat.division,
      stepsOf(beat).map((step) => [
        step,
        [...(beat.strokes.get(step) ?? [])]
          .map(
            ([drum, { graces, isGhost, isAccent }]) =>
              `${usualOf(drum)} ${graces} ${isGhost} ${isAccent}`,
          )
          .sort(),
      ]),
    ]),
  );

/** Return rehearsal marks by bar: A, B … Z, AA …; none if there is only one section. */
export const sectionNames = (sections: readonly number[]): Map<number, string> =>
  new Map(sections.length < 2 ? [] : sections.map((start, n) => [start, letters(n)]));

function letters(number: number): string {
  const before = Math.floor(number / 26);
  return (before ? letters(before - 1) : "") + String.fromCharCode(65 + (number % 26));
}
