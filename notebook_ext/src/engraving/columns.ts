/** Widths of bars: notes at one place form a column, and longer notes get more room. */

import { type ScoreBar, type ScoreNote, TICKS } from "../notation/score";
import { boxOf } from "./pen";
import { GLYPH_OF_HEAD, headsOf, isShifted, restGlyph } from "./signs";

/** Room of a quarter before stretching; lengths are in staff spaces throughout. */
const QUARTER = 3.3;
/** Room grows with the length of a note to this power. */
const LONGER = 0.6;
/** Least distance between signs of two columns. */
const APART = 0.35;
/** Padding before the first column and behind the signs of the last. */
const [BEFORE, BEHIND] = [1, 1.3];
/** Width of a bar that has one sign in its middle: a simile mark or a rest. */
const ALONE = { least: 7, ideal: 11 };
/** Size of grace notes, relative to other notes. */
export const GRACE = 0.62;
/** Distance from one grace note to the next, and from the last to its stroke. */
export const [GRACE_STEP, GRACE_GAP] = [0.95, 0.75];
export const GHOST_ROOM = 0.42;
export const [DOT_GAP, DOT_STEP] = [0.28, 0.5];
const FLAG_ROOM = 0.5;

const MOST_STEPS = 20;

/** Room that can be stretched. */
interface Elastic {
  readonly least: number;
  /** Before stretching. */
  readonly ideal: number;
}

/** Its room reaches to the left edge of the next column, or to the end of the bar. */
export interface Column extends Elastic {
  /** Ticks from the beginning of the bar. */
  readonly place: number;
  /** Extent of its signs to the left and right of the left edge of its heads. */
  readonly left: number;
  readonly right: number;
}

/** A measured bar; it has no columns if it has one sign in its middle. */
export interface Measured extends Elastic {
  readonly columns: readonly Column[];
  /** Distance from the bar line to the first column. */
  readonly before: number;
}

const ideal = (ticks: number): number => QUARTER * (ticks / TICKS) ** LONGER;

/** Return the extent of a note to the left and right of its column. */
function reach(note: ScoreNote, shift: number): [left: number, right: number] {
  const dots = note.dots ? DOT_GAP + DOT_STEP * note.dots : 0;
  if (!note.strokes.length) {
    const glyph = restGlyph(note);
    return [0, boxOf(glyph).right + dots];
  }
  const heads = headsOf(note, "up");
  const graces = Math.max(...note.strokes.map((stroke) => stroke.graces));
  const ghosts = note.strokes.some((stroke) => stroke.isGhost) ? GHOST_ROOM : 0;
  const flags = note.beams.length || note.value === "quarter" ? 0 : FLAG_ROOM;
  const left = Math.max(ghosts, graces ? graces * GRACE_STEP + GRACE_GAP : 0);
  const right = Math.max(...heads.map(({ x, head }) => x + boxOf(GLYPH_OF_HEAD[head]).right));
  return [left - shift, right + Math.max(ghosts, dots, flags) + shift];
}

/** Measure a bar, written out or as a simile mark. */
export function measure(bar: ScoreBar, isSimile: boolean): Measured {
  const notes = [...bar.hands, ...bar.feet].filter((note) => !note.isBar);
  if (isSimile || !notes.length) return { columns: [], before: 0, ...ALONE };
  const hands = new Map(bar.hands.map((note) => [note.place, note]));
  const feet = new Set(bar.feet);
  const places = [...new Set(notes.map(({ place }) => place))].sort((a, b) => a - b);
  const sides = places.map((place) => {
    const own = notes
      .filter((note) => note.place === place)
      .map((note) => reach(note, feet.has(note) && isShifted(hands.get(place), note) ? SHIFT : 0));
    return [Math.max(...own.map(([left]) => left)), Math.max(...own.map(([, right]) => right))];
  });
  const columns = places.map((place, n): Column => {
    const [left, right] = sides[n];
    const next = sides[n + 1];
    const end = places[n + 1] ?? bar.length;
    return {
      place,
      left,
      right,
      least: next ? right + next[0] + APART : right + BEHIND,
      ideal: ideal(end - place),
    };
  });
  const before = BEFORE + Math.max(columns[0].left, 0);
  const sum = (of: (column: Column) => number) =>
    columns.reduce((total, column) => total + of(column), before);
  return {
    columns,
    before,
    least: sum((column) => column.least),
    ideal: sum((column) => Math.max(column.least, column.ideal)),
  };
}

/** Offset to the right of heads of the feet that would collide with heads of the hands. */
export const SHIFT = 1.3;

/** Return the width of a bar with its room stretched by a factor. */
export const widthOf = (bar: Measured, factor: number): number =>
  bar.columns.length
    ? bar.columns.reduce(
        (total, { least, ideal }) => total + Math.max(least, factor * ideal),
        bar.before,
      )
    : Math.max(bar.least, factor * bar.ideal);

/** Find the factor that makes bars fill a width; 0 if they do not fit. */
export function stretch(bars: readonly Measured[], room: number): number {
  const parts = bars.flatMap((bar): readonly Elastic[] =>
    bar.columns.length ? bar.columns : [bar],
  );
  const before = bars.reduce((total, bar) => total + bar.before, 0);
  const sum = (of: (part: Elastic) => number) => parts.reduce((total, part) => total + of(part), 0);
  if (before + sum(({ least }) => least) >= room) return 0;
  // The width is convex in the factor, so Newton's method comes down to the solution.
  let factor = room / sum(({ ideal }) => ideal);
  for (let step = 0; step < MOST_STEPS; step++) {
    const excess = before + sum(({ least, ideal }) => Math.max(least, factor * ideal)) - room;
    if (excess < 1e-6) break;
    factor -= excess / sum(({ least, ideal }) => (factor * ideal > least ? ideal : 0));
  }
  return factor;
}
