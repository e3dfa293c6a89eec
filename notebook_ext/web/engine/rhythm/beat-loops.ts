/** The loops that `assembly/beats.ts` compiles to, in a memory of their own. */

export type Address = number;

interface Exports {
  readonly memory: WebAssembly.Memory;
  allocate(bytes: number): Address;
  addSearch(
    lengths: number,
    beats: number,
    step: number,
    reach: number,
    division: number,
    frames: Address,
    heads: Address,
    sums: Address,
    previous: Address,
    changes: Address,
    gains: Address,
  ): Address;
  gain(
    search: Address,
    first: number,
    count: number,
    evidence: Address,
    wide: number,
    out: Address,
    next: number,
  ): void;
  score(search: Address, scores: Address, next: number, count: number): void;
  spread(values: Address, count: number, slack: number, out: Address): void;
  add(values: Address, others: Address, count: number): void;
  comb(values: Address, length: number, teeth: number): number;
}

/** Bytes that vectors may read or write behind an array. */
const VECTOR = 16;

/** Its memory is given back with it, so there is one for each search. */
export class BeatLoops {
  readonly run: Exports;

  constructor(module: WebAssembly.Module) {
    this.run = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
  }

  /** Return room for numbers of 32 bits, all 0. */
  room(count: number): Address {
    return this.run.allocate(4 * count + VECTOR);
  }

  /** Return some numbers in the memory, until there is more of it. */
  floats(at: Address, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.run.memory.buffer as ArrayBuffer, at, count);
  }

  /** Put numbers into the memory. */
  floatsAt(values: ArrayLike<number>): Address {
    const at = this.room(values.length);
    this.floats(at, values.length).set(values);
    return at;
  }

  integersAt(values: ArrayLike<number>): Address {
    const at = this.room(values.length);
    new Int32Array(this.run.memory.buffer, at, values.length).set(values);
    return at;
  }

  doublesAt(values: ArrayLike<number>): Address {
    const at = this.room(2 * values.length);
    new Float64Array(this.run.memory.buffer, at, values.length).set(values);
    return at;
  }
}
