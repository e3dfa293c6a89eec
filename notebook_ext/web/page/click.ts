/** The song with a sound on every hit: what `adt_plugins.formats.click` writes. */

import { roundEven } from "../../src/core/pick";
import { CLICK } from "../../src/core/tables";
import { RATE } from "../../src/sound/audio-chunks";
import { waveHead } from "../engine/pieces";
import { type Pieces, samplesOf } from "./song-chunks";
import { breathe } from "./user-error";

const { SONG_GAIN, CLICK_GAIN, NARROW_HZ } = CLICK;
/** Middle of each sound in Hz, and its length in seconds. */
const SOUNDS: Readonly<Record<string, readonly [middle: number, seconds: number]>> = CLICK.SOUNDS;
const SHARED: Readonly<Record<string, string>> = CLICK.SHARED;

interface Hit {
  readonly time: number;
  readonly drum: string;
  readonly velocity: number;
}

/** Return a 16-bit WAV file as long as the song, with the channels that are played. */
export async function clickTrack(pieces: Pieces, hits: readonly Hit[]): Promise<Blob> {
  const { chunk, samples, channels } = pieces.info;
  const parts: BlobPart[] = [waveHead(2 * samples * channels, channels)];
  const starts = hits.map(({ time }) => roundEven(time * RATE));
  const longest = Math.max(...Object.values(SOUNDS).map(([, seconds]) => seconds)) * RATE + 1;
  const sounds = new Map<string, Float32Array>();
  for (const [index, blob] of pieces.blobs.entries()) {
    const mixed = Float32Array.from(await samplesOf(blob), (value) => (SONG_GAIN * value) / 32768);
    const frames = mixed.length / channels;
    const begin = index * chunk;
    hits.forEach((hit, i) => {
      if (starts[i] >= begin + frames || starts[i] + longest < begin) return;
      let sound = sounds.get(hit.drum);
      if (!sound) {
        sound = soundOf(hit.drum);
        sounds.set(hit.drum, sound);
      }
      const gain = Math.fround((CLICK_GAIN * hit.velocity) / 127);
      for (let c = 0; c < channels; c++) add(mixed, sound, starts[i] - begin, gain, c, channels);
    });
    parts.push(
      Int16Array.from(mixed, (value) => roundEven(Math.max(-1, Math.min(1, value)) * 32767)),
    );
    await breathe();
  }
  return new Blob(parts, { type: "audio/wav" });
}

/** Add a sound to one of several interleaved channels. */
function add(
  mixed: Float32Array,
  sound: Float32Array,
  at: number,
  gain: number,
  channel: number,
  channels: number,
): void {
  const end = Math.min(sound.length, mixed.length / channels - at);
  for (let i = Math.max(0, -at); i < end; i++) {
    mixed[(at + i) * channels + channel] += Math.fround(gain * sound[i]);
  }
}

/** Return the click of a drum; its peak is 1. */
function soundOf(drum: string): Float32Array {
  const [middle, seconds] = SOUNDS[SHARED[drum] ?? drum] ?? SOUNDS.OT;
  const count = Math.round(seconds * RATE);
  const rise = Math.min(0.5 / middle, 0.004);
  const partials = middle < NARROW_HZ ? 1 : 9;
  const out = new Float64Array(count);
  for (let k = 0; k < partials; k++) {
    const ratio = partials === 1 ? 1 : (0.9 + 0.025 * k) ** 1.1;
    for (let i = 0; i < count; i++) {
      out[i] += Math.sin(2 * Math.PI * middle * ratio * ((i + 1) / RATE) + k * k);
    }
  }
  let peak = 0;
  for (let i = 0; i < count; i++) {
    const time = i / RATE;
    const way = time < rise ? time / rise - 1 : (time - rise) / (seconds - rise);
    out[i] *= 0.5 + 0.5 * Math.cos(Math.PI * way);
    peak = Math.max(peak, Math.abs(out[i]));
  }
  return Float32Array.from(out, (value) => value / peak);
}
