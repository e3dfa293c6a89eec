/** A recording in pieces that the player decodes: WAV files of 16 bits and five seconds. */

import { RATE, type AudioInfo } from "../src/chunks";
import { breathe, Trouble } from "./trouble";

/** Samples of a piece, as Python cuts them. */
const PIECE = 5 * RATE;
const FULL = 32768;

export interface Pieces {
  readonly info: AudioInfo;
  readonly blobs: readonly Blob[];
}

/**
 * Cut a recording up. The pieces lie where the browser keeps files, and not in the
 * memory of the page. What has more than two channels is played as their mean.
 */
export async function cut(
  name: string, channels: readonly Float32Array[], signal: AbortSignal,
): Promise<Pieces> {
  const samples = channels[0]?.length ?? 0;
  if (!samples) throw new Trouble(`“${name}” is empty.`);
  const blobs: Blob[] = [];
  let peak = 0;
  for (let start = 0; start < samples; start += PIECE) {
    const parts = channels.map((channel) => channel.subarray(start, start + PIECE));
    const heard = parts.length > 2 ? [mean(parts)] : parts;
    for (const part of heard) peak = Math.max(peak, loudest(part));
    blobs.push(waveFile(interleaved(heard), heard.length));
    await breathe();
    signal.throwIfAborted();
  }
  if (!Number.isFinite(peak)) throw new Trouble(`“${name}” has samples that are no numbers.`);
  if (!peak) throw new Trouble(`“${name}” is silent: there are no drums in it.`);
  const count = channels.length > 2 ? 1 : channels.length;
  return { blobs, info: { chunk: PIECE, samples, margin: 0, channels: count } };
}

/** Samples of a piece again, channel after channel in turn. */
export async function samplesOf(piece: Blob): Promise<Int16Array> {
  return new Int16Array(await piece.slice(44).arrayBuffer());
}

/** The 44 bytes before the samples. */
export function waveHead(bytes: number, channels: number): ArrayBuffer {
  const head = new DataView(new ArrayBuffer(44));
  const text = (at: number, letters: string) =>
    [...letters].forEach((letter, i) => head.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  head.setUint32(4, 36 + bytes, true);
  text(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, channels, true);
  head.setUint32(24, RATE, true);
  head.setUint32(28, 2 * channels * RATE, true);
  head.setUint16(32, 2 * channels, true);
  head.setUint16(34, 16, true);
  text(36, "data");
  head.setUint32(40, bytes, true);
  return head.buffer;
}

function waveFile(samples: Int16Array<ArrayBuffer>, channels: number): Blob {
  return new Blob([waveHead(samples.byteLength, channels), samples], { type: "audio/wav" });
}

function interleaved(channels: readonly Float32Array[]): Int16Array<ArrayBuffer> {
  const count = channels.length;
  const out = new Int16Array(channels[0].length * count);
  channels.forEach((channel, c) => {
    for (let i = 0; i < channel.length; i++) {
      out[i * count + c] = Math.max(-FULL, Math.min(FULL - 1, Math.round(channel[i] * FULL)));
    }
  });
  return out;
}

function mean(channels: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(channels[0].length);
  for (const channel of channels) for (let i = 0; i < out.length; i++) out[i] += channel[i];
  for (let i = 0; i < out.length; i++) out[i] /= channels.length;
  return out;
}

/** NaN if one of the samples is none. */
function loudest(samples: Float32Array): number {
  let most = 0;
  for (let i = 0; i < samples.length; i++) {
    const size = Math.abs(samples[i]);
    if (!(size <= most)) most = size;
    if (size !== size) return NaN;
  }
  return most;
}
