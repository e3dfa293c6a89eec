/** Finds the edits that turn the hits of a song into those of a file. */

import type { Timing } from "./bars";
import { coarseOf } from "./drums";
import { type Change, type Hit, MOST_OPS, type Op } from "./edits";
import { EDITS } from "./tables";

/** Hits of a drum that are this close are the same hit, moved. */
const SAME_SECONDS = EDITS.SAME_S;
/** Beats that are this close are the same: Python and the page find them to less than that. */
const SAME_BEAT_S = 1e-3;

/**
 * Return operations that turn `hits` into `wanted`: hits in both stay, nearby ones move,
 * and the others are deleted or added. `name` returns a new id for each added hit.
 *
 * `hasVelocities`: whether `wanted` has velocities; labels do not. `tolerance`: how much its
 * times may be rounded, in seconds.
 */
export function correctionsTo(
  hits: readonly Hit[],
  wanted: readonly Change[],
  name: () => string,
  hasVelocities: boolean,
  tolerance: number,
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
    const isMoved = Math.abs(hit.time - time) > tolerance;
    if (isMoved || hit.velocity !== louder) {
      const at = isMoved ? time : hit.time;
      ops.push({ op: "change", id: hit.id, time: at, drum, velocity: louder });
    }
  }
  for (const rest of left.values()) for (const { id } of rest) ops.push({ op: "delete", id });
  if (ops.length > MOST_OPS) throw new Error("more edits than one step holds");
  return ops;
}

/** Return the operation that turns beats and meters into those of a file; none: they are. */
export function timingTo(now: Timing, wanted: Timing): Op[] {
  const beats = wanted.beats.map(([time, position], k) => {
    const own = now.beats[k]?.[0];
    // Times in a file are rounded.
    return [Math.abs(own - time) <= SAME_BEAT_S ? own : time, position] as const;
  });
  const isSame = JSON.stringify(beats) === JSON.stringify(now.beats);
  const text = ({ meters }: Timing) => meters.map(({ bar, meter }) => `${bar} ${meter}`).join();
  // A file that tells no meter changes none.
  if (isSame && (!wanted.meters.length || text(now) === text(wanted))) return [];
  const meters = wanted.meters.length ? { meters: wanted.meters } : {};
  return [{ op: "beats", beats, ...meters }];
}

/** Give hits whose kind of drum is not known that of the nearest hit of the same family. */
export function withKinds(hits: readonly Hit[], wanted: readonly Change[]): Change[] {
  return wanted.map((one) => {
    const family = hits.filter(
      ({ time, drum }) =>
        coarseOf(drum) === coarseOf(one.drum) && Math.abs(time - one.time) <= SAME_SECONDS,
    );
    const away = ({ time }: Hit) => Math.abs(time - one.time);
    const near = family.sort((a, b) => away(a) - away(b))[0];
    return near ? { ...one, drum: near.drum } : one;
  });
}
