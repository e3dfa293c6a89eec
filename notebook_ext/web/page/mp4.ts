/** Tracks of MP4, M4A and MOV files (ISO/IEC 14496-12): when they start, by their edit lists. */

import { Bytes } from "./bytes";
import type { Track } from "./track";

interface Box {
  readonly type: string;
  /** Positions at which its type, its content and the next box begin. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

const FILE = new Set(["ftyp", "moov", "mdat", "wide", "pnot", "free", "skip"]);
/** Sample descriptions of MPEG audio that is MP3, by `objectTypeIndication`. */
const MP3 = new Set([0x69, 0x6b]);
const ENABLED = 1;

/** Return the tracks with pictures or sound; null if this is another kind of file. */
export function mp4Tracks(data: Uint8Array): Track[] | null {
  const bytes = new Bytes(data);
  if (!FILE.has(bytes.text(4, 4))) return null;
  const top = [...boxes(bytes, 0, data.length)];
  const movie = top.find((box) => box.type === "moov");
  if (!movie) return [];
  const header = find(bytes, movie, "mvhd");
  const timescale = header ? bytes.uint(header.start + (is64(bytes, header) ? 20 : 12), 4) : 0;
  const fragment = top.find((box) => box.type === "moof");
  return [...boxes(bytes, movie.start, movie.end)]
    .filter((box) => box.type === "trak")
    .flatMap((box) => track(bytes, box, timescale || 1, fragment) ?? []);
}

function* boxes(bytes: Bytes, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to; ) {
    let size = bytes.uint(at, 4);
    let start = at + 8;
    if (size === 1) {
      size = bytes.uint(at + 10, 6);
      start += 8;
    }
    const end = size ? Math.min(at + size, to) : to;
    if (end < start) return;
    yield { type: bytes.text(at + 4, 4), at: at + 4, start, end };
    at = end;
  }
}

function find(bytes: Bytes, within: Box | undefined, ...path: string[]): Box | undefined {
  let inner = within;
  for (const type of path) {
    if (!inner) return undefined;
    inner = [...boxes(bytes, inner.start, inner.end)].find((box) => box.type === type);
  }
  return inner;
}

/** Return whether the times in a box have 64 bits. */
const is64 = (bytes: Bytes, box: Box): boolean => bytes.data[box.start] === 1;

function track(bytes: Bytes, box: Box, movieScale: number, fragment?: Box): Track | null {
  const head = find(bytes, box, "tkhd");
  const times = find(bytes, box, "mdia", "mdhd");
  const handler = find(bytes, box, "mdia", "hdlr");
  if (!head || !times || !handler) return null;
  const type = bytes.text(handler.start + 8, 4);
  if (type !== "soun" && type !== "vide") return null;
  const scale = bytes.uint(times.start + (is64(bytes, times) ? 20 : 12), 4) || 1;
  const list = find(bytes, box, "edts");
  const { empty, from, plays } = edits(bytes, find(bytes, list, "elst"));
  const table = find(bytes, box, "mdia", "minf", "stbl");
  const inFragment = bytes.uint(head.start + (is64(bytes, head) ? 20 : 12), 4);
  const first = firstTime(bytes, table, fragment, inFragment);
  const shift = type === "soun" ? 0 : first.shown - from;
  const before = type === "soun" ? oddDelay(bytes, table) : null;
  const isMended = before !== null && list !== undefined && plays === 1;
  const start = empty / movieScale + Math.max(first.decoded + shift, 0) / scale;
  return {
    kind: type === "soun" ? "audio" : "video",
    isDefault: (bytes.data[head.start + 3] & ENABLED) !== 0,
    start,
    sounds: start + Math.max((before ?? 0) - from / scale, 0),
    skip: isMended ? Math.max(from / scale - before, 0) : 0,
    hide: () => rename(bytes, box.at, "free"),
    mend: () => {
      if (isMended) rename(bytes, list.at, "free");
    },
  };
}

function rename(bytes: Bytes, at: number, type: string): void {
  for (let i = 0; i < 4; i++) bytes.data[at + i] = type.charCodeAt(i);
}

/** Return the gap before the first edit, in the movie's time, where it begins, and their number. */
function edits(bytes: Bytes, list?: Box): { empty: number; from: number; plays: number } {
  const edit = { empty: 0, from: 0, plays: 0 };
  if (!list) return edit;
  const long = is64(bytes, list);
  const size = long ? 20 : 12;
  const count = Math.min(bytes.uint(list.start + 4, 4), (list.end - list.start - 8) / size);
  for (let i = 0; i < count; i++) {
    const at = list.start + 8 + i * size;
    const lasts = long ? bytes.uint(at + 2, 6) : bytes.uint(at, 4);
    const isEmpty = bytes.int32(at + (long ? 8 : 4)) === -1;
    if (isEmpty && !edit.plays) edit.empty += lasts;
    if (!isEmpty && !edit.plays++) edit.from = bytes.uint(at + (long ? 10 : 4), long ? 6 : 4);
  }
  return edit;
}

/** Return when the first sample is decoded, and how much later it is shown, in track time. */
function firstTime(bytes: Bytes, table: Box | undefined, fragment: Box | undefined, id: number) {
  const offsets = find(bytes, table, "ctts");
  const shown = offsets && bytes.uint(offsets.start + 4, 4) ? bytes.int32(offsets.start + 12) : 0;
  const sizes = find(bytes, table, "stsz");
  if (!fragment || (sizes && bytes.uint(sizes.start + 8, 4))) return { decoded: 0, shown };
  for (const part of boxes(bytes, fragment.start, fragment.end)) {
    const head = part.type === "traf" ? find(bytes, part, "tfhd") : undefined;
    const time = find(bytes, part, "tfdt");
    if (!head || !time || bytes.uint(head.start + 4, 4) !== id) continue;
    const long = is64(bytes, time);
    return { decoded: bytes.uint(time.start + (long ? 6 : 4), long ? 6 : 4), shown };
  }
  return { decoded: 0, shown };
}

/**
 * Seconds that a decoder of this codec leaves out by itself, where Chromium leaves out the
 * edit list's too; null for other codecs.
 */
function oddDelay(bytes: Bytes, table?: Box): number | null {
  const descriptions = find(bytes, table, "stsd");
  if (!descriptions) return null;
  const [entry] = boxes(bytes, descriptions.start + 8, descriptions.end);
  if (!entry) return null;
  if (entry.type === ".mp3") return 0;
  const inner = [...boxes(bytes, entry.start + 28, entry.end)];
  if (entry.type === "Opus") {
    const opus = inner.find((box) => box.type === "dOps");
    return opus ? bytes.uint(opus.start + 2, 2) / 48000 : null;
  }
  const description = inner.find((box) => box.type === "esds");
  return description && MP3.has(objectType(bytes, description)) ? 0 : null;
}

/** `objectTypeIndication` of an ES_Descriptor (ISO/IEC 14496-1). */
function objectType(bytes: Bytes, box: Box): number {
  let at = descriptor(bytes, box.start + 4);
  const flags = bytes.data[at + 2];
  at += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x40 ? 1 + bytes.data[at + 3] : 0);
  at += flags & 0x20 ? 2 : 0;
  return bytes.data[descriptor(bytes, at)];
}

/** Return the position of a descriptor's content, behind its tag and length. */
function descriptor(bytes: Bytes, at: number): number {
  let behind = at + 1;
  while (bytes.data[behind] & 0x80) behind++;
  return behind + 1;
}
