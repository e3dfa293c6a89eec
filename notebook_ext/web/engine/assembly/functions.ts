// Functions of vectors.

/** Return a · b + c; where processors can, without rounding the product. */
// @ts-ignore: AssemblyScript's decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
}

// @ts-ignore: AssemblyScript's decorator
@inline
export function logistic(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

// @ts-ignore: AssemblyScript's decorator
@inline
export function tanh(x: v128): v128 {
  return f32x4.sub(f32x4.mul(f32x4.splat(2), logistic(f32x4.add(x, x))), f32x4.splat(1));
}

/** The exponential function, to 2e-7 of its value; as in S. Moshier's Cephes (`expf`). */
// @ts-ignore: AssemblyScript's decorator
@inline
export function exp(value: v128): v128 {
  const x = f32x4.pmax(f32x4.splat(-87), f32x4.pmin(f32x4.splat(87), value));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = madd(n, f32x4.splat(2.12194440e-4), r);
  let y = f32x4.splat(1.9875691500e-4);
  y = madd(y, r, f32x4.splat(1.3981999507e-3));
  y = madd(y, r, f32x4.splat(8.3334519073e-3));
  y = madd(y, r, f32x4.splat(4.1665795894e-2));
  y = madd(y, r, f32x4.splat(1.6666665459e-1));
  y = madd(y, r, f32x4.splat(5.0000001201e-1));
  y = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), y), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(y, power);
}
