/** The messages between page and worker. */

import type { Heard, Parts } from "./engine-types";

export type ToWorker =
  | {
      readonly kind: "open";
      readonly parts: Omit<Parts, "workerScript">;
    }
  | { readonly kind: "start"; readonly job: number; readonly isFine: boolean }
  | {
      readonly kind: "piece";
      readonly job: number;
      readonly channels: readonly Float32Array<ArrayBuffer>[];
    }
  | { readonly kind: "finish"; readonly job: number };

export type ToPage =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly job: number; readonly samples: number }
  /** A piece has been processed, so there is room for another. */
  | { readonly kind: "next"; readonly job: number }
  | { readonly kind: "heard"; readonly job: number; readonly heard: Heard }
  | { readonly kind: "failed"; readonly reason: string };
