/**
 * Runs the network, chunk by chunk: the port of `adt_plugins.network.numpy_backend.layers`, with
 * the arithmetic in WebAssembly (`assembly/network.ts`), and of `Network.stream`, which cuts
 * recordings into chunks.
 */

import type { Geometry, Matrices, Matrix } from "./engine-types";

type Address = number;

interface Exports {
  readonly memory: WebAssembly.Memory;
  allocate(bytes: number): Address;
  addMatrix(columns: number, blocks: number, size: number): Address;
  byteProducts(weight: number, value: number): number;
  addDirection(ofInput: Address, ofState: Address, steps: number): Address;
  addAttention(
    every: Address,
    here: Address,
    value: Address,
    output: Address,
    offsets: number,
    frames: number,
  ): Address;
  reset(direction: Address): void;
  runSteps(
    direction: Address,
    frames: Address,
    frame: number,
    by: number,
    count: number,
    rises: boolean,
    states: Address,
    offset: number,
  ): void;
  attend(attention: Address, first: Address, last: Address, frames: number, out: Address): void;
}

/** Chunks at a time, as in `assembly/network.ts`. */
const CHUNKS = 4;
/** Outputs at a time there. */
const OUTPUTS = 8;
/** Values that are rounded at a time. */
const VALUES = 8;
/** Frames of a layer in one call, and of the attention. */
const STEPS = 16;
const FRAMES = 32;

interface Layer {
  readonly directions: readonly Address[];
  readonly rises: boolean;
  /** Values per frame. */
  readonly width: number;
  readonly units: number;
  readonly states: Address;
}

export class Network {
  readonly chunks = CHUNKS;
  readonly bands: number;
  readonly outputs: number;
  readonly #wasm: Exports;
  readonly #layers: readonly Layer[];
  readonly #attention: Address;
  /** Frames before and after each that the attention reads. */
  readonly #around: number;
  readonly #input: Address;
  /** Outputs of some frames: of each chunk whole blocks. */
  readonly #out: Address;

  static async open(
    wasm: Uint8Array<ArrayBuffer>,
    matrices: Matrices,
    geometry: Geometry,
  ): Promise<Network> {
    const { instance } = await WebAssembly.instantiate(wasm, {});
    return new Network(instance.exports as unknown as Exports, matrices, geometry);
  }

  private constructor(
    wasm: Exports,
    matrices: Matrices,
    readonly geometry: Geometry,
  ) {
    const { rises, offsets, every, here, value, output } = matrices;
    const length = geometry.core + 2 * geometry.context;
    const values = (count: number) => wasm.allocate(4 * CHUNKS * count);
    this.#wasm = wasm;
    this.#layers = matrices.layers.map((both, number) => {
      const [{ ofInput, ofState }] = both;
      const isRising = rises && !number;
      return {
        directions: both.map((one) =>
          wasm.addDirection(added(wasm, one.ofInput), added(wasm, one.ofState), STEPS),
        ),
        rises: isRising,
        width: isRising ? ofInput.columns / 2 : ofInput.columns,
        units: ofState.columns,
        states: values(2 * length * ofState.columns),
      };
    });
    const parts = [every, here, value, output].map((matrix) => added(wasm, matrix));
    const [first, second, third, fourth] = parts;
    this.#attention = wasm.addAttention(first, second, third, fourth, offsets, FRAMES);
    this.#around = (offsets - 1) / 2;
    this.bands = this.#layers[0].width;
    this.outputs = output.values.length / output.columns;
    this.#input = values(length * this.bands);
    this.#out = values(FRAMES * padded(this.outputs));
    if (this.#around > geometry.context) throw new Error("a network that does not fit its card");
  }

  /** The frames of the next chunks, of shape (frames, chunks, bands), to be filled in. */
  get input(): Float32Array {
    const { core, context } = this.geometry;
    const count = (core + 2 * context) * CHUNKS * this.bands;
    return new Float32Array(this.#wasm.memory.buffer, this.#input, count);
  }

  /** Return the activations of the chunks, of shape (core, chunks, outputs). */
  run(progress: (fraction: number) => void): Float32Array {
    const { core, context } = this.geometry;
    const length = core + 2 * context;
    const parts = this.#layers.length + 0.5;
    let frames = this.#input;
    for (const [number, layer] of this.#layers.entries()) {
      // The outer context of the last layer is not needed.
      const last = number && number === this.#layers.length - 1;
      const needed = last ? context + core + this.#around : length;
      this.#run(layer, frames, needed, (part) => progress((number + part) / parts));
      frames = layer.states;
    }
    const activations = new Float32Array(core * CHUNKS * this.outputs);
    for (let k = 0; k < core; k += FRAMES) this.#attend(k, Math.min(FRAMES, core - k), activations);
    return activations;
  }

  /** Compute a layer's states for `needed` frames from each end. */
  #run(layer: Layer, frames: Address, needed: number, progress: (part: number) => void): void {
    const { directions, rises, units, states } = layer;
    const { core, context } = this.geometry;
    const end = core + 2 * context - 1;
    const [forward, backward] = directions;
    for (const direction of directions) this.#wasm.reset(direction);
    for (let k = 0; k < needed; k += STEPS) {
      const count = Math.min(STEPS, needed - k);
      this.#wasm.runSteps(forward, frames, k, 1, count, rises, states, 0);
      this.#wasm.runSteps(backward, frames, end - k, -1, count, rises, states, units);
      progress((k + count) / needed);
    }
  }

  /** Compute the activations of some frames behind the context. */
  #attend(start: number, count: number, activations: Float32Array): void {
    const at = this.geometry.context + start;
    const layers = this.#layers;
    const address = ({ states, units }: Layer, frame: number) =>
      states + 8 * CHUNKS * units * frame;
    const first = address(layers[0], at);
    const last = address(layers[layers.length - 1], at - this.#around);
    this.#wasm.attend(this.#attention, first, last, count, this.#out);
    const { outputs } = this;
    const width = padded(outputs);
    const rows = count * CHUNKS;
    const found = new Float32Array(this.#wasm.memory.buffer, this.#out, rows * width);
    for (let row = 0; row < rows; row++)
      copy(found, row * width, activations, (start * CHUNKS + row) * outputs, outputs);
  }
}

const padded = (outputs: number): number => Math.ceil(outputs / OUTPUTS) * OUTPUTS;

/** Whether the processor multiplies bytes without and with a sign, and loses nothing of the sums. */
const multipliesBytes = (wasm: Exports): boolean =>
  wasm.byteProducts(127, 255) === 4 * 127 * 255 && wasm.byteProducts(-128, 255) === -4 * 128 * 255;

/** Put a matrix into the memory, in the order in which it is used. */
function added(wasm: Exports, { columns, values, scales, bias }: Matrix): Address {
  const outputs = values.length / columns;
  const blocks = padded(outputs) / OUTPUTS;
  if (columns % VALUES) throw new Error(`a network with rows of ${columns} values`);
  const Numbers = !scales ? Float32Array : multipliesBytes(wasm) ? Int8Array : Int16Array;
  const size = Numbers.BYTES_PER_ELEMENT;
  const address = wasm.addMatrix(columns, blocks, size);
  const { buffer } = wasm.memory;
  const [at, factors, biases, totals] = new Uint32Array(buffer, address, 4);
  const sums = new Int32Array(buffer, totals, outputs);
  const ordered = new Numbers(buffer, at, blocks * OUTPUTS * columns);
  // Columns that each output has beside each other.
  const run = 4 / size;
  for (let output = 0; output < outputs; output++) {
    const own = output % OUTPUTS;
    for (let column = 0; column < columns; column++) {
      const inside = column % run;
      const place = (output - own) * columns + (column - inside) * OUTPUTS + own * run + inside;
      ordered[place] = values[output * columns + column];
      sums[output] += values[output * columns + column];
    }
  }
  if (scales) new Float32Array(buffer, factors, outputs).set(scales);
  if (bias) new Float32Array(buffer, biases, outputs).set(bias);
  return address;
}

/** Copy a few values; `set` and `subarray` would be slower, and create garbage. */
function copy(from: Float32Array, at: number, to: Float32Array, place: number, count: number) {
  for (let i = 0; i < count; i++) to[place + i] = from[at + i];
}

/** Processes a recording that arrives in blocks, chunk by chunk. */
export class Chunks {
  readonly #network: Network;
  /** The frames of the next chunks, with their context. */
  readonly #window: Float32Array;
  #length: number;
  #received = 0;
  #returned = 0;

  constructor(network: Network) {
    this.#network = network;
    const { core, context, padding } = network.geometry;
    if (padding !== "zeros") throw new Error(`no padding ${padding} here`);
    this.#window = new Float32Array((core * network.chunks + 2 * context) * network.bands);
    this.#length = context;
  }

  /** Process frames; pass on activations, frame by frame, once there are enough. */
  process(frames: Float32Array, out: Out): void {
    const { bands } = this.#network;
    let at = 0;
    const whole = this.#window.length / bands;
    this.#received += frames.length / bands;
    while (at < frames.length) {
      const count = Math.min(frames.length / bands - at / bands, whole - this.#length);
      this.#window.set(frames.subarray(at, at + count * bands), this.#length * bands);
      at += count * bands;
      this.#length += count;
      if (this.#length === whole) this.#step(out);
    }
  }

  finish(out: Out): void {
    while (this.#returned < this.#received) this.#step(out);
  }

  #step(out: Out): void {
    const { bands, outputs, chunks, input, geometry } = this.#network;
    const { core, context } = geometry;
    this.#window.fill(0, this.#length * bands);
    for (let t = 0; t < core + 2 * context; t++) {
      for (let chunk = 0; chunk < chunks; chunk++) {
        copy(this.#window, (chunk * core + t) * bands, input, (t * chunks + chunk) * bands, bands);
      }
    }
    const count = Math.min(core * chunks, this.#received - this.#returned);
    const activations = this.#network.run((part) => out.progress(this.#returned + part * count));
    const values = new Float32Array(count * outputs);
    for (let i = 0; i < count; i++) {
      const from = ((i % core) * chunks + Math.floor(i / core)) * outputs;
      copy(activations, from, values, i * outputs, outputs);
    }
    this.#window.copyWithin(0, core * chunks * bands);
    this.#length = Math.max(0, this.#length - core * chunks);
    this.#returned += count;
    out.values(values);
  }
}

/** Receives activations, and the number of processed frames. */
export interface Out {
  values(values: Float32Array): void;
  progress(frames: number): void;
}
