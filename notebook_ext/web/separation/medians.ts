/** Medians, of many values and over time. */

import { TEMPLATES } from "../../src/core/tables";
import { BINS } from "./spectra";

const { WIDTH, STEP } = TEMPLATES;
const HALF = WIDTH >> 1;

/** Return the median of a few values, which are sorted in place. */
export function median(values: Float32Array): number {
  for (let i = 1; i < values.length; i++) {
    const value = values[i];
    let at = i;
    for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
    values[at] = value;
  }
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/**
 * Return what lasts: each bin's median over a third of a second. It is computed at every
 * fourth frame, and interpolated in between.
 */
export function lasting(magnitudes: Float32Array): Float32Array {
  const count = magnitudes.length / BINS;
  const out = new Float32Array(magnitudes.length);
  const column = new Float32Array(count + 2 * WIDTH);
  const sorted = new Float32Array(WIDTH);
  for (let bin = 0; bin < BINS; bin++) {
    for (let i = 0; i < column.length; i++) {
      const frame = Math.min(Math.max(i - HALF, 0), count - 1);
      column[i] = magnitudes[frame * BINS + bin];
    }
    sorted.set(column.subarray(0, WIDTH));
    sorted.sort();
    for (let frame = 0; frame < count; frame += STEP) {
      const before = sorted[HALF];
      for (let i = frame; i < frame + STEP; i++) replace(sorted, column[i], column[i + WIDTH]);
      for (let part = 0; part < STEP && frame + part < count; part++) {
        const share = part / STEP;
        out[(frame + part) * BINS + bin] = before * (1 - share) + sorted[HALF] * share;
      }
    }
  }
  return out;
}

/** Replace one of sorted values by another. */
function replace(sorted: Float32Array, old: number, value: number): void {
  let at = 0;
  while (sorted[at] < old) at++;
  for (; at + 1 < WIDTH && sorted[at + 1] < value; at++) sorted[at] = sorted[at + 1];
  for (; at > 0 && sorted[at - 1] > value; at--) sorted[at] = sorted[at - 1];
  sorted[at] = value;
}
