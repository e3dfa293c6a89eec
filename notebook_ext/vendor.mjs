// Takes over what the page needs of LiteRT.js, packed, from the package that
// package.json pins. Only a new version of it is a reason to run this again.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { difference } from "./delta.mjs";

// The build with relaxed SIMD is three times as fast; for browsers without it there is
// what makes the compatible build of it, a tenth of its size.
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const source = (name) => readFile(here(`node_modules/@litertjs/core/wasm/litert_wasm_${name}`));
const pack = (name, content) =>
  writeFile(here(`web-engine/${name}.gz`), gzipSync(content, { level: 9 }));

await mkdir(here("web-engine"), { recursive: true });
const [relaxed, compatible] = [await source("internal.wasm"), await source("compat_internal.wasm")];
await pack("litert.js", await source("internal.js"));
await pack("litert.wasm", relaxed);
await pack("litert-compat.js", await source("compat_internal.js"));
await pack("litert-compat.delta", difference(relaxed, compatible));
