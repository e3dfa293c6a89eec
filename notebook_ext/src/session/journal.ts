/**
 * Edits that are not stored elsewhere yet, written at once: if the page ends now, the next
 * editor of the song submits them. Each editor has its own entry, so that editors never
 * overwrite each other.
 */

import type { Action, Log } from "../core/edits";
import type { Proposal } from "../core/shared-log";
import { validLog, validProposals } from "./validation";

const NAME = "adt-plugins pending";

/** The edits that one editor had not stored elsewhere. */
export interface Entry {
  readonly proposals: readonly Proposal[];
  readonly log: Log | null;
}

export interface StoredEntry extends Entry {
  /** Keep only these proposals; nothing happens to an entry that has changed meanwhile. */
  keep(proposals: readonly Proposal[]): void;
}

export class Journal {
  readonly #client: string;
  readonly #prefix: string;

  constructor(fingerprint: string, client: string) {
    this.#client = client;
    this.#prefix = `${NAME} ${fingerprint} `;
  }

  /**
   * Write the pending proposals and, if Python may have lost it, the log that they continue.
   * Returns false if this browser stores nothing.
   */
  write(proposals: readonly Proposal[], log: Log | null = null): boolean {
    const key = this.#prefix + this.#client;
    const entry: Entry = { proposals, log };
    try {
      if (proposals.length || log) localStorage.setItem(key, JSON.stringify(entry));
      else localStorage.removeItem(key);
      return true;
    } catch {
      return false;
    }
  }

  /** Return the entries of all editors, this one included. */
  read(): StoredEntry[] {
    const entries: StoredEntry[] = [];
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const key = localStorage.key(i) ?? "";
        const text = key.startsWith(this.#prefix) && localStorage.getItem(key);
        if (text) entries.push(stored(key, text));
      }
    } catch {
      // This browser stores nothing.
    }
    return entries;
  }
}

function stored(key: string, text: string): StoredEntry {
  let now = text;
  const keep = (proposals: readonly Proposal[]) => {
    try {
      if (localStorage.getItem(key) !== now) return;
      now = JSON.stringify({ proposals, log: null });
      if (proposals.length) localStorage.setItem(key, now);
      else localStorage.removeItem(key);
    } catch {
      // It stays as it is.
    }
  };
  try {
    const entry = JSON.parse(text) as { proposals?: unknown; log?: unknown } | null;
    if (Array.isArray(entry?.proposals)) {
      const proposals = validProposals(entry.proposals);
      return { proposals, log: validLog(entry.log) ?? null, keep };
    }
  } catch {
    // It is damaged.
  }
  return { proposals: [], log: null, keep };
}

/** Return the actions by which `kept` continues `now`; empty if it does not continue it. */
export function actionsBehind(now: Log, kept: Log): Action[] {
  // Steps of earlier builds have no names of their own, but numbers.
  const keys = ({ names, steps }: Log) => names.map((name, i) => name + JSON.stringify(steps[i]));
  const inForce = new Set(keys(kept).slice(0, kept.cursor));
  if (!keys(now).every((key, i) => i >= now.cursor || inForce.has(key))) return [];
  const known = new Set(now.names);
  const missing = [...kept.names.keys()].filter((i) => !known.has(kept.names[i]));
  const undone = missing.filter((i) => i >= kept.cursor).reverse();
  return [
    ...missing.map((i) => ({ kind: "do", name: kept.names[i], ops: kept.steps[i] }) as const),
    ...undone.map((i) => ({ kind: "undo", name: kept.names[i] }) as const),
  ];
}
