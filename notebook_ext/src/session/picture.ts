/** Waveform and spectrogram of the chunks that have been decoded. */

import { BANDS, COLUMN_RATE, extremes, spectrogram } from "../core/spectrum";
import type { Chunks } from "../sound/audio-chunks";

/** Least time between redraws: chunks may arrive by the hundred. */
const EVERY_MS = 330;
/** Spectrogram columns that are computed in one go without making playback stutter. */
const SLICE = 50;

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

  /** Add a chunk that has been decoded for the first time. */
  add(index: number, buffer: AudioBuffer, chunks: Chunks): void {
    const { sampleRate } = buffer;
    const start = Math.round((index * chunks.info.chunk * COLUMN_RATE) / sampleRate);
    const channels = chunks.channels(index, buffer);
    const wave = extremes(channels, sampleRate);
    for (const value of wave) this.gain = Math.min(this.gain, 127 / Math.max(Math.abs(value), 1));
    this.wave.set(wave.subarray(0, this.wave.length - 2 * start), 2 * start);
    this.#analyse(channels, sampleRate, start, Math.min(wave.length / 2, this.columns - start));
    this.look();
  }

  #analyse(channels: Float32Array[], rate: number, start: number, count: number, done = 0): void {
    const end = Math.min(done + SLICE, count);
    spectrogram(channels, rate, done, end, this.spectrum.subarray(start * BANDS));
    if (end < count) setTimeout(() => this.#analyse(channels, rate, start, count, end));
    else this.look();
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
