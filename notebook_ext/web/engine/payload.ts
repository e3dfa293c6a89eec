/** Builds the payload that `adt_plugins.editor.payload` would send for the same recording. */

import { DRUMS } from "../../src/core/drums";
import { beatQuarters, type MeterChange, metersFound, meterText } from "../../src/core/meter";
import { mapsOf } from "../../src/core/midi-head";
import { type Header, idOf } from "../../src/core/song";
import { steadyTempo } from "../../src/core/tempo";
import { tempoMap } from "../../src/core/tempo-map";
import { micro, pythonFloat } from "../../src/core/writers";
import type { About, Card, Heard, SongParts } from "./engine-types";
import { drumsOf, gridOf } from "./picking";

export function songOf(heard: Heard, card: Card, about: About): SongParts {
  const drums = drumsOf(card);
  const { frames } = heard;
  const { known, extras, missing } = finerApart(heard, drums);
  const lanes = drums.map((drum) => {
    const column = heard.outputs.indexOf(drum);
    return heard.activations.subarray(column * frames, (column + 1) * frames);
  });
  const data = new Uint8Array(known.byteLength + 4 * frames * lanes.length);
  data.set(new Uint8Array(known.buffer, known.byteOffset, known.byteLength));
  lanes.forEach((lane, i) =>
    data.set(
      new Uint8Array(lane.buffer, lane.byteOffset, lane.byteLength),
      known.byteLength + 4 * frames * i,
    ),
  );
  const { title, names, fingerprint, duration, audio, stem } = about;
  const meters = metersFound(heard.beats);
  const hits = Array.from(heard.known.filter((_, n) => n % 5 === 2));
  const header: Header = {
    title,
    fingerprint,
    duration,
    ...gridOf(card),
    frames,
    picker: card.picker,
    lanes: [
      ...drums.map((drum) => ({ drum, threshold: heard.thresholds[drum] })),
      ...Object.keys(DRUMS)
        .filter((drum) => extras.some((hit) => hit.drum === drum))
        .map((drum) => ({ drum, threshold: null })),
    ],
    known: known.length / 5,
    extras,
    missing,
    beats: heard.beats,
    meters: meters.map(({ bar, meter }) => ({ bar, meter: meterText(meter) })),
    tempo: tempoOf(heard.beats, meters, hits),
    audio,
    files: {
      stem,
      names,
      json: jsonAround(card, heard, meters, about),
      labels: [],
      maps: mapsOf(tempoMap(heard.beats, meters, hits)),
    },
  };
  return { header, data: data.buffer, velocities: heard.velocities };
}

/**
 * Keep hits that were named as finer drums apart from their lane's picks, as in Python's editor.
 */
function finerApart({ known, kinds }: Heard, drums: readonly string[]) {
  const coarse: number[] = [];
  const finer: Omit<Header["extras"][number], "id">[] = [];
  const missing: string[] = [];
  for (let row = 0; row < known.length / 5; row++) {
    const values = known.subarray(5 * row, 5 * row + 5);
    const [lane, frame, time, velocity, confidence] = values;
    const drum = kinds?.[row];
    if (drum) {
      finer.push({ time, drum, velocity, confidence });
      missing.push(idOf(drums[lane], frame));
    } else coarse.push(...values);
  }
  const order = Object.keys(DRUMS);
  finer.sort((a, b) => a.time - b.time || order.indexOf(a.drum) - order.indexOf(b.drum));
  const extras = finer.map((hit, n) => ({ id: `t${n}`, ...hit }));
  return { known: Float64Array.from(coarse), extras, missing: missing.sort() };
}

/** Return the counted beats per minute if one tempo fits, or null. */
function tempoOf(
  beats: Heard["beats"],
  meters: readonly MeterChange[],
  hits: readonly number[],
): number | null {
  if (beats.length < 2) return null;
  const beat = meters.length ? beatQuarters(meters[0].meter) : 1;
  const places = beats.map((_, n) => n * beat);
  const times = beats.map(([time]) => time);
  const steady = steadyTempo(times, places, hits);
  return steady && Number((60 / steady.quarter / beat).toFixed(2));
}

/** Return the JSON file after its onsets, in two parts with the thresholds in between. */
function jsonAround(
  card: Card,
  heard: Heard,
  meters: readonly MeterChange[],
  about: About,
): string[] {
  const { path, sha256, sampleRate, channels, duration } = about;
  const { kind, pre_avg, post_avg, pre_max, post_max, combine } = card.picker;
  const source = pythonObject([
    ["path", text(path)],
    ["sha256", text(sha256)],
    ["sample_rate", String(sampleRate)],
    ["channels", String(channels)],
    ["duration", pythonFloat(duration)],
    ["offset", "0.0"],
  ]);
  const picker = pythonObject([
    ["kind", text(kind)],
    ...Object.entries({ pre_avg, post_avg, pre_max, post_max, combine }).map(
      ([name, seconds]) => [name, pythonFloat(seconds)] as const,
    ),
    ["rows", "{}"],
  ]);
  const gated = drumsOf(card).filter((drum) => heard.thresholds[drum] !== card.thresholds[drum]);
  const finer = heard.finer === null ? "" : `, "finer": ${text(heard.finer)}`;
  const beats = heard.beats.map(
    ([time, position]) => `\n  {"time": ${pythonFloat(micro(time))}, "position": ${position}}`,
  );
  const meter = meters.map((change) => ` "meter": ${text(meterText(change.meter))},\n`).join("");
  return [
    ` "beats": [${beats.join(",")}],\n${meter} "source": ${source},\n "model": {"name": ${text(card.name)},` +
      ` "sha256": ${text(card.sha256)}, "thresholds": `,
    `, "picker": ${picker}${gated.length ? `, "gated": [${gated.map(text).join(", ")}]` : ""}${finer}}}\n`,
  ];
}

const pythonObject = (items: readonly (readonly [name: string, value: string])[]): string =>
  `{${items.map(([name, value]) => `"${name}": ${value}`).join(", ")}}`;

/** `JSON.stringify` escapes what Python's encoder escapes, and lone surrogates besides. */
const text = (value: string | null): string => JSON.stringify(value);
