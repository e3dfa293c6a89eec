/** Exact arithmetic: doubles as fractions. */

/** Return a double as an exact fraction: [numerator, exponent of two of the denominator]. */
export function exact(value: number): [bigint, bigint] {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const exponent = (word >> 52n) & 0x7ffn;
  const fraction = word & 0xfffffffffffffn;
  const mantissa = exponent ? fraction | 0x10000000000000n : fraction;
  const shift = (exponent || 1n) - 1075n;
  return shift >= 0n ? [mantissa << shift, 0n] : [mantissa, -shift];
}

/** Round a fraction >= 0 to a whole number, half to even. */
export function divideEven(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  if (twice > denominator || (twice === denominator && whole % 2n === 1n)) return whole + 1n;
  return whole;
}
