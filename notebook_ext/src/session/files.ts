/** Writes a song's files as Python would; in a notebook, Python writes them. */

import { parseMeter } from "../core/meter";
import { mapsOf } from "../core/midi-head";
import type { TempoMap } from "../core/song";
import { tempoMap } from "../core/tempo-map";
import { jsonText, labelsText, midiBytes } from "../core/writers";
import { omissions } from "../notation/part";
import { partOf } from "../notation/scoring";
import { tabText } from "../notation/tab";
import type { Session } from "./session";

export const FILES = {
  labels: "Audacity labels",
  midi: "MIDI",
  tab: "Drum tab",
  json: "JSON",
} as const;

export type FileKind = keyof typeof FILES;

export interface SongFile {
  readonly name: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** A sentence about hits that the file lacks. */
  readonly warning?: string;
}

/** Return the tempo maps of the two MIDI files for the current hits and beats. */
export function mapsNow({ timing, hits }: Pick<Session, "timing" | "hits">): readonly TempoMap[] {
  const meters = timing.meters.map(({ bar, meter }) => ({ bar, meter: parseMeter(meter) }));
  const times = hits.map(({ time }) => time);
  return mapsOf(tempoMap(timing.beats, meters, times));
}

/**
 * Return the files of a kind. Throws `CannotWrite` if a tab is wanted and the song has no beats.
 */
export function filesOf(session: Session, kind: FileKind): SongFile[] {
  const { hits, thresholds, timing } = session;
  const { files } = session.song.header;
  if (kind === "labels") {
    const content = labelsText(hits, files);
    return [{ name: `${files.stem}.labels.txt`, content, type: "text/plain" }];
  }
  if (kind === "tab") {
    const part = partOf(session);
    const [title, artist] = files.names ?? [files.stem, ""];
    const content = tabText(part, { title, artist });
    const warning = omissions(part) ?? undefined;
    return [{ name: `${files.stem}.tab.txt`, content, type: "text/plain", warning }];
  }
  if (kind === "json") {
    const content = jsonText(hits, thresholds, files, timing);
    return [{ name: `${files.stem}.drums.json`, content, type: "application/json" }];
  }
  return mapsNow(session).map((map) => ({
    name: files.stem + map.suffix,
    content: midiBytes(hits, map) as Uint8Array<ArrayBuffer>,
    type: "audio/midi",
  }));
}

/** Extend a session with `files`, for scripts that drive a page from outside. */
export const withFiles = (session: Session) =>
  Object.assign(session, {
    files: (kind: FileKind) => filesOf(session, kind).map(({ name, content }) => [name, content]),
  });
