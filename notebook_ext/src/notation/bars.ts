/** Builds the bars and beats of a part: the port of `adt_plugins.formats.notation.bars`. */

import type { Hit } from "../core/edits";
import {
  beatQuarters,
  COMMON,
  isCompound,
  type Meter,
  type MeterChange,
  metersOfBars,
  signatureOf,
} from "../core/meter";
import { roundEven } from "../core/pick";
import { BARS, METER } from "../core/tables";
import { refined, steadyTempo } from "../core/tempo";
import { lastBar } from "../core/tempo-map";
import { type Division, UNDIVIDED, type Unit } from "./divisions";
import { type Feel, TICKS } from "./score";
import { beatPlaces, mostCommon, nano } from "./song";

const { MOST_BEATS, USUAL_TEMPO, TIME_STEP_S, EARLY, ROOM } = BARS;

/** The reason why there can be no part, in a sentence. */
export class CannotWrite extends Error {}

/** A stroke on a drum: what is drawn of a hit. */
export interface Stroke {
  readonly hit: Hit;
  /** Drum as which it is drawn. */
  drum: string;
  /** Number of grace notes before it. */
  readonly graces: number;
  isGhost: boolean;
  isAccent: boolean;
}

/** Simultaneous strokes, by drum. */
export type Chord = Map<string, Stroke>;

/** A unit that is divided: a counted beat, or half of one that is a half note. */
export interface GridBeat {
  /** Position of the counted beat in its bar, from 1. */
  readonly position: number;
  /** In seconds. */
  readonly time: number;
  /** Notated length. */
  ticks: number;
  readonly isCounted: boolean;
  division: Division;
  /** Chords by step. */
  strokes: Map<number, Chord>;
}

export interface Bar {
  /** Bar 1 begins with the first downbeat; a pickup is bar 0. */
  number: number;
  beats: GridBeat[];
  /** The note value of its beats; their number may differ from the meter's. */
  meter: Meter;
  feel: Feel;
}

/** The input for a part: hits in order of time, beats and meters. */
export interface Given {
  readonly hits: readonly Hit[];
  readonly beats: readonly Counted[];
  readonly meters: readonly MeterChange[];
}

export type Counted = readonly [time: number, position: number];

const gridBeat = (position: number, time: number, ticks = TICKS, isCounted = true): GridBeat => ({
  position,
  time,
  ticks,
  isCounted,
  division: UNDIVIDED,
  strokes: new Map(),
});

export function unitOf({ ticks }: GridBeat): Unit {
  if (ticks === TICKS) return "quarter";
  if (ticks === 1.5 * TICKS) return "dotted quarter";
  return ticks === TICKS / 2 ? "eighth" : "sixteenth or shorter";
}

/** Return where a step is notated, in ticks from the beginning of the beat. */
export const placeOf = (
  { ticks, division }: Pick<GridBeat, "ticks" | "division">,
  step: number,
): number => (ticks * step) / division.steps;

/** Return the steps with strokes, ascending. */
export const stepsOf = ({ strokes }: GridBeat): number[] =>
  [...strokes.keys()].sort((a, b) => a - b);

export const countOf = ({ beats }: Bar): number => beats.filter((beat) => beat.isCounted).length;

export const ticksOf = ({ beats }: Bar): number => beats.reduce((sum, { ticks }) => sum + ticks, 0);

export const signatureOfBar = (bar: Bar): readonly [number, number] =>
  signatureOf(bar.meter, countOf(bar));

/** Return the bars up to the last hit, and the time at which the last bar ends. */
export function layOut(given: Given): { bars: Bar[]; end: number } {
  const beats = [...new Map(given.beats.map((beat) => [beat[0], beat])).values()];
  if (!beats.length) throw new CannotWrite("needs beats, and there are none");
  const straight = straightened({ ...given, beats });
  const all = continued(straight, given.hits, endingOf(straight, given.meters));
  const { time: end } = all[all.length - 1];
  const bars = barsOf(all.slice(0, -1), straight);
  const meters = metersOf(bars, given.meters);
  const ends = [...bars.slice(1).map((bar) => bar.beats[0].time), end];
  bars.forEach((bar, n) => {
    bar.meter = meters[n];
    bar.beats = split(bar, ends[n]);
  });
  return { bars, end };
}

/** Return the counted beats per minute, from beats whose length is near the median. */
export function tempoOf(bars: readonly Bar[]): number {
  const times = bars.flatMap(({ beats }) => beats.filter((beat) => beat.isCounted));
  const gaps = times.slice(1).map(({ time }, n) => time - times[n].time);
  gaps.sort((a, b) => a - b);
  if (!gaps.length) return 120;
  const middle = gaps[gaps.length >> 1];
  const usual = gaps.filter((gap) => Math.abs(gap - middle) < USUAL_TEMPO * middle);
  return nano((60 * usual.length) / usual.reduce((sum, gap) => sum + gap, 0));
}

/** Return the number of beats in most bars; pickups count only if there is no other bar. */
export function usualLength(bars: readonly Bar[]): number {
  const counts = bars.filter(({ number }) => number > 0).map(countOf);
  return mostCommon(counts) ?? bars[0].beats[bars[0].beats.length - 1].position;
}

/** Return the beats without the errors of single ones, if a steady tempo fits them. */
function straightened({ beats, meters, hits }: Given): Counted[] {
  const times = beats.map(([time]) => time);
  const struck = hits.map(({ time }) => time);
  const places = beatPlaces(beats, meters);
  const steady = steadyTempo(times, places, struck);
  const found = steady
    ? places.map((place) => rounded(steady.start + steady.quarter * place))
    : refined(times, struck);
  const kept = new Map<number, Counted>();
  found.forEach((time, n) => {
    const at = Math.max(time, 0);
    if (!kept.has(at)) kept.set(at, [at, beats[n][1]]);
  });
  return [...kept.values()];
}

const rounded = (time: number): number => roundEven(time / TIME_STEP_S) * TIME_STEP_S;

/** Return the meters in force in the bars. */
function metersOf(bars: readonly Bar[], changes: readonly MeterChange[]): Meter[] {
  if (!changes.length) return bars.map(() => COMMON);
  const known = metersOfBars(changes, Math.max(bars[bars.length - 1].number, 1));
  return bars.map(({ number }) => known[Math.max(number, 1) - 1]);
}

/** Split a bar into its beats with their lengths; those longer than a quarter into quarters. */
function split({ beats, meter }: Bar, end: number): GridBeat[] {
  const quarters = beatQuarters(meter);
  const parts = isCompound(meter) ? 1 : Math.max(Math.floor(quarters), 1);
  return beats.flatMap(({ position, time }, n) => {
    const after = beats[n + 1]?.time ?? end;
    return Array.from({ length: parts }, (_, part) => {
      const at = time + ((after - time) * part) / parts;
      return gridBeat(position, at, (quarters * TICKS) / parts, part === 0);
    });
  });
}

/**
 * Continue the beats in both directions until every hit lies between two; `ending` is the number
 * of beats of the last bar.
 */
function continued(given: readonly Counted[], hits: readonly Hit[], ending: number): GridBeat[] {
  const usual = usualOf(given);
  const [start, position] = given[0];
  const [end, counted] = given[given.length - 1];
  const first = hits.length ? hits[0].time : start;
  const last = hits.length ? hits[hits.length - 1].time : start;
  const gap = given.length > 1 ? given[1][0] - start : 0.5;
  const tail = given.length > 1 ? end - given[given.length - 2][0] : 0.5;
  // A hit just before the first beat is a little early, and belongs to that beat.
  const lead = Math.max(0, start - first - EARLY * gap);
  const more = Math.max(0, last - end);
  if (lead / gap + more / tail > MOST_BEATS)
    throw new CannotWrite("has hits too far away from its beats");
  const before: GridBeat[] = [];
  for (let count = 1, now = position; lead > (count - 1) * gap; count++) {
    now = now > 1 ? now - 1 : usual;
    before.push(gridBeat(now, start - count * gap));
  }
  const beats = [...before.reverse(), ...given.map(([time, own]) => gridBeat(own, time))];
  for (let count = 1, now = counted; ; count++) {
    now = now < ending ? now + 1 : 1;
    beats.push(gridBeat(now, end + count * tail));
    // Continue to the downbeat after the last hit, with room to round up.
    if (now === 1 && count * tail > more + ROOM * tail) return beats;
  }
}

/** Return the number of beats of the last bar: of its meter, if that changes. */
function endingOf(beats: readonly Counted[], changes: readonly MeterChange[]): number {
  const starts = beats.flatMap(([, position], n) => (position === 1 ? [n] : []));
  const usual = usualOf(beats);
  if (changes.length < 2 || !starts.length) return usual;
  return lastBar(starts, metersOfBars(changes, starts.length), usual);
}

/** Return the length of most bars, or the beats that there are of the only one. */
function usualOf(beats: readonly Counted[]): number {
  const starts = beats.flatMap(([, position], n) => (position === 1 ? [n] : []));
  const lengths = starts.slice(1).map((start, n) => start - starts[n]);
  const most = mostCommon(lengths);
  if (most !== null && Math.max(...lengths) <= METER.MOST_BEATS) return most;
  const highest = Math.max(...beats.map(([, position]) => position));
  return highest > 2 ? Math.min(highest, METER.MOST_BEATS) : 4;
}

/** Assemble bars, numbered from the first of the given downbeats. */
function barsOf(beats: readonly GridBeat[], given: readonly Counted[]): Bar[] {
  const first = given.find(([, position]) => position === 1)?.[0] ?? Number.POSITIVE_INFINITY;
  const bars: Bar[] = [];
  for (const beat of beats) {
    if (beat.position === 1 || !bars.length)
      bars.push({ number: 0, beats: [], meter: COMMON, feel: "straight" });
    bars[bars.length - 1].beats.push(beat);
  }
  let before = bars.filter((bar) => bar.beats[0].time < first).length;
  // No downbeat was given.
  if (before === bars.length) before = Number(bars[0].beats[0].position !== 1);
  bars.forEach((bar, n) => {
    bar.number = n + 1 - before;
  });
  return bars;
}
