/** The edits of a song as this browser keeps them; all its tabs write to the same log. */

import type { Action, Log } from "../core/edits";
import { Replica } from "../core/replica";
import { accept, NOTHING, type SharedLog } from "../core/shared-log";
import { Journal } from "./journal";

/** Where the log lies. */
export interface LogStore {
  /** Read and, unless it stays the same, write the log, while nobody else does. */
  update(change: (shared: SharedLog | undefined) => SharedLog): Promise<SharedLog>;
}

export const editorName = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

export class KeptLog {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #channel: BroadcastChannel | null;
  readonly #look = () => void (document.hidden || this.read());
  #busy: Promise<void> | null = null;
  #closed = false;
  #written = true;
  #broken = false;

  /**
   * `changed` gets the log whenever it changes, `failed` why edits cannot be kept, or
   * null when they are again.
   */
  constructor(
    readonly client: string,
    fingerprint: string,
    private readonly store: LogStore,
    private readonly changed: (log: Log) => void,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#replica = new Replica(client);
    this.#journal = new Journal(fingerprint, client);
    this.#channel = openChannel(`adt-plugins ${fingerprint}`);
    if (this.#channel) this.#channel.onmessage = () => void this.read();
    // A tab that slept may have missed what others told.
    document.addEventListener("visibilitychange", this.#look);
    addEventListener("pageshow", this.#look);
  }

  get log(): Log {
    return this.#replica.log;
  }

  /** Whether something was done that would be lost with the page. */
  get isAtRisk(): boolean {
    return this.#replica.pending.length > 0 && (!this.#written || this.#broken);
  }

  /** Take over what the store has, and what editors left that ended before they were done. */
  async read(): Promise<void> {
    const left = this.#journal.left();
    const proposals = left.entries.flatMap((entry) => entry.proposals);
    try {
      const shared = await this.store.update((now = begun()) => accept(now, proposals));
      this.#take(shared);
      left.done();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Throws `Refusal`. */
  propose(action: Action): void {
    this.#replica.propose(action);
    this.#written = this.#journal.write(this.#replica.pending);
    this.changed(this.#replica.log);
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
        const shared = await this.store.update((now = begun()) => accept(now, pending));
        this.#take(shared);
        this.#journal.write(this.#replica.pending);
        this.#written = true;
        if (!this.#closed) this.#channel?.postMessage(shared.revision);
      }
      this.#broken = false;
      this.failed(null);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#busy = null;
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#broken = true;
    this.failed(error);
  }

  #take(shared: SharedLog): void {
    const { revision, seen, steps, cursor } = shared;
    this.#replica.receive({ type: "log", revision, seen, log: { steps, cursor } });
    if (!this.#closed) this.changed(this.#replica.log);
  }
}

/** A log that begins after another was removed is newer than that. */
const begun = (): SharedLog => ({ ...NOTHING, revision: Date.now() * 1000 });

function openChannel(name: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null;
  }
}
