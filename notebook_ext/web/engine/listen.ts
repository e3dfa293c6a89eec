/**
 * Runs the network over the frames of a recording, and finds hits and beats: with `read.ts` before
 * it `adt_plugins.pipeline.listen`.
 */

import type { Aside } from "./aside";
import { silence } from "./beginnings";
import { Columns } from "./columns";
import type { Card, FinerModel, Heard } from "./engine-types";
import { kindsOf } from "./finer";
import { Chunks, type Network } from "./network";
import { drumsOf, gridOf, hitsOf, thresholdsOf } from "./picking";
import { weigh } from "./recurrence";
import { beatsOf } from "./rhythm/beats";

/** Processes one recording, from its start to its end. */
export class Listener {
  readonly #card: Card;
  readonly #finer: FinerModel | null;
  readonly #chunks: Chunks;
  readonly #activations: Columns;
  readonly #beats: WebAssembly.Module;
  readonly #progress: (samples: number) => void;

  /**
   * `beats`: `beats.wasm`; `finer`: model that distinguishes finer drums; `progress` receives the number of processed
   * samples.
   */
  constructor(
    card: Card,
    network: Network,
    beats: WebAssembly.Module,
    finer: FinerModel | null,
    progress: (samples: number) => void,
  ) {
    this.#card = card;
    this.#finer = finer;
    this.#chunks = new Chunks(network);
    this.#activations = new Columns(card.outputs.length);
    this.#beats = beats;
    this.#progress = progress;
  }

  /** Process the next frames. */
  process(frames: Float32Array): void {
    this.#chunks.process(frames, this.#out);
  }

  /** Process the rest of the frames, all of which have been received. */
  rest(): void {
    this.#chunks.finish(this.#out);
  }

  finish({ levels, strengths, silences, changes, bands }: Aside): Heard {
    const { outputs } = this.#card;
    const activations = this.#activations.joined();
    const frames = activations.length / outputs.length;
    const columnOf = (all: Float32Array) => (output: string) => {
      const at = outputs.indexOf(output) * frames;
      return at < 0 ? null : all.subarray(at, at + frames);
    };
    const lanesOf = (all: Float32Array) =>
      drumsOf(this.#card).flatMap((drum) => {
        const values = columnOf(all)(drum);
        return values ? [{ drum, values }] : [];
      });
    const lanes = lanesOf(activations);
    for (const { values } of lanes) silence(values, silences);
    const { rate } = gridOf(this.#card);
    const finer = this.#finer;
    const column = columnOf(activations);
    const beats = beatsOf({ outputs, column }, changes, rate, this.#beats);
    // Finer drums, and which drums there are, follow from the activations as they are.
    const raw = activations.slice();
    const isFixed = this.#card.picker.kind !== "adtlib";
    const bars = isFixed ? weigh(lanes, this.#card.thresholds, beats, rate) : null;
    const tell =
      finer && bands
        ? (drum: string, positions: readonly number[]) =>
            kindsOf(finer, drum, positions, { frames, bands, activations: raw, rate, bars })
        : null;
    const thresholds = thresholdsOf(this.#card, lanesOf(raw), lanes, rate, silences.sounding);
    const hits = hitsOf(this.#card, thresholds, frames, activations, strengths, tell);
    const sha256 = finer?.sha256 ?? null;
    return { frames, outputs, activations, levels, beats, finer: sha256, ...hits };
  }

  readonly #out = {
    values: (values: Float32Array) => this.#activations.add(values),
    progress: (frames: number) => this.#progress(frames * this.#card.front_end.hop_size),
  };
}
