/** Computes the pictures of a chunk of sound: waveform extremes, and a spectrogram. */

import { BANDS, COLUMN_RATE } from "./columns";
import { clamp } from "./time";

const SIZE = 2048;
const LOW_HZ = 35;
const HIGH_HZ = 18000;
/** Dynamic range that is shown, below the level of a loud tone. */
const RANGE_DB = 62;
const TOP_DB = -9;

/** Return lowest and highest sample of each column, -127 to 127: low, high, low, high … */
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

/** Tabulate a function of an angle over a full circle. */
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

/** Compute a radix-2 Fourier transform in place; the input is in bit-reversed order. */
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

/** Return the first bin of each band, and the end; every band has at least one bin. */
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
 * Compute columns `first` to `end` of a chunk's spectrogram, BANDS values of 0-255 each,
 * low bands first. One complex transform serves two columns: their spectra are its even
 * and odd parts.
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
    // Keep the window inside the chunk, to avoid dark seams between chunks.
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
        // Treble is weak in music: a tilt of 3 dB per octave keeps hats visible.
        const tilt = 3 * (Math.log2(HIGH_HZ / LOW_HZ) * (band / BANDS) - 4);
        return clamp((1 + (db + tilt - TOP_DB) / RANGE_DB) * 255, 0, 255);
      };
      out[column * BANDS + band] = level(even);
      if (column + 1 < end) out[(column + 1) * BANDS + band] = level(odd);
    }
  }
}
