/** Synthesised sounds of hits: a click, and a small drum kit. */

import { coarseOf } from "../core/drums";

export type Kit = "drums" | "clicks";

/** Return a seeded noise generator, so that a sound is the same every time. */
function noise(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  };
}

interface Recipe {
  readonly seconds: number;
  /** Frequency in Hz before and after a glide, and its time constant in seconds. */
  readonly tone?: readonly [from: number, to: number, glide: number];
  readonly ring?: number;
  /** Level of noise, its decay in seconds, and the corner of its high-pass in Hz. */
  readonly noise?: readonly [level: number, decay: number, above: number];
  /** Level of inharmonic partials, their decay in seconds, and the lowest in Hz. */
  readonly metal?: readonly [level: number, decay: number, base: number];
}

const RECIPES: Readonly<Record<string, Recipe>> = {
  KD: { seconds: 0.28, tone: [160, 52, 0.018], ring: 0.09, noise: [0.12, 0.004, 2000] },
  SD: { seconds: 0.22, tone: [260, 185, 0.02], ring: 0.05, noise: [0.75, 0.06, 1500] },
  SST: { seconds: 0.07, tone: [1700, 1500, 0.01], ring: 0.014, noise: [0.3, 0.006, 2500] },
  HH: { seconds: 0.09, noise: [0.7, 0.022, 7000], metal: [0.35, 0.02, 4100] },
  PHH: { seconds: 0.1, noise: [0.6, 0.03, 5000], metal: [0.3, 0.025, 3300] },
  OHH: { seconds: 0.5, noise: [0.7, 0.16, 6500], metal: [0.4, 0.18, 4100] },
  TT: { seconds: 0.3, tone: [190, 120, 0.03], ring: 0.1, noise: [0.1, 0.01, 800] },
  HIT: { seconds: 0.26, tone: [290, 190, 0.03], ring: 0.09, noise: [0.1, 0.01, 800] },
  HFT: { seconds: 0.34, tone: [150, 96, 0.03], ring: 0.12, noise: [0.1, 0.01, 600] },
  LFT: { seconds: 0.4, tone: [120, 74, 0.03], ring: 0.14, noise: [0.1, 0.01, 600] },
  CY: { seconds: 1.1, noise: [0.7, 0.34, 4500], metal: [0.3, 0.3, 2900] },
  RDC: { seconds: 0.7, noise: [0.22, 0.12, 7000], metal: [0.6, 0.28, 2500] },
  RDB: { seconds: 0.6, noise: [0.1, 0.05, 7000], metal: [0.9, 0.22, 1350] },
  SPC: { seconds: 0.5, noise: [0.7, 0.13, 5500], metal: [0.3, 0.12, 3600] },
  OT: { seconds: 0.14, noise: [0.8, 0.03, 900] },
};

/** Frequencies of clicks in Hz, all distinct, and higher for higher drums. */
const CLICKS: Readonly<Record<string, number>> = {
  KD: 440,
  TT: 740,
  SD: 1100,
  OT: 1600,
  HH: 2700,
  CY: 3900,
};

/** Return a hit at full velocity, with peak 1 and without silence at the start. */
export function soundOf(drum: string, kit: Kit, rate: number): Float32Array {
  if (kit === "clicks") return click(CLICKS[coarseOf(drum)] ?? 1600, rate);
  return strike(RECIPES[drum] ?? RECIPES[coarseOf(drum)] ?? RECIPES.OT, rate);
}

function click(pitch: number, rate: number): Float32Array {
  const out = new Float32Array(Math.round(0.03 * rate));
  for (let i = 0; i < out.length; i++) {
    const t = i / rate;
    // A cosine, so that the first sample is the greatest.
    out[i] = Math.cos(2 * Math.PI * pitch * t) * Math.exp(-t / 0.006);
  }
  return faded(out, rate);
}

function strike(recipe: Recipe, rate: number): Float32Array {
  const out = new Float32Array(Math.round(recipe.seconds * rate));
  if (recipe.tone) addTone(out, recipe.tone, recipe.ring ?? 0.05, rate);
  if (recipe.noise) addNoise(out, recipe.noise, rate);
  if (recipe.metal) addMetal(out, recipe.metal, rate);
  let peak = 1e-9;
  for (const value of out) peak = Math.max(peak, Math.abs(value));
  for (let i = 0; i < out.length; i++) out[i] /= peak;
  return faded(out, rate);
}

function addTone(
  out: Float32Array,
  [from, to, glide]: readonly [number, number, number],
  ring: number,
  rate: number,
): void {
  let phase = Math.PI / 2;
  for (let i = 0; i < out.length; i++) {
    const t = i / rate;
    out[i] += Math.sin(phase) * Math.exp(-t / ring);
    phase += (2 * Math.PI * (to + (from - to) * Math.exp(-t / glide))) / rate;
  }
}

function addNoise(
  out: Float32Array,
  [level, decay, above]: readonly [number, number, number],
  rate: number,
): void {
  const next = noise(20_011);
  const keep = Math.exp((-2 * Math.PI * above) / rate);
  let low = 0;
  for (let i = 0; i < out.length; i++) {
    const white = next();
    low = keep * low + (1 - keep) * white;
    out[i] += level * (white - low) * Math.exp(-i / rate / decay);
  }
}

function addMetal(
  out: Float32Array,
  [level, decay, base]: readonly [number, number, number],
  rate: number,
): void {
  const ratios = [1, 1.342, 1.618, 1.937, 2.274, 2.711];
  for (let i = 0; i < out.length; i++) {
    const t = i / rate;
    let sum = 0;
    for (const ratio of ratios) {
      if (base * ratio < rate / 2) sum += Math.cos(2 * Math.PI * base * ratio * t);
    }
    out[i] += (level * sum * Math.exp(-t / decay)) / ratios.length;
  }
}

/** Fade out the end, which would click otherwise. */
function faded(out: Float32Array, rate: number): Float32Array {
  const length = Math.min(Math.round(0.005 * rate), out.length);
  for (let i = 0; i < length; i++) out[out.length - 1 - i] *= i / length;
  return out;
}
