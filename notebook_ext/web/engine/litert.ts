/** A `.tflite` file in LiteRT.js, whose loader stands before this script in the worker. */

import { type CompiledModel, loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";
import type { Interpreter, Tensors } from "./layers";

type Shapes = Readonly<Record<string, readonly number[]>>;

export async function openModel(
  runtime: Uint8Array<ArrayBuffer>,
  model: Uint8Array<ArrayBuffer>,
): Promise<Interpreter> {
  // Where the loader looks for its binary before it would fetch one. What it tells
  // of each of its parts would stand in the console as errors.
  const printErr = (line: string) => /^(INFO|WARNING):/.test(line) || console.error(line);
  Object.assign(globalThis, { Module: { wasmBinary: runtime, printErr } });
  // Every tensor is deleted here; to watch over each costs a tenth of the time.
  Object.defineProperty(globalThis, "FinalizationRegistry", { value: undefined });
  // It would start a graphics card that is not used, and warns if there is none.
  Object.defineProperty(navigator, "gpu", { value: undefined });
  const { warn } = console;
  console.warn = () => undefined;
  try {
    await loadLiteRt("litert.js");
  } finally {
    console.warn = warn;
  }
  return new File(await loadAndCompile(model, { accelerator: "wasm" }));
}

class File implements Interpreter {
  readonly names: readonly string[];
  readonly #inputs: Readonly<Record<string, Shapes>>;
  readonly #outputs: Readonly<Record<string, Shapes>>;

  constructor(readonly model: CompiledModel) {
    const signatures = Object.entries(model.signatures);
    this.names = signatures.map(([name]) => name);
    this.#inputs = Object.fromEntries(
      signatures.map(([name, s]) => [name, shapes(s.getInputDetails())]),
    );
    this.#outputs = Object.fromEntries(
      signatures.map(([name, s]) => [name, shapes(s.getOutputDetails())]),
    );
  }

  inputs(signature: string): Shapes {
    return this.#inputs[signature];
  }

  outputs(signature: string): Shapes {
    return this.#outputs[signature];
  }

  async run(signature: string, inputs: Tensors): Promise<Tensors> {
    const tensors = Object.entries(inputs).map(
      ([name, values]) => [name, new Tensor(values, [...this.#inputs[signature][name]])] as const,
    );
    const found = await this.model.run(signature, Object.fromEntries(tensors));
    const result = Object.entries(found).map(
      ([name, tensor]) => [name, tensor.toTypedArray() as Float32Array] as const,
    );
    // Nobody else frees the memory that they have in the runtime.
    for (const [, tensor] of tensors) tensor.delete();
    for (const tensor of Object.values(found)) tensor.delete();
    return Object.fromEntries(result);
  }
}

const shapes = (
  details: readonly { readonly name: string; readonly shape: Int32Array }[],
): Shapes => Object.fromEntries(details.map(({ name, shape }) => [name, [...shape]]));
