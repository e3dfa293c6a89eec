/** The page's side of the engine: pieces go to the worker as it asks for them. */

import type { Engine, Heard, Parts, Samples } from "./engine-types";
import type { ToPage, ToWorker } from "./messages";

/** Samples of a piece: 10 s. Copying one of two channels takes 1-2 ms. */
const PIECE = 441_000;
/** So many pieces are with the worker at once: one that it works on, and the next. */
const AHEAD = 2;

/** Start a worker and open the network in it. */
export async function startEngine(parts: Parts): Promise<Engine> {
  // One script: the worker has nothing to load, and a policy nothing to allow.
  const script = new Blob([parts.runtimeScript, "\n", parts.workerScript], {
    type: "text/javascript",
  });
  const address = URL.createObjectURL(script);
  const engine = new WorkerEngine(new Worker(address));
  try {
    await engine.open(parts);
  } catch (error) {
    engine.close();
    throw error;
  } finally {
    URL.revokeObjectURL(address);
  }
  return engine;
}

interface Waiting {
  message(message: ToPage): void;
  fail(error: Error): void;
}

class WorkerEngine implements Engine {
  #waiting: Waiting | null = null;
  #broken: Error | null = null;
  #job = 0;

  constructor(readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<ToPage>) => {
      if (data.kind === "failed") this.#fail(new Error(data.reason));
      else this.#waiting?.message(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(event.message || "the worker could not be started"));
    };
    worker.onmessageerror = () => this.#fail(new Error("the worker could not be understood"));
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    this.#waiting?.fail(error);
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  /** Send something, and wait for what comes of it. */
  async #until<T>(
    start: (done: (value: T) => void, fail: (error: unknown) => void) => (message: ToPage) => void,
  ): Promise<T> {
    if (this.#broken) throw this.#broken;
    if (this.#waiting) throw new Error("the engine is busy");
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#waiting = { message: start(resolve, reject), fail: reject };
      });
    } finally {
      this.#waiting = null;
    }
  }

  open(parts: Parts): Promise<void> {
    return this.#until((done) => {
      const { runtimeWasm: runtime, model, card, featuresWasm: features } = parts;
      this.#post({ kind: "open", runtime, model, card, ...(features && { features }) });
      return ({ kind }) => kind === "ready" && done();
    });
  }

  async hear(
    channels: readonly Samples[],
    progress: (fraction: number) => void,
    signal?: AbortSignal,
  ): Promise<Heard> {
    signal?.throwIfAborted();
    const samples = channels[0]?.length ?? 0;
    if (channels.some(({ length }) => length !== samples))
      throw new Error("channels of unequal length");
    const job = ++this.#job;
    let stop: () => void = () => undefined;
    try {
      return await this.#until<Heard>((done, fail) => {
        stop = () => fail(signal?.reason);
        signal?.addEventListener("abort", stop);
        let at = 0;
        const send = () => {
          if (at >= samples) return;
          const piece = channels.map(
            (channel) => channel.slice(at, at + PIECE) as Float32Array<ArrayBuffer>,
          );
          at += PIECE;
          this.#post(
            { kind: "piece", job, channels: piece },
            piece.map(({ buffer }) => buffer),
          );
          if (at >= samples) this.#post({ kind: "finish", job });
        };
        this.#post({ kind: "start", job, samples });
        if (!samples) this.#post({ kind: "finish", job });
        for (let i = 0; i < AHEAD; i++) send();
        return (message) => {
          if (!("job" in message) || message.job !== job) return;
          if (message.kind === "next") send();
          else if (message.kind === "progress") progress(message.fraction);
          else if (message.kind === "heard") {
            progress(1);
            done(message.heard);
          }
        };
      });
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  close(): void {
    this.worker.terminate();
    this.#fail(new Error("the engine is closed"));
  }
}
