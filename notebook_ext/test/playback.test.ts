import { describe, expect, it } from "vitest";
import { DRUMS } from "../src/core/drums";
import { soundOf } from "../src/sound/sounds";
import { stretch } from "../src/sound/stretch";
import { chunksIn, hitsIn, scaled, Transport } from "../src/sound/transport";

const RATE = 44100;

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
