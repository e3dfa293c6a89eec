/** Draws the key of a score: the head and line of each drum, with its name. */

import type { Score, ScoreStroke } from "../notation/score";
import { type Drawing, staffLines } from "./draw";
import { boxOf, joint, Pen } from "./pen";
import { GLYPH_OF_HEAD, yOf } from "./signs";

const [STEM, LEDGER, SIZE] = [0.12, 0.16, 1.35];
const HEAD = boxOf("noteheadBlack").right;
/** Approximate width of a letter. */
const LETTER = 0.6 * SIZE;

/**
 * Draw the key in rows of a width in staff spaces; drums with the same head and name appear once.
 */
export function legend(score: Score, width: number): Drawing[] {
  const strokes = new Map<string, ScoreStroke>();
  for (const { hands, feet } of score.bars)
    for (const note of [...hands, ...feet])
      for (const stroke of note.strokes) strokes.set(stroke.drum, stroke);
  const rows: [name: string, stroke: ScoreStroke, size: number][][] = [[]];
  const shown = new Set<string>();
  let used = 0;
  for (const [drum, name] of score.drums) {
    const stroke = strokes.get(drum);
    if (!stroke) continue;
    const sign = `${name} ${stroke.height} ${stroke.head}`;
    if (shown.has(sign)) continue;
    shown.add(sign);
    const size = Math.max(name.length * LETTER, 4) + 1.5;
    if (used && used + size > width) {
      rows.push([]);
      used = 0;
    }
    rows[rows.length - 1].push([name, stroke, size]);
    used += size;
  }
  return rows.filter((row) => row.length).map(row);
}

function row(drums: readonly (readonly [string, ScoreStroke, number])[]): Drawing {
  const pen = new Pen();
  const width = drums.reduce((total, [, , size]) => total + size, 0);
  const staff = staffLines(width);
  let x = 0;
  for (const [name, { height, head, drum }, size] of drums) {
    const y = yOf(height);
    const middle = x + size / 2;
    const left = middle - HEAD / 2;
    const glyph = GLYPH_OF_HEAD[head];
    const isFoot = y > 3.2;
    const at = joint(glyph, isFoot ? "down" : "up");
    pen.glyph(glyph, left, y, { part: `notehead ${drum}` });
    pen.rect(left + at.x - (isFoot ? 0 : STEM), isFoot ? y : y + at.y - 2.8, STEM, 2.8);
    for (let line = -1; line >= y; line--) pen.rect(left - 0.35, line - LEDGER / 2, 1.9, LEDGER);
    pen.text(name, middle, 8.4, "name", SIZE);
    x += size;
  }
  const [top, bottom] = [Math.floor(pen.top - 0.2), Math.ceil(pen.bottom + 0.4)];
  const box = `0 ${top} ${width.toFixed(2)} ${bottom - top}`;
  return {
    svg: `<svg viewBox="${box}" aria-hidden="true">${staff}${pen.take()}</svg>`,
    top,
    bottom,
    width,
  };
}
