/** The worker that cuts a recording into pieces and computes frames, for the listener behind it. */

import type { Card } from "./engine-types";
import type { Bank, Tables } from "./features";
import type { ReaderParts, ToListener, ToPage, ToReader } from "./messages";
import { Cutter, Rounding } from "./pieces";
import { bankOf, Reader, tablesOf } from "./read";

/** A recording. */
interface Work {
  readonly cutter: Cutter;
  readonly reader: Reader;
}

export class ReadingWorker {
  #job = 0;
  #work: Work | null = null;

  private constructor(
    private readonly card: Card,
    private readonly tables: Tables,
    private readonly bank: Bank,
    private readonly rounding: Rounding,
    private readonly port: MessagePort,
    private readonly tell: (message: ToPage) => void,
  ) {}

  static async open(
    { card, featuresWasm, piecesWasm }: ReaderParts,
    port: MessagePort,
    tell: (message: ToPage) => void,
  ): Promise<ReadingWorker> {
    const tables = tablesOf(card);
    const bank = await bankOf(tables, featuresWasm);
    const rounding = await Rounding.open(piecesWasm);
    return new ReadingWorker(card, tables, bank, rounding, port, tell);
  }

  receive(message: ToReader): void {
    const { job } = message;
    if (message.kind === "start") {
      const { isFine } = message;
      this.#job = job;
      this.#work = {
        cutter: new Cutter(this.rounding),
        reader: new Reader(this.card, this.tables, this.bank, this.rounding, isFine),
      };
      this.#pass({ kind: "start", job, isFine });
    } else if (job === this.#job && this.#work) {
      if (message.kind === "block") {
        this.#read(this.#work, this.#work.cutter.put(message.channels));
        this.#pass({ kind: "next", job, samples: message.channels[0].length });
      } else {
        this.#finish(this.#work);
        this.#work = null;
      }
    }
  }

  #read({ reader }: Work, pieces: Iterable<readonly Float32Array[]>): void {
    for (const piece of pieces) this.#send(reader.read(piece));
  }

  #finish({ cutter, reader }: Work): void {
    const job = this.#job;
    this.#read({ cutter, reader }, cutter.rest());
    this.tell({ kind: "cut", job, cut: cutter.recording });
    if (!Number.isFinite(cutter.recording.peak)) return;
    this.#send(reader.rest());
    this.#pass({ kind: "rest", job }); // the listener goes on meanwhile
    const aside = reader.finish();
    this.#pass({ kind: "finish", job, aside }, [aside.levels.buffer, aside.strengths.buffer]);
  }

  #send(frames: Float32Array<ArrayBuffer>): void {
    if (frames.length) this.#pass({ kind: "frames", job: this.#job, frames }, [frames.buffer]);
  }

  #pass(message: ToListener, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
}
