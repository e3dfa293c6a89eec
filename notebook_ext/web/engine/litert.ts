/** Opens a `.tflite` file in LiteRT.js, whose loader precedes this script in the worker. */

import {
  type CompiledModel,
  getGlobalLiteRt,
  loadAndCompile,
  loadLiteRt,
  type SignatureRunner,
  Tensor,
} from "@litertjs/core";
import type { Graph, Interpreter, Tensors } from "./layers";

export async function openModel(
  runtime: WebAssembly.Module,
  model: Uint8Array<ArrayBuffer>,
): Promise<Interpreter> {
  // The loader's reports about its parts would appear in the console as errors.
  const printErr = (line: string) => /^(INFO|WARNING):/.test(line) || console.error(line);
  let fail: (reason: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // The loader calls this instead of fetching and compiling a binary; it cannot report errors.
  const instantiateWasm = (
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ) => {
    WebAssembly.instantiate(runtime, imports)
      .then((instance) => done(instance, runtime))
      .catch(fail);
  };
  Object.assign(globalThis, { Module: { instantiateWasm, printErr } });
  // All tensors are deleted here; registering each of them would cost a tenth of the time.
  Object.defineProperty(globalThis, "FinalizationRegistry", { value: undefined });
  // The runtime would start a graphics card that is not used, or warn that there is none.
  Object.defineProperty(navigator, "gpu", { value: undefined });
  const { warn } = console;
  console.warn = () => undefined;
  try {
    await Promise.race([loadLiteRt("litert.js"), failed]);
  } finally {
    console.warn = warn;
  }
  return new File(await loadAndCompile(model, { accelerator: "wasm" }));
}

class File implements Interpreter {
  readonly names: readonly string[];

  constructor(readonly model: CompiledModel) {
    this.names = Object.keys(model.signatures);
  }

  open(signature: string): Graph {
    return new LiteRtGraph(this.model.signatures[signature]);
  }
}

type TensorBuffer = Tensor["liteRtTensorBuffer"];

/**
 * The function that `SignatureRunner.run` calls. That would make and validate a tensor of each
 * input for every call, and copy each output, which takes as long as the network itself.
 */
interface Runner extends SignatureRunner {
  readonly signatureIndex: number;
  readonly liteRtCompiledModel: {
    run(signature: number, inputs: readonly TensorBuffer[]): Promise<TensorBuffer[]>;
  };
}

/** A graph whose inputs stay in the runtime's memory. */
class LiteRtGraph implements Graph {
  readonly inputs: Readonly<Record<string, Values>>;
  readonly outputShapes: Graph["outputShapes"];
  readonly #runner: Runner;
  readonly #buffers: readonly TensorBuffer[];
  readonly #names: readonly string[];
  #results: readonly TensorBuffer[] = [];

  constructor(runner: SignatureRunner) {
    this.#runner = runner as Runner;
    const details = runner.getInputDetails();
    const tensors = details.map(({ shape }) => new Tensor(new Float32Array(size(shape)), shape));
    this.#buffers = tensors.map((tensor) => tensor.liteRtTensorBuffer);
    this.inputs = Object.fromEntries(
      details.map(({ name, shape }, n) => [name, new Values(this.#buffers[n], [...shape])]),
    );
    const outputs = runner.getOutputDetails();
    this.#names = outputs.map(({ name }) => name);
    this.outputShapes = Object.fromEntries(outputs.map(({ name, shape }) => [name, [...shape]]));
  }

  async run(): Promise<Tensors> {
    const { signatureIndex, liteRtCompiledModel } = this.#runner;
    // Nothing else frees their memory in the runtime.
    for (const result of this.#results) result.delete();
    this.#results = await liteRtCompiledModel.run(signatureIndex, this.#buffers);
    return Object.fromEntries(
      this.#results.map((result, n) => {
        const shape = this.outputShapes[this.#names[n]];
        return [this.#names[n], new Values(result, shape).values];
      }),
    );
  }
}

/** The values of a tensor in the runtime's memory. */
class Values {
  readonly #address: number;
  #view: Float32Array = new Float32Array();

  constructor(
    buffer: TensorBuffer,
    readonly shape: readonly number[],
  ) {
    // Host memory does not move, so its address is valid after unlocking.
    this.#address = buffer.lock(memory().LiteRtTensorBufferLockMode.READ_WRITE);
    buffer.unlock();
  }

  get values(): Float32Array {
    const { buffer } = memory().HEAPU8;
    // When the memory grows, earlier views of it become empty.
    if (this.#view.buffer !== buffer)
      this.#view = new Float32Array(buffer, this.#address, size(this.shape));
    return this.#view;
  }
}

const memory = () => getGlobalLiteRt().liteRtWasm;

const size = (shape: Iterable<number>): number => [...shape].reduce((all, one) => all * one, 1);
