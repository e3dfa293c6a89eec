import { expect, it } from "vitest";
import { NoiseFloor } from "../web/engine/noise-floor";
import { sumOfSquares } from "../web/engine/squares";

const HOP = 441;

/** Frames of noise of a level, and then of another. */
function made(...parts: [level: number, frames: number][]): Float32Array {
  let state = 1;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state / 1073741823.5 - 1;
  };
  return Float32Array.from(
    parts.flatMap(([level, frames]) => Array.from({ length: frames * HOP }, () => level * next())),
  );
}

/** `isMeasured`: with the mean squares of frames. */
function passed(samples: Float32Array, size: number, isMeasured = false): number[] {
  const floor = new NoiseFloor(HOP);
  const result: number[] = [];
  for (let at = 0; at < samples.length; at += size) {
    const block = samples.slice(at, at + size);
    const powers = Float64Array.from({ length: Math.floor(block.length / HOP) }, (_, k) => {
      return sumOfSquares(block, k * HOP, (k + 1) * HOP) / HOP;
    });
    result.push(...(isMeasured ? floor.process(block, powers) : floor.process(block)));
  }
  return [...result, ...floor.finish()];
}

it("silences steady noise before a first hit, as Python does", () => {
  const samples = made([1e-3, 100], [0.3, 50]);
  for (const size of [100, HOP, 4096]) {
    const result = passed(samples, size);
    expect(result.length).toBe(samples.length);
    const changed = result.flatMap((value, i) => (value === samples[i] ? [] : [i]));
    expect(changed[0]).toBeGreaterThanOrEqual(80 * HOP);
    expect(changed[0]).toBeLessThan(81 * HOP);
    expect(changed.at(-1)).toBe(100 * HOP - 1);
    expect(result.slice(90 * HOP, 100 * HOP).every((value) => value === 0)).toBe(true);
  }
});

it("does the same if the power of frames is known", () => {
  const samples = made([1e-3, 100], [0.3, 50.5]);
  const expected = passed(samples, HOP);
  for (const frames of [1, 7, 500]) expect(passed(samples, frames * HOP, true)).toEqual(expected);
});

it("leaves all else as it is", () => {
  for (const samples of [made([0, 50], [0.3, 50]), made([1e-5, 50], [0.3, 50]), made([0.1, 50])]) {
    expect(passed(samples, 4096)).toEqual([...samples]);
  }
});
