/** What went wrong, in a sentence for whoever uses the page. */
export class Trouble extends Error {}

/** Let the browser draw and answer; unlike timers this is not slowed in a hidden tab. */
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

/** What went wrong with a file, for whoever dropped it. */
export const sentence = (name: string, error: unknown): string =>
  error instanceof Trouble ? error.message : `“${name}” could not be worked on: ${reason(error)}.`;
