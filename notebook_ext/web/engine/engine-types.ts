/**
 * The interface of the engine: a recording goes in, and the same results as Python's come
 * out. All heavy work runs in a worker.
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
  /** Threshold of each drum among the outputs. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly level?: LevelRule | null;
  /** Rules by which thresholds are raised for a whole recording. */
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

/** Distinguishes the finer drums of a network, see `adt_plugins.picking.fine_drums`. */
export interface FinerModel {
  /** SHA-256 of its file. */
  readonly sha256: string;
  /** Kinds of each coarse drum. */
  readonly families: Readonly<Record<string, Kinds>>;
}

/** A network of one hidden layer; matrices row by row. */
export interface Kinds {
  /** "" stands for uncertain, and is never reported. */
  readonly kinds: readonly string[];
  readonly surenesses: Float32Array;
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  readonly hidden: Float32Array;
  readonly hiddenBias: Float32Array;
  readonly output: Float32Array;
  readonly outputBias: Float32Array;
}

/** A matrix, row by row. */
export interface Matrix {
  readonly columns: number;
  readonly values: Int8Array | Float32Array;
  /** Factor of each row of integers. */
  readonly scales: Float32Array | null;
  readonly bias: Float32Array | null;
}

/** A direction of a layer. */
export interface Direction {
  readonly ofInput: Matrix;
  readonly ofState: Matrix;
}

/** See `adt_plugins.network.numpy_backend.matrices`. */
export interface Matrices {
  /** Whether the first layer also reads the increases of a frame's values. */
  readonly rises: boolean;
  /** Frames that one attends to. */
  readonly offsets: number;
  /** Both directions of each layer. */
  readonly layers: readonly (readonly Direction[])[];
  readonly every: Matrix;
  readonly here: Matrix;
  readonly value: Matrix;
  readonly output: Matrix;
}

/** Parts that the page embeds: the unpacked files of `web-engine`, and a model. */
export interface Parts {
  readonly card: Card;
  /** The network of the card. */
  readonly network: Matrices;
  readonly finer: FinerModel;
  /** `worker.js`, a classic script. */
  readonly workerScript: string;
  readonly networkWasm: Uint8Array<ArrayBuffer>;
  readonly beatsWasm: Uint8Array<ArrayBuffer>;
  readonly piecesWasm: Uint8Array<ArrayBuffer>;
  /** Without it, features are computed in JavaScript, with the same result. */
  readonly featuresWasm?: Uint8Array<ArrayBuffer>;
}

/** Samples at 44.1 kHz: channels of equal length. */
export type Block = readonly Float32Array[];

/** A recording in pieces, see `pieces.ts`. */
export interface Cut {
  readonly blobs: readonly Blob[];
  readonly samples: number;
  /** NaN if a sample is not a number. */
  readonly peak: number;
  /** Number of channels of the recording; 0 without samples. */
  readonly channels: number;
}

/** Results for a recording: the network's outputs, and the hits at the thresholds in force. */
export interface Heard {
  readonly frames: number;
  /** Names of the outputs, as in the card. */
  readonly outputs: readonly string[];
  /** Output by output, `frames` values each, 0-1. */
  readonly activations: Float32Array<ArrayBuffer>;
  /** Level in dB of each drum's bands, `frames` values per drum of the card. */
  readonly levels: Float32Array<ArrayBuffer>;
  /** Empty if there is no steady beat. */
  readonly beats: Beats;
  /** Thresholds in force: the card's, or raised ones for this song. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Rows of lane, frame, time, velocity, confidence. */
  readonly known: Float64Array<ArrayBuffer>;
  /** The finer drum of each row of `known`, "" where it is uncertain; null: not asked for. */
  readonly kinds: readonly string[] | null;
  /** SHA-256 of the model that named them. */
  readonly finer: string | null;
  /** Velocity of a hit at each frame, drum by drum. */
  readonly velocities: Uint8Array<ArrayBuffer>;
}

/** A recording that is being processed. */
export interface Hearing {
  /**
   * Process the next samples: channels of equal length at the card's rate (44.1 kHz). Their
   * buffers are transferred. Resolves when there is room for more; rejects if the engine
   * has failed or is closed.
   */
  put(channels: readonly Float32Array<ArrayBuffer>[]): Promise<void>;
  /** Return the whole recording; nothing is heard in samples that are no finite numbers. */
  finish(): Promise<{ readonly cut: Cut; readonly heard: Heard | null }>;
  /** Abandon the recording; pending promises reject with this reason. */
  stop(reason: unknown): void;
}

export interface Engine {
  /**
   * Begin with a recording, one at a time. `progress` receives the number of processed
   * samples; `isFine`: finer drums are wanted. The engine can be used again once the recording
   * is finished or stopped.
   */
  begin(progress: (samples: number) => void, isFine?: boolean): Hearing;
  /** Whether it has failed and cannot be used any more. */
  readonly isBroken: boolean;
  /** Terminate the workers and free their memory. */
  close(): void;
}

/** What only the page knows about a recording. */
export interface About {
  readonly title: string;
  /** Title and artist, on paper. */
  readonly names: readonly [title: string, artist: string];
  /** Stem of exported files. */
  readonly stem: string;
  /** Identifies the song that edits belong to. */
  readonly fingerprint: string;
  /** Length of the recording in seconds. */
  readonly duration: number;
  /** The JSON's `source`: the file's name, and what is known of its content. */
  readonly path: string | null;
  readonly sha256: string | null;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  /** The chunks that the page plays. */
  readonly audio: Header["audio"];
}

export interface SongParts {
  /** As `adt_plugins.editor.payload` writes it. */
  readonly header: Header;
  readonly data: ArrayBuffer;
  /** For `Host.velocities`. */
  readonly velocities: Uint8Array<ArrayBuffer>;
}
