/** Detects changes of harmony: the port of `adt_plugins.rhythm.chord_changes`. */

import { roundEven } from "../../../src/core/pick";
import { CHORDS } from "../../../src/core/tables";
import { clamp } from "../../../src/core/time";
import type { FrontEnd } from "../engine-types";
import type { Filter } from "../filterbank";

const { LOWEST_HZ, HIGHEST_HZ, SPAN_S, POOLED, LEAST, MOST } = CHORDS;

/** Collects chroma while a recording is being read. */
export class Harmony {
  readonly #first: number;
  readonly #width: number;
  readonly #bands: number;
  readonly #span: number;
  /** Means of groups of frames. */
  readonly #pooled: Float32Array[] = [];
  #sum: Float32Array;
  #inSum = 0;
  #frames = 0;

  constructor(filters: readonly Filter[], { sample_rate: rate, ...frontEnd }: FrontEnd) {
    const inside = filters.map(({ centre }) => {
      const hertz = (centre * rate) / frontEnd.frame_size;
      return hertz >= LOWEST_HZ && hertz <= HIGHEST_HZ;
    });
    this.#first = inside.indexOf(true);
    this.#width = inside.lastIndexOf(true) + 1 - this.#first;
    this.#bands = filters.length;
    this.#span = roundEven((SPAN_S * rate) / frontEnd.hop_size / POOLED);
    this.#sum = new Float32Array(this.#width);
  }

  /** Process the next frames. */
  hear(frames: Float32Array): void {
    for (let at = this.#first; at < frames.length; at += this.#bands) {
      for (let band = 0; band < this.#width; band++) this.#sum[band] += frames[at + band];
      this.#frames++;
      if (++this.#inSum < POOLED) continue;
      this.#pooled.push(this.#sum.map((value) => value / POOLED));
      this.#sum = new Float32Array(this.#width);
      this.#inSum = 0;
    }
  }

  /** Return the novelty of each frame, in standard deviations from the recording's mean. */
  changes(): Float32Array {
    const count = this.#pooled.length;
    const edge = this.#span >> 1;
    const result = new Float32Array(this.#frames);
    if (count <= 2 * edge) return result;
    const distance = this.#distances()
      .map((value) => Math.log(value + LEAST))
      .slice(edge, count - edge);
    const mean = average(distance);
    const spread = Math.sqrt(average(distance.map((value) => (value - mean) ** 2)));
    if (spread <= 1e-6) return result;
    distance.forEach((value, k) => {
      const at = (k + edge) * POOLED;
      result.fill(clamp((value - mean) / spread, -MOST, MOST), at, at + POOLED);
    });
    return result;
  }

  /** Return the cosine distance between the means before and after each row. */
  #distances(): Float64Array {
    const count = this.#pooled.length;
    const width = this.#width;
    const sums = [new Float64Array(width)];
    for (const [k, row] of this.#pooled.entries()) {
      const sum = sums[k].slice();
      for (let band = 0; band < width; band++) sum[band] += row[band];
      sums.push(sum);
    }
    const old = new Float64Array(width);
    const fresh = new Float64Array(width);
    return Float64Array.from({ length: count }, (_, here) => {
      centredMean(sums, Math.max(here - this.#span, 0), here, old);
      // The row itself may contain the attack of a drum.
      const next = Math.min(here + 1, count);
      centredMean(sums, next, Math.min(here + this.#span, count), fresh);
      return 1 - dot(old, fresh) / (Math.sqrt(dot(old, old) * dot(fresh, fresh)) + 1e-6);
    });
  }
}

const average = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum;
}

/** Return the mean of some rows, centred at zero, from cumulative sums of rows. */
function centredMean(
  sums: readonly Float64Array[],
  first: number,
  last: number,
  out: Float64Array,
): void {
  const count = Math.max(last - first, 1);
  let total = 0;
  for (let band = 0; band < out.length; band++) {
    out[band] = (sums[last][band] - sums[first][band]) / count;
    total += out[band];
  }
  const mean = total / out.length;
  for (let band = 0; band < out.length; band++) out[band] -= mean;
}
