// Takes over what the page needs of LiteRT.js, packed, from the package that
// package.json pins. Only a new version of it is a reason to run this again.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

// The build without relaxed SIMD: every browser runs it, and all of them alike.
const NAMES = {
  "litert.js": "litert_wasm_compat_internal.js",
  "litert.wasm": "litert_wasm_compat_internal.wasm",
};
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

await mkdir(here("web-engine"), { recursive: true });
for (const [name, source] of Object.entries(NAMES)) {
  const content = await readFile(here(`node_modules/@litertjs/core/wasm/${source}`));
  await writeFile(here(`web-engine/${name}.gz`), gzipSync(content, { level: 9 }));
}
