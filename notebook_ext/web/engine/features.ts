/**
 * Samples to frames, in blocks: `adt_plugins.features.spectrogram` once more, and the levels of
 * the drums' bands (`adt_plugins.features.band_levels`). What is heavy, windows to
 * bands, a `Bank` does: compiled or in JavaScript.
 */

import { LEVELS, SPECTROGRAM } from "../../src/core/tables";
import type { FrontEnd, LevelRule } from "./engine-types";
import type { Filter } from "./filterbank";

/** Frames that a bank is given at once; Python has as many. */
export const { BLOCK_FRAMES } = SPECTROGRAM;

/** What a bank needs to know; tables that both kinds share. */
export interface Tables {
  readonly size: number;
  readonly hop: number;
  readonly window: Float32Array;
  readonly filters: readonly Filter[];
}

/** Turns samples into magnitudes of bands. */
export interface Bank {
  /**
   * `samples`: those of `BLOCK_FRAMES` frames, one `hop` after the other. The result,
   * frame by frame, is overwritten by the next call.
   */
  run(samples: Float32Array): Float32Array;
}

export interface Block {
  readonly frames: number;
  /** log10(1 + gain · magnitude), frame by frame. */
  readonly features: Float32Array;
  /** Power of each range of bands, frame by frame, dB. */
  readonly levels: Float32Array;
}

/** Power below which a band is silent. */
const { SILENCE } = LEVELS;

/** Frames of one recording; of another by another of these. */
export class Features {
  readonly #bank: Bank;
  readonly #tables: Tables;
  readonly #ranges: readonly (readonly [first: number, end: number])[];
  readonly #follower: LevelFollower | null;
  readonly #samples: Float32Array;
  #length: number;
  #received = 0;
  #returned = 0;

  /** `ranges`: bands of each drum. */
  constructor(
    bank: Bank,
    tables: Tables,
    ranges: readonly (readonly [number, number])[],
    level: LevelFollower | null,
  ) {
    this.#bank = bank;
    this.#tables = tables;
    this.#ranges = ranges;
    this.#follower = level;
    this.#samples = new Float32Array((BLOCK_FRAMES - 1) * tables.hop + tables.size);
    // Half a frame of silence lies before the first sample.
    this.#length = tables.size / 2;
  }

  /** Take the next samples and give the blocks that are complete. */
  process(samples: Float32Array, out: (block: Block) => void): void {
    let at = 0;
    this.#received += samples.length;
    while (at < samples.length) {
      const count = Math.min(samples.length - at, this.#samples.length - this.#length);
      this.#samples.set(samples.subarray(at, at + count), this.#length);
      at += count;
      this.#length += count;
      if (this.#length === this.#samples.length) out(this.#take(BLOCK_FRAMES));
    }
  }

  /** Give what remains; behind the end lies silence. */
  finish(out: (block: Block) => void): void {
    const total = Math.ceil(this.#received / this.#tables.hop);
    while (this.#returned < total) {
      this.#samples.fill(0, this.#length);
      out(this.#take(Math.min(BLOCK_FRAMES, total - this.#returned)));
    }
  }

  #take(frames: number): Block {
    const magnitudes = this.#bank.run(this.#samples);
    const { hop, filters } = this.#tables;
    const used = frames * hop;
    this.#samples.copyWithin(0, used, this.#length);
    this.#length = Math.max(0, this.#length - used);
    this.#returned += frames;
    const levels = this.#levels(magnitudes, frames);
    const count = filters.length;
    const features = magnitudes.slice(0, frames * count);
    for (let t = 0; t < frames; t++) {
      const row = features.subarray(t * count, (t + 1) * count);
      const gain = this.#follower?.gain(row) ?? 1;
      for (let band = 0; band < count; band++)
        row[band] = Math.log(1 + row[band] * gain) * Math.LOG10E;
    }
    return { frames, features, levels };
  }

  #levels(magnitudes: Float32Array, frames: number): Float32Array {
    const bands = this.#tables.filters.length;
    const levels = new Float32Array(frames * this.#ranges.length);
    let at = 0;
    for (let t = 0; t < frames; t++) {
      for (const [first, end] of this.#ranges) {
        let power = SILENCE;
        for (let band = t * bands + first; band < t * bands + end; band++) {
          power += magnitudes[band] * magnitudes[band];
        }
        levels[at++] = 10 * Math.log10(power);
      }
    }
    return levels;
  }
}

/** The level rule of a card, frame after frame. */
export class LevelFollower {
  readonly #rule: LevelRule;
  readonly #decay: number;
  /** Logarithm of the reference. */
  #last: number;

  constructor(rule: LevelRule, frontEnd: FrontEnd) {
    this.#rule = rule;
    const rate = frontEnd.sample_rate / frontEnd.hop_size;
    this.#decay = ((rule.decay_db_per_second / rate) * Math.LN10) / 20;
    this.#last = Math.log(rule.floor);
  }

  gain(magnitudes: Float32Array): number {
    let squares = 0;
    for (let i = 0; i < magnitudes.length; i++) squares += magnitudes[i] * magnitudes[i];
    const power = Math.max(squares / magnitudes.length, this.#rule.floor ** 2);
    this.#last = Math.max(0.5 * Math.log(power), this.#last - this.#decay);
    return this.#rule.target / Math.exp(this.#last);
  }
}
