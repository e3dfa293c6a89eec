/** Describes bars in words, for screen readers. */

import { type Score, type ScoreBar, TICKS } from "../notation/score";

/** Return the beat of a place, such as "1" or "2.5". */
function beatOf(bar: ScoreBar, place: number): string {
  let last = 0;
  bar.beats.forEach((beat, n) => {
    if (beat.place <= place) last = n;
  });
  const { place: start, position, isCounted } = bar.beats[last];
  const counted = isCounted ? bar.beats[last] : bar.beats[last - 1];
  const next = bar.beats.find((beat) => beat.place > start && beat.isCounted);
  const length = (next?.place ?? bar.length) - (counted?.place ?? start);
  const part = (place - (counted?.place ?? start)) / (length || TICKS);
  return String(Math.round(100 * (position + part)) / 100);
}

/** Describe a bar: "Bar 5, section B. Snare: 2, 4. Kick: 1, 3." */
export function wordsOf(score: Score, bar: ScoreBar): string {
  const names = new Map(score.drums);
  const struck = new Map<string, string[]>();
  for (const note of [...bar.hands, ...bar.feet])
    for (const { drum } of note.strokes) {
      const name = names.get(drum) as string;
      struck.set(name, [...(struck.get(name) ?? []), beatOf(bar, note.place)]);
    }
  const drums = [...new Set(names.values())].filter((name) => struck.has(name));
  const all = drums.map((name) => `${name}: ${struck.get(name)?.join(", ")}.`);
  const section = bar.section ? `, section ${bar.section}` : "";
  return `Bar ${bar.number}${section}. ${all.join(" ") || "Silent."}`;
}
