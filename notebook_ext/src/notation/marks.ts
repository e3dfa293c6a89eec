/** Marks accents and ghost notes: the port of `adt_plugins.formats.notation.marks`. */

import { coarseOf } from "../core/drums";
import { MARKS } from "../core/tables";
import { type Bar, placeOf, type Stroke, stepsOf } from "./bars";
import { usualOf } from "./staff";

const { GHOST, LOUD_PERCENT, ACCENT, MOST_ACCENTED, NEAR_BARS, LEAST_HITS } = MARKS;
const ACCENTED: readonly string[] = MARKS.ACCENTED;

interface Struck {
  readonly bar: number;
  readonly place: number;
  readonly stroke: Stroke;
  /** Whether it is a hat under a snare, whose velocity cannot be measured. */
  readonly isCovered: boolean;
}

/** Mark accents and ghost notes in place. */
export function mark(bars: readonly Bar[]): void {
  for (const [drum, hits] of byDrum(bars)) {
    const isAccented = ACCENTED.includes(coarseOf(drum));
    if (drum !== "SD" && !isAccented) continue;
    if (drum === "SD") markGhosts(hits, neighbours(hits));
    const clear = hits.filter(({ isCovered }) => !isCovered);
    if (isAccented) markAccents(clear, neighbours(clear));
  }
}

function byDrum(bars: readonly Bar[]): Map<string, Struck[]> {
  const struck = new Map<string, Struck[]>();
  bars.forEach(({ beats }, bar) => {
    let start = 0;
    for (const beat of beats) {
      for (const step of stepsOf(beat)) {
        const chord = beat.strokes.get(step) ?? new Map<string, Stroke>();
        for (const [drum, stroke] of chord) {
          const usual = usualOf(drum);
          const own = struck.get(usual) ?? [];
          const isCovered = coarseOf(drum) === "HH" && chord.has("SD");
          own.push({ bar, place: start + placeOf(beat, step), stroke, isCovered });
          struck.set(usual, own);
        }
      }
      start += beat.ticks;
    }
  });
  return struck;
}

/** A drum's hits in the surrounding bars, and their velocities, ascending. */
interface Neighbours {
  readonly hits: readonly Struck[];
  readonly velocities: readonly number[];
}

/** Return the neighbours of each hit; hits of one bar share theirs. */
function neighbours(hits: readonly Struck[]): Neighbours[] {
  let [first, end] = [0, 0];
  let found: Neighbours | undefined;
  return hits.map(({ bar }, n) => {
    if (found && hits[n - 1].bar === bar) return found;
    while (bar - hits[first].bar > NEAR_BARS) first++;
    while (end < hits.length && hits[end].bar - bar <= NEAR_BARS) end++;
    const own = hits.slice(first, end);
    found = { hits: own, velocities: own.map(velocityOf).sort((a, b) => a - b) };
    return found;
  });
}

const velocityOf = ({ stroke }: Struck): number => stroke.hit.velocity;

function markGhosts(hits: readonly Struck[], around: readonly Neighbours[]): void {
  hits.forEach((hit, n) => {
    hit.stroke.isGhost = velocityOf(hit) <= mostOfGhosts(around[n]);
  });
  const lonely = hits.filter(
    (_, n) => around[n].hits.filter(({ stroke }) => stroke.isGhost).length < MARKS.LEAST_GHOSTS,
  );
  for (const { stroke } of lonely) stroke.isGhost = false;
}

/** Return the highest velocity of a ghost note among these hits. */
function mostOfGhosts({ velocities: values }: Neighbours): number {
  if (values.length < LEAST_HITS) return 0;
  const loud = Math.floor((values.length * LOUD_PERCENT) / 100);
  return GHOST * values[Math.min(loud, values.length - 1)];
}

/** Mark the loud hits at places where other bars have loud hits, too. */
function markAccents(hits: readonly Struck[], around: readonly Neighbours[]): void {
  const loud = new Set(hits.filter((hit, n) => isLoud(hit, around[n])));
  hits.forEach((hit, n) => {
    if (!loud.has(hit)) return;
    const alike = around[n].hits.filter(({ place }) => place === hit.place);
    const again = alike.filter((other) => loud.has(other)).length;
    hit.stroke.isAccent = again >= 2 && 2 * again >= alike.length;
  });
}

function isLoud(hit: Struck, { velocities: values }: Neighbours): boolean {
  if (values.length < LEAST_HITS) return false;
  const least = ACCENT * values[values.length >> 1];
  const accented = values.filter((value) => value >= least).length;
  return velocityOf(hit) >= least && accented <= MOST_ACCENTED * values.length;
}
