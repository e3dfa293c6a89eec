/** The front end against Python, to the last bit. */

import { describe, expect, it } from "vitest";
import { DRUMS } from "../src/core/drums";
import { act, compose, EMPTY, fold } from "../src/core/edits";
import { pickAll } from "../src/core/pick";
import { coarseOf, Song } from "../src/core/song";
import { bytesOf, fixed9, jsonText, labelsText, midiBytes, pythonFloat } from "../src/core/writers";
import { bits, doubles, fixtures, matrix } from "./fixtures";

describe("picks", () => {
  it("are Python's on 1,000 random activation matrices", () => {
    expect(fixtures.picks.length).toBe(1000);
    let count = 0;
    for (const { seed, drums, frames, grid, picker, thresholds, expected } of fixtures.picks) {
      const lanes = matrix(seed, frames, drums.length);
      const picks = pickAll(
        drums.map((drum, i) => ({ drum, values: lanes[i] })),
        thresholds,
        picker,
        grid,
      );
      expect(
        picks.map((lane) => ({
          frames: lane.map(({ frame }) => frame),
          times: bits(lane.map(({ time }) => time)),
          confidence: bits(lane.map(({ confidence }) => confidence)),
        })),
        `matrix ${seed}`,
      ).toEqual(expected);
      count += picks.flat().length;
    }
    expect(count).toBeGreaterThan(10_000);
  });
});

describe("a session of 500 operations", () => {
  const { header, data, actions, points } = fixtures.session;
  const song = new Song(header, bytesOf(data).buffer);

  it("gives the hits and the files that Python gives", () => {
    expect(actions.length).toBe(500);
    let log = EMPTY;
    let seen = 0;
    actions.forEach((action, i) => {
      log = act(log, action);
      const point = points[i + 1];
      if (!point) return;
      seen++;
      const layer = fold(log);
      const hits = compose(song.automatic(layer.thresholds), layer, coarseOf);
      expect(hits.map(({ id, drum, velocity, byHand }) => [id, drum, velocity, byHand])).toEqual(
        point.hits,
      );
      expect(bits(hits.map(({ time }) => time))).toBe(point.times);
      const thresholds = { ...song.first, ...layer.thresholds };
      const decoded = (name: string) => Buffer.from(point.files[name], "base64");
      expect(labelsText(hits, header.files)).toBe(decoded("example.labels.txt").toString());
      expect(jsonText(hits, thresholds, header.files)).toBe(
        decoded("example.drums.json").toString(),
      );
      expect(header.files.maps.map(({ suffix }) => `example${suffix}`).sort()).toEqual(
        Object.keys(point.files)
          .filter((name) => name.endsWith(".mid"))
          .sort(),
      );
      for (const map of header.files.maps) {
        expect(
          Buffer.from(midiBytes(hits, map)).equals(decoded(`example${map.suffix}`)),
          map.suffix,
        ).toBe(true);
      }
    });
    expect(seen).toBe(10);
  });

  it("starts from the transcription itself", () => {
    const hits = compose(song.automatic({}), fold(EMPTY), coarseOf);
    expect(hits.length).toBe(header.known + header.extras.length);
    expect(header.missing.length).toBeGreaterThan(0);
    expect(hits.every(({ byHand }) => !byHand)).toBe(true);
  });
});

describe("numbers", () => {
  it("are written as Python writes them", () => {
    for (const [hex, fixed, repr] of fixtures.numbers) {
      const [value] = doubles(hex);
      expect(fixed9(value)).toBe(fixed);
      expect(pythonFloat(value)).toBe(repr);
    }
  });
});

describe("drums", () => {
  it("are Python's", () => {
    const ours = Object.fromEntries(
      Object.entries(DRUMS).map(([code, { name, coarse, note }]) => [code, [name, coarse, note]]),
    );
    expect(ours).toEqual(fixtures.drums);
  });
});
