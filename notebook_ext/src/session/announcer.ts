/** Tells listeners what has changed, and people what they need to know. */

export interface Warning {
  readonly text: string;
  /** What the user can do about it. */
  readonly action?: { readonly label: string; do(): void };
}

export type Topic = "hits" | "look" | "sound" | "view" | "seek" | "says" | "warns";

export class Announcer {
  /** The last message. */
  says = "";
  /** Warnings in force, by topic. */
  readonly warnings = new Map<string, Warning>();
  readonly #listeners = new Map<Topic, Set<() => void>>();

  /** Call `listener` whenever the topic changes; returns how to stop. */
  on(topic: Topic, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  protected emit(topic: Topic): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener();
  }

  close(): void {
    this.#listeners.clear();
  }

  /** Show a short message, which screen readers read aloud. */
  say(text: string): void {
    this.says = text;
    this.emit("says");
  }

  /** Show a warning about something until it is replaced, or withdrawn with null. */
  warn(about: string, warning: Warning | string | null): void {
    const next = typeof warning === "string" ? { text: warning } : warning;
    if (next?.text === this.warnings.get(about)?.text) return;
    if (next) this.warnings.set(about, next);
    else this.warnings.delete(about);
    this.emit("warns");
  }
}
