/** Stores edit logs in IndexedDB, which serialises transactions across all tabs. */

import { NOTHING, type SharedLog } from "../core/shared-log";
import type { LogStore } from "./kept-log";
import { type OldLog, validLog } from "./validation";

const NAME = "adt-plugins-edits";
const LOGS = "logs";

/**
 * Read, change and write the log of a song within a transaction. `old` returns the log of an
 * earlier build, in case the store has none.
 */
export function updateLog(
  transaction: IDBTransaction,
  logs: string,
  id: string,
  change: (shared: SharedLog | undefined) => SharedLog,
  old?: () => OldLog | undefined,
): Promise<SharedLog> {
  return new Promise((resolve, reject) => {
    let result: SharedLog;
    const store = transaction.objectStore(logs);
    const reading = store.get(id) as IDBRequest<unknown>;
    reading.onsuccess = () => {
      const stored = validLog(reading.result) ?? old?.();
      const before = stored && { ...NOTHING, ...stored };
      result = change(before);
      // A song that nobody has edited gets no entry.
      const isNew = before ? result !== before : Object.keys(result.seen).length > 0;
      if (isNew) store.put(result, id);
    };
    transaction.oncomplete = () => resolve(result);
    transaction.onabort = () => reject(transaction.error ?? new Error("removed in another tab"));
  });
}

export class EditStore implements LogStore {
  readonly #fingerprint: string;
  readonly #open = opener(NAME, (base) => base.createObjectStore(LOGS));

  constructor(fingerprint: string) {
    this.#fingerprint = fingerprint;
  }

  async update(change: (shared: SharedLog | undefined) => SharedLog): Promise<SharedLog> {
    const transaction = (await this.#open()).transaction([LOGS], "readwrite");
    return updateLog(transaction, LOGS, this.#fingerprint, change, () => this.#old());
  }

  #old(): OldLog | undefined {
    try {
      return validLog(
        JSON.parse(localStorage.getItem(`adt-plugins ${this.#fingerprint}`) ?? "null"),
      );
    } catch {
      return undefined;
    }
  }
}

/**
 * Return how to get a database, which opens it when necessary: a browser closes it when its
 * data are cleared, and may have failed to open it before.
 */
export function opener(name: string, create: (base: IDBDatabase) => void) {
  let opened: Promise<IDBDatabase> | null = null;
  const forget = () => {
    opened = null;
  };
  return (): Promise<IDBDatabase> => {
    opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => create(request.result);
      request.onsuccess = () => {
        const base = request.result;
        base.onclose = forget;
        base.onversionchange = () => {
          forget();
          base.close();
        };
        resolve(base);
      };
      request.onerror = () => reject(request.error ?? new Error("this browser stores nothing"));
    });
    opened.catch(forget);
    return opened;
  };
}
