/** A view of a session: the time line with its controls. */

import { EVERYWHERE, NOWHERE, type Span } from "../core/edits";
import { nameOf } from "../core/song";
import { fit, reveal, type Viewport, whole, within, xAt, zoom } from "../core/time";
import { counted } from "../core/words";
import type { Session } from "../session/session";
import { Controls } from "./controls";
import { addStyle, block, eachFrame, listen, make } from "./dom";
import { Input } from "./input";
import { leaveKeysToHost } from "./keyboard";
import { LANE, Lanes } from "./lanes";
import { drawOverview } from "./overview";
import { heightOf, Painter } from "./paint";
import type { Extras, NotationPanel, Stage } from "./stage";
import css from "./style.css";
import { colourOf, DARK, isDark, LIGHT, shapeOf, type Theme } from "./theme";

const OVERVIEW = 36;

export interface Options {
  readonly theme: "auto" | "light" | "dark";
  /** Controls of the host's own, in the toolbar. */
  readonly controls: readonly HTMLElement[];
  /** Load what is not needed at first sight; called whenever it is used. */
  readonly loadExtras: () => Promise<Extras>;
  /** Whether the view is the whole page, so that it receives every key. */
  readonly isWholePage: boolean;
}

export class DrumView implements Stage {
  readonly #options: Options;
  readonly root = make("div.adt", { role: "group" });
  readonly timeLine = make("div.stage", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "time line",
  });
  readonly overview = make("div.overview", { "aria-hidden": "true" });
  readonly notation = make("div.notation", { hidden: true });
  #view: Viewport;
  readonly #painter: Painter;
  readonly lanes: Lanes;
  readonly #picture = make("canvas");
  readonly #overlay = make("canvas");
  readonly #strip = make("canvas");
  readonly #window = make("div.window");
  readonly #playhead = make("div.playhead");
  readonly #smallPlayhead = make("div.playhead");
  readonly controls: Controls;
  readonly #input: Input;
  readonly #undo: (() => void)[] = [];
  readonly #redraw = eachFrame(() => this.#draw());
  readonly #drawOverviewSoon = eachFrame(() => this.#drawOverview());
  /** The stretch of the overview that is out of date. */
  #stale: Span = EVERYWHERE;
  #ratio = 1;
  #animation = 0;
  #following = true;
  #panel: NotationPanel | null = null;

  constructor(
    readonly session: Session,
    readonly host: HTMLElement,
    options: Options,
  ) {
    this.#options = options;
    const { header } = session.song;
    this.lanes = new Lanes(session);
    this.#painter = new Painter(session, this.lanes, DARK);
    this.#view = whole(600, header.duration);
    this.root.setAttribute("aria-label", `Drum transcription of ${header.title}`);
    this.#undo.push(leaveKeysToHost(host));
    const shadow = host.attachShadow({ mode: "open" });
    addStyle(shadow, css);
    this.controls = new Controls(session, this, options.controls);
    this.timeLine.append(this.#picture, this.#overlay, this.#playhead);
    this.overview.append(this.#strip, this.#window, this.#smallPlayhead);
    const right = make("div.right", {}, this.overview, this.timeLine);
    this.overview.style.height = `${OVERVIEW}px`;
    this.root.append(
      ...this.controls.top,
      this.notation,
      // The Tab key reaches the time line before the headers of its lanes.
      make("div.body", {}, right, this.controls.gutter),
      ...this.controls.bottom,
    );
    shadow.append(this.root);
    this.#input = new Input(this);
    this.#listen();
    this.#restyle();
    this.#layout();
  }

  #listen(): void {
    const { session } = this;
    this.#undo.push(
      session.on("hits", () => this.#hitsChanged()),
      session.on("look", () => {
        this.#painter.staleHeat();
        this.#redraw();
        this.#redrawOverview(EVERYWHERE);
      }),
      session.on("sound", () => this.#soundChanged()),
      session.on("view", () => {
        this.controls.update();
        this.#redraw();
      }),
      session.on("seek", () => {
        this.show(session.player.seen);
        this.#redraw();
        this.#movePlayhead();
      }),
    );
    if (this.#options.isWholePage) {
      const key = (event: KeyboardEvent) => {
        if (event.target === document.body) this.#input.key(event);
      };
      this.#undo.push(listen(document, "keydown", key));
    }
    const size = new ResizeObserver(() => this.#layout());
    size.observe(this.timeLine);
    const look = new MutationObserver(() => this.#restyle());
    look.observe(document.body, { attributes: true });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    this.#undo.push(
      () => size.disconnect(),
      () => look.disconnect(),
      listen(scheme, "change", () => this.#restyle()),
      // A page that is come back to goes on as it was left.
      listen(globalThis, "pagehide", () => session.rest()),
    );
  }

  close(): void {
    cancelAnimationFrame(this.#animation);
    this.#input.close();
    this.controls.close();
    this.#panel?.close();
    for (const stop of this.#undo) stop();
  }

  #hitsChanged(): void {
    const { changed } = this.session;
    this.lanes.update();
    this.#painter.stale(changed);
    this.controls.lanes();
    if (this.timeLine.style.height !== `${this.lanes.height}px`) this.#layout();
    this.#redraw();
    this.#redrawOverview(changed);
  }

  #restyle(): void {
    const { theme } = this.#options;
    const dark = theme === "auto" ? isDark(this.host) : theme === "dark";
    this.root.classList.toggle("light", !dark);
    if (this.#painter.theme.dark === dark && this.timeLine.dataset.drawn) return;
    this.#painter.theme = dark ? DARK : LIGHT;
    this.#painter.staleHeat();
    this.controls.lanes();
    this.#redraw();
    this.#redrawOverview(EVERYWHERE);
  }

  #layout(): void {
    const width = Math.max(this.timeLine.clientWidth, 100);
    const height = this.lanes.height;
    const wasWhole = this.#view.scale <= (this.#view.width / this.#view.duration) * 1.001;
    this.#ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.timeLine.style.height = `${height}px`;
    for (const [canvas, tall] of [
      [this.#picture, height],
      [this.#overlay, height],
      [this.#strip, OVERVIEW],
    ] as const) {
      const [w, h] = [Math.round(width * this.#ratio), Math.round(tall * this.#ratio)];
      if (canvas.width === w && canvas.height === h) continue;
      canvas.width = w;
      canvas.height = h;
      this.#painter.shown = "";
      canvas.style.width = `${width}px`;
      canvas.style.height = `${tall}px`;
    }
    if (width !== this.#view.width) {
      // Begin with ten seconds rather than the whole song: far enough in to tell hits apart.
      const first = !this.timeLine.dataset.drawn;
      this.#view = within({
        ...this.#view,
        width,
        scale: wasWhole ? 0 : this.#view.scale,
      });
      if (first && this.#view.duration > 12) this.#view = fit(this.#view, 0, 10);
    }
    this.#redraw();
    this.#redrawOverview(EVERYWHERE);
  }

  setView(view: Viewport, byHand = true): void {
    if (byHand && this.session.player.playing) {
      const x = xAt(view, this.session.player.seen);
      this.#following = x >= 0 && x <= view.width;
    }
    this.#view = within(view);
    this.#redraw();
  }

  zoomBy(factor: number, x = this.#view.width / 2): void {
    this.setView(zoom(this.#view, factor, x));
  }

  /** Scroll a time into view if necessary. */
  show(time: number): void {
    this.setView(reveal(this.#view, time), false);
  }

  get view(): Viewport {
    return this.#view;
  }

  get theme(): Theme {
    return this.#painter.theme;
  }

  changed(): void {
    this.#redraw();
  }

  #soundChanged(): void {
    const { playing } = this.session.player;
    this.controls.sound();
    this.#redraw();
    cancelAnimationFrame(this.#animation);
    if (!playing) {
      this.#following = true;
      this.#movePlayhead();
      return;
    }
    const step = () => {
      this.#movePlayhead();
      this.#animation = requestAnimationFrame(step);
    };
    step();
  }

  #movePlayhead(): void {
    const time = this.session.player.seen;
    let x = xAt(this.#view, time);
    if (this.session.player.playing && this.#following && (x < 0 || x > this.#view.width)) {
      this.show(time);
      x = xAt(this.#view, time);
    }
    this.#playhead.style.transform = `translateX(${Math.round(x * 2) / 2}px)`;
    this.#playhead.style.visibility = x < -1 || x > this.#view.width + 1 ? "hidden" : "visible";
    const small = (time / this.#view.duration) * this.#view.width;
    this.#smallPlayhead.style.transform = `translateX(${Math.round(small)}px)`;
    this.controls.time(time);
  }

  #draw(): void {
    const context = this.#picture.getContext("2d", { alpha: false });
    if (!context) return;
    this.#painter.draw(context, this.#view, this.#ratio);
    this.#drawOverlay();
    this.#movePlayhead();
    const { start, width, scale, duration } = this.#view;
    this.#window.style.left = `${(start / duration) * width}px`;
    this.#window.style.width = `${Math.max((width / scale / duration) * width, 4)}px`;
    this.timeLine.dataset.drawn = String(Number(this.timeLine.dataset.drawn ?? 0) + 1);
  }

  #redrawOverview({ start, end }: Span): void {
    this.#stale = {
      start: Math.min(this.#stale.start, start),
      end: Math.max(this.#stale.end, end),
    };
    this.#drawOverviewSoon();
  }

  #drawOverview(): void {
    const context = this.#strip.getContext("2d");
    if (!context) return;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    drawOverview(
      this.session,
      this.#painter.theme,
      context,
      this.#view.width,
      OVERVIEW,
      this.#stale,
    );
    this.#stale = NOWHERE;
  }

  /** Draw the selection, the chosen hits, and what is being dragged. */
  #drawOverlay(): void {
    const context = this.#overlay.getContext("2d");
    if (!context) return;
    const { session, theme } = this;
    const view = this.#view;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.clearRect(0, 0, view.width, this.lanes.height);
    if (session.range) {
      const x = xAt(view, session.range.start);
      const w = xAt(view, session.range.end) - x;
      const paint = (alpha: number, left: number, width: number, height: number) =>
        block(context, theme.accent, alpha, left, 0, width, height);
      const edge = session.looping ? 0.9 : 0.45;
      paint(session.looping ? 0.13 : 0.07, x, w, this.lanes.height);
      paint(edge, x, w, 3);
      paint(edge, x, 1, this.lanes.height);
      paint(edge, x + w - 1, 1, this.lanes.height);
    }
    for (const hit of this.#input.ghosts ?? session.chosen) this.#drawChosen(context, hit);
    const { box } = this.#input;
    if (box) {
      block(context, theme.accent, 0.14, box.x, box.y, box.w, box.h);
    }
  }

  #drawChosen(
    context: CanvasRenderingContext2D,
    hit: { time: number; drum: string; velocity: number },
  ): void {
    const { session, theme } = this;
    const view = this.#view;
    const lane = session.lanes.indexOf(hit.drum);
    const x = xAt(view, hit.time);
    if (lane < 0 || x < -20 || x > view.width + 20) return;
    if (this.lanes.isFolded(lane)) return;
    const top = this.lanes.top(lane);
    const y = top + heightOf(hit.velocity / 127);
    block(context, theme.accent, 0.12, x - 8, top, 16, LANE);
    block(context, theme.accent, 1, Math.round(x) - 1, y, 2, top + heightOf(0) - y);
    context.beginPath();
    shapeOf(hit.drum)(context, x, y, 7.5);
    context.fill();
    context.beginPath();
    shapeOf(hit.drum)(context, x, y, 5);
    context.fillStyle = colourOf(theme, hit.drum);
    context.fill();
  }

  loadExtras(): Promise<Extras> {
    return this.#options.loadExtras();
  }

  async toggleNotation(): Promise<void> {
    const { notation, session } = this;
    notation.hidden = !notation.hidden;
    this.controls.update();
    try {
      const { openNotation } = await this.loadExtras();
      this.#panel ??= openNotation(session, notation, this.#options.isWholePage);
      this.#panel.update();
    } catch (error) {
      session.say(`No notation: ${error}`);
    }
  }

  /** Make a lane the active one, and unfold it. */
  choose(lane: number): void {
    this.session.lane = lane;
    if (!this.lanes.isFolded(lane)) return;
    this.lanes.open(lane);
    this.#hitsChanged();
  }

  /** Update the description for screen readers. */
  label(): void {
    const drum = this.session.lanes[this.session.lane];
    if (drum)
      this.timeLine.setAttribute(
        "aria-label",
        `${nameOf(drum)}, ${counted(this.session.count(drum), "hit")}`,
      );
  }
}
