/** Scores and tabs against Python. */

import { describe, expect, it } from "vitest";
import { bytesOf } from "../src/core/writers";
import { CannotWrite } from "../src/notation/bars";
import { partOf, scoreOf } from "../src/notation/scoring";
import { tabText } from "../src/notation/tab";
import { tagsOf } from "../web/page/tags";
import { fixtures } from "./fixtures";

const songs = fixtures.notation.map(({ hits, beats, meters, ...written }) => ({
  song: {
    hits: hits.map(([time, drum, velocity, confidence], n) => ({
      ...{ id: `${n}`, byHand: false },
      ...{ time, drum, velocity, confidence },
    })),
    timing: { beats, meters },
  },
  ...written,
}));

describe("parts on paper", () => {
  it("are Python's, as scores and as tabs", () => {
    const seen = new Set<string>();
    for (const [n, { song, score, tab, refused }] of songs.entries()) {
      if (refused !== undefined) {
        expect(() => scoreOf(song), `song ${n}`).toThrow(new CannotWrite(refused));
        seen.add("refused");
        continue;
      }
      const found = scoreOf(song);
      expect(tabText(partOf(song), { title: "A song", artist: "Somebody" }), `song ${n}`).toBe(tab);
      expect(found, `song ${n}`).toEqual(score);
      for (const { feel, signature, number } of found.bars) {
        seen.add(feel);
        seen.add(signature.join("/"));
        if (number < 1) seen.add("pickup");
      }
    }
    for (const what of ["swung eighths", "swung sixteenths", "6/8", "7/8", "pickup", "refused"])
      expect(seen).toContain(what);
  });
});

describe("names on paper", () => {
  it("are those of the recordings' tags, as Python reads them", () => {
    for (const { data, title, artist } of fixtures.tags) {
      const found = tagsOf(bytesOf(data).buffer);
      expect({ ...found, title: found.title || "song" }).toEqual({ title, artist });
    }
    expect(fixtures.tags.length).toBe(18);
  });

  it("are nobody's where a file is cut off or says nothing", () => {
    for (const { data } of fixtures.tags) {
      const bytes = bytesOf(data);
      for (const length of [0, 3, 11, 40, 70, 100])
        expect(tagsOf(bytes.slice(0, length).buffer).title.length).toBeLessThan(20);
    }
  });
});
