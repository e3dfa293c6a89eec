/** A song as Python sends it, and its hits at any thresholds. */

import type { MeterChange } from "./bars";
import type { Beats } from "./beats";
import { pyramid } from "./columns";
import { coarseOf, nameOf } from "./drums";
import { type Automatic, inOrder } from "./edits";
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
  /** The lanes in order; those with activations come first. */
  readonly lanes: readonly { readonly drum: string; readonly threshold: number | null }[];
  readonly known: number;
  readonly extras: readonly {
    readonly id: string;
    readonly time: number;
    readonly drum: string;
    readonly velocity: number;
    readonly confidence: number;
  }[];
  /** Picks at the original thresholds that are not in the transcription. */
  readonly missing: readonly string[];
  readonly beats: Beats;
  /** Missing in files of earlier builds. */
  readonly meters?: readonly MeterChange[];
  /** Counted beats per minute, if one tempo fits all of them. */
  readonly tempo?: number | null;
  readonly audio: {
    readonly chunk: number;
    readonly samples: number;
    readonly margin: number;
    readonly channels: number;
  } | null;
  readonly files: Files;
}

/** What the writers need besides the hits. */
export interface Files {
  readonly stem: string;
  /** Title and artist, on paper. Earlier builds had none. */
  readonly names?: readonly [title: string, artist: string];
  /** The rest of the JSON file after its onsets, in parts, with the thresholds in between. */
  readonly json: readonly string[];
  readonly labels: readonly (readonly [start: number, end: number, text: string])[];
  readonly maps: readonly TempoMap[];
}

export interface TempoMap {
  readonly suffix: string;
  readonly tempos: readonly (readonly [tick: number, tempo: number])[];
  /** The file up to its note track, in base64; edits of hits do not change it. */
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
  /** Of each lane with activations, these at ever coarser resolution, to be drawn. */
  readonly curves: ReadonlyMap<string, Float32Array[]>;
  readonly first: Readonly<Record<string, number>>;
  readonly grid: Grid;
  /** Velocities of new hits, by drum and frame. */
  velocities: Uint8Array | null = null;
  readonly #known = new Map<string, Known>();
  readonly #missing: ReadonlySet<string>;

  /** `data`: original picks in rows of five float64; then activations, lane by lane, float32. */
  constructor(
    readonly header: Header,
    data: ArrayBuffer,
  ) {
    const { frames, lanes, known } = header;
    this.grid = { rate: header.rate, offset: header.offset, delay: header.delay };
    this.lanes = lanes.map((lane) => lane.drum);
    const picked = lanes.filter((lane) => lane.threshold !== null);
    this.first = Object.fromEntries(picked.map((lane) => [lane.drum, lane.threshold as number]));
    const table = new Float64Array(data.slice(0, known * 40));
    this.activations = picked.map(({ drum }, i) => ({
      drum,
      values: new Float32Array(data, known * 40 + i * frames * 4, frames),
    }));
    this.curves = new Map(this.activations.map(({ drum, values }) => [drum, pyramid(values)]));
    for (let i = 0; i < known; i++) {
      const [lane, frame, time, velocity, confidence] = table.subarray(5 * i, 5 * i + 5);
      this.#known.set(idOf(picked[lane].drum, frame), { time, velocity, confidence });
    }
    this.#missing = new Set(header.missing);
  }

  /** Return the hits at these thresholds, before any edit. */
  automatic(changed: Readonly<Record<string, number>>): Automatic[] {
    const { header } = this;
    const result: Automatic[] = header.extras.map((hit) => ({
      ...hit,
      byHand: false,
      original: true,
    }));
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
        const original = known !== undefined;
        result.push({ id, drum: pick.drum, ...rest, byHand: false, original });
      }
    });
    return result.sort(inOrder);
  }

  #velocityAt(lane: number, frame: number): number {
    if (this.velocities) return this.velocities[lane * this.header.frames + frame];
    // Until the velocities have arrived, use the confidence instead.
    const { drum, values } = this.activations[lane];
    const sure = sureness(values[frame], this.first[drum]);
    return Math.max(1, Math.round(1 + 126 * sure));
  }
}

export const idOf = (drum: string, frame: number): string => `${drum}:${frame}`;

export { coarseOf, nameOf };
