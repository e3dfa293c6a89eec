// What makes one file of another: pieces that are copied, and bytes between them. It takes
// the browser forty lines to apply (`web/engine/delta.ts`); between two builds of one
// program it is small.

const BITS = 22;
const WINDOW = 16;
/** A copy from elsewhere has to be so long; one that goes on where the last one ended: */
const FAR = 24;
const NEAR = 8;
const AROUND = 6;

/** The table's place of the bytes at `at`. */
function hash(bytes, at) {
  let value = 0;
  for (let k = 0; k < WINDOW; k += 4) {
    value = Math.imul(value ^ bytes.readUInt32LE(at + k), 0x9e3779b1);
    value ^= value >>> 15;
  }
  return value >>> (32 - BITS);
}

/** Seven bits a byte, the lowest first. */
function put(value, out) {
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest & 127) | 128);
  out.push(rest);
}

/**
 * Length of the operations, four bytes; the operations, each three numbers: bytes that are
 * new, how far from the end of the last copy the next begins, how long it is; the new bytes.
 */
export function difference(base, target) {
  const places = new Int32Array(1 << BITS).fill(-1);
  for (let i = 0; i + WINDOW <= base.length; i += 4) places[hash(base, i)] = i;
  const [operations, added] = [[], []];
  let [at, done, end] = [0, 0, 0];
  const same = (from) => {
    let length = 0;
    while (at + length < target.length && base[from + length] === target[at + length]) length++;
    return length;
  };
  const copy = (from, length) => {
    put(at - done, operations);
    for (let i = done; i < at; i++) added.push(target[i]);
    const step = from - end;
    put(step < 0 ? -2 * step - 1 : 2 * step, operations);
    put(length, operations);
    at += length;
    done = at;
    end = from + length;
  };
  while (at + WINDOW <= target.length) {
    let [best, longest] = [0, 0];
    for (const skip of [at - done, ...Array(AROUND).keys()]) {
      const length = same(end + skip);
      if (length > longest) [best, longest] = [end + skip, length];
    }
    const place = places[hash(target, at)];
    const far = longest < NEAR && place >= 0 ? same(place) : 0;
    if (longest >= NEAR) copy(best, longest);
    else if (far >= FAR) copy(place, far);
    else at++;
  }
  at = target.length;
  copy(end, 0);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(operations.length);
  return Buffer.concat([head, Buffer.from(operations), Buffer.from(added)]);
}
