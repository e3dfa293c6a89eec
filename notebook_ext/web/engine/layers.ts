/**
 * Runs a network whose file has graphs for a few steps of each layer: the port of
 * `adt_plugins.network.stepwise`, and of `Network.stream`, which cuts recordings into chunks.
 */

import type { Geometry } from "./engine-types";

export type Tensors = Readonly<Record<string, Float32Array>>;

/** An input of a graph. `values` may be another array after each run. */
export interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A graph of an open file. */
export interface Graph {
  readonly inputs: Readonly<Record<string, Input>>;
  readonly outputShapes: Readonly<Record<string, readonly number[]>>;
  /** Run it on the values of its inputs. The next run of any graph may overwrite the results. */
  run(): Promise<Tensors>;
}

/** An open file. */
export interface Interpreter {
  /** Signatures of its graphs. */
  readonly names: readonly string[];
  open(signature: string): Graph;
}

const ATTENTION = "attention";
const layerName = (number: number): string => `layer${number + 1}`;

interface Layer {
  readonly graph: Graph;
  readonly units: number;
  /** Input values per frame. */
  readonly width: number;
  /** States of both directions side by side, for the frames of a batch; reused. */
  readonly states: Float32Array;
}

export class Layers {
  readonly bands: number;
  readonly outputs: number;
  readonly #layers: Layer[];
  readonly #attention: Graph;
  readonly #steps: number;
  /** Frames that the attention processes at once, and its context on each side. */
  readonly #run: number;
  readonly #width: number;

  constructor(
    file: Interpreter,
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
      const graph = file.open(layerName(number));
      const { frames, state } = graph.inputs;
      const [steps, rows, width] = frames.shape;
      const [, units] = state.shape;
      if (rows !== 2 * batch || length % steps)
        throw new Error(`${frames.shape.join()} do not fit the card`);
      return { graph, units, width, states: new Float32Array(length * batch * 2 * units) };
    });
    [this.#steps] = this.#layers[0].graph.inputs.frames.shape;
    this.bands = this.#layers[0].width;
    this.#attention = file.open(ATTENTION);
    const { here, around } = this.#attention.inputs;
    this.#run = here.shape[0];
    this.#width = (around.shape[0] - this.#run) / 2;
    if (here.shape[1] !== batch || core % this.#run || this.#width > context) {
      throw new Error(`${here.shape.join()} do not fit the card`);
    }
    this.outputs = this.#attention.outputShapes.activations[2];
  }

  /** Return activations of shape (core, batch, outputs) for (frames, batch, bands). */
  async run(chunks: Float32Array, progress: (fraction: number) => void): Promise<Float32Array> {
    const { core, context, batch } = this.geometry;
    const length = core + 2 * context;
    const parts = this.#layers.length + 0.5;
    let states = chunks;
    for (const [number, layer] of this.#layers.entries()) {
      // The outer context of the last layer is not needed.
      const last = number && number === this.#layers.length - 1;
      const needed = last ? context + core + this.#width : length;
      await this.#layer(layer, states, length, needed, (part) => progress((number + part) / parts));
      states = layer.states;
    }
    const first = this.#layers[0].states;
    const row = batch * 2 * this.#layers[0].units;
    const lastRow = batch * 2 * this.#layers[this.#layers.length - 1].units;
    const activations = new Float32Array(core * batch * this.outputs);
    const { here, around } = this.#attention.inputs;
    for (let k = 0; k < core; k += this.#run) {
      const at = context + k;
      const end = at + this.#run;
      here.values.set(first.subarray(at * row, end * row));
      around.values.set(
        states.subarray((at - this.#width) * lastRow, (end + this.#width) * lastRow),
      );
      const part = await this.#attention.run();
      activations.set(part.activations, k * batch * this.outputs);
    }
    return activations;
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
    const { graph, units, width, states } = layer;
    const { frames, before, state, cell } = graph.inputs;
    const steps = this.#steps;
    const row = batch * width;
    const size = 2 * batch * units;
    state.values.fill(0);
    cell.values.fill(0);
    for (let k = 0; k < needed; k += steps) {
      const back = length - 1 - k;
      bothWays(input, row, k, back, frames);
      if (before) bothWays(input, row, k - 1, back - 1, before);
      const result = await graph.run();
      for (let s = 0; s < steps; s++) {
        for (let b = 0; b < batch; b++) {
          const from = s * size + b * units;
          const to = size * (k + s) + 2 * units * b;
          copy(result.states, from, states, to, units);
          const mirrored = size * (back - s) + 2 * units * b + units;
          copy(result.states, from + batch * units, states, mirrored, units);
        }
      }
      state.values.set(result.states.subarray((steps - 1) * size));
      cell.values.set(result.last_cell);
      progress((k + steps) / needed);
    }
  }
}

/**
 * Fill in frames from `first` on, and beside each the frame at the same distance before `last`.
 * Frame 0 stands in for those before it.
 */
function bothWays(
  frames: Float32Array,
  row: number,
  first: number,
  last: number,
  { shape: [steps], values }: Input,
): void {
  for (let s = 0; s < steps; s++) {
    copy(frames, Math.max(first + s, 0) * row, values, 2 * s * row, row);
    copy(frames, Math.max(last - s, 0) * row, values, (2 * s + 1) * row, row);
  }
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
    const activations = await this.#layers.run(chunks, (part) =>
      out.progress(this.#returned + part * count),
    );
    const values = new Float32Array(count * outputs);
    for (let i = 0; i < count; i++) {
      const from = ((i % core) * batch + Math.floor(i / core)) * outputs;
      copy(activations, from, values, i * outputs, outputs);
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
