/** Prepares chunks at the playing speed: of the song, and of the song without its drums. */

import { lowerBound } from "../core/time";
import { type Chunks, RATE } from "./audio-chunks";
import { stretch } from "./stretch";
import { scaled } from "./transport";

/** Number of cached chunks. */
const MOST = 60;

/** The song, and the song without its drums if available; the piece begins at these samples. */
export interface Ready {
  readonly buffers: readonly AudioBuffer[];
  readonly margin: number;
}

export class Prepared {
  /** 1: the song's own speed. */
  #speed = 1;
  #sounds: readonly Chunks[];
  readonly #made = new Map<number, AudioBuffer[]>();

  constructor(readonly song: Chunks) {
    this.#sounds = [song];
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
    this.forget();
  }

  setDrumless(drumless: Chunks): void {
    this.#sounds = [this.song, drumless];
    this.forget();
  }

  /** Discard the cached chunks. */
  forget(): void {
    this.#made.clear();
  }

  /** Return a chunk, or null if it is not loaded. Attacks at `hits`, in samples, stay whole. */
  get(context: BaseAudioContext, index: number, hits: Float64Array): Ready | null {
    const buffers: AudioBuffer[] = [];
    for (const sound of this.#sounds) {
      const buffer = sound.get(index);
      if (buffer) buffers.push(buffer);
    }
    if (buffers.length < this.#sounds.length) return null;
    if (this.#speed === 1) return { buffers, margin: this.song.info.margin };
    let made = this.#made.get(index);
    if (!made) {
      // All are cut alike, so that they can be mixed at any level.
      const channels = buffers.flatMap((buffer) => this.song.channels(index, buffer));
      made = this.#slowed(context, index, channels, hits);
      if (this.#made.size > MOST) this.#made.delete([...this.#made.keys()][0]);
      this.#made.set(index, made);
    }
    return { buffers: made, margin: 0 };
  }

  #slowed(
    context: BaseAudioContext,
    index: number,
    channels: Float32Array[],
    hits: Float64Array,
  ): AudioBuffer[] {
    const length = 1 / this.#speed;
    const start = index * this.song.info.chunk;
    const at = (k: number) => hits[k];
    const anchors = hits.subarray(
      lowerBound(hits.length, at, start),
      lowerBound(hits.length, at, start + channels[0].length),
    );
    const begin = scaled(start, length);
    const parts = stretch(
      channels,
      Array.from(anchors, (sample) => sample - start),
      (sample) => scaled(start + sample, length) - begin,
    );
    const count = parts.length / this.#sounds.length;
    return this.#sounds.map((_, k) => {
      const made = context.createBuffer(count, parts[0].length, RATE);
      for (let c = 0; c < count; c++)
        made.copyToChannel(parts[k * count + c] as Float32Array<ArrayBuffer>, c);
      return made;
    });
  }
}
