/**
 * Finds the recordings of a file in which several are joined end to end. Browsers play all of some
 * kinds, and the first alone of others.
 */

const MOST = 1000;

/** Return where the recordings begin; `[0]` for a file with one. */
export function startsOf(data: Uint8Array): number[] {
  const starts = [0];
  while (starts.length < MOST) {
    const end = endOf(data, starts[starts.length - 1]);
    const next = end === null ? data.length : behindTags(data, end);
    if (next >= data.length || !begins(data, next)) break;
    starts.push(next);
  }
  return starts;
}

/** Return where the recording that begins at `start` ends; null if that is unknown. */
function endOf(data: Uint8Array, start: number): number | null {
  const at = behindId3(data, start);
  const mark = text(data, at, 4);
  if (mark === "RIFF") return even(at + 8 + little(data, at + 4));
  if (mark === "fLaC") return indexOf(data, FLAC, at + 4);
  if (mark === "OggS") return endOfOgg(data, at);
  if (text(data, at + 4, 4) === "ftyp") return endOfMp4(data, at);
  return frameBytes(data, at) ? endOfMp3(data, at) : null;
}

function begins(data: Uint8Array, at: number): boolean {
  const mark = text(data, at, 4);
  if (mark === "RIFF") return text(data, at + 8, 4) === "WAVE";
  if (mark === "fLaC" || mark === "OggS" || text(data, at + 4, 4) === "ftyp") return true;
  if (mark.startsWith("ID3")) return behindId3(data, at) < data.length;
  const bytes = frameBytes(data, at);
  return bytes > 0 && frameBytes(data, at + bytes) > 0;
}

const FLAC = [0x66, 0x4c, 0x61, 0x43, 0, 0, 0, 0x22];

function indexOf(data: Uint8Array, wanted: readonly number[], from: number): number {
  for (let at = data.indexOf(wanted[0], from); at >= 0; at = data.indexOf(wanted[0], at + 1))
    if (wanted.every((byte, index) => data[at + index] === byte)) return at;
  return data.length;
}

/** RFC 3533: the streams of a link of a chain begin together, before all other pages. */
function endOfOgg(data: Uint8Array, start: number): number {
  let hasSound = false;
  let at = start;
  while (at + 27 <= data.length && text(data, at, 4) === "OggS") {
    const isFirst = (data[at + 5] & 2) > 0;
    if (isFirst && hasSound) return at;
    hasSound ||= !isFirst;
    const lacing = data.subarray(at + 27, at + 27 + data[at + 26]);
    at += 27 + lacing.length + lacing.reduce((sum, size) => sum + size, 0);
  }
  return at;
}

function endOfMp4(data: Uint8Array, start: number): number {
  let at = start;
  while (at + 8 <= data.length && (at === start || text(data, at + 4, 4) !== "ftyp")) {
    const size = big(data, at);
    const bytes = size === 1 ? big(data, at + 8) * 2 ** 32 + big(data, at + 12) : size;
    if (bytes < 8 || !/^[\w ]{4}$/.test(text(data, at + 4, 4))) return size ? at : data.length;
    at += bytes;
  }
  return at;
}

function endOfMp3(data: Uint8Array, start: number): number {
  let at = start;
  for (let size = frameBytes(data, at); size; size = frameBytes(data, at)) {
    if (at > start && hasTag(data, at)) return at;
    at += size;
  }
  return at;
}

/** Whether a frame has a Xing or Info tag instead of sound. */
const hasTag = (data: Uint8Array, at: number) =>
  [36, 21, 13].some((place) => ["Xing", "Info"].includes(text(data, at + place, 4)));

const KBITS_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
const KBITS_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
const RATES = [44100, 48000, 32000, 0];

/** Return the length of the Layer III frame at a position; 0 if there is none. */
function frameBytes(data: Uint8Array, at: number): number {
  if (data[at] !== 0xff || (data[at + 1] & 0xe6) !== 0xe2) return 0;
  const version = (data[at + 1] >> 3) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const kbits = (version === 3 ? KBITS_1 : KBITS_2)[data[at + 2] >> 4];
  const rate = RATES[(data[at + 2] >> 2) & 3] / (version === 3 ? 1 : version === 2 ? 2 : 4);
  if (version === 1 || !kbits || !rate) return 0;
  return (
    Math.floor(((version === 3 ? 144_000 : 72_000) * kbits) / rate) + ((data[at + 2] >> 1) & 1)
  );
}

function behindId3(data: Uint8Array, at: number): number {
  if (text(data, at, 3) !== "ID3") return at;
  return at + 10 + [6, 7, 8, 9].reduce((sum, i) => (sum << 7) | (data[at + i] & 127), 0);
}

/** Return the position behind ID3v1 and APE tags. */
function behindTags(data: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    if (text(data, at, 3) === "TAG") at += 128;
    else if (text(data, at, 8) === "APETAGEX") at += 32 + little(data, at + 12);
    else return at;
  }
}

const even = (size: number) => size + (size % 2);

const text = (data: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...data.subarray(at, at + length));

const little = (data: Uint8Array, at: number) =>
  [3, 2, 1, 0].reduce((sum, place) => sum * 256 + (data[at + place] ?? 0), 0);

const big = (data: Uint8Array, at: number) =>
  [0, 1, 2, 3].reduce((sum, place) => sum * 256 + (data[at + place] ?? 0), 0);
