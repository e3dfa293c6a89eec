/** Counts of items, in the order in which they first occurred. */

export type Counts = Map<string, number>;

export function count(counts: Counts, what: string, times = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + times);
}
