/** Cuts a recording into pieces, which the player gets as 16-bit WAV files of five seconds. */

import { AUDIO, SOUND } from "../../src/core/tables";
import type { Block, Cut } from "./engine-types";

/** Samples per piece. */
export const PIECE = SOUND.CHUNK;
/** Bytes of a WAV file before its samples. */
export const HEAD_BYTES = 44;
/** Bytes that vectors may read or write behind an array. */
const VECTOR = 32;

type Address = number;

interface Exports {
  readonly memory: WebAssembly.Memory;
  allocate(bytes: number): Address;
  roundOne(channel: Address, count: number, out: Address): number;
  roundTwo(left: Address, right: Address, count: number, out: Address): number;
  mixTwo(
    one: Address,
    other: Address,
    count: number,
    weight: number,
    second: number,
    out: Address,
  ): void;
  powers(samples: Address, hop: number, frames: number, out: Address): void;
}

/** Rounds pieces to 16 bits, mixes and measures them, by `assembly/pieces.ts`. */
export class Rounding {
  readonly #wasm: Exports;
  readonly #places: readonly Address[];
  readonly #out: Address;
  readonly #mixed: Address;

  static async open(wasm: Uint8Array<ArrayBuffer>): Promise<Rounding> {
    const { instance } = await WebAssembly.instantiate(wasm, {});
    return new Rounding(instance.exports as unknown as Exports);
  }

  private constructor(wasm: Exports) {
    this.#wasm = wasm;
    this.#places = [0, 1].map(() => wasm.allocate(4 * PIECE + VECTOR));
    this.#out = wasm.allocate(4 * PIECE + VECTOR);
    this.#mixed = wasm.allocate(4 * PIECE + VECTOR);
  }

  /** Copy one or two channels into the memory, where the next piece overwrites them. */
  hold(channels: Block): Block {
    const count = channels[0].length;
    return channels.map((channel, c) => {
      const place = this.#floats(this.#places[c], PIECE + VECTOR / 4);
      place.set(channel);
      place.fill(0, count);
      return place.subarray(0, count);
    });
  }

  /**
   * Return the channels that are held interleaved, which the next call overwrites, and their peak:
   * NaN if a sample is not a number.
   */
  round(channels: Block): { samples: Int16Array<ArrayBuffer>; peak: number } {
    const { memory, roundOne, roundTwo } = this.#wasm;
    const [left, right] = this.#places;
    const count = channels[0].length;
    const peak =
      channels.length === 1
        ? roundOne(left, count, this.#out)
        : roundTwo(left, right, count, this.#out);
    const buffer = memory.buffer as ArrayBuffer;
    return { samples: new Int16Array(buffer, this.#out, count * channels.length), peak };
  }

  /** Return the sum of two channels that are held, each times a weight; null for others. */
  mix(channels: Block, [first, second]: readonly number[]): Float32Array | null {
    if (channels.length !== 2 || !channels.every((channel) => this.#holds(channel))) return null;
    const [{ byteOffset: one, length }, { byteOffset: other }] = channels;
    this.#wasm.mixTwo(one, other, length, first, second, this.#mixed);
    return this.#floats(this.#mixed, length);
  }

  /** Return the mean square of each whole frame; none of samples that are not in the memory. */
  powers(samples: Float32Array, hop: number): Float64Array {
    if (!this.#holds(samples)) return new Float64Array(0);
    const frames = Math.floor(samples.length / hop);
    this.#wasm.powers(samples.byteOffset, hop, frames, this.#out);
    return new Float64Array(this.#wasm.memory.buffer, this.#out, frames);
  }

  #floats(at: Address, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#wasm.memory.buffer as ArrayBuffer, at, count);
  }

  #holds = ({ buffer }: Float32Array): boolean => buffer === this.#wasm.memory.buffer;
}

/** Cuts a recording that arrives in blocks of any length. */
export class Cutter {
  readonly #rounding: Rounding;
  readonly #blobs: Blob[] = [];
  /** The next piece, if its samples are in several blocks, and how many it has. */
  #begun: Float32Array<ArrayBuffer>[] = [];
  #filled = 0;
  #samples = 0;
  #peak = 0;
  #channels = 0;

  constructor(rounding: Rounding) {
    this.#rounding = rounding;
  }

  /** Yield the next whole pieces, which the next ones overwrite. */
  *put(block: Block): Generator<Block> {
    this.#channels ||= block.length;
    for (let at = 0; at < block[0].length; ) {
      const part = Math.min(PIECE - this.#filled, block[0].length - at);
      const own = block.map((channel) => channel.subarray(at, at + part));
      at += part;
      if (part === PIECE) yield this.#cut(own);
      else {
        while (this.#begun.length < own.length) this.#begun.push(new Float32Array(PIECE));
        own.forEach((channel, c) => this.#begun[c].set(channel, this.#filled));
        this.#filled += part;
        if (this.#filled === PIECE) yield* this.rest();
      }
    }
  }

  /** Yield the last piece, which may be shorter. */
  *rest(): Generator<Block> {
    const filled = this.#filled;
    this.#filled = 0;
    if (filled) yield this.#cut(this.#begun.map((channel) => channel.subarray(0, filled)));
  }

  get recording(): Cut {
    const [samples, peak, channels] = [this.#samples, this.#peak, this.#channels];
    return { blobs: this.#blobs, samples, peak, channels };
  }

  /** More than two channels are played as their mean. */
  #cut(piece: Block): Block {
    const isMixed = piece.length > 2;
    const played = this.#rounding.hold(isMixed ? [mean(piece)] : piece);
    const { samples, peak } = this.#rounding.round(played);
    this.#blobs.push(waveFile(samples, played.length));
    this.#samples += piece[0].length;
    this.#peak = Math.max(this.#peak, peak);
    return isMixed ? piece : played;
  }
}

/** Return the header of a WAV file. */
export function waveHead(bytes: number, channels: number): ArrayBuffer {
  const rate = AUDIO.SAMPLE_RATE;
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
  const text = (at: number, letters: string) =>
    [...letters].forEach((letter, i) => head.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  head.setUint32(4, 36 + bytes, true);
  text(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, channels, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, 2 * channels * rate, true);
  head.setUint16(32, 2 * channels, true);
  head.setUint16(34, 16, true);
  text(36, "data");
  head.setUint32(40, bytes, true);
  return head.buffer;
}

/** Return a WAV file of interleaved 16-bit samples. */
export function waveFile(samples: Int16Array<ArrayBuffer>, channels: number): Blob {
  return new Blob([waveHead(samples.byteLength, channels), samples], { type: "audio/wav" });
}

export function mean(channels: Block): Float32Array<ArrayBuffer> {
  const out = new Float32Array(channels[0].length);
  for (const channel of channels) for (let i = 0; i < out.length; i++) out[i] += channel[i];
  for (let i = 0; i < out.length; i++) out[i] /= channels.length;
  return out;
}
