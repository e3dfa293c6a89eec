/** What Python says: `python -m tests.support.notebook.make_fixtures FILE`, named in ADT_FIXTURES. */

import { readFileSync } from "node:fs";
import type { MeterChange, TimingOp } from "../src/core/bars";
import type { Action } from "../src/core/edits";
import type { Grid, Picker } from "../src/core/pick";
import type { Header } from "../src/core/song";
import type { Timing } from "../src/core/tempo-map";
import type { Score } from "../src/notation/score";
import type { Card, FrontEnd, Geometry, LevelRule } from "../web/engine/engine-types";
import type { PackedMatrices } from "../web/engine/matrices";

export interface Fixtures {
  picks: {
    seed: number;
    drums: string[];
    frames: number;
    grid: Grid;
    picker: Picker;
    thresholds: Record<string, number>;
    expected: { frames: number[]; times: string; confidence: string }[];
  }[];
  session: {
    header: Header;
    data: string;
    actions: Action[];
    points: Record<
      string,
      {
        hits: [string, string, number, boolean][];
        times: string;
        files: Record<string, string>;
      }
    >;
  };
  timings: {
    beats: [number, number][];
    meters: MeterChange[];
    hits: number[];
    ops: TimingOp[];
    times: string;
    positions: number[];
    meters_after: MeterChange[];
    heads: string[];
  }[];
  numbers: [string, string, string][];
  drums: Record<string, [string, string, number]>;
  engine: {
    hits: {
      seed: number;
      frames: number;
      sounding: number;
      card: Card;
      thresholds: Record<string, number>;
      known: string;
    }[];
    filters: {
      front_end: FrontEnd;
      drums: string[];
      ranges: [number, number][];
      starts: number[];
      weights: number[][];
    }[];
    gains: { rule: LevelRule; front_end: FrontEnd; gains: number[] };
    regularity: { frames: number[][]; count: number; rate: number; regularity: number }[];
    sounding: { values: number[]; last: number; seconds: number }[];
    networks: {
      seed: number;
      geometry: Geometry;
      network: PackedMatrices;
      activations: number[][];
    }[];
    broad: { front_end: FrontEnd; levels: number[][] };
    finer: {
      seed: number;
      frames: number;
      outputs: number;
      rate: number;
      beats: [time: number, position: number][];
      hits: number[];
      surenesses: number[];
      features: [width: number, sum: number];
      /** Without beats. */
      alone: string[];
      kinds: string[];
    }[];
  };
  rhythm: {
    beats: {
      seed: number;
      frames: number;
      level: number;
      played: number[];
      hits: [frame: number, drum: number][];
      bar: number;
      times: string;
      positions: number[];
      thresholds: Record<string, number>;
      weighed: string;
    }[];
    maps: {
      times: string;
      positions: number[];
      meters: [bar: number, meter: string][];
      hits: string;
      tempos: Timing["tempos"];
      signatures: Timing["signatures"];
      bars: number[];
      first: number;
      end: number;
      first_bar: number;
      head: string;
    }[];
    changes: { front_end: FrontEnd; frames: number; changes: string };
  };
  notation: {
    beats: [time: number, position: number][];
    meters: MeterChange[];
    hits: [time: number, drum: string, velocity: number, confidence: number][];
    refused?: string;
    score?: Score;
    tab?: string;
  }[];
  tags: { data: string; title: string; artist: string }[];
}

const file = process.env.ADT_FIXTURES;
if (!file)
  throw new Error(
    "ADT_FIXTURES does not name the file of python -m tests.support.notebook.make_fixtures",
  );
export const fixtures = JSON.parse(readFileSync(file, "utf8")) as Fixtures;

/** The exact doubles, as hexadecimal digits. */
export const bits = (values: readonly number[]): string => {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  values.forEach((value, i) => view.setFloat64(8 * i, value));
  return Buffer.from(view.buffer).toString("hex");
};

export const doubles = (hex: string): number[] => {
  const data = Buffer.from(hex, "hex");
  return Array.from({ length: data.length / 8 }, (_, i) => data.readDoubleBE(8 * i));
};

/** The matrix of `make_fixtures.matrix`, lane by lane. */
export function matrix(seed: number, frames: number, lanes: number): Float32Array[] {
  let state = Number((BigInt(seed) * 2654435761n) % 2n ** 32n) || 1;
  return Array.from({ length: lanes }, () => {
    const values = new Float32Array(frames);
    for (let frame = 0; frame < frames; frame++) {
      state = (state ^ (state << 13)) >>> 0;
      state = (state ^ (state >>> 17)) >>> 0;
      state = (state ^ (state << 5)) >>> 0;
      const small = Math.fround((state >>> 8) / 2 ** 24);
      if (state % 11 === 0) values[frame] = frame ? values[frame - 1] : 0;
      else if (state % 13 === 0) values[frame] = state % 2;
      else if (state % 3) values[frame] = Math.fround(small * small) * small;
      else values[frame] = small;
    }
    return values;
  });
}
