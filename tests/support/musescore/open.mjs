/** Opens a score with MuseScore's engine; writes its MIDI and pages, prints what it is. */
import { readFileSync, writeFileSync } from "node:fs";

// With it the engine would try to fetch its own file from the web.
delete globalThis.fetch;
const { default: engine } = await import("webmscore");

const [, , score, midi, page] = process.argv;
await engine.ready;
const opened = await engine.load("xml", readFileSync(score));
writeFileSync(midi, await opened.saveMidi());
writeFileSync(page, await opened.saveSvg(0));
process.stdout.write(
  JSON.stringify({ version: await engine.version(), ...(await opened.metadata()) }),
);
opened.destroy();
