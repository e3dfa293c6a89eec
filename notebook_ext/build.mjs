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

/**
 * Names of our own that nothing outside the bundles uses: neither files and messages nor the
 * DOM, nor whoever drives a page. In full they are a thirtieth of a bundle.
 */
const inner = `
  accepted activations addHere announce arrived audible audition automatic balance byLane
  changed choose chosen columns controls countsIn dark describe DRUMS FEWEST FIRM forget
  ghosts grabbed ground gutter heat isAvailable isFolded isWholePage lane laneAlt
  loadNotation LONGEST_S looked looping metal metronome mixed mixer MOST_OPS moved noise
  notation overview ownDrums painter pending prepared proposals propose publish ring room
  SAME_STROKE_S seconds segments selectBars session setDrumless setDrums setKit setLoop
  setMetronome setRange setSpeed setThreshold setViewport showSnap snapped SOFT songAt
  sources spectrum SPREAD SPREAD_S stage stale stretch strike strip strips struck tall
  theme timeLine toggleCountIn toggleHelp toggleNotation tone transport velocities
  viewport visualOffset wave zoneAt zoomBy`;

/** What `Math` and the like have, under names that are shortened as all others are. */
function withShortNames(code) {
  return ["Math", "Object", "Array", "JSON"].reduce((text, owner) => {
    const used = new Set(text.match(new RegExp(`(?<=\\b${owner}\\.)\\w+`, "g")));
    const own = [...used].map((name) => `${name}:${owner}_${name}`);
    return `const{${own}}=${owner};${text.replace(new RegExp(`\\b${owner}\\.(?=\\w)`, "g"), `${owner}_`)}`;
  }, code);
}

const common = {
  bundle: true,
  minify: true,
  target: ["chrome105", "firefox115", "safari16"],
  charset: "utf8",
  legalComments: "none",
  plugins: [style],
  logLevel: "warning",
};

// The widget, its notation view, and the page that can be sent. What the widget hands to its
// notation view has the same short names in both.
let mangleCache = {};
for (const [entry, bundle] of [
  ["src/hosts/notebook.ts", "widget.js"],
  ["src/notation-view/open.ts", "notation.js"],
  ["src/hosts/page.ts", "page.js"],
]) {
  const result = await build({
    ...common,
    entryPoints: [here(entry)],
    outfile: join(folder, bundle),
    format: "esm",
    write: false,
    mangleProps: new RegExp(`^(${inner.trim().split(/\s+/).join("|")})$`),
    mangleCache,
  });
  mangleCache = result.mangleCache;
  // A second pass finds what esbuild leaves: about a hundredth.
  const { code } = await minify(withShortNames(result.outputFiles[0].text), {
    module: true,
    ecma: 2020,
    compress: {
      unsafe: true,
      unsafe_comps: true,
      passes: 3,
      pure_getters: true,
      unsafe_arrows: true,
      unsafe_methods: true,
    },
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

// What its worker runs: one script, and behind it the arithmetic of the features.
await build({
  ...common,
  entryPoints: [here("web/engine/worker.ts")],
  outfile: join(folder, "web-engine/worker.js"),
  format: "iife",
  alias: { "@litertjs/wasm-utils": here("web/engine/wasm-utils.ts") },
});
const { error, stderr } = await asc.main([
  "web/engine/assembly/bank.ts",
  ...["--baseDir", here("."), "--outFile", join(folder, "web-engine/features.wasm")],
  ...["--optimizeLevel", "3", "--converge", "--noAssert", "--enable", "simd"],
  ...["--runtime", "stub", "--initialMemory", "1"],
]);
if (error) throw new Error(`${error.message}\n${stderr}`);
