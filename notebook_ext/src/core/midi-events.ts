/** Encodes the bytes of MIDI files. */

export function variable(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

export const meta = (type: number, data: ArrayLike<number>): number[] => [
  0xff,
  type,
  ...variable(data.length),
  ...Array.from(data),
];

export const word = (n: number): number[] => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
