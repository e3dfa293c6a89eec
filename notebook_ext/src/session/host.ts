/** What a session needs from the notebook or page that it runs in. */

import type { Action } from "../core/edits";

/** Where a session runs: in a notebook beside Python, or in a page by itself. */
export interface Host {
  /** A name that is different for every page. */
  readonly client: string;
  /** Fetch a chunk of the song's encoded sound. */
  chunk(index: number): Promise<ArrayBuffer>;
  /** Fetch the velocities of all frames; null if there are none. */
  velocities(): Promise<Uint8Array | null>;
  /** Propose an edit; the resulting log comes back through `Session.setLog`. */
  propose(action: Action): void;
  /** Publish what has changed. */
  publish(state: Partial<SharedState>): void;
}

/** The state of a session that Python can read and set. */
export interface SharedState {
  playing: boolean;
  position: number;
  selection: [number, number] | [];
  selected: string[];
}
