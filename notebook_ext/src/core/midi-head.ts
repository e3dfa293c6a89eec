/** Writes a MIDI file up to its note track: the first track of `adt_plugins.midi.writer`. */

import { isCompound } from "./meter";
import { meta, variable, word } from "./midi-events";
import type { TempoMap } from "./song";
import { MIDI, PLAIN_MAPS, TEMPO_MAP } from "./tables";
import type { Timing } from "./tempo-map";

const { LEAD_IN, PICKUP, NO_TEMPO } = MIDI;
const [SET_TEMPO, SIGNATURE, MARKER, TEXT, OWN, END] = [0x51, 0x58, 0x06, 0x01, 0x7f, 0x2f];

const text = new TextEncoder();

/** Return the maps of a song's two files: its own tempo map, and plain time at 120 BPM. */
export const mapsOf = (timing: Timing): readonly TempoMap[] =>
  PLAIN_MAPS.map((plain, n) => (n ? plain : { ...plain, ...fileMap(timing) }));

const fileMap = (timing: Timing): Pick<TempoMap, "tempos" | "head"> => ({
  tempos: timing.tempos,
  head: btoa(String.fromCharCode(...head(timing))),
});

function head(timing: Timing): number[] {
  const end = timing.bars.length ? timing.end + 1 : 0;
  // At the same tick, the tempo precedes the marker.
  const events = [
    ...timing.tempos.map(([tick, tempo]) => [tick, meta(SET_TEMPO, word(tempo).slice(1))] as const),
    ...timing.signatures.map(
      ([tick, upper, lower]) => [tick, meta(SIGNATURE, signature(upper, lower))] as const,
    ),
    ...markers(timing).map(([tick, name]) => [tick, meta(MARKER, text.encode(name))] as const),
    ...(timing.bars.length ? [] : [[0, meta(TEXT, text.encode(NO_TEMPO))] as const]),
    [0, meta(OWN, text.encode(`\x7dadt-plugins end=${end} notes=`))] as const,
  ].sort((a, b) => a[0] - b[0]);
  const track: number[] = [];
  let before = 0;
  for (const [tick, bytes] of events) {
    track.push(...variable(tick - before), ...bytes);
    before = tick;
  }
  // The track ends with the last beat, so that a reader knows how far beats were detected.
  track.push(...variable(Math.max(end - before, 0)), ...meta(END, []));
  const { TICKS_PER_QUARTER: ticks } = TEMPO_MAP;
  const [kind, tracks] = [1, 2];
  return [
    ...text.encode("MThd"),
    ...word(6),
    ...[0, kind, 0, tracks, ticks >> 8, ticks & 255],
    ...text.encode("MTrk"),
    ...word(track.length),
    ...track,
  ];
}

function signature(upper: number, lower: number): number[] {
  const clocks = isCompound({ beats: upper, unit: lower }) ? 36 : 24; // per metronome click
  return [upper, Math.log2(lower), clocks, 8];
}

function markers({ bars, first, firstBar }: Timing): [tick: number, name: string][] {
  const markers: [number, string][] = first ? [[0, LEAD_IN]] : [];
  bars.forEach((tick, n) => {
    const number = firstBar + n;
    if (number === 1 && tick > first) markers.push([first, PICKUP]);
    if (number >= 1) markers.push([tick, `Bar ${number}`]);
  });
  return markers;
}
