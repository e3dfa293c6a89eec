/** Fits the tempo map of a MIDI file to beats: the port of `adt_plugins.midi.tempo_map`. */

import { divideEven, exact } from "./exact";
import {
  beatQuarters,
  COMMON,
  countedBeats,
  type Meter,
  type MeterChange,
  metersOfBars,
  signatureOf,
} from "./meter";
import { roundEven } from "./pick";
import { BAR_LINES, METER, TEMPO, TEMPO_MAP } from "./tables";
import { areExact, furthest, median, refined, type SteadyTempo, steadyTempo } from "./tempo";
import { clamp } from "./time";
import { micro } from "./writers";

const { TICKS_PER_QUARTER, DEFAULT_TEMPO, LEAST_LEAD_IN_S, MIN_BPM } = TEMPO_MAP;
const { MOST_TEMPO, NEAR_S, MOST_OFF_S, MOST_OTHER } = TEMPO_MAP;
const { PARABOLA, LOCAL, LEAST_BEAT_S, LONG_QUARTERS, SET_BPM } = TEMPO_MAP;
const { MOST_BEATS } = METER;
const { PARTS, MOST_UPPER } = BAR_LINES;
const { auto: TOLERANCE_S, exact: EXACT_TOLERANCE_S } = TEMPO_MAP.TOLERANCE_S;
const UNIT = TICKS_PER_QUARTER * 1_000_000; // one second in exact time

export type Tempo = readonly [tick: number, microseconds: number];

/** A tempo map; tick 0 is time 0. */
export interface Timing {
  readonly tempos: readonly Tempo[];
  readonly signatures: readonly (readonly [tick: number, upper: number, lower: number])[];
  /** Ticks of the bar lines, the first at 0; empty without beats. */
  readonly bars: readonly number[];
  /** Ticks of the first and the last beat. */
  readonly first: number;
  readonly end: number;
  /** Number of the first bar; bar 1 starts with the first downbeat. */
  readonly firstBar: number;
}

/** 120 BPM, where ticks are plain time. */
export const PLAIN: Timing = {
  tempos: [[0, DEFAULT_TEMPO]],
  signatures: [[0, 4, 4]],
  bars: [],
  first: 0,
  end: 0,
  firstBar: 1,
};

interface Played {
  readonly time: number;
  readonly position: number;
}

/** Fit a tempo map to beats, whose times `hits` refine. */
export function tempoMap(
  beats: readonly (readonly [time: number, position: number])[],
  meters: readonly MeterChange[],
  hits: readonly number[],
): Timing {
  const played = even(beats);
  if (!played.length) return PLAIN;
  const starts = startsOf(
    played.map(({ position }) => position),
    meters,
  );
  const units = unitsOf(played.length, starts, meters);
  const places = [0];
  for (const unit of units.slice(0, -1)) places.push(places[places.length - 1] + unit);
  const times = played.map(({ time }) => time);
  const quarters = places.map((place) => place / TICKS_PER_QUARTER);
  const steady = steadyTempo(times, quarters, hits);
  const isExact = areExact(times, hits);
  const misses = isExact && steady && furthest(steady, times, quarters) > TEMPO.EXACT_S;
  const { lead, tempos } = timed(times, places, hits, { steady: misses ? null : steady, isExact });
  const of = metersOfBars(meters, starts.length);
  const last = starts[starts.length - 1] + lastBar(starts, of, usual(played, starts, units));
  const ends = [...starts.slice(1), Math.max(last, played.length)];
  const bars = barsOf(starts, ends, of, lead, places[starts[0]]);
  return { tempos, ...bars, first: lead, end: lead + places[places.length - 1] };
}

/** Fill gaps between beats. */
function even(beats: readonly (readonly [number, number])[]): Played[] {
  const played: Played[] = [];
  for (const [time, position] of [...beats].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const before = played[played.length - 1];
    if (before) {
      const gap = time - before.time;
      if (gap < LEAST_BEAT_S) continue;
      // Slower than 30 BPM is a pause, during which the count goes on.
      const parts = Math.ceil(gap / (60 / MIN_BPM));
      for (let n = 1; n < parts; n++) {
        played.push({ time: before.time + (gap * n) / parts, position: before.position + n });
      }
    }
    played.push({ time, position });
  }
  return played;
}

/** Return the beats with which bars begin; the first one if no downbeat was detected. */
function startsOf(positions: readonly number[], meters: readonly MeterChange[]): number[] {
  const longest = meters.length ? Math.max(...meters.map(({ meter }) => ticksOf(meter))) : 960;
  const most = Math.min(MOST_BEATS, Math.floor((MOST_UPPER * PARTS[0]) / longest));
  const starts: number[] = [];
  positions.forEach((position, n) => {
    const since = n - (starts[starts.length - 1] ?? 0);
    if (position === 1 || (n && position <= positions[n - 1]) || since === most) starts.push(n);
  });
  return starts.length ? starts : [0];
}

/** Return the ticks of each beat. */
function unitsOf(
  count: number,
  starts: readonly number[],
  meters: readonly MeterChange[],
): number[] {
  const of = metersOfBars(meters, starts.length);
  const units = new Array<number>(starts[0]).fill(ticksOf(of[0]));
  starts.forEach((start, n) => {
    for (let k = start; k < (starts[n + 1] ?? count); k++) units.push(ticksOf(of[n]));
  });
  return units;
}

/** Return the ticks of a counted beat. */
const ticksOf = (meter: Meter): number => roundEven(beatQuarters(meter) * TICKS_PER_QUARTER);

/** Return the beats of an incomplete bar: those of most bars, or the highest position. */
function usual(
  played: readonly Played[],
  starts: readonly number[],
  units: readonly number[],
): number {
  const full = starts.slice(1).map((start, n) => start - starts[n]);
  if (full.length) return mostCommon(full);
  const least = units[0] % TICKS_PER_QUARTER ? 2 : 4;
  return Math.min(Math.max(...played.map(({ position }) => position), least), MOST_BEATS);
}

/** Return the beats of the last bar as if it were complete. */
export function lastBar(
  starts: readonly number[],
  meters: readonly Meter[],
  usual: number,
): number {
  const own = meters[meters.length - 1];
  const isOwn = ({ beats, unit }: Meter) => beats === own.beats && unit === own.unit;
  const alike = starts.slice(1).flatMap((after, n) => (isOwn(meters[n]) ? after - starts[n] : []));
  if (alike.length) return mostCommon(alike);
  return meters.every(isOwn) ? usual : countedBeats(own);
}

/** Return the most common value, the first of several. */
function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((best, own) => (own[1] > best[1] ? own : best))[0];
}

/** Return the microseconds per quarter at which ticks last for some seconds. */
function tempoOf(seconds: number, ticks: number): number {
  const [over, under] = exact(seconds);
  const tempo = Number(divideEven(over * BigInt(UNIT), BigInt(ticks) << under));
  return clamp(tempo, 1, MOST_TEMPO);
}

/** Return the ticks of the lead-in, and the tempi. */
function timed(
  times: readonly number[],
  places: readonly number[],
  hits: readonly number[],
  { steady, isExact }: { readonly steady: SteadyTempo | null; readonly isExact: boolean },
): { lead: number; tempos: Tempo[] } {
  if (steady && steady.start > -TEMPO.LARGEST_S) return atOneTempo(steady);
  if (times.length < 2) {
    return { lead: leadIn(times[0], DEFAULT_TEMPO), tempos: [[0, DEFAULT_TEMPO]] };
  }
  const local = Math.min(LOCAL, times.length - 1);
  let lead = leadIn(times[0], tempoOf(times[local] - times[0], places[local]));
  if (times[0] > LEAST_LEAD_IN_S) lead = Math.max(lead, PARTS[PARTS.length - 1]);
  let smoothed = isExact ? times : smooth(times);
  if (!isExact && median(smoothed.map((time, n) => Math.abs(time - times[n]))) > TEMPO.EXACT_S) {
    smoothed = smooth(refined(times, hits));
  }
  const ticks = places.map((place) => lead + place);
  const tolerance = isExact ? EXACT_TOLERANCE_S : TOLERANCE_S;
  const tempos = lead
    ? stretches([0, ...smoothed], [0, ...ticks], tolerance)
    : stretches([0, ...smoothed.slice(1)], ticks, tolerance);
  return { lead, tempos: tempos.filter(([, tempo], n) => !n || tempo !== tempos[n - 1][1]) };
}

function atOneTempo(steady: SteadyTempo): { lead: number; tempos: Tempo[] } {
  const tempo = clamp(roundEven(steady.quarter * 1e6), 1, MOST_TEMPO);
  const lead = leadIn(steady.start, tempo);
  if (lead && Math.abs((lead * tempo) / UNIT - steady.start) > MOST_OFF_S) {
    const own = tempoOf(steady.start, lead);
    if (own / tempo > 1 / MOST_OTHER && own / tempo < MOST_OTHER) {
      const tempos: Tempo[] = [
        [0, own],
        [lead, tempo],
      ];
      return { lead, tempos };
    }
  }
  return { lead, tempos: [[0, tempo]] };
}

/** Smooth the errors of single beats with local parabolas (Savitzky and Golay). */
function smooth(times: readonly number[]): readonly number[] {
  if (times.length < PARABOLA.length) return times;
  const edge = PARABOLA.length >> 1;
  let latest = -Infinity;
  return times.map((time, n) => {
    let own = time;
    if (n >= edge && n < times.length - edge) {
      const inner = PARABOLA.reduce((all, weight, k) => all + weight * times[n - edge + k], 0);
      if (Math.abs(inner - time) <= TOLERANCE_S) own = inner;
    }
    latest = Math.max(latest, own);
    return latest;
  });
}

/** Return the ticks before the first beat, in the longest parts that are close enough. */
function leadIn(seconds: number, tempo: number): number {
  const wanted = (seconds * UNIT) / tempo;
  const near = (NEAR_S * UNIT) / tempo;
  if (seconds <= LEAST_LEAD_IN_S) return 0;
  for (const part of PARTS) {
    const ticks = roundEven(wanted / part) * part;
    if (ticks && Math.abs(ticks - wanted) <= near) return ticks;
  }
  const finest = PARTS[PARTS.length - 1];
  return Math.max(roundEven(wanted / finest), 1) * finest;
}

/** Return the tempi of the longest straight stretches; the first time is 0. */
function stretches(times: readonly number[], ticks: readonly number[], tolerance: number): Tempo[] {
  const tempos: Tempo[] = [];
  let first = 0;
  let elapsed = 0;
  while (first < times.length - 1) {
    let [low, high, last] = [0, Infinity, first];
    const start = elapsed / UNIT;
    for (let after = first + 1; after < times.length; after++) {
      const count = ticks[after] - ticks[first];
      const least = Math.max(low, (times[after] - tolerance - start) / count);
      const most = Math.min(high, (times[after] + tolerance - start) / count);
      if (least > most) break;
      [low, high, last] = [least, most, after];
    }
    if (last === first) {
      // The next beat is not after `start`, so it cannot be within the tolerance.
      last = first + 1;
      low = high = LEAST_BEAT_S / (ticks[last] - ticks[first]);
    }
    // End at the last beat's own time, or errors of a stretch would bend the next one.
    const length = ticks[last] - ticks[first];
    const played = Math.min(Math.max((times[last] - start) / length, low), high);
    const step = asSet(played, length, low, high);
    const tempo = tempoOf(Math.max(step * length, LEAST_BEAT_S / 2), length);
    tempos.push([ticks[first], tempo]);
    elapsed += length * tempo;
    first = last;
  }
  return tempos;
}

/** Return the seconds of a tick at a tempo that a person sets, if one is near; or `step`. */
function asSet(step: number, length: number, low: number, high: number): number {
  if (length < LONG_QUARTERS * TICKS_PER_QUARTER) return step;
  for (const unit of SET_BPM) {
    const bpm = roundEven(micro(60 / (step * TICKS_PER_QUARTER) / unit)) * unit;
    const own = 60 / (Math.max(bpm, unit) * TICKS_PER_QUARTER);
    if (low <= own && own <= high) return own;
  }
  return step;
}

/** Return bar lines, the first one's number, and time signatures; `rest`: ticks before beats. */
function barsOf(
  starts: readonly number[],
  ends: readonly number[],
  meters: readonly Meter[],
  rest: number,
  pickup: number,
): Pick<Timing, "bars" | "firstBar" | "signatures"> {
  const [first = COMMON] = meters;
  const [unit, count] = [ticksOf(first), ends[0] - starts[0]];
  const whole = count * unit;
  type Bar = readonly [ticks: number, upper: number, lower: number];
  const bars: Bar[] = [];
  for (let n = Math.floor(rest / whole); n > 0; n--)
    bars.push([whole, ...signatureOf(first, count)]);
  // An incomplete beat comes first, so that the others can be counted.
  const part = (rest % whole) % unit;
  const beats = (rest % whole) - part;
  const parts = beats + pickup <= whole ? [part, beats + pickup] : [part, beats, pickup];
  for (const ticks of parts.flatMap(countable)) bars.push([ticks, ...short(ticks, first)]);
  const before = bars.length;
  starts.forEach((start, n) => {
    const own = ends[n] - start;
    bars.push([own * ticksOf(meters[n]), ...signatureOf(meters[n], own)]);
  });
  const lines: number[] = [];
  const signatures: [number, number, number][] = [];
  let tick = 0;
  for (const [ticks, upper, lower] of bars) {
    const now = signatures[signatures.length - 1];
    if (!now || now[1] !== upper || now[2] !== lower) signatures.push([tick, upper, lower]);
    lines.push(tick);
    tick += ticks;
  }
  return { bars: lines, firstBar: 1 - before, signatures };
}

/** Return a bar's ticks, cut in two if no time signature fits. */
function countable(ticks: number): number[] {
  const part = PARTS.find((own) => ticks % own === 0) ?? 1;
  if (Math.floor(ticks / part) <= MOST_UPPER) return ticks ? [ticks] : [];
  const rest = ticks % TICKS_PER_QUARTER;
  return [rest, ticks - rest];
}

/** Return the time signature of a short bar, in the meter's unit or a finer one. */
function short(ticks: number, meter: Meter): readonly [number, number] {
  if (ticks % ticksOf(meter) === 0) return signatureOf(meter, ticks / ticksOf(meter));
  let lower = 4;
  while ((ticks * lower) % (4 * TICKS_PER_QUARTER) && lower < 64) lower *= 2;
  return [Math.max(Math.floor((ticks * lower) / (4 * TICKS_PER_QUARTER)), 1), lower];
}
