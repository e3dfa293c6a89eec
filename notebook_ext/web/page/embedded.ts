/** Unpacks what `adt_plugins.web_page` embedded in the page: each part in an element of its own. */

import { bytesOf, floats } from "../engine/base64";
import type { Card, FinerModel, Kinds, Parts } from "../engine/engine-types";
import { matricesOf, type PackedMatrices } from "../engine/matrices";
import type { General } from "../separation/templates";
import type { DrumMap } from "./exports";
import { breathe } from "./user-error";

/** Characters that are unpacked at once: a few ms. A multiple of four. */
const SLICE = 1 << 18;

const textOf = (id: string): string => document.getElementById(`adt-${id}`)?.textContent ?? "";

export const drumMaps = (): DrumMap[] => JSON.parse(textOf("maps")) as DrumMap[];

export const licences = (): string => textOf("licences");

export const card = (): Card => JSON.parse(textOf("card")) as Card;

/** A `Kinds` as Python writes it: arrays of float32 in base64. */
type Packed = Readonly<Record<Exclude<keyof Kinds, "kinds">, string>> & Pick<Kinds, "kinds">;

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

/** Unpack a part: base64 of gzip, with pauses in which the page answers. */
function unpacking(id: string): Response {
  const text = textOf(id);
  let at = 0;
  const packed = new ReadableStream<BufferSource>({
    async pull(controller) {
      controller.enqueue(bytesOf(text.slice(at, at + SLICE)));
      at += SLICE;
      if (at >= text.length) controller.close();
      await breathe();
    },
  });
  return new Response(packed.pipeThrough(new DecompressionStream("gzip")));
}

const unpacked = async (id: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await unpacking(id).arrayBuffer());

export const roundingWasm = (): Promise<Uint8Array<ArrayBuffer>> => unpacked("pieces");

const script = (id: string): Promise<string> => unpacking(id).text();

/** Return the worker that separates drums, and the general templates. */
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

/** Return a recording to try the page with. */
export const example = async (): Promise<File> =>
  new File([await unpacked("example")], "example.mp3", { type: "audio/mpeg" });

/** Return the network's arithmetic: with relaxed SIMD, which is faster, where the browser has it. */
async function networkWasm(): Promise<Uint8Array<ArrayBuffer>> {
  const relaxed = await unpacked("network-relaxed");
  return WebAssembly.validate(relaxed) ? relaxed : unpacked("network-wasm");
}

export async function readParts(): Promise<Parts> {
  return {
    card: card(),
    network: matricesOf(JSON.parse(textOf("network")) as PackedMatrices),
    finer: finer(),
    workerScript: await script("worker"),
    networkWasm: await networkWasm(),
    beatsWasm: await unpacked("beats"),
    piecesWasm: await roundingWasm(),
    featuresWasm: await unpacked("features"),
  };
}
