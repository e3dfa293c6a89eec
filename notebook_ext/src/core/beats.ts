/** Finds the bar and beat at a time, and the tempo there. */

import { clamp, lowerBound } from "./time";

/** Time in seconds, and position in its bar: 1 is the downbeat. */
export type Beats = readonly (readonly [time: number, position: number])[];

/** Beats on each side over which the tempo is averaged. */
const AROUND = 4;

/** Index of the last beat at or before a time; -1 before the first. */
const indexAt = (beats: Beats, time: number): number =>
  lowerBound(beats.length, (k) => beats[k][0], time + 1e-6) - 1;

/** Return bar and beat at a time, as "3.2"; bar 0 is the pickup. Empty before the first beat. */
export function barAndBeat(beats: Beats, time: number): string {
  const index = indexAt(beats, time);
  if (index < 0) return "";
  let bar = 0;
  for (let k = 0; k <= index; k++) if (beats[k][1] === 1) bar++;
  return `${bar}.${beats[index][1]}`;
}

/** Return the seconds per beat near a time; null with fewer than two beats. */
export function secondsPerBeat(beats: Beats, time: number): number | null {
  if (beats.length < 2) return null;
  const middle = clamp(indexAt(beats, time), 0, beats.length - 1);
  const first = Math.max(0, middle - AROUND);
  const last = Math.min(beats.length - 1, middle + AROUND);
  return (beats[last][0] - beats[first][0]) / (last - first);
}

/** Return the number of beats in the bar at a time; a last bar cut short counts as the one before. */
export function beatsPerBar(beats: Beats, time: number): number {
  const index = Math.max(indexAt(beats, time), 0);
  let most = beats[index]?.[1] ?? 4;
  const before = beats[index - most]?.[1] ?? 0;
  let k = index + 1;
  for (; k < beats.length && beats[k][1] !== 1; k++) most = beats[k][1];
  return k < beats.length ? most : Math.max(most, before);
}

/**
 * Return a bar of clicks before a time, in step with the beats there: how many seconds before it
 * each is, and whether a bar starts with it. Empty without a tempo.
 */
export function countIn(beats: Beats, time: number): [before: number, isBar: boolean][] {
  const step = secondsPerBeat(beats, time);
  if (step === null) return [];
  const [near, position] = beats[Math.max(indexAt(beats, time), 0)];
  const count = beatsPerBar(beats, time);
  // The last click comes before the time, not with it.
  const last = Math.floor((near - time) / step + 1e-4) + 1;
  return Array.from({ length: count }, (_, k) => {
    const back = last + count - 1 - k;
    return [time - near + back * step, (position - 1 - back) % count === 0];
  });
}

/** Return the bars that contain a range; null if there are none. */
export function barsAround(
  beats: Beats,
  start: number,
  end: number,
): { start: number; end: number } | null {
  const bars = beats.filter(([, position]) => position === 1).map(([time]) => time);
  const first = lowerBound(bars.length, (k) => bars[k], start + 1e-6) - 1;
  const next = lowerBound(bars.length, (k) => bars[k], Math.max(end, bars[first] + 1e-3));
  if (first < 0 || next >= bars.length) return null;
  return { start: bars[first], end: bars[next] };
}
