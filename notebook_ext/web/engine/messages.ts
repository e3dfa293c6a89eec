/** The messages between page and worker. */

import type { Card, FinerModel, Heard } from "./engine-types";

export type ToWorker =
  | {
      readonly kind: "open";
      readonly runtime: WebAssembly.Module;
      readonly model: Uint8Array<ArrayBuffer>;
      readonly card: Card;
      readonly finer: FinerModel;
      readonly features?: Uint8Array<ArrayBuffer>;
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
