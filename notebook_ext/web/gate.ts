/** Which drums are there at all: the port of `adt_plugins.gate`. */

import { pickPeaks, thresholdLine, type Activation, type Picker } from "../src/pick";
import type { Card, Gate } from "./engine-api";

const RATE_PER_MINUTE = 2;
const SHORT_S = 20;
const PER_OCTAVE = 0.03;
const SHARES = [0.5, 0.25, 0.25];

/** How far peaks stand above what a threshold is added to, the highest first. */
function heights({ values }: Activation, threshold: number, picker: Picker, rate: number): number[] {
  const average = thresholdLine(values, 0, picker, rate);
  return pickPeaks(values, threshold, picker, rate)
    .map((frame) => values[frame] - (picker.kind === "madmom" ? average[frame] : 0))
    .sort((a, b) => b - a);
}

/** Thresholds for the drums that a recording seems not to have. */
export function raisedThresholds(
  card: Card, lanes: readonly Activation[], rate: number,
): Record<string, number> {
  const { gate, picker, thresholds } = card;
  if (!gate) return {};
  const duration = lanes[0].values.length / rate;
  const found = lanes.map((lane) => heights(lane, thresholds[lane.drum], picker, rate));
  const rank = Math.trunc((RATE_PER_MINUTE * duration) / 60);
  const clear = found.map((own) => own[rank] ?? 0);
  return Object.fromEntries(lanes.flatMap(({ drum }, i) => {
    const absent = isSilent(clear, duration, gate) || clear[i] < (gate.drums[drum] ?? 0);
    const raised = absent && gate.sure > thresholds[drum] && found[i].some((own) => own < gate.sure);
    return raised ? [[drum, gate.sure] as const] : [];
  }));
}

/** Whether there is no drum in the recording. */
function isSilent(clear: readonly number[], duration: number, gate: Gate): boolean {
  const best = [...clear].sort((a, b) => b - a);
  let song = 0;
  SHARES.forEach((share, i) => (song += share * (best[i] ?? 0)));
  if (duration > 0 && duration < SHORT_S) song += PER_OCTAVE * Math.log2(SHORT_S / duration);
  return song < gate.song && (best[0] ?? 0) < gate.lone;
}
