/** What the page decodes, for the tests: samples of a chosen file at 44.1 kHz, mixed to one channel. */

import { Mixer } from "../../../notebook_ext/web/engine/mixer";
import { decode, load } from "../../../notebook_ext/web/page/decode";

async function samples(): Promise<string> {
  const [file] = document.querySelector("input")?.files ?? [];
  const mixer = new Mixer();
  return decode(await load(file), async (blocks) => {
    let text = "";
    for await (const block of blocks) {
      const bytes = new Uint8Array(mixer.mix(block).slice().buffer);
      // In multiples of three bytes and of a sample, so that the pieces' texts join.
      for (let at = 0; at < bytes.length; at += 24576)
        text += btoa(String.fromCharCode(...bytes.subarray(at, at + 24576))) + " ";
    }
    return text;
  });
}

Object.assign(globalThis, { samples });
