// Windows, Fourier transforms and filters of four frames at a time, one in each lane of a vector,
// so that the code is that of one frame; `fft.ts` explains the algorithm. Logarithms, too. Compiled by
// AssemblyScript. The caller lays out the memory: all arguments but the numbers are addresses.

/** The number of filters, then for each its first bin, its number of weights, and the weights. */
type Filters = usize;

export function bands(
  samples: usize, frames: i32, hop: i32, size: i32, bins: i32, window: usize, circle: usize,
  order: usize, filters: Filters, values: usize, magnitudes: usize, out: usize,
): void {
  const count = load<i32>(filters);
  for (let t = 0; t < frames; t += 4) {
    load4(samples + 4 * t * hop, 4 * hop, size, window, values);
    transform(size / 2, circle, values);
    absolute(size / 2, bins, circle, order, values, magnitudes);
    filter(filters, magnitudes, out + 4 * t * count);
  }
}

function load4(samples: usize, next: usize, size: i32, window: usize, values: usize): void {
  for (let i: usize = 0; i < <usize>(4 * size); i += 4) {
    const at = samples + i;
    let four = f32x4.splat(load<f32>(at));
    four = f32x4.replace_lane(four, 1, load<f32>(at + next));
    four = f32x4.replace_lane(four, 2, load<f32>(at + 2 * next));
    four = f32x4.replace_lane(four, 3, load<f32>(at + 3 * next));
    v128.store(values + 4 * i, f32x4.mul(four, v128.load32_splat(window + i)));
  }
}

function transform(n: i32, circle: usize, values: usize): void {
  for (let length = n; length > 1; length >>= 2) {
    const quarter = length >> 2;
    // A complex value of four frames takes 32 bytes, one of the circle 8.
    const apart: usize = 32 * quarter;
    const step = 8 * ((2 * n) / length);
    for (let j = 0; j < quarter; j++) {
      const k: usize = circle + j * step;
      const k2: usize = k + j * step;
      const k3: usize = k2 + j * step;
      const c1 = v128.load32_splat(k);
      const s1 = v128.load32_splat(k, 4);
      const c2 = v128.load32_splat(k2);
      const s2 = v128.load32_splat(k2, 4);
      const c3 = v128.load32_splat(k3);
      const s3 = v128.load32_splat(k3, 4);
      const end = values + 32 * n;
      for (let a = values + 32 * j; a < end; a += 4 * apart) {
        const b = a + apart;
        const c = b + apart;
        const d = c + apart;
        const ar = v128.load(a);
        const ai = v128.load(a, 16);
        const br = v128.load(b);
        const bi = v128.load(b, 16);
        const cr = v128.load(c);
        const ci = v128.load(c, 16);
        const dr = v128.load(d);
        const di = v128.load(d, 16);
        const pr = f32x4.add(ar, cr);
        const pi = f32x4.add(ai, ci);
        const mr = f32x4.sub(ar, cr);
        const mi = f32x4.sub(ai, ci);
        const qr = f32x4.add(br, dr);
        const qi = f32x4.add(bi, di);
        const nr = f32x4.sub(br, dr);
        const ni = f32x4.sub(bi, di);
        v128.store(a, f32x4.add(pr, qr));
        v128.store(a, f32x4.add(pi, qi), 16);
        turned(b, f32x4.add(mr, ni), f32x4.sub(mi, nr), c1, s1);
        turned(c, f32x4.sub(pr, qr), f32x4.sub(pi, qi), c2, s2);
        turned(d, f32x4.sub(mr, ni), f32x4.add(mi, nr), c3, s3);
      }
    }
  }
}

/** Store a value times cos - i sin. */
// @ts-ignore: AssemblyScript's decorator
@inline
function turned(at: usize, re: v128, im: v128, cos: v128, sin: v128): void {
  v128.store(at, f32x4.add(f32x4.mul(re, cos), f32x4.mul(im, sin)));
  v128.store(at, f32x4.sub(f32x4.mul(im, cos), f32x4.mul(re, sin)), 16);
}

function absolute(
  n: i32, bins: i32, circle: usize, order: usize, values: usize, magnitudes: usize,
): void {
  const half = f32x4.splat(0.5);
  for (let k = 0; k < bins; k++) {
    const p: usize = values + 32 * load<i32>(order + 4 * k);
    const q: usize = values + 32 * load<i32>(order + 4 * ((n - k) & (n - 1)));
    const cos = v128.load32_splat(circle + 8 * k);
    const sin = v128.load32_splat(circle + 8 * k, 4);
    const pr = v128.load(p);
    const pi = v128.load(p, 16);
    const qr = v128.load(q);
    const qi = v128.load(q, 16);
    const er = f32x4.add(pr, qr);
    const ei = f32x4.sub(pi, qi);
    const or = f32x4.add(pi, qi);
    const oi = f32x4.sub(qr, pr);
    const re = f32x4.add(er, f32x4.add(f32x4.mul(or, cos), f32x4.mul(oi, sin)));
    const im = f32x4.add(ei, f32x4.sub(f32x4.mul(oi, cos), f32x4.mul(or, sin)));
    const power = f32x4.add(f32x4.mul(re, re), f32x4.mul(im, im));
    v128.store(magnitudes + 16 * k, f32x4.mul(half, f32x4.sqrt(power)));
  }
}

function filter(filters: Filters, magnitudes: usize, out: usize): void {
  const count = load<i32>(filters);
  let at = filters + 4;
  for (let band = 0; band < count; band++) {
    let bin: usize = magnitudes + 16 * load<i32>(at);
    const length = load<i32>(at, 4);
    at += 8;
    let sum = f32x4.splat(0);
    for (let i = 0; i < length; i++, at += 4, bin += 16) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(bin), v128.load32_splat(at)));
    }
    const to = out + 4 * band;
    const next = 4 * count;
    store<f32>(to, f32x4.extract_lane(sum, 0));
    store<f32>(to + next, f32x4.extract_lane(sum, 1));
    store<f32>(to + 2 * next, f32x4.extract_lane(sum, 2));
    store<f32>(to + 3 * next, f32x4.extract_lane(sum, 3));
  }
}

/** Replace values by log10(1 + gain · value). */
export function compress(values: usize, count: i32, gain: f32): void {
  const factor = f32x4.splat(gain);
  const end = values + 4 * count;
  for (; values + 16 <= end; values += 16)
    v128.store(values, compressed(v128.load(values), factor));
  for (; values < end; values += 4)
    v128.store32_lane(values, compressed(v128.load32_splat(values), factor), 0);
}

// @ts-ignore: AssemblyScript's decorator
@inline
function compressed(value: v128, gain: v128): v128 {
  const x = f32x4.add(f32x4.splat(1), f32x4.mul(value, gain));
  return f32x4.mul(log(x), f32x4.splat(0.43429448190325182));
}

/** The natural logarithm of values from 1 on, to 1e-7; as in S. Moshier's Cephes (`logf`). */
// @ts-ignore: AssemblyScript's decorator
@inline
function log(x: v128): v128 {
  // x = 2^n · m, with m from √½ to √2
  const bits = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const n = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  const mantissa = i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const r = f32x4.sub(mantissa, f32x4.splat(1));
  let y = f32x4.splat(7.0376836292e-2);
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(-1.1514610310e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.1676998740e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(-1.2420140846e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.4249322787e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(-1.6668057665e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(2.0000714765e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(-2.4999993993e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(3.3333331174e-1));
  const square = f32x4.mul(r, r);
  y = f32x4.mul(f32x4.mul(y, r), square);
  y = f32x4.add(y, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  y = f32x4.sub(y, f32x4.mul(square, f32x4.splat(0.5)));
  return f32x4.add(f32x4.add(r, y), f32x4.mul(n, f32x4.splat(0.693359375)));
}
