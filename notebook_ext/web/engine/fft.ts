/**
 * Windows, Fourier transforms and filters in plain JavaScript; `assembly/bank.ts` is
 * the same, four frames at a time. The transform of 2n real values is one of n complex
 * ones (even and odd samples), radix 4, decimated in frequency and in place: what comes
 * out is in the order of reversed digits.
 */

import { type Bank, BLOCK_FRAMES, type Tables } from "./features";

/** cos and sin of 2πk / size, k < size, side by side. */
export function circle(size: number): Float64Array {
  const table = new Float64Array(2 * size);
  for (let k = 0; k < size; k++) {
    table[2 * k] = Math.cos((2 * Math.PI * k) / size);
    table[2 * k + 1] = Math.sin((2 * Math.PI * k) / size);
  }
  return table;
}

/** Return the positions of n complex values in digit-reversed order (base 4). */
export function reversedDigits(n: number): Int32Array {
  if (4 ** Math.round(Math.log2(n) / 2) !== n) throw new Error(`frames of ${2 * n} samples`);
  return Int32Array.from({ length: n }, (_, k) => {
    let reversed = 0;
    for (let digit = 1; digit < n; digit *= 4) {
      reversed = 4 * reversed + (Math.floor(k / digit) & 3);
    }
    return reversed;
  });
}

/** Return the number of bins that filters use, from the lowest. */
export const binsOf = (tables: Tables): number =>
  Math.max(...tables.filters.map(({ start, weights }) => start + weights.length));

export class ScriptBank implements Bank {
  readonly #tables: Tables;
  readonly #circle: Float64Array;
  readonly #order: Int32Array;
  readonly #values: Float64Array;
  readonly #magnitudes: Float64Array;
  readonly #out: Float32Array;

  constructor(tables: Tables) {
    this.#tables = tables;
    const n = tables.size / 2;
    this.#circle = circle(tables.size);
    this.#order = reversedDigits(n);
    this.#values = new Float64Array(tables.size);
    this.#magnitudes = new Float64Array(binsOf(tables));
    this.#out = new Float32Array(BLOCK_FRAMES * tables.filters.length);
  }

  run(samples: Float32Array): Float32Array {
    const { size, hop, window, filters } = this.#tables;
    let at = 0;
    for (let t = 0; t < BLOCK_FRAMES; t++) {
      for (let i = 0; i < size; i++) this.#values[i] = samples[t * hop + i] * window[i];
      this.#transform();
      this.#absolute();
      for (const { start, weights } of filters) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += this.#magnitudes[start + i] * weights[i];
        this.#out[at++] = sum;
      }
    }
    return this.#out;
  }

  compress(first: number, count: number, gain: number): void {
    const out = this.#out;
    for (let i = first; i < first + count; i++) out[i] = Math.log(1 + out[i] * gain) * Math.LOG10E;
  }

  #transform(): void {
    const x = this.#values;
    const w = this.#circle;
    const n = x.length >> 1;
    for (let length = n; length > 1; length >>= 2) {
      const quarter = length >> 2;
      const step = ((2 * n) / length) | 0;
      for (let j = 0; j < quarter; j++) {
        const k = 2 * j * step;
        const c1 = w[k],
          s1 = w[k + 1],
          c2 = w[2 * k],
          s2 = w[2 * k + 1],
          c3 = w[3 * k],
          s3 = w[3 * k + 1];
        for (let start = j; start < n; start += length) {
          const a = 2 * start,
            b = a + 2 * quarter,
            c = b + 2 * quarter,
            d = c + 2 * quarter;
          const pr = x[a] + x[c],
            pi = x[a + 1] + x[c + 1],
            mr = x[a] - x[c],
            mi = x[a + 1] - x[c + 1];
          const qr = x[b] + x[d],
            qi = x[b + 1] + x[d + 1],
            nr = x[b] - x[d],
            ni = x[b + 1] - x[d + 1];
          x[a] = pr + qr;
          x[a + 1] = pi + qi;
          const er = mr + ni,
            ei = mi - nr,
            fr = pr - qr,
            fi = pi - qi,
            gr = mr - ni,
            gi = mi + nr;
          // Times e^(-iφ): the sines come with a minus.
          x[b] = er * c1 + ei * s1;
          x[b + 1] = ei * c1 - er * s1;
          x[c] = fr * c2 + fi * s2;
          x[c + 1] = fi * c2 - fr * s2;
          x[d] = gr * c3 + gi * s3;
          x[d + 1] = gi * c3 - gr * s3;
        }
      }
    }
  }

  /** Compute the magnitudes of the real samples' bins from the complex values. */
  #absolute(): void {
    const x = this.#values;
    const w = this.#circle;
    const order = this.#order;
    const n = order.length;
    for (let k = 0; k < this.#magnitudes.length; k++) {
      const p = 2 * order[k],
        q = 2 * order[(n - k) % n];
      const er = 0.5 * (x[p] + x[q]),
        ei = 0.5 * (x[p + 1] - x[q + 1]);
      const or = 0.5 * (x[p + 1] + x[q + 1]),
        oi = 0.5 * (x[q] - x[p]);
      const re = er + or * w[2 * k] + oi * w[2 * k + 1];
      const im = ei + oi * w[2 * k] - or * w[2 * k + 1];
      this.#magnitudes[k] = Math.sqrt(re * re + im * im);
    }
  }
}
