/**
 * Computes frames from samples, in blocks: the port of `adt_plugins.features.spectrogram`
 * and of `adt_plugins.features.band_levels`. A `Bank`, compiled or in JavaScript, does the
 * heavy part, from windows to bands.
 */

import { LEVELS, SPECTROGRAM } from "../../src/core/tables";
import type { FrontEnd, LevelRule } from "./engine-types";
import type { Filter } from "./filterbank";

/** Frames per call of a bank, as in Python. */
export const { BLOCK_FRAMES } = SPECTROGRAM;

/** Tables that both kinds of banks share. */
export interface Tables {
  readonly size: number;
  readonly hop: number;
  readonly window: Float32Array;
  readonly filters: readonly Filter[];
}

/** Turns samples into magnitudes of bands. */
export interface Bank {
  /**
   * `samples`: the samples of `BLOCK_FRAMES` frames, one `hop` apart. The next call
   * overwrites the result, which is ordered frame by frame.
   */
  run(samples: Float32Array): Float32Array;
  /** Replace `count` values of the result by log10(1 + gain · value). */
  compress(first: number, count: number, gain: number): void;
}

export interface Block {
  readonly frames: number;
  /** log10(1 + gain · magnitude), frame by frame; the next block overwrites them. */
  readonly features: Float32Array;
  /** Power of each range of bands in dB, frame by frame. */
  readonly levels: Float32Array;
}

/** Power below which a band is silent. */
const { SILENCE } = LEVELS;

/** Computes the features of one recording. */
export class Features {
  readonly #bank: Bank;
  readonly #tables: Tables;
  readonly #ranges: readonly (readonly [first: number, end: number])[];
  readonly #follower: LevelFollower | null;
  readonly #samples: Float32Array;
  #length: number;
  #received = 0;
  #returned = 0;

  /** `ranges`: first and last band of each drum. */
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
    // Begin with half a frame of silence.
    this.#length = tables.size / 2;
  }

  /** Process the next samples, and pass on complete blocks. */
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

  /** Pass on the remaining frames, padded with silence. */
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
    const features = magnitudes.subarray(0, frames * count);
    for (let at = 0; at < features.length; at += count) {
      this.#bank.compress(at, count, this.#follower?.gain(features, at, count) ?? 1);
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

/** Applies the level rule of a card, frame after frame. */
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

  /** Return the gain of a frame, whose `count` magnitudes begin at `start`. */
  gain(magnitudes: Float32Array, start = 0, count = magnitudes.length): number {
    let squares = 0;
    for (let i = start; i < start + count; i++) squares += magnitudes[i] * magnitudes[i];
    const power = Math.max(squares / count, this.#rule.floor ** 2);
    this.#last = Math.max(0.5 * Math.log(power), this.#last - this.#decay);
    return this.#rule.target / Math.exp(this.#last);
  }
}
