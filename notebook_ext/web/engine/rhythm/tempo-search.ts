/**
 * Finds the beat lengths that are worth searching: the port of `adt_plugins.rhythm.tempo_search`.
 */

import { roundEven } from "../../../src/core/pick";
import { BAR_POINTER, TEMPO_SEARCH } from "../../../src/core/tables";
import type { Densities, Evidence } from "./bar-pointer";

const { OBSERVATION_LAMBDA, TRANSITION_LAMBDA } = BAR_POINTER;
const { SEGMENT_S, LEAST_SEGMENTS, MULTIPLES, MARGIN, NEAR } = TEMPO_SEARCH;
const { SLACK_FRAMES, MOST_CHANGE, DOUBTFUL } = TEMPO_SEARCH;

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** Return whether each length is worth searching; all are in a short recording. */
export function likelyLengths(
  { frames, kinds: [silent, beat, downbeat] }: Densities,
  lengths: readonly number[],
  rate: number,
  evidence: Evidence,
): boolean[] {
  const segment = roundEven(SEGMENT_S * rate);
  if (frames < LEAST_SEGMENTS * segment) return lengths.map(() => true);
  // The position in the bar does not matter.
  const ratio = Float64Array.from(beat, (own, t) => Math.max(own, downbeat[t]) - silent[t]);
  const scores = combs(ratio, evidence, lengths, segment);
  const change = lengths.map((came) =>
    lengths.map((to) => Math.min(TRANSITION_LAMBDA * Math.abs(Math.log(came / to)), MOST_CHANGE)),
  );
  const marginals = marginal(scores, change);
  const path = marginals.map((row) => row.indexOf(Math.max(...row)));
  const own = path.map((n) => lengths[n]);
  const wanted = new Set(own);
  for (const row of marginals) {
    const least = Math.max(...row) - DOUBTFUL;
    lengths.forEach((length, n) => {
      if (row[n] >= least) wanted.add(length);
    });
  }
  const best = sum(path.map((n, k) => scores[k][n]));
  for (const multiple of MULTIPLES) {
    const others = own.map((length, k) => {
      const near = scores[k].filter((_, n) => isNear(lengths[n], length * multiple, NEAR / 2));
      return near.length ? Math.max(...near) : -Infinity;
    });
    if (sum(others) >= best - MARGIN * path.length) {
      for (const length of own) wanted.add(length * multiple);
    }
  }
  const searched = [...wanted];
  return lengths.map((length) => searched.some((other) => isNear(length, other, NEAR)));
}

const isNear = (length: number, wanted: number, ratio: number): boolean =>
  Math.abs(length / wanted - 1) <= ratio;

/** Return the score of the best comb of each length in each segment. */
function combs(
  ratio: Float64Array,
  evidence: Evidence,
  lengths: readonly number[],
  segment: number,
): number[][] {
  const frames = ratio.length;
  const count = Math.ceil(frames / segment);
  const [beginnings, ...others] = evidence.means();
  const sums = new Float64Array(frames + 1);
  for (let t = 0; t < frames; t++) sums[t + 1] = sums[t] + ratio[t];
  const scores = Array.from({ length: count }, () => new Array<number>(lengths.length).fill(0));
  const gained = new Float32Array(frames);
  const spread = new Float32Array(count * segment + 2 * lengths[lengths.length - 1]);
  const known = new Float32Array(frames);
  let head = 0;
  lengths.forEach((length, n) => {
    if (head !== Math.ceil(length / OBSERVATION_LAMBDA)) {
      head = Math.ceil(length / OBSERVATION_LAMBDA);
      for (let t = 0; t < frames; t++) {
        const own = Math.fround(sums[Math.min(t + head, frames)] - sums[t]);
        known[t] = beginnings[t] + own;
      }
    }
    gained.set(known);
    others.forEach((part, number) => {
      const at = Math.floor(((number + 1) * length) / evidence.division);
      for (let t = 0; t + at < frames; t++) gained[t] += part[t + at];
    });
    highest(gained, spread);
    const teeth = Math.ceil(segment / length);
    for (let k = 0; k < count; k++) {
      const most = comb(spread, k * segment, length, teeth);
      scores[k][n] = most * (segment / (teeth * length));
    }
  });
  return scores;
}

/** Compute the highest value within the slack of each. */
function highest(values: Float32Array, out: Float32Array): void {
  for (let t = 0; t < values.length; t++) {
    let most = values[t];
    const end = Math.min(t + SLACK_FRAMES, values.length - 1);
    for (let k = Math.max(t - SLACK_FRAMES, 0); k <= end; k++) {
      if (values[k] > most) most = values[k];
    }
    out[t] = most;
  }
}

/** Return the highest sum of evenly spaced values. */
function comb(values: Float32Array, start: number, length: number, teeth: number): number {
  let most = -Infinity;
  for (let phase = start; phase < start + length; phase++) {
    let total = 0;
    for (let tooth = 0; tooth < teeth; tooth++) {
      total = Math.fround(total + values[phase + tooth * length]);
    }
    if (total > most) most = total;
  }
  return most;
}

/** Return the score of the best sequence through each length of each segment. */
function marginal(scores: readonly number[][], change: readonly number[][]): number[][] {
  const zeros = () => scores.map((row) => row.map(() => 0));
  const [before, after] = [zeros(), zeros()];
  const best = (from: readonly number[], to: number) =>
    Math.max(...from.map((score, n) => score - change[n][to]));
  for (let k = 1; k < scores.length; k++) {
    const came = scores[k - 1].map((score, n) => before[k - 1][n] + score);
    before[k] = came.map((_, n) => best(came, n));
    const m = scores.length - 1 - k;
    const goes = scores[m + 1].map((score, n) => after[m + 1][n] + score);
    after[m] = goes.map((_, n) => best(goes, n)); // changes are symmetric
  }
  return scores.map((row, k) => row.map((score, n) => before[k][n] + score + after[k][n]));
}
