/** Reads properties of a recording from its first bytes. */

export interface Sniffed {
  /** Sample rate in Hz, and number of channels. */
  readonly sampleRate: number | null;
  readonly channels: number | null;
  /** Seconds, if the size of the file determines them. */
  readonly duration: number | null;
}

const UNKNOWN: Sniffed = { sampleRate: null, channels: null, duration: null };

const MPEG_RATES = [44100, 48000, 32000];

/** Inspect the beginning of a file, at least 64 KB; `size` is that of the whole file. */
export function sniff(head: DataView, size: number): Sniffed {
  const mark = text(head, 0, 4);
  if (mark === "RIFF" && text(head, 8, 4) === "WAVE") return wave(head, size);
  if (mark === "fLaC" && head.byteLength > 22) {
    const word = head.getUint32(18);
    return { sampleRate: word >>> 12, channels: ((word >>> 9) & 7) + 1, duration: null };
  }
  if (mark === "OggS" && head.byteLength > 48) return ogg(head);
  if (text(head, 4, 4) === "ftyp") return UNKNOWN;
  return mpeg(head);
}

function wave(head: DataView, size: number): Sniffed {
  for (let at = 12; at + 24 <= head.byteLength; ) {
    const length = head.getUint32(at + 4, true);
    if (text(head, at, 4) === "fmt ") {
      const bytesPerSecond = head.getUint32(at + 16, true);
      return {
        channels: head.getUint16(at + 10, true) || null,
        sampleRate: head.getUint32(at + 12, true) || null,
        // A size written to a pipe is wrong; there cannot be more than the file holds.
        duration: bytesPerSecond ? size / bytesPerSecond : null,
      };
    }
    at += 8 + length + (length % 2);
  }
  return UNKNOWN;
}

function ogg(head: DataView): Sniffed {
  const start = 27 + head.getUint8(26);
  if (start + 16 > head.byteLength) return UNKNOWN;
  if (text(head, start + 1, 6) === "vorbis") {
    return {
      channels: head.getUint8(start + 11),
      sampleRate: head.getUint32(start + 12, true),
      duration: null,
    };
  }
  if (text(head, start, 8) === "OpusHead") {
    return { channels: head.getUint8(start + 9), sampleRate: 48000, duration: null };
  }
  return UNKNOWN;
}

function mpeg(head: DataView): Sniffed {
  let start = 0;
  if (text(head, 0, 3) === "ID3" && head.byteLength > 10) {
    const size = [6, 7, 8, 9].reduce((sum, at) => (sum << 7) | (head.getUint8(at) & 127), 0);
    start = 10 + size;
  }
  if (start + 4 > head.byteLength) return { ...UNKNOWN, channels: start ? 2 : null };
  const word = head.getUint32(start);
  const version = (word >>> 19) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const rate = MPEG_RATES[(word >>> 10) & 3];
  const isFrame = word >>> 21 === 0x7ff && version !== 1 && ((word >>> 17) & 3) !== 0 && rate;
  if (!isFrame) return UNKNOWN;
  const divisor = { 3: 1, 2: 2, 0: 4 }[version as 0 | 2 | 3];
  return { sampleRate: rate / divisor, channels: (word >>> 6) % 4 === 3 ? 1 : 2, duration: null };
}

function text(head: DataView, at: number, length: number): string {
  if (at + length > head.byteLength) return "";
  return String.fromCharCode(...new Uint8Array(head.buffer, head.byteOffset + at, length));
}
