/**
 * Validates stored edits by the rules of `adt_plugins.editor.edits`. What a browser returns
 * is not always what was written: other builds, other pages of the same origin and full
 * disks may have changed it, and an invalid log would keep the song from opening.
 */

import { countedOf } from "../core/bars";
import { type Action, type Log, MOST_OPS, type Op } from "../core/edits";
import type { Proposal, SharedLog } from "../core/shared-log";
import { METER, NAMES } from "../core/tables";

type Fields = Readonly<Record<string, unknown>>;

/** A log as the first builds stored it: without a revision, or in another place. */
export type OldLog = Log & Partial<SharedLog>;

const ID = /^[A-Za-z0-9:_-]{1,40}$/;
const LATEST_S = 1e6;
const MOST_BEATS = METER.MOST_BEATS;

const isName = (name: unknown): name is string => typeof name === "string" && ID.test(name);
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isReal = (value: unknown, low: number, high: number): boolean =>
  typeof value === "number" && value >= low && value <= high;
const isWhole = (value: unknown, low: number, high = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isSafeInteger(value) && isReal(value, low, high);
const isDrum = (value: unknown): boolean =>
  typeof value === "string" && Object.hasOwn(NAMES, value);

const isTime = (value: unknown): boolean => isReal(value, 0, LATEST_S);

const isMeter = (value: unknown): boolean =>
  typeof value === "string" &&
  /^[1-9]\d?\/([1248]|16|32)$/.test(value) &&
  countedOf(value) <= MOST_BEATS;

const isBeat = (value: unknown, index: number, all: readonly unknown[]): boolean =>
  Array.isArray(value) &&
  isTime(value[0]) &&
  isWhole(value[1], 1, MOST_BEATS) &&
  (!index || (all[index - 1] as number[])[0] < value[0]);

const isChange = (change: unknown, index: number, all: readonly unknown[]): boolean =>
  isObject(change) &&
  isWhole(change.bar, index ? (all[index - 1] as { bar: number }).bar + 1 : 1) &&
  isMeter(change.meter);

const isListOf = (check: typeof isChange, list: unknown): boolean =>
  Array.isArray(list) && list.length <= MOST_OPS && list.every(check);

/** Whether a value is an operation that can be stored, and that Python would accept. */
export function isOp(op: unknown): op is Op {
  if (!isObject(op)) return false;
  if (op.op === "bar") return isTime(op.time);
  if (op.op === "tempo") return op.factor === 2 || op.factor === 0.5;
  if (op.op === "meter")
    return (
      isMeter(op.meter) && (!("start" in op || "end" in op) || (isTime(op.start) && isTime(op.end)))
    );
  if (op.op === "beats")
    return isListOf(isBeat, op.beats) && (!("meters" in op) || isListOf(isChange, op.meters));
  if (op.op === "threshold") return isDrum(op.drum) && isReal(op.value, 0, 1);
  if (!isName(op.id)) return false;
  if (op.op === "delete") return true;
  const isHit = isTime(op.time) && isDrum(op.drum) && isWhole(op.velocity, 1, 127);
  return isHit && (op.op === "add" || op.op === "change");
}

const isStep = (ops: unknown): ops is readonly Op[] =>
  Array.isArray(ops) && ops.length > 0 && ops.length <= MOST_OPS && ops.every(isOp);

const isAction = (action: unknown): action is Action =>
  isObject(action) &&
  isName(action.name) &&
  (action.kind === "undo" ||
    action.kind === "redo" ||
    (action.kind === "do" && isStep(action.ops)));

/** Return the valid ones of proposals. Earlier builds did not name steps. */
export const validProposals = (kept: readonly unknown[]): Proposal[] =>
  kept.map(named).filter(isProposal);

const named = (item: unknown): unknown =>
  isObject(item) && isObject(item.action) && item.action.kind === "do"
    ? { ...item, action: { name: `${item.client}-${item.seq}`, ...item.action } }
    : item;

const isProposal = (item: unknown): item is Proposal =>
  isObject(item) &&
  typeof item.client === "string" &&
  isWhole(item.seq, 0) &&
  isAction(item.action);

/** Return the valid part of a log, up to its first damaged step; undefined if it is no log. */
export function validLog(kept: unknown): OldLog | undefined {
  if (!isObject(kept) || !Array.isArray(kept.steps)) return undefined;
  const damaged = kept.steps.findIndex((step) => !isStep(step));
  const steps = (damaged < 0 ? kept.steps : kept.steps.slice(0, damaged)) as Log["steps"];
  const cursor = isWhole(kept.cursor, 0)
    ? Math.min(kept.cursor as number, steps.length)
    : steps.length;
  const seen = Object.entries(isObject(kept.seen) ? kept.seen : {}).filter(([, seq]) =>
    isWhole(seq, 0),
  ) as [string, number][];
  const revision = isWhole(kept.revision, 0) ? { revision: kept.revision as number } : {};
  const names = namesOf(kept.names, steps.length);
  return { steps, names, cursor, ...revision, seen: Object.fromEntries(seen) };
}

/** Return the names of a log's steps; earlier builds had none, so they are counted. */
function namesOf(kept: unknown, count: number): readonly string[] {
  const names = Array.isArray(kept) ? kept.slice(0, count) : [];
  return names.length === count && names.every(isName) && new Set(names).size === count
    ? names
    : Array.from({ length: count }, (_, index) => String(index));
}
