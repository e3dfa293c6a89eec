/** The page's side of the engine: sends pieces of sound to the worker, as it has room. */

import type { Engine, Heard, Hearing, Parts } from "./engine-types";
import type { ToPage, ToWorker } from "./messages";

/** Pieces that are with the worker at once: one step of decoding, 11 MB. */
const AHEAD = 6;

/** Start a worker and open the network in it. */
export async function startEngine(parts: Parts): Promise<Engine> {
  const script = new Blob([parts.workerScript], { type: "text/javascript" });
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

/** Whoever waits for the worker. */
interface Waiting {
  message(message: ToPage): void;
  fail(reason: unknown): void;
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

  get isBroken(): boolean {
    return this.#broken !== null;
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    this.#waiting?.fail(error);
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  async open({ workerScript: _, ...parts }: Parts): Promise<void> {
    await new Promise<void>((done, fail) => {
      this.#waiting = { message: ({ kind }) => kind === "ready" && done(), fail };
      this.#post({ kind: "open", parts });
    });
    this.#waiting = null;
  }

  begin(progress: (samples: number) => void, isFine = false): Hearing {
    if (this.#broken) throw this.#broken;
    if (this.#waiting) throw new Error("the engine is busy");
    const job = ++this.#job;
    const hearing = new PieceQueue(
      job,
      isFine,
      (message, transfer) => this.#post(message, transfer),
      progress,
      () => {
        if (this.#waiting === hearing) this.#waiting = null;
      },
    );
    this.#waiting = hearing;
    return hearing;
  }

  close(): void {
    this.worker.terminate();
    this.#fail(new Error("the engine is closed"));
  }
}

class PieceQueue implements Hearing, Waiting {
  #ahead = 0;
  #samples = 0;
  #more: () => void = () => undefined;
  #done: (heard: Heard) => void = () => undefined;
  #fail: (reason: unknown) => void = () => undefined;
  /** Never resolves; rejects when the engine has failed or the recording is abandoned. */
  readonly #failed = new Promise<never>((_, fail) => {
    this.#fail = fail;
  });

  constructor(
    private readonly job: number,
    isFine: boolean,
    private readonly post: (message: ToWorker, transfer?: Transferable[]) => void,
    private readonly progress: (samples: number) => void,
    private readonly over: () => void,
  ) {
    this.#failed.catch(() => undefined); // whoever waits gets the reason
    post({ kind: "start", job, isFine });
  }

  async put(channels: readonly Float32Array<ArrayBuffer>[]): Promise<void> {
    if (channels.some(({ length }) => length !== channels[0].length))
      throw new Error("channels of unequal length");
    const room = new Promise<void>((resolve) => {
      this.#more = resolve;
    });
    this.#samples += channels[0].length;
    this.post(
      { kind: "piece", job: this.job, channels },
      channels.map(({ buffer }) => buffer),
    );
    await Promise.race([++this.#ahead < AHEAD ? null : room, this.#failed]);
  }

  async finish(): Promise<Heard> {
    const heard = new Promise<Heard>((resolve) => {
      this.#done = resolve;
    });
    this.post({ kind: "finish", job: this.job });
    return await Promise.race([heard, this.#failed]);
  }

  stop(reason: unknown): void {
    this.fail(reason);
  }

  fail(reason: unknown): void {
    this.#fail(reason);
    this.over();
  }

  message(message: ToPage): void {
    if (!("job" in message) || message.job !== this.job) return;
    if (message.kind === "progress") this.progress(message.samples);
    else if (message.kind === "next") {
      this.#ahead--;
      this.#more();
    } else if (message.kind === "heard") {
      this.progress(this.#samples);
      this.over();
      this.#done(message.heard);
    }
  }
}
