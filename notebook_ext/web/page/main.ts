/** The page: transcribes recordings that are dropped on it, shows, stores and exports them. */

import type { Log } from "../../src/core/edits";
import { counted } from "../../src/core/words";
import { applyCorrections } from "../../src/session/apply-corrections";
import { areOf, type Corrections, isOwnFile, readCorrections } from "../../src/session/own-files";
import { RATE } from "../../src/sound/audio-chunks";
import { addStyle } from "../../src/view/dom";
import { startEngine } from "../engine/engine";
import type { Block, Engine, Heard, SongParts } from "../engine/engine-types";
import { songOf } from "../engine/payload";
import { decode, type Loaded, load } from "./decode";
import { card, drumMaps, example, readParts, roundingWasm } from "./embedded";
import { type DrumMap, fileOf, type Kind, type Saved } from "./exports";
import css from "./page.css";
import { Shell } from "./shell";
import { type Opened, ShownSong } from "./shown-song";
import { cut, handOver, type Pieces, type Recording, recordingOf } from "./song-chunks";
import { type Entry, isFull, Store, songId } from "./store";
import { printable } from "./tags";
import { reason, sentence, Trouble } from "./user-error";

const KEEPS_NOTHING = "This browser keeps nothing here: save your files before you close the page.";

class Page {
  readonly #shell: Shell;
  readonly #card = card();
  #engine: Promise<Engine> | null = null;
  #store: Store | null = null;
  readonly #opened: Promise<void>;
  #entries: Entry[] = [];
  #shown: ShownSong | null = null;
  #queue: File[] = [];
  /** Files of hits whose recording has not been opened yet. */
  #waiting: Corrections[] = [];
  #work: AbortController | null = null;
  #done = 0;
  /** Edits that the user has agreed to lose. */
  #givenUp: Log | null = null;
  /** Number of the latest request to show a song; earlier ones are dropped. */
  #turn = 0;

  constructor(place: HTMLElement) {
    this.#shell = new Shell(
      place,
      {
        expect: () => void this.#awake().catch(() => undefined), // reported when it is needed
        take: (files) => this.#take(files),
        cancel: () => this.#cancel(),
        open: (entry) => void this.#reopen(entry).then((told) => told && this.#shell.tell(told)),
        remove: (entry) => void this.#remove(entry),
        save: (kind, map) => void this.#save(kind, map),
        example: () => void example().then((file) => this.#take([file])),
      },
      drumMaps(),
    );
    addEventListener("beforeunload", (event) => {
      if (this.#shown?.isAtRisk) event.preventDefault();
    });
    this.#opened = Store.open().then((store) => {
      this.#store = store;
      return this.#list();
    });
    // The workers start while the user looks for a recording.
    void this.#opened.then(() => this.#awake()).catch(() => undefined);
  }

  async #list(): Promise<void> {
    try {
      this.#entries = (await this.#store?.entries()) ?? [];
    } catch {
      this.#entries = [];
    }
    this.#shell.list(this.#entries, this.#shown?.opened.id ?? null);
  }

  // --- files come -----------------------------------------------------------

  #take(files: readonly File[]): void {
    if (!files.length) {
      this.#shell.tell("That was no file. Drop a recording, or choose one.");
      return;
    }
    // Recordings first: a file of hits may belong to one of them.
    this.#queue.push(...files.filter((file) => !isOwnFile(file)), ...files.filter(isOwnFile));
    if (!this.#work) void this.#goOn();
  }

  #cancel(): void {
    this.#queue = [];
    this.#work?.abort();
  }

  /** Process the queue file by file; an error is reported, and the next file follows. */
  async #goOn(): Promise<void> {
    const messages: string[] = [];
    this.#shell.tell("");
    this.#done = 0;
    for (let file = this.#queue.shift(); file; file = this.#queue.shift()) {
      this.#work = new AbortController();
      this.#givenUp = null;
      this.#done++;
      try {
        const own = isOwnFile(file);
        messages.push(await (own ? this.#correct(file) : this.#hear(file, this.#work.signal)));
      } catch (error) {
        messages.push(this.#work.signal.aborted ? "Cancelled." : sentence(file.name, error));
      }
    }
    this.#work = null;
    this.#shell.idle();
    this.#shell.tell(messages.filter(Boolean).join(" "));
  }

  /** Show what is being done to which file: "Listening to song.mp3 (2 of 3)". */
  #stage(what: string, name: string, done: number | null): void {
    const all = this.#done + this.#queue.length;
    this.#shell.busy(`${what} ${name}${all > 1 ? ` (${this.#done} of ${all})` : ""}`, done);
  }

  /** Transcribe and show a recording; returns a message for the user, which may be empty. */
  async #hear(file: File, signal: AbortSignal): Promise<string> {
    const { name } = file;
    if (!this.#mayLeave()) return `“${name}” was not opened.`;
    this.#stage("Reading", name, null);
    this.#awake().catch(() => undefined); // reported when it is needed
    const loaded = await load(file);
    signal.throwIfAborted();
    const wantsFine = this.#shell.isFine;
    const content = loaded.sha256 ?? `${Date.now()}-${Math.random()}`;
    const id = songId(content, this.#card.sha256, wantsFine);
    await this.#opened;
    await this.#list(); // another tab may have kept it meanwhile
    const known = this.#entries.find((entry) => entry.id === id);
    const told = known ? await this.#reopen(known) : null;
    if (told !== null)
      return `“${name}” was kept here: this is it, with your edits. ${told}`.trim();
    const messages: string[] = [];
    const { heard, pieces, channels } = await this.#listen(loaded, wantsFine, signal, messages);
    const parts = songOf(heard, this.#card, about(id, name, loaded, channels, pieces));
    const entry = { id, name, duration: parts.header.duration, added: Date.now() };
    const warning = await this.#keep(entry, file, parts);
    const store = warning === null ? (this.#store?.edits(id) ?? null) : null;
    await this.#list();
    // What was shown may have been edited while this one was transcribed.
    if (!this.#mayLeave())
      return `“${name}” was not opened${store ? ": it is in the list below" : ""}.`;
    const opened = { id, name, parts, pieces: Promise.resolve(pieces), store, warning };
    messages.push(await this.#show(opened));
    await this.#list();
    if (!this.#shown?.session.hits.length) {
      messages.push(`No drum was heard in “${name}”. Lower a threshold to see what may be one.`);
    }
    return messages.filter(Boolean).join(" ");
  }

  /** Start the engine, which takes a moment, unless it has been started. */
  #awake(): Promise<Engine> {
    this.#engine ??= readParts().then((parts) => startEngine(parts));
    this.#engine.catch(() => {
      this.#engine = null;
    });
    return this.#engine;
  }

  /** Decode a recording and transcribe it piece by piece; messages are added to `messages`. */
  async #listen(
    loaded: Loaded,
    wantsFine: boolean,
    signal: AbortSignal,
    messages: string[],
  ): Promise<Recording & { readonly heard: Heard }> {
    const { name } = loaded.file;
    const stage = (samples: number) =>
      this.#stage("Listening to", name, Math.min(samples / (RATE * loaded.seconds), 1));
    stage(0);
    const engine = this.#awake();
    const take = async (blocks: AsyncIterable<Block>) => {
      const begun = engine.then((one) => one.begin(stage, wantsFine));
      const stop = () => begun.then((hearing) => hearing.stop(signal.reason));
      begun.catch(() => undefined); // reported where it is awaited
      signal.addEventListener("abort", stop);
      try {
        await handOver(name, blocks, signal, async (channels) => (await begun).put(channels));
        const result = await (await begun).finish();
        const recording = recordingOf(name, result.cut);
        if (!result.heard) throw new Error("nothing was heard");
        return { ...recording, heard: result.heard };
      } catch (error) {
        await begun.then(
          (hearing) => hearing.stop(error),
          () => undefined, // the workers failed before
        );
        if ((await engine).isBroken) {
          (await engine).close();
          this.#engine = null;
        }
        throw error;
      } finally {
        signal.removeEventListener("abort", stop);
      }
    };
    return await decode(loaded, take, (text) => messages.push(text));
  }

  /** Store a song; returns the reason if the browser cannot, or else null. */
  async #keep(
    entry: Entry,
    file: File,
    { header, data, velocities }: SongParts,
  ): Promise<string | null> {
    if (!this.#store) return KEEPS_NOTHING;
    try {
      await this.#store.add(entry, { file, header, data, velocities });
      // Otherwise a browser that runs out of space may delete it.
      navigator.storage?.persist?.().catch(() => undefined);
      return null;
    } catch (error) {
      return isFull(error)
        ? `There is no room left to keep “${entry.name}”: remove songs below, or save your files ` +
            "before you close the page."
        : `“${entry.name}” is not kept (${reason(error)}): save your files before you close the page.`;
    }
  }

  // --- files of hits --------------------------------------------------------

  async #correct(file: File): Promise<string> {
    this.#stage("Reading", file.name, null);
    const told: string[] = [];
    for (const corrections of await readCorrections(file))
      told.push(await this.#place(corrections));
    return told.join(" ");
  }

  /** Open corrections with their song, or keep them until it is opened. */
  async #place(corrections: Corrections): Promise<string> {
    await this.#opened;
    const { file, song, sha256 } = corrections;
    const shown = this.#shown?.opened;
    if (shown && areOf(corrections, shown)) return this.#apply(corrections);
    const entry = this.#entries.find((one) => areOf(corrections, one));
    if (entry) {
      const told = this.#mayLeave() ? await this.#reopen(entry) : null;
      if (told !== null) return `${told} ${this.#apply(corrections)}`.trim();
    } else if (shown && sha256 === null) {
      // Labels and MIDI only have a name, which programs and people change.
      const question = `“${file}” does not say what song it is of. Correct “${shown.name}” by it?`;
      if (confirm(question)) return this.#apply(corrections);
    }
    this.#waiting.push(corrections);
    return `“${file}” has the hits of “${song}”: drop that recording too, and it opens with them.`;
  }

  /** Replace the hits of the song by those of a file, in one step that can be undone. */
  #apply(corrections: Corrections): string {
    const session = this.#shown?.session;
    return session ? applyCorrections(session, corrections) : "";
  }

  // --- a song is shown ------------------------------------------------------

  /** Ask before a song whose edits are not stored is replaced. */
  #mayLeave(): boolean {
    const { isAtRisk, session, opened } = this.#shown ?? {};
    if (!isAtRisk || session?.log === this.#givenUp) return true;
    const isAgreed = confirm(
      `Your edits of “${opened?.name}” are in no file and not kept. Go on without them?`,
    );
    if (isAgreed) this.#givenUp = session?.log ?? null;
    return isAgreed;
  }

  /** Show a song; returns what to tell of files of hits that waited for it. */
  async #show(opened: Opened): Promise<string> {
    const turn = ++this.#turn;
    const song = await ShownSong.open(opened);
    if (turn !== this.#turn) {
      song.close(); // another song has been opened meanwhile
      return "";
    }
    this.#close();
    this.#shown = song;
    this.#shell.showing(true);
    song.show(this.#shell.song);
    const waiting = this.#waiting.filter((corrections) => areOf(corrections, opened));
    this.#waiting = this.#waiting.filter((corrections) => !waiting.includes(corrections));
    return waiting.map((corrections) => this.#apply(corrections)).join(" ");
  }

  #close(): void {
    this.#shown?.close();
    this.#shown = null;
    this.#shell.showing(false);
  }

  /** Show a stored song; returns what to tell, or null if it is not stored any more. */
  async #reopen(entry: Entry): Promise<string | null> {
    const { id, name } = entry;
    if (this.#shown?.opened.id === id) return "";
    if (!this.#mayLeave()) return null;
    this.#shell.tell("");
    try {
      const work = await this.#store?.work(id);
      if (!work || !this.#store) throw new Trouble(`“${name}” is not kept any more.`);
      // The picture does not wait for the sound.
      const pieces = this.#again(new File([work.file], name));
      pieces.catch(() => undefined); // the session reports it
      const store = this.#store.edits(id);
      const told = await this.#show({ id, name, parts: work, pieces, store, warning: null });
      await this.#list();
      return told;
    } catch (error) {
      this.#shell.tell(sentence(name, error));
      await this.#list();
      return null;
    }
  }

  async #again(file: File): Promise<Pieces> {
    const { signal } = new AbortController();
    const wasm = await roundingWasm();
    const loaded = await load(file);
    return (await decode(loaded, (blocks) => cut(file.name, blocks, signal, wasm))).pieces;
  }

  async #remove(entry: Entry): Promise<void> {
    if (!confirm(`Remove “${entry.name}” and your edits of it from this browser?`)) return;
    try {
      await this.#store?.remove(entry.id);
      if (this.#shown?.opened.id === entry.id) this.#close();
    } catch (error) {
      this.#shell.tell(sentence(entry.name, error));
    }
    await this.#list();
  }

  async #save(kind: Kind, map: DrumMap): Promise<void> {
    if (!this.#shown) return;
    const { session, opened } = this.#shown;
    try {
      const saved = await fileOf(kind, session, opened.pieces, map);
      download(saved);
      session.saved();
      const count = counted(session.hits.length, "hit");
      this.#shell.tell(`“${saved.name}” is saved: ${count}. ${saved.warning ?? ""}`.trim());
    } catch (error) {
      this.#shell.tell(sentence(opened.name, error));
    }
  }
}

function download({ name, content }: Saved): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function about(
  id: string,
  name: string,
  { sha256, sniffed, tags }: Loaded,
  channels: number,
  { info }: Pieces,
) {
  const bare = name.replace(/(.)\.[^.]*$/, "$1");
  return {
    title: name,
    names: [tags.title || printable(bare), tags.artist] as const,
    // A name that no archive or operating system takes for a path.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are removed
    stem: bare.replace(/[\u0000-\u001f\u007f"*/:<>?\\|]/g, "_"),
    fingerprint: id,
    duration: info.samples / RATE,
    path: name,
    sha256,
    sampleRate: sniffed.sampleRate,
    channels: sniffed.channels ?? channels,
    audio: info,
  };
}

const place = document.getElementById("adt-web");
if (place) {
  addStyle(document, css);
  new Page(place);
}
