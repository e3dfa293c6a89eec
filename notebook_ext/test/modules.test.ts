import { describe, expect, it } from "vitest";
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
import { soundOf } from "../src/sound/sounds";
import { stretch } from "../src/sound/stretch";
import { chunksIn, hitsIn, Transport } from "../src/sound/transport";

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

describe("half speed", () => {
  const n = RATE;
  const tone = Float32Array.from(
    { length: n },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * i) / RATE),
  );

  it("keeps impulses where clicks are, once each", () => {
    const impulses = new Float32Array(n);
    const at = [700, 9000, 9100, 9800, 12000, 20011, 43000, 44000];
    for (const i of at) impulses[i] = 1;
    const [out] = stretch([impulses], at);
    const found = [...out.keys()].filter((i) => Math.abs(out[i]) > 0.5);
    expect(found).toEqual(at.map((i) => 2 * i));
    expect(out.length).toBe(2 * n);
    const moved = stretch(
      [impulses],
      at.map((i) => i + 300),
    )[0];
    expect([...moved.keys()].filter((i) => Math.abs(moved[i]) > 0.5)).not.toEqual(found);
  });

  it("keeps the pitch and the level", () => {
    const [out] = stretch([tone], [10_000, 30_000]);
    let crossings = 0;
    let power = 0;
    for (let i = 1; i < out.length; i++) {
      if (out[i - 1] < 0 && out[i] >= 0) crossings++;
      power += out[i] ** 2;
    }
    expect(crossings / 2).toBeGreaterThan(435);
    expect(crossings / 2).toBeLessThan(445);
    expect(Math.sqrt(power / out.length)).toBeGreaterThan(0.33);
    expect(Math.max(...out.slice(1).map((value, i) => Math.abs(value - out[i])))).toBeLessThan(
      0.12,
    );
  });

  it("joins chunk to chunk", () => {
    const [first] = stretch([tone.subarray(0, 22050)], []);
    const [second] = stretch([tone.subarray(22050)], []);
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
