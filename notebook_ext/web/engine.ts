import type { Engine, Parts } from "./engine-api";

export function startEngine(_parts: Parts): Promise<Engine> {
  return Promise.reject(new Error("not yet"));
}
