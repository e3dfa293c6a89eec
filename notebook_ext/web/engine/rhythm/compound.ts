/**
 * Recognises compound meters: the port of `adt_plugins.rhythm.compound`, which names the sources.
 */

import { roundEven } from "../../../src/core/pick";
import { COMPOUND } from "../../../src/core/tables";
import { median } from "../../../src/core/tempo";
import { clamp } from "../../../src/core/time";
import type { Activations, Evidence, FrameOfBeat } from "./bar-pointer";
import { addRatios, meansOf, nearby, ratios } from "./drum-patterns";

const { USUAL_BAR, COST, LEAST_DRUMS, LEAST_THIRD, MOST_OF_COMPOUND, SWUNG } = COMPOUND;
const PATTERN: Readonly<Record<string, readonly number[]>> = COMPOUND.PATTERN;
const ANYWHERE: Readonly<Record<string, number>> = COMPOUND.ANYWHERE;
const WEIGHT: Readonly<Record<string, number>> = COMPOUND.WEIGHT;
/** The maximum over all drums. */
const ANY = "ANY";

function anyDrum({ outputs, column }: Activations, frames: number): Float32Array {
  const most = new Float32Array(frames);
  for (const output of outputs) {
    const values = output === "beat" || output === "downbeat" ? null : column(output);
    if (!values) continue;
    for (let t = 0; t < frames; t++) if (values[t] > most[t]) most[t] = values[t];
  }
  return nearby(most);
}

/** The evidence for a beat of 6/8 at a frame. */
export class CompoundEvidence implements Evidence {
  readonly division = 3;
  readonly #frames: number;
  readonly #hits: (readonly [drum: string, nearby: Float32Array])[];

  constructor(
    activations: Activations,
    private readonly changes: Float32Array,
  ) {
    this.#frames = changes.length;
    this.#hits = Object.keys(PATTERN).flatMap((drum) => {
      if (drum === ANY) return [[drum, anyDrum(activations, this.#frames)] as const];
      const values = activations.column(drum);
      return values ? [[drum, nearby(values)] as const] : [];
    });
  }

  cut(first: number, end: number): readonly Float32Array[] {
    const width = end - first;
    const thirds = Array.from({ length: 3 }, () => new Float32Array(USUAL_BAR * width));
    const [start, stop] = [Math.max(first, 0), Math.min(end, this.#frames)];
    if (start >= stop) return thirds;
    const row = (third: number, beat: number) =>
      thirds[third].subarray(beat * width + start - first, beat * width + stop - first);
    for (const [drum, hits] of this.#hits) {
      const heard = hits.subarray(start, stop);
      const background = ratios(heard, ANYWHERE[drum]);
      PATTERN[drum].forEach((share, place) => {
        const into = row(place % 3, Math.floor(place / 3));
        addRatios(into, heard, share, background, WEIGHT[drum]);
      });
    }
    for (let beat = 0; beat < USUAL_BAR; beat++) {
      const own = row(0, beat);
      for (let t = 0; t < own.length; t++) {
        if (!beat) own[t] += this.changes[start + t];
        own[t] -= COST;
      }
    }
    return thirds;
  }

  means(): readonly Float32Array[] {
    return meansOf(this, this.#frames);
  }
}

/** Judges whether the meter is 6/8, by the beats in a simple meter and in 6/8. */
export class MeterJudge {
  readonly #any: Float32Array;
  readonly #kick: Float32Array | null;
  readonly #snare: Float32Array | null;
  readonly #beat: Float32Array | null;
  readonly #downbeat: Float32Array | null;
  readonly #framesAt100: number;

  constructor(activations: Activations, frames: number, rate: number) {
    const near = (output: string) => {
      const values = activations.column(output);
      return values && nearby(values);
    };
    this.#any = anyDrum(activations, frames);
    [this.#kick, this.#snare] = [near("KD"), near("SD")];
    [this.#beat, this.#downbeat] = [near("beat"), near("downbeat")];
    this.#framesAt100 = 0.6 * rate;
  }

  /** Whether beats of 6/8 are worth a search; without drums on the beats, nothing can be said. */
  mayBeCompound(simple: readonly FrameOfBeat[]): boolean {
    const hasDrums = meanAt(this.#any, framesOf(simple)) >= LEAST_DRUMS;
    return hasDrums && this.#ofSimple(simple) > -MOST_OF_COMPOUND;
  }

  /** Whether the first third of beats is played, unlike in a shuffle and in straight beats. */
  hasThirds(beats: readonly FrameOfBeat[]): boolean {
    const [, third, half, other] = this.#divided(beats);
    return third >= Math.max(SWUNG * other, half, LEAST_THIRD);
  }

  /** Return the log odds of 6/8 given the beats in a simple meter and in 6/8. */
  ofBoth(simple: readonly FrameOfBeat[], compound: readonly FrameOfBeat[]): number {
    const [frames, others] = [framesOf(simple), framesOf(compound)];
    const [apart, lengths] = [lengthsOf(frames), lengthsOf(others)];
    const [third, other] = [1 / 3, 2 / 3].map((part) =>
      lengths.map((length, n) => others[n] + part * length),
    );
    const change = Math.log(median(lengths) / median(apart));
    return (
      -1.16 +
      0.62 * this.#ofSimple(simple) +
      24.32 * meanAt(this.#beat, others) -
      20.98 * meanAt(this.#beat, frames) +
      (7.25 * (meanAt(this.#beat, third) + meanAt(this.#beat, other))) / 2 -
      3.68 * firstOf(this.#downbeat, simple) +
      1.69 * firstOf(this.#kick, compound) +
      0.95 * meanAt(this.#any, other) -
      2.36 * Math.abs(change)
    );
  }

  /** Return the log odds of 6/8 given beats of 3/4 or 4/4. */
  #ofSimple(beats: readonly FrameOfBeat[]): number {
    const [first, third, half, other, last] = this.#divided(beats);
    const apart = lengthsOf(framesOf(beats));
    const isInThree = Math.max(...beats.map(([, position]) => position)) === 3;
    return (
      -0.68 -
      2.72 * (half - (third + other) / 2) -
      2.12 * (first + last) +
      1.53 * Math.log(median(apart) / this.#framesAt100) +
      0.88 * Number(isInThree) -
      1.72 * meanAt(this.#snare, framesOf(beats, 2))
    );
  }

  /** Return the mean of the drums at 1/4, 1/3, 1/2, 2/3 and 3/4 of the beats. */
  #divided(beats: readonly FrameOfBeat[]): number[] {
    const frames = framesOf(beats);
    return [1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4].map((part) =>
      meanAt(
        this.#any,
        frames.slice(0, -1).map((frame, n) => frame + part * (frames[n + 1] - frame)),
      ),
    );
  }
}

/** Return the frames of the beats, or of those at one position of their bars. */
const framesOf = (beats: readonly FrameOfBeat[], place?: number): number[] =>
  beats.flatMap(([frame, position]) => (place === undefined || position === place ? [frame] : []));

const lengthsOf = (frames: readonly number[]): number[] =>
  frames.slice(1).map((frame, n) => frame - frames[n]);

/** Return how much higher a column is on the first beat of bars than on others. */
function firstOf(column: Float32Array | null, beats: readonly FrameOfBeat[]): number {
  const others = beats.filter(([, position]) => position > 1);
  return meanAt(column, framesOf(beats, 1)) - meanAt(column, framesOf(others));
}

function meanAt(column: Float32Array | null, frames: readonly number[]): number {
  if (!column || !frames.length) return 0;
  const at = (frame: number) => column[clamp(roundEven(frame), 0, column.length - 1)];
  return frames.reduce((sum, frame) => sum + at(frame), 0) / frames.length;
}
