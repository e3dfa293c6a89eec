/**
 * What the page knows of the engine: a recording goes in, and what Python's network
 * would say of it comes out. Everything heavy runs in a worker of its own.
 *
 *     const engine = await startEngine(parts);
 *     const heard = await engine.hear([left, right], (done) => …, abort.signal);
 *     const { header, data, velocities } = songOf(heard, parts.card, about);
 *     const song = new Song(header, data);      // src/song.ts
 */

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
  /** In force: the card's, or what the song asks for. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Rows of lane, frame, time, velocity, confidence. */
  readonly known: Float64Array<ArrayBuffer>;
  /** Of a hit at each frame, drum by drum. */
  readonly velocities: Uint8Array<ArrayBuffer>;
}

/** One channel: a `Float32Array`, or what gives copies of its parts as that does. */
export interface Samples {
  readonly length: number;
  slice(start: number, end: number): Float32Array;
}

export interface Engine {
  /**
   * Listen to a recording: channels at the card's rate (44.1 kHz), of equal length.
   * They are read in pieces while it runs and are not changed. `progress` gets 0..1.
   * One recording at a time. Rejects with the signal's reason when it is aborted; the
   * engine can be used again then. After any other rejection, close it.
   */
  hear(
    channels: readonly Samples[],
    progress: (fraction: number) => void,
    signal?: AbortSignal,
  ): Promise<Heard>;
  /** Let go of the worker and of its memory. */
  close(): void;
}

/** What only the page knows of a recording. */
export interface About {
  readonly title: string;
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
  /** As `adt_plugins.editor.payload` writes it; without beats: Python finds those. */
  readonly header: Header;
  readonly data: ArrayBuffer;
  /** For `Host.velocities`. */
  readonly velocities: Uint8Array<ArrayBuffer>;
}
