/**
 * Mends Opus in Ogg that was cut without re-encoding. The position in its first page is lower than
 * the number of samples in it, so that sound would lie before zero: Chromium drops that part, other
 * programs play it.
 */

import { Bytes } from "./bytes";

interface Page {
  readonly at: number;
  readonly end: number;
  readonly body: number;
  readonly isLast: boolean;
  /** Position of its end in samples at 48 kHz; null if no packet ends in it. */
  readonly time: number | null;
  readonly serial: number;
  /** Samples of the packets that begin in it. */
  readonly samples: number;
}

const MARK = 0x4f676753; // "OggS"
const HEADER = 27;
const TIME = 6;
const CHECKSUM = 22;
const CONTINUED = 1;
const END_OF_STREAM = 4;
const HEADER_PAGES = 2;

/** Frame lengths in samples at 48 kHz, by the configuration in a packet's first byte (RFC 6716). */
const SILK = [480, 960, 1920, 2880];
const HYBRID = [480, 960];
const CELT = [120, 240, 480, 960];

/** Make pages count from the first sample; returns whether this is Opus in Ogg. */
export function countFromStart(data: Uint8Array): boolean {
  const bytes = new Bytes(data);
  const pages = [...pagesOf(bytes)];
  if (!pages.length || bytes.text(pages[0].body, 8) !== "OpusHead") return false;
  // After the two headers; the comment may span pages that have no time.
  const sound = pages.slice(HEADER_PAGES).filter((page) => page.time === null || page.time > 0);
  const first = sound.findIndex((page) => page.time !== null);
  if (first < 0 || sound[first].isLast) return true;
  if (pages.some((page) => page.serial !== pages[0].serial)) return true; // several streams
  const held = sound.slice(0, first + 1).reduce((sum, page) => sum + page.samples, 0);
  const missing = held - (sound[first].time ?? 0);
  if (missing <= 0) return true;
  for (const page of sound) if (page.time !== null) setTime(bytes, page, page.time + missing);
  return true;
}

function* pagesOf(bytes: Bytes): Generator<Page> {
  const { data } = bytes;
  for (let at = 0; at + HEADER <= data.length && bytes.uint(at, 4) === MARK; ) {
    const count = data[at + 26];
    const body = at + HEADER + count;
    let end = body;
    let samples = 0;
    let begins = !(data[at + 5] & CONTINUED);
    for (let i = 0; i < count; i++) {
      const lace = data[at + HEADER + i] ?? 0;
      if (begins) samples += samplesOf(data, end);
      begins = lace < 255;
      end += lace;
    }
    const isOpen = bytes.uint(at + TIME, 4) === 0xffffffff;
    const time = isOpen ? null : little(bytes, at + TIME) + little(bytes, at + TIME + 4) * 2 ** 32;
    const isLast = (data[at + 5] & END_OF_STREAM) !== 0;
    yield { at, end, body, isLast, time, serial: little(bytes, at + 14), samples };
    at = end;
  }
}

const little = ({ data }: Bytes, at: number): number =>
  (data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24)) >>> 0;

function samplesOf(data: Uint8Array, at: number): number {
  const kind = data[at] >> 3;
  const frame = kind < 12 ? SILK[kind & 3] : kind < 16 ? HYBRID[kind & 1] : CELT[kind & 3];
  const code = data[at] & 3;
  return frame * (code === 0 ? 1 : code < 3 ? 2 : data[at + 1] & 63);
}

function setTime({ data }: Bytes, page: Page, time: number): void {
  const view = new DataView(data.buffer, data.byteOffset);
  view.setUint32(page.at + TIME, time % 2 ** 32, true);
  view.setUint32(page.at + TIME + 4, Math.floor(time / 2 ** 32), true);
  view.setUint32(page.at + CHECKSUM, 0, true);
  let sum = 0;
  for (let at = page.at; at < page.end; at++) sum = (sum << 8) ^ CRC[(sum >>> 24) ^ data[at]];
  view.setUint32(page.at + CHECKSUM, sum >>> 0, true);
}

/** Table of Ogg's checksum (RFC 3533). */
const CRC = Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit++) sum = (sum << 1) ^ (sum < 0 ? 0x04c11db7 : 0);
  return sum;
});
