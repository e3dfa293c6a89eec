/**
 * Models a stretch of sound as a sum of background and hits: `adt_plugins.separation.templates`.
 */

import { TEMPLATES } from "../../src/core/tables";
import { lasting } from "./medians";
import { BINS } from "./spectra";

const { EPSILON, ATTACK, LEVEL } = TEMPLATES;

/** Frames in which the hits of each drum begin, ascending; some may lie outside. */
export type Hits = ReadonlyMap<string, readonly number[]>;

/** Template of each drum: the magnitudes of a hit, frame by frame. */
export type Templates = ReadonlyMap<string, Float32Array>;

/** Holds a total; one mixture is processed at a time, and needs many totals. */
let scratch = new Float32Array(0);

export class Mixture {
  background: Float32Array;
  readonly gains: ReadonlyMap<string, Float64Array>;
  /** The sound of each drum. */
  readonly drums = new Map<string, Float32Array>();

  constructor(
    readonly magnitudes: Float32Array,
    readonly hits: Hits,
    templates: Templates,
  ) {
    this.background = lasting(magnitudes);
    const gains = [...hits].map(
      ([drum, frames]) =>
        [drum, Float64Array.from(frames, (frame) => this.#loudness(frame))] as const,
    );
    this.gains = new Map(gains);
    this.fit(templates, 2);
  }

  /** Estimate how loud a hit is from what rises above the background. */
  #loudness(frame: number): number {
    let sum = EPSILON;
    const end = Math.min(Math.max(frame + LEVEL, 0) * BINS, this.magnitudes.length);
    for (let i = Math.max(frame, 0) * BINS; i < end; i++) {
      const rest = this.magnitudes[i] - this.background[i];
      if (rest > 0) sum += rest * rest;
    }
    return 0.5 * Math.sqrt(sum);
  }

  /** Fit the loudness of the hits (Kullback-Leibler divergence). */
  fit(templates: Templates, rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      this.#build(templates);
      const total = this.total();
      for (const [drum, frames] of this.hits) {
        const template = templates.get(drum) as Float32Array;
        const gains = this.gains.get(drum) as Float64Array;
        frames.forEach((frame, index) => {
          gains[index] *= this.#change(total, template, frame);
        });
      }
    }
    this.#build(templates);
  }

  #change(total: Float32Array, template: Float32Array, frame: number): number {
    const begin = Math.max(frame, 0) * BINS;
    const end = Math.min((frame + ATTACK) * BINS, this.magnitudes.length);
    if (begin >= end) return 1;
    let [there, wanted] = [0, EPSILON];
    for (let i = begin, k = begin - frame * BINS; i < end; i++, k++) {
      there += (this.magnitudes[i] / (total[i] + EPSILON)) * template[k];
      wanted += template[k];
    }
    return there / wanted;
  }

  /** Return the sum of background and drums; valid until the next call. */
  total(): Float32Array {
    const { length } = this.background;
    if (scratch.length < length) scratch = new Float32Array(length);
    const total = scratch.subarray(0, length);
    total.set(this.background);
    for (const sound of this.drums.values()) {
      for (let i = 0; i < total.length; i++) total[i] += sound[i];
    }
    return total;
  }

  /** Estimate the background again, without the drums. */
  separateBackground(): void {
    const total = this.total();
    for (let i = 0; i < total.length; i++) {
      total[i] = (this.magnitudes[i] * this.background[i]) / (total[i] + EPSILON);
    }
    const background = lasting(total);
    for (let i = 0; i < background.length; i++) {
      if (background[i] > this.magnitudes[i]) background[i] = this.magnitudes[i];
    }
    this.background = background;
  }

  /** Fit hits and background in turn; the mask is computed from the result. */
  settle(templates: Templates): void {
    this.fit(templates, 2);
    this.separateBackground();
    this.fit(templates, 2);
  }

  #build(templates: Templates): void {
    for (const [drum, frames] of this.hits) {
      const sound = this.drums.get(drum) ?? new Float32Array(this.magnitudes.length);
      sound.fill(0);
      const template = templates.get(drum) as Float32Array;
      const gains = this.gains.get(drum) as Float64Array;
      frames.forEach((frame, index) => {
        const begin = Math.max(frame, 0) * BINS;
        const end = Math.min(frame * BINS + template.length, sound.length);
        for (let i = begin, k = begin - frame * BINS; i < end; i++, k++) {
          sound[i] += gains[index] * template[k];
        }
      });
      this.drums.set(drum, sound);
    }
  }
}
