/** A recording in pieces to what is heard in it: `adt_plugins.pipeline.listen`. */

import { Beginnings } from "./beginnings";
import { compiledBank } from "./compiled";
import type { Card, Heard } from "./engine-types";
import { type Bank, type Block, Features, LevelFollower, type Tables } from "./features";
import { ScriptBank } from "./fft";
import { drumRanges, filterbank, hann } from "./filterbank";
import { Chunks, type Layers } from "./layers";
import { Mixer } from "./mixer";
import { drumsOf, hitsOf } from "./picking";

export function tablesOf(card: Card): Tables {
  const { frame_size: size, hop_size: hop } = card.front_end;
  return { size, hop, window: hann(size), filters: filterbank(card.front_end) };
}

export async function bankOf(tables: Tables, wasm?: Uint8Array<ArrayBuffer>): Promise<Bank> {
  return wasm ? compiledBank(wasm, tables) : new ScriptBank(tables);
}

/** One recording, from nothing. */
export class Listener {
  readonly #card: Card;
  readonly #features: Features;
  readonly #beginnings: Beginnings;
  readonly #chunks: Chunks;
  readonly #mixer = new Mixer();
  readonly #frames: number;
  readonly #activations: Float32Array<ArrayBuffer>;
  readonly #levels: Float32Array<ArrayBuffer>;
  readonly #progress: (fraction: number) => void;
  #heard = 0;
  #found = 0;

  /** `samples`: how many there will be. `progress` gets 0..1. */
  constructor(
    card: Card,
    tables: Tables,
    bank: Bank,
    layers: Layers,
    samples: number,
    progress: (fraction: number) => void,
  ) {
    this.#card = card;
    const drums = drumsOf(card);
    const { front_end: frontEnd, level } = card;
    const ranges = drumRanges(drums, tables.filters, frontEnd);
    const follower = level ? new LevelFollower(level, frontEnd) : null;
    this.#features = new Features(bank, tables, ranges, follower);
    this.#beginnings = new Beginnings(frontEnd);
    this.#chunks = new Chunks(layers);
    this.#frames = Math.ceil(samples / tables.hop);
    this.#activations = new Float32Array(this.#frames * card.outputs.length);
    this.#levels = new Float32Array(this.#frames * drums.length);
    this.#progress = progress;
  }

  /** Take the next samples of all channels. */
  async process(channels: readonly Float32Array[]): Promise<void> {
    const blocks: Block[] = [];
    const mono = this.#mixer.mix(channels);
    this.#beginnings.hear(mono);
    this.#features.process(mono, (block) => blocks.push(block));
    await this.#take(blocks);
  }

  async finish(): Promise<Heard> {
    const blocks: Block[] = [];
    this.#features.finish((block) => blocks.push(block));
    await this.#take(blocks);
    await this.#chunks.finish(this.#out);
    const { outputs } = this.#card;
    this.#beginnings.finish();
    for (const drum of drumsOf(this.#card)) {
      const at = outputs.indexOf(drum) * this.#frames;
      this.#beginnings.silence(this.#activations.subarray(at, at + this.#frames));
    }
    return {
      frames: this.#frames,
      outputs,
      activations: this.#activations,
      levels: this.#levels,
      ...hitsOf(this.#card, this.#frames, this.#activations, this.#levels),
    };
  }

  async #take(blocks: readonly Block[]): Promise<void> {
    for (const { features, levels, frames } of blocks) {
      turn(levels, frames, this.#levels, this.#frames, this.#heard);
      this.#heard += frames;
      await this.#chunks.process(features, this.#out);
    }
  }

  readonly #out = {
    values: (values: Float32Array) => {
      const count = values.length / this.#card.outputs.length;
      turn(values, count, this.#activations, this.#frames, this.#found);
      this.#found += count;
    },
    progress: (frames: number) => this.#progress(Math.min(frames / this.#frames, 1)),
  };
}

/** Rows of a few frames into columns of all. */
function turn(
  rows: Float32Array,
  count: number,
  columns: Float32Array,
  frames: number,
  first: number,
): void {
  const width = count ? rows.length / count : 0;
  for (let column = 0; column < width; column++) {
    for (let t = 0; t < count; t++) columns[column * frames + first + t] = rows[t * width + column];
  }
}
