/** Files that this project writes, dropped on the page: corrections of their song. */

import type { MeterChange, Timing } from "../core/bars";
import { DRUMS } from "../core/drums";
import type { Change } from "../core/edits";
import { Trouble } from "../core/trouble";
import { unzipped } from "../core/zip";
import { readMidi } from "./midi-file";
import { isOp } from "./validation";

/** The hits of a file, and the song that they belong to. */
export interface Corrections {
  readonly file: string;
  readonly hits: readonly Change[];
  readonly hasVelocities: boolean;
  /** Whether kinds of drums are told, or only their families. */
  readonly hasKinds: boolean;
  /** How much the times may be rounded, in seconds. */
  readonly tolerance: number;
  /** Thresholds in force when they were picked. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Beats and meters; null: the file has none. */
  readonly timing: Timing | null;
  /** Name of the recording, according to the file or else to its name. */
  readonly song: string;
  readonly sha256: string | null;
}

const LARGEST = 64e6;
const DEFAULT_VELOCITY = 100;
/** Times in JSON and label files have at least six decimals. */
const ROUNDED = 1e-6;
/** What only JSON files have. */
const HITS_ALONE = { thresholds: {}, timing: null, sha256: null };
const ENDINGS = /(\.drums)?\.json$|(\.labels)?\.(txt|zip)$|(\.drums)?(\.120bpm)?\.midi?$/i;

export const isOwnFile = (file: File): boolean => ENDINGS.test(file.name);

/** Read a file, or the files of an archive; throws `Trouble` if it is something else. */
export async function readCorrections(file: File): Promise<Corrections[]> {
  const { name } = file;
  if (file.size > LARGEST) throw new Trouble(`“${name}” is too large for a file of hits.`);
  const data = new Uint8Array(await file.arrayBuffer());
  if (!/zip$/i.test(name)) return [readOne(name, data)];
  return unzipped(name, data).map(([inner, content]) => readOne(inner, content));
}

function readOne(name: string, data: Uint8Array): Corrections {
  if (/midi?$/i.test(name)) {
    const { hits, isExact, tolerance } = readMidi(name, data);
    const about = { ...HITS_ALONE, song: name.replace(ENDINGS, "") };
    return { file: name, hits, hasVelocities: true, hasKinds: isExact, tolerance, ...about };
  }
  const text = new TextDecoder().decode(data); // without a byte order mark
  return /json$/i.test(name) ? fromJson(name, text) : fromLabels(name, text);
}

interface Document {
  readonly format?: unknown;
  readonly onsets?: readonly Partial<Change>[];
  readonly source?: {
    readonly path?: string | null;
    readonly sha256?: string | null;
    readonly moved?: number;
  };
  readonly model?: { readonly thresholds?: Record<string, number> };
  readonly beats?: readonly { readonly time?: unknown; readonly position?: unknown }[];
  readonly meter?: string | readonly MeterChange[];
}

function fromJson(file: string, text: string): Corrections {
  let data: Document;
  try {
    data = JSON.parse(text) as Document;
  } catch {
    throw new Trouble(`“${file}” is damaged: it is no JSON.`);
  }
  if (data?.format !== "adt-plugins" || !Array.isArray(data.onsets)) {
    throw new Trouble(`“${file}” is no transcription.`);
  }
  const { source } = data;
  const path = source?.path;
  const moved = source?.moved ?? 0; // by an option of Python's, later than in the recording
  return {
    file,
    hits: data.onsets.map((hit) => checked(file, hit, moved)),
    hasVelocities: true,
    hasKinds: true,
    tolerance: ROUNDED,
    thresholds: thresholdsOf(file, data),
    timing: timingOf(file, data, moved),
    song: typeof path === "string" ? path.replace(/^.*[\\/]/s, "") : file.replace(ENDINGS, ""),
    sha256: typeof source?.sha256 === "string" ? source.sha256 : null,
  };
}

/** Return a time of the recording, but for rounding errors in the last digits. */
const recorded = (time: unknown, moved: number) =>
  moved && typeof time === "number" ? Number((time - moved).toFixed(9)) : time;

function checked(file: string, hit: Partial<Change>, moved: number): Change {
  const { drum, velocity = DEFAULT_VELOCITY } = hit ?? {};
  const time = recorded(hit?.time, moved);
  const op = { op: "add", id: "new", time, drum, velocity };
  if (!isOp(op) || op.op !== "add")
    throw new Trouble(`“${file}” is damaged: one of its hits makes no sense.`);
  return { time: op.time, drum: op.drum, velocity: op.velocity };
}

/** Return valid thresholds: an edit with another value would not be stored. */
function thresholdsOf(file: string, { model }: Document): Readonly<Record<string, number>> {
  const all = Object.entries(model?.thresholds ?? {});
  const thresholds = all.filter(([drum]) => Object.hasOwn(DRUMS, drum));
  if (!thresholds.every(([drum, value]) => isOp({ op: "threshold", drum, value })))
    throw new Trouble(`“${file}” is damaged: one of its thresholds makes no sense.`);
  return Object.fromEntries(thresholds);
}

function timingOf(file: string, { beats: given, meter }: Document, moved: number): Timing | null {
  if (!Array.isArray(given) || !given.length) return null;
  const beats = given.map((beat) => [recorded(beat?.time, moved), beat?.position]);
  const changes = typeof meter === "string" ? [{ bar: 1, meter }] : (meter ?? []);
  const op = { op: "beats", beats, meters: changes };
  if (!isOp(op)) throw new Trouble(`“${file}” is damaged: its beats make no sense.`);
  return { beats, meters: changes } as unknown as Timing;
}

/** Read `song.labels.txt`, or `song.labels.KD.txt`, whose labels need not name drums. */
function fromLabels(file: string, text: string): Corrections {
  const stem = file.replace(/(\.labels)?(\.[A-Z]{2,3})?\.txt$/i, "");
  const only = /\.([A-Z]{2,3})\.txt$/.exec(file)?.[1];
  const hits: Change[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (!line.trim() || line.startsWith("\\")) continue;
    const [start, end, label = ""] = line.split("\t");
    const time = Number((start ?? "").replace(",", "."));
    if (end === undefined || !Number.isFinite(time) || time < 0) {
      throw new Trouble(`“${file}” is no label file: it should have times and texts.`);
    }
    const drum = drumOf(label.trim()) ?? (only && Object.hasOwn(DRUMS, only) ? only : null);
    if (drum) hits.push({ time, drum, velocity: DEFAULT_VELOCITY });
  }
  if (!hits.length) throw new Trouble(`“${file}” has no labels of drums.`);
  const about = { ...HITS_ALONE, song: stem };
  return { file, hits, hasVelocities: false, hasKinds: true, tolerance: ROUNDED, ...about };
}

function drumOf(label: string): string | null {
  const wanted = label.toLowerCase();
  const found = Object.entries(DRUMS).find(
    ([code, { name }]) => code.toLowerCase() === wanted || name.toLowerCase() === wanted,
  );
  return found?.[0] ?? null;
}

/** Return whether corrections belong to a song: by its content, or else by its name. */
export function areOf(
  corrections: Corrections,
  song: { readonly id: string; readonly name: string },
): boolean {
  if (corrections.sha256 !== null) return song.id.startsWith(corrections.sha256);
  const stem = song.name.replace(/(.)\.[^.]*$/, "$1");
  return corrections.song === song.name || corrections.song === stem;
}

/** Return whether corrections concern a drum; a split file concerns only one. */
export const concerns = (corrections: Corrections, drum: string): boolean => {
  const only = /\.labels\.([A-Z]{2,3})\.txt$/.exec(corrections.file)?.[1];
  return only === undefined || drum === only;
};
