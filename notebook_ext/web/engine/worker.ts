/** The engine's worker: handles messages in order, one recording at a time. */

import type { Card, FinerModel } from "./engine-types";
import type { Bank, Tables } from "./features";
import { bankOf, Listener, tablesOf } from "./listen";
import type { ToPage, ToWorker } from "./messages";
import { Network } from "./network";

interface Opened {
  readonly card: Card;
  readonly tables: Tables;
  readonly bank: Bank;
  readonly network: Network;
  readonly beats: WebAssembly.Module;
  readonly finer: FinerModel;
}

interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: ToPage, transfer?: Transferable[]): void;
}

/** Least time between two messages about progress. */
const PAUSE_MS = 100;

const scope = globalThis as unknown as Scope;
let opened: Opened | null = null;
let listener: Listener | null = null;
let job = 0;

async function receive(message: ToWorker): Promise<void> {
  if (message.kind === "open") {
    opened = await open(message.parts);
    scope.postMessage({ kind: "ready" });
  } else if (message.kind === "start") {
    job = message.job;
    listener = listen(message.isFine);
  } else if (message.job === job && listener) {
    if (message.kind === "piece") {
      listener.process(message.channels);
      scope.postMessage({ kind: "next", job });
    } else {
      const heard = listener.finish();
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

type Parts = Extract<ToWorker, { kind: "open" }>["parts"];

async function open({
  card,
  finer,
  featuresWasm,
  networkWasm,
  beatsWasm,
  ...parts
}: Parts): Promise<Opened> {
  const tables = tablesOf(card);
  const network = await Network.open(networkWasm, parts.network, card.geometry);
  if (network.bands !== tables.filters.length || network.outputs !== card.outputs.length) {
    throw new Error(`${card.name}: the network does not fit its card`);
  }
  const [bank, beats] = [await bankOf(tables, featuresWasm), await WebAssembly.compile(beatsWasm)];
  return { card, tables, network, beats, finer, bank };
}

function listen(isFine: boolean): Listener {
  if (!opened) throw new Error("not open");
  const { card, tables, bank, network, beats, finer } = opened;
  const own = job;
  let reported = performance.now();
  return new Listener(card, tables, bank, network, beats, isFine ? finer : null, (samples) => {
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
