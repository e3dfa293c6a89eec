/**
 * Reads title and artist from the tags of a recording: `adt_plugins.audio.tags`, for the first
 * bytes of a file.
 */

import { TAGS } from "../../src/core/tables";

/** Empty if unknown. */
export interface Tags {
  readonly title: string;
  readonly artist: string;
}

const NONE: Tags = { title: "", artist: "" };
const { LONGEST } = TAGS;

/** Replace characters that cannot be printed by spaces. */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Z}]/gu, " ").trim();

const kept = (fields: ReadonlyMap<string, string>, title: string, artist: string): Tags => {
  const of = (name: string) => printable((fields.get(name) ?? "").trim().slice(0, LONGEST));
  return { title: of(title), artist: of(artist) };
};

/** Return title and artist of a recording, if its first bytes contain them. */
export function tagsOf(head: ArrayBuffer): Tags {
  const bytes = new Uint8Array(head);
  const view = new DataView(head);
  const starts = (text: string) => latin(bytes, 0, text.length) === text;
  try {
    if (starts("ID3")) return id3(bytes, view);
    if (starts("fLaC")) return flac(bytes, view);
    if (starts("OggS")) return ogg(bytes, view);
    if (starts("RIFF")) return riff(bytes, view);
    if (latin(bytes, 4, 4) === "ftyp") return mp4(bytes, view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the tag is cut off
  }
  return NONE;
}

const latin = (bytes: Uint8Array, start: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(start, start + length));

const utf8 = (bytes: Uint8Array, start: number, length: number): string =>
  new TextDecoder().decode(bytes.subarray(start, start + length)).split("\0")[0];

/** Return a size of seven bits a byte. */
const syncsafe = (view: DataView, at: number): number =>
  [0, 1, 2, 3].reduce((size, n) => size * 128 + (view.getUint8(at + n) & 127), 0);

function id3(bytes: Uint8Array, view: DataView): Tags {
  const version = view.getUint8(3);
  const end = Math.min(10 + syncsafe(view, 6), bytes.length);
  const [letters, header] = version === 2 ? [3, 6] : [4, 10];
  const fields = new Map<string, string>();
  // Version 3 may have an extended header.
  let at =
    view.getUint8(5) & 64 ? 10 + (version === 4 ? syncsafe(view, 10) : 4 + view.getUint32(10)) : 10;
  while (at + header < end && bytes[at]) {
    const name = latin(bytes, at, letters);
    const size =
      version === 2
        ? view.getUint32(at + 2) & 0xffffff
        : version === 4
          ? syncsafe(view, at + 4)
          : view.getUint32(at + 4);
    const text = bytes.subarray(at + header, Math.min(at + header + size, end));
    if (name[0] === "T" && text.length) fields.set(name, id3Text(text));
    at += header + size;
  }
  return version === 2 ? kept(fields, "TT2", "TP1") : kept(fields, "TIT2", "TPE1");
}

function id3Text(bytes: Uint8Array): string {
  const text = bytes.subarray(1);
  const isBig = bytes[0] === 2 || (text[0] === 0xfe && text[1] === 0xff);
  const wide = isBig ? "utf-16be" : "utf-16le";
  const encoding = ["latin1", wide, wide, "utf-8"][bytes[0]] ?? "latin1";
  return new TextDecoder(encoding).decode(text).split("\0")[0];
}

function flac(bytes: Uint8Array, view: DataView): Tags {
  for (let at = 4; ; ) {
    const kind = view.getUint8(at);
    if ((kind & 127) === 4) return vorbis(bytes, view, at + 4);
    if (kind & 128) return NONE; // it was the last block
    at += 4 + (view.getUint32(at) & 0xffffff);
  }
}

function ogg(bytes: Uint8Array, view: DataView): Tags {
  const text = latin(bytes, 0, Math.min(bytes.length, 4096));
  for (const mark of ["\x03vorbis", "OpusTags"]) {
    const at = text.indexOf(mark);
    if (at >= 0) return vorbis(bytes, view, at + mark.length);
  }
  return NONE;
}

/** Read the comments of Vorbis, Opus and FLAC: `NAME=text`. */
function vorbis(bytes: Uint8Array, view: DataView, start: number): Tags {
  let at = start + 4 + view.getUint32(start, true);
  const fields = new Map<string, string>();
  const count = view.getUint32(at, true);
  at += 4;
  for (let n = 0; n < count; n++) {
    const size = view.getUint32(at, true);
    const [name, ...rest] = utf8(bytes, at + 4, size).split("=");
    const key = name.toLowerCase();
    if (!fields.has(key)) fields.set(key, rest.join("="));
    at += 4 + size;
    if (at > bytes.length - 4) break;
  }
  return kept(fields, "title", "artist");
}

function riff(bytes: Uint8Array, view: DataView): Tags {
  const fields = new Map<string, string>();
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = latin(bytes, at, 4);
    const size = view.getUint32(at + 4, true);
    if (name === "LIST") {
      at += 12; // its content follows
      continue;
    }
    if (name[0] === "I") fields.set(name, utf8(bytes, at + 8, size));
    at += 8 + size + (size % 2);
  }
  return kept(fields, "INAM", "IART");
}

function mp4(bytes: Uint8Array, view: DataView): Tags {
  const fields = new Map<string, string>();
  for (let at = bytes.indexOf(0xa9); at >= 0; at = bytes.indexOf(0xa9, at + 1)) {
    if (latin(bytes, at + 8, 4) !== "data") continue;
    fields.set(latin(bytes, at, 4), utf8(bytes, at + 20, view.getUint32(at + 4) - 16));
  }
  return kept(fields, "\xa9nam", "\xa9ART");
}
