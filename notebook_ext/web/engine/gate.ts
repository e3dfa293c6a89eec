/** Decides which drums a recording has: the port of `adt_plugins.picking.song_gate`. */

import {
  type Activation,
  type Picker,
  pickPeaks,
  roundEven,
  thresholdLine,
} from "../../src/core/pick";
import { GATE } from "../../src/core/tables";
import type { Card, Gate } from "./engine-types";

const {
  RATE_PER_MINUTE,
  LONE_PER_MINUTE,
  LONE_FREE_S,
  SHORT_S,
  PER_OCTAVE,
  REGULARITY_SHARE,
  REGULAR,
  BLOCK_S,
  LEAST_HITS,
  LEAST_PAIRS,
  LAG_S,
  SAME_S,
  TOGETHER_S,
  SHARES,
} = GATE;

/** Frames of a drum's hits, and their heights above the line that a threshold is added to. */
interface Found {
  readonly frames: readonly number[];
  /** Descending. */
  readonly heights: readonly number[];
}

/** Find the hits of `weighed`, and their heights in `values`. */
function find(
  { values }: Activation,
  weighed: Activation,
  threshold: number,
  picker: Picker,
  rate: number,
): Found {
  // The gate's thresholds were chosen with the plain average.
  const plain = picker.kind === "valley" ? { ...picker, kind: "madmom" } : picker;
  const average = thresholdLine(values, 0, plain, rate);
  const frames = pickPeaks(weighed.values, threshold, picker, rate);
  const heights = frames
    .map((frame) => values[frame] - (picker.kind === "adtlib" ? 0 : average[frame]))
    .sort((a, b) => b - a);
  return { frames, heights };
}

/** Return how regular hits are, 0-1, from the frames of each drum. */
export function regularity(
  frames: readonly (readonly number[])[],
  count: number,
  rate: number,
): number {
  const together = roundEven(TOGETHER_S * rate);
  const every = [...new Set(frames.flat())].sort((a, b) => a - b);
  const hits = every.filter((frame, i) => i === 0 || frame - every[i - 1] > together);
  const blocks = Math.max(1, roundEven(count / (BLOCK_S * rate)));
  let total = 0;
  for (let block = 0; block < blocks; block++) {
    const first = Math.floor((block * count) / blocks);
    const end = Math.floor(((block + 1) * count) / blocks);
    const own = hits.filter((hit) => hit >= first && hit < end).map((hit) => hit - first);
    if (own.length >= LEAST_HITS) {
      total += own.length * blockRegularity(own, end - first, rate);
    }
  }
  return hits.length ? total / hits.length : 0;
}

function blockRegularity(hits: readonly number[], count: number, rate: number): number {
  const reach = roundEven(SAME_S * rate);
  const near = new Uint8Array(count);
  for (const hit of hits) {
    for (let shift = -reach; shift <= reach; shift++) {
      near[Math.min(Math.max(hit + shift, 0), count - 1)] = 1;
    }
  }
  const chance = sum(near) / count;
  if (chance === 1) return 0;
  const [first, last] = LAG_S.map((seconds) => roundEven(seconds * rate));
  let best = 0;
  for (let lag = first; lag <= last; lag++) {
    const later = hits.filter((hit) => hit + lag < count).map((hit) => near[hit + lag]);
    if (later.length < LEAST_PAIRS) break;
    best = Math.max(best, (sum(later) / later.length - chance) / (1 - chance));
  }
  return best;
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/**
 * Return raised thresholds for the drums that a recording does not seem to have; `weighed`
 * are the lanes that hits are picked from, `sounding` the seconds in which there is sound.
 */
export function raisedThresholds(
  card: Card,
  lanes: readonly Activation[],
  weighed: readonly Activation[],
  rate: number,
  sounding: number,
): Record<string, number> {
  const { gate, picker, thresholds } = card;
  if (!gate) return {};
  const found = lanes.map((lane, i) => find(lane, weighed[i], thresholds[lane.drum], picker, rate));
  const clear = reached(found, (RATE_PER_MINUTE * sounding) / 60);
  const silent = isSilent(
    lanes.map(({ drum }) => drum),
    found,
    evidence(
      clear,
      regularity(
        found.map(({ frames }) => frames),
        lanes[0].values.length,
        rate,
      ),
    ),
    sounding,
    gate,
  );
  return Object.fromEntries(
    lanes.flatMap(({ drum }, i) => {
      const absent = silent || clear[i] < (gate.drums[drum] ?? 0);
      const sure = gate.sure[drum] ?? 1;
      return absent && sure > thresholds[drum] && found[i].heights.some((own) => own < sure)
        ? [[drum, sure] as const]
        : [];
    }),
  );
}

/** Return, for each drum, the height that this many of its hits exceed. */
const reached = (found: readonly Found[], rank: number): number[] =>
  found.map(({ heights }) => heights[Math.trunc(rank)] ?? 0);

/** Return the evidence for drums: from the three clearest ones, and from regularity. */
function evidence(clear: readonly number[], regular: number): number {
  const best = [...clear].sort((a, b) => b - a);
  const song = SHARES.reduce((total, share, i) => total + share * (best[i] ?? 0), 0);
  return song + REGULARITY_SHARE * Math.min(regular, REGULAR);
}

/** Whether the recording has no drums at all. */
function isSilent(
  drums: readonly string[],
  found: readonly Found[],
  evident: number,
  duration: number,
  gate: Gate,
): boolean {
  const short = duration > 0 && duration < SHORT_S ? PER_OCTAVE * Math.log2(SHORT_S / duration) : 0;
  const often = (LONE_PER_MINUTE * Math.max(0, duration - LONE_FREE_S)) / 60;
  const lone = reached(found, often).some(
    (value, i) => value >= (gate.lone[drums[i]] ?? 1) - short,
  );
  return evident < gate.song - short && !lone;
}
