/**
 * An edit log to which any number of editors of a song write. Its keeper accepts proposals
 * one after the other, and each of them once, however often it is submitted: `seen` has
 * the last one of each editor.
 */

import { type Action, act, EMPTY, type Log, Refusal } from "./edits";
import { DOCUMENT } from "./tables";

export interface Proposal {
  readonly type: "do";
  readonly client: string;
  readonly seq: number;
  readonly action: Action;
}

export interface SharedLog extends Log {
  /** Grows with every proposal. */
  readonly revision: number;
  readonly seen: Readonly<Record<string, number>>;
}

export const NOTHING: SharedLog = { ...EMPTY, revision: 0, seen: {} };

/** Number of editors that are remembered; older ones have nothing left to submit. */
const { MAX_EDITORS } = DOCUMENT;

/**
 * Return the log with its new proposals; `refused` receives the reasons why some of them are
 * no longer possible.
 */
export function accept(
  shared: SharedLog,
  proposals: readonly Proposal[],
  refused: (reason: string) => void,
): SharedLog {
  if (!proposals.some(({ client, seq }) => seq > (shared.seen[client] ?? -1))) return shared;
  let { revision } = shared;
  const { steps, names, cursor } = shared;
  let log: Log = { steps, names, cursor };
  const seen = new Map(Object.entries(shared.seen));
  for (const { client, seq, action } of proposals) {
    if (seq <= (seen.get(client) ?? -1)) continue;
    seen.delete(client); // the most recent editor comes last in the map
    seen.set(client, seq);
    try {
      log = act(log, action);
      revision++;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refused(error.message);
    }
  }
  return { ...log, revision, seen: Object.fromEntries([...seen].slice(-MAX_EDITORS)) };
}
