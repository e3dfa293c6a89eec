/**
 * Mixes channels to mono: the port of `adt_plugins.audio.decoder.Mixer`, in single
 * precision like Python.
 */

import { MIXING, POLARITY } from "../../src/core/tables";

const { FADE } = MIXING;
const { CANCELS, AGREES, EVERY, ENOUGH, HALF_LIFE, QUIET } = POLARITY;

/** Index of the low-frequency channel by the number of channels: the fourth of six. */
const LOW: Readonly<Record<number, number>> = { 6: 3 };

type Signs = readonly number[];
type Matrix = number[][];

/** Adds two channels, each times a weight, or returns null if it cannot. */
type Adder = (channels: readonly Float32Array[], weights: Signs) => Float32Array | null;

export class Mixer {
  #polarity = new Polarity(0);
  #isFresh = true;
  #mixed = new Float32Array(0);

  /** `add` does what it can of the adding, faster. */
  constructor(private readonly add: Adder = () => null) {}

  /** Return the mean of the channels, which the next call overwrites. */
  mix(channels: readonly Float32Array[]): Float32Array {
    if (channels.length === 1) return channels[0];
    const audible = channels.filter((_, index) => index !== LOW[channels.length]);
    if (this.#polarity.signs.length !== audible.length) {
      this.#polarity = new Polarity(audible.length);
      this.#isFresh = true;
    }
    let before = this.#polarity.signs;
    const turns = this.#polarity.turns(audible);
    if (this.#isFresh && turns[0]?.start === 0) before = turns.shift()?.signs ?? before;
    this.#isFresh = false;
    const mixed = this.add(audible, weightsOf(before)) ?? this.#mean(audible, before);
    for (const { start, signs } of turns) {
      const rest = mean(
        audible.map((channel) => channel.subarray(start)),
        signs,
      );
      const last = Math.max(1, Math.min(FADE, rest.length) - 1);
      for (let i = 0; i <= last && i < rest.length; i++)
        rest[i] = mixed[start + i] + (i / last) * (rest[i] - mixed[start + i]);
      mixed.set(rest, start);
    }
    return mixed;
  }

  #mean(channels: readonly Float32Array[], signs: Signs): Float32Array {
    const { length } = channels[0];
    if (this.#mixed.length < length) this.#mixed = new Float32Array(length);
    return mean(channels, signs, this.#mixed.subarray(0, length));
  }
}

/** Finds channels that are inverted: the port of `adt_plugins.audio.polarity`. */
class Polarity {
  signs: Signs;
  readonly #heard: Matrix;
  #count = 0;

  constructor(channels: number) {
    this.signs = new Array<number>(channels).fill(1);
    this.#heard = this.signs.map(() => new Array<number>(channels).fill(0));
  }

  /** Return from which samples of a block on which signs hold; empty: none change. */
  turns(channels: readonly Float32Array[]): { start: number; signs: Signs }[] {
    const turns: { start: number; signs: Signs }[] = [];
    let agreements: (number | null)[] = []; // of each stretch alone; null tells nothing
    const some = channels.map(compared);
    const step = ENOUGH / EVERY;
    this.#count += channels[0].length;
    for (let at = 0; at < some[0].length; at += step) {
      const products = productsOf(some, at, Math.min(at + step, some[0].length));
      const length = Math.min(step, some[0].length - at) * EVERY;
      this.#forget(0.5 ** (length / HALF_LIFE), products);
      const { agreement, power } = agreementOf(this.#heard);
      const own = agreementOf(products);
      agreements.push(own.power > QUIET * power ? own.agreement : null);
      const inverted = this.signs.some((sign) => sign < 0);
      let fits: (own: number) => boolean;
      if (agreement < CANCELS && !inverted && this.#count >= ENOUGH) {
        const axis = principal(this.#heard);
        this.signs = axis.map((value) => (value < 0 === axis[0] < 0 ? 1 : -1));
        fits = (value) => value < CANCELS;
      } else if (agreement > AGREES && inverted) {
        this.signs = this.signs.map(() => 1);
        fits = (value) => value > AGREES;
      } else continue;
      let first = agreements.length - 1;
      while (first && isNullOr(fits)(agreements[first - 1])) first--;
      turns.push({ start: first * ENOUGH, signs: this.signs });
      agreements = agreements.map(() => null);
    }
    return turns;
  }

  #forget(share: number, products: Matrix): void {
    this.#heard.forEach((row, i) => {
      row.forEach((_, j) => {
        row[j] = share * row[j] + products[i][j];
      });
    });
  }
}

const isNullOr = (fits: (own: number) => boolean) => (own: number | null) =>
  own === null || fits(own);

/** Return the samples that are compared, without an offset, which agrees with itself. */
function compared(channel: Float32Array): Float32Array {
  const some = new Float32Array(Math.ceil(channel.length / EVERY));
  let sum = 0;
  for (let i = 0; i < some.length; i++) {
    some[i] = channel[i * EVERY];
    sum += some[i];
  }
  const offset = sum / some.length;
  for (let i = 0; i < some.length; i++) some[i] -= offset;
  return some;
}

function productsOf(channels: readonly Float32Array[], start: number, end: number): Matrix {
  return channels.map((one) =>
    channels.map((other) => {
      let sum = 0;
      for (let i = start; i < end; i++) sum += one[i] * other[i];
      return sum;
    }),
  );
}

/** Return the agreement of channels, 1 in silence, and their power. */
function agreementOf(products: Matrix): { agreement: number; power: number } {
  const power = products.reduce((sum, row, i) => sum + row[i], 0);
  const together = products.reduce((sum, row) => row.reduce((all, value) => all + value, sum), 0);
  return { agreement: power > 0 ? together / power : 1, power };
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

const weightsOf = (signs: Signs): number[] =>
  signs.map((sign) => Math.fround(1 / signs.length) * sign);

/** Compute the mean of channels; `result` has as many samples. */
function mean(
  channels: readonly Float32Array[],
  signs: Signs,
  result = new Float32Array(channels[0].length),
): Float32Array {
  const weights = weightsOf(signs);
  if (channels.length === 2) {
    addBoth(result, channels[0], channels[1], weights[0], weights[1]);
    return result;
  }
  result.fill(0);
  channels.forEach((channel, index) => add(result, channel, weights[index]));
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
