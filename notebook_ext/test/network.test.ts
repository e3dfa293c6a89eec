/** The network's arithmetic, against Python's. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { describe, expect, it } from "vitest";
import { matricesOf } from "../web/engine/matrices";
import { Chunks, Network } from "../web/engine/network";
import { fixtures, matrix } from "./fixtures";

// Node 20 has it, but not by default.
setFlagsFromString("--experimental-wasm-relaxed-simd");
const [plain, relaxed] = ["network", "network-relaxed"].map(
  (name) =>
    new Uint8Array(
      readFileSync(fileURLToPath(new URL(`../web-engine/${name}.wasm`, import.meta.url))),
    ),
);
const { networks } = fixtures.engine;

/** Frames as the network reads them, cut into blocks of this many. */
async function answers(
  { seed, geometry, network, activations }: (typeof networks)[number],
  block: number,
  wasm = plain,
): Promise<{ values: Float32Array[]; progress: number[] }> {
  const opened = await Network.open(wasm, matricesOf(network), geometry);
  const bands = matrix(seed, activations.length, opened.bands);
  const frames = Float32Array.from(
    { length: activations.length * opened.bands },
    (_, i) => 4 * bands[i % opened.bands][Math.floor(i / opened.bands)],
  );
  const values: Float32Array[] = [];
  const progress: number[] = [];
  const chunks = new Chunks(opened);
  const out = {
    values: (some: Float32Array) => values.push(some),
    progress: (count: number) => progress.push(count),
  };
  const step = block * opened.bands;
  for (let at = 0; at < frames.length; at += step)
    chunks.process(frames.subarray(at, at + step), out);
  chunks.finish(out);
  return { values, progress };
}

describe("the network", () => {
  it.each([
    ["plain", plain],
    ["relaxed", relaxed],
  ])("answers as Python does with %s SIMD", async (_, wasm) => {
    for (const own of networks) {
      const { values, progress } = await answers(own, 50, wasm);
      const found = values.flatMap((some) => [...some]);
      const expected = own.activations.flat();
      expect(found.length).toBe(expected.length);
      const apart = found.map((value, i) => Math.abs(value - expected[i]));
      // A difference of rounding may tip a state to the next of its 256 steps.
      expect(Math.max(...apart)).toBeLessThan(0.02);
      expect(apart.reduce((a, b) => a + b) / apart.length).toBeLessThan(1e-3);
      expect(new Set(expected.map((value) => Math.round(10 * value))).size).toBeGreaterThan(5);
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      expect(progress[progress.length - 1]).toBeLessThanOrEqual(own.activations.length);
    }
  });

  it("does not depend on how frames arrive", async () => {
    const [own] = networks;
    const one = (await answers(own, 700)).values.flatMap((some) => [...some]);
    const other = (await answers(own, 1)).values.flatMap((some) => [...some]);
    expect(other).toEqual(one);
  });

  it("refuses rows that it cannot read", async () => {
    const { network, geometry } = networks[0];
    const matrices = matricesOf(network);
    const every = { ...matrices.every, columns: 12 };
    await expect(Network.open(plain, { ...matrices, every }, geometry)).rejects.toThrow(
      "12 values",
    );
    const near = { ...geometry, context: 1 };
    await expect(Network.open(plain, matrices, near)).rejects.toThrow("does not fit its card");
  });
});
