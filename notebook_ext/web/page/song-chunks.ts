/** Cuts a recording into pieces for the player: 16-bit WAV files of five seconds. */

import { SOUND } from "../../src/core/tables";
import { type AudioInfo, RATE } from "../../src/sound/audio-chunks";
import { breathe, Trouble } from "./user-error";

/** Samples per chunk. */
const PIECE = SOUND.CHUNK;
const FULL = 32768;
/** Bytes of a WAV file before its samples. */
export const HEAD_BYTES = 44;

export interface Pieces {
  readonly info: AudioInfo;
  readonly blobs: readonly Blob[];
}

/** A recording that has been cut up. */
/** The next samples at 44.1 kHz: channels of equal length. */
export type Block = readonly Float32Array[];

export interface Recording {
  readonly pieces: Pieces;
  /** Number of channels of the file. */
  readonly channels: number;
}

/** Receives the channels of each piece; their buffers may be transferred. */
export type Listener = (channels: readonly Float32Array<ArrayBuffer>[]) => Promise<void>;

/**
 * Cut a recording up. The browser keeps the pieces as files, not in the page's memory.
 * More than two channels are played as their mean.
 */
export async function cut(
  name: string,
  blocks: AsyncIterable<Block>,
  signal: AbortSignal,
  hear: Listener = breathe,
): Promise<Recording> {
  const blobs: Blob[] = [];
  let piece: Float32Array<ArrayBuffer>[] = [];
  let [channels, filled, samples, peak] = [0, 0, 0, 0];
  const flush = async () => {
    const whole = filled === PIECE;
    const parts = whole ? piece : piece.map((channel) => channel.slice(0, filled));
    const played = parts.length > 2 ? [mean(parts)] : parts;
    const whole16 = new Int16Array(filled * played.length);
    played.forEach((channel, c) => {
      peak = Math.max(peak, rounded(channel, whole16, c, played.length));
    });
    blobs.push(waveFile(whole16, played.length));
    samples += filled;
    filled = 0;
    piece = [];
    await hear(parts);
    await breathe();
    signal.throwIfAborted();
  };
  for await (const block of blocks) {
    signal.throwIfAborted();
    channels ||= block.length;
    if (block.length !== channels) throw new Trouble(`“${name}” has channels that come and go.`);
    for (let at = 0; at < block[0].length; ) {
      const part = Math.min(PIECE - filled, block[0].length - at);
      const own = block.map((channel) => channel.subarray(at, at + part));
      if (part === PIECE) piece = own.map((channel) => channel.slice());
      else if (!filled) piece = own.map(() => new Float32Array(PIECE));
      if (part < PIECE) piece.forEach((channel, c) => channel.set(own[c], filled));
      at += part;
      filled += part;
      if (filled === PIECE) await flush();
    }
  }
  if (filled) await flush();
  if (!samples) throw new Trouble(`“${name}” is empty.`);
  if (!Number.isFinite(peak)) throw new Trouble(`“${name}” has samples that are no numbers.`);
  if (!peak) throw new Trouble(`“${name}” is silent: there are no drums in it.`);
  const info = { chunk: PIECE, samples, margin: 0, channels: channels > 2 ? 1 : channels };
  return { pieces: { info, blobs }, channels };
}

/** Return the samples of a piece, interleaved. */
export async function samplesOf(piece: Blob): Promise<Int16Array> {
  return new Int16Array(await piece.slice(HEAD_BYTES).arrayBuffer());
}

/** Return the header of a WAV file. */
export function waveHead(bytes: number, channels: number): ArrayBuffer {
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
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

/** Return a WAV file of interleaved 16-bit samples. */
export function waveFile(samples: Int16Array<ArrayBuffer>, channels: number): Blob {
  return new Blob([waveHead(samples.byteLength, channels), samples], { type: "audio/wav" });
}

/** Interleave a channel as 16 bits; returns its peak, NaN if a sample is not a number. */
function rounded(channel: Float32Array, out: Int16Array, first: number, step: number): number {
  let most = 0;
  for (let i = 0, at = first; i < channel.length; i++, at += step) {
    const value = channel[i];
    const size = Math.abs(value);
    if (!(size <= most)) {
      if (Number.isNaN(size)) return NaN;
      most = size;
    }
    const scaled = Math.max(-FULL, Math.min(FULL - 1, value * FULL));
    out[at] = ((scaled + FULL + 0.5) | 0) - FULL; // like `Math.round`, in a third of the time
  }
  return most;
}

export function mean(channels: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(channels[0].length);
  for (const channel of channels) for (let i = 0; i < out.length; i++) out[i] += channel[i];
  for (let i = 0; i < out.length; i++) out[i] /= channels.length;
  return out;
}
