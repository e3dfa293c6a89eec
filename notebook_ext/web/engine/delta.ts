/** Restores a file from another one and their difference: the counterpart of `delta.mjs`. */

export function applied(base: Uint8Array, delta: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const size = new DataView(delta.buffer, delta.byteOffset).getUint32(0, true);
  const operations = delta.subarray(4, 4 + size);
  const added = delta.subarray(4 + size);
  const out = new Uint8Array(lengthOf(operations));
  let [at, taken, end] = [0, 0, 0];
  for (const [fresh, step, length] of triples(operations)) {
    out.set(added.subarray(taken, taken + fresh), at);
    at += fresh;
    taken += fresh;
    const from = end + (step % 2 ? -(step + 1) / 2 : step / 2);
    out.set(base.subarray(from, from + length), at);
    at += length;
    end = from + length;
  }
  return out;
}

function lengthOf(operations: Uint8Array): number {
  let sum = 0;
  for (const [fresh, , length] of triples(operations)) sum += fresh + length;
  return sum;
}

function* triples(
  operations: Uint8Array,
): Generator<[fresh: number, step: number, length: number]> {
  let at = 0;
  const number = () => {
    let [value, unit, byte] = [0, 1, 128];
    while (byte > 127) {
      byte = operations[at++];
      value += (byte & 127) * unit;
      unit *= 128;
    }
    return value;
  };
  while (at < operations.length) yield [number(), number(), number()];
}
