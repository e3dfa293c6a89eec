/**
 * Runs front end and network over a recording that arrives in pieces:
 * `adt_plugins.pipeline.listen`.
 */

import { Beginnings } from "./beginnings";
import { compiledBank } from "./compiled";
import type { Card, FinerModel, Heard } from "./engine-types";
import { type Bank, type Block, Features, LevelFollower, type Tables } from "./features";
import { ScriptBank } from "./fft";
import { drumRanges, filterbank, hann } from "./filterbank";
import { BroadBands, kindsOf } from "./finer";
import { Mixer } from "./mixer";
import { Chunks, type Network } from "./network";
import { NoiseFloor } from "./noise-floor";
import { drumsOf, gridOf, hitsOf, thresholdsOf } from "./picking";
import { weigh } from "./recurrence";
import { beatsOf } from "./rhythm/beats";
import { Harmony } from "./rhythm/chord-changes";

export function tablesOf(card: Card): Tables {
  const { frame_size: size, hop_size: hop } = card.front_end;
  return { size, hop, window: hann(size), filters: filterbank(card.front_end) };
}

export async function bankOf(tables: Tables, wasm?: Uint8Array<ArrayBuffer>): Promise<Bank> {
  return wasm ? compiledBank(wasm, tables) : new ScriptBank(tables);
}

/** Processes one recording, from its start to its end. */
export class Listener {
  readonly #card: Card;
  readonly #hop: number;
  readonly #features: Features;
  readonly #beginnings: Beginnings;
  readonly #harmony: Harmony;
  readonly #finer: FinerModel | null;
  readonly #broad: BroadBands | null;
  readonly #chunks: Chunks;
  readonly #mixer = new Mixer();
  readonly #floor: NoiseFloor;
  readonly #activations: Columns;
  readonly #levels: Columns;
  readonly #beats: WebAssembly.Module;
  readonly #progress: (samples: number) => void;

  /**
   * `beats`: `beats.wasm`; `finer`: model that distinguishes finer drums; `progress` receives the number of processed
   * samples.
   */
  constructor(
    card: Card,
    tables: Tables,
    bank: Bank,
    network: Network,
    beats: WebAssembly.Module,
    finer: FinerModel | null,
    progress: (samples: number) => void,
  ) {
    this.#card = card;
    this.#hop = tables.hop;
    const drums = drumsOf(card);
    const { front_end: frontEnd, level } = card;
    const ranges = drumRanges(drums, tables.filters, frontEnd);
    const follower = level ? new LevelFollower(level, frontEnd) : null;
    this.#features = new Features(bank, tables, ranges, follower);
    this.#beginnings = new Beginnings(frontEnd);
    this.#floor = new NoiseFloor(tables.hop);
    this.#harmony = new Harmony(tables.filters, frontEnd);
    this.#finer = finer;
    this.#broad = finer && new BroadBands(tables.filters, frontEnd);
    this.#chunks = new Chunks(network);
    this.#activations = new Columns(card.outputs.length);
    this.#levels = new Columns(drums.length);
    this.#beats = beats;
    this.#progress = progress;
  }

  /** Process the next samples of all channels. */
  process(channels: readonly Float32Array[]): void {
    const blocks: Block[] = [];
    const mono = this.#mixer.mix(channels);
    this.#beginnings.hear(mono);
    this.#features.process(this.#floor.process(mono), (block) => blocks.push(block));
    this.#take(blocks);
  }

  finish(): Heard {
    const blocks: Block[] = [];
    this.#features.process(this.#floor.finish(), (block) => blocks.push(block));
    this.#features.finish((block) => blocks.push(block));
    this.#take(blocks);
    this.#chunks.finish(this.#out);
    const { outputs } = this.#card;
    this.#beginnings.finish();
    const activations = this.#activations.joined();
    const levels = this.#levels.joined();
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
    for (const { values } of lanes) this.#beginnings.silence(values);
    const { rate } = gridOf(this.#card);
    const finer = this.#finer;
    const bands = this.#broad?.values();
    const column = columnOf(activations);
    const beats = beatsOf({ outputs, column }, this.#harmony.changes(), rate, this.#beats);
    // Finer drums, and which drums there are, follow from the activations as they are.
    const raw = activations.slice();
    const isFixed = this.#card.picker.kind !== "adtlib";
    const bars = isFixed ? weigh(lanes, this.#card.thresholds, beats, rate) : null;
    const tell =
      finer && bands
        ? (drum: string, positions: readonly number[]) =>
            kindsOf(finer, drum, positions, { frames, bands, activations: raw, rate, bars })
        : null;
    const thresholds = thresholdsOf(this.#card, lanesOf(raw), lanes, rate);
    const hits = hitsOf(this.#card, thresholds, frames, activations, levels, tell);
    const sha256 = finer?.sha256 ?? null;
    return { frames, outputs, activations, levels, beats, finer: sha256, ...hits };
  }

  #take(blocks: readonly Block[]): void {
    for (const { features, levels } of blocks) {
      this.#levels.add(levels);
      this.#harmony.hear(features);
      this.#broad?.hear(features);
      this.#chunks.process(features, this.#out);
    }
  }

  readonly #out = {
    values: (values: Float32Array) => this.#activations.add(values),
    progress: (frames: number) => this.#progress(frames * this.#hop),
  };
}

/** Collects rows, a few at a time, and transposes them at the end. */
class Columns {
  readonly #parts: Float32Array[] = [];
  #rows = 0;

  constructor(private readonly width: number) {}

  add(rows: Float32Array): void {
    this.#parts.push(rows);
    this.#rows += rows.length / this.width;
  }

  /** Return all columns, one after the other; the rows are dropped. */
  joined(): Float32Array<ArrayBuffer> {
    const [count, width] = [this.#rows, this.width];
    const columns = new Float32Array(count * width);
    let first = 0;
    for (const rows of this.#parts.splice(0)) {
      const own = rows.length / width;
      for (let column = 0; column < width; column++) {
        const at = column * count + first;
        for (let t = 0; t < own; t++) columns[at + t] = rows[t * width + column];
      }
      first += own;
    }
    return columns;
  }
}
