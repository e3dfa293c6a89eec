/** A worker of the engine, the reader or the listener: handles messages in order. */

import { ListeningWorker } from "./listener";
import type { ToListener, ToPage, ToWorker } from "./messages";
import { ReadingWorker } from "./reader";

interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: ToPage, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
const tell = (message: ToPage, transfer: Transferable[] = []): void =>
  scope.postMessage(message, transfer);

let reader: ReadingWorker | null = null;

async function receive(message: ToWorker): Promise<void> {
  if (message.kind === "read") {
    reader = await ReadingWorker.open(message.parts, message.port, tell);
    tell({ kind: "ready" });
  } else if (message.kind === "listen") {
    const listener = await ListeningWorker.open(message.parts, tell);
    message.port.onmessage = ({ data }: MessageEvent<ToListener>) =>
      inOrder(() => listener.receive(data));
    tell({ kind: "ready" });
  } else reader?.receive(message);
}

let queue = Promise.resolve();

/** Do something once all before it is done; report what goes wrong. */
function inOrder(action: () => void | Promise<void>): void {
  queue = queue.then(action).catch((error: unknown) => {
    tell({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  });
}

scope.onmessage = ({ data }) => inOrder(() => receive(data));
