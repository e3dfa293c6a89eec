/** Edits that make the hits of a song those of a file. */

import { type Change, type Hit, MOST_OPS, type Op } from "./edits";
import { EDITS } from "./tables";

/** Hits of one drum this close are the same hit, moved. */
const SAME_SECONDS = EDITS.SAME_S;

/**
 * Operations that turn `hits` into `wanted`: what is in both stays, what is near moves,
 * the rest is deleted and added. `name` gives each new hit a name of its own.
 *
 * `hasVelocities`: whether `wanted` tells them; labels do not.
 */
export function correctionsTo(
  hits: readonly Hit[],
  wanted: readonly Change[],
  name: () => string,
  hasVelocities: boolean,
): Op[] {
  const left = new Map<string, Hit[]>();
  for (const hit of hits) left.set(hit.drum, [...(left.get(hit.drum) ?? []), hit]);
  const ops: Op[] = [];
  for (const { time, drum, velocity } of wanted) {
    const own = left.get(drum) ?? [];
    const near = own
      .map((hit, index) => ({ hit, index, away: Math.abs(hit.time - time) }))
      .filter(({ away }) => away <= SAME_SECONDS)
      .sort((a, b) => a.away - b.away)[0];
    if (!near) {
      ops.push({ op: "add", id: name(), time, drum, velocity });
      continue;
    }
    own.splice(near.index, 1);
    const { hit } = near;
    const louder = hasVelocities ? velocity : hit.velocity;
    // Files have six decimals or more.
    if (Math.abs(hit.time - time) > 1e-6 || hit.velocity !== louder) {
      ops.push({ op: "change", id: hit.id, time, drum, velocity: louder });
    }
  }
  for (const rest of left.values()) for (const { id } of rest) ops.push({ op: "delete", id });
  if (ops.length > MOST_OPS) throw new Error("more edits than one step holds");
  return ops;
}
