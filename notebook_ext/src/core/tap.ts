/** Estimates a song's beats from taps on a few of them, following the hits. */

import type { Beats } from "./beats";
import { clamp, lowerBound } from "./time";

/** Fewer taps do not determine a tempo. */
export const LEAST_TAPS = 4;
/** Taps further apart belong to different tries, in seconds. */
export const PATIENCE_S = 2.5;
/** Hits within this fraction of a beat are on the beat. */
const NEAR = 0.15;
/** Fractions of a hit's deviation by which the following beats are moved and lengthened. */
const [MOVE, BEND] = [0.4, 0.04];
/** Deviation from the tapped tempo beyond which the song has been lost. */
const DRIFT = 0.15;

/** Return the time of the first tap and the seconds per beat, allowing for missed taps. */
export function tapped(taps: readonly number[]): { start: number; beat: number } {
  const steps = taps.slice(1).map((time, i) => time - taps[i]);
  const usual = steps.sort((a, b) => a - b)[steps.length >> 1];
  let [sum, sumOfSquares, product, total] = [0, 0, 0, 0];
  let place = 0;
  taps.forEach((time, i) => {
    if (i) place += Math.max(Math.round((time - taps[i - 1]) / usual), 1);
    sum += place;
    sumOfSquares += place * place;
    product += place * time;
    total += time;
  });
  const count = taps.length;
  const beat = (count * product - sum * total) / (count * sumOfSquares - sum * sum);
  return { start: (total - beat * sum) / count, beat };
}

/**
 * Return the beats from the song's start to its end. The first tap is a downbeat; `hits`:
 * times of hits, ascending; `perBar`: beats per bar.
 */
export function beatsOfTaps(
  taps: readonly number[],
  hits: readonly number[],
  duration: number,
  perBar: number,
): Beats {
  const { start, beat } = tapped(taps);
  const follow = (from: number, way: 1 | -1): number[] => {
    const times: number[] = [];
    let length = beat;
    for (let time = from; time >= 0 && time <= duration; time += way * length) {
      const off = offOf(hits, time, NEAR * length);
      time += MOVE * off;
      length = clamp(length + way * BEND * off, beat * (1 - DRIFT), beat * (1 + DRIFT));
      if (time >= 0 && time <= duration) times.push(time);
    }
    return times;
  };
  const after = follow(start, 1);
  const before = follow(start - beat, -1).reverse();
  return [...before, ...after].map((time, i) => {
    const away = i - before.length;
    return [Math.round(time * 1e6) / 1e6, (((away % perBar) + perBar) % perBar) + 1] as const;
  });
}

/** Return how far the nearest hit is from a time; 0 if none is near. */
function offOf(hits: readonly number[], time: number, near: number): number {
  const after = lowerBound(hits.length, (k) => hits[k], time);
  let off = 0;
  for (const hit of [hits[after - 1], hits[after]]) {
    const away = (hit ?? Infinity) - time;
    if (Math.abs(away) <= (off ? Math.abs(off) : near)) off = away;
  }
  return off;
}
