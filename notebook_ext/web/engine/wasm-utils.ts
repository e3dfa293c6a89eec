/**
 * Stands in for `@litertjs/wasm-utils`, which loads scripts by their addresses: here
 * the loader is part of the worker's own script.
 */

interface Loaded {
  ModuleFactory(module: unknown): Promise<unknown>;
  readonly Module: unknown;
}

export async function createWasmLib<T>(Library: new (module: unknown) => T): Promise<T> {
  const scope = globalThis as unknown as Loaded;
  return new Library(await scope.ModuleFactory(scope.Module));
}
