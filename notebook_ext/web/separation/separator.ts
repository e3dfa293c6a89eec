/**
 * Estimates the drums of a song: `adt_plugins.separation.separator`, with a plain Wiener mask in
 * place of the small network, which would take minutes here. Both channels share the mask. A
 * stretch of sound is processed at a time.
 */

import { DRUM_MASK, SEPARATOR, TEMPLATES } from "../../src/core/tables";
import { Mixture, type Templates } from "./mixture";
import { frameAt, HOP, LEAD, Spectra } from "./spectra";
import { type General, kindsOf, learn, type Stretch } from "./templates";

const { EPSILON } = TEMPLATES;
const { MOST_LOUDER } = DRUM_MASK;
const { STRETCH, LEARNT_FROM, ENOUGH_HITS, BEFORE, AFTER, LEARNING } = SEPARATOR;

export interface Sound {
  /** Number of samples in each channel. */
  readonly samples: number;
  /** One or two. */
  readonly channels: number;
  /** Read samples of each channel, -1 to 1; silence before and after. */
  read(begin: number, end: number): Promise<Float32Array[]>;
}

export interface Hit {
  /** In seconds. */
  readonly time: number;
  readonly drum: string;
}

/** Estimate the sound of the drums, from the start, a stretch at a time. */
export async function* drumsOf(
  sound: Sound,
  hits: readonly Hit[],
  general: General,
  report: (progress: number) => void,
): AsyncGenerator<readonly Float32Array[]> {
  const frames = framesOf(hits);
  const templates = await learned(sound, frames, general, report);
  const last = Math.ceil((sound.samples + LEAD) / HOP);
  let carried = silence(sound.channels, LEAD);
  for (let first = 0; first < last; first += STRETCH) {
    const count = Math.min(STRETCH, last - first);
    const done = count * HOP;
    const out = silence(sound.channels, done + LEAD);
    out.forEach((channel, c) => channel.set(carried[c]));
    const own = within(frames, first - BEFORE, first + count + AFTER);
    if (own.size) {
      const spectra = await spectraOf(sound, first - BEFORE, first + count + AFTER);
      const mask = maskOf(new Mixture(spectra.magnitudes(), own, templates), templates);
      spectra.add(mask, BEFORE, BEFORE + count, out);
    }
    carried = out.map((channel) => channel.slice(done));
    const begin = first * HOP - LEAD;
    const [from, to] = [Math.max(-begin, 0), Math.min(done, sound.samples - begin)];
    yield out.map((channel) => channel.subarray(from, to));
    report(LEARNING + ((1 - LEARNING) * (first + count)) / last);
  }
}

const silence = (channels: number, length: number): Float32Array[] =>
  Array.from({ length: channels }, () => new Float32Array(length));

async function spectraOf(sound: Sound, first: number, last: number): Promise<Spectra> {
  return new Spectra(await sound.read(first * HOP - LEAD, last * HOP));
}

function framesOf(hits: readonly Hit[]): Map<string, number[]> {
  const kinds = kindsOf(hits.map(({ drum }) => drum));
  const frames = new Map<string, number[]>();
  for (const { time, drum } of hits) {
    const kind = kinds.get(drum) as string;
    // Assign a hit to the frames that contain it in their first half.
    frames.set(kind, [...(frames.get(kind) ?? []), frameAt(time) - 1]);
  }
  return frames;
}

/** Return the hits of a stretch, relative to its first frame. */
function within(
  frames: ReadonlyMap<string, readonly number[]>,
  begin: number,
  end: number,
): Map<string, number[]> {
  const own = [...frames].map(
    ([drum, all]) =>
      [drum, all.filter((at) => at >= begin && at < end).map((at) => at - begin)] as const,
  );
  return new Map(own.filter(([, all]) => all.length));
}

/** Learn templates from some stretches of the song. */
async function learned(
  sound: Sound,
  frames: ReadonlyMap<string, readonly number[]>,
  general: General,
  report: (progress: number) => void,
): Promise<Templates> {
  const last = Math.floor((sound.samples + LEAD) / HOP);
  const stretches: Stretch[] = [];
  for (const number of chosenStretches(frames)) {
    const first = number * STRETCH;
    const end = Math.min(first + STRETCH, last);
    if (first >= end) continue;
    const magnitudes = (await spectraOf(sound, first, end)).magnitudes();
    stretches.push({ magnitudes, hits: within(frames, first, end) });
  }
  return learn(stretches, frames.keys(), general, (part) => report(LEARNING * part));
}

/** Choose stretches to learn from, preferring those with hits of rare drums. */
function chosenStretches(frames: ReadonlyMap<string, readonly number[]>): Set<number> {
  const counts = new Map<number, Map<string, number>>();
  for (const [drum, all] of frames) {
    for (const frame of all) {
      const number = Math.floor(Math.max(frame, 0) / STRETCH);
      const own = counts.get(number) ?? new Map<string, number>();
      counts.set(number, own.set(drum, (own.get(drum) ?? 0) + 1));
    }
  }
  const needed = new Map([...frames].map(([drum, { length }]) => [drum, length]));
  for (const [drum, count] of needed) needed.set(drum, Math.min(count, ENOUGH_HITS));
  const worth = (own: ReadonlyMap<string, number>): number =>
    [...own].reduce((sum, [drum, count]) => {
      const all = frames.get(drum)?.length ?? 0;
      return sum + Math.min(count, needed.get(drum) ?? 0) / (1 + all);
    }, 0);
  const chosen = new Set<number>();
  const most = Math.min(LEARNT_FROM, counts.size);
  while (chosen.size < most) {
    const left = [...counts].filter(([number]) => !chosen.has(number));
    const [best, own] = left.reduce((a, b) => (worth(b[1]) > worth(a[1]) ? b : a));
    chosen.add(best);
    for (const [drum, count] of own) {
      needed.set(drum, Math.max(0, (needed.get(drum) ?? 0) - count));
    }
  }
  return chosen;
}

/** Return the share of the drums in each time-frequency bin. */
function maskOf(mixture: Mixture, templates: Templates): Float32Array {
  mixture.settle(templates);
  const { magnitudes, background } = mixture;
  const mask = new Float32Array(magnitudes.length);
  for (const sound of mixture.drums.values()) {
    for (let i = 0; i < mask.length; i++) mask[i] += sound[i];
  }
  for (let i = 0; i < mask.length; i++) {
    const power = mask[i] * mask[i];
    // Where there is no hit, nothing is removed, however much it sounds like one.
    const most = Math.min((MOST_LOUDER * mask[i]) / (magnitudes[i] + EPSILON), 1);
    mask[i] = (most * power) / (power + background[i] * background[i] + EPSILON * EPSILON);
  }
  return mask;
}
