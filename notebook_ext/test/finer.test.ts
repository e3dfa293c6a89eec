/** Finer drums, against Python. */

import { expect, it } from "vitest";
import { filterbank } from "../web/engine/filterbank";
import { BroadBands, describeHits, kindsOf } from "../web/engine/finer";
import { weigh } from "../web/engine/recurrence";
import { fixtures, matrix } from "./fixtures";

const { broad, finer } = fixtures.engine;

/** A matrix frame by frame. */
function byFrame(seed: number, frames: number, width: number, shift = 0): Float32Array {
  const lanes = matrix(seed, frames, width);
  return Float32Array.from({ length: frames * width }, (_, n) =>
    Math.fround(lanes[n % width][Math.floor(n / width)] + Math.fround(shift)),
  );
}

it("has Python's levels in broad bands", () => {
  const filters = filterbank(broad.front_end);
  const bands = new BroadBands(filters, broad.front_end);
  const frames = broad.levels.length;
  const all = byFrame(11, frames, filters.length);
  bands.hear(all.subarray(0, 16 * filters.length));
  bands.hear(all.subarray(16 * filters.length));
  const expected = broad.levels.flat();
  expect(expected.filter((level) => level > 10).length).toBeGreaterThan(200);
  const apart = Array.from(bands.values(), (level, n) => Math.abs(level - expected[n]));
  // A half may be rounded either way.
  expect(Math.max(...apart)).toBeLessThanOrEqual(1);
  expect(apart.filter(Boolean).length).toBeLessThan(0.01 * expected.length);
});

it("names the kinds that Python names", () => {
  const all = new Set<string>();
  let agreed = 0;
  for (const own of finer) {
    const { seed, frames, outputs, rate, beats, hits, surenesses, features, alone, kinds } = own;
    const [width, sum] = features;
    const lanes = matrix(seed + 1000, frames, outputs);
    const evidence = {
      frames,
      rate,
      bands: Uint8Array.from(byFrame(seed, frames, 12), (value) => 255 * value),
      activations: Float32Array.from(lanes.flatMap((lane) => [...lane])),
      bars: weigh([{ drum: "KD", values: lanes[0].slice() }], { KD: 0.3 }, beats, rate),
    };
    const described = describeHits(hits, evidence);
    expect(described[0].length).toBe(width);
    const total = described.reduce(
      (a, row) => a + row.reduce((b, value) => b + Math.abs(value), 0),
      0,
    );
    expect(total / sum).toBeCloseTo(1, 5);
    const family = {
      kinds: ["OHH", "", "CHH"],
      surenesses: Float32Array.from(surenesses),
      mean: byFrame(seed + 2000, width, 1),
      scale: byFrame(seed + 3000, width, 1, 0.5),
      hidden: byFrame(seed + 4000, width, 5, -0.3),
      hiddenBias: new Float32Array(5),
      output: byFrame(seed + 5000, 5, 3, -0.3).map((weight) => weight / 4),
      outputBias: Float32Array.of(0.1, 0, -0.1),
    };
    const model = { sha256: "", families: { HH: family } };
    expect(kindsOf(model, "HH", hits, evidence), `case ${seed}`).toEqual(kinds);
    expect(kindsOf(model, "HH", hits, { ...evidence, bars: null })).toEqual(alone);
    expect(kindsOf(model, "SD", hits, evidence)).toEqual(hits.map(() => ""));
    agreed += kinds.filter((kind, n) => kind !== alone[n]).length;
    for (const kind of kinds) all.add(kind);
  }
  expect([...all].sort()).toEqual(["", "OHH"]);
  expect(agreed).toBeGreaterThan(10);
});
