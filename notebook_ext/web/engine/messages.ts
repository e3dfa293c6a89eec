/** The messages between the page and its two workers: the reader, and behind it the listener. */

import type { Aside } from "./aside";
import type { Cut, Heard, Parts } from "./engine-types";

export type ReaderParts = Pick<Parts, "card" | "featuresWasm" | "piecesWasm">;
export type ListenerParts = Pick<Parts, "card" | "network" | "finer" | "networkWasm" | "beatsWasm">;

export type ToWorker =
  /** Become the reader, or the listener; `port` leads to the other one. */
  | { readonly kind: "read"; readonly parts: ReaderParts; readonly port: MessagePort }
  | { readonly kind: "listen"; readonly parts: ListenerParts; readonly port: MessagePort }
  | ToReader;

export type ToReader =
  | { readonly kind: "start"; readonly job: number; readonly isFine: boolean }
  | {
      readonly kind: "block";
      readonly job: number;
      readonly channels: readonly Float32Array<ArrayBuffer>[];
    }
  | { readonly kind: "finish"; readonly job: number };

/** From the reader. */
export type ToListener =
  | { readonly kind: "start"; readonly job: number; readonly isFine: boolean }
  | { readonly kind: "frames"; readonly job: number; readonly frames: Float32Array<ArrayBuffer> }
  /** All frames of a block of samples have been sent. */
  | { readonly kind: "next"; readonly job: number; readonly samples: number }
  /** All frames have been sent. */
  | { readonly kind: "rest"; readonly job: number }
  | { readonly kind: "finish"; readonly job: number; readonly aside: Aside };

export type ToPage =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly job: number; readonly samples: number }
  /** As many samples have been processed, so there is room for others. */
  | { readonly kind: "next"; readonly job: number; readonly samples: number }
  | { readonly kind: "cut"; readonly job: number; readonly cut: Cut }
  | { readonly kind: "heard"; readonly job: number; readonly heard: Heard }
  | { readonly kind: "failed"; readonly reason: string };
