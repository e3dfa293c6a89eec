// Builds the bundles, which are committed: whoever installs needs no node.
//   node build.mjs [FOLDER]    FOLDER: where they are written, if not here
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { build, transform } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = process.argv[2] ?? here(".");

/** Style sheets become text, without their white space. */
const style = {
  name: "style",
  setup: ({ onLoad }) => onLoad({ filter: /\.css$/ }, async ({ path }) => {
    const { code } = await transform(await readFile(path), { loader: "css", minify: true });
    return { contents: code.trim(), loader: "text" };
  }),
};

const MATHS = ["PI", "abs", "ceil", "cos", "exp", "floor", "log2", "max", "min", "round", "sin"];
const names = MATHS.map((name) => [`Math.${name}`, `math_${name}`]);

/** Properties of our own that no JSON, page or test knows: their names may be short. */
const OWN = `activations analyse applyMix arrived audible audition automatic balance byCodePoint
  changed choose chosen controls curves drawOverview elapsed ghosts glyph grabbed gutter header heads hitsChanged
  laneAlt layer looping mixed overview painter prepare progress rest restyle
  session view columns following picture spectrum overlay redraw
  segments setHalf setHits setKit setLog setThreshold setView showLane showSnap smallPlayhead
  stretch strip strips thresholds toggleHelp transport unanswered urgent velocities visualOffset
  waiting zoneAt zoomBy chunks stage byLane moved sources metal noise ring describe setRange snapped songAt
  original playhead lane wave accent ground stale`.trim().split(/\s+/);

const common = {
  bundle: true,
  minify: true,
  target: ["chrome105", "firefox115", "safari16"],
  charset: "utf8",
  legalComments: "none",
  plugins: [style],
  logLevel: "warning",
};

// Sent with every widget, so it is made as small as can be.
await build({
  ...common,
  entryPoints: [here("src/index.ts")],
  outfile: join(folder, "widget.js"),
  format: "esm",
  define: { ...Object.fromEntries(names), Float32Array: "Float32", document: "doc" },
  inject: [here("src/short.ts")],
  mangleProps: new RegExp(`^(${OWN.join("|")})$`),
});

// The page of `adt web`.
await build({
  ...common,
  entryPoints: [here("web/main.ts")],
  outfile: join(folder, "web.js"),
  format: "esm",
});

// What its worker runs: one script, and behind it the arithmetic of the features.
await build({
  ...common,
  entryPoints: [here("web/worker.ts")],
  outfile: join(folder, "web-engine/worker.js"),
  format: "iife",
  alias: { "@litertjs/wasm-utils": here("web/wasm-utils.ts") },
});
const { error, stderr } = await asc.main([
  "web/assembly/bank.ts", "--baseDir", here("."), "--outFile", join(folder, "web-engine/features.wasm"),
  "--optimizeLevel", "3", "--converge", "--noAssert", "--enable", "simd", "--runtime", "stub", "--initialMemory", "1",
]);
if (error) throw new Error(`${error.message}\n${stderr}`);
