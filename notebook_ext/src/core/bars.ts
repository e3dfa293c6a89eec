/**
 * Corrections of bars, beats and meter by hand: operations of the log, applied to the
 * beats of the transcription. `adt_plugins.editor.bars` does the same.
 */

import type { Beats } from "./beats";
import { beatQuarters, countedBeats, parseMeter } from "./meter";
import { BAR_EDITS, METER } from "./tables";
import { lowerBound } from "./time";

export interface MeterChange {
  /** The bar in which the meter begins; bar 1 starts with the first downbeat. */
  readonly bar: number;
  readonly meter: string;
}

export interface Timing {
  readonly beats: Beats;
  readonly meters: readonly MeterChange[];
}

export type TimingOp =
  /** Start a bar at the beat nearest to a time. */
  | { readonly op: "bar"; readonly time: number }
  /** Double or halve the number of beats. */
  | { readonly op: "tempo"; readonly factor: 2 | 0.5 }
  /** Set the meter of a part, or of the whole song. */
  | { readonly op: "meter"; readonly meter: string; readonly start?: number; readonly end?: number }
  /** Replace all beats; without meters, the meter of the first bar then applies to all. */
  | { readonly op: "beats"; readonly beats: Beats; readonly meters?: readonly MeterChange[] };

/** What makes a bar begin at a beat: the count, the transcription, or the user. */
const [COUNTED, GIVEN, BY_HAND] = [0, 1, 2];

/** Shortest and longest beat on average, in seconds. */
export const LEAST_S = BAR_EDITS.LEAST_S;
export const MOST_S = BAR_EDITS.MOST_S;

interface Beat {
  readonly time: number;
  readonly position: number;
  meter: string | null;
  /** Beats in the bar. */
  count: number;
  pin: number;
}

const MOST_BEATS = METER.MOST_BEATS;

/** Return the counted beats in a bar: dotted quarters in 6/8, 9/8 and 12/8. */
export const countedOf = (meter: string): number => countedBeats(parseMeter(meter));

/** Return the part that a counted beat is of the note that tempi are stated in: half in 7/8. */
export const statedPart = (meter: string | null): number =>
  Math.min(beatQuarters(parseMeter(meter ?? "4/4")), 1);

/** Return the meter at a time; null if it is unknown. */
export function meterAt({ beats, meters }: Timing, time: number): string | null {
  let bar = 0;
  for (const [start, position] of beats) {
    if (start > time + 1e-6) break;
    if (position === 1) bar++;
  }
  let meter = meters[0]?.meter ?? null;
  for (const change of meters) if (change.bar <= bar) meter = change.meter;
  return meter;
}

/** Return the index of the beat nearest to a time. */
export function nearestBeat(length: number, at: (index: number) => number, time: number): number {
  const after = lowerBound(length, at, time);
  if (after === 0) return 0;
  if (after === length) return after - 1;
  return at(after) - time < time - at(after - 1) ? after : after - 1;
}

const nearest = (beats: readonly Beat[], time: number): number =>
  nearestBeat(beats.length, (k) => beats[k].time, time);

/** Return beats and meters after the operations of a log. */
export function correctedTiming(given: Timing, ops: readonly TimingOp[]): Timing {
  if (!ops.length) return given;
  let beats = pinned(given.beats, given.meters);
  for (const op of ops) {
    if (op.op === "beats")
      beats = pinned(op.beats, op.meters ?? [{ bar: 1, meter: beats[0]?.meter ?? "" }]);
    else if (!beats.length) continue;
    else if (op.op === "bar") setBar(beats, op.time);
    else if (op.op === "meter") setMeter(beats, op.meter, op.start, op.end);
    else beats = op.factor === 2 ? twice(beats) : half(beats);
    if (op.op !== "beats") beats = counted(beats);
  }
  return asTiming(beats);
}

/** Assign a meter to each beat; pin bars whose length differs from their meter. */
function pinned(beats: Beats, meters: readonly MeterChange[]): Beat[] {
  // If no meter is known, take the highest position.
  const usual = Math.min(Math.max(1, ...beats.map(([, position]) => position)), MOST_BEATS);
  let bar = 0;
  let at = 0;
  let start = -1;
  return beats.map(([time, position], index) => {
    let pin = COUNTED;
    const isBar = position === 1;
    if (isBar && ++bar > 1 && meters[at + 1]?.bar === bar) {
      at++;
      pin = GIVEN;
    }
    const meter = meters[at]?.meter || null;
    const count = meter ? countedOf(meter) : usual;
    if (isBar) {
      if (start >= 0 && index - start !== count) pin = GIVEN;
      start = index;
    }
    return { time, position, meter, count, pin };
  });
}

/** Return the beat to count from: the first pinned bar, or else the first bar. */
function origin(beats: readonly Beat[]): number {
  const pin = beats.findIndex((beat) => beat.pin);
  return pin >= 0
    ? pin
    : Math.max(
        beats.findIndex(({ position }) => position === 1),
        0,
      );
}

/** Count again from each pinned bar; before the first, backwards. */
function counted(beats: readonly Beat[]): Beat[] {
  let from = origin(beats);
  return beats.map((beat, index) => {
    if (index > from && beat.pin) from = index;
    const { count } = index < from ? beat : beats[from];
    return { ...beat, position: ((((index - from) % count) + count) % count) + 1 };
  });
}

function setBar(beats: Beat[], time: number): void {
  const index = nearest(beats, time);
  const reach = beats[index].count;
  // A bar pinned less than a bar away was a slip, or is what is being corrected.
  for (let k = Math.max(index - reach + 1, 0); k < index + reach && k < beats.length; k++)
    beats[k].pin = COUNTED;
  beats[index].pin = BY_HAND;
}

function setMeter(beats: Beat[], meter: string, start?: number, end?: number): void {
  const isPart = start !== undefined && end !== undefined;
  const from = isPart ? nearest(beats, start) : 0;
  const until = isPart && end < beats[beats.length - 1].time ? nearest(beats, end) : beats.length;
  if (until <= from) return;
  const first = origin(beats);
  if (isPart) {
    if (first < from) beats[first].pin ||= BY_HAND;
    if (until < beats.length) beats[until].pin ||= BY_HAND;
  }
  for (let k = from; k < until; k++) {
    beats[k].meter = meter;
    beats[k].count = countedOf(meter);
    if (beats[k].pin === GIVEN) beats[k].pin = COUNTED;
  }
  beats[isPart ? from : first].pin = BY_HAND;
}

/** Return the average seconds between beats; 0 without beats. */
export const spacing = (beats: Beats): number =>
  beats.length > 1 ? (beats[beats.length - 1][0] - beats[0][0]) / (beats.length - 1) : 0;

const spacingOf = (beats: readonly Beat[]): number =>
  spacing(beats.map(({ time, position }) => [time, position]));

function twice(beats: Beat[]): Beat[] {
  if (spacingOf(beats) < 2 * LEAST_S) return beats;
  beats[origin(beats)].pin ||= GIVEN;
  return beats.flatMap((beat, index) => {
    const next = beats[index + 1];
    if (!next) return [beat];
    return [beat, { ...beat, time: (beat.time + next.time) / 2, pin: COUNTED }];
  });
}

function half(beats: Beat[]): Beat[] {
  if (beats.length < 4 || spacingOf(beats) > MOST_S / 2) return beats;
  let from = origin(beats);
  beats[from].pin ||= GIVEN;
  return beats.filter((beat, index) => {
    if (beat.pin) from = index;
    return (index - from) % 2 === 0;
  });
}

function asTiming(beats: readonly Beat[]): Timing {
  const meters: MeterChange[] = [];
  let bar = 0;
  beats.forEach(({ position, meter, count }) => {
    if (position !== 1) return;
    bar++;
    const now = meter ?? `${count}/4`;
    if (meters[meters.length - 1]?.meter !== now) meters.push({ bar, meter: now });
  });
  const isKnown = beats.some(({ meter }) => meter);
  return {
    beats: beats.map(({ time, position }) => [time, position] as const),
    meters: isKnown ? meters : [],
  };
}
