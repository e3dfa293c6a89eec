/** The bank that `assembly/bank.ts` compiles to. */

import { type Bank, BLOCK_FRAMES, type Tables } from "./features";
import { binsOf, circle, reversedDigits } from "./fft";

interface Exports {
  readonly memory: WebAssembly.Memory;
  bands(
    samples: number,
    frames: number,
    hop: number,
    size: number,
    bins: number,
    window: number,
    circle: number,
    order: number,
    filters: number,
    values: number,
    magnitudes: number,
    out: number,
  ): void;
  compress(values: number, count: number, gain: number): void;
}

const PAGE = 65536;

export async function compiledBank(wasm: Uint8Array<ArrayBuffer>, tables: Tables): Promise<Bank> {
  const { instance } = await WebAssembly.instantiate(wasm, {});
  const { memory, bands, compress } = instance.exports as unknown as Exports;
  const { size, hop, filters } = tables;
  const at = addresses(tables);
  memory.grow(Math.max(0, Math.ceil((at.end - memory.buffer.byteLength) / PAGE)));
  fill(memory.buffer, at, tables);
  const samples = new Float32Array(memory.buffer, at.samples);
  const result = new Float32Array(memory.buffer, at.out, BLOCK_FRAMES * filters.length);
  const { window, circle, order, values, magnitudes, out } = at;
  const tail = [window, circle, order, at.filters, values, magnitudes, out] as const;
  const bins = binsOf(tables);
  return {
    run: (block) => {
      samples.set(block);
      bands(at.samples, BLOCK_FRAMES, hop, size, bins, ...tail);
      return result;
    },
    compress: (first, count, gain) => compress(out + 4 * first, count, gain),
  };
}

type Addresses = ReturnType<typeof addresses>;

/** Lay out the memory: each array begins at an address that vectors may have. */
function addresses(tables: Tables) {
  const { size, hop, filters } = tables;
  let end = 16;
  const place = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / 16) * 16;
    return at;
  };
  const weights = filters.reduce((sum, filter) => sum + 2 + filter.weights.length, 1);
  const arrays = {
    samples: place(4 * ((BLOCK_FRAMES - 1) * hop + size)),
    window: place(4 * size),
    circle: place(8 * size),
    order: place(2 * size),
    filters: place(4 * weights),
    values: place(16 * size),
    magnitudes: place(16 * binsOf(tables)),
    out: place(4 * BLOCK_FRAMES * filters.length),
  };
  return { ...arrays, end };
}

/** Write the tables that all blocks share. */
function fill(memory: ArrayBuffer, address: Addresses, { size, window, filters }: Tables): void {
  const floats = new Float32Array(memory);
  const integers = new Int32Array(memory);
  floats.set(window, address.window / 4);
  floats.set(circle(size), address.circle / 4);
  integers.set(reversedDigits(size / 2), address.order / 4);
  let at = address.filters / 4;
  integers[at++] = filters.length;
  for (const filter of filters) {
    integers[at++] = filter.start;
    integers[at++] = filter.weights.length;
    floats.set(filter.weights, at);
    at += filter.weights.length;
  }
}
