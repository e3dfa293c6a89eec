/** A session in a self-contained page. */

import { type Header, Song } from "../core/song";
import { counted } from "../core/words";
import { bytesOf } from "../core/writers";
import { CannotWrite } from "../notation/bars";
import extras from "../notation-view/extras";
import { EditStore } from "../session/edit-store";
import { FILES, type FileKind, filesOf, type SongFile, withFiles } from "../session/files";
import type { Host } from "../session/host";
import { editorName, KeptLog } from "../session/kept-log";
import { openFiles } from "../session/opened-files";
import { Session } from "../session/session";
import { button, choice, make } from "../view/dom";
import { DrumView } from "../view/view";

const NOT_KEPT =
  "This browser cannot store your edits: save them as a file before you close the page.";

const NO_DRUMLESS = "turned down in adt web, or in a page written with --drumless";

const OWN_FILES = ".json,.txt,.mid,.midi,.zip";

const content = (id: string): string | null => document.getElementById(id)?.textContent ?? null;

function download({ name, content: data, type }: SongFile): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Save files of a kind; returns a message. */
function saved(session: Session, kind: FileKind): string {
  const files = filesOf(session, kind);
  for (const file of files) download(file);
  session.saved();
  const names = files.map(({ name }) => name).join(", ");
  const warnings = [
    counted(session.hits.length, "hit"),
    ...files.flatMap(({ warning }) => warning ?? []),
  ];
  return `${names} saved: ${warnings.join("; ")}`;
}

/** Return the button that opens files of hits; they can be dropped anywhere, too. */
function opener(session: Session): HTMLElement {
  const open = async (files: FileList | null = null) => {
    try {
      if (files?.length) session.say(await openFiles(session, [...files]));
    } catch (error) {
      session.say(`Not opened: ${error}`);
    }
  };
  // Otherwise the browser would open the file instead of the page.
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    void open(event.dataTransfer?.files);
  });
  return button("Open hits that were corrected elsewhere", "Open …", () => {
    const change = () => void open(input.files);
    const input = make("input", { type: "file", multiple: true, accept: OWN_FILES, change });
    input.click();
  });
}

/** Start the editor, if this page was written by `adt_plugins.formats.html`. */
function startPage(): void {
  const place = document.getElementById("adt-plugins");
  const header = content("adt-header");
  if (!place || !header) return;
  const song = new Song(JSON.parse(header) as Header, bytesOf(content("adt-data") ?? "").buffer);
  const { fingerprint } = song.header;
  const chunkOf = (sound: string) => async (index: number) =>
    bytesOf(content(`adt-${sound}-${index}`) ?? "").buffer;
  const edits = new KeptLog(
    editorName(),
    fingerprint,
    new EditStore(fingerprint),
    (log) => session.setLog(log),
    (error) => session.warn("edits", error === null ? null : NOT_KEPT),
    (reason) => session.refuse(reason),
  );
  const loadExtras = async () => extras;
  const host: Host = {
    client: edits.client,
    chunk: chunkOf("chunk"),
    velocities: async () => {
      const table = content("adt-velocities");
      return table === null ? null : bytesOf(table);
    },
    loadExtras,
    propose: (action) => edits.propose(action),
    publish: () => undefined,
  };
  const drumless = content("adt-drumless");
  if (song.header.audio) host.noDrumless = NO_DRUMLESS;
  if (drumless)
    host.drumless = async () => ({
      audio: JSON.parse(drumless),
      made: 0,
      chunk: chunkOf("drumless"),
    });
  const session = new Session(song, host);
  void edits.read();
  addEventListener("beforeunload", (event) => {
    if (edits.isAtRisk && !session.isSaved) event.preventDefault();
  });
  const save = (kind: string) => {
    try {
      session.say(saved(session, kind as FileKind));
    } catch (error) {
      if (!(error instanceof CannotWrite)) throw error;
      session.say(`${FILES[kind as FileKind]} ${error.message}`);
    }
  };
  const files = choice("Save the hits as a file", { "": "Save as …", ...FILES }, (kind) => {
    if (kind) save(kind);
    files.value = "";
  });
  new DrumView(session, place, {
    theme: "auto",
    controls: [files, opener(session)],
    loadExtras,
    isWholePage: true,
  });
  Object.assign(place, { adt: withFiles(session) });
}

startPage();
