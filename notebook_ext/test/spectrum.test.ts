import { describe, expect, it } from "vitest";
import { BANDS, pyramid } from "../src/core/columns";
import { extremes, spectrogram } from "../src/core/spectrum";

const RATE = 44100;

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
