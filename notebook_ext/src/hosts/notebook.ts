/** A session in a notebook, connected to Python through anywidget. */

import type { Action, Log } from "../core/edits";
import { type Message, Replica } from "../core/replica";
import type { Proposal } from "../core/shared-log";
import { type Header, Song } from "../core/song";
import { counted } from "../core/words";
import type { Host, SharedState } from "../session/host";
import { actionsBehind, Journal, type StoredEntry } from "../session/journal";
import { editorName } from "../session/kept-log";
import { Session } from "../session/session";
import type { AudioInfo, Drumless } from "../sound/audio-chunks";
import { listen } from "../view/dom";
import type { Extras } from "../view/stage";
import { DrumView, type Options } from "../view/view";

/** The part of anywidget's model that is used. */
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
  | Answer
  | { type: "command"; command: "play" | "pause" | "seek"; value?: number }
  /** A proposal came, but not the one before it. */
  | { type: "missing"; client: string; seq: number };

/** How to process the answer to a request. */
type Answer =
  | { type: "chunk"; index: number; of?: number }
  | { type: "velocities" | "extras" }
  | { type: "drumless"; progress: number; made?: number; audio?: AudioInfo; reason?: string };

interface Question {
  readonly type: Answer["type"];
  readonly index?: number;
  /** Version of the song without its drums that the chunk is from. */
  readonly of?: number;
  /** Whether to make a new version if hits have changed. */
  readonly anew?: boolean;
}

const keyOf = ({ type, index, of }: Question): string => [type, index, of].join();

/** The header as Python's widget sends it. */
interface WidgetHeader extends Header {
  /** Id of the edit log, the same in every kernel that reopens it. */
  readonly document: string;
  /** Id of the widget; the static picture saved in the notebook hides when it is live. */
  readonly token: string;
}

const buffer = (view: DataView): ArrayBuffer =>
  view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;

const JAVASCRIPT = "text/javascript";
/** Interval at which Python is sent the position during playback. */
const POSITION_MS = 250;
/** Interval at which Python is asked for its progress. */
const POLL_MS = 500;
/** Time after which a request is sent again. */
const PATIENCE_MS = 20_000;
/** Time without an answer after which the user is warned: while waiting for one, and when idle. */
const SILENCE_MS = { waiting: 4_000, idle: 12_000 };
/** Time after which a view that has left the page counts as closed. */
const GONE_MS = 2_000;

const SILENT =
  "Python does not answer: it is busy, or its kernel has stopped. Your edits are kept in this " +
  "browser until the cell runs again.";
const NOT_KEPT =
  "Python does not answer, and this browser cannot store your edits: they will be lost when this " +
  "page is closed.";

export class Notebook implements Host {
  readonly #model: Model;
  readonly client = editorName();
  readonly session: Session;
  readonly #header: WidgetHeader;
  readonly #replica = new Replica(this.client);
  readonly #journal: Journal;
  readonly #waiting = new Map<string, ((answer: Answer, data: DataView | null) => void)[]>();
  readonly #timer: number;
  readonly #stop: (() => void)[] = [];
  readonly #views = new Set<HTMLElement>();
  #extras: Promise<Extras> | null = null;
  #publishing = false;
  /** When the oldest unanswered message was sent; 0 if none is. */
  #silentSince = 0;
  /** Edits of earlier editors that Python has not confirmed. */
  #earlier: StoredEntry[] = [];
  /** This editor, and earlier ones whose edits it has submitted. */
  readonly #clients = new Set([this.client]);
  /** Whether Python did not answer in time, so that messages may be lost. */
  #isMissed = false;
  #lastSeen = 0;
  #isKept = true;

  constructor(model: Model) {
    this.#model = model;
    this.#header = model.get("_header") as WidgetHeader;
    const song = new Song(this.#header, buffer(model.get("_data") as DataView));
    this.#journal = new Journal(`python ${this.#header.document}`, this.client);
    this.#listen("msg:custom", (message: Incoming, buffers: DataView[]) =>
      this.#receive(message, buffers),
    );
    // JupyterLab reports that a kernel has stopped or is back; other hosts do not.
    this.#listen("comm_live_update", () => this.#interrupted());
    this.session = new Session(song, this);
    this.#receive({ type: "log", ...(model.get("_log") as LogState) }, [], true);
    const { session } = this;
    this.#listen("change:position", () => {
      if (!this.#publishing) session.seek(model.get("position") as number);
    });
    this.#listen("change:selection", () => {
      const [start, end] = model.get("selection") as number[];
      if (!this.#publishing) session.setRange(end === undefined ? null : { start, end });
    });
    this.#listen("change:selected", () => {
      if (!this.#publishing) session.select(model.get("selected") as string[]);
    });
    const [start, end] = model.get("selection") as number[];
    if (end !== undefined) session.setRange({ start, end });
    session.player.seek(model.get("position") as number);
    this.#timer = setInterval(() => this.#tick(), POSITION_MS);
    const leaving = (event: BeforeUnloadEvent) => {
      if (this.#replica.pending.length && !this.#isKept) event.preventDefault();
    };
    const look = () => void (document.hidden || this.#send({ type: "log" }));
    this.#stop.push(
      listen(globalThis, "beforeunload", leaving),
      listen(document, "visibilitychange", look),
    );
    this.#takeOver();
    // Before anything of it is used, so that all works at once, and when Python stops later.
    this.loadExtras().catch(() => undefined);
  }

  #listen(name: string, listener: (...data: never[]) => void): void {
    this.#model.on(name, listener);
    this.#stop.push(() => this.#model.off(name, listener));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#waiting.clear(); // otherwise the requests would be repeated for ever
    for (const stop of this.#stop) stop();
    this.session.close();
  }

  // --- views ----------------------------------------------------------------

  /** Register a view; when the last one closes, playback stops. Returns how to unregister. */
  show(place: HTMLElement): () => void {
    place.classList.add(`adt-live-${this.#header.token}`);
    this.#views.add(place);
    this.publish({ _views: this.#views.size });
    return () => {
      this.#views.delete(place);
      this.publish({ _views: this.#views.size });
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
    // Some hosts remove a view without notice.
    if ([...this.#views].some((place) => place.isConnected)) this.#lastSeen = now;
    else if (this.#views.size && now - this.#lastSeen > GONE_MS) this.session.rest();
    if (player.playing) this.publish({ position: player.position });
  }

  // --- what the session needs -----------------------------------------------

  async chunk(index: number): Promise<ArrayBuffer> {
    const stored = (this.#model.get("_chunks") as DataView[])[index];
    return stored ? buffer(stored) : this.#chunkOf(index);
  }

  async #chunkOf(index: number, of?: number): Promise<ArrayBuffer> {
    const [, data] = await this.#ask({ type: "chunk", index, of });
    if (!data) throw new Error("Python has no such chunk");
    return buffer(data);
  }

  async drumless(report: (progress: number) => void): Promise<Drumless> {
    for (let anew = true; ; anew = false) {
      const [answer] = await this.#ask({ type: "drumless", anew });
      const { progress, made, audio, reason } = answer as Answer & { type: "drumless" };
      if (reason) throw new Error(reason);
      if (made && audio) return { made, audio, chunk: (index) => this.#chunkOf(index, made) };
      report(progress);
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  async velocities(): Promise<Uint8Array | null> {
    const data = await this.#stored("_table", "velocities");
    return data?.byteLength ? new Uint8Array(buffer(data)) : null;
  }

  /** Return data from the widget's state if embedded there, or else from Python. */
  async #stored(trait: string, type: Answer["type"]): Promise<DataView | null> {
    const stored = this.#model.get(trait) as DataView | undefined;
    return stored?.byteLength ? stored : (await this.#ask({ type }))[1];
  }

  async loadExtras(): Promise<Extras> {
    try {
      this.#extras ??= this.#fetchExtras();
      return await this.#extras;
    } catch (error) {
      this.#extras = null; // the next time may succeed
      throw error;
    }
  }

  /** Fetch `extras.js` from Python, and run it. */
  async #fetchExtras(): Promise<Extras> {
    const script = await this.#stored("_extras", "extras");
    const url = URL.createObjectURL(new Blob([buffer(script as DataView)], { type: JAVASCRIPT }));
    try {
      return (await import(url)).default;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  propose(action: Action): void {
    this.#replica.propose(action);
    this.#isKept = this.#journal.write(this.#replica.pending);
    this.session.setLog(this.#replica.log);
    this.#store();
    this.#submit(undefined, this.#replica.pending.length - 1);
  }

  /** Send proposals, each with the number of the one that has to come before it. */
  #submit(proposals = this.#replica.pending, from = 0): void {
    proposals.forEach((proposal, i, all) => {
      if (i >= from) this.#send({ ...proposal, after: all[i - 1]?.seq });
    });
  }

  /** Send everything that Python has not confirmed; it ignores what it has already accepted. */
  #submitAll(): void {
    for (const { proposals } of this.#earlier) this.#submit(proposals);
    this.#submit();
    this.#send({ type: "log" });
  }

  /** Remove from the store what Python has answered, of earlier editors. */
  #confirm(message: Message): void {
    const isAnswered = ({ client, seq }: Proposal) =>
      message.type === "log"
        ? seq <= (message.seen?.[client] ?? -1)
        : client === message.client && seq === message.seq;
    this.#earlier = this.#earlier.flatMap((entry) => {
      const proposals = entry.proposals.filter((proposal) => !isAnswered(proposal));
      if (proposals.length < entry.proposals.length) entry.keep(proposals);
      return proposals.length ? [{ ...entry, proposals }] : [];
    });
  }

  publish(state: Partial<SharedState> & { _views?: number; _revision?: number }): void {
    this.#publishing = true;
    let changed = false;
    for (const [name, value] of Object.entries(state)) {
      if (JSON.stringify(this.#model.get(name)) === JSON.stringify(value)) continue;
      this.#model.set(name, value);
      changed = true;
    }
    try {
      if (changed) this.#model.save_changes();
    } catch {
      this.#missed();
    }
    this.#publishing = false;
  }

  // --- Python ---------------------------------------------------------------

  /** Send a message that Python answers; `#tick` notices if it does not. */
  #send(message: unknown): void {
    this.#silentSince ||= Date.now();
    try {
      this.#model.send(message);
    } catch {
      this.#missed();
    }
  }

  #ask(question: Question): Promise<[Answer, DataView | null]> {
    const key = keyOf(question);
    return new Promise((resolve) => {
      const resolved = (answer: Answer, data: DataView | null) => resolve([answer, data]);
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolved]);
      const again = () => {
        if (!this.#waiting.has(key)) return;
        this.#send(question);
        setTimeout(again, PATIENCE_MS);
      };
      again();
    });
  }

  /** Warn that Python does not answer, and store the edits that it may not have. */
  #missed(): void {
    this.#silentSince = 0;
    this.#isMissed = true;
    const { pending } = this.#replica;
    const { log } = this.#replica.accepted;
    if (log.cursor || pending.length) this.#isKept = this.#journal.write(pending, log);
    this.session.warn("python", this.#isKept ? SILENT : NOT_KEPT);
  }

  /** Handle a kernel that has stopped or come back. */
  #interrupted(): void {
    this.session.rest();
    this.#missed();
    this.#submitAll();
  }

  #receive(message: Incoming, buffers: readonly DataView[], isStored = false): void {
    if (!isStored) {
      this.#silentSince = 0;
      this.session.warn("python", null);
    }
    if (isAnswer(message)) {
      const key = keyOf(message);
      const requests = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      for (const resolve of requests) resolve(message, buffers[0] ?? null);
    } else if (message.type === "command") this.#obey(message.command, message.value ?? 0);
    else if (message.type === "missing") {
      for (const { proposals } of [...this.#earlier, { proposals: this.#replica.pending }]) {
        const last = proposals[proposals.length - 1];
        if (message.client === last?.client && message.seq === last.seq) this.#submit(proposals);
      }
    } else {
      this.#confirm(message);
      const { length } = this.#replica.pending;
      const isGap = this.#replica.receive(message);
      if (isGap) this.#send({ type: "log" });
      if (!isStored) this.#isKept = this.#journal.write(this.#replica.pending);
      this.session.setLog(this.#replica.log);
      if (!isStored) this.#store();
      // marimo reruns dependent cells when the browser sets a trait. Only for own edits: a
      // cell that edits in Python would rerun itself for ever.
      if (this.#replica.pending.length < length)
        this.publish({ _revision: this.#replica.accepted.revision });
      if (message.type === "refused" && this.#clients.has(message.client))
        this.session.refuse(message.reason);
    }
    if (!isStored && this.#isMissed) {
      this.#isMissed = false;
      this.#submitAll();
    }
    if (this.#replica.pending.length) this.#silentSince ||= Date.now();
  }

  /** Put the edits into the widget's state, which a notebook may be saved with. */
  #store(): void {
    const { revision } = this.#replica.accepted;
    this.#model.set("_log", { revision, log: this.#replica.log });
  }

  #obey(command: "play" | "pause" | "seek", value: number): void {
    if (command === "play") void this.session.play();
    else if (command === "pause") this.session.player.pause();
    else this.session.seek(value);
  }

  /** Send Python the edits that were made while it was away, in this page or an earlier one. */
  #takeOver(): void {
    const entries = this.#journal.read();
    if (!entries.length) return;
    let count = -this.#replica.log.cursor;
    for (const entry of entries) {
      const { log, proposals } = entry;
      const missing = log ? actionsBehind(this.#replica.log, log) : [];
      for (const action of missing) this.propose(action);
      for (const { client } of proposals) this.#clients.add(client);
      // They stay in the store until Python has confirmed them.
      entry.keep(proposals);
      this.#submit(proposals);
      count += proposals.length;
    }
    this.#earlier = entries.filter(({ proposals }) => proposals.length);
    if (this.#earlier.length) this.#send({ type: "log" });
    count += this.#replica.log.cursor;
    if (!count) return;
    this.session.say(
      `Restored ${counted(count, "edit")} made while Python was away (undo removes)`,
    );
  }
}

const isAnswer = (message: Incoming): message is Answer =>
  ["chunk", "velocities", "extras", "drumless"].includes(message.type);

interface LogState {
  readonly revision: number;
  readonly log: Log;
  readonly seen?: Readonly<Record<string, number>>;
}

/** The module that anywidget loads: one session per widget, with any number of views. */
function widget() {
  let notebook: Notebook | null = null;
  return {
    initialize({ model }: { model: Model }) {
      notebook = new Notebook(model);
      return () => notebook?.close();
    },
    render({ model, el }: { model: Model; el: HTMLElement }) {
      notebook ??= new Notebook(model);
      const own = notebook;
      const place = document.createElement("div");
      el.append(place);
      const theme = model.get("theme") as Options["theme"];
      const view = new DrumView(own.session, place, {
        theme,
        controls: [],
        loadExtras: () => own.loadExtras(),
        isWholePage: false,
      });
      Object.assign(place, { adt: notebook.session });
      const unregister = notebook.show(place);
      return () => {
        view.close();
        unregister();
      };
    },
  };
}

export default widget;
