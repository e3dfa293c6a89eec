/** The drums, their names, and their families. */

import { COARSE, NAMES } from "./tables";

export interface DrumInfo {
  readonly name: string;
  readonly coarse: string;
}

export const coarseOf = (code: string): string => COARSE[code] ?? code;

export const nameOf = (code: string): string => NAMES[code] ?? code;

export const DRUMS: Readonly<Record<string, DrumInfo>> = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ Object.entries(NAMES).map(([code, name]) => [
    code,
    { name, coarse: coarseOf(code) },
  ]),
);

/** Return drums with the finer ones right after their coarse ones, in the order of their names. */
export function byFamily(drums: readonly string[]): string[] {
  const families = [...new Set(drums.map(coarseOf))];
  const order = Object.keys(NAMES);
  const place = (drum: string) =>
    families.indexOf(coarseOf(drum)) * order.length + order.indexOf(drum);
  return [...drums].sort((a, b) => place(a) - place(b));
}
