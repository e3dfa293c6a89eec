/** Decodes a file to samples at 44.1 kHz, with the browser's own decoders. */

import { RATE } from "../../src/sound/audio-chunks";
import type { Block } from "../engine/engine-types";
import { mean } from "../engine/pieces";
import { isBitstream } from "./bitstream";
import { isMpeg, type Slices, slicesOf } from "./recording-slices";
import { startsOf } from "./recordings-in";
import { type Sniffed, sniff } from "./sniff";
import { type Tags, tagsOf } from "./tags";
import { timeBase } from "./time-base";
import { Trouble } from "./user-error";

/** What is known of a file before it is decoded. */
export interface Loaded {
  readonly file: File;
  readonly sniffed: Sniffed;
  readonly tags: Tags;
  /** The file, or the recordings that are joined in it end to end. */
  readonly parts: readonly Part[];
  /** Whether it can be decoded in one step. */
  readonly isShort: boolean;
  /** Null where the browser does not compute it. */
  readonly sha256: string | null;
  /** Estimated length. */
  readonly seconds: number;
}

interface Part {
  readonly file: File;
  readonly slices: Slices | null;
}

/** Most bytes of samples decoded at once; with more, a tab may run out of memory. */
const MOST_BYTES = 640e6;
/** Longest file that is decoded in slices. */
const MOST_SECONDS = 4200;
/** A longer file is decoded in slices if its format allows that. */
const LONG_SECONDS = 90;
/** Largest file that is hashed, since it has to be read whole for that. */
const MOST_HASHED = 256e6;
const HEAD_BYTES = 1 << 16;
/** Time that the browser has to report the length. */
const LENGTH_MS = 8000;

/** Inspect a file; throws `Trouble` if it is too long. */
export async function load(file: File): Promise<Loaded> {
  if (!file.size) throw new Trouble(`“${file.name}” is empty.`);
  const head = await bytes(file, file.slice(0, HEAD_BYTES));
  if (isBitstream(new Uint8Array(head)))
    throw new Trouble(
      `“${file.name}” has AC-3 or DTS for a receiver instead of samples: use “adt transcribe”.`,
    );
  const sniffed = sniff(new DataView(head), file.size);
  const data = file.size <= MOST_HASHED ? await bytes(file, file) : null;
  const sha256 = data && digest(data);
  const files = data ? recordingsIn(file, new Uint8Array(data)) : [file];
  const parts = await Promise.all(
    files.length === 1
      ? [partOf(file, sniffed, data && new Uint8Array(data))]
      : files.map((part) => partOf(part, null, null)),
  );
  const seconds = parts.reduce((sum, { length }) => sum + length, 0);
  const whole = MOST_BYTES / (4 * RATE * (sniffed.channels ?? 2));
  const most = parts.some(({ slices }) => slices) ? MOST_SECONDS : whole;
  if (seconds > most) {
    throw new Trouble(
      `“${file.name}” is too long for a browser: ${Math.ceil(seconds / 60)} minutes, and it takes up to ` +
        `${Math.floor(most / 60)} of this kind. Split it, or use “adt transcribe”.`,
    );
  }
  return {
    file,
    sniffed,
    tags: tagsOf(head),
    parts,
    isShort: seconds <= whole,
    sha256: await sha256,
    seconds,
  };
}

/** Inspect a recording; `data`: its bytes, if they have been read. */
async function partOf(
  file: File,
  sniffed: Sniffed | null,
  data: Uint8Array | null,
): Promise<Part & { readonly length: number }> {
  // Frames of MPEG tell the length at once, before the player does.
  const counted = data && isMpeg(data) ? await slicesOf(file, data) : null;
  const length = counted?.seconds ?? (await secondsOf(file, sniffed));
  const isLong = length > LONG_SECONDS;
  return { file, length, slices: isLong ? (counted ?? (await slicesOf(file, data))) : null };
}

function recordingsIn(file: File, data: Uint8Array): File[] {
  const starts = startsOf(data);
  if (starts.length === 1) return [file];
  return starts.map((start, index) => new File([file.slice(start, starts[index + 1])], file.name));
}

/** Slices do not meet. */
class Seam extends Error {}

/**
 * Decode a file, in slices if possible. `take` receives all of it, and may receive it again from
 * the start; `tell` receives sentences about surprises for the user.
 */
export async function decode<T>(
  { file, parts, isShort }: Loaded,
  take: (blocks: AsyncIterable<Block>) => Promise<T>,
  tell: (text: string) => void = () => undefined,
): Promise<T> {
  if (parts.length > 1)
    tell(`“${file.name}” holds ${parts.length} recordings, one after the other: all are read.`);
  try {
    if (parts.some(({ slices }) => slices)) return await take(chain(parts, true, tell));
  } catch (error) {
    if (!(error instanceof Seam)) throw error;
    if (!isShort)
      throw new Trouble(
        `“${file.name}” is too long to be decoded in one step, and its parts do not fit together. Split it.`,
      );
  }
  return take(chain(parts, false, tell));
}

/** Decode recordings one after the other, with as many channels as the first one. */
async function* chain(
  parts: readonly Part[],
  inSlices: boolean,
  tell: (text: string) => void,
): AsyncGenerator<Block> {
  let count = 0;
  for (const { file, slices } of parts) {
    for await (const block of inSlices && slices ? joined(file.name, slices) : whole(file, tell)) {
      count ||= block.length;
      yield block.length === count ? block : new Array<Float32Array>(count).fill(mean(block));
    }
  }
}

async function* whole(file: File, tell: (text: string) => void): AsyncGenerator<Block> {
  const data = await bytes(file, file);
  const { late, skip, track } = timeBase(new Uint8Array(data));
  if (track)
    tell(`Audio track ${track.number} of ${track.of} in “${file.name}” is read, as players do.`);
  const block = await decoded(file.name, data);
  if (late) yield block.map(() => new Float32Array(Math.round(late * RATE)));
  yield skip ? block.map((channel) => channel.subarray(Math.round(skip * RATE))) : block;
}

async function decoded(name: string, data: ArrayBuffer): Promise<Block> {
  let buffer: AudioBuffer;
  try {
    // It decodes in a thread of its own, resamples, and keeps the channels apart.
    buffer = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(data);
  } catch {
    throw new Trouble(`“${name}” is damaged, or no recording that this browser can read.`);
  }
  return Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
}

/** Number of samples of a slice that are searched for in the next slice, */
const MATCH = 2048;
/** and their distance from its end, where a decoder or resampler may have faded out. */
const END = 4096;
const SAME = 2e-6;
/** Samples below this count as silence. */
const QUIET = 1e-3;

async function* joined(name: string, slices: Slices): AsyncGenerator<Block> {
  let left = slices.samples ?? Infinity;
  let tail: Float32Array | null = null;
  const slice = async (index: number) => decoded(name, await slices.bytes(index));
  let coming = slice(0);
  for (let index = 0; index < slices.count && left > 0; index++) {
    const block = await coming;
    if (index + 1 < slices.count) {
      // The browser decodes the next slice while this one is processed.
      coming = slice(index + 1);
      coming.catch(() => undefined); // reported when its turn comes
    }
    const [first] = block;
    let start = 0;
    let end = first.length;
    if (tail) start = slices.steps ? slices.steps.overlap - END : meeting(first, tail);
    if (index + 1 < slices.count) {
      // A resampler may leave out the last sample, so the length is not reliable.
      const { own, overlap } = slices.steps ?? { own: first.length, overlap: 0 };
      end = own + (index && overlap) - END;
    }
    if (start > end || end < MATCH) throw new Seam();
    tail = first.slice(end - MATCH, end);
    const part = block.map((channel) => channel.subarray(start, Math.min(end, start + left)));
    left -= part[0].length;
    yield part;
  }
}

/** Return the position in a slice that follows the end of the previous one. */
function meeting(samples: Float32Array, tail: Float32Array): number {
  if (!tail.some((value) => Math.abs(value) > QUIET)) throw new Seam();
  const isAt = (at: number) => {
    for (let i = 0; i < MATCH; i++)
      if (!(Math.abs(samples[at + i] - tail[i]) <= SAME)) return false;
    return true;
  };
  const most = Math.min(samples.length - MATCH, 8 * RATE);
  for (let at = 0; at <= most; at++) if (isAt(at)) return at + MATCH;
  throw new Seam();
}

async function bytes(file: File, part: Blob): Promise<ArrayBuffer> {
  try {
    return await part.arrayBuffer();
  } catch {
    throw new Trouble(`“${file.name}” cannot be read: it is gone, a folder, or not yours to read.`);
  }
}

/** Return the length in seconds; if it is unknown, estimate it from the size, at 64 kbit/s. */
async function secondsOf(file: File, sniffed: Sniffed | null): Promise<number> {
  const reported = Math.min((await durationOf(file)) ?? Infinity, sniffed?.duration ?? Infinity);
  return Number.isFinite(reported) ? reported : file.size / 8000;
}

/** Return the length in seconds from the browser's player; null if it is unknown. */
function durationOf(file: File): Promise<number | null> {
  return new Promise((resolve) => {
    const player = new Audio();
    const url = URL.createObjectURL(file);
    const done = (seconds: number | null) => {
      clearTimeout(timer);
      player.removeAttribute("src");
      player.load();
      URL.revokeObjectURL(url);
      resolve(seconds !== null && Number.isFinite(seconds) ? seconds : null);
    };
    const timer = setTimeout(() => done(null), LENGTH_MS);
    player.preload = "metadata";
    player.addEventListener("loadedmetadata", () => done(player.duration), { once: true });
    player.addEventListener("error", () => done(null), { once: true });
    player.src = url;
  });
}

/** Return the SHA-256; null on a page from a plain http server, which may not compute it. */
async function digest(data: ArrayBuffer): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
