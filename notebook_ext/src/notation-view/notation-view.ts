/** The notation of a session: follows playback and edits; bars can be pressed to seek. */

import { lowerBound } from "../core/time";
import { legend } from "../engraving/legend";
import { OUTLINES } from "../engraving/pen";
import { CannotWrite } from "../notation/bars";
import type { Score } from "../notation/score";
import { scoreOf } from "../notation/scoring";
import type { Session } from "../session/session";
import { addStyle, button, consume, make } from "../view/dom";
import type { NotationPanel } from "../view/stage";
import css from "./notation-view.css";
import { showForPrint } from "./print";
import { barOf, pictureOf, ScoreLines } from "./score-lines";

/** Delay after an edit before engraving, so that a series of edits is engraved once. */
const DELAY_MS = 120;
/** Pixels of a staff space, by width of the panel. */
const SPACE = { wide: 9, narrow: 7 };
const NARROW = 520;
const MARGIN = 12;

export class NotationView implements NotationPanel {
  readonly #session: Session;
  readonly #place: HTMLElement;
  readonly #scroller = make("div.scores", { role: "group", "aria-label": "Notation" });
  readonly #lines = new ScoreLines(this.#scroller);
  readonly #legend = make("div.legend", { "aria-hidden": "true" });
  readonly #note = make("p");
  readonly #stop: (() => void)[] = [];
  #score: Score | null = null;
  #width = 0;
  #timer = 0;
  #animation = 0;
  #isStale = true;
  /** Whether the lines scroll with playback; scrolling by hand ends that. */
  #follows = true;
  /** Indices of the bar at the playhead, and of the bar in the Tab order. */
  #now = -1;
  #focus = 0;
  #printed: (() => void) | null = null;

  constructor(session: Session, place: HTMLElement, isWholePage: boolean) {
    this.#session = session;
    this.#place = place;
    const outlines = make("div.outlines", { "aria-hidden": "true" });
    outlines.innerHTML = `<svg width="0" height="0"><defs>${OUTLINES}</defs></svg>`;
    const printed = button("Print the part, or save it as a PDF", "Print or save as PDF…", () => {
      this.#preparePrint();
      print();
    });
    const bar = make("div.bar", {}, make("b", {}, "Notation"), printed);
    this.#scroller.append(this.#legend);
    place.append(outlines, bar, this.#scroller, this.#note);
    const root = place.getRootNode() as ShadowRoot;
    addStyle(root, css);
    this.#lines.shown = () => this.#mark();
    this.#listen(isWholePage);
  }

  #listen(isWholePage: boolean): void {
    const session = this.#session;
    const scroller = this.#scroller;
    const size = new ResizeObserver(() => this.update());
    size.observe(this.#place);
    const printed = () => {
      this.#printed?.();
      this.#printed = null;
    };
    // A page with nothing else prints its part, however printing was requested.
    const printing = () => isWholePage && this.#preparePrint();
    addEventListener("beforeprint", printing);
    addEventListener("afterprint", printed);
    this.#stop.push(
      () => size.disconnect(),
      () => removeEventListener("beforeprint", printing),
      () => removeEventListener("afterprint", printed),
      session.on("hits", () => this.#edited()),
      session.on("sound", () => this.#play()),
      session.on("seek", () => {
        this.#follows = true;
        this.#move();
      }),
    );
    const byHand = () => {
      this.#follows = false;
    };
    scroller.addEventListener("wheel", byHand, { passive: true });
    scroller.addEventListener("pointerdown", byHand);
    scroller.addEventListener("click", (event) => this.#seek(barOf(event.target)));
    scroller.addEventListener("keydown", (event) => this.#key(event));
    scroller.addEventListener("focusin", (event) => {
      this.#focus = Math.max(barOf(event.target), 0);
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#animation);
    for (const stop of this.#stop) stop();
  }

  #preparePrint(): void {
    if (this.#printed || this.#place.hidden || !this.#score) return;
    this.update();
    const title = this.#session.song.header.title.replace(/\.\w{2,5}$/, "");
    this.#printed = showForPrint(this.#score, title);
  }

  // --- engraving ------------------------------------------------------------

  #edited(): void {
    this.#isStale = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.update(), DELAY_MS);
  }

  update(): void {
    const width = this.#place.clientWidth - 2 * MARGIN;
    if (this.#place.hidden || width <= 0) return;
    if (!this.#isStale && width === this.#width) return;
    const reason = this.#isStale ? this.#write() : null;
    this.#width = width;
    const score = this.#score;
    const space = width < NARROW ? SPACE.narrow : SPACE.wide;
    this.#note.textContent = reason ?? score?.omissions ?? "";
    this.#note.hidden = !this.#note.textContent;
    this.#scroller.hidden = score === null;
    const rows = score ? legend(score, width / space) : [];
    this.#legend.replaceChildren(...rows.map((row) => pictureOf(row, space)));
    this.#focus = Math.min(this.#focus, (score?.bars.length ?? 1) - 1);
    this.#lines.set(score, width, space);
    this.#now = -1;
    this.#move();
  }

  /** Make the score of the hits; returns the reason if that is not possible. */
  #write(): string | null {
    this.#isStale = false;
    try {
      this.#score = scoreOf(this.#session);
      return null;
    } catch (error) {
      if (!(error instanceof CannotWrite)) throw error;
      this.#score = null;
      return `No notation: the song ${error.message}.`;
    }
  }

  // --- playback -------------------------------------------------------------

  #play(): void {
    cancelAnimationFrame(this.#animation);
    const { player } = this.#session;
    if (player.playing) this.#follows = true;
    const step = () => {
      this.#move();
      if (player.playing) this.#animation = requestAnimationFrame(step);
    };
    step();
  }

  /** Move the playhead, and scroll to its line if the view follows. */
  #move(): void {
    if (this.#place.hidden || !this.#score) return;
    const time = this.#session.player.seen;
    const now = Math.max(barAt(this.#score, time), 0);
    if (now !== this.#now) {
      this.#now = now;
      const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      // The next line is read before it is played.
      const line = this.#lines.lineOf(now);
      if (this.#follows) this.#lines.reveal(line, 0.7, isCalm ? "instant" : "smooth");
      this.#mark();
    }
    this.#lines.point(now, time);
  }

  /** Mark the bar at the playhead, and the bar in the Tab order. */
  #mark(): void {
    for (const element of this.#lines.bars()) {
      const index = barOf(element);
      const isNow = index === this.#now;
      element.classList.toggle("now", isNow);
      if (isNow) element.setAttribute("aria-current", "true");
      else element.removeAttribute("aria-current");
      element.setAttribute("tabindex", index === this.#focus ? "0" : "-1");
    }
  }

  #seek(index: number): void {
    const bar = this.#score?.bars[index];
    if (!bar) return;
    this.#session.seek(Math.max(bar.start, 0));
    this.#session.say(`Bar ${bar.number}`);
  }

  // --- keys -----------------------------------------------------------------

  #key(event: KeyboardEvent): void {
    const index = barOf(event.target);
    if (index < 0 || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const steps: Record<string, number> = {
      ArrowLeft: index - 1,
      ArrowRight: index + 1,
      ArrowUp: this.#beside(index, -1),
      ArrowDown: this.#beside(index, 1),
      Home: 0,
      End: Number.POSITIVE_INFINITY,
    };
    const to = steps[event.key];
    if (event.key === "Enter") this.#seek(index);
    else if (to !== undefined) this.#go(to);
    else return;
    consume(event);
  }

  /** Return the bar above or below a bar. */
  #beside(index: number, by: number): number {
    const line = this.#lines.lineOf(index);
    const column = this.#lines.barsOf(line).indexOf(index);
    const other = this.#lines.barsOf(line + by);
    return other[Math.min(column, other.length - 1)] ?? index;
  }

  /** Move the focus to a bar. */
  #go(index: number): void {
    const last = (this.#score?.bars.length ?? 1) - 1;
    this.#focus = Math.min(Math.max(index, 0), last);
    this.#lines.reveal(this.#lines.lineOf(this.#focus), 0, "instant");
    this.#lines.show();
    this.#lines.elementOf(this.#focus)?.focus({ preventScroll: true });
  }
}

/** Return the index of the bar at a time; -1 before the first. */
function barAt({ bars }: Score, time: number): number {
  return lowerBound(bars.length, (k) => bars[k].start, time + 1e-6) - 1;
}
