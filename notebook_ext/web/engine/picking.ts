/** Picks hits from activations, and computes velocities for any other hits. */

import { type Activation, type Grid, type Pick, pickAll, roundEven } from "../../src/core/pick";
import type { Card, Heard } from "./engine-types";
import { raisedThresholds } from "./gate";
import { relative, strengths } from "./velocity";

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
): Record<string, number> {
  const raised = raisedThresholds(card, lanes, weighed, rate);
  return { ...only(card.thresholds, drumsOf(card)), ...raised };
}

/** `activations` and `levels` as in `Heard`; `name`: null if finer drums are not wanted. */
export function hitsOf(
  card: Card,
  thresholds: Record<string, number>,
  frames: number,
  activations: Float32Array,
  levels: Float32Array,
  name: NameKinds | null = null,
): Part<Heard, "thresholds" | "known" | "velocities" | "kinds"> {
  const drums = drumsOf(card);
  const grid = gridOf(card);
  const column = (values: Float32Array, lane: number) =>
    values.subarray(lane * frames, (lane + 1) * frames);
  const lanes: Activation[] = drums.map((drum) => ({
    drum,
    values: column(activations, card.outputs.indexOf(drum)),
  }));
  const halved = Object.fromEntries(drums.map((drum) => [drum, thresholds[drum] / 2]));
  const picked = pickAll(lanes, thresholds, card.picker, grid);
  const spare = pickAll(lanes, halved, card.picker, grid);
  const rows: number[] = [];
  const velocities = new Uint8Array(drums.length * frames);
  picked.forEach((picks, lane) => {
    const level = column(levels, lane);
    loudness(picks, level, grid).forEach((velocity, i) => {
      const { frame, time, confidence } = picks[i];
      rows.push(lane, frame, time, velocity, confidence);
    });
    velocities.set(table(picks, spare[lane], level, grid), lane * frames);
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

function loudness(picks: readonly Pick[], level: Float32Array, grid: Grid): Uint8Array {
  if (!picks.length) return new Uint8Array(0);
  const attacks = picks.map(({ position }) => roundEven(position - grid.delay * grid.rate));
  const strength = strengths(level, attacks, grid.rate);
  return relative(strength, strength);
}

/** Return the velocity of a hit at each frame: `adt_plugins.editor.picks.velocity_table`. */
function table(
  picks: readonly Pick[],
  spare: readonly Pick[],
  level: Float32Array,
  grid: Grid,
): Uint8Array {
  if (!level.length) return new Uint8Array(0);
  const attacks = new Int32Array(level.length);
  const delay = grid.delay * grid.rate;
  for (let frame = 0; frame < attacks.length; frame++) attacks[frame] = roundEven(frame - delay);
  const strength = strengths(level, attacks, grid.rate);
  const others = (picks.length ? picks : spare).map(({ frame }) => strength[frame]);
  return relative(strength, others.length ? others : strength);
}
