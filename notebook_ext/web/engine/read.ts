/** Computes the frames of a recording that arrives in pieces, up to the network. */

import type { Aside } from "./aside";
import { Beginnings } from "./beginnings";
import { Columns } from "./columns";
import { compiledBank } from "./compiled";
import type { Block, Card } from "./engine-types";
import { type Bank, Features, type Block as Frames, LevelFollower, type Tables } from "./features";
import { ScriptBank } from "./fft";
import { drumRanges, filterbank, hann } from "./filterbank";
import { BroadBands } from "./finer";
import { Mixer } from "./mixer";
import { NoiseFloor } from "./noise-floor";
import { drumsOf } from "./picking";
import type { Rounding } from "./pieces";
import { Harmony } from "./rhythm/chord-changes";
import { strengthsOf } from "./velocity";

export function tablesOf(card: Card): Tables {
  const { frame_size: size, hop_size: hop } = card.front_end;
  return { size, hop, window: hann(size), filters: filterbank(card.front_end) };
}

export async function bankOf(tables: Tables, wasm?: Uint8Array<ArrayBuffer>): Promise<Bank> {
  return wasm ? compiledBank(wasm, tables) : new ScriptBank(tables);
}

/** Reads one recording, from its start to its end. */
export class Reader {
  readonly #features: Features;
  readonly #beginnings: Beginnings;
  readonly #harmony: Harmony;
  readonly #broad: BroadBands | null;
  readonly #mixer: Mixer;
  readonly #hop: number;
  readonly #floor: NoiseFloor;
  readonly #levels: Columns;
  readonly #drums: number;
  readonly #rate: number;
  /** Where frames are collected. */
  #room = new Float32Array(0);

  constructor(
    card: Card,
    tables: Tables,
    bank: Bank,
    private readonly rounding: Rounding,
    isFine: boolean,
  ) {
    const drums = drumsOf(card);
    const { front_end: frontEnd, level } = card;
    const ranges = drumRanges(drums, tables.filters, frontEnd);
    const follower = level ? new LevelFollower(level, frontEnd) : null;
    this.#features = new Features(bank, tables, ranges, follower);
    this.#mixer = new Mixer((channels, weights) => rounding.mix(channels, weights));
    this.#beginnings = new Beginnings(frontEnd);
    this.#hop = tables.hop;
    this.#floor = new NoiseFloor(tables.hop);
    this.#harmony = new Harmony(tables.filters, frontEnd);
    this.#broad = isFine ? new BroadBands(tables.filters, frontEnd) : null;
    this.#levels = new Columns(drums.length);
    this.#drums = drums.length;
    this.#rate = frontEnd.sample_rate / frontEnd.hop_size;
  }

  /** Process the next samples of all channels; returns the frames that they complete. */
  read(channels: Block): Float32Array<ArrayBuffer> {
    const mono = this.#mixer.mix(channels);
    const powers = this.rounding.powers(mono, this.#hop);
    this.#beginnings.hear(mono, powers);
    return this.#taken((out) => this.#features.process(this.#floor.process(mono, powers), out));
  }

  /** Return the remaining frames. */
  rest(): Float32Array<ArrayBuffer> {
    return this.#taken((out) => {
      this.#features.process(this.#floor.finish(), out);
      this.#features.finish(out);
    });
  }

  /** Return what else was found, after the last frames. */
  finish(): Aside {
    const levels = this.#levels.joined();
    return {
      levels,
      strengths: strengthsOf(levels, this.#drums, this.#rate),
      silences: this.#beginnings.finish(),
      changes: this.#harmony.changes(),
      bands: this.#broad?.values() ?? null,
    };
  }

  /** Return all frames that `compute` passes on. */
  #taken(compute: (out: (block: Frames) => void) => void): Float32Array<ArrayBuffer> {
    let length = 0;
    compute(({ features, levels }) => {
      this.#levels.add(levels);
      this.#harmony.hear(features);
      this.#broad?.hear(features);
      if (this.#room.length < length + features.length) {
        const more = new Float32Array(2 * (length + features.length));
        more.set(this.#room);
        this.#room = more;
      }
      this.#room.set(features, length);
      length += features.length;
    });
    return this.#room.slice(0, length);
  }
}
