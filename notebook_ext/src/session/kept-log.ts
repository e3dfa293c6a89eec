/** The edit log of a song as this browser stores it, shared by all its tabs. */

import type { Action, Log } from "../core/edits";
import { Replica } from "../core/replica";
import { accept, NOTHING, type Proposal, type SharedLog } from "../core/shared-log";
import { Journal } from "./journal";

/** Where the log is stored. */
export interface LogStore {
  /** Read, change and write the log as one transaction. */
  update(change: (shared: SharedLog | undefined) => SharedLog): Promise<SharedLog>;
}

export const editorName = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

export class KeptLog {
  readonly #store: LogStore;
  readonly #changed: (log: Log) => void;
  readonly #failed: (error: unknown) => void;
  readonly #refused: (reason: string) => void;
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #channel: BroadcastChannel | null;
  readonly #look = () => void (document.hidden || this.read());
  #busy: Promise<void> | null = null;
  #closed = false;
  #written = true;
  #broken = false;

  /**
   * `changed` receives the log whenever it changes; `failed` the reason why edits cannot be
   * stored, or null once they can be again; `refused` the reason why an edit was not made.
   */
  constructor(
    readonly client: string,
    fingerprint: string,
    store: LogStore,
    changed: (log: Log) => void,
    failed: (error: unknown) => void,
    refused: (reason: string) => void,
  ) {
    this.#store = store;
    this.#changed = changed;
    this.#failed = failed;
    this.#refused = refused;
    this.#replica = new Replica(client);
    this.#journal = new Journal(fingerprint, client);
    this.#channel = openChannel(`adt-plugins ${fingerprint}`);
    if (this.#channel) this.#channel.onmessage = () => void this.read();
    // A tab that was asleep may have missed the messages of others.
    document.addEventListener("visibilitychange", this.#look);
    addEventListener("pageshow", this.#look);
  }

  get log(): Log {
    return this.#replica.log;
  }

  /** Whether there are edits that would be lost with the page. */
  get isAtRisk(): boolean {
    return this.#replica.pending.length > 0 && (!this.#written || this.#broken);
  }

  /** Read the stored log, and submit the edits of pages that closed before they were stored. */
  async read(): Promise<void> {
    const entries = this.#journal.read();
    const proposals = entries.flatMap((entry) => entry.proposals);
    try {
      await this.#submit(proposals);
      for (const entry of entries) entry.keep([]);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Apply an edit at once, and store it soon. Throws `Refusal`. */
  propose(action: Action): void {
    this.#replica.propose(action);
    this.#written = this.#journal.write(this.#replica.pending);
    this.#changed(this.#replica.log);
    this.#busy ??= this.#hand();
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
    document.removeEventListener("visibilitychange", this.#look);
    removeEventListener("pageshow", this.#look);
  }

  async #hand(): Promise<void> {
    try {
      while (this.#replica.pending.length) {
        const { pending } = this.#replica;
        const shared = await this.#submit(pending);
        this.#journal.write(this.#replica.pending);
        this.#written = true;
        if (!this.#closed) this.#channel?.postMessage(shared.revision);
      }
      this.#broken = false;
      this.#failed(null);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#busy = null;
    }
  }

  async #submit(proposals: readonly Proposal[]): Promise<SharedLog> {
    const reasons: string[] = [];
    const shared = await this.#store.update((now = this.#begun()) =>
      accept(now, proposals, (reason) => reasons.push(reason)),
    );
    this.#take(shared);
    for (const reason of reasons) this.#refused(reason);
    return shared;
  }

  /**
   * The log to go on with where none is stored: the one that is shown, if the browser has lost
   * it, or an empty one, by its revision newer than any that was removed before.
   */
  #begun(): SharedLog {
    const { revision, log } = this.#replica.accepted;
    return log.steps.length
      ? { ...log, revision, seen: {} }
      : { ...NOTHING, revision: Date.now() * 1000 };
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#broken = true;
    this.#failed(error);
  }

  #take(shared: SharedLog): void {
    const { revision, seen, ...log } = shared;
    this.#replica.receive({ type: "log", revision, seen, log });
    if (!this.#closed) this.#changed(this.#replica.log);
  }
}

function openChannel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
