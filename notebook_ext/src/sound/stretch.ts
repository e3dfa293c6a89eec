/**
 * Time-stretching that keeps the pitch: waveform-similarity overlap-add (Verhelst and
 * Roelands, ICASSP 1993) with anchors. The surroundings of an anchor are copied unchanged
 * to its new position, so that attacks stay intact and in step with clicks. The two ends
 * of a chunk are anchors too, so that chunks can be stretched separately and still join.
 */

import { clamp } from "../core/time";

const HOP = 512;
const SEARCH = 384;
const BEFORE = 441; // copied in front of an anchor: 10 ms
const AFTER = 1764; // and behind it: 40 ms, an attack
const FADE = 256;
/** Samples after an anchor that are not repeated, since they belong to the attack. */
const ATTACK = 441;
/** Anchors closer than this are one: 1.5 ms. */
const LEAST = 64;

/** The source of a piece of output: input sample = output sample - shift. */
interface Piece {
  readonly from: number;
  readonly shift: number;
  readonly fade: number;
}

/**
 * Stretch channels, all of them with the same cuts. `anchors`: input samples, ascending;
 * `scaled` returns the output sample of an input sample.
 */
export function stretch(
  channels: readonly Float32Array[],
  anchors: readonly number[],
  scaled: (sample: number) => number,
): Float32Array[] {
  const n = channels[0].length;
  const guide = mixed(channels);
  const points = [0];
  for (const a of [...anchors, n]) {
    if (a === n && points.length > 1 && n - points[points.length - 1] < LEAST) points.pop();
    if (a <= n && a - points[points.length - 1] >= LEAST) points.push(a);
  }
  const pieces: Piece[] = [{ from: 0, shift: 0, fade: 1 }];
  for (let i = 0; i + 1 < points.length; i++) {
    const [a, b] = [points[i], points[i + 1]];
    between(guide, a, b, scaled(a), scaled(b), pieces);
  }
  return channels.map((channel) => render(channel, pieces, scaled(n)));
}

function mixed(channels: readonly Float32Array[]): Float32Array {
  if (channels.length === 1) return channels[0];
  const out = Float32Array.from(channels[0]);
  for (const channel of channels.slice(1))
    for (let i = 0; i < out.length; i++) out[i] += channel[i];
  return out;
}

/** Add the pieces from anchor a to anchor b, which move to `start` and `stop`. */
function between(
  guide: Float32Array,
  a: number,
  b: number,
  start: number,
  stop: number,
  pieces: Piece[],
): void {
  const room = Math.min(b - a, stop - start);
  const rate = (b - a) / (stop - start);
  const fade = Math.min(FADE, room >> 3);
  const before = Math.min(BEFORE, room >> 2);
  const low = a + Math.min(ATTACK, room >> 2);
  const hop = Math.min(HOP, (b - low) >> 2);
  const end = stop - before;
  let shift = start - a;
  for (let out = start + Math.min(AFTER, room - before - fade); out + hop < end; out += hop) {
    // Near the due position, find what best continues the previous piece.
    const due = Math.round(a + (out - start) * rate);
    const last = b - 2 * hop - fade - 1; // the last one goes on for up to two hops
    shift =
      out -
      alike(
        guide,
        out - shift,
        hop,
        clamp(due - SEARCH, low, last),
        clamp(due + SEARCH, low, last),
      );
    pieces.push({ from: out, shift, fade });
  }
  pieces.push({ from: end, shift: stop - b, fade });
}

/** Return the sample from `low` to `high` where the input is most similar to `natural`. */
function alike(
  guide: Float32Array,
  natural: number,
  hop: number,
  low: number,
  high: number,
): number {
  let best = low;
  let greatest = -Infinity;
  const search = (from: number, to: number, step: number): void => {
    greatest = -Infinity;
    for (let candidate = Math.max(from, low); candidate <= Math.min(to, high); candidate += step) {
      let product = 0;
      let energy = 1e-9;
      for (let i = 0; i < hop; i += step) {
        const value = guide[candidate + i];
        product += value * (guide[natural + i] ?? 0);
        energy += value * value;
      }
      const score = product / Math.sqrt(energy);
      if (score > greatest) [greatest, best] = [score, candidate];
    }
  };
  search(low, high, 4);
  search(best - 3, best + 3, 2);
  return best;
}

/** Copy the pieces, cross-fading each with the end of the previous one. */
function render(channel: Float32Array, pieces: readonly Piece[], length: number): Float32Array {
  const out = new Float32Array(length);
  pieces.forEach(({ from, shift, fade }, i) => {
    const next = pieces[i + 1];
    const until = next ? Math.min(next.from + next.fade, length) : length;
    for (let t = from; t < until; t++) {
      const value = channel[t - shift] ?? 0;
      const blend = i ? (t - from) / fade : 1;
      out[t] = blend < 1 ? out[t] * (1 - blend) + value * blend : value;
    }
  });
  return out;
}
