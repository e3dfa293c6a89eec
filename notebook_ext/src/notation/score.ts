/**
 * A drum part as it is engraved: everything that a renderer draws, without any decision left to it.
 * Lengths and places are whole numbers of ticks, `TICKS` per quarter.
 */

export const TICKS = 48;

export type Feel = "straight" | "swung eighths" | "swung sixteenths";

/** "128th" is the shortest. */
export type Value = "whole" | "half" | "quarter" | "eighth" | "16th" | "32nd" | "64th" | "128th";

export type Beam = "begin" | "continue" | "end" | "forward hook" | "backward hook";

export type Head = "normal" | "x" | "circle-x" | "diamond" | "triangle";

export interface Score {
  /** Drums that are drawn, in list order, with their names: "Hi-hat" if the kind is uncertain. */
  readonly drums: readonly (readonly [drum: string, name: string])[];
  readonly bars: readonly ScoreBar[];
  /** A sentence about hits that are not notated; null if all are. */
  readonly omissions: string | null;
}

export interface ScoreBar {
  /** Bar 1 begins with the first downbeat; a pickup is bar 0, and bars before it are negative. */
  readonly number: number;
  /** Start and end in seconds. */
  readonly start: number;
  readonly end: number;
  /** In ticks; pickups and last bars may be incomplete. */
  readonly length: number;
  /** Time signature in force; pickups have that of most bars. */
  readonly signature: readonly [upper: number, lower: number];
  readonly feel: Feel;
  /** Position of the second of two swung notes: 0.667 in triplets, 0.5 without swing. */
  readonly swing: number;
  /** Rehearsal mark of the section that begins here, after a light double bar line. */
  readonly section: string | null;
  /** Tempo mark; the first bar has one. */
  readonly tempo: ScoreTempo | null;
  /**
   * Whether it equals the bar before; a simile mark may replace it, except at the start of a line.
   */
  readonly isRepeat: boolean;
  /** Whether a new line begins here on a page of four bars per line. */
  readonly beginsLine: boolean;
  /** Beats for what follows the song's position. */
  readonly beats: readonly ScoreBeat[];
  /** Stems up; never empty: a rest of the whole bar if the hands are silent. */
  readonly hands: readonly ScoreNote[];
  /** Stems down; empty if the feet are silent. */
  readonly feet: readonly ScoreNote[];
}

export interface ScoreTempo {
  readonly beats: number;
  /** Note value that it is stated in: "quarter" with 1 dot in 6/8. */
  readonly value: Value;
  readonly dots: number;
  /** What is printed instead: "rit.", or nothing where a ritardando goes on. */
  readonly text: string | null;
}

export interface ScoreBeat {
  /** In seconds. */
  readonly time: number;
  /** Ticks from the beginning of the bar. */
  readonly place: number;
  /** Position in its bar, from 1. */
  readonly position: number;
  /** A half note has two of these, of which the second is not counted. */
  readonly isCounted: boolean;
}

/** Simultaneous strokes and their note value; without strokes, a rest. */
export interface ScoreNote<Stroke = ScoreStroke> {
  /** Ticks from the beginning of the bar. */
  readonly place: number;
  readonly length: number;
  readonly value: Value;
  readonly dots: number;
  /** So many notes in the time of so many others. */
  readonly tuplet: readonly [number, number] | null;
  /** Whether it is the first or the last note of its tuplet. */
  readonly edge: "" | "start" | "stop";
  /** Outermost beam first; without beams, short values have flags. */
  readonly beams: readonly Beam[];
  /** Whether it is a rest of a whole bar. */
  readonly isBar: boolean;
  /** From the lowest up. */
  readonly strokes: readonly Stroke[];
}

export interface ScoreStroke {
  readonly drum: string;
  /** Staff steps above the lowest C, as in treble clef: 38 is the F on the top line. */
  readonly height: number;
  readonly head: Head;
  /** Number of grace notes before it: 1 makes a flam, 2 a drag. */
  readonly graces: number;
  readonly isGhost: boolean;
  readonly isAccent: boolean;
  /** Index of the hit among the song's. */
  readonly hit: number;
}
