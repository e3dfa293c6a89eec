/** Keyboard commands; `help.ts` lists them. */

import { nameOf } from "../core/song";
import { clamp, fit, lowerBound, scroll, whole } from "../core/time";
import { counted } from "../core/words";
import type { Session } from "../session/session";
import { isCommand, isHosts, keyOf } from "./keyboard";
import type { Stage } from "./stage";

const SNAPS = ["peak", "grid", "off"] as const;

type Actions = Readonly<Record<string, (shift: boolean) => void>>;

export class Keys {
  readonly #stage: Stage;
  readonly #session: Session;
  readonly #actions: Actions;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#session = stage.session;
    this.#actions = { ...this.#songKeys(), ...this.#hitKeys(), ...this.#viewKeys() };
  }

  /** Handle a key; those that are not the host's do not reach it. */
  down(event: KeyboardEvent): void {
    if (isHosts(event)) return;
    event.stopPropagation();
    const { controls } = this.#stage;
    if (!controls.help.hidden) {
      if (event.key === "Escape" || (event.key === "?" && !event.repeat)) controls.toggleHelp();
      return;
    }
    const target = event.composedPath()[0] as HTMLElement;
    const tag = target.tagName;
    if (event.key === "Escape") this.#escape();
    // Sliders, lists and buttons have keys of their own.
    if (tag === "SELECT" || tag === "INPUT") return;
    if (tag === "BUTTON" && (event.key === " " || event.key === "Enter")) return;
    if (this.#press(event)) event.preventDefault();
  }

  #escape(): void {
    this.#session.select([]);
    this.#session.setRange(null);
  }

  #press(event: KeyboardEvent): boolean {
    const key = keyOf(event);
    if (isCommand(event)) return this.#command(key, event.shiftKey);
    if (event.altKey && key.length > 1) return this.#nudge(key, event.shiftKey);
    // A held key repeats scrolling, zooming and moving, but neither adds hits nor toggles playback.
    if (event.repeat && /^([ a-z?]|Enter)$/i.test(key)) return true;
    if (/^[1-9]$/.test(key)) return this.#reclassify(Number(key) - 1);
    const action = this.#actions[key];
    if (!action) return false;
    action(event.shiftKey);
    return true;
  }

  #songKeys(): Actions {
    const { session } = this.#stage;
    const { player } = session;
    return {
      " ": () => session.toggle(),
      l: () => session.setLooping(!session.looping),
      h: () => session.setSpeed(player.speed === 1 ? 0.5 : 1),
      b: () => session.selectBars(),
      t: () => player.setMetronome(!player.metronome),
      c: () => session.toggleCountIn(),
      d: () => session.use(({ bars }, now) => bars.start(now)),
      x: (shift) => session.use(({ bars }) => bars.scale(shift ? 0.5 : 2)),
      r: () => session.use(({ bars }, now) => bars.tap(now)),
      i: () => this.#edge("start"),
      o: () => this.#edge("end"),
      ArrowLeft: (shift) => this.#go(-1, shift),
      ArrowRight: (shift) => this.#go(1, shift),
      Home: () => session.seek(0),
      End: () => session.seek(this.#stage.view.duration),
    };
  }

  #hitKeys(): Actions {
    const session = this.#session;
    const remove = () => session.remove(session.chosen);
    const add = () => session.addHere();
    const moved = (by: number) => () => this.#threshold(by);
    const step = (by: number) => () => this.#step(by);
    return {
      a: add,
      Enter: add,
      Delete: remove,
      Backspace: remove,
      m: () => this.#flip("mute"),
      s: () => this.#flip("solo"),
      g: () => this.#nextSnap(),
      ArrowUp: () => this.#lane(-1),
      ArrowDown: () => this.#lane(1),
      // Letters for commands whose symbols are missing on some layouts.
      j: (shift) => this.#threshold(shift ? -0.05 : -0.005),
      k: (shift) => this.#threshold(shift ? 0.05 : 0.005),
      p: step(-1),
      n: step(1),
      "[": moved(-0.005),
      "]": moved(0.005),
      "{": moved(-0.05),
      "}": moved(0.05),
      ",": step(-1),
      ".": step(1),
      Escape: () => undefined,
    };
  }

  #viewKeys(): Actions {
    const stage = this.#stage;
    const zoom = (factor: number) => () => stage.zoomBy(factor, this.#centre());
    const turn = (part: number) => () => stage.setView(scroll(stage.view, part * stage.view.width));
    return {
      v: () => stage.toggleNotation(),
      f: () => this.#fitRange(),
      z: (shift) => zoom(shift ? 1 / 1.6 : 1.6)(),
      "+": zoom(1.6),
      "=": zoom(1.6),
      "-": zoom(1 / 1.6),
      "0": () => stage.setView(whole(stage.view.width, stage.view.duration)),
      "?": () => stage.controls.toggleHelp(),
      PageUp: turn(-0.8),
      PageDown: turn(0.8),
    };
  }

  get #drum(): string {
    return this.#session.lanes[this.#session.lane];
  }

  #centre(): number {
    const { view, session } = this.#stage;
    const x = (session.player.seen - view.start) * view.scale;
    return x >= 0 && x <= view.width ? x : view.width / 2;
  }

  #command(key: string, shift: boolean): boolean {
    if (key === "z") shift ? this.#session.redo() : this.#session.undo();
    else if (key === "y") this.#session.redo();
    else if (key === "a")
      this.#session.select((this.#session.byLane.get(this.#drum) ?? []).map(({ id }) => id));
    else return false;
    return true;
  }

  /** Change time or velocity of the chosen hits: Alt and an arrow key. */
  #nudge(key: string, shift: boolean): boolean {
    const session = this.#session;
    const { chosen } = session;
    const seconds = shift ? 0.01 : 0.001;
    const louder = shift ? 10 : 3;
    const by = (
      {
        ArrowLeft: [-seconds, 0],
        ArrowRight: [seconds, 0],
        ArrowUp: [0, louder],
        ArrowDown: [0, -louder],
      } as Record<string, [later: number, louder: number] | undefined>
    )[key];
    if (!by) return false;
    const later = session.room(chosen, by[0]);
    session.change(chosen, ({ time, velocity }) => ({
      time: time + later,
      velocity: velocity + by[1],
    }));
    return true;
  }

  #reclassify(lane: number): boolean {
    const drum = this.#session.lanes[lane];
    if (drum) this.#session.change(this.#session.chosen, () => ({ drum }));
    return drum !== undefined;
  }

  #flip(which: "mute" | "solo"): void {
    const strip = this.#session.player.mixer.strip(this.#drum);
    strip[which] = !strip[which];
    this.#session.mixed();
    this.#session.say(`${nameOf(this.#drum)} ${which} ${strip[which] ? "on" : "off"}`);
  }

  #nextSnap(): void {
    const session = this.#session;
    session.snap = SNAPS[(SNAPS.indexOf(session.snap) + 1) % SNAPS.length];
    this.#stage.controls.showSnap();
    session.say(`Snap: ${session.snap}`);
  }

  #edge(which: "start" | "end"): void {
    const session = this.#session;
    const now = session.player.position;
    const { start, end } = session.range ?? { start: 0, end: this.#stage.view.duration };
    session.setRange(
      which === "start"
        ? { start: now, end: Math.max(end, now + 0.01) }
        : { start: Math.min(start, now - 0.01), end: now },
    );
  }

  #fitRange(): void {
    const { range } = this.#session;
    if (range) this.#stage.setView(fit(this.#stage.view, range.start, range.end));
  }

  #threshold(by: number): void {
    const now = this.#session.threshold(this.#drum);
    if (now !== null) this.#session.setThreshold(this.#drum, now + by);
  }

  /** Go to the previous or next hit of this lane. */
  #step(by: number): void {
    const session = this.#session;
    const hits = session.byLane.get(this.#drum) ?? [];
    const [chosen] = session.chosen;
    const index = hits.findIndex(({ id }) => id === chosen?.id);
    const near = lowerBound(hits.length, (k) => hits[k].time, session.player.position);
    const hit = hits[index >= 0 ? index + by : by > 0 ? near : near - 1];
    if (!hit) return;
    session.select([hit.id]);
    session.seek(hit.time);
    session.say(session.describe(hit));
  }

  #lane(by: number): void {
    const session = this.#session;
    session.lane = clamp(session.lane + by, 0, session.lanes.length - 1);
    this.#stage.controls.update();
    session.say(`${nameOf(this.#drum)}, ${counted(session.count(this.#drum), "hit")}`);
  }

  /** Go one beat or bar forwards or backwards; without beats, by seconds. */
  #go(by: number, bar: boolean): void {
    const session = this.#session;
    const now = session.player.position;
    const beats = session.beats.filter(([, position]) => !bar || position === 1);
    const at = (k: number) => beats[k][0];
    const k =
      by > 0
        ? lowerBound(beats.length, at, now + 0.005)
        : lowerBound(beats.length, at, now - 0.005) - 1;
    session.seek(beats[k]?.[0] ?? now + by * (bar ? 2 : 0.5));
  }
}
