/** Lists how beats may be divided: the port of `adt_plugins.formats.notation.divisions`. */

import { roundEven } from "../core/pick";
import { DIVISIONS } from "../core/tables";
import type { Feel } from "./score";

const { LOG_STEP, FEEL_PRIOR, OTHER_FEEL, OTHER_FAMILY, OTHER_STEPS, NEVER } = DIVISIONS;
const { PRIOR_WEIGHT, MOST_TERNARY, FINEST, MOST_FINEST } = DIVISIONS;

/** Number of steps in a beat; if swung, every second step is late. */
export interface Division {
  readonly steps: number;
  readonly isSwung: boolean;
}

export const division = (steps: number, isSwung = false): Division => ({ steps, isSwung });

export const UNDIVIDED = division(1);
export const PAIR = division(2, true);
export const TRIPLET = division(3);

/** A division with as few steps as are needed, and how long each was. */
export function withFewestSteps(
  { steps, isSwung }: Division,
  struck: readonly number[],
): [Division, number] {
  const part = [12, 6, 4, 3, 2].find(
    (own) => steps % own === 0 && struck.every((step) => step % own === 0),
  );
  return part
    ? [division(steps / part, isSwung && part % 2 === 1), part]
    : [division(steps, isSwung), 1];
}

export const isSame = (a: Division, b: Division): boolean =>
  a.steps === b.steps && a.isSwung === b.isSwung;

/** Whether its steps are thirds, or parts of thirds. */
export const isTernary = ({ steps }: Division): boolean => steps % 3 === 0;

/** Return where the steps lie in the beat, 0-1, followed by its end. */
export function placesOf({ steps, isSwung }: Division, swing: number): number[] {
  const places = Array.from({ length: steps }, (_, step) =>
    isSwung ? ((step >> 1) * 2 + (step % 2 ? 2 * swing : 0)) / steps : step / steps,
  );
  return [...places, 1];
}

/** Kind of unit that is divided. */
export type Unit = keyof typeof DIVISIONS.PRIORS;

type Shares = Readonly<Record<string, number>>;
const PRIORS: Record<Unit, Partial<Record<Feel, Shares>> & { straight: Shares }> = DIVISIONS.PRIORS;

export const FEELS: readonly Feel[] = ["straight", "swung eighths", "swung sixteenths"];

export interface State extends Division {
  readonly feel: Feel;
}

const nameOf = ({ steps, isSwung }: Division): string => `${steps}${isSwung ? " swung" : ""}`;

/** Sorted by the names of their feels, steps, and straight before swung. */
export const STATES: readonly State[] = /* @__PURE__ */ [...FEELS].sort().flatMap((feel) => {
  const names = new Set(Object.values(PRIORS).flatMap((feels) => Object.keys(feels[feel] ?? {})));
  return [...names]
    .map((name) => ({ feel, steps: Number.parseInt(name, 10), isSwung: name.endsWith("swung") }))
    .sort((a, b) => a.steps - b.steps || Number(a.isSwung) - Number(b.isSwung));
});

/** Round a logarithm to a multiple of `LOG_STEP`. */
export const inSteps = (log: number): number => roundEven(log / LOG_STEP) * LOG_STEP;

export const feelPrior = (feel: Feel): number => FEEL_PRIOR[feel];

/** Return how likely each step is, and the end; beats and halves are likelier than the rest. */
export function weightsOf({ steps }: Division): number[] {
  const weights = new Array<number>(steps).fill(1);
  weights[0] = 3;
  if (steps > 2 && steps % 2 === 0) for (let n = 0; n < steps; n += steps / 2) weights[n]++;
  if (steps > 4 && steps % 4 === 0) for (let n = 0; n < steps; n += steps / 4) weights[n] += 0.5;
  const all = weights.reduce((sum, weight) => sum + weight);
  const shares = weights.map((weight) => weight / all);
  return [...shares, shares[0]];
}

/** Return the log probability of each state, given the counts in this song. */
export function priorOf(unit: Unit, counts: readonly number[]): number[] {
  const feels = PRIORS[unit];
  return STATES.map((state, n) => {
    const { feel } = state;
    // Where nothing is swung, a feel continues unchanged.
    const share = (feels[feel] ?? feels.straight)[nameOf(state)];
    if (share === undefined) return NEVER;
    const total = counts.reduce((sum, count, k) => sum + (STATES[k].feel === feel ? count : 0), 0);
    let likely = (counts[n] + PRIOR_WEIGHT * share) / (total + PRIOR_WEIGHT);
    if (feel === "straight" && isTernary(state) && share < 0.1)
      likely = Math.min(likely, MOST_TERNARY);
    if (state.steps === FINEST) likely = Math.min(likely, MOST_FINEST);
    return inSteps(Math.log(likely));
  });
}

/** Return the log probability of a change of state, within a bar or between bars. */
export function transition(before: State, after: State, isAtBar: boolean): number {
  let cost = 0;
  if (isTernary(before) !== isTernary(after)) cost = OTHER_FAMILY;
  else if (!isSame(before, after)) cost = OTHER_STEPS;
  if (before.feel === after.feel) return inSteps(cost);
  return inSteps(isAtBar ? cost + OTHER_FEEL : NEVER);
}
