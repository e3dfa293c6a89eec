/** Adds decoded chunks to the picture of a song. */

import { BANDS, COLUMN_RATE } from "../core/columns";
import { extremes, spectrogram } from "../core/spectrum";
import type { Chunks } from "../sound/audio-chunks";
import type { Picture } from "./picture";

/** Spectrogram columns that are computed in one go without making playback stutter. */
const SLICE = 50;

/** Add a chunk that has been decoded for the first time. */
export function addChunk(
  picture: Picture,
  index: number,
  buffer: AudioBuffer,
  chunks: Chunks,
): void {
  const { sampleRate } = buffer;
  const start = Math.round((index * chunks.info.chunk * COLUMN_RATE) / sampleRate);
  const channels = chunks.channels(index, buffer);
  const wave = extremes(channels, sampleRate);
  for (const value of wave)
    picture.gain = Math.min(picture.gain, 127 / Math.max(Math.abs(value), 1));
  picture.wave.set(wave.subarray(0, picture.wave.length - 2 * start), 2 * start);
  const count = Math.min(wave.length / 2, picture.columns - start);
  analyse(picture, channels, sampleRate, start, count);
  picture.look();
}

function analyse(
  picture: Picture,
  channels: Float32Array[],
  rate: number,
  start: number,
  count: number,
  done = 0,
): void {
  const end = Math.min(done + SLICE, count);
  spectrogram(channels, rate, done, end, picture.spectrum.subarray(start * BANDS));
  if (end < count) setTimeout(() => analyse(picture, channels, rate, start, count, end));
  else picture.look();
}
