/** A recording in pieces for the player, and where they come from. */

import { type AudioInfo, RATE } from "../../src/sound/audio-chunks";
import type { Block, Cut } from "../engine/engine-types";
import { Cutter, HEAD_BYTES, PIECE, Rounding } from "../engine/pieces";
import { breathe, Trouble } from "./user-error";

/** Longest block, in samples, that is handed over as it is, without being copied. */
const LONGEST = 40 * RATE;

export interface Pieces {
  readonly info: AudioInfo;
  readonly blobs: readonly Blob[];
}

/** A recording that has been cut up. */
export interface Recording {
  readonly pieces: Pieces;
  /** Number of channels of the file. */
  readonly channels: number;
}

/** Receives samples of all channels, whose buffers may be transferred. */
export type Taker = (channels: readonly Float32Array<ArrayBuffer>[]) => Promise<void> | void;

/** Hand a recording over, in blocks that are processed quickly, with pauses. */
export async function handOver(
  name: string,
  blocks: AsyncIterable<Block>,
  signal: AbortSignal,
  take: Taker,
): Promise<void> {
  let channels = 0;
  for await (const block of blocks) {
    channels ||= block.length;
    if (block.length !== channels) throw new Trouble(`“${name}” has channels that come and go.`);
    for (const part of parts(block as readonly Float32Array<ArrayBuffer>[])) {
      signal.throwIfAborted();
      await take(part);
      await breathe();
    }
    signal.throwIfAborted();
  }
}

function* parts(block: readonly Float32Array<ArrayBuffer>[]): Generator<typeof block> {
  const { length } = block[0];
  if (length <= LONGEST) yield block;
  else for (let at = 0; at < length; at += PIECE) yield block.map((c) => c.slice(at, at + PIECE));
}

/** Cut a recording up without listening to it; `wasm`: `pieces.wasm`. */
export async function cut(
  name: string,
  blocks: AsyncIterable<Block>,
  signal: AbortSignal,
  wasm: Uint8Array<ArrayBuffer>,
): Promise<Recording> {
  const cutter = new Cutter(await Rounding.open(wasm));
  await handOver(name, blocks, signal, async (channels) => {
    for (const _ of cutter.put(channels)) await breathe();
  });
  for (const _ of cutter.rest()) await breathe();
  return recordingOf(name, cutter.recording);
}

/** Describe a recording; throws `Trouble` if there is nothing in it. */
export function recordingOf(name: string, { blobs, samples, peak, channels }: Cut): Recording {
  if (!samples) throw new Trouble(`“${name}” is empty.`);
  if (!Number.isFinite(peak)) throw new Trouble(`“${name}” has samples that are no numbers.`);
  if (!peak) throw new Trouble(`“${name}” is silent: there are no drums in it.`);
  // The browser keeps the pieces as files, not in the page's memory.
  const info = { chunk: PIECE, samples, margin: 0, channels: channels > 2 ? 1 : channels };
  return { pieces: { info, blobs }, channels };
}

/** Return the samples of a piece, interleaved. */
export async function samplesOf(piece: Blob): Promise<Int16Array> {
  return new Int16Array(await piece.slice(HEAD_BYTES).arrayBuffer());
}
