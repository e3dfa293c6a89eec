/** Weighs hits by the same places of similar bars: the port of `picking.recurrence`. */

import { type Activation, roundEven } from "../../src/core/pick";
import { RECURRENCE } from "../../src/core/tables";
import { clamp } from "../../src/core/time";
import type { Beat } from "./rhythm/beats";
import { nearby } from "./rhythm/drum-patterns";

const { WEIGHT, MOST, REACH, SHARPNESS, PRIOR, NEAR_S, SLOT_S, LEAST_BEATS, FLOOR } = RECURRENCE;

/** Which half bars of a recording resemble each other. */
export interface SimilarBars {
  readonly grid: Grid;
  /** For each distance, from 1, how much each unit and the one so far behind it count. */
  readonly similar: readonly Float64Array[];
}

/** Change the drums' activations in place, and return what they were weighed by. */
export function weigh(
  lanes: readonly Activation[],
  thresholds: Readonly<Record<string, number>>,
  beats: readonly Beat[],
  rate: number,
): SimilarBars | null {
  if (beats.length < LEAST_BEATS || !lanes.length) return null;
  const grid = divide(beats, lanes[0].values.length, rate);
  const heard = lanes.map(({ values }) => atPlaces(nearby(values, roundEven(NEAR_S * rate)), grid));
  const bars = { grid, similar: similarities(heard, grid) };
  const known = grid.frames.map((frame) => Number(frame >= 0));
  lanes.forEach(({ drum, values }, n) => {
    const usual = logOdds(thresholds[drum]);
    const odds = new Float64Array(heard[n].length);
    for (let slot = 0; slot < odds.length; slot++)
      odds[slot] = clamp(logOdds(heard[n][slot]) - usual, -MOST, MOST);
    const raised = mean(odds, bars, known);
    for (let t = 0; t < values.length; t++) {
      const own = logOdds(values[t]) + WEIGHT * raised[grid.slots[t]];
      values[t] = 1 / (1 + Math.exp(-own));
    }
  });
  return bars;
}

/**
 * The mean log odds of the hits in the same place of other units, from the frames of a drum's hits
 * and the log odds of each for each kind.
 */
export function meanOfHits(
  bars: SimilarBars,
  frames: readonly number[],
  odds: readonly Float64Array[],
): Float64Array[] {
  const slots = frames.map((frame) => bars.grid.slots[frame]);
  const hits = new Int32Array(bars.grid.frames.length).fill(-1); // nearest to each place
  for (const shift of [1, -1, 0]) for (const [n, slot] of slots.entries()) hits[slot + shift] = n; // beyond the ends nothing is set
  const known = hits.map((hit) => Number(hit >= 0));
  const means = Array.from({ length: odds[0].length }, (_, kind) =>
    mean(
      Float64Array.from(hits, (hit) => (hit < 0 ? 0 : odds[hit][kind])),
      bars,
      known,
    ),
  );
  return slots.map((slot) => Float64Array.from(means, (values) => values[slot]));
}

/** Places of the bar in frames: the nearest frame of each place, -1 outside. */
interface Grid {
  readonly units: number;
  readonly places: number;
  readonly frames: Int32Array;
  /** The nearest place of each frame. */
  readonly slots: Int32Array;
}

function divide(beats: readonly Beat[], count: number, rate: number): Grid {
  const at = beats.map(([time]) => time * rate);
  const number = at.map((_, n) => n);
  const bar = Math.max(...beats.map(([, position]) => position));
  const unit = bar % 2 ? bar : bar / 2;
  const places = unit * Math.max(1, roundEven(median(at) / rate / SLOT_S));
  const phase = (unit - ((beats[0][1] - 1) % unit)) % unit;
  const [begin, end] = [0, count].map((frame) => continued(frame, at, number));
  const first = phase + unit * Math.floor((begin - phase) / unit);
  const units = Math.max(1, Math.ceil((end - first) / unit));
  const frames = new Int32Array(units * places);
  for (let step = 0; step < frames.length; step++) {
    const frame = roundEven(continued(first + (step * unit) / places, number, at));
    frames[step] = frame >= 0 && frame < count ? frame : -1;
  }
  const slots = new Int32Array(count);
  for (let frame = 0; frame < count; frame++) {
    const slot = roundEven(((continued(frame, at, number) - first) * places) / unit);
    slots[frame] = clamp(slot, 0, frames.length - 1);
  }
  return { units, places, frames, slots };
}

/** The median distance of neighbours. */
function median(at: readonly number[]): number {
  const steps = at.slice(1).map((value, n) => value - at[n]);
  steps.sort((a, b) => a - b);
  const middle = steps.length >> 1;
  return steps.length % 2 ? steps[middle] : (steps[middle - 1] + steps[middle]) / 2;
}

/** Interpolate linearly, and beyond the ends go on with the slope there. */
function continued(x: number, xs: readonly number[], ys: readonly number[]): number {
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  const slope = (ys[high] - ys[low]) / (xs[high] - xs[low]);
  // From the last one on as Python computes it: halves are rounded afterwards.
  const from = x >= xs[xs.length - 1] ? high : low;
  return slope * (x - xs[from]) + ys[from];
}

const atPlaces = (values: Float32Array, { frames }: Grid): Float32Array =>
  Float32Array.from(frames, (frame) => (frame < 0 ? 0 : values[frame]));

/** For each distance, from 1, how similar each unit is to the one so far behind it. */
function similarities(heard: readonly Float32Array[], { units, places }: Grid): Float64Array[] {
  const product = (one: number, other: number) => {
    let sum = 0;
    for (const values of heard)
      for (let place = 0; place < places; place++)
        sum += values[one * places + place] * values[other * places + place];
    return sum;
  };
  const norms = Float64Array.from({ length: units }, (_, unit) => Math.sqrt(product(unit, unit)));
  return Array.from({ length: Math.min(REACH, units - 1) }, (_, n) =>
    Float64Array.from({ length: units - n - 1 }, (_, unit) => {
      const later = unit + n + 1;
      return (product(unit, later) / Math.max(norms[unit] * norms[later], FLOOR)) ** SHARPNESS;
    }),
  );
}

/** The mean log odds of other units at each place, where they are known (1). */
function mean(
  odds: Float64Array,
  { grid: { places }, similar }: SimilarBars,
  known: Int32Array,
): Float64Array {
  const total = new Float64Array(odds.length);
  const weight = new Float64Array(odds.length).fill(PRIOR);
  similar.forEach((shares, n) => {
    const behind = (n + 1) * places;
    for (let slot = 0; slot + behind < odds.length; slot++) {
      const later = slot + behind;
      const share = shares[Math.floor(slot / places)];
      total[slot] += share * known[later] * odds[later];
      weight[slot] += share * known[later];
      total[later] += share * known[slot] * odds[slot];
      weight[later] += share * known[slot];
    }
  });
  return total.map((value, slot) => value / weight[slot]);
}

function logOdds(value: number): number {
  const clipped = clamp(value, FLOOR, 1 - FLOOR);
  return Math.log(clipped / (1 - clipped));
}
