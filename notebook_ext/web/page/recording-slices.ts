/**
 * Cuts a long recording into files that can be decoded one by one. The browser decodes a file as a
 * whole, in one step: slices take little memory, and the page responds in between. Each slice
 * overlaps the one before it, and `join` aligns them by their samples, so that it does not matter
 * how a decoder starts: the result is that of the whole file, sample by sample.
 */

import { RATE } from "../../src/sound/audio-chunks";

export interface Slices {
  readonly count: number;
  /** Return a slice as a complete file. */
  bytes(index: number): Promise<ArrayBuffer>;
  /** Samples at 44.1 kHz that are new in a slice, and those before them; null: unknown. */
  readonly steps: { readonly own: number; readonly overlap: number } | null;
  /** Samples at 44.1 kHz of the whole; null: all that are decoded. */
  readonly samples: number | null;
  /** Length in seconds, if all frames were counted. */
  readonly seconds?: number;
}

const SLICE_SECONDS = 30;
const OVERLAP_SECONDS = 1;
/** Files other than WAV are read completely. */
const MOST_BYTES = 400e6;

/**
 * Return the slices of a file; null if it is short, or of a kind that is decoded whole. `data`: all
 * of its bytes, if they have been read.
 */
export async function slicesOf(file: Blob, data: Uint8Array | null): Promise<Slices | null> {
  const head = data ?? new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const slices =
    markOf(head) === "RIFF" ? await waveSlices(file) : await packedSlices(file, data, head);
  return slices && slices.count > 1 ? slices : null;
}

const markOf = (head: Uint8Array): string => String.fromCharCode(...head.subarray(0, 4));

/** Whether a file begins as MP3 does. */
export const isMpeg = (head: Uint8Array): boolean =>
  head[0] === 0xff || markOf(head).startsWith("ID3");

async function packedSlices(
  file: Blob,
  data: Uint8Array | null,
  head: Uint8Array,
): Promise<Slices | null> {
  const mark = markOf(head);
  const slice =
    mark === "OggS" ? oggSlices : mark === "fLaC" ? flacSlices : isMpeg(head) ? mpegSlices : null;
  if (!slice || file.size > MOST_BYTES) return null;
  return slice(data ?? new Uint8Array(await file.arrayBuffer()));
}

const joined = (...parts: Uint8Array[]): ArrayBuffer => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out.buffer;
};

// --- WAV --------------------------------------------------------------------

async function waveSlices(file: Blob): Promise<Slices | null> {
  const head = new DataView(await file.slice(0, 1 << 16).arrayBuffer());
  let format = 0;
  for (let at = 12; at + 8 <= head.byteLength; ) {
    const size = head.getUint32(at + 4, true);
    const name = head.getUint32(at);
    if (name === 0x666d7420) format = at; // "fmt "
    if (name === 0x64617461 && format && format + 24 <= head.byteLength) {
      // "data"
      return wave(file, head, format, at + 8, Math.min(size, file.size - at - 8));
    }
    at += 8 + size + (size % 2);
  }
  return null;
}

function wave(
  file: Blob,
  head: DataView,
  format: number,
  start: number,
  size: number,
): Slices | null {
  const rate = head.getUint32(format + 12, true);
  const block = head.getUint16(format + 20, true);
  if (!rate || !block || rate * block !== head.getUint32(format + 16, true)) return null;
  const step = SLICE_SECONDS * rate * block;
  return {
    count: Math.ceil(size / step),
    steps: { own: SLICE_SECONDS * RATE, overlap: OVERLAP_SECONDS * RATE },
    samples: null,
    async bytes(index) {
      const from = Math.max(index * step - OVERLAP_SECONDS * rate * block, 0);
      const data = await file
        .slice(start + from, start + Math.min((index + 1) * step, size))
        .arrayBuffer();
      const own = new Uint8Array(head.buffer.slice(0, start));
      new DataView(own.buffer).setUint32(4, start - 8 + data.byteLength, true);
      new DataView(own.buffer).setUint32(start - 4, data.byteLength, true);
      return joined(own, new Uint8Array(data));
    },
  };
}

// --- MP3 --------------------------------------------------------------------

const KBITS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const FRAME = 1152;

/** Bytes of an MPEG 1 layer 3 frame at 44.1 kHz; 0 if there is none. */
function frameSize(data: Uint8Array, at: number): number {
  if (data[at] !== 0xff || (data[at + 1] & 0xfe) !== 0xfa) return 0;
  const kbits = KBITS[data[at + 2] >> 4];
  if (!kbits || (data[at + 2] & 12) !== 0) return 0;
  return Math.floor((144_000 * kbits) / RATE) + ((data[at + 2] >> 1) & 1);
}

function mpegSlices(data: Uint8Array): Slices | null {
  const starts: number[] = [];
  let at = 0;
  if (data[0] === 0x49) at = 10 + [6, 7, 8, 9].reduce((sum, i) => (sum << 7) | (data[i] & 127), 0);
  const begin = at;
  for (let size = frameSize(data, at); size; size = frameSize(data, at)) {
    starts.push(at);
    at += size;
  }
  const end = Math.min(at, data.length);
  // The rest is a tag, or the file is damaged, which the browser handles.
  if (data.length - end > 300_000 || starts[0] !== begin) return null;
  const step = Math.round((SLICE_SECONDS * RATE) / FRAME);
  const before = Math.ceil((OVERLAP_SECONDS * RATE) / FRAME);
  return {
    count: Math.ceil(starts.length / step),
    steps: null,
    samples: encodedSamples(data, begin),
    seconds: (starts.length * FRAME) / RATE,
    bytes: async (index) =>
      data.slice(index ? starts[index * step - before] : 0, starts[(index + 1) * step] ?? end)
        .buffer,
  };
}

/** Return the number of samples according to the encoder, which the browser uses too. */
function encodedSamples(data: Uint8Array, begin: number): number | null {
  const mono = data[begin + 3] >> 6 === 3;
  const at = begin + 4 + (mono ? 17 : 32);
  const view = new DataView(data.buffer, data.byteOffset);
  const mark = at + 144 <= data.length ? view.getUint32(at) : 0;
  if (mark !== 0x58696e67 && mark !== 0x496e666f) return null; // "Xing", "Info"
  const flags = view.getUint32(at + 4);
  if ((flags & 15) !== 15) return null;
  const padding = (data[at + 141] << 16) | (data[at + 142] << 8) | data[at + 143];
  return view.getUint32(at + 8) * FRAME - (padding >> 12) - (padding & 0xfff);
}

// --- FLAC -------------------------------------------------------------------

function flacSlices(data: Uint8Array): Slices | null {
  const view = new DataView(data.buffer, data.byteOffset);
  const block = view.getUint16(8);
  const total = (data[21] & 15) * 2 ** 32 + view.getUint32(22);
  if (view.getUint32(18) >>> 12 !== RATE || block !== view.getUint16(10) || !total) return null;
  let at = 4;
  for (let last = false; !last && at + 4 < data.length; ) {
    last = data[at] >= 128;
    at += 4 + (view.getUint32(at) & 0xffffff);
  }
  const first = at;
  const info = data.slice(0, 42);
  info[4] = 0x80; // the last of the metadata
  info[21] &= 0xf0;
  info.fill(0, 22, 42); // length and hash would not fit a slice
  return slicesWith(info, data, first, total, 1.5, (where) =>
    flacFrame(data, Math.max(where, first)),
  );
}

/**
 * Slice what follows byte `first` into files that begin with `head`. `edge` returns the next
 * place to cut at; the overlap is `variation` times longer than on average, as rates vary.
 */
function slicesWith(
  head: Uint8Array,
  data: Uint8Array,
  first: number,
  samples: number,
  variation: number,
  edge: (where: number) => number,
): Slices {
  const count = Math.ceil(samples / (SLICE_SECONDS * RATE));
  const step = (data.length - first) / count;
  const before = (step / SLICE_SECONDS) * OVERLAP_SECONDS * variation;
  const start = (index: number) => edge(Math.floor(first + index * step - before));
  const end = (index: number) => edge(Math.floor(first + (index + 1) * step));
  return {
    count,
    steps: null,
    samples,
    bytes: async (index) =>
      joined(
        head,
        data.subarray(index ? start(index) : first, index + 1 < count ? end(index) : data.length),
      ),
  };
}

/** Return the position of the next frame. */
function flacFrame(data: Uint8Array, from: number): number {
  for (let at = data.indexOf(0xff, from); at >= 0; at = data.indexOf(0xff, at + 1)) {
    if (data[at + 1] !== 0xf8 || data[at + 3] & 1) continue;
    let end = at + 4;
    const lead = data[end];
    end += lead < 0x80 ? 1 : Math.max(Math.clz32(~(lead << 24)), 2);
    const size = data[at + 2] >> 4;
    end += size === 6 ? 1 : size === 7 ? 2 : 0;
    const rate = data[at + 2] & 15;
    end += rate === 12 ? 1 : rate === 13 || rate === 14 ? 2 : 0;
    if (end < data.length && crc8(data.subarray(at, end)) === data[end]) return at;
  }
  return data.length;
}

function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x107 : 0)) & 0x1ff;
  }
  return crc & 0xff;
}

// --- Ogg Vorbis -------------------------------------------------------------

function oggSlices(data: Uint8Array): Slices | null {
  const view = new DataView(data.buffer, data.byteOffset);
  const codec = 28 + data[26];
  if (String.fromCharCode(...data.subarray(codec, codec + 6)) !== "vorbis") return null;
  if (view.getUint32(codec + 11, true) !== RATE) return null;
  const serial = view.getUint32(14, true);
  const isPage = (at: number) =>
    view.getUint32(at) === 0x4f676753 && view.getUint32(at + 14, true) === serial;
  const next = (from: number) => {
    for (
      let at = data.indexOf(0x4f, from);
      at >= 0 && at + 27 < data.length;
      at = data.indexOf(0x4f, at + 1)
    ) {
      if (isPage(at)) return at;
    }
    return data.length;
  };
  let first = 0;
  while (
    first < data.length &&
    view.getUint32(first + 6, true) === 0 &&
    view.getUint32(first + 10, true) === 0
  ) {
    first = next(first + 27);
  }
  let last = data.lastIndexOf(0x4f);
  while (last > first && !(last + 27 < data.length && isPage(last)))
    last = data.lastIndexOf(0x4f, last - 1);
  const total = view.getUint32(last + 6, true) + view.getUint32(last + 10, true) * 2 ** 32;
  // Pages hold up to about a second, and bit rates vary.
  return slicesWith(data.subarray(0, first), data, first, total, 3, next);
}
