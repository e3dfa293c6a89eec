/** Limits a part to what one drummer can play: the port of `adt_plugins.formats.notation.hands`. */

import { coarseOf } from "../core/drums";
import { HANDS } from "../core/tables";
import { type Bar, type Chord, placeOf, type Stroke, stepsOf, ticksOf } from "./bars";
import { type Counts, count } from "./counts";
import { TICKS } from "./score";
import { usualOf } from "./staff";

const { NEAR_BARS, LEAST_RUN } = HANDS;
const isOne = (drums: readonly string[]) => (drum: string) => drums.includes(drum);
export const isFoot = /* @__PURE__ */ isOne(HANDS.FEET);
const isCrash = /* @__PURE__ */ isOne(HANDS.CRASHES);
const isRide = /* @__PURE__ */ isOne(HANDS.RIDES);
const isHat = /* @__PURE__ */ isOne(HANDS.HATS);

/** Simultaneous strokes: their bar, and their place in it and in the piece, in ticks. */
interface Placed {
  readonly bar: number;
  readonly place: number;
  readonly at: number;
  readonly strokes: Chord;
}

/** Return the number of nearby bars in which a drum is struck at the same place. */
type Support = (drum: string, chord: Placed) => number;

/** Remove from the bars what cannot be played, and return it by drum. */
export function makePlayable(bars: readonly Bar[]): Counts {
  const chords = chordsOf(bars);
  const leftOut: Counts = new Map();
  const leaveOut = (choose: (chord: Placed, support: Support) => string[]) => {
    const support = habits(chords);
    for (const chord of chords) {
      for (const drum of choose(chord, support)) {
        chord.strokes.delete(drum);
        count(leftOut, drum);
      }
    }
  };
  leaveOut(doubled);
  for (const run of runsOf(chords)) unite(run);
  leaveOut(tooMany);
  return leftOut;
}

function chordsOf(bars: readonly Bar[]): Placed[] {
  let start = 0;
  return bars.flatMap((bar, index) => {
    let place = 0;
    const chords = bar.beats.flatMap((beat) => {
      const first = place;
      place += beat.ticks;
      return stepsOf(beat).map((step) => {
        const at = first + placeOf(beat, step);
        return { bar: index, place: at, at: start + at, strokes: beat.strokes.get(step) as Chord };
      });
    });
    start += ticksOf(bar);
    return chords;
  });
}

/** Return how often each drum is struck at each place of the bar, bar by bar. */
function habits(chords: readonly Placed[]): Support {
  const bars = new Map<string, Set<number>>();
  const key = (drum: string, { place }: Placed) => `${usualOf(drum)} ${place}`;
  for (const chord of chords) {
    for (const drum of chord.strokes.keys()) {
      const own = key(drum, chord);
      bars.set(own, (bars.get(own) ?? new Set()).add(chord.bar));
    }
  }
  return (drum, chord) =>
    [...(bars.get(key(drum, chord)) ?? [])].filter((bar) => Math.abs(bar - chord.bar) <= NEAR_BARS)
      .length;
}

/** Return drums that duplicate another one of the same stroke. */
function doubled(chord: Placed, support: Support): string[] {
  const struck = chord.strokes;
  const drums = [...struck.keys()];
  const found = drums.filter((drum) =>
    drums.some((other) => other !== drum && coarseOf(other) === drum),
  );
  if (struck.has("PHH") && struck.has("HH") && !found.includes("HH")) found.push("HH");
  for (const kinds of HANDS.ONE_OF) {
    const own = kinds.filter((drum) => struck.has(drum) && !found.includes(drum));
    found.push(...own.slice(1));
  }
  if (struck.has("SD") && struck.has("SST")) {
    const [least] = ["SST", "SD"].sort(byWorth(chord, support));
    found.push(least);
  }
  const [less, more] = [...HANDS.HATS, ...HANDS.RIDES]
    .filter((drum) => struck.has(drum) && !found.includes(drum))
    .sort(byWorth(chord, support));
  if (more && HANDS.RARER * support(less, chord) <= support(more, chord)) found.push(less);
  return found;
}

const byWorth = (chord: Placed, support: Support) => (a: string, b: string) => {
  const [one, other] = [a, b].map((drum) => (chord.strokes.get(drum) as Stroke).hit);
  return (
    support(a, chord) - support(b, chord) ||
    one.confidence - other.confidence ||
    one.velocity - other.velocity
  );
};

/** Return drums for which no hand is left. */
function tooMany(chord: Placed, support: Support): string[] {
  const all = [...chord.strokes.keys()].filter((drum) => !isFoot(drum));
  // The hand that plays the hat has moved to the crash.
  const found = all.some(isCrash) ? all.filter(isHat) : [];
  const worth = byWorth(chord, support);
  const hands = all
    .filter((drum) => !found.includes(drum))
    .sort((a, b) => Number(isCrash(a)) - Number(isCrash(b)) || worth(a, b));
  return [...found, ...hands.slice(0, Math.max(hands.length - HANDS.HANDS, 0))];
}

const cymbalOf = (strokes: Chord): string | undefined =>
  [...strokes.keys()].find((drum) => coarseOf(drum) === "CY");

/** Return series of strokes on cymbals, at most a beat apart, without a hat between them. */
function runsOf(chords: readonly Placed[]): Placed[][] {
  const runs: Placed[][] = [[]];
  for (const chord of chords) {
    const run = runs[runs.length - 1];
    if (cymbalOf(chord.strokes)) {
      if (run.length && chord.at - run[run.length - 1].at > TICKS) runs.push([]);
      runs[runs.length - 1].push(chord);
    } else if ([...chord.strokes.keys()].some(isHat)) runs.push([]);
  }
  return runs;
}

/** Assign a run of strokes to one cymbal; a crash may begin a bar of it. */
function unite(run: readonly Placed[]): void {
  if (run.length < LEAST_RUN) return;
  const kinds: Counts = new Map();
  for (const { strokes } of run) count(kinds, cymbalOf(strokes) as string);
  const rides = HANDS.RIDES.reduce((sum, kind) => sum + (kinds.get(kind) ?? 0), 0);
  // A run this long is played on the ride, if the kinds are uncertain.
  let one = "RDC";
  let most = Math.max(rides, run.length >> 1);
  for (const [kind, own] of kinds)
    if (isCrash(kind) && kind !== "CY" && own > most) [one, most] = [kind, own];
  for (const { strokes, place } of run) {
    const kind = cymbalOf(strokes) as string;
    if (kind === one || (isRide(kind) && one === "RDC")) continue;
    if (isCrash(kind) && kind !== "CY" && !place) continue;
    const stroke = strokes.get(kind) as Stroke;
    strokes.delete(kind);
    stroke.drum = one;
    if (!strokes.has(one)) strokes.set(one, stroke);
  }
}
