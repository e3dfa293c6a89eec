/**
 * From beats and steps to notes and rests: values, dots, tuplets and beams. The port of
 * `adt_plugins.formats.notation.spelling`.
 */

import { SPELLING } from "../core/tables";
import { type Bar, type Chord, type GridBeat, placeOf, type Stroke, ticksOf } from "./bars";
import { isFoot } from "./hands";
import { ALL } from "./part";
import { type Beam, TICKS, type Value } from "./score";

const VALUES: readonly Value[] = SPELLING.VALUES;
const QUARTER = 2; // in `VALUES`
const HALF_BAR = 2 * TICKS;

/** Drums that sound at once, in the order of lists (none: a rest), and the sign for them. */
export interface Note {
  readonly strokes: readonly Stroke[];
  /** Ticks from the beginning of the bar. */
  readonly place: number;
  readonly length: number;
  readonly value: Value;
  readonly dots: number;
  readonly tuplet: readonly [number, number] | null;
  readonly edge: "" | "start" | "stop";
  readonly beams: readonly Beam[];
  readonly isBar: boolean;
}

export type Voice = "hands" | "feet";

/** Notes and rests of a voice; empty if it is silent in this bar. */
export function spell(bar: Bar, voice: Voice): Note[] {
  let start = 0;
  const notes = bar.beats.flatMap((beat) => {
    const own = notesOf(beat, start, voice);
    start += beat.ticks;
    return own;
  });
  return notes.some(isPlayed) ? beamed(withLongRests(notes, bar), bar) : [];
}

/** The rest of a bar in which nobody plays. */
export const barRest = (bar: Bar): Note => ({
  ...note([], 0, ticksOf(bar), { value: "whole", dots: 0 }, null),
  isBar: true,
});

const isPlayed = ({ strokes }: Note): boolean => strokes.length > 0;

/** Flags or beams of a note's value. */
const flagsOf = ({ value }: Note): number => Math.max(VALUES.indexOf(value) - QUARTER, 0);

interface Sign {
  readonly value: Value;
  readonly dots: number;
}

const note = (
  strokes: readonly Stroke[],
  place: number,
  length: number,
  { value, dots }: Sign,
  tuplet: Note["tuplet"],
): Note => ({ strokes, place, length, value, dots, tuplet, edge: "", beams: [], isBar: false });

/** Whether a length has three parts: 9 ticks are a dotted 32nd. */
const isDotted = (ticks: number): boolean => ticks % 9 === 0;

/** Value and dots of a length that one sign can show. */
export function signFor(ticks: number): Sign {
  const dots = Number(isDotted(ticks));
  const plain = dots ? (ticks * 2) / 3 : ticks;
  return { value: VALUES[QUARTER + Math.log2(TICKS / plain)], dots };
}

/** How the steps of a beat are written, the longest first. */
interface Signs {
  readonly parts: readonly (Sign & { readonly steps: number })[];
  readonly tuplet: Note["tuplet"];
}

/** Signs of a beat's steps; two in the time of three eighths are eighths. */
function signsOf({ ticks, division: { steps } }: GridBeat): Signs {
  const isTernary = steps % 3 === 0;
  let tuplet: Note["tuplet"] = null;
  let step = ticks / steps;
  if (isTernary && !isDotted(ticks)) {
    const written = (2 * steps) / 3;
    tuplet = [steps, written];
    step = ticks / written;
  } else if (isDotted(ticks) && !isTernary) {
    tuplet = [steps, 3];
    step = ticks / 3;
  }
  const isPower = (count: number) => (count & (count - 1)) === 0;
  const parts = Array.from({ length: steps }, (_, n) => steps - n)
    .filter((count) => isPower(count) || (count % 3 === 0 && isPower(count / 3)))
    .map((count) => ({ steps: count, ...signFor(step * count) }));
  return { parts, tuplet };
}

/** Notes and rests of a beat, each as long as one sign can show. */
function notesOf(beat: GridBeat, start: number, voice: Voice): Note[] {
  const hits = [...beat.strokes]
    .map(([step, chord]) => ({ step, own: ownOf(chord, voice) }))
    .filter(({ own }) => own.length)
    .sort((a, b) => a.step - b.step);
  // Nothing inside the beat: one plain sign.
  if (hits.every(({ step }) => !step))
    return [note(hits[0]?.own ?? [], start, beat.ticks, signFor(beat.ticks), null)];
  if (hits[0].step) hits.unshift({ step: 0, own: [] });
  const { parts, tuplet } = signsOf(beat);
  const notes: Note[] = [];
  hits.forEach(({ step, own }, n) => {
    const end = hits[n + 1]?.step ?? beat.division.steps;
    let strokes = own;
    for (let at = step; at < end; ) {
      // Rests have no dots within a beat.
      const sign = parts.find(
        (part) => part.steps <= end - at && (strokes.length || !part.dots),
      ) as Signs["parts"][number];
      const length = placeOf(beat, sign.steps);
      notes.push(note(strokes, start + placeOf(beat, at), length, sign, tuplet));
      at += sign.steps;
      strokes = []; // what is left is silent
    }
  });
  if (!tuplet) return notes;
  return notes.map((own, n) => {
    if (n && n < notes.length - 1) return own;
    return { ...own, edge: n ? "stop" : "start" };
  });
}

/** Strokes of a voice at once. */
const ownOf = (chord: Chord, voice: Voice): Stroke[] =>
  [...chord.values()]
    .filter(({ drum }) => isFoot(drum) === (voice === "feet"))
    .sort((a, b) => ALL.indexOf(a.drum) - ALL.indexOf(b.drum));

/** One rest for beats that are silent together: half a bar, of short beats a quarter. */
function withLongRests(notes: readonly Note[], bar: Bar): Note[] {
  const isShort = bar.beats[0].ticks < TICKS;
  if (!isShort && (bar.meter.unit > 4 || ticksOf(bar) !== 4 * TICKS)) return [...notes];
  const most = isShort ? TICKS : HALF_BAR;
  const found: Note[] = [];
  for (let own of notes) {
    for (let before = found[found.length - 1]; before && areOne(before, own, most); ) {
      found.pop();
      const length = 2 * own.length;
      own = { ...before, length, ...signFor(length) };
      before = found[found.length - 1];
    }
    found.push(own);
  }
  return found;
}

/** Whether two rests are halves of one. */
function areOne(before: Note, own: Note, most: number): boolean {
  const length = 2 * before.length;
  return (
    !(isPlayed(before) || isPlayed(own) || before.tuplet || own.tuplet) &&
    !(before.dots || own.dots) &&
    before.length === own.length &&
    length <= most &&
    before.place % length === 0
  );
}

/** Add the beams. */
function beamed(notes: readonly Note[], bar: Bar): Note[] {
  const ends = groupEnds(notes, bar);
  const found: Note[] = [];
  let group: Note[] = [];
  for (const own of notes) {
    const before = group[group.length - 1];
    const isEnded = before && ends.some((end) => before.place < end && end <= own.place);
    const isBeamed = isPlayed(own) && flagsOf(own) > 0;
    if (isEnded || !isBeamed) {
      found.push(...beam(group));
      group = [];
    }
    (isBeamed ? group : found).push(own);
  }
  return [...found, ...beam(group)];
}

/** Where beams end: at beats, and eighths at half bars of 4/4 and 2/2. */
function groupEnds(notes: readonly Note[], bar: Bar): number[] {
  const [{ ticks: unit }] = bar.beats;
  const count = bar.beats.length;
  const all = ticksOf(bar);
  if (unit >= TICKS) {
    let at = 0;
    const ends = bar.beats.map(({ ticks }) => {
      at += ticks;
      return at;
    });
    if (all !== 4 * TICKS || ![2, 4].includes(bar.meter.unit)) return ends;
    const isWhole = (half: number) => {
      const inside = notes.filter(({ place }) => half <= place && place < half + HALF_BAR);
      return inside.length === 4 && inside.every((own) => isPlayed(own) && flagsOf(own) === 1);
    };
    return ends.filter((end) => !(end % HALF_BAR === TICKS && isWhole(end - TICKS)));
  }
  // Of shorter beats two make a group; three at the end of an odd number.
  const per = unit === TICKS / 2 ? 2 : 4;
  if (count < per || count === 3) return [all];
  const ends = Array.from({ length: Math.floor(count / per) }, (_, n) => unit * per * (n + 1));
  if (count % per) ends[ends.length - 1] = all;
  return ends;
}

/** Notes of a group with their beams; a single one has flags. */
function beam(group: readonly Note[]): Note[] {
  if (group.length < 2) return [...group];
  return group.map((own, n) => {
    const has = (other: Note | undefined, level: number) => !!other && flagsOf(other) >= level;
    const beams = Array.from({ length: flagsOf(own) }, (_, k): Beam => {
      const before = has(group[n - 1], k + 1);
      const after = has(group[n + 1], k + 1);
      if (before && after) return "continue";
      if (after) return "begin";
      if (before) return "end";
      return n ? "backward hook" : "forward hook";
    });
    return { ...own, beams };
  });
}
