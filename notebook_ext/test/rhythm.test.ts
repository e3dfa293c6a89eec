/** Beats, and the tempo maps that are laid through them, against Python. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseMeter } from "../src/core/meter";
import { mapsOf } from "../src/core/midi-head";
import { PLAIN_MAPS } from "../src/core/tables";
import { tempoMap } from "../src/core/tempo-map";
import { filterbank } from "../web/engine/filterbank";
import { weigh } from "../web/engine/recurrence";
import { beatsOf } from "../web/engine/rhythm/beats";
import { Harmony } from "../web/engine/rhythm/chord-changes";
import { doubles, fixtures, matrix } from "./fixtures";

const { beats, maps, changes } = fixtures.rhythm;
const module = new WebAssembly.Module(
  readFileSync(fileURLToPath(new URL("../web-engine/beats.wasm", import.meta.url))),
);
const OUTPUTS = ["KD", "SD", "CY", "beat", "downbeat"];
const HIT = 0.875;
const SAME_S = 0.01 + 1e-9;

/** The activations of `rhythm_fixtures._beats`. */
function heard({ seed, frames, level, played, hits, bar }: (typeof beats)[number]): Float32Array[] {
  const lanes = matrix(seed, frames, OUTPUTS.length).map((lane) =>
    lane.map((value) => value * level),
  );
  for (const [frame, drum] of hits) lanes[drum][frame] = HIT;
  const [beat, downbeat] = lanes.slice(3);
  played.forEach((frame, n) => {
    for (const [shift, height] of [
      [-1, 0.5],
      [0, 0.875],
      [1, 0.625],
    ]) {
      const t = frame + shift;
      if (t < 0 || t >= frames) continue;
      beat[t] = Math.max(beat[t], height);
      if (n % bar === 0) downbeat[t] = Math.max(downbeat[t], height);
    }
  });
  return lanes;
}

describe("beats", () => {
  it("are Python's: 99.5 % within 10 ms, at the same place of their bars", () => {
    let [same, all, songs] = [0, 0, 0];
    for (const one of beats) {
      const lanes = heard(one);
      const column = (output: string) => lanes[OUTPUTS.indexOf(output)] ?? null;
      const [novelty] = matrix(one.seed + 500, one.frames, 1);
      const found = beatsOf({ outputs: OUTPUTS, column }, novelty, 100, module);
      const expected = doubles(one.times).map((time, n) => [time, one.positions[n]] as const);
      all += Math.max(found.length, expected.length);
      same += expected.filter(([time, position]) =>
        found.some(([at, own]) => Math.abs(at - time) <= SAME_S && own === position),
      ).length;
      songs += Number(expected.length > 0);
    }
    expect(songs).toBeGreaterThan(20);
    expect(songs).toBeLessThan(beats.length);
    expect(all).toBeGreaterThan(1000);
    expect(same / all).toBeGreaterThanOrEqual(0.995);
  });

  it("weigh hits by other bars as in Python", () => {
    let changed = 0;
    for (const one of beats) {
      const lanes = heard(one);
      const drums = Object.keys(one.thresholds).map((drum, n) => ({
        drum,
        values: lanes[n].slice(),
      }));
      const found = doubles(one.times).map((time, n) => [time, one.positions[n]] as const);
      weigh(drums, one.thresholds, found, 100);
      const expected = doubles(one.weighed);
      const off = expected.map((sum, t) =>
        Math.abs(drums.reduce((total, { values }) => total + values[t], -sum)),
      );
      expect(off.filter((distance) => distance > 1e-5)).toEqual([]);
      changed += Number(
        drums.some(({ values }, n) => values.some((own, t) => own !== lanes[n][t])),
      );
    }
    expect(changed).toBeGreaterThan(10);
  });

  it("know where the harmony changes", () => {
    const lanes = matrix(77, changes.frames, 84);
    const rows = Float32Array.from({ length: 84 * changes.frames }, (_, i) => {
      return lanes[i % 84][Math.floor(i / 84)];
    });
    const harmony = new Harmony(filterbank(changes.front_end), changes.front_end);
    for (let at = 0; at < rows.length; at += 84 * 64) harmony.hear(rows.slice(at, at + 84 * 64));
    const found = harmony.changes();
    const expected = doubles(changes.changes);
    expect(found.length).toBe(expected.length);
    expected.forEach((value, t) => expect(Math.abs(found[t] - value)).toBeLessThan(1e-4));
    expect(Math.max(...expected)).toBeGreaterThan(1);
  });
});

describe("tempo maps", () => {
  it("are Python's, and so are the beginnings of the files", () => {
    let [steady, changing, pickups] = [0, 0, 0];
    maps.forEach((one, n) => {
      const meters = one.meters.map(([bar, meter]) => ({ bar, meter: parseMeter(meter) }));
      const times = doubles(one.times);
      const timing = tempoMap(
        times.map((time, k) => [time, one.positions[k]] as const),
        meters,
        doubles(one.hits),
      );
      const { tempos, signatures, bars, first, end, first_bar: firstBar, head } = one;
      expect(timing, `map ${n}`).toEqual({ tempos, signatures, bars, first, end, firstBar });
      const [own, plain] = mapsOf(timing);
      expect(own.head, `map ${n}`).toBe(head);
      expect(plain).toEqual(PLAIN_MAPS[1]);
      steady += Number(tempos.length === 1 && times.length > 5);
      changing += Number(tempos.length > 2);
      pickups += Number(firstBar < 1);
    });
    expect(Math.min(steady, changing, pickups)).toBeGreaterThan(20);
  });
});
