/** Writes ZIP archives without compression, and reads those again. */

import { Trouble } from "./trouble";

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function checksum(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 255];
  return ~crc >>> 0;
}

const UTF8_NAMES = 0x800;
const VERSION = 20;
const FIRST_OF_1980 = 0x21;

/** Return the files of an archive that `zip` has made; throws `Trouble`. */
export function unzipped(name: string, data: Uint8Array): [name: string, data: Uint8Array][] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const files: [string, Uint8Array][] = [];
  let at = 0;
  while (at + 30 <= data.length && view.getUint32(at, true) === 0x04034b50) {
    const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
    const size = view.getUint32(at + 18, true);
    // Compressed, or with lengths behind the data: by another program.
    if (view.getUint32(at + 6, true) & 0xffff0008) break;
    const path = data.subarray(at + 30, at + 30 + view.getUint16(at + 26, true));
    if (start + size > data.length) break;
    at = start + size;
    files.push([new TextDecoder().decode(path), data.subarray(start, at)]);
  }
  if (!files.length) throw new Trouble(`Unpack “${name}”, and drop the files that are in it.`);
  return files;
}

/** Return an archive; names are UTF-8, and all dates are the earliest that ZIP has. */
export function zip(
  files: readonly (readonly [name: string, text: string])[],
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const bodies: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, text] of files) {
    const path = encoder.encode(name);
    const data = encoder.encode(text);
    const common = commonFields(path, data);
    const head = packed([[4, 0x04034b50], ...common]);
    bodies.push(head, path, data);
    directory.push(directoryEntry(common, offset), path);
    offset += head.length + path.length + data.length;
  }
  return joined([...bodies, ...directory, directoryEnd(directory, files.length, offset)]);
}

/** Return the fields that the header of a file shares with its entry in the directory. */
const commonFields = (path: Uint8Array, data: Uint8Array): readonly Field[] => [
  [2, VERSION],
  [2, UTF8_NAMES],
  [2, 0],
  [2, 0],
  [2, FIRST_OF_1980],
  [4, checksum(data)],
  [4, data.length],
  [4, data.length],
  [2, path.length],
  [2, 0],
];

const directoryEntry = (common: readonly Field[], offset: number): Uint8Array =>
  packed([[4, 0x02014b50], [2, VERSION], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]);

const directoryEnd = (directory: readonly Uint8Array[], count: number, offset: number) =>
  packed([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, directory.reduce((sum, part) => sum + part.length, 0)],
    [4, offset],
    [2, 0],
  ]);

type Field = readonly [bytes: 2 | 4, value: number];

function packed(fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [count, value] of fields) {
    for (let i = 0; i < count; i++) bytes.push((value >>> (8 * i)) & 255);
  }
  return Uint8Array.from(bytes);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
