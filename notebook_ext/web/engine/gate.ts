/** Which drums are there at all: the port of `adt_plugins.picking.song_gate`. */

import { type Activation, type Picker, pickPeaks, thresholdLine } from "../../src/core/pick";
import { GATE } from "../../src/core/tables";
import type { Card, Gate } from "./engine-types";

const { RATE_PER_MINUTE, LONE_PER_MINUTE, LONE_FREE_S, SHORT_S, PER_OCTAVE, SHARES } = GATE;

/** How far peaks stand above what a threshold is added to, the highest first. */
function heights(
  { values }: Activation,
  threshold: number,
  picker: Picker,
  rate: number,
): number[] {
  // The gate was chosen with the plain average.
  const plain = picker.kind === "valley" ? { ...picker, kind: "madmom" } : picker;
  const average = thresholdLine(values, 0, plain, rate);
  return pickPeaks(values, threshold, picker, rate)
    .map((frame) => values[frame] - (picker.kind === "adtlib" ? 0 : average[frame]))
    .sort((a, b) => b - a);
}

/** Thresholds for the drums that a recording seems not to have. */
export function raisedThresholds(
  card: Card,
  lanes: readonly Activation[],
  rate: number,
): Record<string, number> {
  const { gate, picker, thresholds } = card;
  if (!gate) return {};
  const duration = lanes[0].values.length / rate;
  const found = lanes.map((lane) => heights(lane, thresholds[lane.drum], picker, rate));
  const clear = reached(found, (RATE_PER_MINUTE * duration) / 60);
  const silent = isSilent(
    lanes.map(({ drum }) => drum),
    found,
    clear,
    duration,
    gate,
  );
  return Object.fromEntries(
    lanes.flatMap(({ drum }, i) => {
      const absent = silent || clear[i] < (gate.drums[drum] ?? 0);
      const sure = gate.sure[drum] ?? 1;
      return absent && sure > thresholds[drum] && found[i].some((own) => own < sure)
        ? [[drum, sure] as const]
        : [];
    }),
  );
}

/** Of each drum the height that so many of its hits surpass. */
const reached = (found: readonly number[][], rank: number): number[] =>
  found.map((own) => own[Math.trunc(rank)] ?? 0);

/** Whether there is no drum in the recording. */
function isSilent(
  drums: readonly string[],
  found: readonly number[][],
  clear: readonly number[],
  duration: number,
  gate: Gate,
): boolean {
  const short = duration > 0 && duration < SHORT_S ? PER_OCTAVE * Math.log2(SHORT_S / duration) : 0;
  const often = (LONE_PER_MINUTE * Math.max(0, duration - LONE_FREE_S)) / 60;
  const lone = reached(found, often).some(
    (value, i) => value >= (gate.lone[drums[i]] ?? 1) - short,
  );
  const best = [...clear].sort((a, b) => b - a);
  const song = SHARES.reduce((sum, share, i) => sum + share * (best[i] ?? 0), 0);
  return song < gate.song - short && !lone;
}
