import { afterEach, expect, it, vi } from "vitest";
import { Journal } from "../src/session/journal";
import { validLog, validProposals } from "../src/session/validation";

afterEach(() => vi.unstubAllGlobals());

const ADD = { op: "add", id: "n:1", time: 0.5, drum: "SD", velocity: 90 };
const STEP = [
  ADD,
  { op: "delete", id: "KD:12" },
  { op: "threshold", drum: "HH", value: 0.2 },
  { op: "bar", time: 3 },
  { op: "tempo", factor: 0.5 },
  { op: "meter", meter: "12/8" },
  { op: "meter", meter: "4/4", start: 1, end: 2 },
  {
    op: "beats",
    beats: [
      [1, 4],
      [1.5, 1],
    ],
  },
  { op: "beats", beats: [[1, 1]], meters: [{ bar: 1, meter: "3/4" }] },
];
const DO = { type: "do", client: "a", seq: 0, action: { kind: "do", name: "n", ops: STEP } };

/** Each is what could be kept instead of an operation. */
const DAMAGED = [
  null,
  1,
  [],
  "x",
  {},
  { ...ADD, time: -1 },
  { ...ADD, time: "0.5" },
  { ...ADD, time: null },
  { ...ADD, drum: "constructor" },
  { ...ADD, velocity: 0 },
  { ...ADD, velocity: 90.5 },
  { ...ADD, id: "<img>" },
  { ...ADD, op: "move" },
  { op: "threshold", drum: "SD", value: 2 },
  { op: "delete" },
  { op: "bar", time: -1 },
  { op: "tempo", factor: 3 },
  { op: "meter", meter: "4/5" },
  { op: "meter", meter: "99/4" },
  { op: "meter", meter: "4/4", end: 2 },
  { op: "beats", beats: [[1]] },
  { op: "beats", beats: [], meters: null },
  { op: "beats", beats: [], meters: [{ bar: 0, meter: "3/4" }] },
  { op: "beats", beats: [], meters: [{ bar: 1, meter: "3/0" }] },
  {
    op: "beats",
    beats: [
      [1, 1],
      [1, 2],
    ],
  },
];

it("takes over a log that is sound as it is", () => {
  const log = { steps: [STEP], names: ["a-0"], cursor: 1, revision: 3, seen: { a: 0 } };
  expect(validLog(log)).toEqual(log);
  // Earlier builds named no steps.
  const old = { steps: [STEP, STEP], cursor: 1 };
  const names = ["0", "1"];
  expect(validLog(old)).toEqual({ ...old, names, seen: {} });
  for (const bad of [["a"], ["a", "a"], ["a", 1], ["a", "<b>"], "ab", null])
    expect(validLog({ ...old, names: bad })?.names).toEqual(names);
  const { name, ...unnamed } = DO.action;
  expect(name).toBe("n");
  expect(validProposals([{ ...DO, action: unnamed }])).toEqual([
    { ...DO, action: { ...unnamed, name: "a-0" } },
  ]);
});

it("keeps the steps before the first that is damaged", () => {
  for (const op of DAMAGED) {
    const kept = { steps: [STEP, [ADD, op], STEP], cursor: 3 };
    expect(validLog(kept)).toEqual({ steps: [STEP], names: ["0"], cursor: 1, seen: {} });
    expect(validProposals([{ ...DO, action: { ...DO.action, ops: [op] } }])).toEqual([]);
  }
  for (const kind of ["undo", "redo"])
    expect(validProposals([{ ...DO, action: { kind } }])).toEqual([]);
  expect(validProposals([DO])).toEqual([DO]);
});

it("takes over no log that is none", () => {
  for (const kept of [null, undefined, 7, "{}", [], {}, { steps: {} }, { cursor: 1 }]) {
    expect(validLog(kept)).toBeUndefined();
  }
  const odd = { steps: [STEP], cursor: "1", revision: -1, seen: { a: "x", b: 2 } };
  expect(validLog(odd)).toEqual({ steps: [STEP], names: ["0"], cursor: 1, seen: { b: 2 } });
});

it("hands in what is sound of what editors have left", () => {
  const texts: Record<string, string> = {
    a: "{",
    b: "null",
    c: "[]",
    d: '{"proposals": 3}',
    e: JSON.stringify({ proposals: [null, DO, { ...DO, seq: -1 }], log: { steps: 1 } }),
    f: JSON.stringify({ proposals: [{ ...DO, action: {} }], log: { steps: [STEP], cursor: 9 } }),
  };
  const keys = Object.keys(texts).map((name) => `adt-plugins pending song ${name}`);
  const left = new Set(keys);
  vi.stubGlobal("localStorage", {
    length: keys.length,
    key: (i: number) => keys[i],
    getItem: (key: string) => texts[key.slice(-1)],
    removeItem: (key: string) => left.delete(key),
  });
  const entries = new Journal("song", "me").read();
  const damaged = { proposals: [], log: null };
  expect(entries.map(({ proposals, log }) => ({ proposals, log }))).toEqual([
    ...["a", "b", "c", "d"].map(() => damaged),
    { proposals: [DO], log: null },
    { proposals: [], log: { steps: [STEP], names: ["0"], cursor: 1, seen: {} } },
  ]);
  for (const entry of entries) entry.keep([]);
  expect(left.size).toBe(0);
});
