/** Signs of notes, and positions of their heads. */

import type { Head, ScoreNote, ScoreStroke, Value } from "../notation/score";
import type { GlyphName } from "./glyphs";

/** Height of the top line of the staff, F5. */
const HIGHEST = 38;

/** Convert a height to staff spaces below the top line. */
export const yOf = (height: number): number => (HIGHEST - height) / 2;

export const GLYPH_OF_HEAD: Readonly<Record<Head, GlyphName>> = {
  normal: "noteheadBlack",
  x: "noteheadXBlack",
  "circle-x": "noteheadCircleX",
  diamond: "noteheadDiamondBlack",
  triangle: "noteheadTriangleUpBlack",
};

const RESTS: Readonly<Record<Value, GlyphName>> = {
  whole: "restWhole",
  half: "restHalf",
  quarter: "restQuarter",
  eighth: "rest8th",
  "16th": "rest16th",
  "32nd": "rest32nd",
  "64th": "rest64th",
  "128th": "rest64th",
};

export const restGlyph = (note: ScoreNote): GlyphName => RESTS[note.value];

const FLAGS: readonly Value[] = ["eighth", "16th", "32nd", "64th", "128th"];

/** Return the number of flags or beams of a value. */
export const flagsOf = ({ value }: ScoreNote): number => FLAGS.indexOf(value) + 1;

export function flagGlyph(note: ScoreNote, side: "up" | "down"): GlyphName {
  const names = { up: ["8thUp", "16thUp", "32ndUp", "64thUp"] as const };
  const down = ["8thDown", "16thDown", "32ndDown", "64thDown"] as const;
  const all = side === "up" ? names.up : down;
  return `flag${all[Math.min(flagsOf(note), all.length) - 1]}`;
}

export interface PlacedHead extends ScoreStroke {
  /** Offset from the column. */
  readonly x: number;
  readonly y: number;
}

/** Offset of a head that is a step from the next one: it goes to the other side of the stem. */
const BESIDE = 1.1;

/** Place the heads of a chord, from the lowest up. */
export function headsOf(note: ScoreNote, side: "up" | "down"): PlacedHead[] {
  let before = { height: -9, isBeside: false };
  return note.strokes.map((stroke) => {
    const isBeside = stroke.height - before.height < 2 && !before.isBeside;
    before = { height: stroke.height, isBeside };
    const away = isBeside ? BESIDE : 0;
    return { ...stroke, x: side === "up" ? away : -away, y: yOf(stroke.height) };
  });
}

/** Whether heads of the feet would collide with heads of the hands. */
export function isShifted(hands: ScoreNote | undefined, feet: ScoreNote): boolean {
  const lowest = hands?.strokes[0]?.height ?? 99;
  const highest = feet.strokes[feet.strokes.length - 1]?.height ?? 0;
  return lowest - highest < 2;
}
