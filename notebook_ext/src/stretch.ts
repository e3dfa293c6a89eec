/**
 * Half speed with the pitch kept: waveform-similarity overlap-add (Verhelst and
 * Roelands, ICASSP 1993), with anchors. Around an anchor, sample n of the input
 * is copied to sample 2n of the output as it is, and its surroundings with it: an
 * attack stays whole, and where a click expects it. The chunk's two ends are
 * anchors too, so that chunks can be stretched one by one and join.
 */

export const STRETCH = 2;

const HOP = 512;
const SEARCH = 384;
const BEFORE = 441; // copied in front of an anchor: 10 ms
const AFTER = 1764; // and behind it: 40 ms, an attack

/** Where a piece of output comes from: input sample = output sample - shift. */
interface Piece {
  readonly from: number;
  readonly shift: number;
}

/** `anchors`: input samples, ascending. All channels are cut alike. */
export function stretch(
  channels: readonly Float32Array[], anchors: readonly number[],
): Float32Array[] {
  const n = channels[0].length;
  const guide = mixed(channels);
  const inner = anchors.filter((a) => a > 0 && a < n);
  const points = [0, ...inner.filter((a, i) => !i || a > inner[i - 1]), n];
  const pieces: Piece[] = [{ from: 0, shift: 0 }];
  for (let i = 0; i + 1 < points.length; i++) between(guide, points[i], points[i + 1], pieces);
  return channels.map((channel) => render(channel, pieces));
}

function mixed(channels: readonly Float32Array[]): Float32Array {
  if (channels.length === 1) return channels[0];
  const out = Float32Array.from(channels[0]);
  for (const channel of channels.slice(1)) for (let i = 0; i < out.length; i++) out[i] += channel[i];
  return out;
}

/** Pieces from anchor a, at output 2a, to anchor b. */
function between(guide: Float32Array, a: number, b: number, pieces: Piece[]): void {
  const room = b - a; // half the way in the output
  const start = STRETCH * a + Math.min(AFTER, room);
  const end = STRETCH * b - Math.min(BEFORE, room);
  let shift = a;
  for (let out = start; out + HOP < end; out += HOP) {
    // The natural continuation of what was copied, and where the time is due.
    shift = out - alike(guide, out - shift, Math.round(out / STRETCH), b);
    pieces.push({ from: out, shift });
  }
  pieces.push({ from: end, shift: b });
}

/** Input sample near `due` that goes on most like the input at `natural`. */
function alike(guide: Float32Array, natural: number, due: number, end: number): number {
  const last = Math.min(guide.length, end) - 2 * HOP;
  let best = Math.max(0, Math.min(due, last));
  let greatest = -Infinity;
  const low = Math.max(0, due - SEARCH);
  const high = Math.min(due + SEARCH, last);
  const score = (candidate: number, step: number): number => {
    let product = 0;
    let energy = 1e-9;
    for (let i = 0; i < HOP; i += step) {
      const value = guide[candidate + i];
      product += value * (guide[natural + i] ?? 0);
      energy += value * value;
    }
    return product / Math.sqrt(energy);
  };
  for (let candidate = low; candidate <= high; candidate += 4) {
    const value = score(candidate, 4);
    if (value > greatest) [greatest, best] = [value, candidate];
  }
  greatest = -Infinity;
  const near = best;
  for (let candidate = near - 3; candidate <= near + 3; candidate++) {
    if (candidate < 0 || candidate > Math.max(last, near)) continue;
    const value = score(candidate, 2);
    if (value > greatest) [greatest, best] = [value, candidate];
  }
  return best;
}

/** Copy the pieces, each fading into the next over its first half hop. */
function render(channel: Float32Array, pieces: readonly Piece[]): Float32Array {
  const n = channel.length;
  const out = new Float32Array(STRETCH * n);
  const fade = HOP / 2;
  for (let i = 0; i < pieces.length; i++) {
    const { from, shift } = pieces[i];
    const until = Math.min((pieces[i + 1]?.from ?? STRETCH * n) + fade, STRETCH * n);
    for (let t = Math.max(from, 0); t < until; t++) {
      const value = channel[t - shift] ?? 0;
      const blend = i ? (t - from) / fade : 1;
      out[t] = blend >= 1 ? value : out[t] * (1 - blend) + value * blend;
    }
  }
  return out;
}
