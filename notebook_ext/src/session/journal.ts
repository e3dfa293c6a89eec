/**
 * What was done and is not kept elsewhere yet, written down at once: if the page ends
 * now, the next editor of the song hands it in. Each editor has an entry of its own, so
 * that none writes over another's.
 */

import type { Log } from "../core/edits";
import type { Proposal } from "../core/shared-log";
import { isProposal, soundLog } from "./sound-edits";

const NAME = "adt-plugins pending";

/** What an editor has left. */
export interface Entry {
  readonly proposals: readonly Proposal[];
  readonly log: Log | null;
}

export class Journal {
  readonly #prefix: string;

  constructor(
    fingerprint: string,
    private readonly client: string,
  ) {
    this.#prefix = `${NAME} ${fingerprint} `;
  }

  /**
   * Write down what is pending, and the log that it goes on from if whoever keeps that may
   * be gone; false if this browser keeps nothing.
   */
  write(proposals: readonly Proposal[], log: Log | null = null): boolean {
    const key = this.#prefix + this.client;
    const entry: Entry = { proposals, log };
    try {
      if (proposals.length || log) localStorage.setItem(key, JSON.stringify(entry));
      else localStorage.removeItem(key);
      return true;
    } catch {
      return false;
    }
  }

  /** What editors have left, this one too, and a way to strike it off. */
  left(): { readonly entries: Entry[]; done(): void } {
    const found = new Map<string, string>();
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const key = localStorage.key(i) ?? "";
        if (key.startsWith(this.#prefix)) found.set(key, localStorage.getItem(key) ?? "[]");
      }
    } catch {
      // Nothing is kept here.
    }
    return {
      entries: [...found.values()].flatMap(entriesOf),
      done: () => {
        // What has been added meanwhile stays.
        for (const [key, text] of found) {
          if (localStorage.getItem(key) === text) localStorage.removeItem(key);
        }
      },
    };
  }
}

function entriesOf(text: string): Entry[] {
  try {
    const entry = JSON.parse(text) as { proposals?: unknown; log?: unknown } | null;
    if (!Array.isArray(entry?.proposals)) return [];
    const proposals = entry.proposals.filter(isProposal);
    return [{ proposals, log: soundLog(entry.log) ?? null }];
  } catch {
    return [];
  }
}
