/** A session beside Python, through anywidget. */

import type { Action, Log } from "../core/edits";
import { type Message, Replica } from "../core/replica";
import { type Header, Song } from "../core/song";
import { counted } from "../core/words";
import { Journal } from "../session/journal";
import { editorName } from "../session/kept-log";
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

/** A header that Python's widget has sent. */
interface WidgetHeader extends Header {
  /** Of the log, the same in every kernel that opens it again. */
  readonly document: string;
  /** Of the widget: a picture in the notebook gives way to what has it. */
  readonly token: string;
}

const buffer = (view: DataView): ArrayBuffer =>
  view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;

/** Between what Python hears of the position while it plays. */
const POSITION_MS = 250;
/** An answer that has not come by then is asked for again. */
const PATIENCE_MS = 20_000;
/** An answer that has not come by then is missed: if the user waits for it, and else. */
const SILENCE_MS = { waiting: 4_000, idle: 12_000 };
/** A view that left the page without a word, for so long, is gone. */
const GONE_MS = 2_000;

const SILENT =
  "Python does not answer: it is busy, or its kernel has ended. Your edits are kept in this " +
  "browser until the cell runs again.";
const NOT_KEPT =
  "Python does not answer, and this browser keeps nothing: your edits will be lost with this page.";

export class Notebook implements Host {
  readonly client = editorName();
  readonly session: Session;
  readonly #header: WidgetHeader;
  readonly #replica = new Replica(this.client);
  readonly #journal: Journal;
  readonly #waiting = new Map<string, ((data: DataView | null) => void)[]>();
  readonly #timer: number;
  readonly #stop: (() => void)[] = [];
  readonly #views = new Set<HTMLElement>();
  #telling = false;
  /** Since when Python has not answered; 0: it has. */
  #silentSince = 0;
  #lastSeen = 0;
  #isKept = true;

  constructor(private readonly model: Model) {
    this.#header = model.get("_header") as WidgetHeader;
    const song = new Song(this.#header, buffer(model.get("_data") as DataView));
    this.#journal = new Journal(`python ${this.#header.document}`, this.client);
    this.#listen("msg:custom", (message: Incoming, buffers: DataView[]) =>
      this.#receive(message, buffers),
    );
    // JupyterLab says so when a kernel ends or comes back; others say nothing.
    this.#listen("comm_live_update", () => this.#interrupted());
    this.session = new Session(song, this);
    this.#receive({ type: "log", ...(model.get("_log") as LogState) }, [], true);
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
    this.#timer = setInterval(() => this.#tick(), POSITION_MS);
    const leaving = (event: BeforeUnloadEvent) => {
      if (this.#replica.pending.length && !this.#isKept) event.preventDefault();
    };
    addEventListener("beforeunload", leaving);
    const look = () => void (document.hidden || this.#send({ type: "log" }));
    document.addEventListener("visibilitychange", look);
    this.#stop.push(
      () => removeEventListener("beforeunload", leaving),
      () => document.removeEventListener("visibilitychange", look),
    );
    this.#takeOver();
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

  // --- views ----------------------------------------------------------------

  /** A view is there; the sound ends with the last one. */
  show(place: HTMLElement): () => void {
    place.classList.add(`adt-live-${this.#header.token}`);
    this.#views.add(place);
    this.tell({ _views: this.#views.size });
    return () => {
      this.#views.delete(place);
      this.tell({ _views: this.#views.size });
      if (!this.#views.size) this.session.rest();
    };
  }

  #tick(): void {
    const { player } = this.session;
    const now = Date.now();
    const waits = this.#replica.pending.length > 0 || player.playing;
    const patience = waits ? SILENCE_MS.waiting : SILENCE_MS.idle;
    if (this.#silentSince && now - this.#silentSince > patience) this.#missed();
    if (!player.playing) return;
    // Some hosts take a view away and do not say so.
    if ([...this.#views].some((place) => place.isConnected)) this.#lastSeen = now;
    else if (this.#views.size && now - this.#lastSeen > GONE_MS) this.session.rest();
    if (player.playing) this.tell({ position: player.position });
  }

  // --- what the session asks for --------------------------------------------

  async chunk(index: number): Promise<ArrayBuffer> {
    const here = (this.model.get("_chunks") as DataView[])[index];
    if (here) return buffer(here);
    const data = await this.#ask({ type: "chunk", index });
    if (!data) throw new Error("Python has no such piece");
    return buffer(data);
  }

  async velocities(): Promise<Uint8Array | null> {
    const here = this.model.get("_table") as DataView | undefined;
    const data = here?.byteLength ? here : await this.#ask({ type: "velocities" });
    return data?.byteLength ? new Uint8Array(buffer(data)) : null;
  }

  propose(action: Action): void {
    const proposal = this.#replica.propose(action);
    this.#isKept = this.#journal.write(this.#replica.pending);
    this.session.warn("refused", null);
    this.session.setLog(this.#replica.log);
    this.#store();
    this.#send(proposal);
  }

  tell(state: Partial<Told> & { _views?: number }): void {
    this.#telling = true;
    let changed = false;
    for (const [name, value] of Object.entries(state)) {
      if (JSON.stringify(this.model.get(name)) === JSON.stringify(value)) continue;
      this.model.set(name, value);
      changed = true;
    }
    try {
      if (changed) this.model.save_changes();
    } catch {
      this.#missed();
    }
    this.#telling = false;
  }

  // --- Python ---------------------------------------------------------------

  /** Send something that is answered; whether it is shows a while later. */
  #send(message: unknown): void {
    this.#silentSince ||= Date.now();
    try {
      this.model.send(message);
    } catch {
      this.#missed();
    }
  }

  #ask(question: { type: string; index?: number }): Promise<DataView | null> {
    const key = question.type + (question.index ?? "");
    return new Promise((resolve) => {
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]);
      const again = () => {
        if (!this.#waiting.has(key)) return;
        this.#send(question);
        setTimeout(again, PATIENCE_MS);
      };
      again();
    });
  }

  /** Nothing was heard of Python: say so, and keep all that it may not have. */
  #missed(): void {
    this.#silentSince = 0;
    const { pending } = this.#replica;
    const { log } = this.#replica.accepted;
    if (log.cursor || pending.length) this.#isKept = this.#journal.write(pending, log);
    this.session.warn("python", this.#isKept ? SILENT : NOT_KEPT);
  }

  /** The kernel has ended, or is there again. */
  #interrupted(): void {
    this.session.rest();
    this.#missed();
    this.#send({ type: "log" });
    for (const proposal of this.#replica.pending) this.#send(proposal);
  }

  #receive(message: Incoming, buffers: readonly DataView[], isStored = false): void {
    if (!isStored) {
      this.#silentSince = 0;
      this.session.warn("python", null);
    }
    if (message.type === "chunk" || message.type === "velocities") {
      const key = message.type + ("index" in message ? message.index : "");
      const asked = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      for (const resolve of asked) resolve(buffers[0] ?? null);
    } else if (message.type === "command") this.#obey(message.command, message.value ?? 0);
    else {
      const { gap, reason } = this.#replica.receive(message);
      if (gap) this.#send({ type: "log" });
      if (!isStored) this.#isKept = this.#journal.write(this.#replica.pending);
      this.session.setLog(this.#replica.log);
      if (!isStored) this.#store();
      if (reason) this.session.warn("refused", `Python refused an edit: ${reason}`);
    }
    if (this.#replica.pending.length) this.#silentSince ||= Date.now();
  }

  /** A notebook that is saved with its widgets' state has the edits in it. */
  #store(): void {
    const { revision } = this.#replica.accepted;
    this.model.set("_log", { revision, log: this.#replica.log });
  }

  #obey(command: "play" | "pause" | "seek", value: number): void {
    if (command === "play") void this.session.play();
    else if (command === "pause") this.session.player.pause();
    else this.session.seek(value);
  }

  /** Bring to Python what was edited while it was away, in this page or in one before it. */
  #takeOver(): void {
    const left = this.#journal.left();
    if (!left.entries.length) return;
    let count = 0;
    for (const { log, proposals } of left.entries) {
      const missing = log ? stepsBehind(this.#replica.log, log) : [];
      for (const ops of missing) this.propose({ kind: "do", ops });
      // Those that Python has done already it does not do again.
      for (const proposal of proposals) this.#send(proposal);
      count += missing.length + proposals.length;
    }
    left.done();
    if (!count) return;
    this.session.say(
      `${counted(count, "edit")} from before Python was gone: here again. Undo takes them back`,
    );
  }
}

interface LogState {
  readonly revision: number;
  readonly log: Log;
  readonly seen?: Readonly<Record<string, number>>;
}

/** Steps in force of a log that goes on from where another one ends; none if it does not. */
function stepsBehind(now: Log, kept: Log): Log["steps"] {
  const own = now.steps.slice(0, now.cursor).map((step) => JSON.stringify(step));
  const all = kept.steps.slice(0, kept.cursor);
  const goesOn = own.every((step, i) => all[i] !== undefined && JSON.stringify(all[i]) === step);
  return goesOn ? all.slice(own.length) : [];
}

/** What anywidget loads: one session a widget, any number of views. */
function widget() {
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
      const view = new DrumView(notebook.session, place, {
        theme,
        exports: null,
        isWholePage: false,
      });
      Object.assign(place, { adt: notebook.session });
      const gone = notebook.show(place);
      return () => {
        view.close();
        gone();
      };
    },
  };
}

export default widget;
