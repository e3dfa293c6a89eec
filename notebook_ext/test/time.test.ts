import { describe, expect, it } from "vitest";
import { roundEven } from "../src/core/pick";
import { toGrid, toPeak } from "../src/core/snap";
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
