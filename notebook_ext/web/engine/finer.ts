/** Distinguishes finer drums, such as open hi-hats: the port of `adt_plugins.picking.fine_drums`. */

import { roundEven } from "../../src/core/pick";
import { FINER } from "../../src/core/tables";
import { clamp, lowerBound } from "../../src/core/time";
import type { FinerModel, FrontEnd, Kinds } from "./engine-types";
import type { Filter } from "./filterbank";
import { meanOfHits, type SimilarBars } from "./recurrence";

const { EDGES_HZ, WINDOWS, ATTACK, AROUND, NEAR_S, LONG_S, STEPS, FARTHEST } = FINER;
const { WEIGHT, MOST, FLOOR } = FINER;
const RECURRING: readonly string[] = FINER.RECURRING;
const BANDS = EDGES_HZ.length - 1;

/** Collects the levels of a recording in broad bands, a byte each. */
export class BroadBands {
  /** The broad band of each band; -1: none. */
  readonly #place: readonly number[];
  readonly #weights: Float32Array;
  readonly #kept: Uint8Array[] = [];

  constructor(filters: readonly Filter[], { sample_rate: rate, frame_size: size }: FrontEnd) {
    this.#place = filters.map(({ centre }) => {
      const hertz = (centre * rate) / size;
      return EDGES_HZ.findIndex((low, k) => k < BANDS && low <= hertz && hertz < EDGES_HZ[k + 1]);
    });
    const counts = Array.from({ length: BANDS }, (_, k) => this.#place.filter((at) => at === k));
    this.#weights = Float32Array.from(counts, ({ length }) => STEPS / Math.max(length, 1));
  }

  /** Take the next frames, one after the other. */
  hear(frames: Float32Array): void {
    const width = this.#place.length;
    const count = frames.length / width;
    const levels = new Uint8Array(count * BANDS);
    const sums = new Float64Array(BANDS);
    for (let t = 0; t < count; t++) {
      sums.fill(0);
      for (let band = 0; band < width; band++) {
        const at = this.#place[band];
        if (at >= 0) sums[at] += frames[t * width + band];
      }
      for (let k = 0; k < BANDS; k++) {
        levels[t * BANDS + k] = clamp(roundEven(sums[k] * this.#weights[k]), 0, 255);
      }
    }
    this.#kept.push(levels);
  }

  /** Levels, frame by frame. */
  values(): Uint8Array {
    const all = new Uint8Array(this.#kept.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const levels of this.#kept) {
      all.set(levels, at);
      at += levels.length;
    }
    return all;
  }
}

/** What the kinds of a recording's hits are inferred from. */
export interface Evidence {
  readonly frames: number;
  /** From `BroadBands`. */
  readonly bands: Uint8Array;
  /** Output by output. */
  readonly activations: Float32Array;
  /** Frames per second. */
  readonly rate: number;
  /** Null where there are no beats. */
  readonly bars: SimilarBars | null;
}

/** Name the kind of each hit of a drum, from their frames; "" where it is uncertain. */
export function kindsOf(
  model: FinerModel,
  drum: string,
  positions: readonly number[],
  evidence: Evidence,
): string[] {
  const kinds = model.families[drum];
  if (!kinds || !positions.length) return positions.map(() => "");
  const last = Math.max(evidence.frames - 1, 0);
  const hits = positions.map((position) => clamp(roundEven(position), 0, last));
  const own = describeHits(hits, evidence).map((features) => scoresOf(kinds, features));
  const bars = RECURRING.includes(drum) ? evidence.bars : null;
  const agreed = bars ? agreeing(own, hits, bars) : own;
  return agreed.map((scores) => classified(kinds, scores));
}

/** Weigh the kinds of hits by those in the same places of similar bars. */
function agreeing(
  scores: readonly Float64Array[],
  hits: readonly number[],
  bars: SimilarBars,
): Float64Array[] {
  const own = scores.map((row) =>
    softmax(row).map((probability) => Math.log(Math.max(probability, FLOOR))),
  );
  const centred = own.map((row) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    return row.map((value) => clamp(value - mean, -MOST, MOST));
  });
  const others = meanOfHits(bars, hits, centred);
  return own.map((row, n) => row.map((value, kind) => value + WEIGHT * others[n][kind]));
}

/** Return the features of each hit of one drum. */
export function describeHits(hits: readonly number[], evidence: Evidence): Float32Array[] {
  const { rate } = evidence;
  const spectra = hits.map((hit) => spectrumOf(hit, evidence));
  const span = roundEven(NEAR_S * rate);
  const index = (frame: number) => lowerBound(hits.length, (n) => hits[n], frame);
  const first = hits.map((hit) => index(hit - span));
  const end = hits.map((hit) => index(hit + span + 1));
  const usual = runningMeans(spectra, first, end);
  const gap = (n: number) =>
    n > 0 && n < hits.length ? Math.min((hits[n] - hits[n - 1]) / rate, LONG_S) : LONG_S;
  return spectra.map((spectrum, n) =>
    Float32Array.from([
      ...spectrum,
      ...spectrum.map((value, k) => value - usual[n][k]),
      ...AROUND.flatMap(([low, high]) => greatest(hits[n], low, high, evidence)),
      gap(n),
      gap(n + 1),
      (end[n] - first[n]) / 50,
    ]),
  );
}

/** The attack's spectrum, its level, and how each band fades. */
function spectrumOf(hit: number, { bands, frames }: Evidence): Float32Array {
  const means = WINDOWS.map(([low, high]) => {
    const total = new Float32Array(BANDS);
    for (let shift = low; shift <= high; shift++) {
      const row = clamp(hit + shift, 0, frames - 1) * BANDS;
      for (let k = 0; k < BANDS; k++) total[k] += bands[row + k];
    }
    return total.map((sum) => sum / ((high - low + 1) * STEPS));
  });
  const attack = means[ATTACK];
  const level = Math.fround(attack.reduce((sum, value) => sum + value, 0) / BANDS);
  const fading = means.filter((_, k) => k !== ATTACK);
  return Float32Array.from([
    ...attack.map((value) => value - level),
    level,
    ...fading.flatMap((mean) => Array.from(mean, (value, k) => value - attack[k])),
  ]);
}

/** Return the mean of the rows from `first` to `end` about each row. */
function runningMeans(
  rows: readonly Float32Array[],
  first: readonly number[],
  end: readonly number[],
): Float32Array[] {
  const sums = [new Float64Array(rows[0].length)];
  for (const [n, row] of rows.entries()) sums.push(sums[n].map((sum, k) => sum + row[k]));
  return rows.map((row, n) =>
    row.map((_, k) => (sums[end[n]][k] - sums[first[n]][k]) / (end[n] - first[n])),
  );
}

/** Return the maximum of each output within a window about a hit. */
function greatest(
  hit: number,
  low: number,
  high: number,
  { activations, frames }: Evidence,
): number[] {
  return Array.from({ length: activations.length / frames }, (_, output) => {
    let most = -Infinity;
    for (let shift = low; shift <= high; shift++) {
      most = Math.max(most, activations[output * frames + clamp(hit + shift, 0, frames - 1)]);
    }
    return most;
  });
}

function scoresOf(kinds: Kinds, features: Float32Array): Float64Array {
  const { mean, scale } = kinds;
  const inputs = features.map((value, k) =>
    clamp(Math.fround(value - mean[k]) / scale[k], -FARTHEST, FARTHEST),
  );
  const units = layer(inputs, kinds.hidden, kinds.hiddenBias).map(Math.tanh);
  return Float64Array.from(layer(units, kinds.output, kinds.outputBias));
}

function classified(kinds: Kinds, scores: Float64Array): string {
  const probabilities = softmax(scores);
  const most = Math.max(...probabilities);
  const best = probabilities.indexOf(most);
  return most >= kinds.surenesses[best] ? kinds.kinds[best] : "";
}

function softmax(scores: Float64Array): Float64Array {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const all = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / all);
}

function layer(inputs: Float32Array, weights: Float32Array, bias: Float32Array): Float32Array {
  const sums = Float64Array.from(bias);
  const width = bias.length;
  inputs.forEach((value, row) => {
    for (let k = 0; k < width; k++) sums[k] += value * weights[row * width + k];
  });
  return Float32Array.from(sums);
}
