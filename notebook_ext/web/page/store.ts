/** Stores songs in the browser's IndexedDB until they are removed. */

import type { Header } from "../../src/core/song";
import { opener, updateLog } from "../../src/session/edit-store";
import type { LogStore } from "../../src/session/kept-log";

/** A song in the list. */
export interface Entry {
  readonly id: string;
  readonly name: string;
  /** Length in seconds. */
  readonly duration: number;
  /** Time when it was added, in milliseconds since 1970. */
  readonly added: number;
}

const FINE = " finer";

/** Return the key of a song and its edits: its content, the network, and the options. */
export const songId = (content: string, model: string, wantsFine: boolean): string =>
  `${content} ${model}${wantsFine ? FINE : ""}`;

/** Return whether a song was transcribed with finer drums. */
export const isFine = ({ id }: Entry): boolean => id.endsWith(FINE);

export interface Work {
  readonly file: Blob;
  readonly header: Header;
  readonly data: ArrayBuffer;
  readonly velocities: Uint8Array<ArrayBuffer>;
}

const NAME = "adt-plugins";
const ENTRIES = "entries";
const WORKS = "works";
const LOGS = "logs";

/** The stored songs; `open` returns null if the browser stores nothing for this page. */
export class Store {
  private constructor(private readonly base: () => Promise<IDBDatabase>) {}

  static async open(): Promise<Store | null> {
    const base = opener(NAME, (made) => {
      made.createObjectStore(ENTRIES, { keyPath: "id" });
      made.createObjectStore(WORKS);
      made.createObjectStore(LOGS);
    });
    try {
      await base();
      return new Store(base);
    } catch {
      return null;
    }
  }

  /** Return the songs, newest first. */
  async entries(): Promise<Entry[]> {
    const all = await this.#do<Entry[]>([ENTRIES], "readonly", (of) => of(ENTRIES).getAll());
    return all.filter(isEntry).sort((a, b) => b.added - a.added);
  }

  /** Store a song completely or not at all; edits from another tab remain. */
  async add(entry: Entry, work: Work): Promise<void> {
    await this.#do([ENTRIES, WORKS], "readwrite", (of) => {
      of(ENTRIES).put(entry);
      return of(WORKS).put(work, entry.id);
    });
  }

  work(id: string): Promise<Work | undefined> {
    return this.#do<Work | undefined>([WORKS], "readonly", (of) => of(WORKS).get(id));
  }

  /** Return the store of a song's edits; it rejects once the song has been removed. */
  edits(id: string): LogStore {
    return {
      update: async (change) => {
        const transaction = (await this.base()).transaction([ENTRIES, LOGS], "readwrite");
        const known = transaction.objectStore(ENTRIES).getKey(id);
        known.onsuccess = () => {
          if (known.result === undefined) transaction.abort();
        };
        return updateLog(transaction, LOGS, id, change);
      },
    };
  }

  async remove(id: string): Promise<void> {
    await this.#do([ENTRIES, WORKS, LOGS], "readwrite", (of) => {
      of(ENTRIES).delete(id);
      of(LOGS).delete(id);
      return of(WORKS).delete(id);
    });
  }

  /** Run a transaction; rejects with `QuotaExceededError` if the disk is full. */
  async #do<T>(
    stores: string[],
    mode: IDBTransactionMode,
    work: (of: (name: string) => IDBObjectStore) => IDBRequest,
  ): Promise<T> {
    const base = await this.base();
    return new Promise((resolve, reject) => {
      const transaction = base.transaction(stores, mode);
      const request = work((name) => transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result as T);
      transaction.onabort = () => reject(transaction.error ?? new Error("removed in another tab"));
    });
  }
}

/** Return whether an entry is valid; damaged ones are not listed. */
const isEntry = ({ name, duration, added }: Entry): boolean =>
  typeof name === "string" && Number.isFinite(duration) && Number.isFinite(added);

export const isFull = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "QuotaExceededError";
