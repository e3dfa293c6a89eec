/** What a chunk of sound looks like: extremes of the wave, and a spectrogram. */

import { clamp } from "./time";

/** Columns a second of both, as many as the network's frames. */
export const COLUMN_RATE = 100;
export const BANDS = 72;

const SIZE = 2048;
const LOW_HZ = 35;
const HIGH_HZ = 18000;
/** Range of what is shown, below the level of a loud tone. */
const RANGE_DB = 62;
const TOP_DB = -9;

/** Lowest and highest sample of each column, -127 to 127: low, high, low, high … */
export function extremes(channels: readonly Float32Array[], rate: number): Int8Array {
  const hop = rate / COLUMN_RATE;
  const columns = Math.ceil(channels[0].length / hop);
  const out = new Int8Array(2 * columns);
  for (let column = 0; column < columns; column++) {
    let low = 1;
    let high = -1;
    for (const channel of channels) {
      const end = Math.min(Math.round((column + 1) * hop), channel.length);
      for (let i = Math.round(column * hop); i < end; i++) {
        const value = channel[i];
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    out[2 * column] = Math.max(-127, Math.round(low * 127));
    out[2 * column + 1] = Math.min(127, Math.round(high * 127));
  }
  return out;
}

/** A function of the angle, once around. */
const table = (of: (angle: number) => number): Float32Array =>
  Float32Array.from({ length: SIZE }, (_, i) => of((2 * Math.PI * i) / SIZE));

const WINDOW = table((angle) => 0.5 - 0.5 * Math.cos(angle));
const COSINES = table(Math.cos);
const SINES = table((angle) => -Math.sin(angle));
const REVERSED = Uint16Array.from({ length: SIZE }, (_, i) => {
  let out = 0;
  for (let bit = 1, rest = i; bit < SIZE; bit <<= 1, rest >>= 1) out = (out << 1) | (rest & 1);
  return out;
});

/** In place, radix 2; input in bit-reversed order. */
function transform(re: Float32Array, im: Float32Array): void {
  for (let half = 1; half < SIZE; half *= 2) {
    const step = SIZE / (2 * half);
    for (let start = 0; start < SIZE; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const a = start + k;
        const b = a + half;
        const cos = COSINES[k * step];
        const sin = SINES[k * step];
        const x = re[b] * cos - im[b] * sin;
        const y = re[b] * sin + im[b] * cos;
        re[b] = re[a] - x;
        im[b] = im[a] - y;
        re[a] += x;
        im[a] += y;
      }
    }
  }
}

/** First bin of each band and one more; every band has at least one bin. */
function borders(rate: number): Uint16Array {
  const out = new Uint16Array(BANDS + 1);
  for (let band = 0; band <= BANDS; band++) {
    const hertz = LOW_HZ * (HIGH_HZ / LOW_HZ) ** (band / BANDS);
    const bin = Math.round((hertz * SIZE) / rate);
    out[band] = Math.max(bin, 1);
  }
  return out;
}

/**
 * Columns `first` to `end` of a chunk's spectrogram, 0-255, BANDS values each,
 * low bands first. Two columns are one complex transform: their spectra are the
 * even and the odd half of it.
 */
export function spectrogram(
  channels: readonly Float32Array[],
  rate: number,
  first: number,
  end: number,
  out: Uint8Array,
): void {
  const length = channels[0].length;
  const hop = rate / COLUMN_RATE;
  const bands = borders(rate);
  const re = new Float32Array(SIZE);
  const im = new Float32Array(SIZE);
  const fill = (target: Float32Array, column: number): void => {
    // At the chunk's ends the window stays inside: no dark seams between chunks.
    const centre = Math.round((column + 0.5) * hop);
    const start = clamp(centre - SIZE / 2, 0, Math.max(length - SIZE, 0));
    for (let i = 0; i < SIZE; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[start + i] ?? 0;
      target[REVERSED[i]] = (sum / channels.length) * WINDOW[i];
    }
  };
  const scale = 1 / (SIZE / 4) ** 2;
  for (let column = first; column < end; column += 2) {
    fill(re, column);
    fill(im, Math.min(column + 1, end - 1));
    transform(re, im);
    for (let band = 0; band < BANDS; band++) {
      let even = 0;
      let odd = 0;
      const last = Math.max(bands[band + 1], bands[band] + 1);
      for (let k = bands[band]; k < last; k++) {
        const m = SIZE - k;
        even += (re[k] + re[m]) ** 2 + (im[k] - im[m]) ** 2;
        odd += (im[k] + im[m]) ** 2 + (re[m] - re[k]) ** 2;
      }
      const level = (power: number): number => {
        const db = 10 * Math.log10((power / 4) * scale + 1e-12);
        // Treble is weak in music: a tilt of 3 dB an octave keeps hats visible.
        const tilt = 3 * (Math.log2(HIGH_HZ / LOW_HZ) * (band / BANDS) - 4);
        return clamp((1 + (db + tilt - TOP_DB) / RANGE_DB) * 255, 0, 255);
      };
      out[column * BANDS + band] = level(even);
      if (column + 1 < end) out[(column + 1) * BANDS + band] = level(odd);
    }
  }
}

/** Greatest values of pairs, pairs of pairs …: a curve at every zoom. */
export function pyramid(values: Float32Array): Float32Array[] {
  const levels = [values];
  while (levels[levels.length - 1].length > 256) {
    const finer = levels[levels.length - 1];
    const coarser = new Float32Array(Math.ceil(finer.length / 2));
    for (let i = 0; i < coarser.length; i++) {
      coarser[i] = Math.max(finer[2 * i], finer[2 * i + 1] ?? 0);
    }
    levels.push(coarser);
  }
  return levels;
}
