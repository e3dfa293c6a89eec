/**
 * Picks hits from activations exactly like `adt_plugins.picking.peaks` and `exclusive`: the
 * same frames, times and confidences to the last bit. Python computes averages in double
 * precision and compares in single precision; `Math.fround` is used where it rounds.
 */

import { coarseOf } from "./drums";
import { strokesOf } from "./rolls";
import { EXCLUSIVE } from "./tables";
import { clamp, lowerBound } from "./time";

export interface Picker {
  readonly kind: string;
  readonly pre_avg: number;
  readonly post_avg: number;
  readonly pre_max: number;
  readonly post_max: number;
  readonly combine: number;
}

export interface Activation {
  readonly drum: string;
  readonly values: Float32Array;
}

export interface Pick {
  readonly drum: string;
  readonly frame: number;
  /** Interpolated frame. */
  readonly position: number;
  readonly time: number;
  readonly confidence: number;
}

export interface Grid {
  readonly rate: number;
  readonly offset: number;
  readonly delay: number;
}

const EPSILON = EXCLUSIVE.EPSILON;
const SAME_STROKE_S = EXCLUSIVE.SAME_STROKE_S;

/** Round half to even, like Python's `round` and NumPy's `rint`. */
export function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

export function pickPeaks(
  values: Float32Array,
  threshold: number,
  picker: Picker,
  rate: number,
): number[] {
  if (picker.kind === "adtlib") return pickAdtlib(values, threshold);
  if (picker.kind === "madmom" || picker.kind === "valley") {
    return pickMadmom(values, threshold, picker, rate);
  }
  throw new Error(`unknown picker ${picker.kind}`);
}

function pickAdtlib(values: Float32Array, threshold: number): number[] {
  const peaks = [];
  for (let t = 0; t < values.length; t++) {
    const value = values[t];
    const before = t ? values[t - 1] : 0;
    const after = t + 1 < values.length ? values[t + 1] : 0;
    if (value > before && value >= after && value > threshold) peaks.push(t);
  }
  return peaks;
}

function pickMadmom(
  values: Float32Array,
  threshold: number,
  picker: Picker,
  rate: number,
): number[] {
  const frames = (seconds: number) => roundEven(seconds * rate);
  const preMax = frames(picker.pre_max);
  const postMax = frames(picker.post_max);
  const n = values.length;
  const reached = new Float32Array(n);
  const limit = thresholdLine(values, threshold, picker, rate, true);
  for (let t = 0; t < n; t++) if (values[t] >= limit[t]) reached[t] = values[t];
  const distance = Math.trunc(picker.combine * rate + EPSILON);
  const kept: number[] = [];
  let before = -2;
  for (let t = 0; t < n; t++) {
    const value = reached[t];
    if (value === 0) continue;
    let highest = true;
    const end = Math.min(t + postMax, n - 1);
    for (let other = Math.max(t - preMax, 0); highest && other <= end; other++) {
      highest = reached[other] <= value;
    }
    if (!highest) continue;
    const repeated = before === t - 1 && reached[before] === value;
    before = t;
    if (repeated) continue;
    if (!kept.length || t - kept[kept.length - 1] > distance) kept.push(t);
  }
  return kept;
}

/**
 * Return the value that an activation has to reach in each frame; `isRough`: where it does not
 * reach the threshold anyway, just that, which is much faster.
 */
export function thresholdLine(
  values: Float32Array,
  threshold: number,
  picker: Picker,
  rate: number,
  isRough = false,
): Float32Array {
  const n = values.length;
  if (picker.kind === "adtlib") return new Float32Array(n).fill(threshold);
  const before = roundEven(picker.pre_avg * rate);
  const after = roundEven(picker.post_avg * rate);
  const single = Math.fround(threshold);
  const limit = new Float32Array(n).fill(single);
  if (before + after <= 0) return limit;
  const length = before + after + 1;
  if (picker.kind === "valley" && before > 0) {
    for (let t = 0; t < n; t++) {
      // Activations are never negative, so the line never lies below the threshold.
      if (isRough && values[t] < single) continue;
      limit[t] = Math.fround(valleySum(values, t, before, after) / length) + single;
    }
    return limit;
  }
  const total = new Float64Array(n + length);
  // Pad with zeros at both ends, and one more in front, since sums are differences.
  let sum = 0;
  for (let i = 0; i < n + length; i++) {
    const t = i - before - 1;
    if (t >= 0 && t < n) sum += values[t];
    total[i] = sum;
  }
  for (let t = 0; t < n; t++) {
    limit[t] = Math.fround((total[t + length] - total[t]) / length) + single;
  }
  return limit;
}

/** Sum the values around a frame; before the last minimum, at most the minimum counts. */
function valleySum(values: Float32Array, frame: number, before: number, after: number): number {
  const at = (t: number) => (t >= 0 && t < values.length ? values[t] : 0);
  let lowest = Number.POSITIVE_INFINITY;
  for (let t = frame - before; t < frame; t++) lowest = Math.min(lowest, at(t));
  let sum = 0;
  for (let t = frame; t <= frame + after; t++) sum += at(t);
  let passed = false;
  for (let t = frame - 1; t >= frame - before; t--) {
    passed ||= at(t) === lowest;
    sum += passed ? lowest : at(t);
  }
  return sum;
}

/** Return the vertex of the parabola through a peak and its neighbours, in frames. */
export function refine(values: Float32Array, frame: number): number {
  if (values.length < 3 || frame <= 0 || frame >= values.length - 1) return 0;
  const left = values[frame - 1];
  const centre = values[frame];
  const right = values[frame + 1];
  const denominator = left - 2 * centre + right;
  if (denominator === 0) return 0;
  return clamp((0.5 * (left - right)) / denominator, -0.5, 0.5);
}

/** Return 0 for an activation of 0, 0.5 at the threshold, 1 at 1, like `np.interp`. */
export function confidence(value: number, threshold: number): number {
  const knee = clamp(threshold, 1e-6, 1 - 1e-6);
  if (value <= 0) return 0;
  if (value >= 1) return 1;
  if (value === knee) return 0.5;
  if (value < knee) return (0.5 / knee) * value;
  return (0.5 / (1 - knee)) * (value - knee) + 0.5;
}

/** Return the picks of each drum, sorted, without coinciding kinds of one drum. */
export function pickAll(
  lanes: readonly Activation[],
  thresholds: Readonly<Record<string, number>>,
  picker: Picker,
  grid: Grid,
): Pick[][] {
  const picked = lanes.map(({ drum, values }) => {
    const threshold = thresholds[drum];
    const firm = pickPeaks(values, threshold, picker, grid.rate);
    const frames =
      picker.kind === "valley"
        ? strokesOf(drum, values, threshold, firm, grid.rate, picker.combine)
        : firm;
    return frames.map((frame) => {
      const position = frame + (picker.kind === "adtlib" ? 0 : refine(values, frame));
      const time = Math.max(position / grid.rate + grid.offset - grid.delay, 0);
      return { drum, frame, position, time, confidence: confidence(values[frame], threshold) };
    });
  });
  return dropRivals(picked, SAME_STROKE_S * grid.rate);
}

/** Keep one of the picks of a coarse drum that lie within `window` frames. */
function dropRivals(picked: Pick[][], window: number): Pick[][] {
  const families = new Map<string, number[]>();
  picked.forEach((picks, lane) => {
    if (!picks.length) return;
    const family = coarseOf(picks[0].drum);
    families.set(family, [...(families.get(family) ?? []), lane]);
  });
  const result = [...picked];
  for (const [family, lanes] of families) {
    if (lanes.length < 2) continue;
    const all = lanes.flatMap((lane) => picked[lane].map((pick) => ({ lane, pick })));
    const byTime = all.map((_, i) => i).sort((a, b) => all[a].pick.position - all[b].pick.position);
    // A finer kind wins over the coarse drum; otherwise the surer one wins.
    const coarse = (i: number) => Number(all[i].pick.drum === family);
    const order = all
      .map((_, i) => i)
      .sort(
        (a, b) => coarse(a) - coarse(b) || all[b].pick.confidence - all[a].pick.confidence || a - b,
      );
    const kept = new Uint8Array(all.length).fill(1);
    for (const i of order) {
      if (!kept[i]) continue;
      const { position } = all[i].pick;
      const at = (k: number) => all[byTime[k]].pick.position;
      let k = lowerBound(all.length, at, position - window - EPSILON);
      for (; k < all.length && at(k) <= position + window + EPSILON; k++) {
        if (all[byTime[k]].lane !== all[i].lane) kept[byTime[k]] = 0;
      }
    }
    for (const lane of lanes) {
      result[lane] = all.filter((item, i) => item.lane === lane && kept[i]).map(({ pick }) => pick);
    }
  }
  return result;
}
