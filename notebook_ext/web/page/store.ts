/** What the browser keeps of songs until they are removed: IndexedDB. */

import type { Header } from "../../src/core/song";
import { updateLog } from "../../src/session/edit-store";
import type { LogStore } from "../../src/session/kept-log";

/** What a list shows. */
export interface Entry {
  readonly id: string;
  readonly name: string;
  /** Seconds. */
  readonly duration: number;
  /** Milliseconds of the clock, when it came. */
  readonly added: number;
}

const FINE = " finer";

/** The name of a song and its edits: by its content, the network, and what was asked for. */
export const songId = (content: string, model: string, wantsFine: boolean): string =>
  `${content} ${model}${wantsFine ? FINE : ""}`;

/** Whether finer drums were told. */
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

/** A browser that keeps nothing for this page has none; then `open` gives null. */
export class Store {
  private constructor(private readonly base: IDBDatabase) {}

  static open(): Promise<Store | null> {
    return new Promise((resolve) => {
      let request: IDBOpenDBRequest;
      try {
        request = indexedDB.open(NAME, 1);
      } catch {
        resolve(null);
        return;
      }
      request.onupgradeneeded = () => {
        request.result.createObjectStore(ENTRIES, { keyPath: "id" });
        request.result.createObjectStore(WORKS);
        request.result.createObjectStore(LOGS);
      };
      request.onsuccess = () => {
        const base = request.result;
        base.onversionchange = () => base.close();
        resolve(new Store(base));
      };
      request.onerror = () => resolve(null);
    });
  }

  /** Newest first. */
  async entries(): Promise<Entry[]> {
    const all = await this.#do<Entry[]>([ENTRIES], "readonly", (of) => of(ENTRIES).getAll());
    return all.filter(isEntry).sort((a, b) => b.added - a.added);
  }

  /** Keep all of a song, or nothing of it; edits of it from another tab stay. */
  async add(entry: Entry, work: Work): Promise<void> {
    await this.#do([ENTRIES, WORKS], "readwrite", (of) => {
      of(ENTRIES).put(entry);
      return of(WORKS).put(work, entry.id);
    });
  }

  work(id: string): Promise<Work | undefined> {
    return this.#do<Work | undefined>([WORKS], "readonly", (of) => of(WORKS).get(id));
  }

  /** Where the edits of a song lie; rejects if it has been removed since. */
  edits(id: string): LogStore {
    return {
      update: (change) => {
        const transaction = this.base.transaction([ENTRIES, LOGS], "readwrite");
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

  /** Done when all of it lies in the base; a full disk rejects with `QuotaExceededError`. */
  #do<T>(
    stores: string[],
    mode: IDBTransactionMode,
    work: (of: (name: string) => IDBObjectStore) => IDBRequest,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const transaction = this.base.transaction(stores, mode);
      const request = work((name) => transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result as T);
      transaction.onabort = () => reject(transaction.error ?? new Error("removed in another tab"));
    });
  }
}

/** What a disk or another build has damaged is not listed. */
const isEntry = ({ name, duration, added }: Entry): boolean =>
  typeof name === "string" && Number.isFinite(duration) && Number.isFinite(added);

export const isFull = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "QuotaExceededError";
