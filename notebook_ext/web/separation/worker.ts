/** Removes a song's drums, in a worker of its own; each worker handles one song and set of hits. */

import type { Reply, Request } from "./messages";
import { drumsOf, type Sound } from "./separator";

interface Scope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply, transfer?: Transferable[]): void;
}

const FULL = 32768;
const scope = globalThis as unknown as Scope;

/** The song's pieces, read when needed; the last two are cached. */
class Song implements Sound {
  readonly samples: number;
  readonly channels: number;
  readonly #request: Request;
  readonly #read = new Map<number, Int16Array>();

  constructor(request: Request) {
    this.#request = request;
    this.samples = request.samples;
    this.channels = request.channels;
  }

  async piece(index: number): Promise<Int16Array> {
    const known = this.#read.get(index);
    if (known) return known;
    const samples = new Int16Array(await this.#request.pieces[index].arrayBuffer());
    this.#read.set(index, samples);
    if (this.#read.size > 2) this.#read.delete([...this.#read.keys()][0]);
    return samples;
  }

  async read(begin: number, end: number): Promise<Float32Array[]> {
    const { chunk } = this.#request;
    const { channels } = this;
    const out = Array.from({ length: channels }, () => new Float32Array(end - begin));
    for (let at = Math.max(begin, 0); at < Math.min(end, this.samples); ) {
      const index = Math.floor(at / chunk);
      const piece = await this.piece(index);
      const to = Math.min(end, this.samples, (index + 1) * chunk);
      for (; at < to; at++) {
        const from = (at - index * chunk) * channels;
        for (let c = 0; c < channels; c++) out[c][at - begin] = piece[from + c] / FULL;
      }
    }
    return out;
  }
}

async function work(request: Request): Promise<void> {
  const song = new Song(request);
  const report = (progress: number) => scope.postMessage({ kind: "progress", progress });
  const { channels } = song;
  let [index, filled] = [0, 0];
  let out: Int16Array<ArrayBuffer> | null = null;
  for await (const drums of drumsOf(song, request.hits, request.general, report)) {
    for (let at = 0; at < drums[0].length; ) {
      const piece = await song.piece(index);
      out ??= new Int16Array(piece.length);
      const count = Math.min(drums[0].length - at, out.length / channels - filled);
      for (let c = 0; c < channels; c++) {
        for (let i = 0, to = filled * channels + c; i < count; i++, to += channels) {
          const rest = piece[to] - Math.round(drums[c][at + i] * FULL);
          out[to] = Math.max(-FULL, Math.min(FULL - 1, rest));
        }
      }
      at += count;
      filled += count;
      if (filled * channels < out.length) continue;
      scope.postMessage({ kind: "piece", samples: out }, [out.buffer]);
      [out, filled] = [null, 0];
      index++;
    }
  }
  scope.postMessage({ kind: "done" });
}

scope.onmessage = ({ data }) => {
  work(data).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    scope.postMessage({ kind: "failed", reason });
  });
};
