/** Finds where sound begins without a stroke: the port of `adt_plugins.picking.beginnings`. */

import { roundEven } from "../../src/core/pick";
import { BEGINNINGS as B, MIXING } from "../../src/core/tables";
import type { FrontEnd } from "./engine-types";
import { sumOfSquares } from "./squares";

const { BLOCK } = MIXING;
const SEEN = B.WINDOW * B.WINDOWS;
const NONE = new Float64Array(0);

/** What is to be silenced in a recording. */
export interface Silences {
  /** Samples where sound begins without a stroke. */
  readonly false: readonly number[];
  /** Mean square of each frame of `hop` samples. */
  readonly powers: readonly number[];
  readonly hop: number;
  /** Seconds in which there is sound. */
  readonly sounding: number;
}

interface Beginning {
  readonly at: number;
  readonly samples: Float32Array;
  heard: number;
}

export class Beginnings {
  readonly #hop: number;
  readonly #rate: number;
  readonly #ahead: number;
  readonly #least: number;
  #received = 0;
  #zeros: number;
  #loudest = 0;
  #open: Beginning[] = [];
  readonly #false: number[] = [];
  /** Mean square of each frame; `#sum` collects the squares of the next one. */
  readonly #powers: number[] = [];
  #sum = 0;
  #count = 0;

  constructor({ hop_size: hop, sample_rate: rate }: FrontEnd) {
    this.#hop = hop;
    this.#rate = rate;
    this.#ahead = Math.round(B.LOOK_AHEAD_S * rate);
    this.#least = Math.round(B.SILENCE_S * rate);
    this.#zeros = rate; // silence precedes the first sample
  }

  /**
   * Process the next samples, in blocks about as long as Python's. `powers`: mean squares of their
   * first frames, if they are known.
   */
  hear(samples: Float32Array, powers: Float64Array = NONE): void {
    const known = this.#count ? NONE : powers;
    const first = this.#powers.length;
    for (let at = 0; at < samples.length; at += BLOCK) {
      this.#block(samples.subarray(at, at + BLOCK), known, first);
    }
  }

  /** `known`: mean squares of the frames from `first` on. */
  #block(samples: Float32Array, known: Float64Array, first: number): void {
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
      const own = known[this.#powers.length - first];
      if (own === undefined) this.#sum += sumOfSquares(samples, at, end);
      this.#count += end - at;
      at = end;
      if (this.#count === this.#hop) this.#measure(own);
    }
  }

  #measure(power = this.#sum / this.#hop): void {
    this.#powers.push(power);
    this.#loudest = Math.max(this.#loudest, power);
    this.#sum = this.#count = 0;
  }

  /** Return where sound follows long silence; most samples need not be looked at for that. */
  #starts(samples: Float32Array): number[] {
    const starts: number[] = [];
    const least = this.#least;
    for (let at = 0; at < samples.length; ) {
      if (this.#zeros >= least) {
        const begin = at;
        while (at < samples.length && samples[at] === 0) at++;
        this.#zeros += at - begin;
        if (at === samples.length) break;
        starts.push(this.#received + at++);
        this.#zeros = 0;
        continue;
      }
      // Where the silence would be long enough, if all samples up to there were zeros.
      const end = Math.min(at + least - this.#zeros, samples.length);
      let last = end - 1;
      while (last >= at && samples[last] === 0) last--;
      this.#zeros = last < at ? this.#zeros + end - at : end - 1 - last;
      at = end;
    }
    return starts;
  }

  #judge({ at, samples, heard }: Beginning): void {
    const all = samples.subarray(0, heard);
    const first = all.subarray(0, SEEN);
    const around = Math.max(this.#loudest, this.#power(all));
    const power = this.#power(first);
    const isQuiet = power < Math.max(B.FLOOR ** 2, around * B.QUIET);
    const isDoubtful = at < this.#least || power < around * B.SOFT;
    const level = decibels((power + B.NOTHING) / (around + B.NOTHING));
    const isHit = isStruck(first, level) || onlyFades(all, level);
    if (isQuiet || (isDoubtful && !isHit)) this.#false.push(at);
  }

  /** Return the mean square of the loudest complete frame. */
  #power(samples: Float32Array): number {
    let most = 0;
    for (let at = 0; at + this.#hop <= samples.length; at += this.#hop) {
      most = Math.max(most, sumOfSquares(samples, at, at + this.#hop) / this.#hop);
    }
    return most;
  }

  finish(): Silences {
    for (const beginning of this.#open) this.#judge(beginning);
    this.#open = [];
    if (this.#count) this.#measure();
    const powers = this.#powers;
    return { false: this.#false, powers, hop: this.#hop, sounding: this.#sounding() };
  }

  /** Return for how many seconds there is sound: some of each is not far below what is loud. */
  #sounding(): number {
    const powers = Float64Array.from(this.#powers);
    const loud = powers.slice().sort()[Math.max(0, powers.length - B.LOUD_FRAMES)];
    const second = roundEven(this.#rate / this.#hop);
    let frames = 0;
    for (let at = 0; at < powers.length; at += second) {
      const own = powers.subarray(at, at + second);
      if (own.some((power) => power >= loud * B.SILENT)) frames += own.length;
    }
    return (frames * this.#hop) / this.#rate;
  }
}

/** Remove from a drum's activation the hits where nothing is struck. */
export function silence(values: Float32Array, { powers, hop, ...silences }: Silences): void {
  const [before, after] = B.AROUND;
  for (let t = 0; t < values.length; t++) {
    let most = 0;
    for (let k = t - before; k <= t + after; k++) most = Math.max(most, powers[k] ?? 0);
    if (most < B.INAUDIBLE ** 2) values[t] = 0;
  }
  for (const at of silences.false) {
    const place = at / hop;
    if (place < values.length) flatten(values, roundEven(place));
  }
}

const decibels = (ratio: number) => 10 * Math.log10(ratio);

/** Whether sound begins with a stroke, by its first 80 ms and their level in dB. */
function isStruck(samples: Float32Array, level: number): boolean {
  const seen = new Float64Array(SEEN);
  seen.set(samples);
  const first = sumOfSquares(seen, 0, B.FIRST) / B.FIRST + B.NOTHING;
  const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  for (let i = 0; i < samples.length; i++) seen[i] -= mean;
  const treble = new Float64Array(SEEN);
  for (let i = 2; i < samples.length; i++) treble[i] = seen[i] - 2 * seen[i - 1] + seen[i - 2];

  const power = envelope(seen);
  const high = envelope(treble);
  const peaks = peaksOf(high);
  const peak = Math.max(...peaks);
  let steepest = 0;
  peaks.forEach((after, k) => {
    if (after < B.NEAR_PEAK * peak) return;
    const before = average(high, Math.max(0, k + 1 - B.BEFORE), k + 1);
    steepest = Math.max(steepest, after / before);
  });
  const loudest = Math.max(...peaksOf(power));
  const most = Math.min(decibels(steepest), B.MOST_RISE_DB);
  const rise = Math.min(decibels(peak / high[0]), most);
  const fromRest = Math.min(decibels(loudest / first), most);
  const [least, greatest] = B.FALL_DB;
  const falls = decibels(loudest / average(power, B.DECAY, B.WINDOWS));
  const fall = Math.min(Math.max(falls, least), greatest);
  return rise + fromRest + fall + B.LEVEL_WEIGHT * Math.max(level, B.SOFTEST_DB) >= B.STRUCK;
}

/** Whether sound is loudest at its beginning, and fades from there on. */
function onlyFades(samples: Float32Array, level: number): boolean {
  const count = Math.trunc(samples.length / B.PIECE);
  if (count < B.LEAST_PIECES || level < B.LOUDEST_DB) return false;
  const levels = Array.from({ length: count }, (_, k) =>
    decibels(sumOfSquares(samples, k * B.PIECE, (k + 1) * B.PIECE) / B.PIECE + B.NOTHING),
  );
  const rises = levels.some((value, k) => k > 0 && value - levels[k - 1] > B.FLICKER_DB);
  return !rises && levels[0] - levels[count - 1] >= B.FADE_DB * (count - 1);
}

function envelope(samples: Float64Array): number[] {
  return Array.from({ length: B.WINDOWS }, (_, k) => {
    return sumOfSquares(samples, k * B.WINDOW, (k + 1) * B.WINDOW) / B.WINDOW + B.NOTHING;
  });
}

/** Return the mean power of the windows that follow each possible attack. */
function peaksOf(power: number[]): number[] {
  return Array.from({ length: B.ATTACKS }, (_, k) => average(power, k + 1, k + 1 + B.PEAK));
}

function average(values: number[], from: number, to: number): number {
  return values.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
}

/** Lower the peak of an activation around a frame to the values beside it. */
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
