/** Writes the files of a song as Python would. */

import { DRUMS } from "../../src/core/drums";
import { labelsText, midiBytes } from "../../src/core/writers";
import { zip } from "../../src/core/zip";
import { CannotWrite } from "../../src/notation/bars";
import { filesOf, mapsNow } from "../../src/session/files";
import type { Session } from "../../src/session/session";
import { clickTrack } from "./click";
import type { Pieces } from "./song-chunks";
import { Trouble } from "./user-error";

export const KINDS = {
  labels: "Audacity labels",
  split: "Labels, one file a drum (zip)",
  midi: "MIDI",
  plain: "MIDI at 120 BPM",
  tab: "Drum tab",
  json: "JSON",
  click: "Song with clicks (WAV)",
} as const;

export type Kind = keyof typeof KINDS;

/** A drum-note map; null: it has no note for this drum. */
export interface DrumMap {
  readonly name: string;
  readonly title: string;
  readonly notes: Readonly<Record<string, number | null>>;
}

export interface Saved {
  readonly name: string;
  readonly content: Blob;
  /** A sentence about hits that the file lacks. */
  readonly warning?: string;
}

const plain = (name: string, content: BlobPart, type: string): Saved => ({
  name,
  content: new Blob([content], { type }),
});

export async function fileOf(
  kind: Kind,
  session: Session,
  pieces: Promise<Pieces>,
  map: DrumMap,
): Promise<Saved> {
  const {
    hits,
    song: {
      header: { files },
    },
  } = session;
  if (kind === "labels" || kind === "json") {
    const [{ name, content, type }] = filesOf(session, kind);
    return plain(name, content, type);
  }
  if (kind === "tab") return tab(session);
  if (kind === "midi" || kind === "plain") return midi(session, map, kind);
  if (kind === "click") {
    return { name: `${files.stem}.click.wav`, content: await clickTrack(await pieces, hits) };
  }
  const drums = Object.keys(DRUMS).filter((drum) => hits.some((hit) => hit.drum === drum));
  if (!drums.length) throw new Trouble("There are no hits to save.");
  const texts = drums.map(
    (drum) =>
      [
        `${files.stem}.labels.${drum}.txt`,
        labelsText(
          hits.filter((hit) => hit.drum === drum),
          { ...files, labels: [] },
        ),
      ] as const,
  );
  return plain(`${files.stem}.labels.zip`, zip(texts), "application/zip");
}

function tab(session: Session): Saved {
  try {
    const [{ name, content, type, warning }] = filesOf(session, "tab");
    return { ...plain(name, content, type), warning: warning && `It ${warning}.` };
  } catch (error) {
    if (!(error instanceof CannotWrite)) throw error;
    throw new Trouble(`A tab ${error.message}.`);
  }
}

function midi(session: Session, map: DrumMap, kind: "midi" | "plain"): Saved {
  const { hits, song } = session;
  const { files } = song.header;
  const timing = mapsNow(session)[kind === "midi" ? 0 : 1];
  const placed = hits.filter(({ drum }) => map.notes[drum] !== null);
  const bytes = midiBytes(placed, timing, map.notes as Record<string, number>);
  const saved = plain(files.stem + timing.suffix, bytes as Uint8Array<ArrayBuffer>, "audio/midi");
  const missing = new Set(hits.map(({ drum }) => drum).filter((drum) => map.notes[drum] === null));
  if (!missing.size) return saved;
  const names = [...missing].map((drum) => DRUMS[drum].name).join(", ");
  return {
    ...saved,
    warning: `${map.title} has no note for: ${names}. These hits are not in the file.`,
  };
}
