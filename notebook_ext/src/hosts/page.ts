/** A session in a page by itself: everything is in it, and it asks nobody. */

import { type Action, act, EMPTY, type Log } from "../core/edits";
import { type Header, Song } from "../core/song";
import { bytesOf } from "../core/writers";
import { type Host, Session } from "../session/session";
import { DrumView } from "../view/view";

const content = (id: string): string | null => document.getElementById(id)?.textContent ?? null;

/** Edits outlive the page where the browser lets a page keep something. */
function read(key: string): Log {
  try {
    const log = JSON.parse(localStorage.getItem(key) ?? "null") as Log | null;
    return log && Array.isArray(log.steps) ? log : EMPTY;
  } catch {
    return EMPTY;
  }
}

function save(name: string, data: string | Uint8Array<ArrayBuffer>, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Fill the page that `adt_plugins.formats.html` wrote, if this is one. */
export function startPage(): void {
  const place = document.getElementById("adt-plugins");
  const header = content("adt-header");
  if (!place || !header) return;
  const song = new Song(JSON.parse(header) as Header, bytesOf(content("adt-data") ?? "").buffer);
  const key = `adt-plugins ${song.header.fingerprint}`;
  let session: Session;
  const host: Host = {
    client: `h${Date.now().toString(36)}`,
    chunk: async (index) => bytesOf(content(`adt-chunk-${index}`) ?? "").buffer,
    velocities: async () => {
      const table = content("adt-velocities");
      return table === null ? null : bytesOf(table);
    },
    propose: (action: Action) => {
      const log = act(session.log, action);
      session.setLog(log);
      try {
        localStorage.setItem(key, JSON.stringify(log));
      } catch {
        session.say("Not kept by this browser: save before you close");
      }
    },
    save,
    tell: () => undefined,
  };
  session = new Session(song, host);
  session.setLog(read(key));
  new DrumView(session, place, { theme: "auto", exports: true });
  Object.assign(place, { adt: session });
}
