/**
 * Runs a network whose file has graphs for a few steps of each layer: the port of
 * `adt_plugins.network.stepwise`, and of `Network.stream`, which cuts recordings.
 */

import type { Geometry } from "./engine-types";

export type Tensors = Readonly<Record<string, Float32Array>>;

/** An open file: the shapes of its inputs and outputs, and a way to run its graphs. */
export interface Interpreter {
  readonly names: readonly string[];
  inputs(signature: string): Readonly<Record<string, readonly number[]>>;
  outputs(signature: string): Readonly<Record<string, readonly number[]>>;
  run(signature: string, inputs: Tensors): Promise<Tensors>;
}

const ATTENTION = "attention";
const layerName = (number: number): string => `layer${number + 1}`;

interface Layer {
  readonly name: string;
  readonly units: number;
  /** Input values per frame. */
  readonly width: number;
  readonly frames: Float32Array;
  readonly before: Float32Array | null;
  /** States of both directions side by side, for the frames of a batch; reused. */
  readonly states: Float32Array;
}

export class Layers {
  readonly bands: number;
  readonly outputs: number;
  readonly #layers: Layer[];
  readonly #steps: number;
  /** Frames that the attention processes at once, and its context on each side. */
  readonly #run: number;
  readonly #width: number;

  constructor(
    readonly file: Interpreter,
    readonly geometry: Geometry,
  ) {
    const { batch, core, context } = geometry;
    const length = core + 2 * context;
    let count = 0;
    // The file also has graphs for single chunks, which are not used here.
    while (file.names.includes(layerName(count))) count++;
    if (!count || !file.names.includes(ATTENTION))
      throw new Error(`no layers in ${file.names.join()}`);
    this.#layers = Array.from({ length: count }, (_, number) => {
      const shapes = file.inputs(layerName(number));
      const [steps, rows, width] = shapes.frames;
      const [, units] = shapes.state;
      if (rows !== 2 * batch || length % steps)
        throw new Error(`${shapes.frames.join()} do not fit the card`);
      return {
        name: layerName(number),
        units,
        width,
        frames: new Float32Array(steps * rows * width),
        before: shapes.before ? new Float32Array(steps * rows * width) : null,
        states: new Float32Array(length * batch * 2 * units),
      };
    });
    this.#steps = file.inputs(layerName(0)).frames[0];
    this.bands = this.#layers[0].width;
    const { here, around } = file.inputs(ATTENTION);
    this.#run = here[0];
    this.#width = (around[0] - here[0]) / 2;
    if (here[1] !== batch || core % here[0] || this.#width > context) {
      throw new Error(`${here.join()} do not fit the card`);
    }
    this.outputs = file.outputs(ATTENTION).activations[2];
  }

  /** Return activations of shape (core, batch, outputs) for (frames, batch, bands). */
  async run(chunks: Float32Array, progress: (fraction: number) => void): Promise<Float32Array> {
    const { core, context, batch } = this.geometry;
    const length = core + 2 * context;
    const parts = this.#layers.length + 0.5;
    let heard = chunks;
    for (const [number, layer] of this.#layers.entries()) {
      // The outer context of the last layer is not needed.
      const last = number && number === this.#layers.length - 1;
      const needed = last ? context + core + this.#width : length;
      await this.#layer(layer, heard, length, needed, (part) => progress((number + part) / parts));
      heard = layer.states;
    }
    const first = this.#layers[0].states;
    const row = batch * 2 * this.#layers[0].units;
    const lastRow = batch * 2 * this.#layers[this.#layers.length - 1].units;
    const found = new Float32Array(core * batch * this.outputs);
    for (let k = 0; k < core; k += this.#run) {
      const at = context + k;
      const { activations } = await this.file.run(ATTENTION, {
        here: first.subarray(at * row, (at + this.#run) * row),
        around: heard.subarray(
          (at - this.#width) * lastRow,
          (at + this.#run + this.#width) * lastRow,
        ),
      });
      found.set(activations, k * batch * this.outputs);
    }
    return found;
  }

  /** Compute a layer's states for `needed` frames from each end. */
  async #layer(
    layer: Layer,
    input: Float32Array,
    length: number,
    needed: number,
    progress: (fraction: number) => void,
  ): Promise<void> {
    const { batch } = this.geometry;
    const { name, units, width, frames, before, states } = layer;
    const steps = this.#steps;
    const row = batch * width;
    let state = new Float32Array(2 * batch * units);
    let cell = state;
    for (let k = 0; k < needed; k += steps) {
      for (let s = 0; s < steps; s++) {
        const there = k + s;
        const back = length - 1 - there;
        bothWays(input, row, there, back, frames, s);
        if (before) bothWays(input, row, Math.max(there - 1, 0), Math.max(back - 1, 0), before, s);
      }
      const found = await this.file.run(
        name,
        before ? { frames, before, state, cell } : { frames, state, cell },
      );
      const size = 2 * batch * units;
      for (let s = 0; s < steps; s++) {
        for (let b = 0; b < batch; b++) {
          const from = s * size + b * units;
          const to = 2 * units * batch * (k + s) + 2 * units * b;
          copy(found.states, from, states, to, units);
          const back = 2 * units * batch * (length - 1 - k - s) + 2 * units * b + units;
          copy(found.states, from + batch * units, states, back, units);
        }
      }
      state = found.states.slice((steps - 1) * size, steps * size);
      cell = found.last_cell as Float32Array<ArrayBuffer>;
      progress((k + steps) / needed);
    }
  }
}

/** Put each frame beside its mirror image in time. */
function bothWays(
  input: Float32Array,
  row: number,
  there: number,
  back: number,
  out: Float32Array,
  step: number,
): void {
  copy(input, there * row, out, 2 * step * row, row);
  copy(input, back * row, out, (2 * step + 1) * row, row);
}

/** Copy a few values; `set` and `subarray` would be slower, and create garbage. */
function copy(from: Float32Array, at: number, to: Float32Array, place: number, count: number) {
  for (let i = 0; i < count; i++) to[place + i] = from[at + i];
}

/** Processes a recording that arrives in blocks, chunk by chunk. */
export class Chunks {
  readonly #layers: Layers;
  readonly #geometry: Geometry;
  /** The frames of the next batch, with their context. */
  readonly #window: Float32Array;
  #length: number;
  #received = 0;
  #returned = 0;

  constructor(layers: Layers) {
    this.#layers = layers;
    this.#geometry = layers.geometry;
    const { core, batch, context, padding } = layers.geometry;
    if (padding !== "zeros") throw new Error(`no padding ${padding} here`);
    this.#window = new Float32Array((core * batch + 2 * context) * layers.bands);
    this.#length = context;
  }

  /** Process frames; pass on activations, frame by frame, once there are enough. */
  async process(frames: Float32Array, out: Out): Promise<void> {
    const { bands } = this.#layers;
    let at = 0;
    const whole = this.#window.length / bands;
    this.#received += frames.length / bands;
    while (at < frames.length) {
      const count = Math.min(frames.length / bands - at / bands, whole - this.#length);
      this.#window.set(frames.subarray(at, at + count * bands), this.#length * bands);
      at += count * bands;
      this.#length += count;
      if (this.#length === whole) await this.#step(out);
    }
  }

  async finish(out: Out): Promise<void> {
    while (this.#returned < this.#received) await this.#step(out);
  }

  async #step(out: Out): Promise<void> {
    const { bands, outputs } = this.#layers;
    const { core, batch, context } = this.#geometry;
    this.#window.fill(0, this.#length * bands);
    const length = core + 2 * context;
    const chunks = new Float32Array(length * batch * bands);
    for (let t = 0; t < length; t++) {
      for (let b = 0; b < batch; b++) {
        copy(this.#window, (b * core + t) * bands, chunks, (t * batch + b) * bands, bands);
      }
    }
    const count = Math.min(core * batch, this.#received - this.#returned);
    const found = await this.#layers.run(chunks, (part) =>
      out.progress(this.#returned + part * count),
    );
    const values = new Float32Array(count * outputs);
    for (let i = 0; i < count; i++) {
      const from = ((i % core) * batch + Math.floor(i / core)) * outputs;
      copy(found, from, values, i * outputs, outputs);
    }
    this.#window.copyWithin(0, core * batch * bands);
    this.#length = Math.max(0, this.#length - core * batch);
    this.#returned += count;
    out.values(values);
  }
}

/** Receives activations, and the number of processed frames. */
export interface Out {
  values(values: Float32Array): void;
  progress(frames: number): void;
}
