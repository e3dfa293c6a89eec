/** Computes what a transcription in Python knows about its beats. */

import {
  beatQuarters,
  COMMON,
  type Meter,
  type MeterChange,
  metersOfBars,
  meterText,
  parseMeter,
  tempoQuarters,
} from "../core/meter";
import { steadyTempo, usualQuarter } from "../core/tempo";
import { fixed9 } from "../core/writers";

type Counted = readonly [time: number, position: number];

/** Round like Python's `round(value, 9)`. */
export const nano = (value: number): number => Number(fixed9(value));

/** Return the most common value, the first of several; null if there is none. */
export function mostCommon<T>(values: Iterable<T>): T | null {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let most: T | null = null;
  for (const [value, count] of counts)
    if (most === null || count > (counts.get(most) as number)) most = value;
  return most;
}

/** Return the place of each beat, in quarters from the first: `Transcription.beat_places`. */
export function beatPlaces(beats: readonly Counted[], meters: readonly MeterChange[]): number[] {
  let bar = 0;
  const bars = beats.map(([, position], n) => {
    if (position === 1 || (n && bar && position <= beats[n - 1][1])) bar++;
    return bar;
  });
  const known = metersOfBars(meters, Math.max(bar, 1));
  let place = 0;
  return bars.map((_, n) => {
    if (n) place += beatQuarters(known[Math.max(bars[n - 1], 1) - 1]);
    return place;
  });
}

/** Tempo in its meter's own unit, 0 if unknown; the meter is null if none is known. */
export interface SongTempo {
  readonly beats: number;
  readonly meter: Meter | null;
  readonly isSteady: boolean;
}

/** Return the tempo of a song: `Transcription.tempo`. */
export function songTempo(
  beats: readonly Counted[],
  meters: readonly MeterChange[],
  hits: readonly number[],
): SongTempo {
  const bars = beats.filter(([, position]) => position === 1).length;
  const usual = mostCommon(metersOfBars(meters, Math.max(bars, 1)).map(meterText));
  const meter = meters.length && usual ? parseMeter(usual) : null;
  if (beats.length < 2) return { beats: 0, meter, isSteady: true };
  const places = beatPlaces(beats, meters);
  const times = beats.map(([time]) => time);
  const unit = tempoQuarters(meter ?? COMMON);
  const steady = steadyTempo(times, places, hits);
  if (steady) return { beats: nano(60 / steady.quarter / unit), meter, isSteady: true };
  const quarter = usualQuarter(times, places);
  return { beats: quarter ? 60 / quarter / unit : 0, meter, isSteady: false };
}
