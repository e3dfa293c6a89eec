/**
 * A drum part as it stands on paper: what a renderer draws, and nothing to decide any more.
 * Lengths and places are in ticks, `TICKS` a quarter: all of them are whole numbers.
 */

export const TICKS = 48;

export type Feel = "straight" | "swung eighths" | "swung sixteenths";

/** "128th" is the shortest. */
export type Value = "whole" | "half" | "quarter" | "eighth" | "16th" | "32nd" | "64th" | "128th";

export type Beam = "begin" | "continue" | "end" | "forward hook" | "backward hook";

export type Head = "normal" | "x" | "circle-x" | "diamond" | "triangle";

export interface Score {
  /** Counted beats a minute; of what note stands in `counted`. */
  readonly bpm: number;
  /** What a counted beat of the first bar is: "quarter" and 1 dot in 6/8. */
  readonly counted: { readonly value: Value; readonly dots: number };
  /** What is drawn, in the order of lists, and what to call it: "Hi-hat" if it is not sure. */
  readonly drums: readonly (readonly [drum: string, name: string])[];
  readonly bars: readonly ScoreBar[];
  /** One line about hits that are not written; null if all are. */
  readonly told: string | null;
}

export interface ScoreBar {
  /** Bar 1 is that of the first downbeat; a pickup is bar 0, and there may be some before it. */
  readonly number: number;
  /** Seconds: where it begins and ends. */
  readonly start: number;
  readonly end: number;
  /** Ticks; of a pickup and of the last bar as many as it has. */
  readonly length: number;
  /** Time signature in force; a pickup has that of most bars. */
  readonly signature: readonly [upper: number, lower: number];
  readonly feel: Feel;
  /** Where the second of two swung notes begins, 0.5 if none are: 0.667 of a triplet. */
  readonly swing: number;
  /** Rehearsal mark of the section that begins here; a light double bar line stands before it. */
  readonly section: string | null;
  /** Whether it looks as the bar before: a simile mark may stand for it, but at a line's start. */
  readonly isRepeat: boolean;
  /** Whether a page of four bars a line has a new line here. */
  readonly beginsLine: boolean;
  /** For what follows the song: where its beats are, and whether they are counted. */
  readonly beats: readonly ScoreBeat[];
  /** Stems up; never empty: a rest of the whole bar if the hands are silent. */
  readonly hands: readonly ScoreNote[];
  /** Stems down; empty if the feet are silent. */
  readonly feet: readonly ScoreNote[];
}

export interface ScoreBeat {
  /** Seconds. */
  readonly time: number;
  /** Ticks from the beginning of the bar. */
  readonly place: number;
  /** In its bar, from 1. */
  readonly position: number;
  /** Half notes have two of these, of which the second is not counted. */
  readonly isCounted: boolean;
}

/** Drums that sound at once, and one sign for them; a rest if there are none. */
export interface ScoreNote {
  /** Ticks from the beginning of the bar. */
  readonly place: number;
  readonly length: number;
  readonly value: Value;
  readonly dots: number;
  /** So many in the time of so many others. */
  readonly tuplet: readonly [number, number] | null;
  /** Whether it is the first or the last of its tuplet. */
  readonly edge: "" | "start" | "stop";
  /** From the first on; empty: flags, if the value has some. */
  readonly beams: readonly Beam[];
  /** Whether it is a rest of a whole bar. */
  readonly isBar: boolean;
  /** From the lowest up. */
  readonly strokes: readonly ScoreStroke[];
}

export interface ScoreStroke {
  readonly drum: string;
  /** Steps above the lowest C of all, as in treble clef: 38 is the F on the highest line. */
  readonly height: number;
  readonly head: Head;
  /** Grace notes before it: 1 makes a flam, 2 a drag. */
  readonly graces: number;
  readonly isGhost: boolean;
  readonly isAccent: boolean;
  /** Which of the song's hits, in their order, it is. */
  readonly hit: number;
}
