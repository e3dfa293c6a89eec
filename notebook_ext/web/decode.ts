/** From a file to samples at 44.1 kHz, by the browser's own decoders. */

import { RATE } from "../src/chunks";
import { sniff, type Sniffed } from "./sniff";
import { Trouble } from "./trouble";

/** A file's bytes, and what they are. */
export interface Loaded {
  readonly data: ArrayBuffer;
  readonly sniffed: Sniffed;
  /** Null where the browser does not compute it. */
  readonly sha256: string | null;
}

/** Decoded, bytes: more than this and a tab may run out of memory. */
const MOST_BYTES = 640e6;
const HEAD_BYTES = 1 << 16;
/** So long a browser may take to tell the length. */
const LENGTH_MS = 8000;

/** Read a file that is not too long. */
export async function load(file: File): Promise<Loaded> {
  if (!file.size) throw new Trouble(`“${file.name}” is empty.`);
  const head = await bytes(file, file.slice(0, HEAD_BYTES));
  const sniffed = sniff(new DataView(head), file.size);
  await checkLength(file, sniffed);
  const data = await bytes(file, file);
  return { data, sniffed, sha256: await digest(data) };
}

/** Channels of equal length at 44.1 kHz; `data` is used up. */
export async function decode(name: string, data: ArrayBuffer): Promise<Float32Array[]> {
  let buffer: AudioBuffer;
  try {
    // It decodes in a thread of its own, resamples, and keeps the channels apart.
    buffer = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(data);
  } catch {
    throw new Trouble(`“${name}” is damaged, or no recording that this browser can read.`);
  }
  return Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
}

async function bytes(file: File, part: Blob): Promise<ArrayBuffer> {
  try {
    return await part.arrayBuffer();
  } catch {
    throw new Trouble(`“${file.name}” cannot be read: it is gone, a folder, or not yours to read.`);
  }
}

/** Refuse what would not fit into memory, before it is decoded. */
async function checkLength(file: File, sniffed: Sniffed): Promise<void> {
  const perSecond = 4 * RATE * (sniffed.channels ?? 2);
  const told = await durationOf(file);
  const seconds = Math.min(told ?? Infinity, sniffed.duration ?? Infinity);
  // A length that nobody tells is taken from the size, at 64 kbit/s.
  const guess = Number.isFinite(seconds) ? seconds : file.size / 8000;
  if (guess * perSecond <= MOST_BYTES) return;
  const most = Math.floor(MOST_BYTES / perSecond / 60);
  throw new Trouble(
    `“${file.name}” is too long for a browser: ${Math.ceil(guess / 60)} minutes, and it takes up to `
    + `${most} of this kind. Split it, or use “adt transcribe”.`);
}

/** Seconds, by the browser's player; null if it cannot tell. */
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

/** Only a page of this machine or of an https server may compute it. */
async function digest(data: ArrayBuffer): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
