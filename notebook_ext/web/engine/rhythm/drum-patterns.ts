/** Knows which drums play where in a bar: the port of `adt_plugins.rhythm.drum_patterns`. */

import { DRUM_PATTERNS } from "../../../src/core/tables";
import type { Evidence } from "./bar-pointer";

const { WEIGHT, UNUSUAL, USUAL_BAR, NEAR_FRAMES, BLOCK, SURE } = DRUM_PATTERNS;
type Shares = Readonly<Record<string, readonly number[]>>;
const PATTERNS: Readonly<Record<string, Shares>> = DRUM_PATTERNS.PATTERNS;
const ANYWHERE: Readonly<Record<string, number>> = DRUM_PATTERNS.ANYWHERE;

/** The evidence for a beat of the bar at a frame, besides the activations. */
export class BarEvidence implements Evidence {
  readonly division = 2; // the beginning and the middle of a beat
  readonly #frames: number;
  readonly #hits: (readonly [drum: string, nearby: Float32Array])[];
  readonly #unusual: number;

  /**
   * `column` returns the activations of a drum; `changes`: log odds of a downbeat at each frame.
   */
  constructor(
    column: (drum: string) => Float32Array | null,
    private readonly bars: readonly number[],
    private readonly changes: Float32Array,
  ) {
    this.#frames = changes.length;
    this.#hits = Object.keys(ANYWHERE).flatMap((drum) => {
      const values = column(drum);
      return values ? [[drum, nearby(values)] as const] : [];
    });
    this.#unusual = bars.length > 1 ? UNUSUAL : 0;
  }

  cut(first: number, end: number): readonly [Float32Array, Float32Array] {
    const beats = this.bars.reduce((sum, bar) => sum + bar, 0);
    const width = end - first;
    const beginnings = new Float32Array(beats * width);
    const middles = new Float32Array(beats * width);
    const [start, stop] = [Math.max(first, 0), Math.min(end, this.#frames)];
    if (start >= stop) return [beginnings, middles];
    const row = (of: Float32Array, beat: number) =>
      of.subarray(beat * width + start - first, beat * width + stop - first);
    for (const [drum, hits] of this.#hits) {
      const heard = hits.subarray(start, stop);
      const background = ratios(heard, ANYWHERE[drum]);
      let beat = 0;
      for (const bar of this.bars) {
        (PATTERNS[bar]?.[drum] ?? []).forEach((share, place) => {
          const into = row(place % 2 ? middles : beginnings, beat + (place >> 1));
          addRatios(into, heard, share, background, WEIGHT);
        });
        beat += bar;
      }
    }
    let beat = 0;
    for (const bar of this.bars) {
      const downbeats = row(beginnings, beat);
      for (let t = 0; t < downbeats.length; t++) downbeats[t] += this.changes[start + t];
      for (let k = beat; bar !== USUAL_BAR && k < beat + bar; k++) {
        const own = row(beginnings, k);
        for (let t = 0; t < own.length; t++) own[t] -= this.#unusual;
      }
      beat += bar;
    }
    return [beginnings, middles];
  }

  means(): readonly Float32Array[] {
    return meansOf(this, this.#frames);
  }
}

/** Return the mean evidence over the beats of all bars, for every frame. */
export function meansOf(evidence: Evidence, frames: number): readonly Float32Array[] {
  const means = Array.from({ length: evidence.division }, () => new Float32Array(frames));
  for (let first = 0; first < frames; first += BLOCK) {
    const width = Math.min(BLOCK, frames - first);
    evidence.cut(first, first + width).forEach((rows, part) => {
      const beats = rows.length / width;
      for (let t = 0; t < width; t++) {
        let sum = 0;
        for (let beat = 0; beat < beats; beat++) sum = Math.fround(sum + rows[beat * width + t]);
        means[part][first + t] = sum / beats;
      }
    });
  }
  return means;
}

/** Return log probabilities of the observations, hits or none, given the share of hits. */
export function ratios(hits: Float32Array, share: number): Float32Array {
  const logs = new Float32Array(hits.length);
  addRatios(logs, hits, share, new Float32Array(hits.length), 1);
  return logs;
}

/** Add the log probabilities, less others, times a weight. */
export function addRatios(
  sums: Float32Array,
  hits: Float32Array,
  share: number,
  others: Float32Array,
  weight: number,
): void {
  const [least, most] = [Math.fround(1 - SURE), Math.fround(SURE)];
  const none = logOf(least, share); // in most frames
  for (let t = 0; t < sums.length; t++) {
    const own = hits[t] > least ? logOf(Math.min(hits[t], most), share) : none;
    sums[t] += weight * (own - others[t]);
  }
}

const logOf = (hit: number, share: number): number =>
  Math.fround(Math.log(hit * share + (1 - hit) * (1 - share)));

/** Return the highest value within `reach` frames of each. */
export function nearby(column: Float32Array, reach: number = NEAR_FRAMES): Float32Array {
  const highest = new Float32Array(column.length);
  for (let t = 0; t < column.length; t++) {
    const end = Math.min(t + reach, column.length - 1);
    for (let k = Math.max(t - reach, 0); k <= end; k++) {
      if (column[k] > highest[t]) highest[t] = column[k];
    }
  }
  return highest;
}
