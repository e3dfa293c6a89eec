/** The files of a song, as Python would write them; in a notebook Python does. */

import { parseMeter } from "../core/meter";
import { mapsOf } from "../core/midi-head";
import type { TempoMap } from "../core/song";
import { tempoMap } from "../core/tempo-map";
import { jsonText, labelsText, midiBytes } from "../core/writers";
import type { Session } from "./session";

export const FILES = { labels: "Audacity labels", midi: "MIDI", json: "JSON" } as const;

export type FileKind = keyof typeof FILES;

export interface SongFile {
  readonly name: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/** Tempo maps of the two MIDI files, with the hits and the beats as they are now. */
export function mapsNow({ timing, hits }: Pick<Session, "timing" | "hits">): readonly TempoMap[] {
  const meters = timing.meters.map(({ bar, meter }) => ({ bar, meter: parseMeter(meter) }));
  const times = hits.map(({ time }) => time);
  return mapsOf(tempoMap(timing.beats, meters, times));
}

export function filesOf(session: Session, kind: FileKind): SongFile[] {
  const { hits, thresholds, timing } = session;
  const { files } = session.song.header;
  if (kind === "labels") {
    const content = labelsText(hits, files);
    return [{ name: `${files.stem}.labels.txt`, content, type: "text/plain" }];
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

/** For whoever drives a page from outside: a session that tells its files, too. */
export const withFiles = (session: Session) =>
  Object.assign(session, {
    files: (kind: FileKind) => filesOf(session, kind).map(({ name, content }) => [name, content]),
  });
