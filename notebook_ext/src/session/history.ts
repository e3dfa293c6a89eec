/** What can be undone and redone, and telling what was: also when another editor did it. */

import { type Action, described, type Log } from "../core/edits";

export class History {
  readonly #client: string;
  readonly #say: (text: string) => void;
  /** Steps that were undone here. */
  readonly #undone = new Set<string>();

  /** `client`: the editor, with whose name those of its own steps begin. */
  constructor(client: string, say: (text: string) => void) {
    this.#client = client;
    this.#say = say;
  }

  /** Undo the last step of the log that is shown, and no other. */
  undo({ names, steps, cursor }: Log, propose: (action: Action) => void): void {
    const at = cursor - 1;
    if (at >= 0) {
      this.#undone.add(names[at]);
      propose({ kind: "undo", name: names[at] });
    }
    this.#say(at < 0 ? "Nothing to undo" : `Undone: ${described(steps[at])}`);
  }

  /** Redo the step that was undone last. */
  redo({ names, steps, cursor }: Log, propose: (action: Action) => void): void {
    const isThere = cursor < names.length;
    if (isThere) {
      this.#undone.delete(names[cursor]);
      propose({ kind: "redo", name: names[cursor] });
    }
    this.#say(isThere ? `Redone: ${described(steps[cursor])}` : "Nothing to redo");
  }

  /** Tell if another editor has undone a step of this one. */
  tell(before: Log, now: Log): void {
    for (let at = now.cursor; at < now.names.length; at++) {
      const name = now.names[at];
      const isOwn = name.startsWith(`${this.#client}-`) && !this.#undone.has(name);
      if (isOwn && before.names.slice(0, before.cursor).includes(name))
        this.#say(`Undone elsewhere: ${described(now.steps[at])} (redo restores)`);
    }
  }
}
