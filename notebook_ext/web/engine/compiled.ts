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
}

const PAGE = 65536;

export async function compiledBank(wasm: Uint8Array<ArrayBuffer>, tables: Tables): Promise<Bank> {
  const { instance } = await WebAssembly.instantiate(wasm, {});
  const exports = instance.exports as unknown as Exports;
  const { size, hop, window, filters } = tables;
  const bins = binsOf(tables);
  let end = 16;
  /** An address for so many bytes, where vectors may lie. */
  const place = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / 16) * 16;
    return at;
  };
  const weights = filters.reduce((sum, filter) => sum + 2 + filter.weights.length, 1);
  const samples = place(4 * ((BLOCK_FRAMES - 1) * hop + size));
  const windowAt = place(4 * size);
  const circleAt = place(8 * size);
  const orderAt = place(2 * size);
  const filtersAt = place(4 * weights);
  const values = place(16 * size);
  const magnitudes = place(16 * bins);
  const out = place(4 * BLOCK_FRAMES * filters.length);
  exports.memory.grow(Math.max(0, Math.ceil((end - exports.memory.buffer.byteLength) / PAGE)));
  const floats = new Float32Array(exports.memory.buffer);
  const integers = new Int32Array(exports.memory.buffer);
  floats.set(window, windowAt / 4);
  floats.set(circle(size), circleAt / 4);
  integers.set(reversedDigits(size / 2), orderAt / 4);
  let at = filtersAt / 4;
  integers[at++] = filters.length;
  for (const filter of filters) {
    integers[at++] = filter.start;
    integers[at++] = filter.weights.length;
    floats.set(filter.weights, at);
    at += filter.weights.length;
  }
  const result = new Float32Array(exports.memory.buffer, out, BLOCK_FRAMES * filters.length);
  return {
    run: (block) => {
      floats.set(block, samples / 4);
      exports.bands(
        samples,
        BLOCK_FRAMES,
        hop,
        size,
        bins,
        windowAt,
        circleAt,
        orderAt,
        filtersAt,
        values,
        magnitudes,
        out,
      );
      return result;
    },
  };
}
