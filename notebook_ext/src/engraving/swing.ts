/** Draws the swing mark: two equal notes are played as a long and a short one. */

import type { Feel } from "../notation/score";
import { boxOf, type Pen } from "./pen";

const SCALE = 0.62;
const HEAD = SCALE * boxOf("noteheadBlack").right;
const [STEM, BEAM] = [0.1, 0.32];
const [HEIGHT, STEP] = [2.1, 1.5];

export function swingMark(pen: Pen, feel: Feel, x: number, y: number): void {
  if (feel === "straight") {
    pen.text("Straight", x, y, "words");
    return;
  }
  const beams = feel === "swung sixteenths" ? 2 : 1;
  pair(pen, x, y, beams, beams);
  const equals = x + STEP + HEAD + 0.7;
  pen.text("=", equals, y, "words");
  const to = equals + 2.1;
  // The long note has one beam fewer than the short one.
  pair(pen, to, y, beams - 1, beams);
  const middle = to + HEAD + STEP / 2;
  pen.glyph("tuplet3", middle - 0.35, y - HEIGHT - 0.3, { scale: 0.5, part: "swing" });
  pen.text("Swing", to + STEP + HEAD + 1.4, y, "words");
}

/** Draw two notes with this many beams each; without a common beam, the second has flags. */
function pair(pen: Pen, x: number, y: number, first: number, second: number): void {
  const stems = [x, x + STEP].map((left) => {
    pen.glyph("noteheadBlack", left, y - 0.3, { scale: SCALE });
    const stem = left + HEAD - STEM;
    pen.rect(stem, y - 0.4 - HEIGHT, STEM, HEIGHT);
    return stem;
  });
  const top = y - 0.4 - HEIGHT;
  const [left, right] = stems;
  for (let beam = 0; beam < second; beam++) {
    const isWhole = beam < first;
    const from = isWhole ? left : right - 0.6;
    if (first) pen.rect(from, top + 0.45 * beam, right + STEM - from, BEAM);
  }
  if (!first) pen.glyph(second > 1 ? "flag16thUp" : "flag8thUp", right, top, { scale: SCALE });
}
