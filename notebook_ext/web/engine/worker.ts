/** The engine's worker: handles messages in order, one recording at a time. */

import type { Card, FinerModel } from "./engine-types";
import type { Bank, Tables } from "./features";
import { Layers } from "./layers";
import { bankOf, Listener, tablesOf } from "./listen";
import { openModel } from "./litert";
import type { ToPage, ToWorker } from "./messages";

interface Opened {
  readonly card: Card;
  readonly tables: Tables;
  readonly bank: Bank;
  readonly layers: Layers;
  readonly finer: FinerModel;
}

interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: ToPage, transfer?: Transferable[]): void;
}

/** Least time between two messages about progress. */
const PAUSE_MS = 50;

const scope = globalThis as unknown as Scope;
let opened: Opened | null = null;
let listener: Listener | null = null;
let job = 0;

async function receive(message: ToWorker): Promise<void> {
  if (message.kind === "open") {
    opened = await open(message);
    scope.postMessage({ kind: "ready" });
  } else if (message.kind === "start") {
    job = message.job;
    listener = listen(message.isFine);
  } else if (message.job === job && listener) {
    if (message.kind === "piece") {
      await listener.process(message.channels);
      scope.postMessage({ kind: "next", job });
    } else {
      const heard = await listener.finish();
      listener = null;
      scope.postMessage({ kind: "heard", job, heard }, [
        heard.activations.buffer,
        heard.levels.buffer,
        heard.known.buffer,
        heard.velocities.buffer,
      ]);
    }
  }
}

async function open(parts: Extract<ToWorker, { kind: "open" }>): Promise<Opened> {
  const { card, finer } = parts;
  const tables = tablesOf(card);
  const layers = new Layers(await openModel(parts.runtime, parts.model), card.geometry);
  if (layers.bands !== tables.filters.length || layers.outputs !== card.outputs.length) {
    throw new Error(`${card.name}: the network does not fit its card`);
  }
  return { card, tables, layers, finer, bank: await bankOf(tables, parts.features) };
}

function listen(isFine: boolean): Listener {
  if (!opened) throw new Error("not open");
  const { card, tables, bank, layers, finer } = opened;
  const own = job;
  let reported = performance.now();
  return new Listener(card, tables, bank, layers, isFine ? finer : null, (samples) => {
    const now = performance.now();
    if (now - reported < PAUSE_MS) return;
    reported = now;
    scope.postMessage({ kind: "progress", job: own, samples });
  });
}

let queue = Promise.resolve();
scope.onmessage = ({ data }) => {
  queue = queue
    .then(() => receive(data))
    .catch((error: unknown) => {
      listener = null;
      scope.postMessage({
        kind: "failed",
        reason: error instanceof Error ? error.message : String(error),
      });
    });
};
