/** What a session needs from the notebook or page that it runs in. */

import type { Action } from "../core/edits";
import type { AudioInfo } from "../sound/audio-chunks";

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
  /** Propose an edit; the resulting log comes back through `Session.setLog`. */
  propose(action: Action): void;
  /** Publish what has changed. */
  publish(state: Partial<SharedState>): void;
}

/** The song without its drums, in the same chunks as the song. */
export interface Drumless {
  readonly audio: AudioInfo;
  /** Number of the version; a new one is made when hits have changed. */
  readonly made: number;
  /** Fetch an encoded chunk. */
  chunk(index: number): Promise<ArrayBuffer>;
}

/** The state of a session that Python can read and set. */
export interface SharedState {
  playing: boolean;
  position: number;
  selection: [number, number] | [];
  selected: string[];
}
