/**
 * Sound to work on before the first recording: browsers compile what runs often, and do so anew in
 * every page.
 */

import { AUDIO } from "../../src/core/tables";

const RATE = AUDIO.SAMPLE_RATE;
/** Of one block: two bars at 120 beats per minute. */
const SECONDS = 4;
/** More than the network processes at once, so that its last part is processed, too. */
const BLOCKS = 12;

/** Yield a minute or so of kick, snare and hi-hat, roughly, in blocks for the engine. */
export function* warmUp(): Generator<Float32Array<ArrayBuffer>[]> {
  const block = bars();
  for (let n = 0; n < BLOCKS; n++) yield [block.slice(), block.slice()];
}

function bars(): Float32Array {
  const samples = new Float32Array(SECONDS * RATE);
  const step = RATE / 4; // an eighth
  let noise = 1;
  for (let i = 0; i < samples.length; i++) {
    noise = (noise * 48271) % 2147483647;
    const hiss = noise / 1073741823.5 - 1;
    const eighth = Math.floor(i / step) % 4;
    const age = (i % step) / RATE;
    const drum = eighth === 2 ? hiss : eighth ? 0 : Math.sin(60 * Math.PI * 2 * age);
    samples[i] = 0.5 * drum * Math.exp(-20 * age) + 0.1 * hiss * Math.exp(-60 * age);
  }
  return samples;
}
