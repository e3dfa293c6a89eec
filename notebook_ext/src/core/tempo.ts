/** Fits one steady tempo to beats, if one fits: the port of `adt_plugins.tempo`. */

import { roundEven } from "./pick";
import { TEMPO } from "./tables";
import { lowerBound } from "./time";
import { micro } from "./writers";

const { LARGEST_S, DRIFT_S, NEAR_S, EXACT_S, SEQUENCED_S, GRID, STRAY, STRAY_S, WINDOW } = TEMPO;
const { LEAST_BEATS, ROUND, ROUNDING, MOST_OFF_S, STATED_S, MAPPED_S, MAPPED, WHOLE } = TEMPO;

/** A line through beats: seconds per quarter, and the time of place 0. */
export interface SteadyTempo {
  readonly quarter: number;
  readonly start: number;
}

export const sum = (values: readonly number[]): number =>
  values.reduce((all, value) => all + value, 0);

const mean = (values: readonly number[]): number => sum(values) / values.length;

/** Return the differences between neighbours. */
export const apart = (values: readonly number[]): number[] =>
  values.slice(1).map((value, n) => value - values[n]);

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Whether beats come from a sequencer: from a tempo map, or most hits lie on 24ths of them. */
export function areExact(times: readonly number[], hits: readonly number[]): boolean {
  const last = times.length - 1;
  const struck = hits.filter((hit) => hit >= times[0] && hit <= times[last]);
  if (last + 1 < WINDOW) return false;
  if (areMapped(times)) return true;
  if (struck.length < WINDOW) return false;
  const off = struck.map((hit) => {
    const after = lowerBound(times.length, (k) => times[k], hit);
    if (!after) return 0;
    const [from, length] = [times[after - 1], times[after] - times[after - 1]];
    const place = roundEven((GRID * (hit - from)) / length) / GRID;
    return Math.abs(from + place * length - hit);
  });
  return median(off) <= SEQUENCED_S;
}

/** Whether beats lie on lines, but not because they are found in frames. */
function areMapped(times: readonly number[]): boolean {
  const halves = times.map((time) => (time - times[0]) * 2000);
  if (halves.every((half) => Math.abs(half - Math.round(half)) < WHOLE)) return false;
  const bends = apart(apart(times)).map(Math.abs);
  return bends.filter((bend) => bend <= MAPPED_S).length >= MAPPED * bends.length;
}

/** Return the largest deviation of beats from a line. */
export const furthest = (
  { start, quarter }: SteadyTempo,
  times: readonly number[],
  places: readonly number[],
): number => Math.max(...times.map((time, n) => Math.abs(time - (start + quarter * places[n]))));

/** Refine beat times by the hits on them; beats without hits move by the median. */
export function refined(times: readonly number[], hits: readonly number[]): readonly number[] {
  if (times.length < 2 || !hits.length) return times;
  const struck = [...hits].sort((a, b) => a - b);
  const reach = Math.min(NEAR_S, median(apart(times)) / 8);
  const moved = times.map((time) => {
    const first = lowerBound(struck.length, (k) => struck[k], time - reach);
    let end = first;
    while (end < struck.length && struck[end] <= time + reach) end++;
    return end > first ? median(struck.slice(first, end)) - time : null;
  });
  const known = moved.filter((own) => own !== null);
  if (!known.length) return times;
  const usual = median(known);
  let latest = 0;
  return times.map((time, n) => {
    latest = Math.max(latest, time + (moved[n] ?? usual));
    return latest;
  });
}

/** Return the steady tempo of beats, or null. `places`: quarters from the first beat. */
export function steadyTempo(
  beats: readonly number[],
  places: readonly number[],
  hits: readonly number[],
): SteadyTempo | null {
  if (beats.length < LEAST_BEATS || places[places.length - 1] <= places[0]) return null;
  const first = fitted(beats, places).line;
  const off = beats.map((time, n) => time - (first.start + first.quarter * places[n]));
  if (!fits(off)) return null;
  const isExact = median(off.map(Math.abs)) <= EXACT_S;
  const times = isExact ? beats : refined(beats, hits);
  const { line, kept } = fitted(times, places);
  return rounded(
    line,
    places.filter((_, n) => kept[n]),
    furthest(line, times, places),
  );
}

/** Return the median length of a quarter over eight beats each, in seconds. */
export function usualQuarter(times: readonly number[], places: readonly number[]): number {
  const apart = Math.min(WINDOW, times.length - 1);
  const lengths = times
    .slice(apart)
    .map((time, n) => (time - times[n]) / (places[n + apart] - places[n]));
  return median(lengths);
}

/** Fit a line by least squares, twice without outliers. */
function fitted(
  times: readonly number[],
  places: readonly number[],
): { line: SteadyTempo; kept: boolean[] } {
  let kept = times.map(() => true);
  let line = { quarter: 0, start: 0 };
  for (let turn = 0; turn < 3; turn++) {
    line = straight(
      times.filter((_, n) => kept[n]),
      places.filter((_, n) => kept[n]),
    );
    const { quarter, start } = line;
    const off = times.map((time, n) => Math.abs(time - (start + quarter * places[n])));
    const most = Math.max(4 * median(off), 0.01);
    const near = off.map((own) => own <= most);
    const count = near.filter(Boolean).length;
    if (count < LEAST_BEATS || near.every((own, n) => own === kept[n])) break;
    kept = near;
  }
  return { line: { ...line, quarter: Math.max(line.quarter, 1e-3) }, kept };
}

function straight(times: readonly number[], places: readonly number[]): SteadyTempo {
  const [time, place] = [mean(times), mean(places)];
  const spread = sum(places.map((own) => (own - place) ** 2));
  const quarter = sum(places.map((own, n) => (own - place) * (times[n] - time))) / spread;
  return { quarter, start: time - quarter * place };
}

function fits(off: readonly number[]): boolean {
  const far = off.map(Math.abs);
  const strays = far.filter((own) => own > LARGEST_S).length;
  if (strays / far.length > STRAY || Math.max(...far) > STRAY_S) return false;
  return off.every((_, n) => {
    const own = off.slice(n, n + WINDOW);
    return own.length < WINDOW || Math.abs(mean(own)) <= DRIFT_S;
  });
}

/**
 * Return the roundest tempo that is compatible with the beats. Those of a sequencer, `far` from
 * their line, are compatible with less than others.
 */
function rounded(line: SteadyTempo, places: readonly number[], far: number): SteadyTempo {
  const span = places[places.length - 1] - places[0];
  const centre = mean(places);
  const mostOff = far <= EXACT_S ? Math.max(far, STATED_S * span) : MOST_OFF_S;
  const allowed = Math.min(ROUNDING * line.quarter, (2 * mostOff) / Math.max(span, 1e-9));
  const middle = line.start + line.quarter * centre;
  for (const step of ROUND) {
    // Round twice, or the last bit of the fit would decide between two tempi.
    const bpm = roundEven(micro(60 / line.quarter / step)) * step;
    if (bpm > 0 && Math.abs(60 / bpm - line.quarter) <= allowed) {
      const quarter = 60 / bpm;
      return { quarter, start: middle - quarter * centre };
    }
  }
  return line;
}
