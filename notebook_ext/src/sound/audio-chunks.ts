/** The song's sound in pieces: asked for in the order of need, decoded, kept while there is room. */

export interface AudioInfo {
  /** Samples of a piece. */
  readonly chunk: number;
  readonly samples: number;
  /** Samples at both ends of a piece that are not part of it. */
  readonly margin: number;
  readonly channels: number;
}

export const RATE = 44100;

/** Decoded sound that is kept, bytes: ten minutes of stereo. */
const ROOM = 212e6;
const AT_ONCE = 2;
/** Between pieces that nobody waits for, ms: the page stays free for the user. */
const REST_MS = 40;

export class Chunks {
  readonly count: number;
  readonly #buffers = new Map<number, AudioBuffer>();
  readonly #seen = new Set<number>();
  readonly #urgent = new Set<number>();
  readonly #loading = new Set<number>();
  #closed = false;
  #failures = 0;

  constructor(
    readonly info: AudioInfo,
    private readonly fetch: (index: number) => Promise<ArrayBuffer>,
    private readonly arrived: (index: number, buffer: AudioBuffer, first: boolean) => void,
    private readonly failed: (reason: string) => void,
  ) {
    this.count = Math.ceil(info.samples / info.chunk);
  }

  /** The piece if it is there; otherwise it is asked for before all others. */
  get(index: number): AudioBuffer | undefined {
    const buffer = this.#buffers.get(index);
    if (buffer) {
      this.#buffers.delete(index); // the last used is the last in the map
      this.#buffers.set(index, buffer);
    } else if (index >= 0 && index < this.count) {
      this.#urgent.add(index);
      this.work();
    }
    return buffer;
  }

  /** The samples of a piece, without its margins. */
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

  /** Load what is next: what is needed now, then each piece once. */
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
      const data = await this.fetch(index);
      // Decoding needs no sound card, and none may be used before a click.
      const decoder = new OfflineAudioContext(this.info.channels, 1, RATE);
      const buffer = await decoder.decodeAudioData(data);
      if (this.#closed) return;
      this.#buffers.set(index, buffer);
      this.#makeRoom();
      const first = !this.#seen.has(index);
      this.#seen.add(index);
      this.#failures = 0;
      this.arrived(index, buffer, first);
    } catch (error) {
      this.#failures++;
      this.failed(String(error));
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
