// Products of the network's matrices with rows of values, four at a time. Integers are multiplied as
// int16, or as bytes where that is faster: see `byteProducts`.

import { madd } from "./functions";

/** Chunks, whose rows are multiplied at once. */
export const ROWS = 4;
/** Outputs that are computed at once. */
const OUTPUTS = 8;

/**
 * `size`: of each value, in bytes. `values`: for each eight outputs, and for each column, those of
 * the eight in float32; or as integers for each two columns (int16) or four (int8), those of four
 * outputs and those of the other four. `factors` (of integers) and `bias`: float32, one for each
 * output. `sums` (of int8): int32, of all values of each output.
 */
@unmanaged
export class Matrix {
  values: usize;
  factors: usize;
  bias: usize;
  sums: usize;

  constructor(public columns: i32, public blocks: i32, public size: i32) {
    this.values = allocate(size * this.outputs * columns);
    this.factors = allocate(4 * this.outputs);
    this.bias = allocate(4 * this.outputs);
    this.sums = allocate(4 * this.outputs);
  }

  get outputs(): i32 {
    return OUTPUTS * this.blocks;
  }
}

/** Rows in the order in which they are multiplied, four beside each other. */
@unmanaged
export class Arranged {
  /** Float32, a column of each row in turn; or two columns of each in int16, four in bytes. */
  values: usize;
  /** What an integer step stands for, for each row. */
  steps: usize;
  /** What a byte of 0 stands for, for each row, in such steps. */
  zeros: usize;

  constructor(groups: i32, columns: i32) {
    this.values = allocate(4 * ROWS * groups * columns);
    this.steps = allocate(4 * ROWS * groups);
    this.zeros = allocate(4 * ROWS * groups);
  }
}

export function allocate(bytes: usize): usize {
  return heap.alloc(bytes);
}

export function addMatrix(columns: i32, blocks: i32, size: i32): Matrix {
  return new Matrix(columns, blocks, size);
}

/**
 * Return four products of two bytes, added. Whether the second one has a sign, and whether sums of
 * two are cut to 16 bits, depends on the processor; but it does not change.
 */
export function byteProducts(weight: i32, value: i32): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 0;
  const sums = dotBytes(i8x16.splat(<i8>weight), i8x16.splat(<i8>value), i32x4.splat(0));
  return i32x4.extract_lane(sums, 0);
}

/** Arrange `groups` times four rows for a matrix, as the groups from `group` on. */
export function arrange(matrix: Matrix, rows: usize, groups: i32, out: Arranged, group: i32): void {
  const columns = matrix.columns;
  for (let n = group; n < group + groups; n++, rows += 4 * ROWS * columns) {
    const size = matrix.size;
    if (size < 4) {
      const values = out.values + size * ROWS * n * columns;
      for (let row = 0; row < ROWS; row++) {
        const place = 4 * (ROWS * n + row);
        round(rows + 4 * row * columns, columns, size, values + 4 * row, out, place);
      }
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

/** Round a row; its step, and what a byte of 0 stands for, are `place` bytes behind the first. */
function round(
  row: usize, columns: i32, size: i32, out: usize, arranged: Arranged, place: usize,
): void {
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
  for (let at = row; at < end; at += 32) {
    const a = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at), scales)));
    const b = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(at, 16), scales)));
    const eight = i16x8.max_s(i16x8.min_s(i16x8.narrow_i32x4_s(a, b), highest), lowest);
    if (size === 1) {
      const above = i16x8.sub(eight, lowest);
      const bytes = i8x16.narrow_i16x8_u(above, above);
      v128.store32_lane(out, bytes, 0);
      v128.store32_lane(out, bytes, 1, 16);
      out += 32;
    } else {
      v128.store32_lane(out, eight, 0);
      v128.store32_lane(out, eight, 1, 16);
      v128.store32_lane(out, eight, 2, 32);
      v128.store32_lane(out, eight, 3, 48);
      out += 64;
    }
  }
  store<f32>(arranged.steps + place, 1 / scale);
  store<i32>(arranged.zeros + place, -128 - <i32>zero);
}

/** Multiply groups of four rows by a matrix. */
export function multiply(matrix: Matrix, rows: Arranged, groups: i32, out: usize): void {
  for (let block = 0; block < matrix.blocks; block++) {
    const to = out + 4 * OUTPUTS * block;
    if (matrix.size === 4) multiplyFloats(matrix, block, rows, groups, to);
    else if (matrix.size === 2) multiplyIntegers(matrix, block, rows, groups, to);
    else if (ASC_FEATURE_RELAXED_SIMD) multiplyBytes(matrix, block, rows, groups, to);
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
      a0 = madd(a, x0, a0);
      b0 = madd(b, x0, b0);
      const x1 = v128.load32_splat(x, 4);
      a1 = madd(a, x1, a1);
      b1 = madd(b, x1, b1);
      const x2 = v128.load32_splat(x, 8);
      a2 = madd(a, x2, a2);
      b2 = madd(b, x2, b2);
      const x3 = v128.load32_splat(x, 12);
      a3 = madd(a, x3, a3);
      b3 = madd(b, x3, b3);
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

/** The same for bytes. */
function multiplyBytes(matrix: Matrix, block: i32, rows: Arranged, groups: i32, to: usize): void {
  const next: usize = 4 * matrix.outputs;
  const weights = matrix.values + OUTPUTS * block * matrix.columns;
  const end = weights + OUTPUTS * matrix.columns;
  const factors = matrix.factors + 4 * OUTPUTS * block;
  const bias = matrix.bias + 4 * OUTPUTS * block;
  const sum = v128.load(matrix.sums + 4 * OUTPUTS * block);
  const other = v128.load(matrix.sums + 4 * OUTPUTS * block, 16);
  let x = rows.values;
  for (let group = 0; group < groups; group++, to += <usize>ROWS * next) {
    const zeros = rows.zeros + 16 * group;
    const z0 = v128.load32_splat(zeros);
    const z1 = v128.load32_splat(zeros, 4);
    const z2 = v128.load32_splat(zeros, 8);
    const z3 = v128.load32_splat(zeros, 12);
    let a0 = i32x4.mul(sum, z0), a1 = i32x4.mul(sum, z1);
    let a2 = i32x4.mul(sum, z2), a3 = i32x4.mul(sum, z3);
    let b0 = i32x4.mul(other, z0), b1 = i32x4.mul(other, z1);
    let b2 = i32x4.mul(other, z2), b3 = i32x4.mul(other, z3);
    for (let w = weights; w < end; w += 32, x += 16) {
      const a = v128.load(w);
      const b = v128.load(w, 16);
      const x0 = v128.load32_splat(x);
      a0 = dotBytes(a, x0, a0);
      b0 = dotBytes(b, x0, b0);
      const x1 = v128.load32_splat(x, 4);
      a1 = dotBytes(a, x1, a1);
      b1 = dotBytes(b, x1, b1);
      const x2 = v128.load32_splat(x, 8);
      a2 = dotBytes(a, x2, a2);
      b2 = dotBytes(b, x2, b2);
      const x3 = v128.load32_splat(x, 12);
      a3 = dotBytes(a, x3, a3);
      b3 = dotBytes(b, x3, b3);
    }
    const steps = rows.steps + 16 * group;
    put(to, a0, b0, steps, factors, bias);
    put(to + next, a1, b1, steps + 4, factors, bias);
    put(to + 2 * next, a2, b2, steps + 8, factors, bias);
    put(to + 3 * next, a3, b3, steps + 12, factors, bias);
  }
}

/** Add products of bytes, four to each sum. */
// @ts-ignore: AssemblyScript's decorator
@inline
function dotBytes(weights: v128, values: v128, sums: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, values, sums);
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
