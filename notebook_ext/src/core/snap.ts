/** Snaps times to peaks of an activation, or to the grid. */

import { type Grid, refine } from "./pick";
import { lowerBound } from "./time";

export type Snap = "peak" | "grid" | "off";

/** Seconds around the pointer in which to look for a peak. */
const REACH = 0.05;
/** Parts of a beat: sixteenths, if a beat is a quarter. */
const PARTS = 4;

/** Return the time of the highest peak near a time, or else the time itself. */
export function toPeak(values: Float32Array, grid: Grid, time: number): number {
  const frame = (time - grid.offset + grid.delay) * grid.rate;
  const reach = REACH * grid.rate;
  let best = -1;
  for (
    let t = Math.max(Math.ceil(frame - reach), 0);
    t <= frame + reach && t < values.length;
    t++
  ) {
    const peak = values[t] > (values[t - 1] ?? 0) && values[t] >= (values[t + 1] ?? 0);
    if (peak && (best < 0 || values[t] > values[best])) best = t;
  }
  if (best < 0) return time;
  const position = best + refine(values, best);
  return Math.max(position / grid.rate + grid.offset - grid.delay, 0);
}

/** Return the nearest part of a beat; outside the beats, the time itself. */
export function toGrid(
  beats: readonly (readonly [number, number])[],
  time: number,
  parts = PARTS,
): number {
  const after = lowerBound(beats.length, (i) => beats[i][0], time);
  if (!after || after === beats.length)
    return beats[after]?.[0] === time ? time : nearest(beats, time);
  const [start] = beats[after - 1];
  const [end] = beats[after];
  return start + (Math.round(((time - start) / (end - start)) * parts) / parts) * (end - start);
}

function nearest(beats: readonly (readonly [number, number])[], time: number): number {
  const edge = beats.length ? beats[time < beats[0][0] ? 0 : beats.length - 1][0] : time;
  return Math.abs(edge - time) < REACH ? edge : time;
}
