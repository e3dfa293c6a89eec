/** Finds grace notes: the port of `adt_plugins.formats.notation.flams`. */

import { coarseOf } from "../core/drums";
import { type Hit, inOrder } from "../core/edits";
import { FLAMS } from "../core/tables";

const { MOST_GRACES, FLAM_S, DRAG_S, DRAG_SOFTER, SOFTER } = FLAMS;
const GRACED: readonly string[] = FLAMS.GRACED;

/** A stroke, and the number of grace notes before it. */
export interface Played {
  readonly hit: Hit;
  readonly graces: number;
}

/** Separate grace notes from strokes; `lost`: hits that are neither. */
export function findFlams(hits: readonly Hit[]): { played: Played[]; lost: Hit[] } {
  const byDrum = new Map<string, Hit[]>();
  for (const hit of hits) {
    const own = byDrum.get(hit.drum);
    if (own) own.push(hit);
    else byDrum.set(hit.drum, [hit]);
  }
  const played: Played[] = [];
  const lost: Hit[] = [];
  for (const [drum, own] of byDrum) {
    const isGraced = GRACED.includes(coarseOf(drum));
    for (const group of groupsOf(own)) {
      if (group.length > MOST_GRACES + 1 && isGraced) {
        played.push(...group.map((hit) => ({ hit, graces: 0 }))); // a roll
        continue;
      }
      const main = mainOf(group, isGraced);
      const graces = isGraced ? Math.min(main, MOST_GRACES) : 0;
      played.push({ hit: group[main], graces });
      lost.push(...group.slice(0, main - graces), ...group.slice(main + 1));
    }
  }
  played.sort(
    ({ hit: a }, { hit: b }) =>
      a.time - b.time || Number(a.drum > b.drum) - Number(a.drum < b.drum),
  );
  return { played, lost: lost.sort(inOrder) };
}

function groupsOf(hits: readonly Hit[]): Hit[][] {
  const groups = [[hits[0]]];
  hits.slice(1).forEach((hit, n) => {
    const before = hits[n];
    const isSoft = before.velocity <= DRAG_SOFTER * hit.velocity;
    if (hit.time - before.time >= (isSoft ? DRAG_S : FLAM_S)) groups.push([]);
    groups[groups.length - 1].push(hit);
  });
  return groups;
}

/** Return the index of the main stroke of a group. */
function mainOf(group: readonly Hit[], isGraced: boolean): number {
  const loudest = Math.max(...group.map(({ velocity }) => velocity));
  if (!isGraced) return group.findIndex(({ velocity }) => velocity === loudest);
  let main = group.length - 1;
  while (group[main].velocity < SOFTER * loudest) main--;
  return main;
}
