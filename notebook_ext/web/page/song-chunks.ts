/** A recording in pieces that the player decodes: WAV files of 16 bits and five seconds. */

import { type AudioInfo, RATE } from "../../src/sound/audio-chunks";
import type { Samples } from "../engine/engine-types";
import type { Block } from "./decode";
import { breathe, Trouble } from "./user-error";

/** Samples of a piece, as Python cuts them. */
const PIECE = 5 * RATE;
const FULL = 32768;

export interface Pieces {
  readonly info: AudioInfo;
  readonly blobs: readonly Blob[];
}

/** What is played, and what the network hears. */
export interface Recording {
  readonly pieces: Pieces;
  readonly mono: Samples;
  /** Of the file as it was decoded. */
  readonly channels: number;
}

/**
 * Cut a recording up. The pieces lie where the browser keeps files, and not in the
 * memory of the page. What has more than two channels is played as their mean.
 */
export async function cut(
  name: string,
  blocks: AsyncIterable<Block>,
  signal: AbortSignal,
): Promise<Recording> {
  const blobs: Blob[] = [];
  const mono: Float32Array[] = [];
  let piece: Float32Array[] = [];
  let [channels, filled, samples, peak] = [0, 0, 0, 0];
  const flush = () => {
    const parts = piece.map((channel) => channel.subarray(0, filled));
    const middle = parts.length > 1 ? mean(parts) : parts[0].slice();
    const heard = parts.length > 2 ? [middle] : parts;
    for (const part of heard) peak = Math.max(peak, loudest(part));
    blobs.push(waveFile(interleaved(heard), heard.length));
    mono.push(middle);
    samples += filled;
    filled = 0;
  };
  for await (const block of blocks) {
    signal.throwIfAborted();
    channels ||= block.length;
    if (block.length !== channels) throw new Trouble(`“${name}” has channels that come and go.`);
    if (!piece.length) piece = block.map(() => new Float32Array(PIECE));
    for (let at = 0; at < block[0].length; ) {
      const part = Math.min(PIECE - filled, block[0].length - at);
      piece.forEach((channel, c) => channel.set(block[c].subarray(at, at + part), filled));
      at += part;
      filled += part;
      if (filled < PIECE) continue;
      flush();
      await breathe();
      signal.throwIfAborted();
    }
  }
  if (filled) flush();
  if (!samples) throw new Trouble(`“${name}” is empty.`);
  if (!Number.isFinite(peak)) throw new Trouble(`“${name}” has samples that are no numbers.`);
  if (!peak) throw new Trouble(`“${name}” is silent: there are no drums in it.`);
  const info = { chunk: PIECE, samples, margin: 0, channels: channels > 2 ? 1 : channels };
  return { pieces: { info, blobs }, mono: new Mono(mono, samples), channels };
}

/** One channel in pieces: an hour in one array would have to be found room for twice. */
class Mono implements Samples {
  constructor(
    private readonly parts: readonly Float32Array[],
    readonly length: number,
  ) {}

  slice(start: number, end: number): Float32Array<ArrayBuffer> {
    const out = new Float32Array(Math.max(Math.min(end, this.length) - start, 0));
    for (let at = 0; at < out.length; ) {
      const from = start + at;
      const offset = from % PIECE;
      const part = this.parts[(from - offset) / PIECE].subarray(offset, offset + out.length - at);
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
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
    if (Number.isNaN(size)) return NaN;
  }
  return most;
}
