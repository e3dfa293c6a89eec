/** Writes files, byte for byte like Python's writers. */

import type { Timing } from "./bars";
import { coarseOf } from "./drums";
import { divideEven, exact } from "./exact";
import { meta, variable, word } from "./midi-events";
import type { Files, TempoMap } from "./song";
import { MIDI, NOTES } from "./tables";

interface Onset {
  readonly time: number;
  readonly drum: string;
  readonly velocity: number;
  readonly confidence: number;
}

const UNIT = 960n * 1_000_000n; // ticks per quarter, microseconds per second
const { DRUM_CHANNEL, NOTE_TICKS, OFF_VELOCITY, MAX_DELTA } = MIDI;

/** Format like Python's `f"{value:.9f}"`; `toFixed` rounds ties up instead of to even. */
export const fixed9 = (value: number): string => fixed(value, 9);

function fixed(value: number, decimals: number): string {
  const [numerator, power] = exact(value);
  const unit = 10n ** BigInt(decimals);
  const digits = String(divideEven(numerator * unit, 1n << power)).padStart(decimals + 1, "0");
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Round like Python's `round(value, 6)`: times in files have microseconds. */
export const micro = (value: number): number => Number(fixed(value, 6));

/** Format like Python's `repr` of a float >= 0. */
export function pythonFloat(value: number): string {
  const [digits, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const plain = String(value);
  return plain.includes(".") ? plain : `${plain}.0`;
}

function byCodePoint(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const step = (left[i].codePointAt(0) ?? 0) - (right[i].codePointAt(0) ?? 0);
    if (step) return step;
  }
  return left.length - right.length;
}

export function labelsText(onsets: readonly Onset[], files: Files): string {
  type Line = readonly [number, number, string];
  const lines: Line[] = onsets.map(({ time, drum }) => [time, time, drum]);
  lines.push(...files.labels);
  lines.sort((a, b) => a[0] - b[0] || a[1] - b[1] || byCodePoint(a[2], b[2]));
  return lines
    .map(
      ([start, end, text]) =>
        `${fixed9(start)}\t${fixed9(end)}\t${text.replace(/[\t\r\n]/g, " ")}\n`,
    )
    .join("");
}

export function jsonText(
  onsets: readonly Onset[],
  thresholds: Readonly<Record<string, number>>,
  files: Files,
  timing?: Timing,
): string {
  const list = onsets.map(
    (onset) =>
      `\n  {"time": ${pythonFloat(micro(onset.time))}, "drum": "${onset.drum}", ` +
      `"velocity": ${onset.velocity}, "confidence": ${pythonFloat(onset.confidence)}}`,
  );
  const inForce = Object.entries(thresholds)
    .map(([drum, value]) => `"${drum}": ${pythonFloat(value)}`)
    .join(", ");
  return (
    `{"format": "adt-plugins", "version": 1,\n "onsets": [${list.join(",")}],\n` +
    withTiming(files.json.join(`{${inForce}}`), timing)
  );
}

/** Return the rest of a JSON file after its onsets, with other beats and meters. */
function withTiming(rest: string, timing?: Timing): string {
  if (!timing) return rest;
  const { beats, meters } = timing;
  const list = beats.map(
    ([time, position]) => `\n  {"time": ${pythonFloat(micro(time))}, "position": ${position}}`,
  );
  const changes = meters.map(({ bar, meter }) => `{"bar": ${bar}, "meter": "${meter}"}`);
  const now = meters.length > 1 ? `[${changes.join(", ")}]` : `"${meters[0]?.meter}"`;
  // Texts have no line breaks, so these patterns match lists, or the ends of lines.
  return rest.replace(
    /^ "beats": \[[\s\S]*?\],\n( "labels": \[[\s\S]*?\],\n)?( "meter": .*\n)?/,
    (_, labels = "") =>
      ` "beats": [${list.join(",")}],\n${labels}${meters.length ? ` "meter": ${now},\n` : ""}`,
  );
}

/** Return the nearest tick of a time. */
export function tickOf(seconds: number, map: TempoMap): number {
  const [numerator, power] = exact(seconds);
  const scaled = numerator * UNIT;
  let elapsed = 0n;
  for (let i = 0; ; i++) {
    const [start, tempo] = map.tempos[i];
    const next = map.tempos[i + 1];
    const end = next && elapsed + BigInt(next[0] - start) * BigInt(tempo);
    if (end !== undefined && scaled >= end << power) {
      elapsed = end;
      continue;
    }
    return start + Number(divideEven(scaled - (elapsed << power), BigInt(tempo) << power));
  }
}

const text = new TextEncoder();

/** Notes that differ from General MIDI, by drum. */
export type Notes = Readonly<Record<string, number>>;

interface Note {
  readonly tick: number;
  readonly note: number;
  readonly velocity: number;
  readonly drum: string;
}

/** Return notes sorted by tick; of hits on one tick and note, the first of the loudest. */
function notesOf(onsets: readonly Onset[], map: TempoMap, notes?: Notes): Note[] {
  const loudest = new Map<number, Note>();
  for (const { time, drum, velocity } of onsets) {
    const tick = tickOf(time, map);
    if (tick + NOTE_TICKS > MAX_DELTA) throw new Error("a hit is too late for MIDI");
    const note = notes?.[drum] ?? NOTES[drum];
    const key = tick * 128 + note;
    if (velocity > (loudest.get(key)?.velocity ?? 0))
      loudest.set(key, { tick, note, velocity, drum });
  }
  return [...loudest].sort((a, b) => a[0] - b[0]).map(([, note]) => note);
}

function noteTrack(hits: Note[]): number[] {
  const events: [tick: number, on: number, note: number, velocity: number][] = [];
  const following = new Map<number, number>();
  for (const { tick, note, velocity } of [...hits].reverse()) {
    const end = Math.min(tick + NOTE_TICKS, following.get(note) ?? MAX_DELTA);
    events.push([end, 0, note, OFF_VELOCITY], [tick, 1, note, velocity]);
    following.set(note, tick);
  }
  events.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
  const bytes = [0, ...meta(0x03, text.encode("Drums"))];
  let before = 0;
  let running = 0;
  for (const [tick, on, note, velocity] of events) {
    const status = (on ? 0x90 : 0x80) | DRUM_CHANNEL;
    bytes.push(...variable(tick - before), ...(status === running ? [] : [status]), note, velocity);
    running = status;
    before = tick;
  }
  return bytes.concat(0, meta(0x2f, []));
}

export function midiBytes(onsets: readonly Onset[], map: TempoMap, notes?: Notes): Uint8Array {
  const hits = notesOf(onsets, map, notes);
  const track = noteTrack(hits);
  const head = withDrums(bytesOf(map.head), hits);
  return Uint8Array.from([...head, ...text.encode("MTrk"), ...word(track.length), ...track]);
}

/** Offset of the first track's content, which follows its length. */
const FIRST_TRACK = 22;

/** Insert the drum of each note into the head of a file: see `adt_plugins.midi.own_event`. */
function withDrums(head: Uint8Array, hits: readonly Note[]): number[] {
  const bytes = [...head];
  const letters = String.fromCharCode(...bytes);
  const header = /\x7dadt-plugins end=\d+ notes=/.exec(letters);
  if (!header) return bytes;
  const drums = new Map<number, string>();
  for (const { note, drum } of hits) {
    const known = drums.get(note) ?? drum;
    drums.set(note, known === drum ? drum : coarseOf(drum));
  }
  const list = [...drums].sort((a, b) => a[0] - b[0]).map(([note, drum]) => `${note}:${drum}`);
  const content = text.encode(header[0] + list.join(","));
  const end = header.index + header[0].length;
  // Its length, just before it, takes one byte as long as no note is listed.
  const changed = [
    ...bytes.slice(FIRST_TRACK, header.index - 1),
    ...variable(content.length),
    ...content,
    ...bytes.slice(end),
  ];
  return [...bytes.slice(0, FIRST_TRACK - 4), ...word(changed.length), ...changed];
}

export const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
