/** The worker that hears drums and beats in the frames that the reader sends. */

import { filterbank } from "./filterbank";
import { Listener } from "./listen";
import type { ListenerParts, ToListener, ToPage } from "./messages";
import { Network } from "./network";

/** Least time between two messages about progress. */
const PAUSE_MS = 100;

export class ListeningWorker {
  #job = 0;
  #listener: Listener | null = null;

  private constructor(
    private readonly parts: ListenerParts,
    private readonly network: Network,
    private readonly beats: WebAssembly.Module,
    private readonly tell: (message: ToPage, transfer?: Transferable[]) => void,
  ) {}

  static async open(
    parts: ListenerParts,
    tell: (message: ToPage, transfer?: Transferable[]) => void,
  ): Promise<ListeningWorker> {
    const { card, networkWasm, beatsWasm } = parts;
    const network = await Network.open(networkWasm, parts.network, card.geometry);
    const bands = filterbank(card.front_end).length;
    if (network.bands !== bands || network.outputs !== card.outputs.length) {
      throw new Error(`${card.name}: the network does not fit its card`);
    }
    return new ListeningWorker(parts, network, await WebAssembly.compile(beatsWasm), tell);
  }

  receive(message: ToListener): void {
    const { job } = message;
    if (message.kind === "start") {
      this.#job = job;
      this.#listener = this.#listen(message.isFine);
    } else if (job === this.#job && this.#listener) {
      if (message.kind === "frames") this.#listener.process(message.frames);
      else if (message.kind === "next") this.tell(message);
      else if (message.kind === "rest") this.#listener.rest();
      else {
        const heard = this.#listener.finish(message.aside);
        this.#listener = null;
        this.tell({ kind: "heard", job, heard }, [
          heard.activations.buffer,
          heard.levels.buffer,
          heard.known.buffer,
          heard.velocities.buffer,
        ]);
      }
    }
  }

  #listen(isFine: boolean): Listener {
    const { card, finer } = this.parts;
    const job = this.#job;
    let reported = performance.now();
    return new Listener(card, this.network, this.beats, isFine ? finer : null, (samples) => {
      const now = performance.now();
      if (now - reported < PAUSE_MS) return;
      reported = now;
      this.tell({ kind: "progress", job, samples });
    });
  }
}
