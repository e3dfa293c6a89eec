/** Makes the score of a song: its part, with notes spelled, for renderers. */

import type { Timing as Corrected } from "../core/bars";
import type { Hit } from "../core/edits";
import { parseMeter, signatureOf, tempoQuarters } from "../core/meter";
import { type Bar, countOf, type Given, type Stroke, ticksOf, usualLength } from "./bars";
import { barsBeforeLines } from "./lines";
import { drumsOf, makePart, omissions, type Part } from "./part";
import { swingOf } from "./rhythm";
import type { Score, ScoreBar, ScoreNote } from "./score";
import { TICKS } from "./score";
import { repeated, sectionNames } from "./sections";
import { barRest, type Note, signFor, spell } from "./spelling";
import { PLACES } from "./staff";
import type { TempoMark } from "./tempi";

/** A song in its current state, such as a `Session`. */
export interface WritableSong {
  readonly hits: readonly Hit[];
  readonly timing: Corrected;
}

/** Return the part of a song. Throws `CannotWrite`. */
export function partOf({ hits, timing }: WritableSong): Part {
  const beats = [...timing.beats].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const meters = timing.meters.map(({ bar, meter }) => ({ bar, meter: parseMeter(meter) }));
  return makePart({ hits, beats, meters } satisfies Given);
}

/** Return the score of a song. Throws `CannotWrite`. */
export function scoreOf(song: WritableSong): Score {
  const part = partOf(song);
  const { bars, end, swings, tempi } = part;
  const index = new Map(song.hits.map((hit, n) => [hit, n]));
  const names = sectionNames(part.sections);
  const lines = barsBeforeLines(part);
  const alike = repeated(bars);
  const count = usualLength(bars);
  return {
    drums: [...drumsOf(part)],
    bars: bars.map(
      (bar, n): ScoreBar => ({
        number: bar.number,
        start: bar.beats[0].time,
        end: bars[n + 1]?.beats[0].time ?? end,
        length: ticksOf(bar),
        signature: signatureOf(bar.meter, bar.number < 1 ? count : countOf(bar)),
        feel: bar.feel,
        swing: swingOf(bar.feel, swings),
        section: names.get(n) ?? null,
        tempo: tempoOf(bar, tempi.get(n)),
        isRepeat: alike[n] && !names.has(n),
        beginsLine: lines.has(n),
        beats: beatsOf(bar),
        hands: drawn(orRest(spell(bar, "hands"), bar), index),
        feet: drawn(spell(bar, "feet"), index),
      }),
    ),
    omissions: omissions(part),
  };
}

function tempoOf({ meter }: Bar, mark: TempoMark | undefined): ScoreBar["tempo"] {
  return mark ? { ...mark, ...signFor(tempoQuarters(meter) * TICKS) } : null;
}

const orRest = (notes: readonly Note[], bar: Bar): readonly Note[] =>
  notes.length ? notes : [barRest(bar)];

function beatsOf({ beats }: Bar): ScoreBar["beats"] {
  let start = 0;
  return beats.map(({ time, position, isCounted, ticks }) => {
    const place = start;
    start += ticks;
    return { time, place, position, isCounted };
  });
}

const drawn = (notes: readonly Note[], index: ReadonlyMap<Hit, number>): ScoreNote[] =>
  notes.map(({ strokes, ...note }) => ({
    ...note,
    strokes: [...strokes]
      .sort((a, b) => PLACES[a.drum][0] - PLACES[b.drum][0])
      .map((stroke) => drawnStroke(stroke, index)),
  }));

function drawnStroke(
  { drum, hit, graces, isGhost, isAccent }: Stroke,
  index: ReadonlyMap<Hit, number>,
): ScoreNote["strokes"][number] {
  const [height, head] = PLACES[drum];
  return { drum, height, head, graces, isGhost, isAccent, hit: index.get(hit) as number };
}
