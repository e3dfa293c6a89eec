/** Estimates velocities: the port of `adt_plugins.picking.velocity`. */

import { roundEven } from "../../src/core/pick";
import { LEVELS, VELOCITY } from "../../src/core/tables";
import { clamp } from "../../src/core/time";

const { REFERENCE_VELOCITY, REFERENCE_PERCENTILE, DB_PER_DECADE } = VELOCITY;
const { RISE_S, BEFORE_S, LEAST_RISE } = VELOCITY;
const { SILENCE } = LEVELS;

/** Return by how much a hit at each frame would raise the level of each drum, drum by drum, in dB. */
export function strengthsOf(
  levels: Float32Array,
  drums: number,
  rate: number,
): Float64Array<ArrayBuffer> {
  const frames = levels.length / drums;
  const all = new Float64Array(levels.length);
  for (let at = 0; at < all.length; at += frames)
    all.set(strengths(levels.subarray(at, at + frames), rate), at);
  return all;
}

function strengths(level: Float32Array, rate: number): Float64Array {
  const rise = roundEven(RISE_S * rate);
  const [near, far] = BEFORE_S.map((seconds) => roundEven(seconds * rate));
  const n = level.length;
  // Pad with silence before the first frame, and after the last.
  const power = new Float64Array(far + n + rise).fill(SILENCE);
  for (let t = 0; t < n; t++) power[far + t] = 10 ** (level[t] / 10);
  const result = new Float64Array(n);
  for (let t = 0; t < n; t++) {
    const at = t + far;
    let hit = power[at];
    for (let k = 1; k <= rise; k++) hit = Math.max(hit, power[at + k]);
    let before = 0;
    for (let k = near; k <= far; k++) before += power[at - k];
    before /= far - near + 1;
    result[t] = 10 * Math.log10(Math.max(hit - before, LEAST_RISE * hit));
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
