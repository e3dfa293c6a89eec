/**
 * Finds the likeliest sequence of beats: the port of `adt_plugins.rhythm.bar_pointer`, which
 * explains it. In single precision where Python is, so that paths are the same.
 */

import { roundEven } from "../../../src/core/pick";
import { BAR_POINTER } from "../../../src/core/tables";
import { clamp, lowerBound } from "../../../src/core/time";

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

/** The previous lengths that are possible, in a row, and the log probability of each. */
interface Changes {
  readonly first: number;
  readonly gains: Float32Array;
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
): BeatPath {
  const search = new Search(densities, bars, lengths, searched, evidence);
  search.forward();
  return search.backward();
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
  readonly #transitions: Float64Array[];
  /** Changes to each length. */
  readonly #changes: readonly Changes[];
  /** Frames of the beginning of a beat, by length. */
  readonly #heads: readonly number[];
  /** Cumulative gains of beginnings, by kind of beat. */
  readonly #sums: Float64Array[];
  /** Kind of each beat: 1 for downbeats, 0 for others. */
  readonly #kinds: number[] = [];
  /** The previous beat of each, in its own meter. */
  readonly #previous: number[] = [];
  /** Scores with which each part begins. */
  readonly #before: Float32Array[] = [];
  /** Scores of the first parts, which are kept. */
  readonly #kept: Float32Array<ArrayBuffer>[] = [];
  #last = new Float32Array();

  constructor(
    { frames, kinds: [silent, ...others] }: Densities,
    bars: readonly number[],
    all: readonly number[],
    searched: readonly boolean[],
    private readonly evidence: Evidence,
  ) {
    this.#bars = bars;
    this.#lengths = all.filter((_, n) => searched[n]);
    this.#places = all.reduce((sum, length) => sum + length, 0);
    this.#frames = frames;
    this.#reach = this.#lengths[this.#lengths.length - 1];
    this.#step = this.#lengths[0];
    this.#heads = this.#lengths.map((length) => Math.ceil(length / OBSERVATION_LAMBDA));
    this.#sums = others.map((kind) => {
      const sums = new Float64Array(frames + 1);
      for (let t = 0; t < frames; t++) sums[t + 1] = sums[t] + (kind[t] - silent[t]);
      return sums;
    });
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
    this.#changes = this.#lengths.map((_, to) => {
      const gains = this.#transitions.map((row) => row[to]);
      const first = gains.findIndex((gain) => gain > NEVER);
      const end = gains.length - [...gains].reverse().findIndex((gain) => gain > NEVER);
      return { first, gains: Float32Array.from(gains.slice(first, end)) };
    });
  }

  get #part(): number {
    return STEPS * this.#step;
  }

  /** Score all parts, and keep the scores with which each begins. */
  forward(): void {
    const reach = this.#reach;
    const beats = this.#beats;
    let window = this.#gained(-reach, 0);
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
    for (let first = 0; first < this.#frames; first += this.#part) {
      this.#before.push(window);
      const scores = this.#scored(window, first);
      const isNext = this.#kept.length === this.#before.length - 1;
      if (isNext && this.#before.length * scores.byteLength <= KEPT_BYTES) this.#kept.push(scores);
      window = this.#end(scores);
    }
    this.#last = window;
  }

  /** Return the last frames of a part, normalised to a highest score of 0. */
  #end(scores: Float32Array): Float32Array<ArrayBuffer> {
    const reach = this.#reach;
    const rows = this.#lengths.length * this.#beats;
    const width = scores.length / rows;
    const window = new Float32Array(rows * reach);
    let highest = -Infinity;
    for (let row = 0; row < rows; row++) {
      const from = (row + 1) * width - reach;
      for (let t = 0; t < reach; t++) {
        const score = scores[from + t];
        window[row * reach + t] = score;
        if (score > highest) highest = score;
      }
    }
    for (let i = 0; i < window.length; i++) window[i] -= highest;
    return window;
  }

  /** Return the gains of beats that begin at these frames. */
  #gained(first: number, end: number): Float32Array<ArrayBuffer> {
    const [width, beats] = [end - first, this.#beats];
    const gained = new Float32Array(this.#lengths.length * beats * width);
    const [beginnings, ...others] = this.evidence.cut(first, end + this.#reach);
    const wide = width + this.#reach;
    this.#lengths.forEach((length, n) => {
      const head = this.#heads[n];
      for (let beat = 0; beat < beats; beat++) {
        const sums = this.#sums[this.#kinds[beat]];
        const to = (n * beats + beat) * width;
        const from = beat * wide;
        for (let t = 0; t < width; t++) {
          // There are no observations before the first frame and after the last.
          const start = clamp(first + t, 0, this.#frames);
          const stop = clamp(first + t + head, 0, this.#frames);
          gained[to + t] = Math.fround(sums[stop] - sums[start]) + beginnings[from + t];
        }
        others.forEach((part, number) => {
          const at = from + Math.floor(((number + 1) * length) / this.evidence.division);
          for (let t = 0; t < width; t++) gained[to + t] += part[at + t];
        });
      }
    });
    return gained;
  }

  /** Score the beats that begin in a part, `#step` frames at a time. */
  #scored(before: Float32Array, first: number): Float32Array<ArrayBuffer> {
    const [count, beats, step, reach] = [
      this.#lengths.length,
      this.#beats,
      this.#step,
      this.#reach,
    ];
    const own = Math.min(this.#part, this.#frames - first);
    const gained = this.#gained(first, first + own);
    const width = reach + own;
    const scores = new Float32Array(count * beats * width);
    for (let row = 0; row < count * beats; row++) {
      scores.set(before.subarray(row * reach, (row + 1) * reach), row * width);
      scores.set(gained.subarray(row * own, (row + 1) * own), row * width + reach);
    }
    const size = beats * step;
    const inside = new Float32Array(count * size);
    const best = new Float32Array(count * size);
    for (let at = 0; at < own; at += step) {
      const frames = Math.min(step, own - at);
      // Beats that end at the frames of this step.
      this.#lengths.forEach((length, n) => {
        for (let beat = 0; beat < beats; beat++) {
          const row = n * beats + this.#previous[beat];
          const from = row * width + reach + at - length;
          const to = (n * beats + beat) * step;
          for (let t = 0; t < frames; t++) inside[to + t] = scores[from + t];
        }
      });
      this.#changes.forEach(({ first: came, gains }, to) =>
        highest(inside, came * size, gains, best.subarray(to * size, (to + 1) * size)),
      );
      for (let row = 0; row < count * beats; row++) {
        const to = row * width + reach + at;
        for (let t = 0; t < frames; t++) scores[to + t] += best[row * step + t];
      }
    }
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
    let scores = this.#last;
    for (;;) {
      path.push([start, this.#lengths[length], beat]);
      if (start < 0) break;
      const here = Math.floor(start / this.#part);
      if (here !== part) {
        part = here;
        scores = this.#kept[part] ?? this.#scored(this.#before[part], part * this.#part);
      }
      beat = this.#previous[beat];
      const width = scores.length / (this.#lengths.length * beats);
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

/**
 * Compute the maximum of each column of some rows, after a gain is added to each row. The search
 * spends most of its time here: four columns at once take half as long as one.
 */
function highest(rows: Float32Array, start: number, gains: Float32Array, out: Float32Array): void {
  const size = out.length;
  let i = 0;
  for (; i + 3 < size; i += 4) {
    let a = -Infinity;
    let b = a;
    let c = a;
    let d = a;
    for (let k = 0, at = start + i; k < gains.length; k++, at += size) {
      const gain = gains[k];
      const p = Math.fround(rows[at] + gain);
      const q = Math.fround(rows[at + 1] + gain);
      const r = Math.fround(rows[at + 2] + gain);
      const s = Math.fround(rows[at + 3] + gain);
      if (p > a) a = p;
      if (q > b) b = q;
      if (r > c) c = r;
      if (s > d) d = s;
    }
    out[i] = a;
    out[i + 1] = b;
    out[i + 2] = c;
    out[i + 3] = d;
  }
  for (; i < size; i++) {
    let most = -Infinity;
    for (let k = 0, at = start + i; k < gains.length; k++, at += size) {
      most = Math.max(most, Math.fround(rows[at] + gains[k]));
    }
    out[i] = most;
  }
}
