/** Turns down the song's own drums: plays the song without them beside the song. */

import type { Log } from "../core/edits";
import { Chunks, RATE } from "../sound/audio-chunks";
import type { Player } from "../sound/player";
import type { Drumless, Host } from "./host";

/** The part of the session that is used here. */
interface Played {
  readonly player: Player;
  readonly chunks: Chunks | null;
  readonly log: Log;
  readonly host: Pick<Host, "drumless">;
  say(text: string): void;
  warn(about: string, warning: string | null): void;
}

export class OwnDrums {
  readonly #session: Played;
  /** Level of the drums in the song, 0 to 1. */
  level = 1;
  #chunks: Chunks | null = null;
  #made = -1;
  /** The edits at the last request. */
  #log: Log | null = null;
  #isWaiting = false;

  constructor(session: Played) {
    this.#session = session;
  }

  /** Whether the host can provide the song without its drums. */
  get isAvailable(): boolean {
    return !!(this.#session.chunks && this.#session.host.drumless);
  }

  /** Set the level; it takes effect at once if the song without its drums is loaded. */
  set(level: number): void {
    this.level = level;
    this.#session.player.setDrums(level);
  }

  /** Request the song without its drums, unless the current version fits the hits. */
  async request(): Promise<void> {
    const session = this.#session;
    if (this.level === 1 || this.#isWaiting || this.#log === session.log) return;
    this.#isWaiting = true;
    this.#log = session.log;
    try {
      const drumless = await session.host.drumless?.((progress) =>
        session.say(`Removing the drums: ${Math.round(100 * progress)} %`),
      );
      if (drumless && drumless.made !== this.#made) this.#load(drumless);
      session.warn("drums", null);
    } catch (error) {
      this.#log = null;
      session.warn("drums", `The drums cannot be removed: ${(error as Error).message}`);
    }
    this.#isWaiting = false;
  }

  #load({ audio, made, chunk }: Drumless): void {
    const session = this.#session;
    const { player } = session;
    this.close();
    this.#made = made;
    let isFirst = true;
    const chunks = new Chunks(
      audio,
      chunk,
      (index) => {
        player.arrived(index);
        if (isFirst) player.setDrumless(chunks);
        isFirst = false;
      },
      (reason) => session.say(`No sound: ${reason}`),
    );
    this.#chunks = chunks;
    session.say("The drums are as loud as you set them");
    // The chunk at the playhead comes first; until then the song sounds as before.
    chunks.get(Math.floor((player.position * RATE) / audio.chunk));
  }

  close(): void {
    this.#chunks?.close();
  }
}
