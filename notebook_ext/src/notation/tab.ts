/** Writes drum tablature as text, byte for byte like `adt_plugins.formats.tab`. */

import { coarseOf, nameOf } from "../core/drums";
import { beatQuarters, signatureOf } from "../core/meter";
import { TAB } from "../core/tables";
import { type Bar, countOf, type GridBeat, type Stroke, signatureOfBar, usualLength } from "./bars";
import { FEELS, isTernary } from "./divisions";
import { drumsOf, type Part, strokesOf } from "./part";
import { TICKS } from "./score";

const { BARS_A_LINE, MOST_COLUMNS } = TAB;
const ROWS: Readonly<Record<string, readonly string[]>> = TAB.ROWS;
const SIGNS: Readonly<Record<string, string>> = TAB.SIGNS;
const COUNTS: Readonly<Record<number, string>> = TAB.COUNTS;
const GRACES: Readonly<Record<number, string>> = TAB.GRACES;
const SWINGS: Readonly<Record<string, string>> = TAB.SWINGS;
const MOST_LETTERS = 76; // width of a line of the legend

/** Title and artist; the latter is empty if unknown. */
export interface SongNames {
  readonly title: string;
  readonly artist: string;
}

export function tabText(part: Part, { title, artist }: SongNames): string {
  const drums = new Set(strokesOf(part).map(([drum]) => drum));
  if (!drums.size) drums.add("KD");
  const rows = Object.keys(ROWS).filter((row) => ROWS[row].some((drum) => drums.has(drum)));
  const names = [title, artist].filter(Boolean).join(", ");
  const lines = [names, heading(part), "", ...wrapped(legend(part, rows))];
  const heads = headsOf(part);
  const cells = new Cells(part.bars);
  const widest = Math.max(...part.bars.map((bar) => cells.widthOf(bar)));
  const barsALine = BARS_A_LINE * widest <= MOST_COLUMNS ? BARS_A_LINE : 2;
  for (const line of linesOf(part.bars, barsALine)) {
    lines.push("", ...block(line, rows, cells, heads));
  }
  return `${lines.join("\n")}\n`;
}

/** Return the first tempo, the meter of most bars, and swing. */
function heading({ bars, tempi }: Part): string {
  const length = usualLength(bars);
  const counted = bars.filter(({ number }) => number > 0);
  const own = counted.length ? counted : bars;
  const { meter } = own.find((bar) => countOf(bar) === length) ?? own[0];
  const [upper, lower] = signatureOf(meter, length);
  const feels = (counted.length ? counted : bars.slice(0, 1)).map(({ feel }) => feel);
  const times = FEELS.map((feel) => feels.filter((own) => own === feel).length);
  const swing = SWINGS[FEELS[times.indexOf(Math.max(...times))]];
  // The beats of 7/8 are counted in eighths, but its tempo is that of quarters.
  const unit = beatQuarters(bars[0].meter) >= 1 ? "beats" : "quarters";
  return `${tempi.get(0)?.beats} ${unit} a minute, ${upper}/${lower}${swing ? `, ${swing}` : ""}`;
}

/** Explain the rows and signs. */
function legend(part: Part, rows: readonly string[]): string[] {
  const known = drumsOf(part);
  const names = known.size ? known : new Map([["KD", nameOf("KD")]]);
  const lines = rows.map((row) => {
    const drawn = ROWS[row].filter((drum) => names.has(drum));
    const has = (drum: string) => drawn.includes(drum);
    const lower = (drum: string) => (names.get(drum) as string).toLowerCase();
    let name = lower(drawn[drawn.length - 1]);
    const signs: string[] = [];
    if (row === "HH") {
      name = "hi-hat";
      if (has("CHH") && !has("HH")) signs.push("x closed");
      if (has("OHH")) signs.push("o open");
    } else if (row === "RD") {
      name = lower(drawn[0]).replace(/ bell$/, "");
      if (has("RDB")) signs.push("b bell");
    }
    return `${row} ${name}${signs.length ? ` (${signs.join(", ")})` : ""}`;
  });
  const strokes = strokesOf(part).map(([, stroke]) => stroke);
  const signs: [(stroke: Stroke) => boolean, string][] = [
    [({ graces }) => graces === 1, "f flam"],
    [({ graces }) => graces === 2, "d drag"],
    [({ isGhost }) => isGhost, "g ghost note"],
    [({ isAccent }) => isAccent, "X, O accents"],
  ];
  return [...lines, ...signs.flatMap(([is, text]) => (strokes.some(is) ? [text] : []))];
}

/** Divide bars into lines of `count`; a pickup precedes the first line's bars. */
function linesOf(bars: readonly Bar[], count: number): Bar[][] {
  const lines: Bar[][] = [];
  const first = bars.findIndex(({ number }) => number >= 0);
  const before = first < 0 ? bars.length : first;
  for (let start = 0; start < before; start += count)
    lines.push(bars.slice(start, Math.min(start + count, before)));
  for (let start = before; start < bars.length; ) {
    const end = start + count + Number(bars[start].number === 0);
    lines.push(bars.slice(start, end));
    start = end;
  }
  return lines;
}

/** Widths of beats, the same in all lines, so that bar lines are aligned. */
class Cells {
  readonly #widths = new Map<number, number>();

  constructor(bars: readonly Bar[]) {
    for (const beat of bars.flatMap(({ beats }) => beats))
      this.#widths.set(beat.ticks, Math.max(this.#of(beat), least(beat)));
  }

  #of({ ticks }: GridBeat): number {
    return this.#widths.get(ticks) ?? 0;
  }

  /** Return the number of columns of a bar. */
  widthOf({ beats }: Bar): number {
    return beats.reduce((sum, beat) => sum + this.#of(beat), 0);
  }

  /** Spread the signs of a beat's steps over its columns, with `gap` between them. */
  spread(beat: GridBeat, signs: readonly string[], gap: string): string {
    const width = this.#of(beat);
    const each = Math.floor(width / signs.length);
    return signs
      .map((sign) => sign + gap.repeat(each - 1))
      .join("")
      .padEnd(width);
  }
}

const isByThree = ({ division, ticks }: GridBeat): boolean =>
  isTernary(division) || ticks % 9 === 0;

/**
 * Return the number of columns that a beat needs: for sixteenths, or finer steps if it has them.
 */
function least(beat: GridBeat): number {
  const steps = isByThree(beat) ? 3 : Math.max(Math.floor((4 * beat.ticks) / TICKS), 1);
  return Math.max(steps, beat.division.steps);
}

function block(
  bars: readonly Bar[],
  rows: readonly string[],
  cells: Cells,
  heads: ReadonlyMap<Bar, string>,
): string[] {
  const width = Math.max(...rows.map((row) => row.length));
  const margin = " ".repeat(width + 2);
  const counts = bars.map(({ beats }) => beats.map((beat) => countedText(beat, cells)).join(""));
  // The number of a bar stands above its first beat, if that before is short enough.
  let [numbers, place] = ["", 0];
  bars.forEach((bar, n) => {
    const head = heads.get(bar);
    if (head) numbers = (place ? `${numbers} `.padEnd(place) : "") + head;
    place += counts[n].length + 1;
  });
  const shown = rows.map((row) => {
    const own = bars.map(({ beats }) => beats.map((beat) => rowText(beat, row, cells)).join(""));
    return `${row.padEnd(width)} |${own.join("|")}|`;
  });
  return [...[numbers, counts.join(" ")].map((text) => (margin + text).trimEnd()), ...shown];
}

/** Return the numbers of bars, with what changes there: "9 (3/4, 124 BPM)". */
function headsOf({ bars, tempi }: Part): Map<Bar, string> {
  const heads = bars.map((bar, n): [Bar, string] => {
    const before = bars[n - 1];
    const follows = before && before.number > 0;
    const signature = signatureOfBar(bar).join("/");
    const mark = n ? tempi.get(n) : undefined;
    const notes = [
      follows && signatureOfBar(before).join("/") !== signature && signature,
      follows && before.feel !== bar.feel && (SWINGS[bar.feel] ?? "straight"),
      mark && (mark.text ?? `${mark.beats} BPM`),
    ].filter(Boolean);
    const parts = [bar.number > 0 && bar.number, notes.length > 0 && `(${notes.join(", ")})`];
    return [bar, parts.filter(Boolean).join(" ")];
  });
  return new Map(heads);
}

/** Return the count of a beat's steps: "1e&a". */
function countedText(beat: GridBeat, cells: Cells): string {
  const { steps } = beat.division;
  let base = isByThree(beat) ? 3 : 4;
  if (beat.ticks < TICKS) base = 1;
  if (steps % base) {
    base = steps in COUNTS ? steps : 1;
    if (base <= 2 && beat.ticks === TICKS) base = 4;
  }
  const first = beat.isCounted ? String(beat.position).slice(-1) : "+";
  return cells.spread(beat, [first, ...COUNTS[base]], ".");
}

function rowText(beat: GridBeat, row: string, cells: Cells): string {
  const signs = Array.from({ length: beat.division.steps }, (_, step) => {
    const struck = beat.strokes.get(step);
    const drum = ROWS[row].filter((own) => struck?.has(own)).pop();
    return drum && struck ? signOf(drum, struck.get(drum) as Stroke) : "-";
  });
  return cells.spread(beat, signs, "-");
}

function signOf(drum: string, { graces, isGhost, isAccent }: Stroke): string {
  if (graces) return GRACES[graces];
  if (isGhost) return "g";
  const isMetal = ["HH", "CY"].includes(coarseOf(drum)) || drum === "SST";
  const sign = SIGNS[drum] ?? (isMetal ? "x" : "o");
  return isAccent ? sign.toUpperCase() : sign;
}

function wrapped(parts: readonly string[]): string[] {
  const lines = [""];
  for (const part of parts) {
    let last = lines.length - 1;
    if (lines[last] && lines[last].length + 2 + part.length > MOST_LETTERS) {
      lines[last++] += ",";
      lines.push("");
    }
    lines[last] += `${lines[last] ? ", " : ""}${part}`;
  }
  return lines;
}
