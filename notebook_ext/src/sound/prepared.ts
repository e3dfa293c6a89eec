/** Pieces of the song as they are played: at another speed. */

import { lowerBound } from "../core/time";
import { type Chunks, RATE } from "./audio-chunks";
import { stretch } from "./stretch";
import { scaled } from "./transport";

/** Pieces that are kept. */
const MOST = 60;

/** A buffer, and the sample of it that the piece begins with. */
interface Ready {
  readonly buffer: AudioBuffer;
  readonly margin: number;
}

export class Prepared {
  /** 1 is the song's own. */
  speed = 1;
  readonly #made = new Map<number, AudioBuffer>();

  constructor(readonly song: Chunks) {}

  /** Something is different: what was made is of no use. */
  forget(): void {
    this.#made.clear();
  }

  /** `hits`: samples of the song's hits; attacks stay where the clicks are. */
  get(context: BaseAudioContext, index: number, hits: Float64Array): Ready | null {
    const { song } = this;
    const buffer = song.get(index);
    if (!buffer) return null;
    if (this.speed === 1) return { buffer, margin: song.info.margin };
    let made = this.#made.get(index);
    if (!made) {
      made = this.#slowed(context, index, song.channels(index, buffer), hits);
      if (this.#made.size > MOST) this.#made.delete([...this.#made.keys()][0]);
      this.#made.set(index, made);
    }
    return { buffer: made, margin: 0 };
  }

  #slowed(
    context: BaseAudioContext,
    index: number,
    channels: Float32Array[],
    hits: Float64Array,
  ): AudioBuffer {
    const length = 1 / this.speed;
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
    const made = context.createBuffer(parts.length, parts[0].length, RATE);
    parts.forEach((part, c) => made.copyToChannel(part as Float32Array<ArrayBuffer>, c));
    return made;
  }
}
