// The network: LSTM layers in both directions, attention and the output layer, for four chunks at
// a time, which all arrays have beside each other: steps, chunks, values. Products with int8
// matrices are those of LiteRT's XNNPACK ("dynamic range"): each row is rounded to 256 steps of its
// own, and each output has a factor; `adt_plugins.network.brnn_sa.graph` has the rest. Compiled by
// AssemblyScript. All arguments but numbers and flags are addresses.

import { exp, logistic, madd, tanh } from "./functions";
import { allocate, arrange, Arranged, Matrix, multiply, ROWS } from "./products";

export { addMatrix, allocate, byteProducts } from "./products";

/** A direction of a layer, and room for `steps` steps. */
@unmanaged
class Direction {
  state: usize;
  cell: usize;
  /** Sums over the input, and over the state of one step. */
  sums: usize;
  recalled: usize;
  /** Values of a step, with their increases. */
  rows: usize;
  arranged: Arranged;

  constructor(public ofInput: Matrix, public ofState: Matrix, steps: i32) {
    this.state = allocate(4 * ROWS * ofState.columns);
    this.cell = allocate(4 * ROWS * ofState.columns);
    this.sums = allocate(4 * ROWS * steps * ofInput.outputs);
    this.recalled = allocate(4 * ROWS * ofState.outputs);
    this.rows = allocate(4 * ROWS * ofInput.columns);
    this.arranged = new Arranged(steps, max(ofInput.columns, ofState.columns));
  }
}

/** The attention over `offsets` frames, and room for `frames` frames. */
@unmanaged
class Attention {
  scored: usize;
  shared: usize;
  hidden: usize;
  scores: usize;
  shares: usize;
  mixed: usize;
  arranged: Arranged;

  constructor(
    public every: Matrix, public here: Matrix, public value: Matrix, public output: Matrix,
    public offsets: i32, frames: i32,
  ) {
    const rows = ROWS * frames;
    this.scored = allocate(4 * (rows + ROWS * (offsets - 1)) * every.outputs);
    this.shared = allocate(4 * rows * here.outputs);
    this.hidden = allocate(4 * rows * here.outputs);
    this.scores = allocate(4 * rows * value.outputs);
    this.shares = allocate(4 * rows * value.outputs);
    this.mixed = allocate(4 * rows * value.outputs);
    this.arranged = new Arranged(frames + offsets - 1, every.columns);
  }
}

export function addDirection(ofInput: Matrix, ofState: Matrix, steps: i32): Direction {
  return new Direction(ofInput, ofState, steps);
}

export function addAttention(
  every: Matrix, here: Matrix, value: Matrix, output: Matrix, offsets: i32, frames: i32,
): Attention {
  return new Attention(every, here, value, output, offsets, frames);
}

/** Begin with other chunks. */
export function reset(direction: Direction): void {
  const bytes = 4 * ROWS * direction.ofState.columns;
  memory.fill(direction.state, 0, bytes);
  memory.fill(direction.cell, 0, bytes);
}

/**
 * Run some steps, from `frame` on, forward (`by` 1) or backward (-1). With `rises` the increase
 * of each value since the frame before follows the values. Of the `states` of all frames, both
 * directions beside each other, these are `offset` values behind the first.
 */
export function runSteps(
  direction: Direction, frames: usize, frame: i32, by: i32, count: i32, rises: bool, states: usize,
  offset: i32,
): void {
  const ofInput = direction.ofInput;
  const ofState = direction.ofState;
  const arranged = direction.arranged;
  const width = rises ? ofInput.columns / 2 : ofInput.columns;
  for (let step = 0; step < count; step++) {
    const at = frame + by * step;
    let rows = frames + 4 * ROWS * at * width;
    if (rises) {
      join(rows, at ? rows - 4 * ROWS * width : rows, width, direction.rows);
      rows = direction.rows;
    }
    arrange(ofInput, rows, 1, arranged, step);
  }
  multiply(ofInput, arranged, count, direction.sums);
  const units = ofState.columns;
  for (let step = 0; step < count; step++) {
    arrange(ofState, direction.state, 1, arranged, 0);
    multiply(ofState, arranged, 1, direction.recalled);
    update(direction, direction.sums + 4 * ROWS * step * ofInput.outputs);
    const to = states + 8 * ROWS * (frame + by * step) * units + 4 * offset;
    for (let row = 0; row < ROWS; row++)
      memory.copy(to + 8 * row * units, direction.state + 4 * row * units, 4 * units);
  }
}

/** Put values and their increases since other ones beside each other. */
function join(rows: usize, before: usize, width: i32, out: usize): void {
  const bytes = 4 * width;
  const zero = f32x4.splat(0);
  for (let row = 0; row < ROWS; row++) {
    for (let i = 0; i < bytes; i += 16) {
      const four = v128.load(rows + i);
      v128.store(out + i, four);
      v128.store(out + bytes + i, f32x4.max(f32x4.sub(four, v128.load(before + i)), zero));
    }
    rows += bytes;
    before += bytes;
    out += 2 * bytes;
  }
}

/** Update state and cell by the sums of the gates: input, forget, cell, output. */
function update(direction: Direction, sums: usize): void {
  const gate = 4 * direction.ofState.columns;
  const one = f32x4.splat(1);
  const two = f32x4.splat(2);
  let recalled = direction.recalled;
  let state = direction.state;
  let cell = direction.cell;
  for (let row = 0; row < ROWS; row++) {
    for (const end = state + gate; state < end; state += 16, cell += 16, sums += 16, recalled += 16) {
      const enter = gateOf(sums, recalled);
      const keep = gateOf(sums + gate, recalled + gate);
      const content = gateOf(sums + 2 * gate, recalled + 2 * gate);
      const leave = gateOf(sums + 3 * gate, recalled + 3 * gate);
      const added = f32x4.mul(enter, f32x4.sub(f32x4.mul(content, two), one));
      const now = madd(keep, v128.load(cell), added);
      v128.store(cell, now);
      v128.store(state, f32x4.mul(leave, tanh(now)));
    }
    sums += 3 * gate;
    recalled += 3 * gate;
  }
}

/**
 * Compute the outputs of some frames. `first` and `last`: their states of the first layer, and
 * of the last one, there from as many frames before as one attends to.
 */
export function attend(attention: Attention, first: usize, last: usize, frames: i32, out: usize): void {
  const arranged = attention.arranged;
  const size = attention.every.columns;
  const offsets = attention.offsets;
  const rows = ROWS * frames;
  arrange(attention.every, last, frames + offsets - 1, arranged, 0);
  multiply(attention.every, arranged, frames + offsets - 1, attention.scored);
  arrange(attention.here, first, frames, arranged, 0);
  multiply(attention.here, arranged, frames, attention.shared);
  memory.fill(attention.mixed, 0, 4 * rows * size);
  memory.fill(attention.shares, 0, 4 * rows * size);
  for (let offset = 0; offset < offsets; offset++) {
    hide(attention, offset, rows);
    arrange(attention.value, attention.hidden, frames, arranged, 0);
    multiply(attention.value, arranged, frames, attention.scores);
    weigh(attention, last + 4 * ROWS * offset * size, 4 * rows * size);
  }
  for (let i = 0; i < 4 * rows * size; i += 16) {
    const mixed = attention.mixed + i;
    v128.store(mixed, f32x4.div(v128.load(mixed), v128.load(attention.shares + i)));
  }
  arrange(attention.output, attention.mixed, frames, arranged, 0);
  multiply(attention.output, arranged, frames, out);
  const end = out + 4 * rows * attention.output.outputs;
  for (let at = out; at < end; at += 16) v128.store(at, logistic(v128.load(at)));
}

/** Compute the hidden layer that scores the frames at an offset. */
function hide(attention: Attention, offset: i32, rows: i32): void {
  const rank = attention.here.outputs;
  const width = attention.every.outputs;
  for (let row = 0; row < rows; row++) {
    const scored = attention.scored + 4 * ((row + ROWS * offset) * width + rank * offset);
    const at = 4 * row * rank;
    for (let i = 0; i < 4 * rank; i += 16) {
      const sum = f32x4.add(v128.load(scored + i), v128.load(attention.shared + at + i));
      v128.store(attention.hidden + at + i, tanh(sum));
    }
  }
}

/** Add states by the exponentials of their scores, which tanh bounds. */
function weigh(attention: Attention, states: usize, bytes: i32): void {
  for (let i = 0; i < bytes; i += 16) {
    const share = exp(v128.load(attention.scores + i));
    const mixed = attention.mixed + i;
    const shares = attention.shares + i;
    v128.store(mixed, madd(share, v128.load(states + i), v128.load(mixed)));
    v128.store(shares, f32x4.add(v128.load(shares), share));
  }
}

// @ts-ignore: AssemblyScript's decorator
@inline
function gateOf(sum: usize, recalled: usize): v128 {
  return logistic(f32x4.add(v128.load(sum), v128.load(recalled)));
}
