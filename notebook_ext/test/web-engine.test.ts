/** The parts of the page's engine that need no browser, against Python. */

import { describe, expect, it } from "vitest";
import { Beginnings } from "../web/engine/beginnings";
import type { FrontEnd } from "../web/engine/engine-types";
import { LevelFollower } from "../web/engine/features";
import { reversedDigits, ScriptBank } from "../web/engine/fft";
import { drumRanges, filterbank, hann } from "../web/engine/filterbank";
import { regularity } from "../web/engine/gate";
import { gridOf, hitsOf, thresholdsOf } from "../web/engine/picking";
import { percentile, strengthsOf } from "../web/engine/velocity";
import { bits, doubles, fixtures, matrix } from "./fixtures";

const LOUDEST_DB = 40;
const { hits, filters, gains, regularity: regular, sounding: heard } = fixtures.engine;

/** Lanes one after the other. */
function joined(lanes: readonly Float32Array[], factor = 1): Float32Array {
  const all = new Float32Array(lanes.length * lanes[0].length);
  lanes.forEach((lane, i) =>
    all.set(
      lane.map((value) => factor * value),
      i * lane.length,
    ),
  );
  return all;
}

describe("hits", () => {
  it("are Python's, with thresholds raised and velocities", () => {
    let [count, raised] = [0, 0];
    for (const { seed, frames, sounding, card, thresholds, known } of hits) {
      const drums = Object.keys(card.thresholds);
      const columns = matrix(seed, frames, card.outputs.length);
      const others = matrix(seed + 2000, frames, card.outputs.length);
      const weighed = columns.map((column, lane) =>
        column.map((value, t) => Math.max(value, others[lane][t] / 2)),
      );
      const lanesOf = (all: readonly Float32Array[]) =>
        drums.map((drum) => ({ drum, values: all[card.outputs.indexOf(drum)] }));
      const found = hitsOf(
        card,
        thresholdsOf(card, lanesOf(columns), lanesOf(weighed), gridOf(card).rate, sounding),
        frames,
        joined(weighed),
        strengthsOf(
          joined(matrix(seed + 1000, frames, drums.length), LOUDEST_DB),
          drums.length,
          gridOf(card).rate,
        ),
      );
      expect(found.thresholds, `case ${seed}`).toEqual(thresholds);
      expect(bits([...found.known]), `case ${seed}`).toBe(known);
      expect(found.velocities.length).toBe(drums.length * frames);
      expect(found.velocities.every((value) => value >= 1 && value <= 127)).toBe(true);
      count += doubles(known).length / 5;
      raised += Number(drums.some((drum) => thresholds[drum] !== card.thresholds[drum]));
    }
    expect(count).toBeGreaterThan(2000);
    expect(raised).toBeGreaterThan(10);
    expect(raised).toBeLessThan(hits.length - 5);
  });

  it("are as regular as Python says", () => {
    for (const { frames, count, rate, regularity: expected } of regular) {
      expect(regularity(frames, count, rate)).toBeCloseTo(expected, 12);
    }
    expect(new Set(regular.map((own) => own.regularity)).size).toBeGreaterThan(10);
  });

  it("leave as long silences as Python says", () => {
    for (const { values, last, seconds } of heard) {
      const rate = 44100;
      const beginnings = new Beginnings({ sample_rate: rate, hop_size: 441 } as FrontEnd);
      const samples = new Float32Array((values.length - 1) * rate + last);
      values.forEach((value, k) => {
        samples.fill(value, k * rate, (k + 1) * rate);
      });
      beginnings.hear(samples);
      expect(beginnings.finish().sounding).toBeCloseTo(seconds, 9);
    }
    expect(new Set(heard.map(({ seconds }) => Math.round(seconds))).size).toBeGreaterThan(4);
  });

  it("have percentiles as NumPy's", () => {
    expect(percentile([3, 1, 2], 90)).toBeCloseTo(2.8, 12);
    expect(percentile([7], 90)).toBe(7);
  });
});

describe("features", () => {
  it("have Python's filters and ranges", () => {
    for (const { front_end: frontEnd, drums, ranges, starts, weights } of filters) {
      const bank = filterbank(frontEnd);
      expect(bank.length).toBe(weights.length);
      bank.forEach((filter, band) => {
        // The first weight of a filter of more than one bin is 0.
        const first = filter.weights.findIndex((weight) => weight > 0);
        expect(filter.start + first).toBe(starts[band]);
        const own = [...filter.weights].slice(first);
        expect(own.length).toBe(weights[band].length);
        own.forEach((weight, i) => expect(Math.abs(weight - weights[band][i])).toBeLessThan(1e-6));
      });
      expect(drumRanges(drums, bank, frontEnd)).toEqual(ranges);
    }
  });

  it("follow the level as Python does", () => {
    const lanes = matrix(5, 96, 12);
    const follower = new LevelFollower(gains.rule, gains.front_end);
    gains.gains.forEach((expected, t) => {
      const row = Float32Array.from(lanes, (lane) =>
        t < 32 ? lane[t] : t < 64 ? 0 : 0.25 * lane[t],
      );
      expect(Math.abs(follower.gain(row) / expected - 1)).toBeLessThan(1e-6);
    });
  });

  it("show a tone in its bin, and nothing elsewhere", () => {
    const [size, hop] = [512, 110];
    const filters = Array.from({ length: size / 2 }, (_, bin) => ({
      start: bin,
      centre: bin,
      weights: Float32Array.of(1),
    }));
    const bank = new ScriptBank({ size, hop, window: new Float32Array(size).fill(1), filters });
    for (const bin of [1, 37, 255]) {
      const samples = Float32Array.from({ length: 63 * hop + size }, (_, n) =>
        Math.cos((2 * Math.PI * bin * n) / size),
      );
      const magnitudes = bank.run(samples).subarray(0, size / 2);
      magnitudes.forEach((value, k) =>
        expect(Math.abs(value - (k === bin ? size / 2 : 0))).toBeLessThan(1e-3),
      );
    }
    expect(() => reversedDigits(512)).toThrow("1024 samples");
    expect([...hann(5)]).toEqual([0, 0.5, 1, 0.5, 0]);
  });
});
