import { describe, expect, it } from "vitest";
import { correctedTiming, type Timing } from "../src/core/bars";
import { correctionsTo, timingTo, withKinds } from "../src/core/corrections";
import type { Hit } from "../src/core/edits";
import { mapsOf } from "../src/core/midi-head";
import { tempoMap } from "../src/core/tempo-map";
import { Trouble } from "../src/core/trouble";
import { midiBytes } from "../src/core/writers";
import { zip } from "../src/core/zip";
import { areOf, isOwnFile, readCorrections } from "../src/session/own-files";

const beats = Array.from(
  { length: 60 },
  (_, k) => [0.73 + 0.41 * k + 0.004 * Math.sin(k), (k % 4) + 1] as const,
);
const drums = ["KD", "SD", "CHH", "OHH", "TT", "CRC"];
const hits: Hit[] = Array.from({ length: 200 }, (_, k) => ({
  id: `h${k}`,
  time: 0.2 + 0.113 * k + 0.0007 * ((k * 13) % 7),
  drum: drums[(k * 5) % drums.length],
  velocity: 1 + ((k * 37) % 127),
  confidence: 1,
  byHand: false,
}));
const maps = mapsOf(
  tempoMap(
    beats,
    [],
    hits.map(({ time }) => time),
  ),
);
const midi = (of: readonly Hit[], which: number, name: string) =>
  new File([midiBytes(of, maps[which]) as Uint8Array<ArrayBuffer>], name);
const edits = (own: readonly Hit[], { hits: wanted, hasVelocities, tolerance }: Corrections) =>
  correctionsTo(own, wanted, () => "new", hasVelocities, tolerance);
type Corrections = Awaited<ReturnType<typeof readCorrections>>[number];

describe.each([0, 1])("MIDI file %d of a song", (which) => {
  const name = `song${maps[which].suffix}`;

  it("is known by its name", async () => {
    expect(isOwnFile(new File([], name))).toBe(true);
    const [corrections] = await readCorrections(midi(hits, which, name));
    expect(areOf(corrections, { id: "x", name: "song.mp3" })).toBe(true);
    expect(areOf(corrections, { id: "x", name: "songs.mp3" })).toBe(false);
  });

  it("has the hits that were saved, and what was changed in it", async () => {
    const [same] = await readCorrections(midi(hits, which, name));
    expect(edits(hits, same)).toEqual([]);
    const changed = hits
      .filter((_, k) => k !== 9)
      .map((hit, k) => (k === 3 ? { ...hit, velocity: 99 } : hit))
      .map((hit, k) => (k === 20 ? { ...hit, time: hit.time + 0.01 } : hit));
    const [corrections] = await readCorrections(midi(changed, which, name));
    const ops = edits(hits, corrections);
    const { id, time, drum } = hits[3];
    expect(ops).toContainEqual({ op: "change", id, time, drum, velocity: 99 });
    expect(ops).toContainEqual({ op: "delete", id: "h9" });
    expect(ops).toHaveLength(3);
  });
});

it("MIDI that another program has written keeps the kinds of drums", async () => {
  const data = midiBytes(hits, maps[0]);
  const at = String.fromCharCode(...data).indexOf("adt-plugins");
  data[at] = 0x41; // as if the event were not there
  const [corrections] = await readCorrections(new File([data as Uint8Array<ArrayBuffer>], "a.mid"));
  expect(corrections.hasKinds).toBe(false);
  expect(new Set(corrections.hits.map(({ drum }) => drum))).toContain("HH");
  const wanted = withKinds(hits, corrections.hits);
  expect(edits(hits, { ...corrections, hits: wanted })).toEqual([]);
});

it.each([
  ["GS", "\0\xf0\x0a\x41\x10\x42\x12\x40\x14\x15\x01\x16\xf7", 3, 2],
  [
    "GS, and none on channel 10",
    "\0\xf0\x0a\x41\x10\x42\x12\x40\x14\x15\x01\x16\xf7\0\xf0\x0a\x41\x10\x42\x12\x40\x10\x15\0\x1b\xf7",
    3,
    1,
  ],
  ["XG", "\0\xf0\x08\x43\x10\x4c\x08\x03\x07\x02\xf7", 3, 2],
  ["a bank of XG", "\0\xf0\x08\x43\x10\x4c\0\0\x7e\0\xf7\0\xb3\0\x7f", 3, 2],
  ["a bank of General MIDI 2", "\0\xb3\0\x78", 3, 2],
  ["a bank of a Sound Canvas", "\0\xb3\0\x7f", 3, 1],
])("drum parts of MIDI by %s", async (_, setup, channel, count) => {
  const notes = `\0${String.fromCharCode(0x90 + channel)}\x24\x40\x60\x99\x26\x40`;
  const track = `${setup}${notes}`;
  const head = "MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0";
  const text = `${head}${String.fromCharCode(track.length)}${track}`;
  const file = new File([Uint8Array.from(text, (c) => c.charCodeAt(0))], "a.mid");
  const [{ hits: read }] = await readCorrections(file);
  expect(read).toHaveLength(count);
});

it.each([
  ["", "is cut short, or damaged"],
  ["hello, this is no MIDI at all", "is no MIDI file"],
  ["MThd\0\0\0\x06\0\x01\0\x01\x03\xc0MTrk\0\0\0\x05\0\x99", "is cut short, or damaged"],
  ["MThd\0\0\0\x06\0\x01\0\0\x03\xc0", "has no drum notes"],
  ["MThd\0\0\0\x06\0\x01\0\0\xe7\x28", "counts film frames"],
])("MIDI %j is told in a sentence", async (text, reason) => {
  const file = new File([Uint8Array.from(text, (c) => c.charCodeAt(0))], "a.mid");
  await expect(readCorrections(file)).rejects.toThrow(reason);
  await expect(readCorrections(file)).rejects.toThrow(Trouble);
});

const json = (name: string, own: object) =>
  new File([JSON.stringify({ format: "adt-plugins", onsets: [], ...own })], name);

it.each([
  { onsets: [{ time: 1, drum: "constructor" }] },
  { onsets: [{ time: 1e7, drum: "SD" }] },
  { model: { thresholds: { SD: 2 } } },
  { model: { thresholds: { SD: "0.5" } } },
  { beats: [{ time: -1, position: 1 }] },
  { beats: [{ time: 1, position: 1 }], meter: "4/0" },
])("JSON with %j, which no browser would store, is refused", async (own) => {
  await expect(readCorrections(json("a.json", own))).rejects.toThrow("is damaged");
});

describe("beats and bars of a JSON file", () => {
  const given: Timing = { beats, meters: [{ bar: 1, meter: "4/4" }] };
  const read = async (timing: Timing, meter: unknown = timing.meters) => {
    const list = timing.beats.map(([time, position]) => ({
      time: Math.round(time * 1e6) / 1e6,
      position,
    }));
    const [{ timing: found }] = await readCorrections(json("a.json", { beats: list, meter }));
    return timingTo(given, found as Timing);
  };

  it("are those that were corrected", async () => {
    const wanted = correctedTiming(given, [
      { op: "bar", time: given.beats[2][0] },
      { op: "meter", meter: "3/4", start: 8, end: 15 },
      { op: "bar", time: given.beats[44][0] },
    ]);
    const ops = await read(wanted);
    expect(ops).toHaveLength(1);
    const after = correctedTiming(given, ops as Parameters<typeof correctedTiming>[1]);
    expect(after).toEqual(wanted);
  });

  it("change nothing if they are the song's, or there are none", async () => {
    expect(await read(given)).toEqual([]);
    expect(await read(given, "4/4")).toEqual([]);
    expect(await read(given, undefined)).toEqual([]);
    const [{ timing }] = await readCorrections(json("a.json", { beats: [] }));
    expect(timing).toBeNull();
  });
});

it("the archive of label files is read as they are", async () => {
  const texts = [
    ["song.labels.KD.txt", "1.5\t1.5\tKD\n"],
    ["song.labels.SD.txt", "2.25\t2.25\tSD\n"],
  ] as const;
  const file = new File([zip(texts)], "song.labels.zip");
  const all = await readCorrections(file);
  expect(all.map(({ hits: [{ time, drum }] }) => [time, drum])).toEqual([
    [1.5, "KD"],
    [2.25, "SD"],
  ]);
  expect(all.map(({ song }) => song)).toEqual(["song", "song"]);
  const packed = new File([Uint8Array.from([0x50, 0x4b, 3, 4, ...Array(60).fill(1)])], "a.zip");
  await expect(readCorrections(packed)).rejects.toThrow("Unpack “a.zip”");
});

it("JSON whose times were moved has those of the recording", async () => {
  const later = { format: "adt-plugins", source: { path: "a.wav", moved: 1.5 } };
  const onsets = [{ time: 1.6, drum: "KD", velocity: 90 }];
  const given = beats.map(([time, position]) => ({ time: time + 1.5, position }));
  const text = JSON.stringify({ ...later, onsets, beats: given, meter: "4/4" });
  const [{ hits: found, timing }] = await readCorrections(new File([text], "a.drums.json"));
  expect(found).toEqual([{ time: 0.1, drum: "KD", velocity: 90 }]);
  timing?.beats.forEach(([time], n) => {
    expect(time).toBeCloseTo(beats[n][0], 8);
  });
  expect(timing?.beats).toHaveLength(beats.length);
});
