/** Opens files of hits in the page of a song, as corrections of it. */

import { Trouble } from "../core/trouble";
import { applyCorrections } from "./apply-corrections";
import { filesOf } from "./files";
import { areOf, type Corrections, isOwnFile, readCorrections } from "./own-files";
import type { Session } from "./session";

/** Correct the song by files, one after the other; returns what to tell. */
export async function openFiles(session: Session, files: readonly File[]): Promise<string> {
  const told: string[] = [];
  for (const file of files) {
    try {
      if (!isOwnFile(file))
        throw new Trouble(`“${file.name}” is no file of hits: JSON, labels or MIDI.`);
      for (const corrections of await readCorrections(file))
        told.push(corrected(session, corrections));
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      told.push(error.message);
    }
  }
  return told.join(" ");
}

function corrected(session: Session, corrections: Corrections): string {
  const { title } = session.song.header;
  const { file, song } = corrections;
  // Programs and people change names, and a recording may have been encoded again.
  const question = `“${file}” has the hits of “${song}”. Correct “${title}” by them?`;
  return isOfSong(session, corrections) || confirm(question)
    ? applyCorrections(session, corrections)
    : `“${file}” was not opened.`;
}

function isOfSong(session: Session, corrections: Corrections): boolean {
  const [{ content }] = filesOf(session, "json");
  const { path, sha256 } = JSON.parse(content as string).source;
  const name = String(path ?? "").replace(/^.*[\\/]/s, "");
  const isNamed = !corrections.sha256 && corrections.song === session.song.header.files.stem;
  return isNamed || areOf(corrections, { id: sha256 ?? "", name });
}
