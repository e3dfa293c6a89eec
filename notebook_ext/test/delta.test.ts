/** The compatible build of LiteRT.js, made of the fast one as the page makes it. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { difference } from "../delta.mjs";
import { applied } from "../web/engine/delta";

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url));

it("is as it was published", () => {
  const base = gunzipSync(read("web-engine/litert.wasm.gz"));
  const delta = gunzipSync(read("web-engine/litert-compat.delta.gz"));
  const made = applied(base, new Uint8Array(delta));
  const published = read("node_modules/@litertjs/core/wasm/litert_wasm_compat_internal.wasm");
  expect(Buffer.compare(made, published)).toBe(0);
});

it("makes any file of any other", () => {
  let state = 1;
  const random = (length: number) =>
    Uint8Array.from({ length }, () => {
      state = (state * 48271) % 2147483647;
      return state & 255;
    });
  const base = random(5000);
  const cases = [
    new Uint8Array(0),
    base,
    random(300),
    Uint8Array.from([...base.subarray(3000), ...random(100), ...base.subarray(0, 2500)]),
  ];
  for (const target of cases) {
    const delta = difference(Buffer.from(base), Buffer.from(target));
    expect([...applied(base, new Uint8Array(delta))]).toEqual([...target]);
  }
});
