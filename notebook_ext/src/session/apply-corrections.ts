/** Replaces the hits of a song, its thresholds, beats and bars by those of a file. */

import { correctionsTo, timingTo, withKinds } from "../core/corrections";
import type { Op } from "../core/edits";
import { counted } from "../core/words";
import { type Corrections, concerns } from "./own-files";
import type { Session } from "./session";

/** Make the corrections in one step, which can be undone; returns what to tell. */
export function applyCorrections(session: Session, corrections: Corrections): string {
  const { file, thresholds, timing, hasVelocities, hasKinds, tolerance } = corrections;
  const { duration } = session.song.header;
  const hits = corrections.hits.filter(({ time }) => time <= duration);
  const left = corrections.hits.length - hits.length;
  const moved: Op[] = Object.entries(session.thresholds)
    .filter(([drum, now]) => (thresholds[drum] ?? now) !== now)
    .map(([drum]) => ({ op: "threshold", drum, value: thresholds[drum] }));
  const own = session.hitsAt(thresholds).filter(({ drum }) => concerns(corrections, drum));
  const wanted = hasKinds ? hits : withKinds(own, hits);
  const name = () => session.newName();
  const ops = [
    ...moved,
    ...correctionsTo(own, wanted, name, hasVelocities, tolerance),
    ...(timing ? timingTo(session.timing, timing) : []),
  ];
  session.do(ops);
  return [
    ops.length
      ? `“${file}” is opened: ${counted(ops.length, "change")}. Undo takes them back.`
      : `“${file}” has the hits that are shown.`,
    ...(left ? [`Left out: ${counted(left, "hit")} behind the end of the song.`] : []),
  ].join(" ");
}
