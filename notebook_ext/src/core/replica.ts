/**
 * A log that is shared with Python or other tabs. Local actions are shown at once, and
 * reapplied on top of actions that have been accepted from others since. All replicas
 * converge to the order of the log's keeper.
 */

import { type Action, act, EMPTY, type Log, Refusal } from "./edits";
import type { Proposal } from "./shared-log";

export type Message =
  | {
      readonly type: "did";
      readonly revision: number;
      readonly action: Action;
      readonly client: string;
      readonly seq: number;
    }
  | {
      readonly type: "refused";
      readonly client: string;
      readonly seq: number;
      readonly reason: string;
    }
  | {
      readonly type: "log";
      readonly revision: number;
      readonly log: Log;
      /** The last proposal of each editor in it, if the keeper sends that. */
      readonly seen?: Readonly<Record<string, number>>;
    };

export class Replica {
  #accepted: Log = EMPTY;
  #revision = -1;
  #pending: Proposal[] = [];
  #seq = 0;
  /** The log to show: the accepted one and the pending proposals. */
  log: Log = EMPTY;

  constructor(readonly client: string) {}

  /** Local proposals that are not accepted yet, oldest first. */
  get pending(): readonly Proposal[] {
    return this.#pending;
  }

  /** The accepted log. */
  get accepted(): { readonly revision: number; readonly log: Log } {
    return { revision: this.#revision, log: this.#accepted };
  }

  /** Apply an action locally, and return the proposal to send. Throws `Refusal`. */
  propose(action: Action): Proposal {
    this.log = act(this.log, action);
    const proposal: Proposal = { type: "do", client: this.client, seq: this.#seq++, action };
    this.#pending.push(proposal);
    return proposal;
  }

  /** Apply a message; returns whether there is a gap in the revisions before it. */
  receive(message: Message): boolean {
    if (message.type === "log") {
      if (message.revision < this.#revision) return false;
      const last = message.seen?.[this.client] ?? -1;
      const left = this.#pending.filter(({ seq }) => seq > last);
      const isAnswer = left.length < this.#pending.length;
      this.#accepted = message.log;
      this.#revision = message.revision;
      this.#pending = left;
      const shown = this.log;
      this.#replay();
      // Nobody else has edited meanwhile: what is shown stays as it is.
      if (isAnswer && isSame(this.log, shown)) this.log = shown;
      return false;
    }
    const own = message.client === this.client;
    const isNext = own && message.seq === this.#pending[0]?.seq;
    if (own) this.#pending = this.#pending.filter(({ seq }) => seq !== message.seq);
    if (message.type === "refused") {
      if (own) this.#replay();
      return false;
    }
    if (message.revision > this.#revision + 1) return true;
    if (message.revision > this.#revision) {
      this.#accepted = act(this.#accepted, message.action);
      this.#revision = message.revision;
      if (isNext) return false; // it is shown already
    }
    this.#replay();
    return false;
  }

  #replay(): void {
    this.log = this.#accepted;
    for (const { action } of this.#pending) {
      try {
        this.log = act(this.log, action);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
  }
}

const isSame = (one: Log, other: Log): boolean =>
  one.cursor === other.cursor && one.names.join() === other.names.join();
