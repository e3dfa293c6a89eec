// Builds the bundles, which are committed: whoever installs needs no node.
//   node build.mjs [FOLDER]    FOLDER: where they are written, if not here
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { build, transform } from "esbuild";
import { minify } from "terser";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = process.argv[2] ?? here(".");

await mkdir(folder, { recursive: true });

/** Style sheets become text, without their white space. */
const style = {
  name: "style",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    }),
};

const common = {
  bundle: true,
  minify: true,
  target: ["chrome105", "firefox115", "safari16"],
  charset: "utf8",
  legalComments: "none",
  plugins: [style],
  logLevel: "warning",
};

// The widget, what it loads later, and the page that can be sent.
for (const [entry, bundle] of [
  ["src/hosts/notebook.ts", "widget.js"],
  ["src/notation-view/extras.ts", "extras.js"],
  ["src/hosts/page.ts", "page.js"],
]) {
  const { outputFiles } = await build({
    ...common,
    entryPoints: [here(entry)],
    outfile: join(folder, bundle),
    format: "esm",
    write: false,
  });
  // A second minifier finds what esbuild leaves.
  const { code } = await minify(outputFiles[0].text, {
    module: true,
    ecma: 2020,
    compress: { passes: 3, sequences: false, pure_getters: true },
  });
  await writeFile(join(folder, bundle), `${code}\n`);
}

// The page of `adt web`.
await build({
  ...common,
  entryPoints: [here("web/page/main.ts")],
  outfile: join(folder, "web.js"),
  format: "esm",
});

// What its workers run: one script each, and the arithmetic of sound, features, network and beats.
for (const [entry, bundle] of [
  ["web/engine/worker.ts", "worker.js"],
  ["web/separation/worker.ts", "separation.js"],
]) {
  await build({
    ...common,
    entryPoints: [here(entry)],
    outfile: join(folder, "web-engine", bundle),
    format: "iife",
  });
}
for (const [entry, binary, ...features] of [
  ["bank", "features.wasm"],
  ["network", "network.wasm"],
  ["network", "network-relaxed.wasm", "relaxed-simd"],
  ["beats", "beats.wasm"],
  ["pieces", "pieces.wasm"],
]) {
  const { error, stderr } = await asc.main([
    `web/engine/assembly/${entry}.ts`,
    ...["--baseDir", here("."), "--outFile", join(folder, "web-engine", binary)],
    ...["--optimizeLevel", "3", "--converge", "--noAssert"],
    ...["simd", ...features].flatMap((feature) => ["--enable", feature]),
    ...["--runtime", "stub", "--initialMemory", "1", "--use", "abort="],
  ]);
  if (error) throw new Error(`${error.message}\n${stderr}`);
}
