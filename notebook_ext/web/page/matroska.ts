/** Tracks of Matroska and WebM files (RFC 9559): when they start, by their first blocks. */

import { Bytes } from "./bytes";
import type { Track } from "./track";

interface Element {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_NUMBER = 0xd7;
const TRACK_TYPE = 0x83;
const FLAG_DEFAULT = 0x88;
const CODEC_ID = 0x86;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;

/** Elements of unknown size, which end where another one of their level begins. */
const UNKNOWN_SIZE = -1;
const VIDEO = 1;
const AUDIO = 2;
const BUTTONS = 0x12; // a type of track that players ignore
const NANOSECONDS = 1e9;
/** Flags of a block that holds several packets. */
const LACING = 6;
/** Seconds from the first packet of Vorbis to the second, which is short as well. */
const VORBIS_STEP = 0.0025;
/** Number of clusters in which the beginnings of tracks are searched for. */
const MOST_CLUSTERS = 64;

interface Entry {
  readonly number: number;
  readonly type: number;
  readonly typeAt: number;
  readonly isDefault: boolean;
  /** The packet that yields the first samples. */
  readonly sounding: number;
  /** Times in seconds of the packets up to that one. */
  readonly times: number[];
}

/** Return the tracks with pictures or sound; null if this is another kind of file. */
export function matroskaTracks(data: Uint8Array): Track[] | null {
  const bytes = new Bytes(data);
  if (bytes.uint(0, 4) !== EBML) return null;
  const segment = child(bytes, { id: 0, start: 0, end: data.length }, SEGMENT);
  if (!segment) return [];
  let unit = 1e-3;
  let entries: Entry[] = [];
  let clusters = 0;
  for (const element of elements(bytes, segment)) {
    if (element.id === INFO) {
      unit = number(bytes, child(bytes, element, TIMESTAMP_SCALE)) / NANOSECONDS || unit;
    }
    if (element.id === TRACKS)
      entries = all(bytes, element, TRACK_ENTRY).map((e) => entry(bytes, e));
    if (element.id !== CLUSTER) continue;
    addTimes(bytes, element, entries, unit);
    if (++clusters > MOST_CLUSTERS || entries.every((e) => e.times.length >= e.sounding)) break;
  }
  return entries
    .filter(({ type }) => type === VIDEO || type === AUDIO)
    .map((e) => ({
      kind: e.type === AUDIO ? "audio" : "video",
      isDefault: e.isDefault,
      start: e.times[0] ?? null,
      sounds: e.times.at(-1) ?? null,
      skip: 0,
      hide: () => {
        data[e.typeAt] = BUTTONS;
      },
      mend: () => undefined,
    }));
}

function entry(bytes: Bytes, element: Element): Entry {
  const type = child(bytes, element, TRACK_TYPE);
  const flag = child(bytes, element, FLAG_DEFAULT);
  const codec = child(bytes, element, CODEC_ID);
  const name = codec ? bytes.text(codec.start, codec.end - codec.start) : "";
  return {
    number: number(bytes, child(bytes, element, TRACK_NUMBER)),
    type: number(bytes, type),
    typeAt: type ? type.end - 1 : 0,
    isDefault: !flag || number(bytes, flag) !== 0,
    // The first packet of Vorbis only fills the decoder.
    sounding: name.startsWith("A_VORBIS") ? 2 : 1,
    times: [],
  };
}

/** Collect the times of the first blocks of each track; `unit` is in seconds. */
function addTimes(bytes: Bytes, cluster: Element, entries: readonly Entry[], unit: number): void {
  let base = 0;
  for (const element of elements(bytes, cluster)) {
    if (element.id === TIMESTAMP) base = number(bytes, element);
    const block = element.id === BLOCK_GROUP ? child(bytes, element, BLOCK) : element;
    if (!block || (block.id !== BLOCK && block.id !== SIMPLE_BLOCK)) continue;
    const [track, at] = vint(bytes, block.start);
    const owner = entries.find((e) => e.number === track);
    if (!owner || owner.times.length >= owner.sounding) continue;
    const time = (base + ((bytes.uint(at, 2) << 16) >> 16)) * unit;
    owner.times.push(time);
    const isLaced = (bytes.data[at + 2] & LACING) !== 0;
    if (isLaced && owner.sounding > 1) owner.times.push(time + VORBIS_STEP);
    if (entries.every((e) => e.times.length >= e.sounding)) return;
  }
}

/** Yield the elements within one; an unknown size reaches to the end of the outer element. */
function* elements(bytes: Bytes, within: Element): Generator<Element> {
  for (let at = within.start; at + 2 <= within.end; ) {
    const idLength = Math.clz32(bytes.data[at] << 24) + 1;
    if (idLength > 4) return;
    const id = bytes.uint(at, idLength);
    const [size, start] = vint(bytes, at + idLength);
    // Live streams: a cluster ends where the next one begins.
    if (within.id === CLUSTER && id === CLUSTER) return;
    const end = size === UNKNOWN_SIZE ? within.end : Math.min(start + size, within.end);
    yield { id, start, end };
    at = size === UNKNOWN_SIZE && id === CLUSTER ? clusterEnd(bytes, start, end) : end;
  }
}

function clusterEnd(bytes: Bytes, from: number, to: number): number {
  let at = from;
  for (const element of elements(bytes, { id: CLUSTER, start: from, end: to })) at = element.end;
  return at;
}

const all = (bytes: Bytes, within: Element, id: number): Element[] =>
  [...elements(bytes, within)].filter((element) => element.id === id);

function child(bytes: Bytes, within: Element, id: number): Element | undefined {
  for (const element of elements(bytes, within)) if (element.id === id) return element;
  return undefined;
}

const number = (bytes: Bytes, element?: Element): number =>
  element ? bytes.uint(element.start, element.end - element.start) : 0;

/** Return a number of variable length, and where it ends. */
function vint(bytes: Bytes, at: number): [number, number] {
  const length = Math.clz32(bytes.data[at] << 24) + 1;
  if (length > 8) return [0, at + 1];
  const first = bytes.data[at] & (0x7f >> (length - 1));
  const value = first * 2 ** (8 * (length - 1)) + bytes.uint(at + 1, length - 1);
  return [value >= 2 ** (7 * length) - 1 ? UNKNOWN_SIZE : value, at + length];
}
