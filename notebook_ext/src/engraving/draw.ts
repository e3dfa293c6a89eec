/** Draws a line of music. */

import type { Score, ScoreBar, ScoreNote, ScoreTempo } from "../notation/score";
import type { GlyphName } from "./glyphs";
import type { Line, PlacedBar } from "./lines";
import { boxOf, group, Pen } from "./pen";
import { swingMark } from "./swing";
import { Voice } from "./voice";
import { wordsOf } from "./words";

/** Thicknesses and distances as Bravura recommends them, in staff spaces. */
const [STAFF, THIN, THICK, BETWEEN] = [0.13, 0.16, 0.5, 0.4];
/** Margin above and below a line. */
const MARGIN = 0.6;

export interface Drawing {
  readonly svg: string;
  /** Extent in staff spaces below the top line of the staff. */
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
}

/** Draw the staff as strokes, which a style sheet can make exactly one pixel thick. */
export const staffLines = (width: number): string =>
  `<path class="staff" d="${[0, 1, 2, 3, 4].map((y) => `M0 ${y}h${width.toFixed(2)}`).join("")}"/>`;

/** Draw a line; each bar is a group that acts as a button. */
export function draw(score: Score, line: Line): Drawing {
  const pen = new Pen();
  pen.glyph("unpitchedPercussionClef1", 0.7, 2);
  const [first] = line.bars;
  if (first.index > 0 && first.bar.number > 0)
    pen.text(String(first.bar.number), 0, -1.4, "number", 1.5);
  const staff = staffLines(line.width) + pen.take();
  const bars = line.bars.map((placed) => {
    bar(pen, score, placed);
    return pen.take();
  });
  const above = Math.min(pen.top - 1.3, -3.6);
  const marks = line.bars.map((placed) => {
    mark(pen, score, placed, above);
    return pen.take();
  });
  // Whole spaces, so that staff lines fall on whole pixels.
  const [top, bottom] = [Math.floor(pen.top - MARGIN), Math.ceil(pen.bottom + MARGIN)];
  const groups = line.bars.map((placed, n) => {
    const { index, x, width, bar: own } = placed;
    const size = `x="${x.toFixed(2)}" width="${width.toFixed(2)}"`;
    const ground = `<rect class="ground" ${size} y="${top}" height="${bottom - top}"/>`;
    const attributes = {
      class: "score-bar",
      "data-bar": String(index),
      role: "button",
      tabindex: "-1",
      "aria-label": wordsOf(score, own),
    };
    return group(attributes, ground + bars[n] + marks[n]);
  });
  const { width } = line;
  const box = `0 ${top} ${width} ${bottom - top}`;
  return {
    svg: `<svg viewBox="${box}" role="presentation">${staff}${groups.join("")}</svg>`,
    top,
    bottom,
    width,
  };
}

function bar(pen: Pen, score: Score, { bar: own, index, ...placed }: PlacedBar): void {
  const { x, width, isSimile, columns, hasSignature } = placed;
  const start = x + (hasSignature ? signature(pen, own, x + 0.9) : 0);
  const middle = (start + x + width) / 2;
  if (isSimile) {
    const { left, right } = boxOf("repeat1Bar");
    pen.glyph("repeat1Bar", middle - (left + right) / 2, 2, { part: "simile" });
  } else {
    const places = new Map(columns);
    const xAt = (place: number) => places.get(place) ?? start;
    const { hands, feet } = own;
    const isSilent = hands.every(({ isBar }) => isBar);
    if (isSilent) {
      const { right } = boxOf("restWhole");
      pen.glyph("restWhole", middle - right / 2, feet.length ? 0 : 1, { part: "rest" });
    }
    const at = (notes: readonly ScoreNote[]) => new Map(notes.map((note) => [note.place, note]));
    new Voice(pen, hands, { side: "up", xAt, other: at(feet), isAlone: !feet.length }).draw();
    new Voice(pen, feet, { side: "down", xAt, other: at(hands), isAlone: isSilent }).draw();
  }
  barLine(pen, score, index, x + width);
}

/** Draw the bar line behind a bar: double before a section, final at the end. */
function barLine(pen: Pen, { bars }: Score, index: number, x: number): void {
  const line = (from: number, thickness: number) =>
    pen.rect(from, -STAFF / 2, thickness, 4 + STAFF);
  if (index + 1 === bars.length) {
    line(x - THICK, THICK);
    line(x - THICK - BETWEEN - THIN, THIN);
  } else {
    line(x - THIN, THIN);
    if (bars[index + 1].section) line(x - THIN - BETWEEN - THIN, THIN);
  }
}

function digits(pen: Pen, value: number, middle: number, y: number): void {
  const names = [...String(value)].map((digit) => `timeSig${digit}` as GlyphName);
  const width = names.reduce((total, name) => total + boxOf(name).right, 0);
  let x = middle - width / 2;
  for (const name of names) {
    pen.glyph(name, x, y, { part: "signature" });
    x += boxOf(name).right;
  }
}

/** Draw a time signature; return its width. */
function signature(pen: Pen, { signature: [upper, lower] }: ScoreBar, x: number): number {
  digits(pen, upper, x + 0.9, 1);
  digits(pen, lower, x + 0.9, 3);
  return 2.6;
}

/** Draw section, tempo and swing above a bar. */
function mark(pen: Pen, score: Score, { bar: own, index, x }: PlacedBar, above: number): void {
  const before = score.bars[index - 1];
  const hasSwing = own.feel !== (before?.feel ?? "straight");
  const { tempo } = own;
  if (!(own.section || hasSwing || tempo)) return;
  let at = x;
  if (own.section) at = sectionMark(pen, own.section, x, above) + 1.2;
  if (tempo) at = tempoMark(pen, tempo, at, above) + 2.4;
  if (hasSwing) swingMark(pen, own.feel, at, above);
}

function sectionMark(pen: Pen, name: string, x: number, y: number): number {
  const width = 1.3 * name.length + 0.9;
  const [top, height] = [y - 1.75, 2.3];
  pen.text(name, x + 0.45, y, "section", 2);
  pen.rect(x, top, width, THIN);
  pen.rect(x, top + height, width + THIN, THIN);
  pen.rect(x, top, THIN, height);
  pen.rect(x + width, top, THIN, height);
  return x + width;
}

function tempoMark(pen: Pen, tempo: ScoreTempo, x: number, y: number): number {
  if (tempo.text !== null) {
    if (tempo.text) pen.text(tempo.text, x, y, "words");
    return x + 0.95 * tempo.text.length;
  }
  const names: Record<string, GlyphName> = {
    half: "metNoteHalfUp",
    quarter: "metNoteQuarterUp",
    eighth: "metNote8thUp",
    "16th": "metNote16thUp",
  };
  const note = names[tempo.value] ?? "metNoteQuarterUp";
  const scale = 0.62;
  pen.glyph(note, x, y - 0.2, { scale, part: "tempo" });
  let at = x + boxOf(note, scale).right + 0.3;
  for (let dot = 0; dot < tempo.dots; dot++) {
    pen.glyph("augmentationDot", at, y, { scale: 0.8 });
    at += 0.5;
  }
  const words = `= ${tempo.beats}`;
  pen.text(words, at + 0.2, y, "words");
  return at + 0.2 + 0.95 * words.length;
}
