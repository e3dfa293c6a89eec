/**
 * Shows the engraved lines of a score in a scrolling element; only visible lines are in the DOM.
 */

import { type Drawing, draw } from "../engraving/draw";
import { type Line, layOut } from "../engraving/lines";
import { anchors, xAtTime } from "../engraving/times";
import type { Score } from "../notation/score";
import { eachFrame, make } from "../view/dom";

/** Pixels beyond the visible part within which lines are in the DOM, too. */
const AHEAD = 300;

export interface ShownLine {
  readonly line: Line;
  readonly drawing: Drawing;
  /** Pixels from the top of the score. */
  readonly top: number;
  readonly height: number;
  element: HTMLElement | null;
}

/** Return an element with a drawing, `space` pixels per staff space. */
export function pictureOf({ svg, width, top, bottom }: Drawing, space: number): HTMLElement {
  const element = make("div");
  element.innerHTML = svg;
  const picture = element.firstElementChild as SVGElement;
  picture.setAttribute("width", String(width * space));
  picture.setAttribute("height", String((bottom - top) * space));
  return element;
}

/** Return the index of the bar that an element belongs to; -1 if there is none. */
export function barOf(target: EventTarget | null): number {
  const bar = (target as Element | null)?.closest("[data-bar]");
  return Number(bar?.getAttribute("data-bar") ?? -1);
}

/** Return the parts of a line that its drawing depends on: no times, and no order of hits. */
const keyOf = (line: Line): string =>
  JSON.stringify(line, (name, value) =>
    name === "hit" || name === "time" || name === "start" || name === "end" ? undefined : value,
  );

export class ScoreLines {
  readonly #scroller: HTMLElement;
  lines: ShownLine[] = [];
  /** Called after lines have entered the DOM. */
  shown: () => void = () => undefined;
  readonly #frame = make("div");
  readonly #playhead = make("div.playhead");
  #space = 1;
  #drawings = new Map<string, ShownLine>();
  #anchors: (readonly [time: number, x: number])[][] = [];

  constructor(scroller: HTMLElement) {
    this.#scroller = scroller;
    scroller.append(this.#frame);
    scroller.addEventListener(
      "scroll",
      eachFrame(() => this.show()),
    );
  }

  /** Lay out and engrave a score; lines that have not changed are kept. */
  set(score: Score | null, width: number, space: number): void {
    const before = space === this.#space ? this.#drawings : new Map<string, ShownLine>();
    for (const { element } of before === this.#drawings ? [] : this.lines) element?.remove();
    this.#space = space;
    this.#drawings = new Map();
    let top = 0;
    this.lines = (score ? layOut(score, width / space) : []).map((line) => {
      const key = keyOf(line);
      const old = before.get(key);
      before.delete(key);
      const drawing = old?.drawing ?? draw(score as Score, line);
      const height = (drawing.bottom - drawing.top) * space;
      const shown = { line, drawing, top, height, element: old?.element ?? null };
      this.#drawings.set(key, shown);
      top += height;
      return shown;
    });
    for (const { element } of before.values()) element?.remove();
    this.#anchors = this.lines.map(({ line }) => anchors(line));
    this.#frame.style.height = `${top}px`;
    this.show();
  }

  show(): void {
    const { scrollTop, clientHeight } = this.#scroller;
    const active = (this.#scroller.getRootNode() as ShadowRoot).activeElement;
    for (const shown of this.lines) {
      const { top, height, drawing } = shown;
      const isNear = top + height > scrollTop - AHEAD && top < scrollTop + clientHeight + AHEAD;
      // A focused line keeps the focus, even out of sight.
      if (!isNear && !shown.element?.contains(active)) {
        shown.element?.remove();
        shown.element = null;
        continue;
      }
      shown.element ??= pictureOf(drawing, this.#space);
      shown.element.className = "line";
      shown.element.style.top = `${top}px`;
      if (!shown.element.isConnected) this.#frame.append(shown.element);
    }
    this.shown();
  }

  /** Return the index of the line that contains a bar. */
  lineOf(bar: number): number {
    return this.lines.findIndex(({ line }) => line.bars[line.bars.length - 1].index >= bar);
  }

  barsOf(line: number): readonly number[] {
    return this.lines[line]?.line.bars.map(({ index }) => index) ?? [];
  }

  elementOf(bar: number): SVGElement | null {
    const { element } = this.lines[this.lineOf(bar)] ?? {};
    return element?.querySelector(`[data-bar="${bar}"]`) ?? null;
  }

  bars(): Iterable<SVGElement> {
    return this.#frame.querySelectorAll<SVGElement>("[data-bar]");
  }

  /** Scroll a line into view, with room for `more` lines below it. */
  reveal(line: number, more: number, behavior: ScrollBehavior): void {
    const shown = this.lines[line];
    if (!shown) return;
    const { top, height } = shown;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop || top + (1 + more) * height > scrollTop + clientHeight)
      this.#scroller.scrollTo({ top, behavior });
  }

  /** Move the playhead to a time in a bar. */
  point(bar: number, time: number): void {
    const line = this.lineOf(bar);
    const element = this.lines[line]?.element;
    if (!element) return;
    if (this.#playhead.parentElement !== element) element.append(this.#playhead);
    const x = xAtTime(this.#anchors[line], time) * this.#space;
    this.#playhead.style.transform = `translateX(${Math.round(2 * x) / 2}px)`;
  }
}
