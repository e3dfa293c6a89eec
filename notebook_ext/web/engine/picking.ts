/** Picks hits from activations, and computes velocities for any other hits. */

import { type Activation, type Grid, type Pick, pickAll, roundEven } from "../../src/core/pick";
import { clamp } from "../../src/core/time";
import type { Card, Heard } from "./engine-types";
import { raisedThresholds } from "./gate";
import { relative } from "./velocity";

export const drumsOf = (card: Card): string[] =>
  card.outputs.filter((output) => output in card.thresholds);

export const gridOf = (card: Card): Grid => ({
  rate: card.front_end.sample_rate / card.front_end.hop_size,
  offset: 0,
  delay: card.delay ?? 0,
});

/** Names the finer drums of a drum's hits, see `kindsOf`. */
type NameKinds = (drum: string, positions: readonly number[]) => string[];

/** The model's thresholds, raised for drums that the recording does not seem to have. */
export function thresholdsOf(
  card: Card,
  lanes: readonly Activation[],
  weighed: readonly Activation[],
  rate: number,
  sounding: number,
): Record<string, number> {
  const raised = raisedThresholds(card, lanes, weighed, rate, sounding);
  return { ...only(card.thresholds, drumsOf(card)), ...raised };
}

/**
 * `activations` as in `Heard`; `strengths` as `strengthsOf` returns them; `name`: null if finer drums
 * are not wanted.
 */
export function hitsOf(
  card: Card,
  thresholds: Record<string, number>,
  frames: number,
  activations: Float32Array,
  strengths: Float64Array,
  name: NameKinds | null = null,
): Part<Heard, "thresholds" | "known" | "velocities" | "kinds"> {
  const drums = drumsOf(card);
  const grid = gridOf(card);
  const lanes: Activation[] = drums.map((drum) => {
    const at = card.outputs.indexOf(drum) * frames;
    return { drum, values: activations.subarray(at, at + frames) };
  });
  const halved = Object.fromEntries(drums.map((drum) => [drum, thresholds[drum] / 2]));
  const picked = pickAll(lanes, thresholds, card.picker, grid);
  const spare = pickAll(lanes, halved, card.picker, grid);
  const rows: number[] = [];
  const velocities = new Uint8Array(drums.length * frames);
  picked.forEach((picks, lane) => {
    const strength = strengths.subarray(lane * frames, (lane + 1) * frames);
    loudness(picks, strength, grid).forEach((velocity, i) => {
      const { frame, time, confidence } = picks[i];
      rows.push(lane, frame, time, velocity, confidence);
    });
    velocities.set(table(picks, spare[lane], strength, grid), lane * frames);
  });
  const kinds =
    name &&
    picked.flatMap((picks, lane) =>
      name(
        drums[lane],
        picks.map(({ position }) => position),
      ),
    );
  return { thresholds, kinds, known: Float64Array.from(rows), velocities };
}

/** Return the values in the order of the lanes. */
const only = (
  values: Readonly<Record<string, number>>,
  names: readonly string[],
): Record<string, number> => Object.fromEntries(names.map((name) => [name, values[name]]));

type Part<T, K extends keyof T> = { [P in K]: T[P] };

/** The strength of a hit whose peak is at each of some frames: that at its attack. */
function atAttacks(strength: Float64Array, peaks: ArrayLike<number>, grid: Grid): Float64Array {
  const delay = grid.delay * grid.rate;
  const found = new Float64Array(peaks.length);
  for (let i = 0; i < found.length; i++)
    found[i] = strength[clamp(roundEven(peaks[i] - delay), 0, strength.length - 1)];
  return found;
}

function loudness(picks: readonly Pick[], strength: Float64Array, grid: Grid): Uint8Array {
  if (!picks.length) return new Uint8Array(0);
  const positions = picks.map(({ position }) => position);
  const own = atAttacks(strength, positions, grid);
  return relative(own, own);
}

/** Return the velocity of a hit at each frame: `adt_plugins.editor.picks.velocity_table`. */
function table(
  picks: readonly Pick[],
  spare: readonly Pick[],
  strength: Float64Array,
  grid: Grid,
): Uint8Array {
  if (!strength.length) return new Uint8Array(0);
  const all = atAttacks(strength, Int32Array.from(strength.keys()), grid);
  const others = (picks.length ? picks : spare).map(({ frame }) => all[frame]);
  return relative(all, others.length ? others : all);
}
