/** Where sound begins without being struck: the port of `adt_plugins.picking.beginnings`. */

import { roundEven } from "../../src/core/pick";
import { BEGINNINGS as B, MIXING } from "../../src/core/tables";
import type { FrontEnd } from "./engine-types";

const { BLOCK } = MIXING;
const SEEN = B.WINDOW * B.WINDOWS;

interface Beginning {
  readonly at: number;
  readonly samples: Float32Array;
  heard: number;
}

export class Beginnings {
  readonly #hop: number;
  readonly #ahead: number;
  readonly #least: number;
  #received = 0;
  #zeros: number;
  #loudest = 0;
  #open: Beginning[] = [];
  readonly #false: number[] = [];
  /** Mean squares, a frame each; then squares of the next one so far. */
  readonly #powers: number[] = [];
  #sum = 0;
  #count = 0;

  constructor({ hop_size: hop, sample_rate: rate }: FrontEnd) {
    this.#hop = hop;
    this.#ahead = Math.round(B.LOOK_AHEAD_S * rate);
    this.#least = Math.round(B.SILENCE_S * rate);
    this.#zeros = rate; // before the first sample lies silence
  }

  /** Take the next samples, in blocks about as long as Python's. */
  hear(samples: Float32Array): void {
    for (let at = 0; at < samples.length; at += BLOCK) {
      this.#block(samples.subarray(at, at + BLOCK));
    }
  }

  #block(samples: Float32Array): void {
    for (const at of this.#starts(samples)) {
      this.#open.push({ at, samples: new Float32Array(this.#ahead), heard: 0 });
    }
    this.#open = this.#open.filter((beginning) => {
      const skip = Math.max(0, beginning.at - this.#received);
      const part = samples.subarray(skip, skip + this.#ahead - beginning.heard);
      beginning.samples.set(part, beginning.heard);
      beginning.heard += part.length;
      if (beginning.heard < this.#ahead) return true;
      this.#judge(beginning);
      return false;
    });
    this.#received += samples.length;
    for (let at = 0; at < samples.length; ) {
      const end = Math.min(at + this.#hop - this.#count, samples.length);
      this.#sum += powerOf(samples, at, end);
      this.#count += end - at;
      at = end;
      if (this.#count === this.#hop) this.#measure();
    }
  }

  #measure(): void {
    const power = this.#sum / this.#hop;
    this.#powers.push(power);
    this.#loudest = Math.max(this.#loudest, power);
    this.#sum = this.#count = 0;
  }

  #starts(samples: Float32Array): number[] {
    const found: number[] = [];
    const least = this.#least;
    let zeros = this.#zeros; // a field would be written for every sample
    for (let i = 0; i < samples.length; i++) {
      if (samples[i] === 0) zeros++;
      else {
        if (zeros >= least) found.push(this.#received + i);
        zeros = 0;
      }
    }
    this.#zeros = zeros;
    return found;
  }

  #judge({ at, samples, heard }: Beginning): void {
    const all = samples.subarray(0, heard);
    const first = all.subarray(0, SEEN);
    const around = Math.max(this.#loudest, this.#power(all));
    const power = this.#power(first);
    const isQuiet = power < Math.max(B.FLOOR ** 2, around * B.QUIET);
    const isDoubtful = at < this.#least || power < around * B.SOFT;
    if (isQuiet || (isDoubtful && !isStruck(first))) this.#false.push(at);
  }

  /** Mean square of the loudest frame; of the rest at the end, nothing. */
  #power(samples: Float32Array): number {
    let most = 0;
    for (let at = 0; at + this.#hop <= samples.length; at += this.#hop) {
      most = Math.max(most, powerOf(samples, at, at + this.#hop) / this.#hop);
    }
    return most;
  }

  finish(): void {
    for (const beginning of this.#open) this.#judge(beginning);
    this.#open = [];
    if (this.#count) this.#measure();
  }

  /** Take away, from a drum's activation, what is heard where nothing is struck. */
  silence(values: Float32Array): void {
    const [before, after] = B.AROUND;
    for (let t = 0; t < values.length; t++) {
      let most = 0;
      for (let k = t - before; k <= t + after; k++) most = Math.max(most, this.#powers[k] ?? 0);
      if (most < B.INAUDIBLE ** 2) values[t] = 0;
    }
    for (const at of this.#false) {
      const place = at / this.#hop;
      if (place < values.length) flatten(values, roundEven(place));
    }
  }
}

/** Sum of squares of some samples. */
function powerOf(samples: Float32Array | Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += samples[i] * samples[i];
  return sum;
}

/** Whether sound begins as if something were struck. */
function isStruck(samples: Float32Array): boolean {
  const seen = new Float64Array(SEEN);
  seen.set(samples);
  const mean = samples.reduce((sum, value) => sum + value, 0) / Math.max(samples.length, 1);
  for (let i = 0; i < samples.length; i++) seen[i] -= mean;
  const power = Array.from({ length: B.WINDOWS }, (_, k) => {
    return powerOf(seen, k * B.WINDOW, (k + 1) * B.WINDOW) / B.WINDOW + 1e-12;
  });
  const average = (from: number, to: number) =>
    power.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  let peak = 0;
  for (let k = 0; k < B.PEAK_WINDOWS; k++) peak = Math.max(peak, average(k, k + B.PEAK));
  const rise = 10 * Math.log10(peak / average(0, B.FIRST));
  const fall = 10 * Math.log10(peak / average(B.PEAK_WINDOWS, B.WINDOWS));
  return Math.min(rise, B.MOST_RISE_DB) + B.FALL_WEIGHT * fall >= B.STRUCK;
}

/** Lower the hump of an activation about a frame to what lies beside it. */
function flatten(column: Float32Array, frame: number): void {
  const start = Math.max(0, frame - B.HUMP);
  const stop = Math.max(0, Math.min(frame + B.HUMP + 1, column.length));
  if (start >= stop) return;
  let end = start;
  for (let t = start; t < stop; t++) if (column[t] > column[end]) end = t;
  const last = Math.min(Math.max(0, frame + B.REACH), column.length - 1);
  while (end < last && column[end + 1] <= column[end]) end++;
  column.fill(0, start, end + 1);
}
