/**
 * What the page knows of the engine: a recording goes in, and what Python's network
 * would say of it comes out. Everything heavy runs in a worker of its own.
 *
 *     const engine = await startEngine(parts);
 *     const hearing = engine.begin((samples) => …);
 *     await hearing.put([left, right]);         // piece after piece
 *     const heard = await hearing.finish();
 *     const { header, data, velocities } = songOf(heard, parts.card, about);
 *     const song = new Song(header, data);      // src/song.ts
 */

import type { Beats } from "../../src/core/beats";
import type { Picker } from "../../src/core/pick";
import type { Header } from "../../src/core/song";

/** A model card, as `models/drums.json` has it; see `adt_plugins.card`. */
export interface Card {
  readonly name: string;
  readonly sha256: string;
  readonly outputs: readonly string[];
  readonly front_end: FrontEnd;
  readonly geometry: Geometry;
  readonly picker: Picker;
  /** Of each drum among the outputs. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly level?: LevelRule | null;
  /** When thresholds are raised for a whole recording. */
  readonly gate?: Gate | null;
  readonly delay?: number;
}

export interface FrontEnd {
  readonly kind: string;
  readonly frame_size: number;
  readonly hop_size: number;
  readonly sample_rate: number;
  readonly bands_per_octave: number;
  readonly fmin: number;
  readonly fmax: number;
}

export interface Geometry {
  readonly core: number;
  readonly context: number;
  readonly batch: number;
  readonly padding: string;
}

export interface LevelRule {
  readonly target: number;
  readonly decay_db_per_second: number;
  readonly floor: number;
}

/** See `adt_plugins.picking.song_gate`. */
export interface Gate {
  readonly song: number;
  readonly lone: Readonly<Record<string, number>>;
  readonly drums: Readonly<Record<string, number>>;
  readonly sure: Readonly<Record<string, number>>;
}

/** What the page carries: the files of `web-engine`, unpacked, and a model. */
export interface Parts {
  /** LiteRT.js's loader, a classic script. */
  readonly runtimeScript: string;
  readonly runtimeWasm: Uint8Array<ArrayBuffer>;
  /** The `.tflite` file of the card. */
  readonly model: Uint8Array<ArrayBuffer>;
  readonly card: Card;
  /** `worker.js`, a classic script. */
  readonly workerScript: string;
  /** Without it the features are computed in JavaScript, with the same result. */
  readonly featuresWasm?: Uint8Array<ArrayBuffer>;
}

/** What the network heard, and the hits at the thresholds in force. */
export interface Heard {
  readonly frames: number;
  /** As in the card. */
  readonly outputs: readonly string[];
  /** Output by output, `frames` values each, 0-1. */
  readonly activations: Float32Array<ArrayBuffer>;
  /** Drum by drum of the card, `frames` values each, dB: how loud its bands are. */
  readonly levels: Float32Array<ArrayBuffer>;
  /** None where there is no steady beat. */
  readonly beats: Beats;
  /** In force: the card's, or what the song asks for. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Rows of lane, frame, time, velocity, confidence. */
  readonly known: Float64Array<ArrayBuffer>;
  /** Of a hit at each frame, drum by drum. */
  readonly velocities: Uint8Array<ArrayBuffer>;
}

/** A recording on its way to the network. */
export interface Hearing {
  /**
   * The next samples: channels of equal length at the card's rate (44.1 kHz). What lies
   * behind them is given away. Done when there is room for more; rejects if the engine
   * has failed or is closed.
   */
  put(channels: readonly Float32Array<ArrayBuffer>[]): Promise<void>;
  /** What was heard of all. */
  finish(): Promise<Heard>;
  /** Let go of it; what waits for it rejects with this reason. */
  stop(reason: unknown): void;
}

export interface Engine {
  /**
   * Begin with a recording, one at a time. `progress` gets how many samples have been
   * heard. The engine can be used again when it is finished or stopped.
   */
  begin(progress: (samples: number) => void): Hearing;
  /** Whether it has failed, and is good for nothing any more. */
  readonly isBroken: boolean;
  /** Let go of the worker and of its memory. */
  close(): void;
}

/** What only the page knows of a recording. */
export interface About {
  readonly title: string;
  /** Title and artist, on paper. */
  readonly names: readonly [title: string, artist: string];
  /** Of the files that are exported. */
  readonly stem: string;
  /** Names what the edits are edits of. */
  readonly fingerprint: string;
  /** Seconds of the recording. */
  readonly duration: number;
  /** Of the JSON's `source`: the file's name, and what is known of its content. */
  readonly path: string | null;
  readonly sha256: string | null;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  /** The pieces that the page plays. */
  readonly audio: Header["audio"];
}

export interface SongParts {
  /** As `adt_plugins.editor.payload` writes it. */
  readonly header: Header;
  readonly data: ArrayBuffer;
  /** For `Host.velocities`. */
  readonly velocities: Uint8Array<ArrayBuffer>;
}
