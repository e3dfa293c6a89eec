/** Estimates velocities: the port of `adt_plugins.picking.velocity`. */

import { roundEven } from "../../src/core/pick";
import { LEVELS, VELOCITY } from "../../src/core/tables";
import { clamp } from "../../src/core/time";

const { REFERENCE_VELOCITY, REFERENCE_PERCENTILE, DB_PER_DECADE } = VELOCITY;
const { RISE_S, BEFORE_S, LEAST_RISE } = VELOCITY;
const { SILENCE } = LEVELS;

/** Return by how much a hit at each frame raises the level of its drum, in dB. */
export function strengths(
  level: Float32Array,
  frames: ArrayLike<number>,
  rate: number,
): Float64Array {
  const rise = roundEven(RISE_S * rate);
  const [near, far] = BEFORE_S.map((seconds) => roundEven(seconds * rate));
  const n = level.length;
  // Pad with silence before the first frame, and after the last.
  const power = new Float64Array(far + n + rise).fill(SILENCE);
  for (let t = 0; t < n; t++) power[far + t] = 10 ** (level[t] / 10);
  const result = new Float64Array(frames.length);
  for (let i = 0; i < frames.length; i++) {
    const at = clamp(frames[i], 0, Math.max(n - 1, 0)) + far;
    let hit = power[at];
    for (let k = 1; k <= rise; k++) hit = Math.max(hit, power[at + k]);
    let before = 0;
    for (let k = near; k <= far; k++) before += power[at - k];
    before /= far - near + 1;
    result[i] = 10 * Math.log10(Math.max(hit - before, LEAST_RISE * hit));
  }
  return result;
}

/** Return a percentile like `numpy.percentile`. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = (percent / 100) * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** Return MIDI velocities of hits by their strengths, relative to those of `others`. */
export function relative(strength: Float64Array, others: ArrayLike<number>): Uint8Array {
  const reference = percentile(others, REFERENCE_PERCENTILE);
  const velocities = new Uint8Array(strength.length);
  for (let i = 0; i < velocities.length; i++) {
    const louder = 10 ** ((strength[i] - reference) / DB_PER_DECADE);
    velocities[i] = clamp(roundEven(REFERENCE_VELOCITY * louder), 1, 127);
  }
  return velocities;
}
