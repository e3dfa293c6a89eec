/** What Python sends of a song, and the hits at any thresholds. */

import type { MeterChange } from "./bars";
import type { Beats } from "./beats";
import { coarseOf, nameOf } from "./drums";
import type { Automatic } from "./edits";
import { type Activation, type Grid, type Picker, pickAll, confidence as sureness } from "./pick";

/** The header; `adt_plugins.editor.payload` writes it. */
export interface Header {
  readonly title: string;
  readonly fingerprint: string;
  readonly duration: number;
  readonly rate: number;
  readonly offset: number;
  readonly delay: number;
  readonly frames: number;
  readonly picker: Picker | null;
  /** In the order of the lanes; those of the activations first. */
  readonly lanes: readonly { readonly drum: string; readonly threshold: number | null }[];
  readonly known: number;
  readonly extras: readonly {
    readonly id: string;
    readonly time: number;
    readonly drum: string;
    readonly velocity: number;
    readonly confidence: number;
  }[];
  /** Picks at the first thresholds that the transcription does not have. */
  readonly missing: readonly string[];
  readonly beats: Beats;
  /** Earlier builds had none. */
  readonly meters?: readonly MeterChange[];
  /** Counted beats a minute, where one tempo fits all of them. */
  readonly tempo?: number | null;
  readonly audio: {
    readonly chunk: number;
    readonly samples: number;
    readonly margin: number;
    readonly channels: number;
  } | null;
  readonly files: Files;
}

/** What the writers need and cannot know. */
export interface Files {
  readonly stem: string;
  /** Title and artist, on paper. Earlier builds had none. */
  readonly names?: readonly [title: string, artist: string];
  /** The JSON file behind its onsets, in parts between which the thresholds go. */
  readonly json: readonly string[];
  readonly labels: readonly (readonly [start: number, end: number, text: string])[];
  readonly maps: readonly TempoMap[];
}

export interface TempoMap {
  readonly suffix: string;
  readonly tempos: readonly (readonly [tick: number, tempo: number])[];
  /** Base64 of the file up to its track of notes, which no edit changes. */
  readonly head: string;
}

interface Known {
  readonly time: number;
  readonly velocity: number;
  readonly confidence: number;
}

export class Song {
  readonly lanes: readonly string[];
  readonly activations: readonly Activation[];
  readonly first: Readonly<Record<string, number>>;
  readonly grid: Grid;
  /** Of a hit of a drum at a frame that the transcription does not have. */
  velocities: Uint8Array | null = null;
  readonly #known = new Map<string, Known>();
  readonly #missing: ReadonlySet<string>;

  /** `data`: the known picks, rows of five float64; then activations lane by lane, float32. */
  constructor(
    readonly header: Header,
    data: ArrayBuffer,
  ) {
    const { frames, lanes, known } = header;
    this.grid = { rate: header.rate, offset: header.offset, delay: header.delay };
    this.lanes = lanes.map((lane) => lane.drum);
    const heard = lanes.filter((lane) => lane.threshold !== null);
    this.first = Object.fromEntries(heard.map((lane) => [lane.drum, lane.threshold as number]));
    const table = new Float64Array(data.slice(0, known * 40));
    this.activations = heard.map(({ drum }, i) => ({
      drum,
      values: new Float32Array(data, known * 40 + i * frames * 4, frames),
    }));
    for (let i = 0; i < known; i++) {
      const [lane, frame, time, velocity, confidence] = table.subarray(5 * i, 5 * i + 5);
      this.#known.set(idOf(heard[lane].drum, frame), { time, velocity, confidence });
    }
    this.#missing = new Set(header.missing);
  }

  /** Hits at these thresholds, before any edit. */
  automatic(changed: Readonly<Record<string, number>>): Automatic[] {
    const { header } = this;
    const result: Automatic[] = header.extras.map((hit) => ({ ...hit, original: true }));
    if (!header.picker) return result;
    const thresholds = { ...this.first, ...changed };
    pickAll(this.activations, thresholds, header.picker, this.grid).forEach((picks, lane) => {
      for (const pick of picks) {
        const id = idOf(pick.drum, pick.frame);
        if (this.#missing.has(id)) continue;
        const known = this.#known.get(id);
        const rest = known ?? {
          time: pick.time,
          velocity: this.#velocityAt(lane, pick.frame),
          confidence: pick.confidence,
        };
        result.push({ id, drum: pick.drum, ...rest, original: known !== undefined });
      }
    });
    return result;
  }

  #velocityAt(lane: number, frame: number): number {
    if (this.velocities) return this.velocities[lane * this.header.frames + frame];
    // Until the levels are there: by how sure the network is.
    const { drum, values } = this.activations[lane];
    const sure = sureness(values[frame], this.first[drum]);
    return Math.max(1, Math.round(1 + 126 * sure));
  }
}

export const idOf = (drum: string, frame: number): string => `${drum}:${frame}`;

export { coarseOf, nameOf };
