/** Turns down the song's own drums: plays the song without them beside the song. */

import type { Log } from "../core/edits";
import { Chunks, type Drumless, RATE } from "../sound/audio-chunks";
import type { Player } from "../sound/player";

/** The part of the session that is used here. */
export interface Played {
  readonly player: Player;
  readonly chunks: Chunks | null;
  readonly log: Log;
  readonly host: { drumless?(report: (progress: number) => void): Promise<Drumless> };
  say(text: string): void;
  warn(about: string, warning: string | null): void;
}

export class OwnDrums {
  readonly #session: Played;
  #chunks: Chunks | null = null;
  #made = -1;
  /** The edits at the last request. */
  #log: Log | null = null;
  #isWaiting = false;

  constructor(session: Played) {
    this.#session = session;
  }

  /** Request the song without its drums, unless the current version fits the hits. */
  async request(): Promise<void> {
    const session = this.#session;
    if (session.player.drums === 1 || this.#isWaiting || this.#log === session.log) return;
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
