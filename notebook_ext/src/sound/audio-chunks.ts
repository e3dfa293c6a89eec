/** The song's sound in chunks: requested when needed, decoded, and cached. */

import { AUDIO } from "../core/tables";

export interface AudioInfo {
  /** Samples per chunk. */
  readonly chunk: number;
  readonly samples: number;
  /** Extra samples at each end of a chunk, to be discarded. */
  readonly margin: number;
  readonly channels: number;
}

/** The song without its drums, in the same chunks as the song. */
export interface Drumless {
  readonly audio: AudioInfo;
  /** Number of the version; a new one is made when hits have changed. */
  readonly made: number;
  /** Fetch an encoded chunk. */
  chunk(index: number): Promise<ArrayBuffer>;
}

export const RATE = AUDIO.SAMPLE_RATE;

/** Size of the cache in bytes: ten minutes of stereo. */
const ROOM = 212e6;
const AT_ONCE = 2;
/** Pause between chunks that nothing waits for, so that the page stays responsive. */
const REST_MS = 40;
/** Pause before the first of these: the hits are drawn first. */
const FIRST_MS = 150;

export class Chunks {
  readonly #fetch: (index: number) => Promise<ArrayBuffer>;
  readonly #arrived: (index: number, buffer: AudioBuffer, first: boolean) => void;
  readonly #failed: (reason: string) => void;
  readonly count: number;
  readonly #buffers = new Map<number, AudioBuffer>();
  readonly #seen = new Set<number>();
  readonly #urgent = new Set<number>();
  readonly #loading = new Set<number>();
  #closed = false;
  #failures = 0;

  constructor(
    readonly info: AudioInfo,
    fetch: (index: number) => Promise<ArrayBuffer>,
    arrived: (index: number, buffer: AudioBuffer, first: boolean) => void,
    failed: (reason: string) => void,
  ) {
    this.#fetch = fetch;
    this.#arrived = arrived;
    this.#failed = failed;
    this.count = Math.ceil(info.samples / info.chunk);
  }

  /** Return a chunk if it is cached; otherwise request it before all others. */
  get(index: number): AudioBuffer | undefined {
    const buffer = this.#buffers.get(index);
    if (buffer) {
      this.#buffers.delete(index); // the most recently used comes last in the map
      this.#buffers.set(index, buffer);
    } else if (index >= 0 && index < this.count) {
      this.#urgent.add(index);
      this.work();
    }
    return buffer;
  }

  /** Return the samples of a chunk, without its margins. */
  channels(index: number, buffer: AudioBuffer): Float32Array[] {
    const { chunk, samples, margin } = this.info;
    const length = Math.min(chunk, samples - index * chunk);
    return Array.from({ length: buffer.numberOfChannels }, (_, c) =>
      buffer.getChannelData(c).subarray(margin, margin + length),
    );
  }

  close(): void {
    this.#closed = true;
    this.#buffers.clear();
  }

  /** Load all chunks, those first that are needed. */
  start(): void {
    setTimeout(() => this.work(), FIRST_MS);
  }

  /** Load the next chunk: those that are needed now, then every chunk once. */
  work(): void {
    while (!this.#closed && this.#loading.size < AT_ONCE) {
      const index = this.#next();
      if (index === undefined) return;
      this.#urgent.delete(index);
      this.#loading.add(index);
      void this.#load(index);
    }
  }

  #next(): number | undefined {
    for (const index of this.#urgent) if (!this.#loading.has(index)) return index;
    for (let index = 0; index < this.count; index++) {
      if (!this.#seen.has(index) && !this.#loading.has(index)) return index;
    }
    return undefined;
  }

  async #load(index: number): Promise<void> {
    try {
      const data = await this.#fetch(index);
      // An offline context: before the user has clicked, a real one may not be started.
      const decoder = new OfflineAudioContext(this.info.channels, 1, RATE);
      const buffer = await decoder.decodeAudioData(data);
      if (this.#closed) return;
      this.#buffers.set(index, buffer);
      this.#makeRoom();
      const first = !this.#seen.has(index);
      this.#seen.add(index);
      this.#failures = 0;
      this.#arrived(index, buffer, first);
    } catch (error) {
      this.#failures++;
      this.#failed(String(error));
    } finally {
      this.#loading.delete(index);
    }
    if (this.#failures < 3) setTimeout(() => this.work(), this.#urgent.size ? 0 : REST_MS);
  }

  #makeRoom(): void {
    const size = (buffer: AudioBuffer) => buffer.length * buffer.numberOfChannels * 4;
    let total = 0;
    for (const buffer of this.#buffers.values()) total += size(buffer);
    for (const [index, buffer] of this.#buffers) {
      if (total <= ROOM) return;
      total -= size(buffer);
      this.#buffers.delete(index);
    }
  }
}
