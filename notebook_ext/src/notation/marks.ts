/** Accents and ghost notes: the port of `adt_plugins.formats.notation.marks`. */

import { coarseOf } from "../core/drums";
import { MARKS } from "../core/tables";
import { type Bar, placeOf, type Stroke, stepsOf } from "./bars";

const { GHOST, LOUD_PERCENT, ACCENT, MOST_ACCENTED, NEAR_BARS, LEAST_HITS } = MARKS;
const ACCENTED: readonly string[] = MARKS.ACCENTED;

interface Struck {
  readonly bar: number;
  readonly place: number;
  readonly stroke: Stroke;
}

/** Mark accents and ghost notes, in place. */
export function mark(bars: readonly Bar[]): void {
  for (const [drum, hits] of byDrum(bars)) {
    const around = hits.map((_, n) => near(hits, n));
    if (drum === "SD") markGhosts(hits, around);
    if (ACCENTED.includes(coarseOf(drum))) markAccents(hits, around);
  }
}

function byDrum(bars: readonly Bar[]): Map<string, Struck[]> {
  const found = new Map<string, Struck[]>();
  bars.forEach(({ beats }, bar) => {
    let start = 0;
    for (const beat of beats) {
      for (const step of stepsOf(beat)) {
        for (const [drum, stroke] of beat.strokes.get(step) ?? []) {
          const own = found.get(drum) ?? [];
          own.push({ bar, place: start + placeOf(beat, step), stroke });
          found.set(drum, own);
        }
      }
      start += beat.ticks;
    }
  });
  return found;
}

/** A drum's hits in the bars around one. */
function near(hits: readonly Struck[], n: number): Struck[] {
  let [first, last] = [n, n];
  while (first && hits[n].bar - hits[first - 1].bar <= NEAR_BARS) first--;
  while (last + 1 < hits.length && hits[last + 1].bar - hits[n].bar <= NEAR_BARS) last++;
  return hits.slice(first, last + 1);
}

const velocityOf = ({ stroke }: Struck): number => stroke.hit.velocity;

const velocities = (hits: readonly Struck[]): number[] =>
  hits.map(velocityOf).sort((a, b) => a - b);

function markGhosts(hits: readonly Struck[], around: readonly Struck[][]): void {
  hits.forEach((hit, n) => {
    hit.stroke.isGhost = velocityOf(hit) <= mostOfGhosts(around[n]);
  });
  const lonely = hits.filter(
    (_, n) => around[n].filter(({ stroke }) => stroke.isGhost).length < MARKS.LEAST_GHOSTS,
  );
  for (const { stroke } of lonely) stroke.isGhost = false;
}

/** How loud ghost notes are at most among these hits. */
function mostOfGhosts(hits: readonly Struck[]): number {
  if (hits.length < LEAST_HITS) return 0;
  const values = velocities(hits);
  const loud = Math.floor((values.length * LOUD_PERCENT) / 100);
  return GHOST * values[Math.min(loud, values.length - 1)];
}

/** Mark the hits that are loud where others of their place are so too. */
function markAccents(hits: readonly Struck[], around: readonly Struck[][]): void {
  const loud = new Set(hits.filter((hit, n) => isLoud(hit, around[n])));
  hits.forEach((hit, n) => {
    if (!loud.has(hit)) return;
    const alike = around[n].filter(({ place }) => place === hit.place);
    const again = alike.filter((other) => loud.has(other)).length;
    hit.stroke.isAccent = again >= 2 && 2 * again >= alike.length;
  });
}

function isLoud(hit: Struck, hits: readonly Struck[]): boolean {
  if (hits.length < LEAST_HITS) return false;
  const values = velocities(hits);
  const least = ACCENT * values[values.length >> 1];
  const accented = values.filter((value) => value >= least).length;
  return velocityOf(hit) >= least && accented <= MOST_ACCENTED * values.length;
}
