/** Whether this browser has WebAssembly's relaxed SIMD. */

// A function that makes a vector of another by `i8x16.relaxed_swizzle`.
const MODULE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15,
  65, 2, 253, 15, 253, 128, 2, 11,
];

export const hasRelaxedSimd = (): boolean => WebAssembly.validate(Uint8Array.from(MODULE));
