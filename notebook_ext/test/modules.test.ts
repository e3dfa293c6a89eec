import { describe, expect, it, vi } from "vitest";
import { correctedTiming, countedOf, meterAt, type Timing, type TimingOp } from "../src/core/bars";
import { type Beats, barAndBeat, barsAround, beatsPerBar, secondsPerBeat } from "../src/core/beats";
import { DRUMS } from "../src/core/drums";
import {
  type Action,
  type Automatic,
  act,
  compose,
  EMPTY,
  fold,
  type Log,
  Refusal,
} from "../src/core/edits";
import { roundEven } from "../src/core/pick";
import { type Message, Replica } from "../src/core/replica";
import { toGrid, toPeak } from "../src/core/snap";
import { BANDS, extremes, pyramid, spectrogram } from "../src/core/spectrum";
import { beatsOfTaps } from "../src/core/tap";
import {
  clock,
  fit,
  lowerBound,
  reveal,
  rulerStep,
  scroll,
  timeAt,
  whole,
  xAt,
  zoom,
} from "../src/core/time";
import { BarEdits } from "../src/session/bar-edits";
import type { Player } from "../src/sound/player";
import { soundOf } from "../src/sound/sounds";
import { stretch } from "../src/sound/stretch";
import { chunksIn, hitsIn, scaled, Transport } from "../src/sound/transport";

const RATE = 44100;

describe("time", () => {
  const view = { start: 10, scale: 50, width: 800, duration: 300 };

  it("maps there and back", () => {
    expect(xAt(view, timeAt(view, 123.5))).toBeCloseTo(123.5, 9);
  });

  it("zooms about a place, within the song", () => {
    const near = zoom(view, 3, 200);
    expect(timeAt(near, 200)).toBeCloseTo(timeAt(view, 200), 9);
    expect(near.scale).toBe(150);
    const far = zoom(view, 1e-6, 200);
    expect([far.start, far.scale]).toEqual([0, 800 / 300]);
    expect(zoom(view, 1e9, 0).scale).toBe(4410);
  });

  it("scrolls no further than the ends", () => {
    expect(scroll(view, -1e6).start).toBe(0);
    expect(scroll(view, 1e6).start).toBe(300 - 16);
    expect(scroll(view, 50).start).toBe(11);
  });

  it("fits and reveals", () => {
    const part = fit(view, 20, 40);
    expect(xAt(part, 20)).toBeGreaterThan(0);
    expect(xAt(part, 40)).toBeLessThan(800);
    expect(reveal(view, 12)).toBe(view);
    expect(xAt(reveal(view, 100), 100)).toBeCloseTo(64, 6);
    expect(whole(800, 300).scale).toBeCloseTo(800 / 300);
  });

  it("tells the time", () => {
    expect([clock(187), clock(3602.54, 1), clock(59.9996, 3), clock(-1)]).toEqual([
      "3:07",
      "1:00:02.5",
      "1:00.000",
      "0:00",
    ]);
    expect(rulerStep(view)).toBe(2);
    expect(lowerBound(4, (i) => [1, 3, 3, 9][i], 3)).toBe(1);
    expect([0.5, 1.5, 2.5, 2.51, -0.5].map(roundEven)).toEqual([0, 2, 2, 3, 0]);
  });
});

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
    const player = { playing: false, position: 0, duration: 20, speed: 1 };
    const bars = new BarEdits({
      player: player as Player,
      timing: { beats: [], meters: [] },
      hits: [],
      range: null,
      do: (ops) => done.push(...ops),
      say: (text) => said.push(text),
    });
    bars.tap();
    expect(said.pop()).toContain("tap the beats");
    bars.start();
    expect(said.pop()).toContain("No beats");
    player.playing = true;
    // The first is a try of its own.
    for (const time of [1, 8, 8.5, 9, 9.5, 10]) {
      player.position = time;
      bars.tap();
    }
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
    expect([0.6, 2].map((time) => beatsPerBar(beats, time))).toEqual([4, 4]);
  });

  it("give whole bars", () => {
    expect(barsAround(beats, 2.2, 2.2)).toEqual({ start: 1.5, end: 3.5 });
    expect(barsAround(beats, 1.5, 3.501)).toEqual({ start: 1.5, end: 5.5 });
    expect(barsAround(beats, 0.6, 0.6)).toBeNull();
    expect(barsAround(beats, 5.6, 5.6)).toBeNull();
    expect(barsAround([], 1, 1)).toBeNull();
  });
});

describe("edits", () => {
  const automatic: Automatic[] = [
    { id: "KD:10", time: 0.1, drum: "KD", velocity: 90, confidence: 0.8, original: true },
    { id: "KD:50", time: 0.5, drum: "KD", velocity: 50, confidence: 0.4, original: false },
  ];
  const coarse = (drum: string) => drum;
  const done = (...actions: Action[]): Log => actions.reduce(act, EMPTY);
  const add: Action = {
    kind: "do",
    ops: [{ op: "add", id: "u", time: 0.51, drum: "KD", velocity: 70 }],
  };

  it("outlive re-picking", () => {
    const layer = fold(
      done(
        { kind: "do", ops: [{ op: "change", id: "KD:10", time: 0.2, drum: "SD", velocity: 3 }] },
        add,
      ),
    );
    expect(compose([], layer, coarse).map(({ id, drum }) => [id, drum])).toEqual([
      ["KD:10", "SD"],
      ["u", "KD"],
    ]);
    expect(compose(automatic, layer, coarse).map(({ id }) => id)).toEqual(["KD:10", "u"]);
  });

  it("stay deleted when the pick comes back", () => {
    const layer = fold(done({ kind: "do", ops: [{ op: "delete", id: "KD:10" }] }));
    expect(compose(automatic, layer, coarse).map(({ id }) => id)).toEqual(["KD:50"]);
  });

  it("go back and forth", () => {
    const log = done(add, { kind: "undo" });
    expect(fold(log).hits.size).toBe(0);
    expect(fold(act(log, { kind: "redo" })).hits.size).toBe(1);
    expect(act(log, add).steps.length).toBe(1);
    expect(() => act(EMPTY, { kind: "undo" })).toThrow(Refusal);
    expect(() => act(EMPTY, { kind: "redo" })).toThrow(Refusal);
  });
});

describe("replicas", () => {
  /** Python's part: the order in which things came. */
  class Server {
    log = EMPTY;
    revision = 0;
    receive({ client, seq, action }: { client: string; seq: number; action: Action }): Message {
      try {
        this.log = act(this.log, action);
      } catch {
        return { type: "refused", client, seq, reason: "no" };
      }
      return { type: "did", revision: ++this.revision, action, client, seq };
    }
  }

  it("come to the same, however messages cross", () => {
    let state = 7;
    const chance = (n: number) => {
      state = (state * 48271) % 2147483647;
      return state % n;
    };
    const server = new Server();
    const all = [new Replica("a"), new Replica("b"), new Replica("c")];
    const up: ReturnType<Replica["propose"]>[][] = [[], [], []];
    const down: Message[][] = [[], [], []];
    for (const replica of all) replica.receive({ type: "log", revision: 0, log: EMPTY });
    const pump = (i: number) => {
      const proposal = up[i].shift();
      if (!proposal) return;
      const message = server.receive(proposal);
      for (const queue of down) queue.push(message);
    };
    for (let step = 0; step < 3000; step++) {
      const i = chance(3);
      if (chance(3) === 0) {
        const kind = (["do", "do", "undo", "redo"] as const)[chance(4)];
        const action: Action =
          kind === "do" ? { kind, ops: [{ op: "delete", id: `KD:${step}` }] } : { kind };
        try {
          up[i].push(all[i].propose(action));
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      } else if (chance(2)) pump(i);
      else {
        const message = down[i].shift();
        if (message) expect(all[i].receive(message).gap).toBeUndefined();
      }
    }
    for (const i of [0, 1, 2]) while (up[i].length) pump(i);
    for (const i of [0, 1, 2]) for (const message of down[i]) all[i].receive(message);
    expect(server.log.steps.length).toBeGreaterThan(50);
    for (const replica of all) expect(replica.log).toEqual(server.log);
  });

  it("notice a gap, and what was refused", () => {
    const replica = new Replica("a");
    replica.receive({ type: "log", revision: 0, log: EMPTY });
    const action: Action = { kind: "do", ops: [{ op: "delete", id: "x" }] };
    expect(replica.receive({ type: "did", revision: 2, action, client: "b", seq: 0 }).gap).toBe(
      true,
    );
    const { seq } = replica.propose(action);
    expect(replica.log.cursor).toBe(1);
    expect(replica.receive({ type: "refused", client: "a", seq, reason: "late" }).reason).toBe(
      "late",
    );
    expect(replica.log.cursor).toBe(0);
  });
});

describe("transport", () => {
  it("plans straight on, to the end", () => {
    const transport = new Transport(100, 50, 1000, 1, null);
    expect(transport.plan(300)).toEqual([{ at: 100, from: 50, length: 200 }]);
    expect(transport.plan(5000)).toEqual([{ at: 300, from: 250, length: 750 }]);
    expect(transport.done).toBe(true);
    expect(transport.songAt(310.5)).toBe(260.5);
    expect(transport.songAt(9999)).toBe(1000);
    expect(transport.songAt(0)).toBe(50);
  });

  it("loops to the sample, at half speed too", () => {
    for (const factor of [1, 2]) {
      const transport = new Transport(0, 1000, 99999, factor, { start: 900, end: 1500 });
      transport.plan(5001);
      let at = 0;
      let position = 1000 * factor;
      for (const segment of transport.segments) {
        expect([segment.at, segment.from]).toEqual([at, position]);
        at += segment.length;
        position = segment.from + segment.length === 1500 * factor ? 900 * factor : -1;
      }
      expect(at).toBe(5001);
      expect(transport.segments.length).toBeGreaterThan(4);
      transport.forget(4000);
      // 500 samples to the loop's end, then rounds of 600 from 900 on.
      expect(transport.songAt(5000)).toBe(900 + ((5000 / factor - 500) % 600));
    }
  });

  it("does not loop behind the loop", () => {
    const transport = new Transport(0, 2000, 3000, 1, { start: 0, end: 1000 });
    transport.plan(9999);
    expect(transport.segments).toEqual([{ at: 0, from: 2000, length: 1000 }]);
  });

  it("finds each hit once, and cuts at the chunks", () => {
    const segment = { at: 500, from: 100, length: 100 };
    expect(hitsIn(segment, [99, 100, 150, 199, 200], 1)).toEqual([
      [1, 500],
      [2, 550],
      [3, 599],
    ]);
    expect(hitsIn({ at: 0, from: 100, length: 100 }, [49, 50, 99, 100], 2)).toEqual([
      [1, 0],
      [2, 98],
    ]);
    expect(chunksIn({ at: 7, from: 90, length: 130 }, 100, 1)).toEqual([
      { chunk: 0, offset: 90, at: 7, length: 10 },
      { chunk: 1, offset: 0, at: 17, length: 100 },
      { chunk: 2, offset: 0, at: 117, length: 20 },
    ]);
    expect(chunksIn({ at: 0, from: 150, length: 100 }, 100, 2)).toEqual([
      { chunk: 0, offset: 150, at: 0, length: 50 },
      { chunk: 1, offset: 0, at: 50, length: 50 },
    ]);
  });
});

describe("any speed", () => {
  it("has each sample of the song once, and hits where the song has them", () => {
    const stretch = 1 / 0.85;
    const samples = Array.from({ length: 400 }, (_, n) => 7 + 101 * n);
    const transport = new Transport(50, 13, 40_000, stretch, null);
    const found: number[] = [];
    let next = scaled(13, stretch);
    for (let until = 0; !transport.done; until += 999) {
      for (const segment of transport.plan(until)) {
        found.push(...hitsIn(segment, samples, stretch).map(([, at]) => at));
        for (const piece of chunksIn(segment, 1000, stretch)) {
          const start = scaled(piece.chunk * 1000, stretch);
          expect(start + piece.offset).toBe(next);
          next += piece.length;
          expect(next).toBeLessThanOrEqual(scaled((piece.chunk + 1) * 1000, stretch));
        }
      }
    }
    expect(next).toBe(scaled(40_000, stretch));
    const heard = samples.filter((sample) => sample >= 13 && sample < 40_000);
    expect(found).toEqual(
      heard.map((sample) => 50 + scaled(sample, stretch) - scaled(13, stretch)),
    );
    expect(transport.songAt(50 + scaled(20_000, stretch) - scaled(13, stretch))).toBeCloseTo(
      20_000,
      0,
    );
  });
});

describe.each([0.5, 0.75, 0.9, 1.25, 1.5])("speed %d", (speed) => {
  const to = (sample: number) => scaled(sample, 1 / speed);
  const n = RATE;
  const tone = Float32Array.from(
    { length: n },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * i) / RATE),
  );

  it("keeps impulses where clicks are, once each", () => {
    const impulses = new Float32Array(n);
    const at = [700, 9000, 9100, 9800, 12000, 20011, 43000, 43990];
    for (const i of at) impulses[i] = 1;
    const [out] = stretch([impulses], at, to);
    const found = [...out.keys()].filter((i) => Math.abs(out[i]) > 0.5);
    expect(found).toEqual(at.map(to));
    expect(out.length).toBe(to(n));
    const moved = stretch(
      [impulses],
      at.map((i) => i + 300),
      to,
    )[0];
    expect([...moved.keys()].filter((i) => Math.abs(moved[i]) > 0.5)).not.toEqual(found);
  });

  it("keeps the pitch and the level", () => {
    const [out] = stretch([tone], [10_000, 30_000], to);
    let crossings = 0;
    let power = 0;
    for (let i = 1; i < out.length; i++) {
      if (out[i - 1] < 0 && out[i] >= 0) crossings++;
      power += out[i] ** 2;
    }
    const pitch = (crossings * RATE) / out.length;
    expect(pitch).toBeGreaterThan(433);
    expect(pitch).toBeLessThan(447);
    expect(Math.sqrt(power / out.length)).toBeGreaterThan(0.33);
    expect(Math.max(...out.slice(1).map((value, i) => Math.abs(value - out[i])))).toBeLessThan(
      0.12,
    );
  });

  it("joins chunk to chunk", () => {
    const [first] = stretch([tone.subarray(0, 22050)], [], to);
    const [second] = stretch([tone.subarray(22050)], [], to);
    expect(Math.abs(first[first.length - 1] - tone[22049])).toBeLessThan(1e-6);
    expect(second[0]).toBe(tone[22050]);
  });
});

describe("snap", () => {
  it("finds the peak, between the frames", () => {
    const values = Float32Array.from([0, 0.1, 0.8, 0.6, 0, 0, 0, 0.3, 0, 0, 0, 0, 0, 0, 0, 0]);
    const grid = { rate: 100, offset: 1, delay: 0 };
    const time = toPeak(values, grid, 1.035);
    expect(time).toBeGreaterThan(1.02);
    expect(time).toBeLessThan(1.025);
    expect(toPeak(values, grid, 1.14)).toBe(1.14);
  });

  it("finds the sixteenth", () => {
    const beats = [
      [1, 1],
      [2, 2],
      [4, 1],
    ] as const;
    expect(toGrid(beats, 1.3)).toBe(1.25);
    expect(toGrid(beats, 3.8)).toBe(4);
    expect(toGrid(beats, 4.03)).toBe(4);
    expect(toGrid(beats, 9)).toBe(9);
    expect(toGrid([], 9)).toBe(9);
  });
});

describe("sounds", () => {
  it("are loud at once, end in silence, and differ", () => {
    const seen = new Set<string>();
    for (const kit of ["drums", "clicks"] as const) {
      for (const drum of Object.keys(DRUMS)) {
        const sound = soundOf(drum, kit, RATE);
        const peak = Math.max(...sound.map(Math.abs));
        expect(peak).toBeGreaterThan(0.9);
        expect(peak).toBeLessThanOrEqual(1.0001);
        expect(Math.max(...sound.subarray(0, 132).map(Math.abs))).toBeGreaterThan(0.4);
        expect(Math.abs(sound[sound.length - 1])).toBeLessThan(1e-3);
        if (kit === "drums") seen.add(sound.slice(0, 50).join());
      }
    }
    expect(seen.size).toBeGreaterThan(13);
    expect(soundOf("KD", "clicks", RATE)[0]).toBe(1);
  });
});

describe("pictures", () => {
  it("show a tone in its band", () => {
    const bandOf = (hertz: number) => {
      const tone = Float32Array.from(
        { length: RATE / 2 },
        (_, i) => 0.25 * Math.sin((2 * Math.PI * hertz * i) / RATE),
      );
      const out = new Uint8Array(50 * BANDS);
      spectrogram([tone], RATE, 0, 50, out);
      const column = [...out.subarray(25 * BANDS, 26 * BANDS)];
      const odd = [...out.subarray(24 * BANDS, 25 * BANDS)];
      expect(odd.indexOf(Math.max(...odd))).toBe(column.indexOf(Math.max(...column)));
      return column.indexOf(Math.max(...column));
    };
    for (const hertz of [1000, 4000, 12000]) {
      const expected = (BANDS * Math.log(hertz / 35)) / Math.log(18000 / 35);
      expect(Math.abs(bandOf(hertz) - expected)).toBeLessThan(1.6);
    }
  });

  it("show extremes and greatest values", () => {
    const wave = new Float32Array(882);
    wave[3] = 1;
    wave[500] = -0.5;
    expect([...extremes([wave], RATE)]).toEqual([0, 127, -63, 0]);
    const values = Float32Array.from({ length: 1000 }, (_, i) => (i === 700 ? 9 : 1));
    const levels = pyramid(values);
    expect(levels[levels.length - 1].length).toBeLessThanOrEqual(256);
    for (const level of levels) expect(Math.max(...level)).toBe(9);
  });
});
