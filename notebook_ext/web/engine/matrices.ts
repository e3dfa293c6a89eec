/** Reads the matrices of a network, as `adt_plugins.web_page.network_parts` writes them. */

import { bytesOf, floats } from "./base64";
import type { Direction, Matrices, Matrix } from "./engine-types";

interface PackedMatrix {
  readonly columns: number;
  readonly values: string;
  readonly scales: string | null;
  readonly bias: string | null;
}

/** The same, with every matrix packed. */
type Packed<T> = T extends Matrix
  ? PackedMatrix
  : T extends object
    ? { readonly [Key in keyof T]: Packed<T[Key]> }
    : T;

export type PackedMatrices = Packed<Matrices>;

export function matricesOf(packed: PackedMatrices): Matrices {
  const { rises, offsets, layers, every, here, value, output } = packed;
  return {
    rises,
    offsets,
    layers: layers.map((both) => both.map(direction)),
    every: matrix(every),
    here: matrix(here),
    value: matrix(value),
    output: matrix(output),
  };
}

const direction = ({ ofInput, ofState }: Packed<Direction>): Direction => ({
  ofInput: matrix(ofInput),
  ofState: matrix(ofState),
});

const matrix = ({ columns, values, scales, bias }: PackedMatrix): Matrix => ({
  columns,
  values: scales === null ? floats(values) : new Int8Array(bytesOf(values).buffer),
  scales: scales === null ? null : floats(scales),
  bias: bias === null ? null : floats(bias),
});
