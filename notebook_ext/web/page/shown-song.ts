/** The song that is shown: a session, its view, and the log that keeps its edits. */

import { type Action, act, EMPTY, type Log } from "../../src/core/edits";
import { Song } from "../../src/core/song";
import extras from "../../src/notation-view/extras";
import { withFiles } from "../../src/session/files";
import type { Host } from "../../src/session/host";
import { editorName, KeptLog, type LogStore } from "../../src/session/kept-log";
import { Session } from "../../src/session/session";
import { DrumView } from "../../src/view/view";
import type { SongParts } from "../engine/engine-types";
import { DrumlessMaker } from "./drumless";
import type { Pieces } from "./song-chunks";
import { isFull } from "./store";
import { breathe, reason } from "./user-error";

/** A song, and the store of its edits; null if this browser stores nothing. */
export interface Opened {
  readonly id: string;
  readonly name: string;
  readonly parts: SongParts;
  readonly pieces: Promise<Pieces>;
  readonly store: LogStore | null;
  /** Why the browser does not store the song; null: it does. */
  readonly warning: string | null;
}

const loadExtras = async () => extras;

/** Edits that are not stored. */
class LooseLog {
  readonly client = editorName();
  #log: Log = EMPTY;

  constructor(private readonly changed: (log: Log) => void) {}

  get isAtRisk(): boolean {
    return this.#log.cursor > 0;
  }

  async read(): Promise<void> {
    // Nothing is stored.
  }

  propose(action: Action): void {
    this.#log = act(this.#log, action);
    this.changed(this.#log);
  }

  close(): void {
    // Nothing to close.
  }
}

export class ShownSong {
  readonly place = document.createElement("div");
  #view: DrumView | null = null;

  private constructor(
    readonly opened: Opened,
    readonly session: Session,
    private readonly edits: KeptLog | LooseLog,
    private readonly drumless: DrumlessMaker,
  ) {}

  /** Prepare a song, with pauses so that the page stays responsive. */
  static async open(opened: Opened): Promise<ShownSong> {
    const { parts, pieces, store, id, warning } = opened;
    await breathe();
    const song = new Song(parts.header, parts.data);
    await breathe();
    const changed = (log: Log) => session.setLog(log);
    const failed = (error: unknown) =>
      session.warn("edits", error === null ? null : notKept(error));
    const edits = store
      ? new KeptLog(editorName(), id, store, changed, failed, (reason) => session.refuse(reason))
      : new LooseLog(changed);
    const drumless = new DrumlessMaker();
    const host: Host = {
      client: edits.client,
      chunk: async (index) => (await pieces).blobs[index].arrayBuffer(),
      velocities: async () => parts.velocities,
      drumless: async (report) => drumless.make(await pieces, session.hits, report),
      loadExtras,
      propose: (action) => edits.propose(action),
      publish: () => undefined,
    };
    const session = new Session(song, host);
    session.warn("song", warning);
    // Picking and drawing five minutes take 30 ms each: not both in one task.
    await breathe();
    await edits.read();
    return new ShownSong(opened, session, edits, drumless);
  }

  /** Whether closing it loses edits that are in no file. */
  get isAtRisk(): boolean {
    return this.edits.isAtRisk && !this.session.isSaved;
  }

  show(parent: HTMLElement): void {
    parent.append(this.place);
    this.#view = new DrumView(this.session, this.place, {
      theme: "auto",
      controls: [],
      loadExtras,
      isWholePage: true,
    });
    Object.assign(this.place, { adt: withFiles(this.session) });
    this.#view.timeLine.focus({ preventScroll: true });
  }

  close(): void {
    this.#view?.close();
    this.session.close();
    this.edits.close();
    this.drumless.close();
    this.place.remove();
  }
}

const notKept = (error: unknown): string =>
  isFull(error)
    ? "There is no room left for your edits: save your files before you close the page."
    : `Your edits are not kept (${reason(error)}): save your files before you close the page.`;
