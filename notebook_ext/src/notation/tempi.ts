/** Finds the bars that need a tempo mark: the port of `adt_plugins.formats.notation.tempi`. */

import { tempoQuarters } from "../core/meter";
import { roundEven } from "../core/pick";
import { TEMPI } from "../core/tables";
import { apart, median, sum } from "../core/tempo";
import { type Bar, ticksOf } from "./bars";
import { TICKS } from "./score";

const { WOBBLE, LEAST_COST, SLOWING_BARS } = TEMPI;

/** A tempo, from the bar at which it stands. */
export interface TempoMark {
  /** What is printed: the tempo in the bar's own unit, rounded. */
  readonly beats: number;
  /** What is printed instead: "rit.", or nothing where a ritardando goes on. */
  readonly text: string | null;
}

/** Return the tempo marks by the index of their bars; `quarters`: the usual tempo. */
export function tempoMarks(
  bars: readonly Bar[],
  end: number,
  quarters: number,
  isSteady: boolean,
): Map<number, TempoMark> {
  const times = [...bars.map(({ beats }) => beats[0].time), end];
  const lengths = bars.map((bar) => ticksOf(bar) / TICKS);
  const starts = isSteady ? [0] : changes(lengths, apart(times));
  const ends = [...starts.slice(1), bars.length];
  const tempi = starts.map((start, n) =>
    starts.length > 1
      ? (60 * sum(lengths.slice(start, ends[n]))) / (times[ends[n]] - times[start])
      : quarters,
  );
  let slowing = starts.length;
  while (
    slowing > 1 &&
    tempi[slowing - 1] < tempi[slowing - 2] &&
    ends[slowing - 1] - starts[slowing - 1] <= SLOWING_BARS
  )
    slowing--;
  const marks = new Map<number, TempoMark>();
  let printed = "";
  starts.forEach((start, n) => {
    const unit = tempoQuarters(bars[start].meter);
    const beats = roundEven(tempi[n] / unit);
    const text = n < slowing ? null : n === slowing ? "rit." : "";
    const now = `${beats} ${unit}`;
    if (text === null && printed === now) return;
    marks.set(start, { beats, text });
    printed = text === null ? now : "";
  });
  return marks;
}

/** Return the indices of the bars with which stretches of one tempo begin. */
function changes(lengths: readonly number[], seconds: readonly number[]): number[] {
  const raw = lengths.map((length, n) => seconds[n] / length);
  const usual = median(raw);
  const steps = raw.map((step) => step / usual);
  const between = steps.length > 1 ? median(apart(steps).map(Math.abs)) : 0;
  const cost = Math.max(WOBBLE * between * between, LEAST_COST);
  const [weights, sums, squares] = [[0], [0], [0]];
  steps.forEach((step, n) => {
    const weight = lengths[n] / 4;
    weights.push(weights[n] + weight);
    sums.push(sums[n] + weight * step);
    squares.push(squares[n] + weight * step * step);
  });
  const best = [0];
  const before = [0];
  for (let n = 1; n <= lengths.length; n++) {
    best[n] = Number.POSITIVE_INFINITY;
    for (let k = 0; k < n; k++) {
      const total = sums[n] - sums[k];
      const off = squares[n] - squares[k] - (total * total) / (weights[n] - weights[k]);
      const all = best[k] + off + cost;
      if (all < best[n]) [best[n], before[n]] = [all, k];
    }
  }
  const starts = [before[lengths.length]];
  while (starts[0]) starts.unshift(before[starts[0]]);
  return starts;
}
