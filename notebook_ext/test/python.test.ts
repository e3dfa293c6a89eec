/** The front end against Python, to the last bit. */

import { describe, expect, it } from "vitest";
import { correctedTiming } from "../src/core/bars";
import { DRUMS } from "../src/core/drums";
import { act, compose, EMPTY, fold, type Hit } from "../src/core/edits";
import { pickAll } from "../src/core/pick";
import { coarseOf, Song } from "../src/core/song";
import { NOTES } from "../src/core/tables";
import { bytesOf, fixed9, jsonText, labelsText, midiBytes, pythonFloat } from "../src/core/writers";
import { partOf } from "../src/notation/scoring";
import { type SongNames, tabText } from "../src/notation/tab";
import { mapsNow } from "../src/session/files";
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
    let corrected = 0;
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
      const timing = correctedTiming({ beats: header.beats, meters: [] }, layer.timing);
      corrected += layer.timing.length;
      expect(jsonText(hits, thresholds, header.files, timing)).toBe(
        decoded("example.drums.json").toString(),
      );
      const [title, artist] = header.files.names ?? [];
      expect(tabText(partOf({ hits, timing }), { title, artist } as SongNames)).toBe(
        decoded("example.tab.txt").toString(),
      );
      const maps = mapsNow({ timing, hits });
      expect(maps.map(({ suffix }) => `example${suffix}`).sort()).toEqual(
        Object.keys(point.files)
          .filter((name) => name.endsWith(".mid"))
          .sort(),
      );
      for (const map of maps) {
        expect(
          Buffer.from(midiBytes(hits, map)).equals(decoded(`example${map.suffix}`)),
          map.suffix,
        ).toBe(true);
      }
    });
    expect(seen).toBe(10);
    expect(corrected).toBeGreaterThan(20);
  });

  it("starts from the transcription itself", () => {
    const hits = compose(song.automatic({}), fold(EMPTY), coarseOf);
    expect(hits.length).toBe(header.known + header.extras.length);
    expect(header.missing.length).toBeGreaterThan(0);
    expect(hits.every(({ byHand }) => !byHand)).toBe(true);
  });
});

describe("corrections of bars and beats", () => {
  it("and the tempo maps through them are Python's", () => {
    expect(fixtures.timings.length).toBe(300);
    fixtures.timings.forEach(({ beats, meters, hits, ops, ...after }, n) => {
      const timing = correctedTiming({ beats, meters }, ops);
      const what = `case ${n}: ${JSON.stringify(ops)}`.slice(0, 300);
      expect(
        timing.beats.map(([, position]) => position),
        what,
      ).toEqual(after.positions);
      expect(bits(timing.beats.map(([time]) => time)), what).toBe(after.times);
      expect(timing.meters, what).toEqual(after.meters_after);
      const maps = mapsNow({ timing, hits: hits.map((time) => ({ time }) as Hit) });
      expect(
        maps.map(({ head }) => head),
        what,
      ).toEqual(after.heads);
    });
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
      Object.entries(DRUMS).map(([code, { name, coarse }]) => [code, [name, coarse, NOTES[code]]]),
    );
    expect(ours).toEqual(fixtures.drums);
  });
});
