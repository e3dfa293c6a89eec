import { describe, expect, it, vi } from "vitest";
import {
  correctedTiming,
  countedOf,
  meterAt,
  statedPart,
  type Timing,
  type TimingOp,
} from "../src/core/bars";
import {
  type Beats,
  barAndBeat,
  barsAround,
  beatsPerBar,
  countIn,
  secondsPerBeat,
} from "../src/core/beats";
import { beatsOfTaps } from "../src/core/tap";
import { BarEdits } from "../src/session/bar-edits";
import type { Player } from "../src/sound/player";

describe("bars corrected by hand", () => {
  const given: Timing = {
    beats: Array.from({ length: 16 }, (_, n) => [1 + n / 2, (n % 4) + 1] as const),
    meters: [{ bar: 1, meter: "4/4" }],
  };
  const positions = (...ops: TimingOp[]) =>
    correctedTiming(given, ops)
      .beats.map(([, position]) => position)
      .join("");

  it("start where they are set, both ways to the next that was", () => {
    expect(positions({ op: "bar", time: 2.05 })).toBe("3412341234123412");
    const twice: TimingOp[] = [
      { op: "bar", time: 2 },
      { op: "bar", time: 6.5 },
    ];
    expect(positions(...twice)).toBe("3412341234112341");
    // One set less than a bar away was a slip.
    expect(positions({ op: "bar", time: 2 }, { op: "bar", time: 2.5 })).toBe("2341234123412341");
  });

  it("keep their meter where the tempo is another", () => {
    const fast = correctedTiming(given, [{ op: "tempo", factor: 2 }]);
    expect(fast.beats.length).toBe(31);
    expect(fast.beats[1]).toEqual([1.25, 2]);
    expect(fast.beats.filter(([, position]) => position === 1).length).toBe(8);
    expect(positions({ op: "tempo", factor: 0.5 })).toBe("12341234");
    // Not for ever: a log is no way to fill the memory.
    const often = Array.from({ length: 40 }, (): TimingOp => ({ op: "tempo", factor: 2 }));
    expect(correctedTiming(given, often).beats.length).toBeLessThan(200);
  });

  it("have another meter in the whole song, or in a part of it", () => {
    expect(positions({ op: "meter", meter: "3/4" })).toBe("1231231231231231");
    const part = correctedTiming(given, [{ op: "meter", meter: "3/4", start: 3, end: 6 }]);
    expect(part.beats.map(([, position]) => position).join("")).toBe("1234123123123412");
    expect(part.meters).toEqual([
      { bar: 1, meter: "4/4" },
      { bar: 2, meter: "3/4" },
      { bar: 4, meter: "4/4" },
    ]);
    expect(meterAt(part, 3.4)).toBe("3/4");
    expect(countedOf("6/8")).toBe(2);
    // Beats counted at 300 a minute in 7/8 are a tempo of 150, in 6/8 of 300.
    expect([null, "4/4", "6/8", "7/8", "2/2"].map(statedPart)).toEqual([1, 1, 1, 0.5, 1]);
  });

  it("come from taps that are late and early, and follow the hits", () => {
    const beat = 60 / 104;
    const hits = Array.from({ length: 200 }, (_, n) => 0.31 + (n * beat) / 2);
    const taps = [8, 9, 10, 11, 12, 14, 15, 16].map(
      (n, i) => 0.31 + n * beat + [0.03, -0.02, 0.01, 0.025, -0.03, 0, 0.02, -0.01][i],
    );
    const beats = beatsOfTaps(taps, hits, 40, 4);
    expect(beats.length).toBe(69);
    beats.forEach(([time, position], n) => {
      expect(Math.abs(time - (0.31 + n * beat))).toBeLessThan(0.02);
      expect(position).toBe((n % 4) + 1);
    });
  });
});

describe("taps", () => {
  it("become the beats once no other follows", () => {
    vi.useFakeTimers();
    const done: Op[] = [];
    const said: string[] = [];
    const player = { playing: false, duration: 20, speed: 1 };
    const bars = new BarEdits({
      player: player as Player,
      timing: { beats: [], meters: [] },
      meter: null,
      hits: [],
      range: null,
      do: (ops) => done.push(...ops),
      say: (text) => said.push(text),
    });
    bars.tap(0);
    expect(said.pop()).toContain("tap the beats");
    bars.start(0);
    expect(said.pop()).toContain("No beats");
    player.playing = true;
    // The first is a try of its own.
    for (const time of [1, 8, 8.5, 9, 9.5, 10]) bars.tap(time);
    expect(said.pop()).toBe("5 taps: 120 BPM");
    expect(done).toEqual([]);
    vi.advanceTimersByTime(3000);
    vi.useRealTimers();
    const [op] = done as { op: string; beats: [number, number][] }[];
    expect(op.op).toBe("beats");
    expect(op.beats.length).toBe(41);
    expect(op.beats[16]).toEqual([8, 1]);
    expect(op.beats[17]).toEqual([8.5, 2]);
  });
});

describe("beats", () => {
  const beats = [
    [0.5, 3],
    [1, 4],
    ...[1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5].map((time, k) => [time, (k % 4) + 1] as const),
    [5.5, 1],
  ] as Beats;

  it("tell bar, beat and tempo", () => {
    expect([0.2, 0.6, 1.5, 2.1, 3.49, 9].map((time) => barAndBeat(beats, time))).toEqual([
      ...["", "0.3", "1.1", "1.2", "1.4", "3.1"],
    ]);
    expect(secondsPerBeat(beats, 2)).toBeCloseTo(0.5, 9);
    expect(secondsPerBeat([], 2)).toBeNull();
    expect([0.6, 2, 9].map((time) => beatsPerBar(beats, time))).toEqual([4, 4, 4]);
  });

  it("are counted in on the beat, wherever the song goes on", () => {
    const counted = (time: number) =>
      countIn(beats, time).map(([before, isBar]) => [Number((time - before).toFixed(6)), isBar]);
    const from = (first: number, bar: number) =>
      [0, 1, 2, 3].map((k) => [first + k / 2, k === bar]);
    expect(counted(3.5)).toEqual(from(1.5, 0)); // on a 1: 1 2 3 4
    expect(counted(2.5)).toEqual(from(0.5, 2)); // on a 3: 3 4 1 2
    expect(counted(3.7)).toEqual(from(2, 3)); // between 1 and 2: 2 3 4 1
    expect(counted(0.1)).toEqual(from(-1.5, 2)); // before the first beat, a 3
    expect(counted(6.2)).toEqual(from(4.5, 2)); // behind the last
    expect(countIn([], 1)).toEqual([]);
  });

  it("give whole bars", () => {
    expect(barsAround(beats, 2.2, 2.2)).toEqual({ start: 1.5, end: 3.5 });
    expect(barsAround(beats, 1.5, 3.501)).toEqual({ start: 1.5, end: 5.5 });
    expect(barsAround(beats, 0.6, 0.6)).toBeNull();
    expect(barsAround(beats, 5.6, 5.6)).toBeNull();
    expect(barsAround([], 1, 1)).toBeNull();
  });
});
