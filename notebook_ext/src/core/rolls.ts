/** Finds the soft strokes of rolls: the port of `adt_plugins.picking.rolls`. */

import { coarseOf } from "./drums";
import { ROLLS } from "./tables";

/** Return the firm peaks, and those softer ones that belong to a run. */
export function strokesOf(
  drum: string,
  values: Float32Array,
  threshold: number,
  firm: number[],
  rate: number,
  combine: number,
): number[] {
  if (!ROLLS.DRUMS.some((rolled) => rolled === coarseOf(drum))) return firm;
  const kept = new Set(firm);
  const rising = (frames: number[]) => frames.sort((a, b) => a - b);
  // A soft peak beside a firm one is the same stroke.
  const near = Math.trunc(combine * rate + ROLLS.EPSILON);
  const isOwn = (frame: number) => {
    for (let i = -near; i <= near; i++) if (kept.has(frame + i)) return false;
    return true;
  };
  const frames = [...firm];
  const least = Math.fround(ROLLS.SOFT * threshold);
  for (let t = 1; t < values.length - 1; t++) {
    const value = values[t];
    if (value >= least && value > values[t - 1] && value >= values[t + 1] && isOwn(t))
      frames.push(t);
  }
  rising(frames);
  let run: number[] = [];
  let count = 0; // number of firm ones in it
  let step = 0; // frames between strokes; 0 before the second
  for (const frame of [...frames, 1 / 0]) {
    const gap = run.length ? frame - run[run.length - 1] : 0;
    const isNear = (steps: number) =>
      Math.abs(gap - steps * step) <=
      Math.max(ROLLS.SPREAD_S * rate, ROLLS.SPREAD * step) + ROLLS.EPSILON;
    const isFast = gap <= ROLLS.LONGEST_S * rate + ROLLS.EPSILON;
    if (isFast && (!step || isNear(1))) step = step ? (step + gap) / 2 : gap;
    else if (!step || !isNear(2)) {
      if (run.length >= ROLLS.FEWEST && ROLLS.FIRM * count >= run.length)
        for (const f of run) kept.add(f);
      run = isFast ? run.slice(-1) : [];
      step = isFast ? gap : 0;
      count = run.filter((f) => kept.has(f)).length;
    }
    run.push(frame);
    if (kept.has(frame)) count++;
  }
  return rising([...kept]);
}
