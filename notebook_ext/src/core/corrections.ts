/** Finds the edits that turn the hits of a song into those of a file. */

import { type Change, type Hit, MOST_OPS, type Op } from "./edits";
import { EDITS } from "./tables";

/** Hits of a drum that are this close are the same hit, moved. */
const SAME_SECONDS = EDITS.SAME_S;

/**
 * Return operations that turn `hits` into `wanted`: hits in both stay, nearby ones move,
 * and the others are deleted or added. `name` returns a new id for each added hit.
 *
 * `hasVelocities`: whether `wanted` has velocities; labels do not.
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
    // Times in files have at least six decimals.
    if (Math.abs(hit.time - time) > 1e-6 || hit.velocity !== louder) {
      ops.push({ op: "change", id: hit.id, time, drum, velocity: louder });
    }
  }
  for (const rest of left.values()) for (const { id } of rest) ops.push({ op: "delete", id });
  if (ops.length > MOST_OPS) throw new Error("more edits than one step holds");
  return ops;
}
