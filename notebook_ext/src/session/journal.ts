/**
 * What was done and is not kept elsewhere yet, written down at once: if the page ends
 * now, the next editor of the song hands it in. Each editor has an entry of its own, so
 * that none writes over another's.
 */

import type { Proposal } from "../core/shared-log";

const NAME = "adt-plugins pending";

export class Journal {
  readonly #prefix: string;

  constructor(
    fingerprint: string,
    private readonly client: string,
  ) {
    this.#prefix = `${NAME} ${fingerprint} `;
  }

  /** Write down what is pending; false if this browser keeps nothing. */
  write(pending: readonly Proposal[]): boolean {
    const key = this.#prefix + this.client;
    try {
      if (pending.length) localStorage.setItem(key, JSON.stringify(pending));
      else localStorage.removeItem(key);
      return true;
    } catch {
      return false;
    }
  }

  /** What editors have left, this one too, and a way to strike it off. */
  left(): { readonly proposals: Proposal[]; done(): void } {
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
      proposals: [...found.values()].flatMap(proposalsOf),
      done: () => {
        // What has been added meanwhile stays.
        for (const [key, text] of found) {
          if (localStorage.getItem(key) === text) localStorage.removeItem(key);
        }
      },
    };
  }
}

function proposalsOf(text: string): Proposal[] {
  try {
    const found = JSON.parse(text) as Proposal[];
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
