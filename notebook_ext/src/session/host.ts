/** What a session needs from the notebook or page that it runs in. */

import type { Action } from "../core/edits";
import type { Drumless } from "../sound/audio-chunks";
import type { Tools } from "./tools";

/** Where a session runs: in a notebook beside Python, or in a page by itself. */
export interface Host {
  /** A name that is different for every page. */
  readonly client: string;
  /** Fetch a chunk of the song's encoded sound. */
  chunk(index: number): Promise<ArrayBuffer>;
  /** Fetch the velocities of all frames; null if there are none. */
  velocities(): Promise<Uint8Array | null>;
  /**
   * Fetch the song without its drums, where the host can make it. `report` receives the
   * progress, 0 to 1.
   */
  drumless?(report: (progress: number) => void): Promise<Drumless>;
  /** What to do to get it, where the host cannot make it. */
  noDrumless?: string;
  /** Load what is not needed at first sight. */
  loadExtras(): Promise<{ readonly Tools: typeof Tools }>;
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
