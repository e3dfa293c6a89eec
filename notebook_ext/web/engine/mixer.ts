/**
 * Mixes channels to mono: the port of `adt_plugins.audio.decoder.Mixer`, in single
 * precision like Python.
 */

import { MIXING } from "../../src/core/tables";

const { CANCELS, AGREES, EVERY, ENOUGH, FADE } = MIXING;

/** Index of the low-frequency channel by the number of channels: the fourth of six. */
const LOW: Readonly<Record<number, number>> = { 6: 3 };

export class Mixer {
  #signs: number[] = [];
  #products: number[][] = [];
  #heard = 0;

  mix(channels: readonly Float32Array[]): Float32Array {
    if (channels.length === 1) return channels[0];
    const audible = channels.filter((_, index) => index !== LOW[channels.length]);
    if (this.#signs.length !== audible.length) this.#begin(audible.length);
    const before = this.#signs;
    const begins = !this.#heard;
    this.#listen(audible);
    const mixed = mean(audible, this.#signs);
    if (before !== this.#signs && !begins) {
      const old = mean(
        audible.map((channel) => channel.subarray(0, FADE)),
        before,
      );
      const last = Math.max(1, old.length - 1);
      for (let i = 0; i < old.length; i++) mixed[i] = old[i] + (i / last) * (mixed[i] - old[i]);
    }
    return mixed;
  }

  #begin(count: number): void {
    this.#signs = new Array<number>(count).fill(1);
    this.#products = this.#signs.map(() => new Array<number>(count).fill(0));
    this.#heard = 0;
  }

  /** Choose the signs according to how the channels have agreed so far. */
  #listen(channels: readonly Float32Array[]): void {
    const length = channels[0].length;
    let power = 0;
    let together = 0;
    channels.forEach((one, row) => {
      channels.forEach((other, column) => {
        const sum = product(one, other);
        this.#products[row][column] += sum;
        together += this.#products[row][column];
        if (row === column) power += this.#products[row][column];
      });
    });
    this.#heard += length;
    const agreement = power > 0 ? together / power : 1;
    const inverted = this.#signs.some((sign) => sign < 0);
    if (agreement < CANCELS && !inverted && this.#heard >= ENOUGH) {
      const axis = principal(this.#products);
      this.#signs = axis.map((value) => (value < 0 === axis[0] < 0 ? 1 : -1));
    } else if (agreement > AGREES && inverted) {
      this.#signs = this.#signs.map(() => 1);
    }
  }
}

/** Return the principal axis of a symmetric matrix (power iteration). */
function principal(matrix: readonly (readonly number[])[]): number[] {
  const longest = matrix.reduce((a, b) => (dot(a, a) >= dot(b, b) ? a : b));
  let axis = [...longest];
  for (let turn = 0; turn < 50; turn++) {
    const next = matrix.map((row) => dot(row, axis));
    const size = Math.sqrt(dot(next, next)) || 1;
    axis = next.map((value) => value / size);
  }
  return axis;
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Return the sum of products of two channels' samples. */
function product(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i += EVERY) sum += one[i] * other[i];
  return sum;
}

function mean(channels: readonly Float32Array[], signs: readonly number[]): Float32Array {
  const weight = Math.fround(1 / channels.length);
  const result = new Float32Array(channels[0].length);
  if (channels.length === 2) {
    addBoth(result, channels[0], channels[1], weight * signs[0], weight * signs[1]);
    return result;
  }
  channels.forEach((channel, index) => add(result, channel, weight * signs[index]));
  return result;
}

function add(out: Float32Array, channel: Float32Array, weight: number): void {
  for (let i = 0; i < out.length; i++) out[i] += channel[i] * weight;
}

/** The same for two channels at once; it rounds as often. */
function addBoth(
  out: Float32Array,
  one: Float32Array,
  other: Float32Array,
  weight: number,
  second: number,
): void {
  for (let i = 0; i < out.length; i++) out[i] = Math.fround(one[i] * weight) + other[i] * second;
}
