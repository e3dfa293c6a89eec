/** Chooses how the beats of 4/4 are counted: the port of `adt_plugins.rhythm.readings`. */

import { READINGS } from "../../../src/core/tables";
import { median } from "../../../src/core/tempo";
import { clamp } from "../../../src/core/time";
import type { Activations, FrameOfBeat } from "./bar-pointer";
import { nearby } from "./drum-patterns";

const { BAR, HARMONY, RARE, BEATS, DOWNBEATS, USUAL_BPM, TEMPO, UNCHANGED } = READINGS;
type Kind = keyof typeof READINGS.KINDS;

/** Beats whose frames need not be whole, and their positions from 0. */
interface Reading {
  readonly kind: Kind;
  readonly frames: readonly number[];
  readonly positions: readonly number[];
}

/**
 * Return the likeliest reading of beats in bars of four. `changes`: how new the harmony is; `tempi`:
 * the lowest and the highest tempo, or null if that of the beats is known.
 */
export function likeliestReading(
  beats: readonly FrameOfBeat[],
  { column }: Activations,
  changes: Float32Array,
  rate: number,
  tempi: readonly [number, number] | null,
): FrameOfBeat[] {
  const readings = readingsOf(beats).filter((reading, n) => {
    if (!tempi) return reading.kind === "same" || reading.kind === "off";
    const bpm = tempoOf(reading, rate);
    return !n || (tempi[0] <= bpm && bpm <= tempi[1]);
  });
  const scores = readings.map((reading, n) => priorOf(reading, rate) + (n ? 0 : UNCHANGED));
  for (const [drum, weights] of Object.entries(READINGS.DRUMS)) {
    const values = column(drum);
    if (!values) continue;
    const near = nearby(values);
    const hits = readings.map((reading) => profile(reading, near));
    const most = Math.max(...hits.flat(2)) + RARE;
    hits.forEach((own, n) => {
      scores[n] += sum(
        own.flatMap((pair, beat) => pair.map((hit, k) => (hit / most) * weights[beat][k])),
      );
    });
  }
  const [beat, downbeat] = [column("beat") as Float32Array, column("downbeat") as Float32Array];
  const either = nearby(beat.map((value, t) => Math.max(value, downbeat[t])));
  const near = nearby(downbeat);
  readings.forEach((reading, n) => {
    const halves = halvesOf(reading, either);
    scores[n] += sum(
      BEATS.map((weight, k) => (weight * sum(halves.map((pair) => pair[k]))) / halves.length),
    );
    scores[n] += HARMONY * profile(reading, changes)[0][0];
    scores[n] += sum(profile(reading, near).map(([own], k) => own * DOWNBEATS[k]));
  });
  const { frames, positions } = readings[scores.indexOf(Math.max(...scores))];
  return frames.map((frame, n) => [Math.floor(frame + 0.5), positions[n] + 1]);
}

/** Return all readings, the given one first. */
function readingsOf(beats: readonly FrameOfBeat[]): Reading[] {
  const whole = beats.map(([frame]) => frame);
  const positions = beats.map(([, position]) => position - 1);
  const middles = whole.slice(1).map((frame, n) => (frame + whole[n]) / 2);
  const double = [...whole, ...middles].sort((a, b) => a - b);
  const firsts = Array.from({ length: BAR }, (_, n) => n);
  const shifted = (kind: Kind, frames: readonly number[]) =>
    firsts.map((first) => ({
      kind,
      frames,
      positions: frames.map((_, n) => (positions[n] + first) % BAR),
    }));
  return [
    ...shifted("same", whole),
    ...shifted("off", middles),
    ...firsts.map((first) => ({
      kind: "double" as const,
      frames: double,
      positions: double.map((_, n) => (2 * positions[0] + n + first) % BAR),
    })),
    ...[...firsts, ...firsts.map((first) => first + BAR)].map((first) => {
      const places = whole.map((_, n) => positions[0] + n + first);
      return {
        kind: "half" as const,
        frames: whole.filter((_, n) => places[n] % 2 === 0),
        positions: places.filter((place) => place % 2 === 0).map((place) => (place / 2) % BAR),
      };
    }),
  ];
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function tempoOf({ frames }: Reading, rate: number): number {
  const lengths = frames.slice(1).map((frame, n) => frame - frames[n]);
  return (60 * rate) / median(lengths);
}

function priorOf(reading: Reading, rate: number): number {
  const octaves = Math.log2(tempoOf(reading, rate) / USUAL_BPM);
  return READINGS.KINDS[reading.kind] + TEMPO[0] * octaves + TEMPO[1] * octaves ** 2;
}

/** Return a column at the beginning and the middle of each beat. */
const halvesOf = ({ frames }: Reading, column: Float32Array): number[][] =>
  frames.slice(1).map((next, n) =>
    [0, 0.5].map((part) => {
      const at = frames[n] + (next - frames[n]) * part;
      return column[clamp(Math.floor(at + 0.5), 0, column.length - 1)];
    }),
  );

/** Return the means of a column in each half of each beat of the bar. */
function profile(reading: Reading, column: Float32Array): number[][] {
  const halves = halvesOf(reading, column);
  return Array.from({ length: BAR }, (_, beat) => {
    const own = halves.filter((_, n) => reading.positions[n] === beat);
    return [0, 1].map((k) => sum(own.map((pair) => pair[k])) / Math.max(own.length, 1));
  });
}
