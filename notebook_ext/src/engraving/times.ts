/** Maps times of the song to positions in a line. */

import type { ScoreBar, ScoreNote } from "../notation/score";
import type { Line } from "./lines";
import { boxOf } from "./pen";

const MIDDLE = boxOf("noteheadBlack").right / 2;

/** Return the time in seconds at which a note is played. */
function timeOf(bar: ScoreBar, note: Pick<ScoreNote, "place" | "tuplet">): number {
  const { beats, end, length, swing } = bar;
  let n = beats.length - 1;
  while (n > 0 && beats[n].place > note.place) n--;
  const { time, place } = beats[n];
  const [until, last] = beats[n + 1] ? [beats[n + 1].time, beats[n + 1].place] : [end, length];
  const part = (note.place - place) / (last - place || 1);
  const pairs = bar.feel === "swung sixteenths" ? 2 : 1;
  return time + (until - time) * (note.tuplet ? part : swung(part, swing, pairs));
}

/** Delay the second note of each pair of a beat. */
function swung(part: number, swing: number, pairs: number): number {
  const pair = Math.floor(part * pairs);
  const inside = part * pairs - pair;
  const late = inside < 0.5 ? 2 * inside * swing : swing + (2 * inside - 1) * (1 - swing);
  return (pair + late) / pairs;
}

/** Return times with their positions in a line, both increasing. */
export function anchors(line: Line): [time: number, x: number][] {
  const anchors: [number, number][] = [];
  const add = (time: number, x: number) => {
    const last = anchors[anchors.length - 1];
    if (!last || (time > last[0] && x > last[1])) anchors.push([time, x]);
  };
  for (const { bar, x, width, columns } of line.bars) {
    if (!columns.length) add(bar.start, x);
    const notes = new Map([...bar.feet, ...bar.hands].map((note) => [note.place, note]));
    for (const [place, at] of columns) {
      const note = notes.get(place) ?? { place, tuplet: null };
      add(timeOf(bar, note), at + MIDDLE);
    }
    const isLast = bar === line.bars[line.bars.length - 1].bar;
    if (isLast || !columns.length) add(bar.end, x + width);
  }
  return anchors;
}

/** Interpolate the position of a time between anchors. */
export function xAtTime(all: readonly (readonly [number, number])[], time: number): number {
  let n = 0;
  while (n < all.length && all[n][0] <= time) n++;
  if (n === 0) return all[0]?.[1] ?? 0;
  if (n === all.length) return all[n - 1][1];
  const [[t0, x0], [t1, x1]] = [all[n - 1], all[n]];
  return x0 + ((x1 - x0) * (time - t0)) / (t1 - t0);
}
