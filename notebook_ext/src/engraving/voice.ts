/** Draws a voice of a bar: heads, stems, flags, beams, dots, rests, tuplets, grace notes. */

import type { ScoreNote } from "../notation/score";
import { DOT_GAP, DOT_STEP, GHOST_ROOM, GRACE, GRACE_GAP, GRACE_STEP, SHIFT } from "./columns";
import type { GlyphName } from "./glyphs";
import { boxOf, joint, type Pen } from "./pen";
import {
  flagGlyph,
  flagsOf,
  GLYPH_OF_HEAD,
  headsOf,
  isShifted,
  type PlacedHead,
  restGlyph,
} from "./signs";

/** Thicknesses and distances as Bravura recommends them, in staff spaces. */
const [STEM, BEAM, BEAM_STEP, LEDGER, BRACKET] = [0.12, 0.5, 0.75, 0.16, 0.16];
const STEM_LENGTH = 3.25;
/** Additional length for each flag after the second. */
const FLAG_STEP = 0.75;
/** Length of a beam that joins no other note. */
const HOOK = 1.1;
const HEAD = boxOf("noteheadBlack").right;
const NUMBER_SCALE = 0.7;

/** Direction of stems: up for hands, down for feet. */
export type Side = "up" | "down";

/** A note with its position in the drawing. */
interface Placed {
  readonly note: ScoreNote;
  readonly heads: readonly PlacedHead[];
  /** Left edge of its heads. */
  readonly x: number;
  /** Centre of the stem, and height of its end. */
  readonly stem: number;
  tip: number;
}

export interface VoiceOptions {
  readonly side: Side;
  /** Return the left edge of the heads at a place in ticks. */
  readonly xAt: (place: number) => number;
  /** Notes of the other voice by place. */
  readonly other: ReadonlyMap<number, ScoreNote>;
  /** Whether the other voice is silent in this bar. */
  readonly isAlone: boolean;
}

export class Voice {
  readonly #pen: Pen;
  readonly #options: VoiceOptions;
  readonly #notes: Placed[];
  readonly #sign: 1 | -1;

  constructor(pen: Pen, notes: readonly ScoreNote[], options: VoiceOptions) {
    this.#pen = pen;
    this.#options = options;
    this.#sign = options.side === "up" ? -1 : 1;
    this.#notes = notes.filter(({ isBar }) => !isBar).map((note) => this.#place(note));
  }

  draw(): void {
    for (const group of this.#groups()) {
      this.#level(group);
      this.#beams(group);
    }
    for (const placed of this.#notes) {
      if (placed.heads.length) this.#note(placed);
      else this.#rest(placed);
    }
    this.#tuplets();
  }

  #place(note: ScoreNote): Placed {
    const { side, xAt, other } = this.#options;
    const above = other.get(note.place);
    const x = xAt(note.place) + (side === "down" && isShifted(above, note) ? SHIFT : 0);
    const heads = headsOf(note, side);
    const stem = side === "up" ? x + HEAD - STEM / 2 : x + STEM / 2;
    // The head at the end of the chord where the stem leaves it.
    const far = side === "up" ? heads[heads.length - 1] : heads[0];
    const extra = Math.max(flagsOf(note) - 2, 0) * FLAG_STEP;
    return { note, heads, x, stem, tip: (far?.y ?? 0) + this.#sign * (STEM_LENGTH + extra) };
  }

  #groups(): Placed[][] {
    const groups: Placed[][] = [];
    for (const placed of this.#notes) {
      const [first] = placed.note.beams;
      if (first === "begin") groups.push([placed]);
      else if (first) groups[groups.length - 1]?.push(placed);
    }
    return groups;
  }

  /** Level the beam of a group at the furthest end of its stems. */
  #level(group: readonly Placed[]): void {
    const furthest = this.#options.side === "up" ? Math.min : Math.max;
    const tip = furthest(...group.map((placed) => placed.tip));
    for (const placed of group) placed.tip = tip;
  }

  #beams(group: readonly Placed[]): void {
    const pen = this.#pen;
    group.forEach(({ note, stem, tip }, n) => {
      note.beams.forEach((beam, level) => {
        const y = tip - this.#sign * BEAM_STEP * level;
        const top = this.#sign < 0 ? y : y - BEAM;
        const left = stem - STEM / 2;
        if (beam === "begin" || beam === "continue") {
          const next = group[n + 1];
          if (next) pen.rect(left, top, next.stem + STEM / 2 - left, BEAM);
        } else if (beam === "forward hook") pen.rect(left, top, HOOK, BEAM);
        else if (beam === "backward hook") pen.rect(stem + STEM / 2 - HOOK, top, HOOK, BEAM);
      });
    });
  }

  #note({ note, heads, x, stem, tip }: Placed): void {
    const pen = this.#pen;
    const { side } = this.#options;
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const right = Math.max(...heads.map((head) => head.x)) + x + HEAD;
    for (const head of heads) {
      const glyph = GLYPH_OF_HEAD[head.head];
      const at = joint(glyph, side);
      const isBeside = head.x !== 0;
      // Heads of different widths touch the same stem.
      const left = isBeside
        ? x + head.x
        : side === "up"
          ? stem + STEM / 2 - at.x
          : stem - STEM / 2 - at.x;
      this.#ledgers(head.y, x + head.x);
      pen.glyph(glyph, left, head.y, { part: `notehead ${head.drum}` });
      if (head.isGhost) {
        pen.glyph("noteheadParenthesisLeft", left - GHOST_ROOM, head.y, { part: "ghost" });
        pen.glyph("noteheadParenthesisRight", left + boxOf(glyph).right + 0.06, head.y);
      }
      for (let dot = 0; dot < note.dots; dot++) {
        const y = Number.isInteger(head.y) ? head.y - 0.5 : head.y;
        pen.glyph("augmentationDot", right + DOT_GAP + DOT_STEP * dot, y);
      }
      [first, last] = [Math.min(first, head.y + at.y), Math.max(last, head.y + at.y)];
    }
    const [top, bottom] = side === "up" ? [tip, last] : [first, tip];
    pen.rect(stem - STEM / 2, top, STEM, bottom - top);
    if (!note.beams.length && flagsOf(note)) {
      const flag = flagGlyph(note, side);
      pen.glyph(flag, stem - STEM / 2, tip - joint(flag, side).y, { part: "flag" });
    }
    if (heads.some((head) => head.isAccent)) {
      const { right: width } = boxOf("articAccentAbove");
      pen.glyph("articAccentAbove", x + (HEAD - width) / 2, tip - 0.45, { part: "accent" });
    }
    this.#graces(heads, x);
  }

  /** Draw ledger lines for a head above or below the staff. */
  #ledgers(y: number, x: number): void {
    const step = y < 0 ? -1 : 1;
    for (let at = y < 0 ? -1 : 5; step * at <= step * y; at += step)
      this.#pen.rect(x - 0.35, at - LEDGER / 2, HEAD + 0.7, LEDGER);
  }

  #graces(heads: readonly PlacedHead[], x: number): void {
    const most = Math.max(...heads.map(({ graces }) => graces));
    if (!most) return;
    const pen = this.#pen;
    const width = GRACE * HEAD;
    const graced = heads.filter(({ graces }) => graces);
    const tip = Math.min(...graced.map(({ y }) => y)) - 2.3;
    const stems: number[] = [];
    for (let left = most; left > 0; left--) {
      const own = graced.filter(({ graces }) => graces >= left);
      const at = x - GRACE_GAP - GRACE_STEP * left;
      for (const { y, head } of own)
        pen.glyph(GLYPH_OF_HEAD[head], at, y, { scale: GRACE, part: "grace" });
      const stem = at + width - 0.08;
      const lowest = Math.max(...own.map(({ y }) => y));
      pen.rect(stem, tip, 0.08, lowest - tip - 0.1);
      stems.push(stem);
    }
    if (most > 1) {
      const [first, last] = [stems[0], stems[stems.length - 1]];
      for (const y of [tip, tip + 0.5]) pen.rect(first, y, last - first + 0.08, 0.32);
    } else {
      pen.glyph("flag8thUp", stems[0], tip, { scale: GRACE });
      pen.slant(stems[0] - 0.45, tip + 1.5, stems[0] + 0.8, tip + 0.5, 0.1);
    }
  }

  #rest({ note, x }: Placed): void {
    const pen = this.#pen;
    // Where both voices have the same rest, one is enough.
    if (this.#options.side === "down" && this.#isShared(note)) return;
    const glyph = restGlyph(note);
    const y = this.#restHeight(note);
    pen.glyph(glyph, x, y, { part: "rest" });
    for (let dot = 0; dot < note.dots; dot++)
      pen.glyph("augmentationDot", x + boxOf(glyph).right + DOT_GAP + DOT_STEP * dot, y - 0.5);
  }

  #isShared(note: ScoreNote): boolean {
    const across = this.#options.other.get(note.place);
    return across?.strokes.length === 0 && across.length === note.length;
  }

  /** Return the height of a rest: above or below the notes of the other voice. */
  #restHeight(note: ScoreNote): number {
    const { side, isAlone, other } = this.#options;
    if (isAlone || this.#isShared(note)) return 2;
    const across = other.get(note.place);
    if (side === "up") return 1;
    const lowest = across?.strokes.length ? headsOf(across, "up")[0].y : 0;
    return lowest > 1.6 ? 6 : 5;
  }

  #tuplets(): void {
    const open: Placed[] = [];
    for (const placed of this.#notes) {
      const { tuplet, edge } = placed.note;
      if (edge === "start") open.length = 0;
      if (tuplet) open.push(placed);
      if (edge === "stop" && open.length) this.#tuplet(open);
    }
  }

  /** Draw the number of a tuplet, with a bracket unless one beam spans it. */
  #tuplet(notes: readonly Placed[]): void {
    const pen = this.#pen;
    const [first, last] = [notes[0], notes[notes.length - 1]];
    const isUp = this.#options.side === "up";
    const ends = notes.map(({ note, heads, tip }) => {
      if (!heads.length) return isUp ? -0.5 : this.#restHeight(note) + 1.6;
      return tip - (heads.some(({ isAccent }) => isAccent) ? 1.4 : 0);
    });
    const y = (isUp ? Math.min(...ends) - 1 : Math.max(...ends) + 1) + 0.5;
    const [left, right] = isUp
      ? [first.x, last.stem + STEM / 2]
      : [first.stem - STEM / 2, last.x + HEAD];
    const digits = [...String(first.note.tuplet?.[0])].map(
      (digit) => `tuplet${digit}` as GlyphName,
    );
    const widths = digits.map((digit) => boxOf(digit, NUMBER_SCALE).right);
    const width = widths.reduce((total, one) => total + one, 0);
    const isBeamed = notes.every(({ note }, n) => {
      const [beam] = note.beams;
      return n === 0 ? beam === "begin" : n === notes.length - 1 ? beam === "end" : beam;
    });
    const middle = isBeamed ? (first.stem + last.stem) / 2 : (left + right) / 2;
    let at = middle - width / 2;
    digits.forEach((digit, n) => {
      pen.glyph(digit, at, y, { scale: NUMBER_SCALE, part: "tuplet" });
      at += widths[n];
    });
    if (isBeamed) return;
    const line = y - 0.5;
    const gap = width / 2 + 0.35;
    pen.rect(left, line - BRACKET / 2, middle - gap - left, BRACKET);
    pen.rect(middle + gap, line - BRACKET / 2, right - middle - gap, BRACKET);
    for (const x of [left, right - BRACKET]) pen.rect(x, isUp ? line : line - 0.8, BRACKET, 0.8);
  }
}
