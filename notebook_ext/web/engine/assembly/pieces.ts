// What is done with every sample of a recording: channels are rounded to 16 bits, interleaved, with
// each sample rounded as by `Math.round`, and mixed, and their power is measured. Compiled by
// AssemblyScript. Addresses are in bytes; vectors may read and write past `count`, where the caller
// keeps zeros.

export function allocate(bytes: usize): usize {
  return heap.alloc(bytes);
}

/** Round a channel; returns its peak, NaN if a sample is not a number. */
export function roundOne(channel: usize, count: i32, out: usize): f32 {
  let most = f32x4.splat(0);
  for (const end = out + 2 * count; out < end; out += 16, channel += 32) {
    const a = v128.load(channel);
    const b = v128.load(channel, 16);
    most = f32x4.max(most, f32x4.max(f32x4.abs(a), f32x4.abs(b)));
    v128.store(out, i16x8.narrow_i32x4_s(rounded(a), rounded(b)));
  }
  return greatest(most);
}

/** Round two channels. */
export function roundTwo(left: usize, right: usize, count: i32, out: usize): f32 {
  const low = i32x4.splat(0xffff);
  let most = f32x4.splat(0);
  for (const end = out + 4 * count; out < end; out += 16, left += 16, right += 16) {
    const a = v128.load(left);
    const b = v128.load(right);
    most = f32x4.max(most, f32x4.max(f32x4.abs(a), f32x4.abs(b)));
    v128.store(out, v128.or(v128.and(rounded(a), low), i32x4.shl(rounded(b), 16)));
  }
  return greatest(most);
}

/** Add two channels, each times a weight. */
export function mixTwo(
  one: usize, other: usize, count: i32, weight: f32, second: f32, out: usize,
): void {
  const first = f32x4.splat(weight);
  const last = f32x4.splat(second);
  for (const end = out + 4 * count; out < end; out += 16, one += 16, other += 16) {
    const product = f32x4.mul(v128.load(one), first);
    v128.store(out, f32x4.add(product, f32x4.mul(v128.load(other), last)));
  }
}

/** Compute the mean square of each of `frames` stretches of `hop` samples, as `squares.ts` does. */
export function powers(samples: usize, hop: i32, frames: i32, out: usize): void {
  const vectors = 16 * (hop / 4);
  for (let frame = 0; frame < frames; frame++, out += 8) {
    let a = f64x2.splat(0), c = a;
    for (const end = samples + vectors; samples < end; samples += 16) {
      const four = v128.load(samples);
      const low = f64x2.promote_low_f32x4(four);
      const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 1));
      a = f64x2.add(a, f64x2.mul(low, low));
      c = f64x2.add(c, f64x2.mul(high, high));
    }
    let sum = f64x2.extract_lane(a, 0);
    for (let i = 0; i < hop % 4; i++, samples += 4) {
      const value = <f64>load<f32>(samples);
      sum += value * value;
    }
    sum = sum + f64x2.extract_lane(a, 1) + (f64x2.extract_lane(c, 0) + f64x2.extract_lane(c, 1));
    store<f64>(out, sum / hop);
  }
}

// @ts-ignore: AssemblyScript's decorator
@inline
function rounded(four: v128): v128 {
  const scaled = f32x4.mul(four, f32x4.splat(32768));
  const inside = f32x4.max(f32x4.min(scaled, f32x4.splat(32767)), f32x4.splat(-32768));
  const below = f32x4.floor(inside);
  // Adding a half first would round once more. A mask that is true is -1.
  const up = f32x4.ge(f32x4.sub(inside, below), f32x4.splat(0.5));
  return i32x4.sub(i32x4.trunc_sat_f32x4_s(below), up);
}

function greatest(four: v128): f32 {
  return max(
    max(f32x4.extract_lane(four, 0), f32x4.extract_lane(four, 1)),
    max(f32x4.extract_lane(four, 2), f32x4.extract_lane(four, 3)),
  );
}
