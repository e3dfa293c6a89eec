/** The columns that pictures of a song consist of. */

/** Columns per second of waveform and spectrogram, equal to the network's frame rate. */
export const COLUMN_RATE = 100;
/** Values in a column of the spectrogram. */
export const BANDS = 72;

/** Return a curve for every zoom: the greatest values of pairs, pairs of pairs … */
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
