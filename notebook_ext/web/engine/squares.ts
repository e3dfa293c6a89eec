/**
 * Return the sum of squares of some samples. Four sums at once take a third of the time of one,
 * each addition to which waits for the one before.
 */
export function sumOfSquares(
  samples: Float32Array | Float64Array,
  start: number,
  end: number,
): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = start;
  for (; i + 3 < end; i += 4) {
    a += samples[i] * samples[i];
    b += samples[i + 1] * samples[i + 1];
    c += samples[i + 2] * samples[i + 2];
    d += samples[i + 3] * samples[i + 3];
  }
  for (; i < end; i++) a += samples[i] * samples[i];
  return a + b + (c + d);
}
