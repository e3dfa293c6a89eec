/**
 * The page's side of the engine: sends sound to its workers, as they have room. The reader computes
 * frames while the listener, behind it, runs the network on those before.
 */

import type { Cut, Engine, Heard, Hearing, Parts } from "./engine-types";
import type { ToPage, ToWorker } from "./messages";
import { warmUp } from "./warm-up";

/** Samples that the workers may have before others are sent: one step of decoding and a half. */
const AHEAD = 45 * 44_100;

/** Start the workers and open the network; they warm up until there is a recording. */
export async function startEngine(parts: Parts): Promise<Engine> {
  const script = new Blob([parts.workerScript], { type: "text/javascript" });
  const address = URL.createObjectURL(script);
  const engine = new WorkerEngine(new Worker(address), new Worker(address));
  try {
    await engine.open(parts);
  } catch (error) {
    engine.close();
    throw error;
  } finally {
    URL.revokeObjectURL(address);
  }
  void engine.warmUp();
  return engine;
}

/** Whoever waits for the workers. */
interface Waiting {
  message(message: ToPage): void;
  fail(reason: unknown): void;
}

class WorkerEngine implements Engine {
  #waiting: Waiting | null = null;
  #broken: Error | null = null;
  #job = 0;
  #warming: Queue | null = null;

  constructor(
    private readonly reader: Worker,
    private readonly listener: Worker,
  ) {
    for (const worker of [reader, listener]) {
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
  }

  get isBroken(): boolean {
    return this.#broken !== null;
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    this.#waiting?.fail(error);
  }

  async open(parts: Parts): Promise<void> {
    const { card, featuresWasm, piecesWasm, network, finer, networkWasm, beatsWasm } = parts;
    const { port1, port2 } = new MessageChannel();
    const read = { card, featuresWasm, piecesWasm };
    const listen = { card, network, finer, networkWasm, beatsWasm };
    let starting = 2;
    await new Promise<void>((done, fail) => {
      this.#waiting = { message: ({ kind }) => kind === "ready" && !--starting && done(), fail };
      post(this.reader, { kind: "read", parts: read, port: port1 }, [port1]);
      post(this.listener, { kind: "listen", parts: listen, port: port2 }, [port2]);
    });
    this.#waiting = null;
  }

  /** Process sound of no recording, until a recording comes. */
  async warmUp(): Promise<void> {
    const hearing = this.#begin(() => undefined, false, 0);
    this.#warming = hearing;
    try {
      for (const block of warmUp()) await hearing.put(block);
      await hearing.finish();
    } catch {
      // A recording has come, or whoever begins gets the reason.
    }
    this.#warming = null;
  }

  begin(progress: (samples: number) => void, isFine = false): Hearing {
    this.#warming?.stop(new Error("a recording has come"));
    return this.#begin(progress, isFine, AHEAD);
  }

  /** `ahead`: samples that the workers may have before others are sent. */
  #begin(progress: (samples: number) => void, isFine: boolean, ahead: number): Queue {
    if (this.#broken) throw this.#broken;
    if (this.#waiting) throw new Error("the engine is busy");
    const job = ++this.#job;
    const hearing = new Queue(
      job,
      isFine,
      ahead,
      (message, transfer) => post(this.reader, message, transfer),
      progress,
      () => {
        if (this.#waiting === hearing) this.#waiting = null;
      },
    );
    this.#waiting = hearing;
    return hearing;
  }

  close(): void {
    this.reader.terminate();
    this.listener.terminate();
    this.#fail(new Error("the engine is closed"));
  }
}

function post(worker: Worker, message: ToWorker, transfer: Transferable[] = []): void {
  worker.postMessage(message, transfer);
}

class Queue implements Hearing, Waiting {
  /** Samples that the workers have, and all of them. */
  #ahead = 0;
  #samples = 0;
  #cut: Cut | null = null;
  #heard: Heard | null = null;
  #more: () => void = () => undefined;
  #done: (result: { cut: Cut; heard: Heard | null }) => void = () => undefined;
  #fail: (reason: unknown) => void = () => undefined;
  /** Never resolves; rejects when the engine has failed or the recording is abandoned. */
  readonly #failed = new Promise<never>((_, fail) => {
    this.#fail = fail;
  });

  constructor(
    private readonly job: number,
    isFine: boolean,
    private readonly most: number,
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
    const { length } = channels[0];
    this.#samples += length;
    this.#ahead += length;
    // Channels may be views of one buffer.
    const buffers = new Set(channels.map(({ buffer }) => buffer));
    this.post({ kind: "block", job: this.job, channels }, [...buffers]);
    await Promise.race([this.#ahead < this.most ? null : room, this.#failed]);
  }

  async finish(): Promise<{ cut: Cut; heard: Heard | null }> {
    const result = new Promise<{ cut: Cut; heard: Heard | null }>((resolve) => {
      this.#done = resolve;
    });
    this.post({ kind: "finish", job: this.job });
    return await Promise.race([result, this.#failed]);
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
      this.#ahead -= message.samples;
      this.#more();
    } else if (message.kind === "cut" || message.kind === "heard") {
      if (message.kind === "cut") this.#cut = message.cut;
      else this.#heard = message.heard;
      this.#conclude();
    }
  }

  /** End once both workers have answered; the listener does not if samples are no numbers. */
  #conclude(): void {
    const [cut, heard] = [this.#cut, this.#heard];
    if (!cut || (!heard && Number.isFinite(cut.peak))) return;
    this.progress(this.#samples);
    this.over();
    this.#done({ cut, heard });
  }
}
