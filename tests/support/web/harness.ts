/** The engine without the page: `tests/support/web/engine.py` bundles this and drives it. */

import { startEngine } from "../../../notebook_ext/web/engine/engine";
import type { About, Engine } from "../../../notebook_ext/web/engine/engine-types";
import { Features, LevelFollower } from "../../../notebook_ext/web/engine/features";
import { drumRanges } from "../../../notebook_ext/web/engine/filterbank";
import { songOf } from "../../../notebook_ext/web/engine/payload";
import { bankOf, tablesOf } from "../../../notebook_ext/web/engine/read";
import { readParts } from "../../../notebook_ext/web/page/embedded";

const base64 = (...parts: BlobPart[]): Promise<string> => new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve((reader.result as string).split(",", 2)[1] ?? "");
  reader.readAsDataURL(new Blob(parts));
});

const wholeParts = readParts();
let engine: Engine;
let channels: Float32Array<ArrayBuffer>[] = [];

/** As long as the page cuts them. */
const PIECE = 5 * 44_100;

Object.assign(globalThis, { adt: {
  /** A file of float32 samples for each channel. */
  choose: async () => {
    const { files } = document.querySelector("input") as HTMLInputElement;
    channels = await Promise.all([...files ?? []].map(async (file) => new Float32Array(await file.arrayBuffer())));
  },
  /** `changed`: parts that are to be something else. */
  start: async (changed: Record<string, unknown> = {}) => {
    engine = await startEngine({ ...await wholeParts, ...changed });
  },
  /** Stops when so much is done. */
  hear: async (about: About, isFine = false, stopAt = 2) => {
    const progress: number[] = [];
    const all = channels[0].length;
    const hearing = engine.begin((samples) => {
      const fraction = all ? Math.min(samples / all, 1) : 1;
      progress.push(fraction);
      if (fraction >= stopAt) hearing.stop(new Error("stopped"));
    }, isFine);
    const listen = async () => {
      for (let at = 0; at < all; at += PIECE) await hearing.put(channels.map((channel) => channel.slice(at, at + PIECE)));
      return await hearing.finish();
    };
    const { heard } = await listen().finally(() => hearing.stop(null));
    if (!heard) throw new Error("samples that are no numbers");
    const { header, data, velocities } = songOf(heard, (await wholeParts).card, about);
    return {
      header, progress, thresholds: heard.thresholds, data: await base64(data),
      velocities: await base64(velocities), activations: await base64(heard.activations),
      levels: await base64(heard.levels), known: await base64(heard.known),
    };
  },
  close: () => engine.close(),
  features: async (compiled: boolean) => {
    const { card, featuresWasm } = await wholeParts;
    const tables = tablesOf(card);
    const bank = await bankOf(tables, compiled ? featuresWasm : undefined);
    const ranges = drumRanges(["KD"], tables.filters, card.front_end);
    const follower = card.level ? new LevelFollower(card.level, card.front_end) : null;
    const front = new Features(bank, tables, ranges, follower);
    const found: Float32Array<ArrayBuffer>[] = [];
    const keep = (block: { features: Float32Array }) => found.push(block.features.slice());
    for (let at = 0; at < channels[0].length; at += 10_007) front.process(channels[0].subarray(at, at + 10_007), keep);
    front.finish(keep);
    return base64(...found);
  },
} });
