/**
 * Builds the part of a song, which tab and notation share: the port of
 * `adt_plugins.formats.notation.part`.
 */

import { coarseOf, nameOf } from "../core/drums";
import { type Meter, tempoQuarters } from "../core/meter";
import { NAMES, PART } from "../core/tables";
import { median } from "../core/tempo";
import { counted } from "../core/words";
import { type Bar, type Given, type GridBeat, layOut, type Stroke, tempoOf, unitOf } from "./bars";
import { type Counts, count } from "./counts";
import {
  type Division,
  division,
  isSame,
  isTernary,
  PAIR,
  TRIPLET,
  withFewestSteps,
} from "./divisions";
import { findFlams, type Played } from "./flams";
import { makePlayable } from "./hands";
import { mark } from "./marks";
import { findRhythm, type Rhythm, type Swings } from "./rhythm";
import { TICKS } from "./score";
import { findSections } from "./sections";
import { songTempo } from "./song";
import { PLACES } from "./staff";
import { type TempoMark, tempoMarks } from "./tempi";

const { TOGETHER_S, SPREAD_S, LEAST_PAIRS, COMPOUND_SHARE } = PART;
const COMPOUND: Meter = { beats: 6, unit: 8 }; // whatever the number of its beats
/** All drums, in list order. */
export const ALL: readonly string[] = /* @__PURE__ */ Object.keys(NAMES);

/** A drum part: its bars, and the headings of bars and sections. */
export interface Part {
  readonly bars: readonly Bar[];
  readonly swings: Swings;
  /** Tempo marks by the index of their bars; the first bar has one. */
  readonly tempi: ReadonlyMap<number, TempoMark>;
  /** Time in seconds at which the last bar ends. */
  readonly end: number;
  /** Number of hits that are not notated, by drum. */
  readonly leftOut: Counts;
  /** Indices of the bars at which sections begin. */
  readonly sections: readonly number[];
}

/** Notate a song. Throws `CannotWrite`. */
export function makePart(given: Given): Part {
  let { bars, end } = layOut(given);
  const { played, lost } = findFlams(given.hits);
  const leftOut: Counts = new Map();
  for (const { drum } of lost) count(leftOut, drum);
  const groups = together(played);
  const rhythm = divide(bars, end, groups);
  add(leftOut, place(bars, groups, rhythm));
  const last = Math.max(...given.beats.map(([time]) => time));
  // This bar exists only in case the last hit belongs to it.
  for (let bar = bars[bars.length - 1]; bars.length > 1; bar = bars[bars.length - 1]) {
    if (bar.beats[0].time <= last || sounds(bar)) break;
    end = bar.beats[0].time;
    bars = bars.slice(0, -1);
  }
  add(leftOut, makePlayable(bars));
  mark(bars);
  for (const bar of bars) {
    for (const beat of bar.beats) {
      for (const [step, struck] of beat.strokes) if (!struck.size) beat.strokes.delete(step);
      simplify(beat, bar);
    }
  }
  if (!given.meters.length && soundsCompound(bars)) {
    writeAsTriplets(bars);
    writeAsCompound(bars);
  } else if (!hasPairs(bars)) writeAsTriplets(bars);
  const struck = given.hits.map(({ time }) => time);
  const { beats, meter, isSteady } = songTempo(given.beats, given.meters, struck);
  const quarters = (beats || tempoOf(bars)) * tempoQuarters(meter ?? bars[0].meter);
  const tempi = tempoMarks(bars, end, quarters, isSteady);
  return { bars, swings: rhythm.swings, tempi, end, leftOut, sections: findSections(bars) };
}

function add(counts: Counts, more: Counts): void {
  for (const [drum, times] of more) count(counts, drum, times);
}

/** Return all strokes that are drawn. */
export const strokesOf = ({ bars }: Pick<Part, "bars">): [drum: string, stroke: Stroke][] =>
  bars.flatMap(({ beats }) =>
    beats.flatMap((beat) => [...beat.strokes.values()].flatMap((chord) => [...chord])),
  );

/**
 * Return the drums that are drawn, in list order, with their names. A drum most of whose strokes
 * are of uncertain kind is just called hi-hat, cymbal or tom, as are all drums that share a head
 * with it. No two heads have the same name.
 */
export function drumsOf(part: Part): Map<string, string> {
  const sure: Counts = new Map();
  const drawn: Counts = new Map();
  for (const [drum, { hit }] of strokesOf(part)) {
    count(drawn, drum);
    count(sure, drum, Number(hit.drum === drum));
  }
  const kinds = ALL.flatMap((drum): [string, string][] => {
    const times = drawn.get(drum);
    if (!times) return [];
    const isSure = 2 * (sure.get(drum) as number) > times;
    return [[drum, isSure ? drum : coarseOf(drum)]];
  });
  const signOf = (drum: string, kind: string) => `${kind} ${PLACES[drum]}`;
  const unsure = new Set(kinds.map(([drum, kind]) => signOf(drum, kind)));
  const named = kinds.map(([drum, kind]): [string, string] => {
    const coarse = coarseOf(drum);
    return [drum, unsure.has(signOf(drum, coarse)) ? coarse : kind];
  });
  const isAtHome = (drum: string, kind: string) => `${PLACES[drum]}` === `${PLACES[kind]}`;
  const taken = new Set(named.filter(([drum, kind]) => isAtHome(drum, kind)).map((own) => own[1]));
  return new Map(
    named.map(([drum, kind]) => [
      drum,
      nameOf(taken.has(kind) && !isAtHome(drum, kind) ? drum : kind),
    ]),
  );
}

/** Return a sentence about the hits that are left out; null if there are none. */
export function omissions({ leftOut }: Part): string | null {
  const all = [...leftOut.values()].reduce((sum, times) => sum + times, 0);
  if (!all) return null;
  const drums = [...leftOut]
    .sort((a, b) => b[1] - a[1])
    .map(([drum, times]) => `${nameOf(drum).toLowerCase()} ${times}`)
    .join(", ");
  return `left out ${counted(all, "hit")} heard twice or too much for two hands: ${drums}`;
}

/** Group strokes that were meant to sound at once. */
function together(played: readonly Played[]): Played[][] {
  const groups: Played[][] = [];
  for (const stroke of played) {
    const group = groups[groups.length - 1];
    const { time, drum } = stroke.hit;
    if (
      group &&
      time - group[group.length - 1].hit.time <= TOGETHER_S &&
      time - group[0].hit.time <= SPREAD_S &&
      group.every((other) => other.hit.drum !== drum)
    )
      group.push(stroke);
    else groups.push([stroke]);
  }
  return groups;
}

/** Determine the division of every beat and the feel of every bar. */
function divide(bars: readonly Bar[], end: number, groups: readonly Played[][]): Rhythm {
  const beats = bars.flatMap((bar) => bar.beats);
  const rhythm = findRhythm(
    {
      times: [...beats.map(({ time }) => time), end],
      units: beats.map(unitOf),
      bars: bars.flatMap((bar, n) => bar.beats.map(() => n)),
    },
    {
      times: groups.map((group) => median(group.map(({ hit }) => hit.time))),
      drums: groups.map((group) =>
        group.reduce((bits, { hit }) => bits | (1 << ALL.indexOf(hit.drum)), 0),
      ),
    },
  );
  beats.forEach((beat, n) => {
    const { steps, isSwung } = rhythm.states[n];
    beat.division = division(steps, isSwung);
  });
  let first = 0;
  for (const bar of bars) {
    bar.feel = rhythm.states[first].feel;
    first += bar.beats.length;
  }
  return rhythm;
}

/** Put every stroke on its step; returns those whose step is taken. */
function place(bars: readonly Bar[], groups: readonly Played[][], { places }: Rhythm): Counts {
  const beats = bars.flatMap((bar) => bar.beats);
  const lost: Counts = new Map();
  groups.forEach((group, n) => {
    const [index, step] = places[n];
    // The list ends with a beat that no hit is near the end of.
    const { strokes } = beats[Math.min(index, beats.length - 1)];
    const taken = strokes.get(step) ?? new Map<string, Stroke>();
    strokes.set(step, taken);
    for (const { hit, graces } of group) {
      const old = taken.get(hit.drum);
      if (old) count(lost, hit.drum);
      if (old && old.hit.velocity >= hit.velocity) continue;
      taken.set(hit.drum, { hit, drum: hit.drum, graces, isGhost: false, isAccent: false });
    }
  });
  return lost;
}

/** Notate a beat with as few steps as its strokes need. */
function simplify(beat: GridBeat, { feel }: Bar): void {
  const [own, part] = withFewestSteps(beat.division, [...beat.strokes.keys()]);
  respell(beat, own, (step) => step / part);
  // A pair is always spelled in the same way, whichever division fitted better.
  if (feel === "swung eighths" && isSame(own, TRIPLET) && !beat.strokes.has(1))
    respell(beat, PAIR, (step) => step / 2);
}

const sounds = ({ beats }: Bar): boolean => beats.some(({ strokes }) => strokes.size > 0);

/** Return the divisions of all beats with more than one step. */
const divisionsOf = (bars: readonly Bar[]): Division[] =>
  bars.flatMap(({ beats }) => beats.map((beat) => beat.division)).filter(({ steps }) => steps > 1);

/** Whether a swing mark is of use; music in triplets alone does not need one. */
function hasPairs(bars: readonly Bar[]): boolean {
  const all = divisionsOf(bars.filter(({ feel }) => feel === "swung eighths"));
  return all.filter(({ isSwung }) => isSwung).length >= LEAST_PAIRS * all.length;
}

/** Whether nearly all divided beats are divided by three. */
function soundsCompound(bars: readonly Bar[]): boolean {
  const all = divisionsOf(bars);
  return all.length > 1 && all.filter(isTernary).length >= COMPOUND_SHARE * all.length;
}

function writeAsCompound(bars: readonly Bar[]): void {
  for (const bar of bars) {
    bar.meter = COMPOUND;
    for (const beat of bar.beats) beat.ticks = 1.5 * TICKS;
  }
}

function writeAsTriplets(bars: readonly Bar[]): void {
  for (const bar of bars) {
    if (bar.feel !== "swung eighths") continue;
    for (const beat of bar.beats)
      if (isSame(beat.division, PAIR)) respell(beat, TRIPLET, (step) => 2 * step);
    bar.feel = "straight";
  }
}

function respell(beat: GridBeat, own: Division, stepOf: (step: number) => number): void {
  beat.division = own;
  beat.strokes = new Map([...beat.strokes].map(([step, strokes]) => [stepOf(step), strokes]));
}
