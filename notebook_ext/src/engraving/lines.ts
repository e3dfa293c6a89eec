/** Breaks a score into lines, and places bars and columns in them. */

import type { Score, ScoreBar } from "../notation/score";
import { type Measured, measure, stretch, widthOf } from "./columns";

/** Widths of the clef and of a time signature, in staff spaces. */
const [CLEF, SIGNATURE] = [3, 2.6];
/** Least stretch of a line before it is broken, and most of the last line. */
const [TIGHTEST, WIDEST] = [0.72, 1.5];
/** Stretch at which two lines are joined if they then fit. */
const WIDE = 1.2;
const MOST_BARS = 8;

export interface PlacedBar {
  readonly bar: ScoreBar;
  /** Index in the score. */
  readonly index: number;
  readonly x: number;
  readonly width: number;
  /** Whether it is drawn as a simile mark. */
  readonly isSimile: boolean;
  /** Whether it begins with its time signature. */
  readonly hasSignature: boolean;
  /** Places in ticks with the left edges of their heads. */
  readonly columns: readonly (readonly [place: number, x: number])[];
}

export interface Line {
  readonly bars: readonly PlacedBar[];
  readonly width: number;
}

interface Sized {
  readonly bar: ScoreBar;
  readonly index: number;
  readonly hasSignature: boolean;
  /** Its measures: within a line, and at the start of one, where it is written out. */
  readonly inside: Measured;
  readonly first: Measured;
}

const sizeOf = (bar: Sized, isFirst: boolean, factor: number): number =>
  widthOf(isFirst ? bar.first : bar.inside, factor) + (bar.hasSignature ? SIGNATURE : 0);

/** Return the width of a line; `isFull`: with all bars written out. */
const roomOf = (bars: readonly Sized[], factor: number, isFull = false): number =>
  bars.reduce((total, bar, n) => total + sizeOf(bar, isFull || n === 0, factor), CLEF);

/** Lay out a score in lines of a width in staff spaces, of four bars if they fit. */
export function layOut(score: Score, width: number): Line[] {
  const all = score.bars.map((bar, index): Sized => {
    const before = score.bars[index - 1]?.signature.join();
    const first = measure(bar, false);
    const inside = bar.isRepeat ? measure(bar, true) : first;
    return { bar, index, hasSignature: bar.signature.join() !== before, inside, first };
  });
  const lines = joined(inFours(all), width).flatMap((line) => halved(line, width));
  return lines.map((line, n) => placed(line, width, n === lines.length - 1));
}

function inFours(bars: readonly Sized[]): Sized[][] {
  const lines: Sized[][] = [];
  for (const sized of bars) {
    const last = lines[lines.length - 1];
    if (!last || sized.bar.beginsLine) lines.push([sized]);
    else last.push(sized);
  }
  return lines;
}

/** Join two lines of a section if both fit, written out. */
function joined(lines: readonly Sized[][], width: number): Sized[][] {
  const merged: Sized[][] = [];
  for (const line of lines) {
    const before = merged[merged.length - 1];
    const both = [...(before ?? []), ...line];
    const isOne = before && !line[0].bar.section && both.length <= MOST_BARS + 1;
    if (isOne && roomOf(both, WIDE, true) <= width) merged[merged.length - 1] = both;
    else merged.push(line);
  }
  return merged;
}

function halved(line: Sized[], width: number): Sized[][] {
  if (line.length < 2 || roomOf(line, TIGHTEST) <= width) return [line];
  const half = Math.ceil(line.length / 2);
  return [...halved(line.slice(0, half), width), ...halved(line.slice(half), width)];
}

function placed(line: readonly Sized[], width: number, isLast: boolean): Line {
  const signatures = line.filter(({ hasSignature }) => hasSignature).length;
  const room = width - CLEF - SIGNATURE * signatures;
  const measured = line.map(({ first, inside }, n) => (n === 0 ? first : inside));
  const most = isLast ? WIDEST : Number.POSITIVE_INFINITY;
  const factor = Math.min(stretch(measured, room), most);
  let x = CLEF;
  const bars = line.map(({ bar, index, hasSignature, first, inside }, n): PlacedBar => {
    const own = n === 0 ? first : inside;
    const start = x + (hasSignature ? SIGNATURE : 0);
    const columns = columnsOf(own, start, factor);
    const size = widthOf(own, factor) + (hasSignature ? SIGNATURE : 0);
    const isSimile = n > 0 && bar.isRepeat;
    const found = { bar, index, x, width: size, isSimile, hasSignature, columns };
    x += size;
    return found;
  });
  return { bars, width: Math.max(x, isLast ? 0 : width) };
}

function columnsOf(bar: Measured, start: number, factor: number): (readonly [number, number])[] {
  let x = start + bar.before;
  return bar.columns.map(({ place, least, ideal }) => {
    const found = [place, x] as const;
    x += Math.max(least, factor * ideal);
    return found;
  });
}
