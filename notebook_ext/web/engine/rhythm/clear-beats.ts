/** Leaves out what is no beat to tap to: the port of `adt_plugins.rhythm.clear_beats`. */

import { CLEAR_BEATS } from "../../../src/core/tables";
import type { FrameOfBeat } from "./bar-pointer";

const { CLEAR, SEVERAL, AROUND } = CLEAR_BEATS;

/** Probabilities of each frame: of a beat other than a downbeat, and of a downbeat. */
export interface Observed {
  readonly beats: Float64Array;
  readonly downbeats: Float64Array;
}

/** Return the beats of the music, if they are clear. */
export function clearOnes(observed: Observed, found: readonly FrameOfBeat[]): FrameOfBeat[] {
  const heights = found.map(([frame]) => height(observed, frame));
  const sum = heights.reduce((total, value) => total + value, 0);
  if (heights.length < 2 || sum / heights.length < CLEAR) return [];
  return found.slice(...clearPart(heights));
}

function height({ beats, downbeats }: Observed, frame: number): number {
  let most = 0;
  const end = Math.min(frame + AROUND, beats.length - 1);
  for (let t = Math.max(frame - AROUND, 0); t <= end; t++) {
    most = Math.max(most, beats[t] + downbeats[t]);
  }
  return most;
}

/** Return the beats without several unclear ones at either end, as [first, end]. */
function clearPart(heights: readonly number[]): [number, number] {
  const sums = [0];
  for (const value of heights) sums.push(sums[sums.length - 1] + (value - CLEAR));
  let [start, stop, lowest] = [0, 0, 0];
  sums.forEach((sum, n) => {
    if (sum - sums[lowest] > sums[stop] - sums[start]) [start, stop] = [lowest, n];
    if (sum < sums[lowest]) lowest = n;
  });
  const many = heights.length;
  return [start >= SEVERAL ? start : 0, many - stop >= SEVERAL ? stop : many];
}
