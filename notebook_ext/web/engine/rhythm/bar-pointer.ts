/**
 * Finds the likeliest sequence of beats: the port of `adt_plugins.rhythm.bar_pointer`, which
 * explains it. In single precision where Python is, so that paths are the same.
 */

import { roundEven } from "../../../src/core/pick";
import { BAR_POINTER } from "../../../src/core/tables";
import { lowerBound } from "../../../src/core/time";
import type { Address, BeatLoops } from "./beat-loops";

/** Frames to which rows are rounded up. */
const VECTOR = 4;
const { TEMPI, TRANSITION_LAMBDA, OBSERVATION_LAMBDA, NEVER, STEPS, KEPT_BYTES } = BAR_POINTER;

/** Log densities of frames: outside the beginning of a beat, at a beat, at a downbeat. */
export interface Densities {
  readonly frames: number;
  readonly kinds: readonly Float64Array[];
}

/** The output of the network. */
export interface Activations {
  readonly outputs: readonly string[];
  /** Values of an output, one per frame; null if there is no such output. */
  column(output: string): Float32Array | null;
}

export type FrameOfBeat = readonly [frame: number, position: number];

/** Further evidence for beats of the bar, besides the activations. */
export interface Evidence {
  /** Number of equal parts into which a beat is divided. */
  readonly division: number;
  /** Evidence for beats whose parts begin at these frames, for each part: beat after beat. */
  cut(first: number, end: number): readonly Float32Array[];
  /** Mean evidence over all beats, for every frame. */
  means(): readonly Float32Array[];
}

/** Beats in order of time. */
export interface BeatPath {
  /** First frame of each beat; that of the first may be negative. */
  readonly starts: number[];
  readonly lengths: number[];
  /** Position of each beat in its bar, from 0. */
  readonly positions: number[];
}

/**
 * Return the lengths of a beat in frames: all of a range of tempi, or `count` of them, ascending.
 */
export function beatLengths(rate: number, minBpm: number, maxBpm: number): number[] {
  const [shortest, longest] = [(60 * rate) / maxBpm, (60 * rate) / minBpm];
  const first = Math.max(roundEven(shortest), 1);
  const count = Math.max(roundEven(longest), 1) - first + 1;
  let lengths = Array.from({ length: count }, (_, n) => first + n);
  for (let number: number = TEMPI; count > TEMPI && lengths.length !== TEMPI; number++) {
    const ratio = longest / Math.max(shortest, 1);
    const spaced = Array.from({ length: number }, (_, n) =>
      roundEven(Math.max(shortest, 1) * ratio ** (n / (number - 1))),
    );
    lengths = [...new Set(spaced)];
    if (lengths.length >= TEMPI) break;
  }
  return lengths;
}

/** Return the log probability of each length (column) after each other (row). */
function transitions(lengths: readonly number[]): Float64Array[] {
  return lengths.map((before) => {
    const odds = lengths.map((length) => {
      const value = Math.exp(-TRANSITION_LAMBDA * Math.abs(length / before - 1));
      return value <= Number.EPSILON ? 0 : value;
    });
    const sum = odds.reduce((total, value) => total + value, 0);
    return Float64Array.from(odds, (value) => Math.max(Math.log(value / sum), NEVER));
  });
}

/**
 * Find the likeliest path of the likeliest meter. `bars`: beats per bar of each possible meter;
 * `searched`: whether each length is searched.
 */
export function decodeBars(
  densities: Densities,
  bars: readonly number[],
  lengths: readonly number[],
  searched: readonly boolean[],
  evidence: Evidence,
  loops: BeatLoops,
): BeatPath {
  const search = new Search(densities, bars, lengths, searched, evidence, loops);
  search.forward();
  return search.backward();
}

/** Scores of a part in the memory: rows of lengths and beats, of `width` frames. */
interface Scores {
  readonly at: Address;
  readonly width: number;
}

/**
 * Scores of beats by their first frame, in consecutive parts: lengths, beats of all meters, frames,
 * of which the first `#reach` precede the part.
 */
class Search {
  readonly #bars: readonly number[];
  readonly #lengths: readonly number[];
  readonly #places: number;
  readonly #frames: number;
  readonly #reach: number;
  readonly #step: number;
  readonly #beats: number;
  readonly #rows: number;
  readonly #transitions: Float64Array[];
  /** Kind of each beat: 1 for downbeats, 0 for others. */
  readonly #kinds: number[] = [];
  /** The previous beat of each, in its own meter. */
  readonly #previous: number[] = [];
  /** Scores with which each part begins. */
  readonly #before: Float32Array[] = [];
  /** Scores of the first parts, which are kept. */
  readonly #kept: Scores[] = [];
  readonly #search: Address;
  /** Room for the evidence of a part, and for scores that are not kept. */
  readonly #evidence: Address;
  readonly #spare: Address;
  #last = new Float32Array();

  constructor(
    densities: Densities,
    bars: readonly number[],
    all: readonly number[],
    searched: readonly boolean[],
    private readonly evidence: Evidence,
    private readonly loops: BeatLoops,
  ) {
    this.#bars = bars;
    this.#lengths = all.filter((_, n) => searched[n]);
    this.#places = all.reduce((sum, length) => sum + length, 0);
    this.#frames = densities.frames;
    this.#reach = this.#lengths[this.#lengths.length - 1];
    this.#step = this.#lengths[0];
    this.#transitions = transitions(all)
      .filter((_, n) => searched[n])
      .map((row) => row.filter((_, n) => searched[n]));
    for (const bar of bars) {
      const first = this.#kinds.length;
      for (let beat = 0; beat < bar; beat++) {
        this.#kinds.push(beat ? 0 : 1);
        this.#previous.push(first + ((beat + bar - 1) % bar));
      }
    }
    this.#beats = this.#kinds.length;
    this.#rows = this.#lengths.length * this.#beats;
    this.#search = this.#placed(densities);
    const most = Math.max(this.#part, this.#reach);
    this.#evidence = loops.room(evidence.division * this.#beats * (most + this.#reach));
    this.#spare = loops.room(this.#rows * this.#width(most));
  }

  /** Put into the memory what all parts share. */
  #placed({ frames, kinds: [silent, ...others] }: Densities): Address {
    const { loops } = this;
    const reach = this.#reach;
    const heads = this.#lengths.map((length) => Math.ceil(length / OBSERVATION_LAMBDA));
    const sums = others.map((kind) => {
      // There are no observations before the first frame and after the last.
      const all = new Float64Array(reach + frames + 1 + heads[heads.length - 1] + VECTOR);
      for (let t = 0; t < frames; t++) all[reach + t + 1] = all[reach + t] + (kind[t] - silent[t]);
      return loops.doublesAt(all.fill(all[reach + frames], reach + frames));
    });
    const changes = this.#lengths.map((_, to) => {
      const gains = this.#transitions.map((row) => row[to]);
      const first = gains.findIndex((gain) => gain > NEVER);
      const end = gains.length - [...gains].reverse().findIndex((gain) => gain > NEVER);
      return { first, gains: gains.slice(first, end) };
    });
    return loops.run.addSearch(
      this.#lengths.length,
      this.#beats,
      this.#step,
      reach,
      this.evidence.division,
      loops.integersAt(this.#lengths),
      loops.integersAt(heads),
      loops.integersAt(this.#kinds.map((kind) => sums[kind])),
      loops.integersAt(this.#previous),
      loops.integersAt(changes.flatMap(({ first, gains }) => [first, gains.length])),
      loops.floatsAt(changes.flatMap(({ gains }) => gains)),
    );
  }

  get #part(): number {
    return STEPS * this.#step;
  }

  /** The width of rows with the scores of some frames. */
  #width(frames: number): number {
    return this.#reach + VECTOR * Math.ceil(frames / VECTOR);
  }

  /** Score all parts, and keep the scores with which each begins. */
  forward(): void {
    const reach = this.#reach;
    const beats = this.#beats;
    const first = { at: this.#spare, width: this.#width(reach) };
    this.#gain(first, -reach, reach, 0);
    let window = this.#end(first, 0);
    let beat = 0;
    for (const bar of this.#bars) {
      // Before the first frame, every position is equally likely.
      const start = Math.fround(-Math.log(bar * this.#places));
      for (let k = 0; k < bar; k++, beat++) {
        for (let length = 0; length < this.#lengths.length; length++) {
          const at = (length * beats + beat) * reach;
          for (let t = at; t < at + reach; t++) window[t] += start;
        }
      }
    }
    const bytes = 4 * this.#rows * this.#width(this.#part);
    for (let part = 0; part * this.#part < this.#frames; part++) {
      this.#before.push(window);
      const isKept = (part + 1) * bytes <= KEPT_BYTES;
      const scores = this.#scored(part, isKept ? this.loops.room(bytes / 4) : this.#spare);
      if (isKept) this.#kept.push(scores);
      window = normalised(
        this.#end(scores, Math.min(this.#part, this.#frames - part * this.#part)),
      );
    }
    this.#last = window;
  }

  /** Return the frames before the end of a part of `count` frames. */
  #end({ at, width }: Scores, count: number): Float32Array<ArrayBuffer> {
    const reach = this.#reach;
    const scores = this.loops.floats(at, this.#rows * width);
    const window = new Float32Array(this.#rows * reach);
    for (let row = 0; row < this.#rows; row++)
      window.set(scores.subarray(row * width + count, row * width + count + reach), row * reach);
    return window;
  }

  /** Write the gains of beats that begin at some frames, `shift` frames into the rows. */
  #gain({ at, width }: Scores, first: number, count: number, shift: number): void {
    const { evidence, loops } = this;
    const wide = count + this.#reach;
    const rows = loops.floats(this.#evidence, evidence.division * this.#beats * wide);
    evidence.cut(first, first + wide).forEach((part, number) => {
      rows.set(part, number * this.#beats * wide);
    });
    const place = at + 4 * shift;
    loops.run.gain(this.#search, first, count, this.#evidence, wide, place, 4 * width);
  }

  /** Score the beats that begin in a part, `#step` frames at a time. */
  #scored(part: number, at: Address): Scores {
    const { loops } = this;
    const reach = this.#reach;
    const first = part * this.#part;
    const count = Math.min(this.#part, this.#frames - first);
    const scores = { at, width: this.#width(count) };
    this.#gain(scores, first, count, reach);
    const before = this.#before[part];
    const all = loops.floats(at, this.#rows * scores.width);
    for (let row = 0; row < this.#rows; row++)
      all.set(before.subarray(row * reach, (row + 1) * reach), row * scores.width);
    loops.run.score(this.#search, at, 4 * scores.width, count);
    return scores;
  }

  /** Backtrack from the best end. */
  backward(): BeatPath {
    const [beats, reach] = [this.#beats, this.#reach];
    let [highest, length, beat, start] = [-Infinity, 0, 0, 0];
    this.#lengths.forEach((own, n) => {
      for (let b = 0; b < beats; b++) {
        for (let t = 0; t < reach; t++) {
          const at = this.#frames - reach + t;
          const isUnfinished = at + own >= this.#frames;
          const score = isUnfinished ? this.#last[(n * beats + b) * reach + t] : NEVER;
          if (score > highest) [highest, length, beat, start] = [score, n, b, at];
        }
      }
    });
    const path: [start: number, length: number, beat: number][] = [];
    let part = -1;
    let [scores, width] = [this.#last, reach];
    for (;;) {
      path.push([start, this.#lengths[length], beat]);
      if (start < 0) break;
      const here = Math.floor(start / this.#part);
      if (here !== part) {
        part = here;
        const own = this.#kept[part] ?? this.#scored(part, this.#spare);
        ({ width } = own);
        scores = this.loops.floats(own.at, this.#rows * width);
      }
      beat = this.#previous[beat];
      let best = -Infinity;
      let came = 0;
      this.#lengths.forEach((own, n) => {
        const at = (n * beats + beat) * width + start - own - part * this.#part + reach;
        const score = scores[at] + this.#transitions[n][length];
        if (score > best) [best, came] = [score, n];
      });
      length = came;
      start -= this.#lengths[length];
    }
    return this.#path(path.reverse());
  }

  #path(path: readonly (readonly [number, number, number])[]): BeatPath {
    const ends: number[] = [];
    for (const bar of this.#bars) ends.push((ends[ends.length - 1] ?? 0) + bar);
    const meter = lowerBound(ends.length, (k) => ends[k], path[0][2] + 1);
    const first = ends[meter] - this.#bars[meter];
    return {
      starts: path.map(([start]) => start),
      lengths: path.map(([, length]) => length),
      positions: path.map(([, , beat]) => beat - first),
    };
  }
}

/** Subtract the highest score. */
function normalised(scores: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  let highest = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i] > highest) highest = scores[i];
  for (let i = 0; i < scores.length; i++) scores[i] -= highest;
  return scores;
}
