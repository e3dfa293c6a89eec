/** Waveform and spectrogram of what has been analysed of a song. */

import { BANDS, COLUMN_RATE } from "../core/columns";

/** Least time between redraws: chunks may arrive by the hundred. */
const EVERY_MS = 330;

export class Picture {
  readonly #changed: () => void;
  /** Lowest and highest sample of each column. */
  readonly wave: Int8Array;
  readonly spectrum: Uint8Array;
  readonly columns: number;
  /** Factor that scales the loudest sample so far to full height. */
  gain = 8;
  #pause = 0;
  #unseen = false;

  constructor(duration: number, changed: () => void) {
    this.#changed = changed;
    this.columns = Math.ceil(duration * COLUMN_RATE) + 1;
    this.wave = new Int8Array(2 * this.columns);
    this.spectrum = new Uint8Array(this.columns * BANDS);
  }

  /** Request a redraw. */
  look(): void {
    this.#unseen = true;
    if (this.#pause) return;
    this.#unseen = false;
    this.#changed();
    this.#pause = setTimeout(() => {
      this.#pause = 0;
      if (this.#unseen) this.look();
    }, EVERY_MS);
  }
}
