/** Format a count with its noun: "1 hit", "2 hits". */
export const counted = (count: number, one: string): string =>
  count === 1 ? `1 ${one}` : `${count} ${one}s`;
