/** What the reader finds in a recording beside its frames. */

import type { Silences } from "./beginnings";

export interface Aside {
  /** Level in dB of each drum's bands, drum by drum. */
  readonly levels: Float32Array<ArrayBuffer>;
  /** See `strengthsOf`. */
  readonly strengths: Float64Array<ArrayBuffer>;
  readonly silences: Silences;
  /** See `Harmony.changes`. */
  readonly changes: Float32Array;
  /** See `BroadBands.values`; null if no finer drums are wanted. */
  readonly bands: Uint8Array | null;
}
