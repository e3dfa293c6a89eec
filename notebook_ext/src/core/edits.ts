/**
 * Edits as a layer over the automatic picks: a log of small operations, whose combined
 * effect is thresholds, deletions and hits made by hand. `adt_plugins.editor.edits` does
 * the same; common fixtures keep both alike.
 */

import type { TimingOp } from "./bars";
import { nameOf } from "./drums";
import { EDITS } from "./tables";
import { counted } from "./words";

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

/**
 * A user's action: a step of one or more operations, undo, or redo. Each names its step, so
 * that it concerns no other, whatever other editors have done meanwhile.
 */
export type Action =
  | { readonly kind: "do"; readonly name: string; readonly ops: readonly Op[] }
  | { readonly kind: "undo" | "redo"; readonly name: string };

export interface Log {
  readonly steps: readonly (readonly Op[])[];
  /** Of each step, a name that no other has. */
  readonly names: readonly string[];
  /** Number of steps in force; the others can be redone. */
  readonly cursor: number;
}

/** Most operations in a step; Python refuses more. */
export const MOST_OPS = EDITS.MOST_OPS;

export const EMPTY: Log = { steps: [], names: [], cursor: 0 };

export class Refusal extends Error {}

/**
 * Return the log after an action. A step that is in the log already is not done again.
 * Throws `Refusal` if the step to undo or redo is not there, or if others have changed the same.
 */
export function act(log: Log, action: Action): Log {
  const { steps, names, cursor } = log;
  const { kind, name } = action;
  const at = names.indexOf(name);
  if (kind === "do")
    return at >= 0
      ? log
      : {
          steps: [...steps.slice(0, cursor), action.ops],
          names: [...names.slice(0, cursor), name],
          cursor: cursor + 1,
        };
  const isUndo = kind === "undo";
  if (at < 0 || at < cursor !== isUndo)
    throw new Refusal(
      isUndo
        ? "nothing was undone, since another editor has undone this edit before"
        : "nothing was redone, since another editor has made an edit or redone this one",
    );
  // The step moves to the border between those in force and the others.
  const passed = isUndo ? steps.slice(at + 1, cursor) : steps.slice(cursor, at);
  const own = new Set(steps[at].map(objectOf));
  if (passed.some((ops) => ops.some((op) => own.has(objectOf(op)))))
    throw new Refusal(`nothing was ${kind}ne, since another editor has changed the same later`);
  const to = isUndo ? cursor - 1 : cursor;
  return {
    steps: moved(steps, at, to),
    names: moved(names, at, to),
    cursor: isUndo ? to : to + 1,
  };
}

/** What an operation changes: a hit, a threshold, or beats and bars as a whole. */
const objectOf = (op: Op): string =>
  op.op === "threshold" ? `${op.op} ${op.drum}` : "id" in op ? op.id : "";

function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const result = [...list];
  result.splice(to, 0, ...result.splice(from, 1));
  return result;
}

/** How operations on hits are told. */
const DONE = { add: "added", change: "changed", delete: "deleted" };

/** Describe a step in words. */
export function described(ops: readonly Op[]): string {
  const [first] = ops;
  if (first.op === "threshold") return `threshold of ${nameOf(first.drum)}`;
  if (!("id" in first)) return "beats and bars";
  const isAlike = ops.every(({ op }) => op === first.op);
  return `${counted(ops.length, "hit")} ${DONE[isAlike ? first.op : "change"]}`;
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
