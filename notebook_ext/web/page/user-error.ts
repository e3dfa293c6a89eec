import { Trouble } from "../../src/core/trouble";

export { Trouble };

/** Let the browser draw and react; unlike timers, this is not throttled in a hidden tab. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export const reason = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Return a sentence for the user about an error with a file. */
export const sentence = (name: string, error: unknown): string =>
  error instanceof Trouble ? error.message : `“${name}” could not be worked on: ${reason(error)}.`;
