/** The triangular filters of `adt_plugins.features.spectrogram.filterbank`, and drums' ranges. */

import { coarseOf } from "../../src/core/drums";
import { LEVELS, SPECTROGRAM } from "../../src/core/tables";
import type { FrontEnd } from "./engine-types";

/** Weights of neighbouring bins; they sum to 1. */
export interface Filter {
  readonly start: number;
  readonly centre: number;
  readonly weights: Float32Array;
}

const { TUNING_HZ } = SPECTROGRAM;

/** The range in Hz in which each drum stands out most from the others. */
export const RANGES_HZ: Readonly<Record<string, readonly [low: number, high: number]>> =
  LEVELS.RANGES_HZ;

const binHertz = (frontEnd: FrontEnd): number => frontEnd.sample_rate / frontEnd.frame_size;

/** Return the bins nearest to the notes from fmin to fmax, ascending, without repetition. */
function corners(frontEnd: FrontEnd): number[] {
  if (frontEnd.kind !== "log-filterbank")
    throw new Error(`no filters in a front end ${frontEnd.kind}`);
  const { bands_per_octave: octave, fmin, fmax, frame_size: size } = frontEnd;
  const step = binHertz(frontEnd);
  const first = Math.floor(Math.log2(fmin / TUNING_HZ) * octave);
  const last = Math.ceil(Math.log2(fmax / TUNING_HZ) * octave);
  const bins = new Set<number>();
  for (let note = first; note < last; note++) {
    const hertz = TUNING_HZ * 2 ** (note / octave);
    if (hertz < fmin || hertz > fmax) continue;
    const right = Math.min(Math.max(Math.ceil(hertz / step), 1), size / 2 - 1);
    bins.add(hertz - (right - 1) * step < right * step - hertz ? right - 1 : right);
  }
  return [...bins].sort((a, b) => a - b);
}

export function filterbank(frontEnd: FrontEnd): Filter[] {
  const bins = corners(frontEnd);
  return bins.slice(1, -1).map((centre, i) => {
    const start = bins[i];
    const stop = bins[i + 2];
    const weights = new Float32Array(stop - start);
    for (let bin = start; bin < stop; bin++) {
      weights[bin - start] =
        bin < centre ? (bin - start) / (centre - start) : (stop - bin) / (stop - centre);
    }
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { start, centre, weights: weights.map((weight) => weight / sum) };
  });
}

/** Return the first and the last band, plus one, of each drum. */
export function drumRanges(
  drums: readonly string[],
  filters: readonly Filter[],
  frontEnd: FrontEnd,
): [first: number, end: number][] {
  const hertz = filters.map(({ centre }) => centre * binHertz(frontEnd));
  return drums.map((drum) => {
    const range = RANGES_HZ[coarseOf(drum)];
    if (!range) throw new Error(`no range for ${drum}`);
    const inside = hertz.map((value) => value >= range[0] && value <= range[1]);
    return [inside.indexOf(true), inside.lastIndexOf(true) + 1];
  });
}

/** Return a Hann window like `numpy.hanning`. */
export const hann = (size: number): Float32Array =>
  Float32Array.from(
    { length: size },
    (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (size - 1)),
  );
