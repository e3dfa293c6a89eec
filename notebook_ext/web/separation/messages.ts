/** The messages between page and worker. */

import type { Hit } from "./separator";
import type { General } from "./templates";

export interface Request {
  /** 16-bit samples, channel after channel in turn; all but the last have the same length. */
  readonly pieces: readonly Blob[];
  /** Samples of a piece in each channel, and of all pieces. */
  readonly chunk: number;
  readonly samples: number;
  readonly channels: number;
  readonly hits: readonly Hit[];
  readonly general: General;
}

export type Reply =
  | { readonly kind: "progress"; readonly progress: number }
  /** The next piece of the song without its drums, cut like the song. */
  | { readonly kind: "piece"; readonly samples: Int16Array<ArrayBuffer> }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly reason: string };
