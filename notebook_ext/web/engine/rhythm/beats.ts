/** Finds the beats and bars of a recording: the port of `adt_plugins.rhythm.beats`. */

import { countedBeats, parseMeter } from "../../../src/core/meter";
import { BAR_POINTER, BEATS, CHORDS, COMPOUND, READINGS, SOUNDING } from "../../../src/core/tables";
import { clamp, lowerBound } from "../../../src/core/time";
import {
  type Activations,
  type BeatPath,
  beatLengths,
  type Densities,
  decodeBars,
  type Evidence,
  type FrameOfBeat,
} from "./bar-pointer";
import { BeatLoops } from "./beat-loops";
import { clearOnes, type Observed } from "./clear-beats";
import { CompoundEvidence, MeterJudge } from "./compound";
import { BarEvidence } from "./drum-patterns";
import { likeliestReading } from "./readings";
import { likelyLengths } from "./tempo-search";

const { MIN_BPM, MAX_BPM, THRESHOLD, ALIKE_FRAMES, MOST } = BEATS;
const BARS = BEATS.METERS.map((text) => countedBeats(parseMeter(text)));
/** Probabilities keep this distance from 0 and 1. */
const { LEAST } = BEATS;

/** Time in seconds, and position in its bar: 1 is the downbeat. */
export type Beat = readonly [time: number, position: number];

/**
 * Return the beats of a recording; none if they are not clear. `changes`: how new the harmony is at
 * each frame; `module`: `beats.wasm`.
 */
export function beatsOf(
  activations: Activations,
  changes: Float32Array,
  rate: number,
  module: WebAssembly.Module,
): Beat[] {
  const [beat, downbeat] = [activations.column("beat"), activations.column("downbeat")];
  if (!beat || !downbeat) return [];
  const observed = observations(beat, downbeat);
  const isLoud = (t: number) =>
    observed.beats[t] >= THRESHOLD || observed.downbeats[t] >= THRESHOLD;
  const loud = Array.from(beat.keys()).filter(isLoud);
  if (!loud.length) return [];
  const { first, end } = sounding(loud, rate);
  const part = {
    beats: observed.beats.subarray(first, end),
    downbeats: observed.downbeats.subarray(first, end),
  };
  const decoder = new Decoder(
    {
      outputs: activations.outputs,
      column: (output) => activations.column(output)?.subarray(first, end) ?? null,
    },
    part,
    changes.slice(first, end).map((value) => CHORDS.WEIGHT * value),
    rate,
    module,
  );
  return clearOnes(part, decoder.decode()).map(([t, n]) => [(t + first) / rate, n]);
}

/** Return where the music begins and ends: the port of `adt_plugins.rhythm.sounding`. */
function sounding(loud: readonly number[], rate: number): { first: number; end: number } {
  let [from, first, last] = [0, -1, loud.length - 1];
  loud.forEach((frame, n) => {
    if (n + 1 < loud.length && loud[n + 1] - frame <= SOUNDING.GAP_S * rate) return;
    if (frame - loud[from] > SOUNDING.LONE_S * rate) {
      if (first < 0) first = from;
      last = n;
    }
    from = n + 1;
  });
  return { first: loud[Math.max(first, 0)], end: loud[last] + 1 };
}

function observations(beat: Float32Array, downbeat: Float32Array): Observed {
  const beats = new Float64Array(beat.length);
  const downbeats = new Float64Array(beat.length);
  for (let t = 0; t < beat.length; t++) {
    const either = clamp(Math.max(beat[t], downbeat[t]), 2 * LEAST, 1 - LEAST);
    downbeats[t] = clamp(downbeat[t], LEAST, either - LEAST);
    beats[t] = either - downbeats[t];
  }
  return { beats, downbeats };
}

/** Decodes beats in one meter or another. */
class Decoder {
  readonly #densities: Densities;

  constructor(
    private readonly activations: Activations,
    private readonly observed: Observed,
    private readonly changes: Float32Array,
    private readonly rate: number,
    private readonly module: WebAssembly.Module,
  ) {
    const { beats, downbeats } = observed;
    const silent = beats.map((value, t) =>
      Math.log((1 - (value + downbeats[t])) / (BAR_POINTER.OBSERVATION_LAMBDA - 1)),
    );
    const kinds = [silent, beats.map(Math.log), downbeats.map(Math.log)];
    this.#densities = { frames: beats.length, kinds };
  }

  /** Return the beats of the likeliest meter. */
  decode(): FrameOfBeat[] {
    const { column } = this.activations;
    const evidence = new BarEvidence(column, BARS, this.changes);
    const simple = this.#search(BARS, MIN_BPM, MAX_BPM, evidence);
    const slower = this.#inSixEight(simple);
    return this.#reread(slower ?? simple, slower !== null);
  }

  /** Return the likeliest reading of beats. */
  #reread(beats: FrameOfBeat[], isTempoKnown: boolean): FrameOfBeat[] {
    const bar = Math.max(...beats.map(([, position]) => position));
    if (beats.length < READINGS.LEAST_BEATS || bar !== READINGS.BAR) return beats;
    const changes = this.changes.map((value) => value / CHORDS.WEIGHT);
    const tempi = isTempoKnown ? null : ([MIN_BPM, MAX_BPM] as const);
    return likeliestReading(beats, this.activations, changes, this.rate, tempi);
  }

  /**
   * Return the beats of 6/8 if they are likelier than the given ones, or null. If nothing is played
   * on their first third, they are counted in 4/4.
   */
  #inSixEight(simple: FrameOfBeat[]): FrameOfBeat[] | null {
    if (simple.length < COMPOUND.LEAST_BEATS) return null;
    const judge = new MeterJudge(this.activations, this.#densities.frames, this.rate);
    if (!judge.mayBeCompound(simple)) return null;
    const evidence = new CompoundEvidence(this.activations, this.changes);
    const { MIN_BPM: slowest, MAX_BPM: fastest } = COMPOUND;
    const found = this.#search([COMPOUND.USUAL_BAR], slowest, fastest, evidence);
    if (found.length < COMPOUND.LEAST_BEATS || judge.ofBoth(simple, found) <= 0) return null;
    if (judge.hasThirds(found)) return found;
    return areAlike(found, simple) ? null : inFour(found);
  }

  #search(
    bars: readonly number[],
    slowest: number,
    fastest: number,
    evidence: Evidence,
  ): FrameOfBeat[] {
    const lengths = beatLengths(this.rate, slowest, fastest);
    const loops = new BeatLoops(this.module);
    const searched = likelyLengths(this.#densities, lengths, this.rate, evidence, loops);
    return this.#peaks(decodeBars(this.#densities, bars, lengths, searched, evidence, loops));
  }

  /** Move each beat to the peak within its beginning. */
  #peaks({ starts, lengths, positions }: BeatPath): FrameOfBeat[] {
    const { beats, downbeats } = this.observed;
    return starts.flatMap((start, n) => {
      const end = start + Math.ceil(lengths[n] / BAR_POINTER.OBSERVATION_LAMBDA);
      let [peak, most] = [-1, -1];
      for (let t = Math.max(start, 0); t < Math.min(end, beats.length); t++) {
        const height = Math.max(beats[t], downbeats[t]);
        if (height > most) [peak, most] = [t, height];
      }
      return peak < 0 ? [] : [[peak, positions[n] + 1] as const];
    });
  }
}

/** Count beats of 6/8 as those of 4/4. */
const inFour = (beats: readonly FrameOfBeat[]): FrameOfBeat[] =>
  beats.map(([frame], n) => [frame, ((n + beats[0][1] - 1) % READINGS.BAR) + 1]);

/** Whether most beats of each are among those of the other. */
const areAlike = (one: readonly FrameOfBeat[], other: readonly FrameOfBeat[]): boolean =>
  Math.min(shared(one, other), shared(other, one)) >= MOST;

/** Return the share of beats that are near one of the others. */
function shared(beats: readonly FrameOfBeat[], others: readonly FrameOfBeat[]): number {
  const near = beats.filter(([frame]) => {
    const found = lowerBound(others.length, (k) => others[k][0], frame);
    const after = clamp(found, 1, others.length - 1);
    const far = [after - 1, after].map((k) => Math.abs(others[k][0] - frame));
    return Math.min(...far) <= ALIKE_FRAMES;
  });
  return near.length / beats.length;
}
