/** A session beside Python, through anywidget. */

import type { Action, Log } from "../core/edits";
import { type Message, Replica } from "../core/replica";
import { type Header, Song } from "../core/song";
import { type Host, Session, type Told } from "../session/session";
import { DrumView, type Options } from "../view/view";

/** What is used of anywidget's model. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown): void;
  on(name: string, listener: (...data: never[]) => void): void;
  off(name: string, listener: (...data: never[]) => void): void;
}

type Incoming =
  | Message
  | { type: "chunk"; index: number }
  | { type: "velocities" }
  | { type: "command"; command: "play" | "pause" | "seek"; value?: number };

const buffer = (view: DataView): ArrayBuffer =>
  view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;

/** Seconds between what Python hears of the position while it plays. */
const POSITION_MS = 250;
/** An answer that has not come by then is asked for again. */
const PATIENCE_MS = 20_000;

export class Notebook implements Host {
  readonly client = `b${Math.random().toString(36).slice(2, 10)}`;
  readonly session: Session;
  readonly #replica = new Replica(this.client);
  readonly #waiting = new Map<string, ((data: DataView | null) => void)[]>();
  readonly #timer: number;
  readonly #stop: (() => void)[] = [];
  #telling = false;

  constructor(private readonly model: Model) {
    const song = new Song(model.get("_header") as Header, buffer(model.get("_data") as DataView));
    this.#listen("msg:custom", (message: Incoming, buffers: DataView[]) =>
      this.#receive(message, buffers),
    );
    this.session = new Session(song, this);
    this.#receive({ type: "log", ...(model.get("_log") as { revision: number; log: Log }) }, []);
    const { session } = this;
    this.#listen("change:position", () => {
      if (!this.#telling) session.seek(model.get("position") as number);
    });
    this.#listen("change:selection", () => {
      const [start, end] = model.get("selection") as number[];
      if (!this.#telling) session.setRange(end === undefined ? null : { start, end });
    });
    this.#listen("change:selected", () => {
      if (!this.#telling) session.select(model.get("selected") as string[]);
    });
    const [start, end] = model.get("selection") as number[];
    if (end !== undefined) session.setRange({ start, end });
    session.player.seek(model.get("position") as number);
    this.#timer = setInterval(() => {
      if (session.player.playing) this.tell({ position: session.player.position });
    }, POSITION_MS);
  }

  #listen(name: string, listener: (...data: never[]) => void): void {
    this.model.on(name, listener);
    this.#stop.push(() => this.model.off(name, listener));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#waiting.clear(); // or they would be asked for ever
    for (const stop of this.#stop) stop();
    this.session.close();
  }

  async chunk(index: number): Promise<ArrayBuffer> {
    const first = this.model.get("_first") as DataView;
    if (!index && first.byteLength) return buffer(first);
    const data = await this.#ask({ type: "chunk", index });
    if (!data) throw new Error("Python has no such piece");
    return buffer(data);
  }

  async velocities(): Promise<Uint8Array | null> {
    const data = await this.#ask({ type: "velocities" });
    return data?.byteLength ? new Uint8Array(buffer(data)) : null;
  }

  propose(action: Action): void {
    this.model.send(this.#replica.propose(action));
    this.session.setLog(this.#replica.log);
  }

  save(): void {
    // Python saves.
  }

  tell(state: Partial<Told>): void {
    this.#telling = true;
    let changed = false;
    for (const [name, value] of Object.entries(state)) {
      if (JSON.stringify(this.model.get(name)) === JSON.stringify(value)) continue;
      this.model.set(name, value);
      changed = true;
    }
    if (changed) this.model.save_changes();
    this.#telling = false;
  }

  #ask(question: { type: string; index?: number }): Promise<DataView | null> {
    const key = question.type + (question.index ?? "");
    return new Promise((resolve) => {
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]);
      const again = () => {
        if (!this.#waiting.has(key)) return;
        this.model.send(question);
        setTimeout(again, PATIENCE_MS);
      };
      again();
    });
  }

  #receive(message: Incoming, buffers: readonly DataView[]): void {
    if (message.type === "chunk" || message.type === "velocities") {
      const key = message.type + ("index" in message ? message.index : "");
      const asked = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      for (const resolve of asked) resolve(buffers[0] ?? null);
    } else if (message.type === "command") this.#obey(message.command, message.value ?? 0);
    else {
      const { gap, reason } = this.#replica.receive(message);
      if (gap) this.model.send({ type: "log" });
      this.session.setLog(this.#replica.log);
      if (reason) this.session.say(`Python refused: ${reason}`);
    }
  }

  #obey(command: "play" | "pause" | "seek", value: number): void {
    if (command === "play") void this.session.play();
    else if (command === "pause") this.session.player.pause();
    else this.session.seek(value);
  }
}

/** What anywidget loads: one session a widget, any number of views. */
export function widget() {
  let notebook: Notebook | null = null;
  return {
    initialize({ model }: { model: Model }) {
      notebook = new Notebook(model);
      return () => notebook?.close();
    },
    render({ model, el }: { model: Model; el: HTMLElement }) {
      notebook ??= new Notebook(model);
      const place = document.createElement("div");
      el.append(place);
      const theme = model.get("theme") as Options["theme"];
      const view = new DrumView(notebook.session, place, { theme, exports: false });
      Object.assign(place, { adt: notebook.session });
      return () => view.close();
    },
  };
}
