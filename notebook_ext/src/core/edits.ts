/**
 * Edits as a layer over the automatic picks: a log of small operations, whose combined
 * effect is thresholds, deletions and hits made by hand. `adt_plugins.editor.edits` does
 * the same; common fixtures keep both alike.
 */

import type { TimingOp } from "./bars";
import { EDITS } from "./tables";

export interface Change {
  readonly time: number;
  readonly drum: string;
  readonly velocity: number;
}

export type Op =
  | { readonly op: "threshold"; readonly drum: string; readonly value: number }
  | ({ readonly op: "add" | "change"; readonly id: string } & Change)
  | { readonly op: "delete"; readonly id: string }
  | TimingOp;

/** A user's action: a step of one or more operations, undo, or redo. */
export type Action =
  | { readonly kind: "do"; readonly ops: readonly Op[] }
  | { readonly kind: "undo" }
  | { readonly kind: "redo" };

export interface Log {
  readonly steps: readonly (readonly Op[])[];
  /** Number of steps in force; the others can be redone. */
  readonly cursor: number;
}

/** Most operations in a step; Python refuses more. */
export const MOST_OPS = EDITS.MOST_OPS;

export const EMPTY: Log = { steps: [], cursor: 0 };

export class Refusal extends Error {}

/** Return the log after an action; throws `Refusal` if there is nothing to undo or redo. */
export function act(log: Log, action: Action): Log {
  const { steps, cursor } = log;
  if (action.kind === "undo") {
    if (!cursor) throw new Refusal("nothing to undo");
    return { steps, cursor: cursor - 1 };
  }
  if (action.kind === "redo") {
    if (cursor >= steps.length) throw new Refusal("nothing to redo");
    return { steps, cursor: cursor + 1 };
  }
  return { steps: [...steps.slice(0, cursor), action.ops], cursor: cursor + 1 };
}

export interface Layer {
  readonly thresholds: Readonly<Record<string, number>>;
  /** Hits made or changed by hand; null for those that were deleted. */
  readonly hits: ReadonlyMap<string, Change | null>;
  /** Operations on beats and bars, in order. */
  readonly timing: readonly TimingOp[];
}

export function fold(log: Log): Layer {
  const thresholds: Record<string, number> = {};
  const hits = new Map<string, Change | null>();
  const timing: TimingOp[] = [];
  for (let i = 0; i < log.cursor; i++) {
    for (const op of log.steps[i]) {
      if (op.op === "threshold") thresholds[op.drum] = op.value;
      else if (op.op === "delete") hits.set(op.id, null);
      else if ("id" in op) hits.set(op.id, { time: op.time, drum: op.drum, velocity: op.velocity });
      else timing.push(op);
    }
  }
  return { thresholds, hits, timing };
}

/** A hit with an id that is stable across re-picking. */
export interface Hit extends Change {
  readonly id: string;
  readonly confidence: number;
  readonly byHand: boolean;
}

/** A hit of the original transcription, or one that was picked since. */
export interface Automatic extends Hit {
  /** Whether it was in the transcription from the start. */
  readonly original: boolean;
}

/** A new pick this close to a hit made by hand is the same hit. */
const SAME_SECONDS = EDITS.SAME_S;

const compare = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

export const inOrder = (
  a: Change & { confidence: number },
  b: Change & { confidence: number },
): number =>
  a.time - b.time ||
  compare(a.drum, b.drum) ||
  a.velocity - b.velocity ||
  a.confidence - b.confidence;

/** A stretch of the song, in seconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export const EVERYWHERE: Span = { start: -Infinity, end: Infinity };
export const NOWHERE: Span = { start: Infinity, end: -Infinity };

const isSame = (a: Hit, b: Hit): boolean =>
  a === b || (a.id === b.id && a.time === b.time && a.drum === b.drum && a.velocity === b.velocity);

/** Return the stretch outside which two lists of hits, in order, are the same. */
export function spanOfChange(before: readonly Hit[], after: readonly Hit[]): Span {
  let [head, m, n] = [0, before.length, after.length];
  while (head < m && head < n && isSame(before[head], after[head])) head++;
  while (m > head && n > head && isSame(before[m - 1], after[n - 1])) [m, n] = [m - 1, n - 1];
  const changed = [...before.slice(head, m), ...after.slice(head, n)].map(({ time }) => time);
  return changed.reduce(
    ({ start, end }, time) => ({ start: Math.min(start, time), end: Math.max(end, time) }),
    NOWHERE,
  );
}

/** Combine automatic hits and edits into the hits that are shown, played and exported. */
export function compose(
  automatic: readonly Automatic[],
  layer: Layer,
  coarseOf: (drum: string) => string,
): Hit[] {
  const result: Hit[] = [];
  const times = new Map<string, number[]>();
  for (const [id, change] of layer.hits) {
    if (!change) continue;
    result.push({ ...change, id, confidence: 1, byHand: true });
    const family = coarseOf(change.drum);
    const known = times.get(family);
    if (known) known.push(change.time);
    else times.set(family, [change.time]);
  }
  for (const hit of automatic) {
    if (layer.hits.has(hit.id)) continue;
    const near = hit.original ? undefined : times.get(coarseOf(hit.drum));
    if (near?.some((time) => Math.abs(time - hit.time) <= SAME_SECONDS)) continue;
    result.push(hit);
  }
  return result.sort(inOrder);
}
