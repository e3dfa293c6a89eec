/**
 * Spells beats and steps as notes and rests, with values, dots, tuplets and beams: the port of
 * `adt_plugins.formats.notation.spelling`.
 */

import { SPELLING } from "../core/tables";
import { type Bar, type Chord, type GridBeat, placeOf, type Stroke, ticksOf } from "./bars";
import { type Division, isSame, PAIR, TRIPLET, withFewestSteps } from "./divisions";
import { isFoot } from "./hands";
import { ALL } from "./part";
import { type Beam, type ScoreNote, TICKS, type Value } from "./score";

const VALUES: readonly Value[] = SPELLING.VALUES;
const QUARTER = 2; // index in `VALUES`
const HALF_BAR = 2 * TICKS;

/** Simultaneous strokes in list order, or a rest, and the sign for them. */
export type Note = ScoreNote<Stroke>;

export type Voice = "hands" | "feet";

/** Return the notes and rests of a voice; empty if it is silent in this bar. */
export function spell(bar: Bar, voice: Voice): Note[] {
  let start = 0;
  const notes = bar.beats.flatMap((beat) => {
    const own = notesOf(forVoice(beat, voice, bar.feel), start);
    start += beat.ticks;
    return own;
  });
  return notes.some(isPlayed) ? beamed(withLongRests(notes, bar), bar) : [];
}

/** Return the rest of a bar in which nobody plays. */
export const barRest = (bar: Bar): Note => ({
  ...note([], 0, ticksOf(bar), { value: "whole", dots: 0 }, null),
  isBar: true,
});

const isPlayed = ({ strokes }: Note): boolean => strokes.length > 0;

/** Return the number of flags or beams of a note. */
const flagsOf = ({ value }: Note): number => Math.max(VALUES.indexOf(value) - QUARTER, 0);

type Sign = Pick<Note, "value" | "dots">;

const note = (
  strokes: readonly Stroke[],
  place: number,
  length: number,
  { value, dots }: Sign,
  tuplet: Note["tuplet"],
): Note => ({ strokes, place, length, value, dots, tuplet, edge: "", beams: [], isBar: false });

/** Whether a length has three parts: 9 ticks are a dotted 32nd. */
const isDotted = (ticks: number): boolean => ticks % 9 === 0;

/** Return value and dots of a length that one sign can show. */
export function signFor(ticks: number): Sign {
  const dots = Number(isDotted(ticks));
  const plain = dots ? (ticks * 2) / 3 : ticks;
  return { value: VALUES[QUARTER + Math.log2(TICKS / plain)], dots };
}

/** How the steps of a beat are notated, the longest first. */
interface Signs {
  readonly parts: readonly (Sign & { readonly steps: number })[];
  readonly tuplet: Note["tuplet"];
}

/** Return the signs of a beat's steps; two in the time of three eighths are eighths. */
function signsOf({ ticks, division: { steps } }: VoiceBeat): Signs {
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

/** What a voice plays in a beat, with as few steps as it needs. */
interface VoiceBeat {
  readonly ticks: number;
  readonly division: Division;
  readonly hits: { readonly step: number; readonly own: Stroke[] }[];
}

/**
 * A swung pair is written as one beside a triplet of the other voice, unless both play
 * the last third.
 */
function forVoice(
  { ticks, division, strokes }: GridBeat,
  voice: Voice,
  feel: Bar["feel"],
): VoiceBeat {
  const hits = [...strokes]
    .map(([step, chord]) => ({ step, own: ownOf(chord, voice) }))
    .filter(({ own }) => own.length)
    .sort((a, b) => a.step - b.step);
  const [fewest, part] = withFewestSteps(
    division,
    hits.map(({ step }) => step),
  );
  const last = hits.find(({ step }) => step === 2 * part);
  const isPair =
    feel === "swung eighths" &&
    isSame(fewest, TRIPLET) &&
    hits.every(({ step }) => step !== part) &&
    last?.own.length === strokes.get(2 * part)?.size;
  const long = isPair ? 2 * part : part;
  const moved = hits.map(({ step, own }) => ({ step: step / long, own }));
  return { ticks, division: isPair ? PAIR : fewest, hits: moved };
}

/** Return the notes and rests of a beat, each as long as one sign can show. */
function notesOf(beat: VoiceBeat, start: number): Note[] {
  const hits = [...beat.hits];
  // There is nothing within the beat: one plain sign.
  if (hits.every(({ step }) => !step))
    return [note(hits[0]?.own ?? [], start, beat.ticks, signFor(beat.ticks), null)];
  if (hits[0].step) hits.unshift({ step: 0, own: [] });
  const { parts, tuplet } = signsOf(beat);
  const notes: Note[] = [];
  hits.forEach(({ step, own }, n) => {
    const end = hits[n + 1]?.step ?? beat.division.steps;
    let strokes = own;
    for (let at = step; at < end; ) {
      // Rests within a beat have no dots.
      const sign = parts.find(
        (part) => part.steps <= end - at && (strokes.length || !part.dots),
      ) as Signs["parts"][number];
      const length = placeOf(beat, sign.steps);
      notes.push(note(strokes, start + placeOf(beat, at), length, sign, tuplet));
      at += sign.steps;
      strokes = []; // the remainder is silent
    }
  });
  if (!tuplet) return notes;
  return notes.map((own, n) => {
    if (n && n < notes.length - 1) return own;
    return { ...own, edge: n ? "stop" : "start" };
  });
}

/** Return the simultaneous strokes of a voice. */
const ownOf = (chord: Chord, voice: Voice): Stroke[] =>
  [...chord.values()]
    .filter(({ drum }) => isFoot(drum) === (voice === "feet"))
    .sort((a, b) => ALL.indexOf(a.drum) - ALL.indexOf(b.drum));

/** Merge rests of beats that are silent together: half a bar, or a quarter in short beats. */
function withLongRests(notes: readonly Note[], bar: Bar): Note[] {
  const isShort = bar.beats[0].ticks < TICKS;
  if (!isShort && (bar.meter.unit > 4 || ticksOf(bar) !== 4 * TICKS)) return [...notes];
  const most = isShort ? TICKS : HALF_BAR;
  const spelled: Note[] = [];
  for (let own of notes) {
    for (let before = spelled[spelled.length - 1]; before && areOne(before, own, most); ) {
      spelled.pop();
      const length = 2 * own.length;
      own = { ...before, length, ...signFor(length) };
      before = spelled[spelled.length - 1];
    }
    spelled.push(own);
  }
  return spelled;
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
  const spelled: Note[] = [];
  let group: Note[] = [];
  for (const own of notes) {
    const before = group[group.length - 1];
    const isEnded = before && ends.some((end) => before.place < end && end <= own.place);
    const isBeamed = isPlayed(own) && flagsOf(own) > 0;
    if (isEnded || !isBeamed) {
      spelled.push(...beam(group));
      group = [];
    }
    (isBeamed ? group : spelled).push(own);
  }
  return [...spelled, ...beam(group)];
}

/** Return where beams end: at beats, and for eighths in 4/4 and 2/2 at half bars. */
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
  // Two shorter beats make a group; of an odd number, the last three do.
  const per = unit === TICKS / 2 ? 2 : 4;
  if (count < per || count === 3) return [all];
  const ends = Array.from({ length: Math.floor(count / per) }, (_, n) => unit * per * (n + 1));
  if (count % per) ends[ends.length - 1] = all;
  return ends;
}

/** Join the notes of a group with beams; a single note has flags. */
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
