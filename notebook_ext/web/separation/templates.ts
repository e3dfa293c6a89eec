/** Spectral templates of a song's drums, from their hits: `adt_plugins.separation.templates`. */

import { coarseOf } from "../../src/core/song";
import { AUDIO, TEMPLATES } from "../../src/core/tables";
import { median } from "./medians";
import { type Hits, Mixture, type Templates } from "./mixture";
import { BINS, SIZE } from "./spectra";

const { EPSILON, LEVEL, LEAST_HITS, MOST_HITS, WEIGHT_OF_GENERAL, ROUNDS } = TEMPLATES;
const LENGTHS: Readonly<Record<string, number>> = TEMPLATES.LENGTHS;
const USUAL: readonly string[] = TEMPLATES.USUAL;
/** Softer hits are not learnt from. */
const LEAST_GAIN = 1e-4;

/** General templates, in bands: learnt from many kits. */
export interface General {
  /** Edges of the bands in Hz, one more than there are bands. */
  readonly edges: readonly number[];
  /** Bands of each drum, frame by frame. */
  readonly bands: Readonly<Record<string, Float32Array>>;
}

/** Magnitudes of a stretch of sound, and the hits in it. */
export interface Stretch {
  readonly magnitudes: Float32Array;
  readonly hits: Hits;
}

/** Return the drum whose template each drum shares: a finer one's own if it has enough hits. */
export function kindsOf(drums: readonly string[]): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  for (const drum of drums) counts.set(drum, (counts.get(drum) ?? 0) + 1);
  return new Map(
    [...counts].map(([drum, count]) => [
      drum,
      count < LEAST_HITS || USUAL.includes(drum) ? coarseOf(drum) : drum,
    ]),
  );
}

/** Return the length of a hit in frames. */
const lengthOf = (drum: string): number => LENGTHS[drum] ?? LENGTHS[coarseOf(drum)];

function general(drum: string, { edges, bands }: General): Float32Array {
  const own = bands[drum] ?? bands[coarseOf(drum)];
  const width = edges.length - 1;
  const bandOf = Array.from({ length: BINS }, (_, bin) => {
    const hz = (bin * AUDIO.SAMPLE_RATE) / SIZE;
    const above = edges.findIndex((edge) => edge > hz);
    return Math.min(Math.max((above < 0 ? edges.length : above) - 1, 0), width - 1);
  });
  const out = new Float32Array(lengthOf(drum) * BINS);
  for (let i = 0; i < out.length; i++) {
    out[i] = own[Math.floor(i / BINS) * width + bandOf[i % BINS]];
  }
  return normalised(out);
}

/** Scale a template so that its attack has a level of 1. */
function normalised(template: Float32Array): Float32Array {
  let power = 0;
  for (let i = 0; i < LEVEL * BINS; i++) power += template[i] * template[i];
  const scale = 1 / (Math.sqrt(power) + EPSILON);
  for (let i = 0; i < template.length; i++) template[i] *= scale;
  return template;
}

/** Learn the templates of a song; those without hits to learn from are general. */
export function learn(
  stretches: readonly Stretch[],
  drums: Iterable<string>,
  learnt: General,
  report: (progress: number) => void,
): Templates {
  const usual = new Map([...drums].map((drum) => [drum, general(drum, learnt)]));
  const templates = new Map(usual);
  const mixtures = stretches.map(({ magnitudes, hits }) => new Mixture(magnitudes, hits, usual));
  for (let round = 0; round < ROUNDS; round++) {
    report(round / ROUNDS);
    const sounds = new Map<string, Float32Array[]>([...usual.keys()].map((drum) => [drum, []]));
    for (const mixture of mixtures) {
      mixture.fit(templates, 2);
      collect(mixture, sounds);
      mixture.separateBackground();
      mixture.drums.clear(); // keeping many stretches would take much memory
    }
    for (const [drum, own] of sounds) {
      if (own.length) templates.set(drum, mean(own, usual.get(drum) as Float32Array));
    }
  }
  return templates;
}

/** Return the median of hits, weighted with the general template. */
function mean(hits: readonly Float32Array[], usual: Float32Array): Float32Array {
  const values = new Float32Array(hits.length);
  const out = new Float32Array(usual.length);
  for (let i = 0; i < out.length; i++) {
    for (let k = 0; k < hits.length; k++) values[k] = hits[k][i];
    out[i] = hits.length * median(values) + WEIGHT_OF_GENERAL * usual[i];
  }
  return normalised(out);
}

/** Add what remains of each hit beside everything else, scaled like a template. */
function collect(mixture: Mixture, sounds: ReadonlyMap<string, Float32Array[]>): void {
  const { magnitudes, drums, hits, gains } = mixture;
  const total = mixture.total();
  for (const [drum, frames] of hits) {
    const [length, own] = [lengthOf(drum) * BINS, sounds.get(drum) as Float32Array[]];
    const sound = drums.get(drum) as Float32Array;
    frames.forEach((frame, index) => {
      const gain = (gains.get(drum) as Float64Array)[index];
      const begin = frame * BINS;
      const isInside = begin >= 0 && begin + length <= magnitudes.length;
      if (!isInside || gain <= LEAST_GAIN || own.length >= MOST_HITS) return;
      const left = new Float32Array(length);
      for (let i = 0, at = begin; i < length; i++, at++) {
        left[i] = (sound[at] * magnitudes[at]) / ((total[at] + EPSILON) * gain);
      }
      own.push(left);
    });
  }
}
