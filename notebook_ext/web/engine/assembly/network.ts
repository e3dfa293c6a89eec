// The network: LSTM layers in both directions, attention and the output layer, for four chunks at
// a time, which all arrays have beside each other: steps, chunks, values. Products with int8
// matrices are those of LiteRT's XNNPACK ("dynamic range"): each row is rounded to 256 steps of its
// own, and each output has a factor; `adt_plugins.network.brnn_sa.graph` has the rest. Compiled by
// AssemblyScript. All arguments but numbers and flags are addresses.

/** Chunks, whose rows are multiplied at once. */
const ROWS = 4;
/** Outputs that are computed at once. */
const OUTPUTS = 8;

/**
 * `values`: for each eight outputs, and for each column, those of the eight in float32; or in
 * int16 for each two columns, those of four outputs and those of the other four. `factors` (of
 * integers) and `bias`: float32, one for each output.
 */
@unmanaged
class Matrix {
  values: usize;
  factors: usize;
  bias: usize;

  constructor(public columns: i32, public blocks: i32, public isInteger: bool) {
    this.values = allocate((isInteger ? 2 : 4) * this.outputs * columns);
    this.factors = allocate(4 * this.outputs);
    this.bias = allocate(4 * this.outputs);
  }

  get outputs(): i32 {
    return OUTPUTS * this.blocks;
  }
}

/** Rows in the order in which they are multiplied, four beside each other. */
@unmanaged
class Arranged {
  /** Float32, a column of each row in turn; or int16, two columns of each. */
  values: usize;
  /** What an integer step stands for, for each row. */
  steps: usize;

  constructor(groups: i32, columns: i32) {
    this.values = allocate(4 * ROWS * groups * columns);
    this.steps = allocate(4 * ROWS * groups);
  }
}

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

export function allocate(bytes: usize): usize {
  return heap.alloc(bytes);
}

export function addMatrix(columns: i32, blocks: i32, isInteger: bool): Matrix {
  return new Matrix(columns, blocks, isInteger);
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
      const now = f32x4.add(f32x4.mul(keep, v128.load(cell)), added);
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
    v128.store(mixed, f32x4.add(v128.load(mixed), f32x4.mul(share, v128.load(states + i))));
    v128.store(shares, f32x4.add(v128.load(shares), share));
  }
}

/** Arrange `groups` times four rows for a matrix, as the groups from `group` on. */
function arrange(matrix: Matrix, rows: usize, groups: i32, out: Arranged, group: i32): void {
  const columns = matrix.columns;
  for (let n = group; n < group + groups; n++, rows += 4 * ROWS * columns) {
    if (matrix.isInteger) {
      const values = out.values + 2 * ROWS * n * columns;
      const steps = out.steps + 4 * ROWS * n;
      for (let row = 0; row < ROWS; row++)
        store<f32>(steps + 4 * row, round(rows + 4 * row * columns, columns, values + 4 * row));
    } else {
      transpose(rows, columns, out.values + 4 * ROWS * n * columns);
    }
  }
}

/** Put the columns of four rows one after the other. */
function transpose(rows: usize, columns: i32, out: usize): void {
  const next: usize = 4 * columns;
  for (const end = rows + next; rows < end; rows += 16, out += 64) {
    const a = v128.load(rows);
    const b = v128.load(rows + next);
    const c = v128.load(rows + 2 * next);
    const d = v128.load(rows + 3 * next);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(out, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
    v128.store(out, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 16);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(out, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5), 32);
    v128.store(out, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7), 48);
  }
}

/** Round a row, and return what a step stands for. */
function round(row: usize, columns: i32, out: usize): f32 {
  const end = row + 4 * columns;
  let low = f32x4.splat(0);
  let high = low;
  for (let at = row; at < end; at += 16) {
    const four = v128.load(at);
    low = f32x4.pmin(low, four);
    high = f32x4.pmax(high, four);
  }
  low = f32x4.pmin(low, v128.shuffle<i32>(low, low, 2, 3, 0, 1));
  high = f32x4.pmax(high, v128.shuffle<i32>(high, high, 2, 3, 0, 1));
  let least = min(f32x4.extract_lane(low, 0), f32x4.extract_lane(low, 1));
  let most = max(f32x4.extract_lane(high, 0), f32x4.extract_lane(high, 1));
  const scale: f32 = most > least ? 255 / (most - least) : 1;
  least *= scale;
  most *= scale;
  // Both ends suggest a zero point; the one with the smaller error wins.
  const zero = nearest<f32>(min<f32>(max<f32>(least + most > 1 ? -128 - least : 127 - most, -128), 127));
  const lowest = i16x8.splat(<i16>(-128 - zero));
  const highest = i16x8.splat(<i16>(127 - zero));
  const scales = f32x4.splat(scale);
  for (let at = row; at < end; at += 32, out += 64) {
    const a = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at), scales)));
    const b = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at, 16), scales)));
    const eight = i16x8.max_s(i16x8.min_s(i16x8.narrow_i32x4_s(a, b), highest), lowest);
    v128.store32_lane(out, eight, 0);
    v128.store32_lane(out, eight, 1, 16);
    v128.store32_lane(out, eight, 2, 32);
    v128.store32_lane(out, eight, 3, 48);
  }
  return 1 / scale;
}

/** Multiply groups of four rows by a matrix. */
function multiply(matrix: Matrix, rows: Arranged, groups: i32, out: usize): void {
  for (let block = 0; block < matrix.blocks; block++) {
    const to = out + 4 * OUTPUTS * block;
    if (matrix.isInteger) multiplyIntegers(matrix, block, rows, groups, to);
    else multiplyFloats(matrix, block, rows, groups, to);
  }
}

/** Compute eight outputs of groups of four rows. */
function multiplyFloats(matrix: Matrix, block: i32, rows: Arranged, groups: i32, to: usize): void {
  const next: usize = 4 * matrix.outputs;
  const weights = matrix.values + 4 * OUTPUTS * block * matrix.columns;
  const end = weights + 4 * OUTPUTS * matrix.columns;
  const bias = v128.load(matrix.bias + 4 * OUTPUTS * block);
  const other = v128.load(matrix.bias + 4 * OUTPUTS * block, 16);
  let x = rows.values;
  for (let group = 0; group < groups; group++, to += <usize>ROWS * next) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    for (let w = weights; w < end; w += 32, x += 16) {
      const a = v128.load(w);
      const b = v128.load(w, 16);
      const x0 = v128.load32_splat(x);
      a0 = f32x4.add(a0, f32x4.mul(a, x0));
      b0 = f32x4.add(b0, f32x4.mul(b, x0));
      const x1 = v128.load32_splat(x, 4);
      a1 = f32x4.add(a1, f32x4.mul(a, x1));
      b1 = f32x4.add(b1, f32x4.mul(b, x1));
      const x2 = v128.load32_splat(x, 8);
      a2 = f32x4.add(a2, f32x4.mul(a, x2));
      b2 = f32x4.add(b2, f32x4.mul(b, x2));
      const x3 = v128.load32_splat(x, 12);
      a3 = f32x4.add(a3, f32x4.mul(a, x3));
      b3 = f32x4.add(b3, f32x4.mul(b, x3));
    }
    v128.store(to, f32x4.add(a0, bias));
    v128.store(to, f32x4.add(b0, other), 16);
    v128.store(to + next, f32x4.add(a1, bias));
    v128.store(to + next, f32x4.add(b1, other), 16);
    v128.store(to + 2 * next, f32x4.add(a2, bias));
    v128.store(to + 2 * next, f32x4.add(b2, other), 16);
    v128.store(to + 3 * next, f32x4.add(a3, bias));
    v128.store(to + 3 * next, f32x4.add(b3, other), 16);
  }
}

/** The same for integers, whose products are exact. */
function multiplyIntegers(
  matrix: Matrix, block: i32, rows: Arranged, groups: i32, to: usize,
): void {
  const next: usize = 4 * matrix.outputs;
  const weights = matrix.values + 2 * OUTPUTS * block * matrix.columns;
  const end = weights + 2 * OUTPUTS * matrix.columns;
  const factors = matrix.factors + 4 * OUTPUTS * block;
  const bias = matrix.bias + 4 * OUTPUTS * block;
  let x = rows.values;
  for (let group = 0; group < groups; group++, to += <usize>ROWS * next) {
    let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    for (let w = weights; w < end; w += 32, x += 16) {
      const a = v128.load(w);
      const b = v128.load(w, 16);
      const x0 = v128.load32_splat(x);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a, x0));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(b, x0));
      const x1 = v128.load32_splat(x, 4);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a, x1));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(b, x1));
      const x2 = v128.load32_splat(x, 8);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(a, x2));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(b, x2));
      const x3 = v128.load32_splat(x, 12);
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(a, x3));
      b3 = i32x4.add(b3, i32x4.dot_i16x8_s(b, x3));
    }
    const steps = rows.steps + 16 * group;
    put(to, a0, b0, steps, factors, bias);
    put(to + next, a1, b1, steps + 4, factors, bias);
    put(to + 2 * next, a2, b2, steps + 8, factors, bias);
    put(to + 3 * next, a3, b3, steps + 12, factors, bias);
  }
}

/** Store eight outputs of a row. */
// @ts-ignore: AssemblyScript's decorator
@inline
function put(to: usize, a: v128, b: v128, step: usize, factors: usize, bias: usize): void {
  const unit = v128.load32_splat(step);
  const first = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(a), unit), v128.load(factors));
  const second = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(b), unit), v128.load(factors, 16));
  v128.store(to, f32x4.add(first, v128.load(bias)));
  v128.store(to, f32x4.add(second, v128.load(bias, 16)), 16);
}

// @ts-ignore: AssemblyScript's decorator
@inline
function gateOf(sum: usize, recalled: usize): v128 {
  return logistic(f32x4.add(v128.load(sum), v128.load(recalled)));
}

// @ts-ignore: AssemblyScript's decorator
@inline
function logistic(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

// @ts-ignore: AssemblyScript's decorator
@inline
function tanh(x: v128): v128 {
  return f32x4.sub(f32x4.mul(f32x4.splat(2), logistic(f32x4.add(x, x))), f32x4.splat(1));
}

/** The exponential function, to 2e-7 of its value; as in S. Moshier's Cephes (`expf`). */
// @ts-ignore: AssemblyScript's decorator
@inline
function exp(value: v128): v128 {
  const x = f32x4.pmax(f32x4.splat(-87), f32x4.pmin(f32x4.splat(87), value));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.12194440e-4)));
  let y = f32x4.splat(1.9875691500e-4);
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.3981999507e-3));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(8.3334519073e-3));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(4.1665795894e-2));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.6666665459e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(5.0000001201e-1));
  y = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), y), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(y, power);
}
