/** Pointer and wheel: seek, select, scroll, zoom, and every edit by hand. */

import type { Change, Hit } from "../core/edits";
import { clamp, lowerBound, scroll, timeAt, xAt, zoom } from "../core/time";
import { counted } from "../core/words";
import { consume } from "./dom";
import { Keys } from "./keys";
import { RULER } from "./lanes";
import { heightOf, TALL } from "./paint";
import type { Stage } from "./stage";

/** Distance in pixels within which the pointer grabs a hit. */
const NEAR = 7;
/** The same for touch: a finger is less exact than a mouse. */
const TOUCH_NEAR = 18;
/** Movement up to which a press still counts as a click, in pixels. */
const STILL = 4;

type Drag =
  | { kind: "seek" | "box" | "scroll"; x: number; y: number; moved: boolean }
  | {
      kind: "hits";
      x: number;
      y: number;
      moved: "" | "time" | "velocity";
      grabbed: Hit;
      hits: Hit[];
    }
  | { kind: "threshold"; drum: string; x: number; y: number; moved: boolean };

export class Input {
  readonly #stage: Stage;
  /** Hits as they would become if the pointer were released now. */
  ghosts: (Change & { id: string })[] | null = null;
  box: { x: number; y: number; w: number; h: number } | null = null;
  #drag: Drag | null = null;
  /** The selection before the drag began. */
  #range: Stage["session"]["range"] = null;
  readonly #pointers = new Map<number, number>();
  readonly #keys: Keys;
  readonly #controller = new AbortController();

  constructor(stage: Stage) {
    this.#stage = stage;
    const { timeLine, overview, root } = stage;
    const { signal } = this.#controller;
    const on = <K extends keyof HTMLElementEventMap>(
      element: HTMLElement,
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ) => element.addEventListener(type, listener, { signal, passive: false });
    on(timeLine, "pointerdown", (event) => this.#down(event));
    on(timeLine, "pointermove", (event) => this.#move(event));
    on(timeLine, "pointerup", (event) => this.#up(event));
    on(timeLine, "pointercancel", (event) => this.#cancel(event));
    on(timeLine, "touchstart", (event) => {
      // Threshold lines and chosen hits are dragged vertically; anything else scrolls the page.
      if (this.#drag?.kind === "threshold" || this.#drag?.kind === "hits") event.preventDefault();
    });
    on(timeLine, "dblclick", (event) => this.#double(event));
    on(timeLine, "wheel", (event) => this.#wheel(event));
    on(overview, "wheel", (event) => this.#wheel(event, true));
    const pan = (event: PointerEvent) => {
      if (event.type === "pointerdown") overview.setPointerCapture(event.pointerId);
      if (!event.buttons) return;
      const time = (this.#place(event, overview).x / stage.view.width) * stage.view.duration;
      const { width, scale } = stage.view;
      stage.setView({ ...stage.view, start: time - width / scale / 2 });
    };
    on(overview, "pointerdown", pan);
    on(overview, "pointermove", pan);
    this.#keys = new Keys(stage);
    on(root, "keydown", (event) => this.#keys.down(event));
  }

  close(): void {
    this.#controller.abort();
  }

  /** Handle a key that was pressed elsewhere on the page. */
  key(event: KeyboardEvent): void {
    this.#keys.down(event);
  }

  #place(event: MouseEvent, element = this.#stage.timeLine): { x: number; y: number } {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** Return the hit of a lane that is nearest to `x`, within `near` pixels. */
  #hitAt(lane: number, x: number, near = NEAR): Hit | undefined {
    const { session, view } = this.#stage;
    const hits = session.byLane.get(session.lanes[lane]) ?? [];
    const at = (k: number) => hits[k].time;
    const first = lowerBound(hits.length, at, timeAt(view, x - near));
    let best: Hit | undefined;
    let distance = near;
    for (let i = first; i < hits.length && xAt(view, hits[i].time) <= x + near; i++) {
      const away = Math.abs(xAt(view, hits[i].time) - x);
      if (away < distance) [best, distance] = [hits[i], away];
    }
    return best;
  }

  #onLine(lane: number, y: number, near = STILL): boolean {
    const { session, lanes } = this.#stage;
    const threshold = session.threshold(session.lanes[lane]);
    return threshold !== null && Math.abs(lanes.top(lane) + heightOf(threshold) - y) <= near;
  }

  #down(event: PointerEvent): void {
    const { timeLine, session } = this.#stage;
    const { x, y } = this.#place(event);
    this.#pointers.set(event.pointerId, x);
    timeLine.setPointerCapture(event.pointerId);
    timeLine.focus({ preventScroll: true });
    if (event.button !== 0 || this.#pointers.size > 1) {
      this.#drop();
      return;
    }
    this.#range = session.range;
    const zone = this.#stage.lanes.at(y);
    if (event.pointerType === "touch") {
      this.#touch(zone, x, y);
      return;
    }
    if (zone < 0) {
      this.#drag = { kind: "seek", x, y, moved: false };
      if (event.shiftKey) this.#stretchRange(x);
      return;
    }
    this.#stage.choose(zone);
    const grabbed = this.#hitAt(zone, x);
    if (grabbed) {
      const chosen = new Set(session.selected);
      if (event.shiftKey) {
        if (!chosen.delete(grabbed.id)) chosen.add(grabbed.id);
        session.select(chosen);
      } else if (!chosen.has(grabbed.id)) session.select([grabbed.id]);
      session.say(session.describe(grabbed));
      session.player.audition(grabbed.drum, grabbed.velocity);
      this.#drag = { kind: "hits", x, y, moved: "", grabbed, hits: session.chosen };
    } else if (this.#onLine(zone, y))
      this.#drag = { kind: "threshold", drum: session.lanes[zone], x, y, moved: false };
    else this.#drag = { kind: "box", x, y, moved: false };
    this.#stage.changed();
  }

  /**
   * A finger scrolls and a tap chooses. Only hits that are already chosen can be dragged, so
   * that scrolling never moves one by accident. The ruler selects time.
   */
  #touch(zone: number, x: number, y: number): void {
    const { session } = this.#stage;
    if (zone >= 0) session.lane = zone;
    const grabbed = zone < 0 ? undefined : this.#hitAt(zone, x, TOUCH_NEAR);
    if (grabbed && session.selected.has(grabbed.id)) {
      this.#drag = { kind: "hits", x, y, moved: "", grabbed, hits: session.chosen };
    } else if (!grabbed && zone >= 0 && this.#onLine(zone, y, 2 * STILL)) {
      this.#drag = { kind: "threshold", drum: session.lanes[zone], x, y, moved: false };
    } else {
      const kind = zone < 0 && y < RULER ? "seek" : "scroll";
      this.#drag = { kind, x, y, moved: false };
    }
    session.looked();
  }

  #tap(x: number, y: number): void {
    const { session, view } = this.#stage;
    const zone = this.#stage.lanes.at(y);
    const hit = zone < 0 ? undefined : this.#hitAt(zone, x, TOUCH_NEAR);
    if (zone >= 0) this.#stage.choose(zone);
    session.select(hit ? [hit.id] : []);
    if (!hit) {
      session.seek(timeAt(view, x));
      return;
    }
    session.say(session.describe(hit));
    session.player.audition(hit.drum, hit.velocity);
  }

  #move(event: PointerEvent): void {
    const { x, y } = this.#place(event);
    if (this.#pointers.size === 2 && this.#pointers.has(event.pointerId)) {
      this.#pinch(event.pointerId, x);
      return;
    }
    const drag = this.#drag;
    if (!drag) {
      this.#hover(x, y);
      return;
    }
    const { session, view } = this.#stage;
    if (drag.kind === "threshold") {
      if (Math.abs(y - drag.y) < 1 && !drag.moved) return;
      drag.moved = true;
      const top = this.#stage.lanes.top(session.lanes.indexOf(drag.drum));
      session.try(drag.drum, (top + heightOf(0) - y) / TALL);
    } else if (drag.kind === "hits") this.#dragHits(drag, x, y, event.altKey);
    else if (drag.moved || Math.hypot(x - drag.x, y - drag.y) > STILL) {
      drag.moved = true;
      if (drag.kind === "scroll") {
        this.#stage.setView(scroll(view, drag.x - x));
        drag.x = x;
      } else if (drag.kind === "seek") {
        session.range = {
          start: timeAt(view, Math.min(x, drag.x)),
          end: timeAt(view, Math.max(x, drag.x)),
        };
      } else {
        this.box = {
          x: Math.min(x, drag.x),
          y: Math.min(y, drag.y),
          w: Math.abs(x - drag.x),
          h: Math.abs(y - drag.y),
        };
      }
      this.#stage.changed();
    }
  }

  #dragHits(drag: Extract<Drag, { kind: "hits" }>, x: number, y: number, free: boolean): void {
    const { session, view } = this.#stage;
    const [dx, dy] = [x - drag.x, y - drag.y];
    if (!drag.moved) {
      if (Math.max(Math.abs(dx), Math.abs(dy)) < STILL) return;
      drag.moved = Math.abs(dx) >= Math.abs(dy) ? "time" : "velocity";
    }
    const zone = this.#stage.lanes.at(y);
    const from = session.lanes.indexOf(drag.grabbed.drum);
    const lanes = zone < 0 ? 0 : zone - from;
    const target = drag.grabbed.time + dx / view.scale;
    const drum = session.lanes[from + lanes] ?? drag.grabbed.drum;
    const moved =
      drag.moved === "time"
        ? session.room(
            drag.hits,
            (free ? target : session.snapped(drum, target)) - drag.grabbed.time,
          )
        : 0;
    const louder = drag.moved === "velocity" && !lanes ? (-dy / TALL) * 127 : 0;
    this.ghosts = drag.hits.map((hit) => ({
      id: hit.id,
      time: hit.time + moved,
      drum: lanes ? (session.lanes[session.lanes.indexOf(hit.drum) + lanes] ?? hit.drum) : hit.drum,
      velocity: clamp(Math.round(hit.velocity + louder), 1, 127),
    }));
    const ghost = this.ghosts.find(({ id }) => id === drag.grabbed.id);
    if (ghost) session.say(session.describe({ ...drag.grabbed, ...ghost }));
    this.#stage.changed();
  }

  #up(event: PointerEvent): void {
    const { ghosts, box } = this;
    const drag = this.#drag;
    const { session, view } = this.#stage;
    const { x } = this.#place(event);
    this.#pointers.delete(event.pointerId);
    this.#drag = this.ghosts = this.box = null;
    if (!drag) return;
    const isTap = event.pointerType === "touch" && drag.kind !== "hits" && !drag.moved;
    if (isTap && drag.kind !== "seek") this.#tap(x, drag.y);
    else if (drag.kind === "threshold") {
      const { drum } = drag;
      session.setThreshold(drum, session.threshold(drum) ?? 0);
    } else if (drag.kind === "hits") {
      const byId = new Map(ghosts?.map((ghost) => [ghost.id, ghost]));
      if (ghosts) session.change(drag.hits, ({ id }) => byId.get(id) ?? {});
    } else if (drag.kind === "box" && box) this.#chooseIn(box);
    else if (drag.kind === "scroll") return;
    else if (drag.moved) session.setRange(session.range);
    else if (!event.shiftKey) {
      if (drag.kind === "box") session.select([]);
      session.seek(timeAt(view, x));
    }
    this.#stage.changed();
  }

  #cancel(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    this.#drop();
  }

  /** Abandon the drag. */
  #drop(): void {
    const { session } = this.#stage;
    const drag = this.#drag;
    this.#drag = this.ghosts = this.box = null;
    if (drag?.kind === "threshold") session.try(drag.drum, null);
    if (drag?.kind === "seek") session.range = this.#range;
    this.#stage.changed();
  }

  #chooseIn(box: { x: number; y: number; w: number; h: number }): void {
    const { session, lanes, view } = this.#stage;
    const [from, to] = [timeAt(view, box.x), timeAt(view, box.x + box.w)];
    const chosen = session.hits.filter(({ time, drum }) => {
      const lane = session.lanes.indexOf(drum);
      const [top, end] = [lanes.top(lane), lanes.top(lane + 1)];
      return time >= from && time <= to && top < box.y + box.h && end > box.y;
    });
    session.select(chosen.map(({ id }) => id));
    session.say(`${counted(chosen.length, "hit")} chosen`);
  }

  #stretchRange(x: number): void {
    const { session, view } = this.#stage;
    const time = timeAt(view, x);
    const anchor = session.range
      ? time < session.range.start
        ? session.range.end
        : session.range.start
      : session.player.position;
    session.setRange({ start: Math.min(anchor, time), end: Math.max(anchor, time) });
  }

  #hover(x: number, y: number): void {
    const zone = this.#stage.lanes.at(y);
    let cursor = "text";
    if (zone >= 0) {
      const hit = this.#hitAt(zone, x);
      cursor = hit ? "grab" : this.#onLine(zone, y) ? "ns-resize" : "default";
    }
    this.#stage.timeLine.style.cursor = cursor;
  }

  #double(event: MouseEvent): void {
    const { session, view } = this.#stage;
    const { x, y } = this.#place(event);
    const zone = this.#stage.lanes.at(y);
    if (zone < 0 || this.#hitAt(zone, x)) return;
    const drum = session.lanes[zone];
    const time = timeAt(view, x);
    session.add(drum, event.altKey ? time : session.snapped(drum, time));
  }

  /** Zoom or scroll; a plain wheel is left to the notebook, which scrolls. */
  #wheel(event: WheelEvent, always = false): void {
    const { x } = this.#place(event);
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      (always && !event.shiftKey && event.deltaY)
    ) {
      this.#stage.setView(zoom(this.#stage.view, 2 ** ((-event.deltaY * unit) / 240), x));
    } else if (sideways && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
      this.#stage.setView(scroll(this.#stage.view, sideways * unit));
    } else return;
    consume(event);
  }

  /** Zoom with two fingers; the times under them stay under them. */
  #pinch(id: number, x: number): void {
    const other = [...this.#pointers].find(([key]) => key !== id)?.[1] ?? x;
    const before = this.#pointers.get(id) ?? x;
    this.#pointers.set(id, x);
    const spread = Math.max(Math.abs(before - other), 10);
    const factor = Math.max(Math.abs(x - other), 10) / spread;
    const middle = (before + other) / 2;
    this.#stage.setView(scroll(zoom(this.#stage.view, factor, middle), middle - (x + other) / 2));
  }
}
