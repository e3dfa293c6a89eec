/**
 * Finds the beat lengths that are worth searching: the port of `adt_plugins.rhythm.tempo_search`.
 */

import { roundEven } from "../../../src/core/pick";
import { BAR_POINTER, TEMPO_SEARCH } from "../../../src/core/tables";
import type { Densities, Evidence } from "./bar-pointer";
import type { BeatLoops } from "./beat-loops";

const { OBSERVATION_LAMBDA, TRANSITION_LAMBDA } = BAR_POINTER;
const { SEGMENT_S, LEAST_SEGMENTS, MULTIPLES, MARGIN, NEAR } = TEMPO_SEARCH;
const { SLACK_FRAMES, MOST_CHANGE, DOUBTFUL } = TEMPO_SEARCH;

/** Frames beyond the ends, which vectors reach; more than the slack. */
const EDGE = 8;

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
  loops: BeatLoops,
): boolean[] {
  const segment = roundEven(SEGMENT_S * rate);
  if (frames < LEAST_SEGMENTS * segment) return lengths.map(() => true);
  // The position in the bar does not matter.
  const ratio = Float64Array.from(beat, (own, t) => Math.max(own, downbeat[t]) - silent[t]);
  const scores = combs(ratio, evidence, lengths, segment, loops);
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
  loops: BeatLoops,
): number[][] {
  const { run } = loops;
  const frames = ratio.length;
  const count = Math.ceil(frames / segment);
  const longest = lengths[lengths.length - 1];
  const sums = new Float64Array(frames + 1);
  for (let t = 0; t < frames; t++) sums[t + 1] = sums[t] + ratio[t];
  const [beginnings, ...means] = evidence.means();
  const others = means.map((part) => {
    const place = loops.room(frames + longest); // nothing follows the last frame
    loops.floats(place, frames).set(part);
    return place;
  });
  const known = new Float32Array(frames);
  // Beyond both ends, nothing is highest.
  const gained = loops.floatsAt(new Float32Array(frames + 2 * EDGE).fill(-Infinity)) + 4 * EDGE;
  const spread = loops.room(count * segment + 2 * longest);
  const scores = Array.from({ length: count }, () => new Array<number>(lengths.length).fill(0));
  let head = 0;
  lengths.forEach((length, n) => {
    if (head !== Math.ceil(length / OBSERVATION_LAMBDA)) {
      head = Math.ceil(length / OBSERVATION_LAMBDA);
      for (let t = 0; t < frames; t++) {
        const own = Math.fround(sums[Math.min(t + head, frames)] - sums[t]);
        known[t] = beginnings[t] + own;
      }
    }
    loops.floats(gained, frames).set(known);
    others.forEach((part, number) => {
      const at = Math.floor(((number + 1) * length) / evidence.division);
      run.add(gained, part + 4 * at, frames);
    });
    run.spread(gained, frames, SLACK_FRAMES, spread);
    loops.floats(spread + 4 * frames, EDGE).fill(0);
    const teeth = Math.ceil(segment / length);
    for (let k = 0; k < count; k++) {
      const most = run.comb(spread + 4 * k * segment, length, teeth);
      scores[k][n] = most * (segment / (teeth * length));
    }
  });
  return scores;
}

/** Return the score of the best sequence through each length of each segment. */
function marginal(scores: readonly number[][], change: readonly number[][]): number[][] {
  const zeros = () => scores.map((row) => row.map(() => 0));
  const [before, after] = [zeros(), zeros()];
  const best = (from: readonly number[], to: number) => {
    let most = -Infinity;
    for (let n = 0; n < from.length; n++) most = Math.max(most, from[n] - change[n][to]);
    return most;
  };
  for (let k = 1; k < scores.length; k++) {
    const came = scores[k - 1].map((score, n) => before[k - 1][n] + score);
    before[k] = came.map((_, n) => best(came, n));
    const m = scores.length - 1 - k;
    const goes = scores[m + 1].map((score, n) => after[m + 1][n] + score);
    after[m] = goes.map((_, n) => best(goes, n)); // changes are symmetric
  }
  return scores.map((row, k) => row.map((score, n) => before[k][n] + score + after[k][n]));
}
