/** Pieces of a recording, as they are cut and rounded for the player. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Cutter, HEAD_BYTES, PIECE, Rounding } from "../web/engine/pieces";
import { sumOfSquares } from "../web/engine/squares";

const wasm = new Uint8Array(
  readFileSync(fileURLToPath(new URL("../web-engine/pieces.wasm", import.meta.url))),
);

/** Samples at, between and beyond the 16-bit steps. */
const samples = (count: number, seed: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => {
    const step = (((i + seed) * 7919) % 70001) - 35000;
    return (step + [0, 0.5, 0.25, 0.49999][i % 4]) / 32768;
  });

const rounded = (value: number): number =>
  Math.round(Math.max(-32768, Math.min(32767, value * 32768))) + 0; // not -0

describe("pieces", () => {
  it("are rounded as Math.round does, one or two channels", async () => {
    const rounding = await Rounding.open(wasm);
    for (const count of [1, 3, 4, 7, 8, 9, 1000, 70001]) {
      const [left, right] = [samples(count, 0), samples(count, 12345)];
      const both = [...left].flatMap((value, i) => [rounded(value), rounded(right[i])]);
      const stereo = rounding.round(rounding.hold([left, right]));
      expect([...stereo.samples]).toEqual(both);
      const most = (channel: Float32Array) =>
        channel.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
      expect(stereo.peak).toBe(Math.max(most(left), most(right)));
      const mono = rounding.round(rounding.hold([left]));
      expect([...mono.samples]).toEqual([...left].map(rounded));
      expect(mono.peak).toBe(most(left)); // nothing is left of the longer ones before
    }
  });

  it("tell samples that are no numbers, wherever they are", async () => {
    const rounding = await Rounding.open(wasm);
    const peak = (channels: Float32Array[]) => rounding.round(rounding.hold(channels)).peak;
    for (const at of [0, 5, 98, 99]) {
      const bad = samples(100, 0);
      bad[at] = NaN;
      expect(peak([bad])).toBeNaN();
      expect(peak([samples(100, 0), bad])).toBeNaN();
    }
    const cutter = new Cutter(rounding);
    for (const _ of cutter.put([Float32Array.of(NaN)])) expect.unreachable();
    for (const piece of cutter.rest()) expect(piece[0].length).toBe(1);
    for (const _ of cutter.put([samples(2 * PIECE, 0)])) expect(_.length).toBe(1);
    expect(cutter.recording.peak).toBeNaN();
  });

  it("are mixed and measured as in JavaScript", async () => {
    const rounding = await Rounding.open(wasm);
    for (const count of [3, 441, 5000]) {
      const [left, right] = rounding.hold([samples(count, 0), samples(count, 777)]);
      for (const [first, second] of [
        [0.5, 0.5],
        [0.5, -0.5],
      ]) {
        const sums = left.map((value, i) => first * value + second * right[i]);
        const mixed = rounding.mix([left, right], [first, second]);
        expect(mixed).toEqual(sums);
        if (!mixed) continue;
        for (const hop of [441, 442, 443, 444]) {
          const frames = Array.from({ length: Math.floor(count / hop) }, (_, k) => k * hop);
          const squares = frames.map((at) => sumOfSquares(sums, at, at + hop) / hop);
          expect([...rounding.powers(mixed, hop)]).toEqual(squares);
        }
      }
    }
    const others = [samples(441, 0), samples(441, 1)];
    expect(rounding.mix(others, [0.5, 0.5])).toBeNull();
    expect(rounding.powers(others[0], 441).length).toBe(0);
  });

  it("are the same whatever blocks they come in", async () => {
    const whole = [samples(2 * PIECE + 1234, 0), samples(2 * PIECE + 1234, 5)];
    const cut = async (step: number) => {
      const cutter = new Cutter(await Rounding.open(wasm));
      const pieces: number[][] = [];
      const keep = (piece: readonly Float32Array[]) => {
        expect(piece.length).toBe(2);
        pieces.push([piece[0].length, piece[0][0], piece[1][piece[1].length - 1]]);
      };
      for (let at = 0; at < whole[0].length; at += step)
        for (const piece of cutter.put(whole.map((c) => c.subarray(at, at + step)))) keep(piece);
      for (const piece of cutter.rest()) keep(piece);
      const { blobs, ...told } = cutter.recording;
      const files = await Promise.all(blobs.map(async (blob) => Buffer.from(await blob.bytes())));
      return { pieces, told, files };
    };
    const expected = await cut(whole[0].length);
    expect(expected.told).toMatchObject({ samples: whole[0].length, channels: 2 });
    expect(expected.pieces.map(([length]) => length)).toEqual([PIECE, PIECE, 1234]);
    expect(expected.files.map(({ length }) => length - HEAD_BYTES)).toEqual(
      [PIECE, PIECE, 1234].map((length) => 4 * length),
    );
    for (const step of [10_007, PIECE, PIECE + 1, 300_000]) {
      const other = await cut(step);
      expect(other.told).toEqual(expected.told);
      expect(other.pieces).toEqual(expected.pieces);
      other.files.forEach((file, n) => expect(file.equals(expected.files[n])).toBe(true));
    }
  });
});
