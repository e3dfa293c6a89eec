/**
 * Maps samples of the song to samples of the output, and finds the hits in a segment.
 * Everything is in whole samples, so that clicks and song cannot drift apart. `stretch`
 * is the factor by which the song is longer than at full speed, 2 at half speed.
 * Positions in the stretched song are rounded one by one.
 */

import { lowerBound } from "../core/time";

/** `length` samples of the stretched song from `from`, played from output sample `at` on. */
export interface Segment {
  readonly at: number;
  readonly from: number;
  readonly length: number;
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The shortest loop, in samples: shorter ones would need thousands of segments a second. */
export const LEAST_LOOP = 441;

/** Return the sample of the stretched song that corresponds to one of the song. */
export const scaled = (sample: number, stretch: number): number => Math.round(sample * stretch);

export class Transport {
  readonly #segments: Segment[] = [];
  #position: number;
  #planned: number;

  /**
   * `begin`: output sample of the start; `from`: song sample of the start; `length`: samples
   * of the song; `loop`: range in song samples.
   */
  constructor(
    readonly begin: number,
    readonly from: number,
    readonly length: number,
    readonly stretch: number,
    public loop: Range | null,
  ) {
    this.#planned = begin;
    this.#position = scaled(from, stretch);
  }

  /** The segments that have been planned, but for those that are forgotten. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Return the next segments, up to an output sample. */
  plan(until: number): Segment[] {
    const added: Segment[] = [];
    while (this.#planned < until) {
      const loop = this.loop && this.loop.end - this.loop.start >= LEAST_LOOP ? this.loop : null;
      const turn = loop ? this.#scaled(loop.end) : 0;
      const end = this.#position < turn ? turn : this.#scaled(this.length);
      const length = Math.min(end - this.#position, until - this.#planned);
      if (length > 0) {
        const segment = { at: this.#planned, from: this.#position, length };
        added.push(segment);
        this.#planned += length;
        this.#position += length;
      }
      if (this.#position < end) continue;
      if (loop && this.#position === turn) {
        this.#position = this.#scaled(loop.start);
      } else break;
    }
    this.#segments.push(...added);
    return added;
  }

  /** Whether the end of the song has been planned. */
  get done(): boolean {
    return this.#position >= this.#scaled(this.length);
  }

  #scaled(sample: number): number {
    return scaled(sample, this.stretch);
  }

  get end(): number {
    return this.#planned;
  }

  /** Return the song sample, with a fraction, that sounds at an output sample. */
  songAt(at: number): number {
    const i = lowerBound(this.#segments.length, (k) => this.#segments[k].at, at + 1e-9) - 1;
    if (i < 0) return (this.#segments[0]?.from ?? this.#position) / this.stretch;
    const { at: begin, from, length } = this.#segments[i];
    return (from + Math.min(at - begin, length)) / this.stretch;
  }

  /** Forget the segments that ended before an output sample. */
  forget(before: number): void {
    let keep = 0;
    while (keep < this.#segments.length - 1 && this.#segments[keep + 1].at <= before) keep++;
    this.#segments.splice(0, keep);
  }
}

/** Return the hits in a segment: indices, and the output samples at which they start. */
export function hitsIn(
  segment: Segment,
  samples: ArrayLike<number>,
  stretch: number,
): [index: number, at: number][] {
  const hits: [number, number][] = [];
  const at = (k: number) => scaled(samples[k], stretch) - segment.from;
  for (let i = lowerBound(samples.length, at, 0); i < samples.length; i++) {
    if (at(i) >= segment.length) break;
    hits.push([i, segment.at + at(i)]);
  }
  return hits;
}

/** Cut a segment at the borders of the song's chunks. */
export function chunksIn(
  { at, from, length }: Segment,
  chunk: number,
  stretch: number,
): { chunk: number; offset: number; at: number; length: number }[] {
  const start = (index: number) => scaled(index * chunk, stretch);
  const pieces = [];
  for (let done = 0; done < length; ) {
    const now = from + done;
    let index = Math.floor(now / (chunk * stretch));
    // Chunks begin at rounded samples.
    if (start(index + 1) <= now) index++;
    else if (start(index) > now) index--;
    const offset = now - start(index);
    const count = Math.min(start(index + 1) - now, length - done);
    pieces.push({ chunk: index, offset, at: at + done, length: count });
    done += count;
  }
  return pieces;
}
