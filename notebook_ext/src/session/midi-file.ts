/** Reads the drum notes of a MIDI file, with their times: `adt_plugins.midi.reader`. */

import type { Change } from "../core/edits";
import { NAMES, NOTES } from "../core/tables";
import { Trouble } from "../core/trouble";
import { Kits } from "./midi-kits";

const DEFAULT_TEMPO = 500_000;
/** Notes of General MIDI that this project reads but does not write. */
const ALSO: Readonly<Record<number, string>> = { 35: "KD", 40: "SD", 45: "TT", 50: "TT", 57: "CY" };
const OWN = /^\x7dadt-plugins end=\d+ notes=([\dA-Z:,]*)$/;

export interface MidiHits {
  readonly hits: readonly Change[];
  /** Whether the file tells the drum of each note; otherwise kinds of drums are not known. */
  readonly isExact: boolean;
  /** Half a tick, the most that a time in the file can be off, in seconds. */
  readonly tolerance: number;
}

interface Note {
  readonly tick: number;
  readonly channel: number;
  readonly note: number;
  readonly velocity: number;
}

interface Content {
  readonly notes: Note[];
  readonly tempos: [tick: number, tempo: number][];
  readonly kits: Kits;
  /** Content of the project's own event. */
  own: string;
}

/** Read a file; `name` is for messages. Throws `Trouble`. */
export function readMidi(name: string, data: Uint8Array): MidiHits {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const content: Content = { notes: [], tempos: [], kits: new Kits(), own: "" };
  let division = 0;
  try {
    if (view.getUint32(0) !== 0x4d546864) throw new Trouble(`“${name}” is no MIDI file.`);
    division = view.getUint16(12);
    for (let at = 8 + view.getUint32(4); at + 8 <= data.length; ) {
      const end = at + 8 + view.getUint32(at + 4);
      if (view.getUint32(at) === 0x4d54726b) readTrack(data.subarray(at + 8, end), content);
      at = end;
    }
  } catch (error) {
    throw error instanceof Trouble ? error : new Trouble(`“${name}” is cut short, or damaged.`);
  }
  if (!division || division & 0x8000)
    throw new Trouble(`“${name}” counts film frames in place of beats, which is not read here.`);
  const { channels } = content.kits;
  const drums = content.notes.filter(({ channel }) => channels.has(channel));
  const listed = OWN.exec(content.own)?.[1];
  const told = new Map(listed?.split(",").map((pair) => pair.split(":") as [string, string]));
  const hits = (drums.length ? drums : content.notes).flatMap(({ tick, note, velocity }) => {
    const drum = told.get(String(note)) ?? usual(note);
    const time = secondsAt(tick, content.tempos, division);
    return drum && drum in NAMES ? [{ time, drum, velocity }] : [];
  });
  if (!hits.length) throw new Trouble(`“${name}” has no drum notes.`);
  const slowest = content.tempos.reduce((most, [, tempo]) => Math.max(most, tempo), DEFAULT_TEMPO);
  const tolerance = slowest / 1e6 / division / 2;
  return { hits: hits.sort((a, b) => a.time - b.time), isExact: listed !== undefined, tolerance };
}

/** Return the drum that General MIDI has for a note: the coarse one of several. */
const usual = (note: number): string | undefined =>
  Object.keys(NOTES).find((drum) => NOTES[drum] === note) ?? ALSO[note];

function secondsAt(tick: number, tempos: Content["tempos"], division: number): number {
  let [begin, tempo, passed] = [0, DEFAULT_TEMPO, 0];
  for (const [start, next] of [...tempos].sort((a, b) => a[0] - b[0])) {
    if (start >= tick) break;
    passed += (start - begin) * tempo;
    [begin, tempo] = [start, next];
  }
  return (passed + (tick - begin) * tempo) / division / 1e6;
}

/** Read the events of a track; throws an error where they make no sense. */
function readTrack(data: Uint8Array, content: Content): void {
  let [at, tick, status] = [0, 0, 0];
  const byte = (): number => {
    if (at >= data.length) throw new Error("cut short");
    return data[at++];
  };
  const variable = (): number => {
    let value = 0;
    for (let more = true; more; ) {
      const next = byte();
      value = value * 128 + (next & 127);
      more = next >= 128;
    }
    return value;
  };
  const bytes = (length: number): Uint8Array => {
    if (at + length > data.length) throw new Error("cut short");
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    tick += variable();
    const first = byte();
    if (first === 0xff) {
      const kind = byte();
      const own = bytes(variable());
      if (kind === 0x51) content.tempos.push([tick, (own[0] << 16) | (own[1] << 8) | own[2]]);
      if (kind === 0x7f && own[0] === 0x7d) content.own = String.fromCharCode(...own);
    } else if (first >= 0xf0) {
      const message = bytes(variable());
      if (first === 0xf0) content.kits.takeSysex(message);
    } else {
      if (first >= 0x80) status = first;
      if (!status) throw new Error("no status");
      const note = first >= 0x80 ? byte() : first;
      const kind = status >> 4;
      const velocity = kind === 0xc || kind === 0xd ? 0 : byte();
      if (kind === 0xb) content.kits.takeController(status & 15, note, velocity);
      if (kind === 9 && velocity)
        content.notes.push({ tick, channel: status & 15, note, velocity });
    }
  }
}
