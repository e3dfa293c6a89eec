/** Infers how beats are divided: the port of `adt_plugins.formats.notation.rhythm`. */

import { RHYTHM } from "../core/tables";
import { median } from "../core/tempo";
import { clamp, lowerBound } from "../core/time";
import {
  type Division,
  feelPrior,
  inSteps,
  placesOf,
  priorOf,
  STATES,
  type State,
  transition,
  type Unit,
  weightsOf,
} from "./divisions";
import type { Feel } from "./score";

const { TRIPLET_SWING, STRAY, MEETING, NEAR_MISS, LONELY, FIRST_ERROR_S, LEAST_ERROR_S } = RHYTHM;
const SHORT: readonly number[] = RHYTHM.SHORT;
const { MOST_ERROR_S, OFFSET_SHARE, OFFSET_S, AROUND, USUAL_HITS, KERNEL } = RHYTHM;
const { LEAST_PAIRS, SWING, SWING_16, SWING_STEP } = RHYTHM;
const NORMAL = Math.sqrt(2 * Math.PI);
/** Number of standard deviations beyond which a normal density adds nothing to `STRAY`. */
const FAR = 10;

/** Hits grouped by intended time: times ascending, and a bit for each drum. */
export interface Strokes {
  readonly times: readonly number[];
  readonly drums: readonly number[];
}

/** The beats to divide; `times` has one more item, the end of the last beat. */
export interface Beats {
  readonly times: readonly number[];
  readonly units: readonly Unit[];
  /** The bar of each beat. */
  readonly bars: readonly number[];
}

/** Position of the second of two swung notes, for eighths and for sixteenths. */
export type Swings = readonly [eighths: number, sixteenths: number];

export interface Rhythm {
  /** State of each beat. */
  readonly states: readonly State[];
  /** Beat and step of each stroke; a step may be the first one of the next beat. */
  readonly places: readonly (readonly [beat: number, step: number])[];
  readonly swings: Swings;
}

export const swingOf = (feel: Feel, swings: Swings): number =>
  feel === "straight" ? 0.5 : swingFor(feel, swings);

const swingFor = (feel: Feel, swings: Swings): number =>
  swings[feel === "swung sixteenths" ? 1 : 0];

/**
 * Beat of each hit, and its position in it: 0 to 1 except before the first beat and after the last.
 */
interface Placed {
  readonly index: readonly number[];
  readonly phase: readonly number[];
}

export function findRhythm(beats: Beats, strokes: Strokes): Rhythm {
  const { times } = beats;
  const lengths = times.slice(1).map((time, n) => time - times[n]);
  const late = lateness(times, lengths, strokes.times);
  const placed = placesIn(
    times,
    strokes.times.map((time, n) => time - late[n]),
  );
  const swings = swingsOf(beats, placed);
  let error: number = FIRST_ERROR_S;
  let counts = STATES.map(() => 0);
  let path: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const sigma = placed.index.map((beat) => error / lengths[beat]);
    path = likeliest(
      beats,
      fits({ ...placed, drums: strokes.drums, sigma }, lengths.length, swings),
      counts,
    );
    error = usualError(placed, lengths, path, swings);
    const busy = new Set<number>();
    placed.phase.forEach((phase, n) => {
      if (phase > 0.5 * sigma[n] && phase < 1 - 0.5 * sigma[n]) busy.add(placed.index[n]);
    });
    counts = STATES.map(() => 0);
    for (const beat of busy) counts[path[beat]]++;
  }
  const states = path.map((state) => STATES[state]);
  return { states, places: stepsOf(placed, states, swings), swings };
}

/** Estimate how late each hit is relative to the beats, like the hits around it. */
function lateness(
  times: readonly number[],
  lengths: readonly number[],
  hits: readonly number[],
): number[] {
  const near: { beat: number; off: number }[] = [];
  for (const hit of hits) {
    let beat = clamp(
      lowerBound(times.length, (k) => times[k], hit),
      1,
      times.length - 1,
    );
    if (hit - times[beat - 1] < times[beat] - hit) beat--;
    const off = hit - times[beat];
    const reach = Math.min(OFFSET_SHARE * lengths[Math.min(beat, lengths.length - 1)], OFFSET_S);
    if (Math.abs(off) < reach) near.push({ beat, off });
  }
  if (!near.length) return hits.map(() => 0);
  const usual = median(near.map(({ off }) => off));
  const more = new Array<number>(USUAL_HITS).fill(usual);
  const first = (beat: number) => lowerBound(near.length, (k) => near[k].beat, beat);
  const local = times.map((_, beat) => {
    const own = near.slice(first(beat - AROUND), first(beat + AROUND + 1));
    // Add a few hits of usual lateness.
    return median([...own.map(({ off }) => off), ...more]);
  });
  return hits.map((hit) => {
    const before = beatAt(times, hit);
    const part = clamp((hit - times[before]) / lengths[before], 0, 1);
    return local[before] + part * (local[before + 1] - local[before]);
  });
}

/** Return the index of the beat at a time; the first or last beat for times outside of all. */
function beatAt(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return clamp(low - 1, 0, times.length - 2);
}

function placesIn(times: readonly number[], hits: readonly number[]): Placed {
  const index = hits.map((hit) => beatAt(times, hit));
  const phase = hits.map((hit, n) => {
    const start = times[index[n]];
    return (hit - start) / (times[index[n] + 1] - start);
  });
  return { index, phase };
}

/** Return beat and step of each stroke. */
function stepsOf(
  { index, phase }: Placed,
  states: readonly State[],
  swings: Swings,
): (readonly [number, number])[] {
  return phase.map((place, n) => {
    const beat = index[n];
    const state = states[beat];
    const far = placesOf(state, swingFor(state.feel, swings)).map((own) => Math.abs(own - place));
    const step = far.indexOf(Math.min(...far));
    return step === state.steps ? [beat + 1, 0] : [beat, step];
  });
}

function swingsOf({ units }: Beats, { index, phase }: Placed): Swings {
  const isQuarter = (beat: number) => units[beat] === "quarter";
  const half = index.map((beat, n) => 2 * beat + Number(phase[n] >= 0.5));
  const inHalf = phase.map((own) => {
    const rest = (2 * own) % 1;
    return rest < 0 ? rest + 1 : rest;
  });
  return [
    mostSwung({ index, phase }, isQuarter, SWING),
    mostSwung({ index: half, phase: inHalf }, (own) => isQuarter(own >> 1), SWING_16),
  ];
}

/** Estimate the position of swung second halves of beats, or of half beats. */
function mostSwung(
  { index, phase }: Placed,
  isWanted: (index: number) => boolean,
  [least, most]: readonly [number, number],
): number {
  const inside = phase
    .map((own, n) => ({ own, beat: index[n] }))
    .filter(({ own, beat }) => own > 0.15 && own < 0.87 && isWanted(beat));
  const isSecond = (own: number) => own > 0.45 && own < 0.8;
  // The last third of a triplet says nothing about pairs.
  const mixed = new Set(inside.filter(({ own }) => !isSecond(own)).map(({ beat }) => beat));
  const pairs = inside.filter(({ own, beat }) => isSecond(own) && !mixed.has(beat));
  if (pairs.length < LEAST_PAIRS) return TRIPLET_SWING;
  let [best, densest] = [0, -1];
  for (let thousandths = least; thousandths <= most; thousandths += SWING_STEP) {
    const candidate = thousandths / 1000;
    let density = 0;
    for (const { own } of pairs)
      density += inSteps(Math.exp(-0.5 * ((own - candidate) / KERNEL) ** 2));
    if (density > densest) [best, densest] = [candidate, density];
  }
  return best;
}

interface Hits extends Placed {
  readonly drums: readonly number[];
  /** Usual error as a fraction of the beat. */
  readonly sigma: readonly number[];
}

/** Return the log likelihood of each beat's hits in each state. */
function fits(hits: Hits, beats: number, swings: Swings): Float64Array[] {
  const fitted = new Map<string, Float64Array>();
  return STATES.map((state) => {
    const swing = state.isSwung ? swingFor(state.feel, swings) : 0;
    const key = `${state.steps} ${swing}`;
    const known = fitted.get(key) ?? fit(hits, beats, state, swing);
    fitted.set(key, known);
    return known;
  });
}

/** Return the log likelihood of each beat's hits with a division. */
function fit(hits: Hits, beats: number, own: Division, swing: number): Float64Array {
  const places = placesOf(own, swing);
  const weights = weightsOf(own);
  const likelihood = new Float64Array(beats);
  const steps: number[] = [];
  for (let n = 0; n < hits.index.length; n++) {
    const [beat, phase, sigma] = [hits.index[n], hits.phase[n], hits.sigma[n]];
    let near = 0;
    let nearest = Infinity;
    let step = 0;
    for (let k = 0; k < places.length; k++) {
      const far = Math.abs((phase - places[k]) / sigma);
      if (far < FAR) near += Math.exp(-0.5 * far * far) * weights[k];
      if (far < nearest) {
        nearest = far;
        step = k;
      }
    }
    step += beat * own.steps;
    near /= sigma * NORMAL;
    likelihood[beat] += inSteps(Math.log((1 - STRAY) * near + STRAY));
    if (step === steps[n - 1])
      likelihood[beat] += hits.drums[n] & hits.drums[n - 1] ? MEETING : NEAR_MISS;
    steps.push(step);
  }
  if (SHORT.includes(own.steps) && !own.isSwung)
    steps.forEach((step, n) => {
      const isBetween = step % 2 === 1 && (2 * step) % own.steps !== 0;
      const isLonely = !(step - steps[n - 1] <= 1 || steps[n + 1] - step <= 1);
      if (isBetween && isLonely) likelihood[hits.index[n]] += LONELY;
    });
  return likelihood;
}

/** Return the likeliest state of each beat (Viterbi). */
function likeliest(
  { units, bars }: Beats,
  fits: readonly Float64Array[],
  counts: readonly number[],
): number[] {
  const priors = new Map([...new Set(units)].map((unit) => [unit, priorOf(unit, counts)]));
  const [inside, atBar] = [false, true].map((isAtBar) =>
    STATES.map((after) => STATES.map((before) => transition(before, after, isAtBar))),
  );
  const likely = (state: number, beat: number) =>
    (priors.get(units[beat]) as number[])[state] + fits[state][beat];
  let score = STATES.map(({ feel }, state) => feelPrior(feel) + likely(state, 0));
  const back: number[][] = [];
  for (let beat = 1; beat < units.length; beat++) {
    const change = bars[beat] === bars[beat - 1] ? inside : atBar;
    const from = new Array<number>(STATES.length);
    const now = new Array<number>(STATES.length);
    for (let state = 0; state < STATES.length; state++) {
      const costs = change[state];
      let best = -Infinity;
      for (let k = 0; k < score.length; k++) {
        const way = score[k] + costs[k];
        if (way > best) {
          best = way;
          from[state] = k;
        }
      }
      now[state] = best + likely(state, beat);
    }
    back.push(from);
    score = now;
  }
  const path = [score.indexOf(Math.max(...score))];
  for (let beat = units.length - 2; beat >= 0; beat--) path.push(back[beat][path[path.length - 1]]);
  return path.reverse();
}

/** Estimate the usual distance in seconds of hits from their places. */
function usualError(
  { index, phase }: Placed,
  lengths: readonly number[],
  path: readonly number[],
  swings: Swings,
): number {
  if (!index.length) return FIRST_ERROR_S;
  const places = STATES.map((state) => placesOf(state, swingFor(state.feel, swings)));
  const far = phase.map((own, n) => {
    const beat = index[n];
    return Math.min(...places[path[beat]].map((place) => Math.abs(own - place))) * lengths[beat];
  });
  // The median of a normal distribution's absolute error is 0.67 standard deviations.
  return clamp(median(far) / 0.6745, LEAST_ERROR_S, MOST_ERROR_S);
}
