/** What `adt_plugins.web_page` put into the page: each part packed, in an element of its own. */

import { applied } from "../engine/delta";
import type { Card, FinerModel, Kinds, Parts } from "../engine/engine-types";
import { hasRelaxedSimd } from "../engine/relaxed";
import type { General } from "../separation/templates";
import type { DrumMap } from "./exports";
import { breathe } from "./user-error";

/** Characters that are decoded at once: about 2 ms. A multiple of four. */
const SLICE = 1 << 18;

const textOf = (id: string): string => document.getElementById(`adt-${id}`)?.textContent ?? "";

export const drumMaps = (): DrumMap[] => JSON.parse(textOf("maps")) as DrumMap[];

export const licences = (): string => textOf("licences");

export const card = (): Card => JSON.parse(textOf("card")) as Card;

/** A `Kinds` as Python writes it: arrays of float32 in base64. */
type Packed = Readonly<Record<Exclude<keyof Kinds, "kinds">, string>> & Pick<Kinds, "kinds">;

const floats = (text: string): Float32Array =>
  new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

function finer(): FinerModel {
  const { sha256, families } = JSON.parse(textOf("finer")) as {
    readonly sha256: string;
    readonly families: Readonly<Record<string, Packed>>;
  };
  const opened = ({ kinds, ...arrays }: Packed) =>
    ({
      kinds,
      ...Object.fromEntries(Object.entries(arrays).map(([name, text]) => [name, floats(text)])),
    }) as Kinds;
  const all = Object.entries(families).map(([drum, packed]) => [drum, opened(packed)]);
  return { sha256, families: Object.fromEntries(all) };
}

/** Base64 of gzip to bytes, with pauses: the page answers meanwhile. */
async function unpacked(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = textOf(id);
  let at = 0;
  const packed = new ReadableStream<BufferSource>({
    async pull(controller) {
      const letters = atob(text.slice(at, at + SLICE));
      const bytes = new Uint8Array(letters.length);
      for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
      controller.enqueue(bytes);
      at += SLICE;
      if (at >= text.length) controller.close();
      await breathe();
    },
  });
  const stream = packed.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const script = async (id: string): Promise<string> => new TextDecoder().decode(await unpacked(id));

/** The worker that takes drums out, and general templates of them. */
export async function separationParts(): Promise<{ script: string; general: General }> {
  const { edges, bands } = JSON.parse(textOf("templates")) as {
    readonly edges: readonly number[];
    readonly bands: Readonly<Record<string, string>>;
  };
  const opened = Object.entries(bands).map(([drum, text]) => [drum, floats(text)]);
  return {
    script: await script("separation"),
    general: { edges, bands: Object.fromEntries(opened) },
  };
}

/** A recording to try the page with. */
export const example = async (): Promise<File> =>
  new File([await unpacked("example")], "example.mp3", { type: "audio/mpeg" });

/** LiteRT.js in the build that this browser runs fastest. */
async function runtime(isRelaxed: boolean): Promise<Pick<Parts, "runtimeScript" | "runtimeWasm">> {
  const relaxed = await unpacked("runtime-wasm");
  if (isRelaxed) return { runtimeScript: await script("runtime"), runtimeWasm: relaxed };
  return {
    runtimeScript: await script("runtime-compat"),
    runtimeWasm: applied(relaxed, await unpacked("runtime-compat-delta")),
  };
}

export async function readParts(isRelaxed = hasRelaxedSimd()): Promise<Parts> {
  return {
    card: card(),
    ...(await runtime(isRelaxed)),
    model: await unpacked("model"),
    finer: finer(),
    workerScript: await script("worker"),
    featuresWasm: await unpacked("features"),
  };
}
