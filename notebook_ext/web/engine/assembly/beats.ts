// The loops in which the search for beats spends its time, four frames at once and in the order of
// `adt_plugins.rhythm`, so that sums are the same. Compiled by AssemblyScript. The caller lays out
// the memory: all arguments but numbers are addresses.

/** The number of columns that are compared at once. */
const COLUMNS = 16;

/** What all parts of a search share; lists have one number for each length or beat. */
@unmanaged
class Search {
  /** Bytes of the beats of one length, `step` frames each. */
  size: usize;
  inside: usize;
  best: usize;

  constructor(
    public lengths: i32, public beats: i32, public step: i32, public reach: i32,
    public division: i32,
    /** Frames of each length, and of its beginning. */
    public frames: usize, public heads: usize,
    /** Of each beat: the cumulative gains of beginnings, from frame `-reach` on, and the last. */
    public sums: usize, public previous: usize,
    /** Of each length: the first one before it, their number, and their gains in a row. */
    public changes: usize, public gains: usize,
  ) {
    const columns = (beats * step + COLUMNS - 1) / COLUMNS * COLUMNS;
    this.size = 4 * columns;
    this.inside = allocate(this.size * lengths);
    this.best = allocate(this.size);
  }
}

export function allocate(bytes: usize): usize {
  return heap.alloc(bytes);
}

export function addSearch(
  lengths: i32, beats: i32, step: i32, reach: i32, division: i32, frames: usize, heads: usize,
  sums: usize, previous: usize, changes: usize, gains: usize,
): Search {
  return new Search(
    lengths, beats, step, reach, division, frames, heads, sums, previous, changes, gains,
  );
}

/**
 * Write the gains of beats that begin at `count` frames from `first` on; rows of lengths and beats
 * are `next` bytes apart. `evidence`: rows of parts and beats, of `wide` frames. `next` and `wide`
 * have room for whole vectors.
 */
export function gain(
  search: Search, first: i32, count: i32, evidence: usize, wide: i32, out: usize, next: usize,
): void {
  const bytes: usize = 4 * count;
  for (let n = 0; n < search.lengths; n++) {
    const length = load<i32>(search.frames + 4 * n);
    const head: usize = 8 * load<i32>(search.heads + 4 * n);
    for (let beat = 0; beat < search.beats; beat++, out += next) {
      let start = load<usize>(search.sums + 4 * beat) + 8 * (first + search.reach);
      const own = evidence + 4 * beat * wide;
      for (let t: usize = 0; t < bytes; t += 16, start += 32) {
        const a = f64x2.sub(v128.load(start + head), v128.load(start));
        const b = f64x2.sub(v128.load(start + head, 16), v128.load(start, 16));
        const four = v128.shuffle<i64>(
          f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 2,
        );
        v128.store(out + t, f32x4.add(four, v128.load(own + t)));
      }
      for (let part = 1; part < search.division; part++) {
        const at = own + 4 * (part * search.beats * wide + (part * length) / search.division);
        for (let t: usize = 0; t < bytes; t += 16)
          v128.store(out + t, f32x4.add(v128.load(out + t), v128.load(at + t)));
      }
    }
  }
}

/** Add the best scores of the beats before to the gains of `count` frames, `step` at a time. */
export function score(search: Search, scores: usize, next: usize, count: i32): void {
  const step = search.step;
  const size = search.size;
  for (let at = 0; at < count; at += step) {
    const frames = min(step, count - at);
    const place = scores + 4 * (search.reach + at);
    ending(search, place, next, 4 * frames);
    let gains = search.gains;
    for (let to = 0; to < search.lengths; to++) {
      const first = load<i32>(search.changes + 8 * to);
      const rows = load<i32>(search.changes + 8 * to, 4);
      highest(search.inside + first * size, size, gains, rows, search.best);
      gains += 4 * rows;
      let row = place + to * search.beats * next;
      let best = search.best;
      for (let beat = 0; beat < search.beats; beat++, row += next, best += 4 * step) {
        let t = 0;
        for (; t + 3 < frames; t += 4) {
          const own = row + 4 * t;
          v128.store(own, f32x4.add(v128.load(own), v128.load(best + 4 * t)));
        }
        for (; t < frames; t++) {
          const own = row + 4 * t;
          store<f32>(own, load<f32>(own) + load<f32>(best + 4 * t));
        }
      }
    }
  }
}

/** Collect the beats that end at the frames of a step. */
function ending(search: Search, place: usize, next: usize, bytes: usize): void {
  for (let n = 0; n < search.lengths; n++) {
    const rows = place + n * search.beats * next - 4 * load<i32>(search.frames + 4 * n);
    let to = search.inside + n * search.size;
    for (let beat = 0; beat < search.beats; beat++, to += 4 * search.step)
      memory.copy(to, rows + load<i32>(search.previous + 4 * beat) * next, bytes);
  }
}

/** Compute the maximum of each column of some rows, after a gain is added to each row. */
function highest(rows: usize, size: usize, gains: usize, count: i32, out: usize): void {
  const end = rows + size;
  for (; rows < end; rows += 4 * COLUMNS, out += 4 * COLUMNS) {
    let a = f32x4.splat(-Infinity), b = a, c = a, d = a;
    let at = rows;
    for (let k = 0; k < count; k++, at += size) {
      const own = v128.load32_splat(gains + 4 * k);
      a = f32x4.pmax(a, f32x4.add(v128.load(at), own));
      b = f32x4.pmax(b, f32x4.add(v128.load(at, 16), own));
      c = f32x4.pmax(c, f32x4.add(v128.load(at, 32), own));
      d = f32x4.pmax(d, f32x4.add(v128.load(at, 48), own));
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(out, c, 32);
    v128.store(out, d, 48);
  }
}

/**
 * Compute the highest value within `slack` frames of each of `count`; as many are before the first
 * and behind the last one.
 */
export function spread(values: usize, count: i32, slack: i32, out: usize): void {
  for (const end = values + 4 * count; values < end; values += 16, out += 16) {
    let most = v128.load(values);
    for (let k = 1; k <= slack; k++) {
      most = f32x4.pmax(most, v128.load(values - 4 * k));
      most = f32x4.pmax(most, v128.load(values + 4 * k));
    }
    v128.store(out, most);
  }
}

/** Add values of another row to some values. */
export function add(values: usize, others: usize, count: i32): void {
  for (const end = values + 4 * count; values < end; values += 16, others += 16)
    v128.store(values, f32x4.add(v128.load(values), v128.load(others)));
}

/** Return the highest sum of `teeth` values, `length` apart, the first of them within `length`. */
export function comb(values: usize, length: i32, teeth: i32): f32 {
  let most = f32x4.splat(-Infinity);
  let phase = 0;
  for (; phase + 3 < length; phase += 4) {
    let total = f32x4.splat(0);
    for (let tooth = 0; tooth < teeth; tooth++)
      total = f32x4.add(total, v128.load(values + 4 * (phase + tooth * length)));
    most = f32x4.pmax(most, total);
  }
  let highest = max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
  for (; phase < length; phase++) {
    let total: f32 = 0;
    for (let tooth = 0; tooth < teeth; tooth++)
      total += load<f32>(values + 4 * (phase + tooth * length));
    highest = max(highest, total);
  }
  return highest;
}
