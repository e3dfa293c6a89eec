/**
 * Computes short-time spectra of one or two channels, and sound from them:
 * `adt_plugins.separation.frames`. Two real channels are transformed as one complex signal. Both
 * get the same mask, so the spectra need not be taken apart.
 */

import { AUDIO } from "../../src/core/tables";

/** Samples of a frame. */
export const SIZE = 2048;
/** Number of frames that cover each sample. */
const OVERLAP = 4;
export const HOP = SIZE / OVERLAP;
export const BINS = SIZE / 2 + 1;
/** Samples of the first frame that lie before the recording. */
export const LEAD = SIZE - HOP;

/** Return the frame whose middle is nearest to a time. */
export const frameAt = (seconds: number): number =>
  Math.round((seconds * AUDIO.SAMPLE_RATE + SIZE / 2 - HOP) / HOP);

/** The root of a Hann window, for both directions: its squares sum to 2. */
const WINDOW = Float64Array.from({ length: SIZE }, (_, i) => Math.sin((Math.PI * i) / SIZE));
const COS = Float64Array.from({ length: SIZE }, (_, k) => Math.cos((2 * Math.PI * k) / SIZE));
const SIN = Float64Array.from({ length: SIZE }, (_, k) => Math.sin((2 * Math.PI * k) / SIZE));

/** Position of each frequency in a transform: its number with the bits reversed. */
const PLACES = Int32Array.from({ length: SIZE }, (_, k) => {
  let place = 0;
  for (let bit = 1; bit < SIZE; bit *= 2) place = 2 * place + (k & bit ? 1 : 0);
  return place;
});

/** The spectra of frames, side by side: real and imaginary parts, by `PLACES`. */
export class Spectra {
  readonly #channels: number;
  readonly frames: number;
  readonly #re: Float32Array[] = [];
  readonly #im: Float32Array[] = [];

  /** Transform all complete frames of the samples of one or two channels. */
  constructor(channels: readonly Float32Array[]) {
    const [left, right = null] = channels;
    this.#channels = channels.length;
    this.frames = Math.floor((left.length - LEAD) / HOP);
    for (let t = 0; t < this.frames; t++) {
      const re = new Float32Array(SIZE);
      const im = new Float32Array(SIZE);
      for (let i = 0, at = t * HOP; i < SIZE; i++, at++) {
        re[i] = left[at] * WINDOW[i];
        if (right) im[i] = right[at] * WINDOW[i];
      }
      forward(re, im);
      this.#re.push(re);
      this.#im.push(im);
    }
  }

  /** Return the root mean square of the channels' magnitudes, frame by frame. */
  magnitudes(): Float32Array {
    const out = new Float32Array(this.frames * BINS);
    const scale = 1 / (2 * this.#channels);
    for (let t = 0; t < this.frames; t++) {
      const [re, im] = [this.#re[t], this.#im[t]];
      for (let k = 0; k < BINS; k++) {
        const [p, q] = [PLACES[k], PLACES[-k & (SIZE - 1)]];
        const power = re[p] * re[p] + im[p] * im[p] + re[q] * re[q] + im[q] * im[q];
        out[t * BINS + k] = Math.sqrt(power * scale);
      }
    }
    return out;
  }

  /**
   * Multiply frames with a mask, transform them back, and add them to `out`, which begins
   * with the first of them. They are of no use afterwards.
   */
  add(mask: Float32Array, from: number, to: number, out: readonly Float32Array[]): void {
    const [left, right = null] = out;
    for (let t = from; t < to; t++) {
      const [re, im] = [this.#re[t], this.#im[t]];
      for (let k = 0; k < BINS; k++) {
        const share = mask[t * BINS + k];
        const [p, q] = [PLACES[k], PLACES[-k & (SIZE - 1)]];
        re[p] *= share;
        im[p] *= share;
        if (p === q) continue;
        re[q] *= share;
        im[q] *= share;
      }
      backward(re, im);
      for (let i = 0, at = (t - from) * HOP; i < SIZE; i++, at++) {
        const gain = WINDOW[i] / 2;
        left[at] += re[i] * gain;
        if (right) right[at] += im[i] * gain;
      }
    }
  }
}

/** Transform in place; the result is in the order of `PLACES`. */
function forward(re: Float32Array, im: Float32Array): void {
  for (let half = SIZE / 2, step = 1; half; half >>= 1, step *= 2) {
    for (let j = 0; j < half; j++) {
      const [c, s] = [COS[j * step], SIN[j * step]];
      for (let a = j; a < SIZE; a += 2 * half) {
        const b = a + half;
        const [x, y] = [re[a] - re[b], im[a] - im[b]];
        re[a] += re[b];
        im[a] += im[b];
        re[b] = x * c + y * s;
        im[b] = y * c - x * s;
      }
    }
  }
}

/** Transform back what is in the order of `PLACES`. */
function backward(re: Float32Array, im: Float32Array): void {
  for (let half = 1, step = SIZE / 2; half < SIZE; half *= 2, step >>= 1) {
    for (let j = 0; j < half; j++) {
      const [c, s] = [COS[j * step], SIN[j * step]];
      for (let a = j; a < SIZE; a += 2 * half) {
        const b = a + half;
        const [x, y] = [re[b] * c - im[b] * s, im[b] * c + re[b] * s];
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
  for (let i = 0; i < SIZE; i++) {
    re[i] /= SIZE;
    im[i] /= SIZE;
  }
}
