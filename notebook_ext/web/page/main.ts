/** The page: a recording is dropped, heard by the network, shown, kept and saved. */

import { type Action, act, EMPTY, type Log } from "../../src/core/edits";
import { Song } from "../../src/core/song";
import { type Host, Session } from "../../src/session/session";
import { DrumView } from "../../src/view/view";
import { startEngine } from "../engine/engine";
import type { Engine, Heard, Samples, SongParts } from "../engine/engine-types";
import { songOf } from "../engine/payload";
import { decode, type Loaded, load } from "./decode";
import { card, drumMaps, readParts } from "./embedded";
import { type DrumMap, fileOf, type Kind } from "./exports";
import css from "./page.css";
import { Shell } from "./shell";
import { cut, type Pieces } from "./song-chunks";
import { type Entry, isFull, Store } from "./store";
import { breathe, Trouble } from "./user-error";

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly session: Session;
  readonly view: DrumView;
  readonly place: HTMLElement;
  readonly pieces: Promise<Pieces>;
  kept: boolean;
}

class Page {
  readonly #shell: Shell;
  readonly #card = card();
  #engine: Promise<Engine> | null = null;
  #store: Store | null = null;
  readonly #opened: Promise<void>;
  #entries: Entry[] = [];
  #shown: Shown | null = null;
  #queue: File[] = [];
  #work: AbortController | null = null;
  /** Counts what is to be shown; the last one is. */
  #turn = 0;

  constructor(place: HTMLElement) {
    this.#shell = new Shell(
      place,
      {
        take: (files) => this.#take(files),
        cancel: () => this.#cancel(),
        open: (entry) => void this.#reopen(entry),
        remove: (entry) => void this.#remove(entry),
        save: (kind, map) => void this.#save(kind, map),
      },
      drumMaps(),
    );
    addEventListener("beforeunload", (event) => {
      if (this.#shown && !this.#shown.kept && this.#shown.session.log.cursor)
        event.preventDefault();
    });
    this.#opened = Store.open().then((store) => {
      this.#store = store;
      return this.#list();
    });
  }

  async #list(): Promise<void> {
    try {
      this.#entries = (await this.#store?.entries()) ?? [];
    } catch {
      this.#entries = [];
    }
    this.#shell.list(this.#entries, this.#shown?.id ?? null);
  }

  // --- a recording comes ----------------------------------------------------

  #take(files: readonly File[]): void {
    if (!files.length) {
      this.#shell.tell("That was no file. Drop a recording, or choose one.");
      return;
    }
    this.#queue.push(...files);
    if (!this.#work) void this.#goOn();
  }

  #cancel(): void {
    this.#queue = [];
    this.#work?.abort();
  }

  /** One recording after the other; what goes wrong with one is told, and the next comes. */
  async #goOn(): Promise<void> {
    const troubles: string[] = [];
    this.#shell.tell("");
    for (let file = this.#queue.shift(); file; file = this.#queue.shift()) {
      this.#work = new AbortController();
      try {
        await this.#hear(file, this.#work.signal);
      } catch (error) {
        troubles.push(this.#work.signal.aborted ? "Cancelled." : sentence(file.name, error));
      }
    }
    this.#work = null;
    this.#shell.idle();
    if (troubles.length) this.#shell.tell(troubles.join(" "));
  }

  async #hear(file: File, signal: AbortSignal): Promise<void> {
    const { name } = file;
    this.#shell.busy(`Reading ${name}`, null);
    const loaded = await load(file);
    signal.throwIfAborted();
    const id = `${loaded.sha256 ?? `${Date.now()}-${Math.random()}`} ${this.#card.sha256}`;
    await this.#opened;
    await this.#list(); // another tab may have kept it meanwhile
    const known = this.#entries.find((entry) => entry.id === id);
    if (known && (await this.#reopen(known))) {
      this.#shell.tell(`“${name}” was kept here: this is it, with your edits.`);
      return;
    }
    this.#shell.busy(`Decoding ${name}`, null);
    const { pieces, mono, channels } = await decode(loaded, (blocks) => cut(name, blocks, signal));
    this.#shell.busy(`Listening to ${name}`, 0);
    const heard = await this.#listen(
      mono,
      (done) => this.#shell.busy(`Listening to ${name}`, done),
      signal,
    );
    const parts = songOf(heard, this.#card, about(id, name, loaded, channels, pieces));
    const kept = await this.#keep(
      { id, name, duration: parts.header.duration, added: Date.now() },
      file,
      parts,
    );
    const log = (kept && (await this.#store?.log(id))) || EMPTY;
    await this.#show(id, name, parts, log, Promise.resolve(pieces), kept);
    await this.#list();
    if (!this.#shown?.session.hits.length) {
      this.#shell.tell(`No drum was heard in “${name}”. Lower a threshold to see what may be one.`);
    }
  }

  async #listen(
    mono: Samples,
    progress: (done: number) => void,
    signal: AbortSignal,
  ): Promise<Heard> {
    try {
      this.#engine ??= readParts().then(startEngine);
      const engine = await this.#engine;
      signal.throwIfAborted();
      return await engine.hear([mono], progress, signal);
    } catch (error) {
      if (!signal.aborted) {
        void this.#engine?.then(
          (engine) => engine.close(),
          () => undefined,
        );
        this.#engine = null;
      }
      throw error;
    }
  }

  /** Whether the browser keeps the song; if not, it says why. */
  async #keep(entry: Entry, file: File, { header, data, velocities }: SongParts): Promise<boolean> {
    if (!this.#store) {
      this.#shell.tell(
        "This browser keeps nothing here: save your files before you close the page.",
      );
      return false;
    }
    try {
      await this.#store.add(entry, { file, header, data, velocities });
      // Or a browser that runs out of room may remove it by itself.
      navigator.storage?.persist?.().catch(() => undefined);
      return true;
    } catch (error) {
      this.#shell.tell(
        isFull(error)
          ? `There is no room left to keep “${entry.name}”: remove songs below, or save your files before ` +
              "you close the page."
          : `“${entry.name}” is not kept (${reason(error)}): save your files before you close the page.`,
      );
      return false;
    }
  }

  // --- a song is shown ------------------------------------------------------

  async #show(
    id: string,
    name: string,
    parts: SongParts,
    log: Log,
    pieces: Promise<Pieces>,
    kept: boolean,
  ): Promise<void> {
    const turn = ++this.#turn;
    await breathe();
    let session: Session;
    const host: Host = {
      client: `w${Date.now().toString(36)}`,
      chunk: async (index) => (await pieces).blobs[index].arrayBuffer(),
      velocities: async () => parts.velocities,
      propose: (action: Action) => {
        const next = act(session.log, action);
        session.setLog(next);
        if (shown.kept) void this.#keepEdits(shown, next);
      },
      save: () => undefined, // the shell saves
      tell: () => undefined,
    };
    session = new Session(new Song(parts.header, parts.data), host);
    // Of five minutes, picking and drawing take 30 ms each: not both in one task.
    await breathe();
    session.setLog(log);
    if (turn !== this.#turn) {
      session.close(); // another song has been opened meanwhile
      return;
    }
    this.#close();
    const place = document.createElement("div");
    this.#shell.song.append(place);
    this.#shell.showing(true);
    const view = new DrumView(session, place, { theme: "auto", exports: false });
    const shown: Shown = { id, name, session, view, place, pieces, kept };
    this.#shown = shown;
    Object.assign(place, { adt: session });
    view.timeLine.focus({ preventScroll: true });
  }

  #close(): void {
    if (!this.#shown) return;
    this.#shown.view.close();
    this.#shown.session.close();
    this.#shown.place.remove();
    this.#shown = null;
    this.#shell.showing(false);
  }

  async #keepEdits(shown: Shown, log: Log): Promise<void> {
    try {
      await this.#store?.setLog(shown.id, log);
    } catch (error) {
      shown.kept = false;
      this.#shell.tell(
        isFull(error)
          ? "There is no room left for your edits: save your files before you close the page."
          : `Your edits are not kept (${reason(error)}): save your files before you close the page.`,
      );
    }
  }

  /** Show a song that was kept; false if it is not there any more. */
  async #reopen(entry: Entry): Promise<boolean> {
    this.#shell.tell("");
    try {
      const work = await this.#store?.work(entry.id);
      if (!work) throw new Trouble(`“${entry.name}” is not kept any more.`);
      const log = (await this.#store?.log(entry.id)) ?? EMPTY;
      // What is seen does not wait for what is heard.
      const pieces = this.#again(new File([work.file], entry.name));
      pieces.catch(() => undefined); // the session tells
      await this.#show(entry.id, entry.name, work, log, pieces, true);
      await this.#list();
      return true;
    } catch (error) {
      this.#shell.tell(sentence(entry.name, error));
      await this.#list();
      return false;
    }
  }

  async #again(file: File): Promise<Pieces> {
    const { signal } = new AbortController();
    return (await decode(await load(file), (blocks) => cut(file.name, blocks, signal))).pieces;
  }

  async #remove(entry: Entry): Promise<void> {
    if (!confirm(`Remove “${entry.name}” and your edits of it from this browser?`)) return;
    try {
      await this.#store?.remove(entry.id);
      if (this.#shown?.id === entry.id) this.#close();
    } catch (error) {
      this.#shell.tell(sentence(entry.name, error));
    }
    await this.#list();
  }

  async #save(kind: Kind, map: DrumMap): Promise<void> {
    if (!this.#shown) return;
    const { name, session, pieces } = this.#shown;
    try {
      const saved = await fileOf(kind, session, pieces, map);
      this.#shell.tell(saved.warning ?? "");
      const link = document.createElement("a");
      link.href = URL.createObjectURL(saved.content);
      link.download = saved.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      this.#shell.tell(sentence(name, error));
    }
  }
}

function about(
  id: string,
  name: string,
  { sha256, sniffed }: Loaded,
  channels: number,
  { info }: Pieces,
) {
  return {
    title: name,
    // A name that no archive nor system takes for a path.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    stem: name.replace(/(.)\.[^.]*$/, "$1").replace(/[\u0000-\u001f\u007f"*/:<>?\\|]/g, "_"),
    fingerprint: id,
    duration: info.samples / 44100,
    path: name,
    sha256,
    sampleRate: sniffed.sampleRate,
    channels: sniffed.channels ?? channels,
    audio: info,
  };
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function sentence(name: string, error: unknown): string {
  return error instanceof Trouble
    ? error.message
    : `“${name}” could not be worked on: ${reason(error)}.`;
}

const place = document.getElementById("adt-web");
if (place) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
  new Page(place);
}
