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
  #base: Promise<IDBDatabase> | null = null;

  constructor(fingerprint: string) {
    this.#fingerprint = fingerprint;
  }

  async update(change: (shared: SharedLog | undefined) => SharedLog): Promise<SharedLog> {
    this.#base ??= open();
    const base = await this.#base;
    const transaction = base.transaction([LOGS], "readwrite");
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

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(LOGS);
    request.onsuccess = () => {
      const base = request.result;
      base.onversionchange = () => base.close();
      resolve(base);
    };
    request.onerror = () => reject(request.error ?? new Error("this browser stores nothing"));
  });
}
