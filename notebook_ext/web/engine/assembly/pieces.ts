// Rounds one or two channels to 16 bits, interleaved, with each sample rounded as by `Math.round`.
// Compiled by AssemblyScript. Addresses are in bytes; vectors may read and write past `count`, where
// the caller keeps zeros.

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
