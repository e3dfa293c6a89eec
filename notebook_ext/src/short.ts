/** Put in by the build where a long name is used often: the bundle is sent with every widget. */

export const {
  PI: math_PI, abs: math_abs, ceil: math_ceil, cos: math_cos, exp: math_exp, floor: math_floor,
  log2: math_log2, max: math_max, min: math_min, round: math_round, sin: math_sin,
} = Math;
export const { Float32Array: Float32, document: doc } = globalThis;
